//! One-time links: to show an address, to choose a password, to sign up by invitation.

use super::Store;
use super::backend::Tx;
use crate::model::audit_event::AuditEvent;
use crate::model::id::{DomainId, UserId};
use crate::model::time::UnixTime;
use crate::model::user::{User, fold};

/// What a one-time link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// To show that an e-mail address is the user's.
    Verify,
    /// To choose a new password.
    Reset,
    /// To sign up although signing up is off, or at another e-mail host.
    Invite,
}

impl LinkPurpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Reset => "reset",
            Self::Invite => "invite",
        }
    }
}

/// A one-time link; only a keyed hash of its secret is kept.
#[derive(Debug, Clone)]
pub struct UserLink {
    /// The keyed hash.
    pub hash: Vec<u8>,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// Whose it is; none for an invitation.
    pub user_id: Option<UserId>,
    /// The address it was sent to.
    pub email: Option<String>,
    /// When it ends.
    pub expires_at: UnixTime,
}

impl Store {
    /// Keeps a one-time link. An earlier one of the same user for the same purpose ends. `user`: as they were read when it
    /// was decided to send it; `false`: they have another password or address by now, or are gone, and nothing happened.
    pub async fn add_user_link(
        &self,
        domain_id: DomainId,
        link: &UserLink,
        user: Option<&User>,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        if let Some(user_id) = link.user_id {
            let sql = "delete from user_links where domain_id = $1 and user_id = $2 and purpose = $3";
            on_tx!(tx, |db| sqlx::query(sql)
                .bind(domain_id)
                .bind(user_id)
                .bind(link.purpose.as_str())
                .execute(db)
                .await
                .map(drop))?;
        }
        if let Some(user) = user
            && !tx.is_as_read(user).await?
        {
            return Ok(false);
        }
        let now = self.clock().now();
        let sql = "insert into user_links (hash, domain_id, purpose, user_id, email, created_at, expires_at)
                   values ($1, $2, $3, $4, $5, $6, $7)";
        on_tx!(tx, |db| sqlx::query(sql)
            .bind(&link.hash)
            .bind(domain_id)
            .bind(link.purpose.as_str())
            .bind(link.user_id)
            .bind(link.email.as_deref())
            .bind(now)
            .bind(link.expires_at)
            .execute(db)
            .await
            .map(drop))?;
        tx.commit().await?;
        Ok(true)
    }

    /// A one-time link that is still good, without using it up.
    pub async fn user_link(
        &self,
        domain_id: DomainId,
        purpose: LinkPurpose,
        hash: &[u8],
    ) -> Result<Option<UserLink>, sqlx::Error> {
        let now = self.clock().now();
        let sql = "select user_id, email, expires_at from user_links
                   where domain_id = $1 and purpose = $2 and hash = $3 and expires_at > $4";
        let row: Option<(Option<UserId>, Option<String>, UnixTime)> = on_backend!(read self, |db| sqlx::query_as(sql)
            .bind(domain_id)
            .bind(purpose.as_str())
            .bind(hash)
            .bind(now)
            .fetch_optional(db)
            .await)?;
        Ok(row.map(|(user_id, email, expires_at)| UserLink {
            hash: hash.to_vec(),
            purpose,
            user_id,
            email,
            expires_at,
        }))
    }

    /// Gives the user of a link another password, which uses the link up and ends every other; every session and login
    /// of the user ends (`until`: issued access tokens may live until then). Whoever followed the link reads the mails of
    /// its address. `false`: the link was used or has ended, or its user may not log in.
    pub async fn reset_password(
        &self,
        domain_id: DomainId,
        link: &UserLink,
        (password, until): (&str, UnixTime),
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let now = self.clock().now();
        let sql = "delete from user_links where domain_id = $1 and user_id = $2 and exists (
                   select 1 from user_links where domain_id = $1 and user_id = $2 and hash = $3 and expires_at > $4)";
        let ended = on_tx!(tx, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(link.user_id)
            .bind(&link.hash)
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        let sql = "update users set password = $1, email_verified = email_verified or coalesce(email = $2, false),
                   updated_at = $3, version = version + 1 where domain_id = $4 and id = $5 and enabled";
        let changed = on_tx!(tx, |db| sqlx::query(sql)
            .bind(password)
            .bind(link.email.as_deref())
            .bind(now)
            .bind(domain_id)
            .bind(link.user_id)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        let Some(user_id) = link.user_id.filter(|_| ended > 0 && changed > 0) else { return Ok(false) };
        tx.end_user(domain_id, user_id, until).await?;
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Uses a one-time link up. `false` if it was used or has ended; of two at once one succeeds.
    pub async fn use_user_link(&self, domain_id: DomainId, hash: &[u8]) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let used = tx.use_link(domain_id, hash).await?;
        tx.commit().await?;
        Ok(used)
    }
}

impl Tx {
    /// Whether a user has the password and the address that were read; they do until the transaction ends.
    async fn is_as_read(&mut self, user: &User) -> Result<bool, sqlx::Error> {
        let sql = locking!(
            self,
            "select 1 from users where domain_id = $1 and id = $2 and password is not distinct from $3
             and email_key is not distinct from $4",
            "for no key update"
        );
        let found: Option<i32> = on_tx!(self, |db| sqlx::query_scalar(sql)
            .bind(user.domain_id)
            .bind(user.id)
            .bind(user.password.as_deref())
            .bind(user.email.as_deref().map(fold))
            .fetch_optional(db)
            .await)?;
        Ok(found.is_some())
    }

    /// Ends the links of a user whose password or address is about to change. Whoever asked for them may be whom the new
    /// password is to keep out, and whoever reads them may no longer be the user.
    pub(super) async fn drop_outdated_links(&mut self, changed: &User) -> Result<(), sqlx::Error> {
        let sql = "delete from user_links where domain_id = $1 and user_id = $2 and exists (
                   select 1 from users where domain_id = $1 and id = $2
                   and (password is distinct from $3 or email_key is distinct from $4))";
        on_tx!(self, |db| sqlx::query(sql)
            .bind(changed.domain_id)
            .bind(changed.id)
            .bind(changed.password.as_deref())
            .bind(changed.email.as_deref().map(fold))
            .execute(db)
            .await
            .map(drop))
    }

    /// Uses a link up. `false` if it was used or has ended.
    pub(super) async fn use_link(&mut self, domain_id: DomainId, hash: &[u8]) -> Result<bool, sqlx::Error> {
        let now = self.store.clock().now();
        let sql = "delete from user_links where domain_id = $1 and hash = $2 and expires_at > $3";
        let used = on_tx!(self, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(hash)
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(used > 0)
    }
}
