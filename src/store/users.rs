//! The users of a domain.

use serde_json::Value;
use sqlx::types::Json;

use super::Store;
use super::backend::Tx;
use super::search_words::WordKind;
pub use super::user_links::{LinkPurpose, UserLink};
use crate::model::audit_event::AuditEvent;
use crate::model::id::{DomainId, UserId};
use crate::model::search::user_words;
use crate::model::time::UnixTime;
use crate::model::user::{User, UserClaims, fold};

#[derive(sqlx::FromRow)]
pub(super) struct UserRow {
    id: UserId,
    domain_id: DomainId,
    username: String,
    email: Option<String>,
    email_verified: bool,
    password: Option<String>,
    claims: Json<UserClaims>,
    enabled: bool,
    version: i64,
    created_at: UnixTime,
    updated_at: UnixTime,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id,
            domain_id: row.domain_id,
            username: row.username,
            email: row.email,
            email_verified: row.email_verified,
            password: row.password,
            claims: row.claims.0,
            enabled: row.enabled,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

macro_rules! select_user {
    ($rest:literal) => {
        concat!(
            "select id, domain_id, username, email, email_verified, password, claims, enabled, version, created_at,
             updated_at from users ",
            $rest
        )
    };
}

/// How storing a user ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutUserOutcome {
    /// It is stored.
    Stored,
    /// Another user of the domain has this user name.
    UsernameTaken,
    /// Another user of the domain has this e-mail address.
    EmailTaken,
    /// The user changed since it was read, or is gone.
    Conflict,
}

impl Store {
    /// A user by its id.
    pub async fn user(&self, domain_id: DomainId, id: UserId) -> Result<Option<User>, sqlx::Error> {
        let sql = select_user!("where domain_id = $1 and id = $2");
        let row: Option<UserRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).bind(id).fetch_optional(db).await)?;
        Ok(row.map(User::from))
    }

    /// A user by what a person types: the user name or the e-mail address, whatever the case.
    pub async fn user_by_login(&self, domain_id: DomainId, login: &str) -> Result<Option<User>, sqlx::Error> {
        let sql = select_user!("where domain_id = $1 and (username_key = $2 or email_key = $2) order by id limit 1");
        let row: Option<UserRow> = on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).bind(fold(login)).fetch_optional(db).await)?;
        Ok(row.map(User::from))
    }

    /// Creates a user. With the hash of a one-time link, the link is used up by it; a link that is gone is a conflict.
    pub async fn create_user(
        &self,
        user: &User,
        link: Option<&[u8]>,
        audit: &AuditEvent,
    ) -> Result<PutUserOutcome, sqlx::Error> {
        let mut tx = self.begin().await?;
        if let Some(hash) = link
            && !tx.use_link(user.domain_id, hash).await?
        {
            return Ok(PutUserOutcome::Conflict);
        }
        if let Some(taken) = tx.taken(user).await? {
            return Ok(taken);
        }
        let sql =
            "insert into users (id, domain_id, username, username_key, email, email_key, email_verified, password,
                   claims, enabled, version, created_at, updated_at)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12) on conflict do nothing";
        let inserted = on_tx!(tx, |db| sqlx::query(sql)
            .bind(user.id)
            .bind(user.domain_id)
            .bind(&user.username)
            .bind(fold(&user.username))
            .bind(user.email.as_deref())
            .bind(user.email.as_deref().map(fold))
            .bind(user.email_verified)
            .bind(user.password.as_deref())
            .bind(Json(&user.claims))
            .bind(user.enabled)
            .bind(user.version)
            .bind(user.created_at)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if inserted == 0 {
            return Ok(PutUserOutcome::UsernameTaken);
        }
        tx.add_words(user.domain_id, (WordKind::User, &fold(&user.username)), words_of(user)).await?;
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(PutUserOutcome::Stored)
    }

    /// Changes a user, unless somebody else changed it since it was read. Links sent out before another password or
    /// another address came into force work no longer. With `ending` (a time until which issued access tokens may live)
    /// every session and login of the user ends with it.
    pub async fn update_user(
        &self,
        user: &User,
        ending: Option<UnixTime>,
        audit: &AuditEvent,
    ) -> Result<PutUserOutcome, sqlx::Error> {
        let mut tx = self.begin().await?;
        if let Some(taken) = tx.taken(user).await? {
            return Ok(taken);
        }
        tx.drop_outdated_links(user).await?;
        tx.drop_user_words(user.domain_id, user.id, Some(&user.username)).await?;
        let now = self.clock().now();
        let sql = "update users set username = $1, username_key = $2, email = $3, email_key = $4, email_verified = $5,
                   password = $6, claims = $7, enabled = $8, updated_at = $9, version = version + 1
                   where domain_id = $10 and id = $11 and version = $12";
        let updated = on_tx!(tx, |db| sqlx::query(sql)
            .bind(&user.username)
            .bind(fold(&user.username))
            .bind(user.email.as_deref())
            .bind(user.email.as_deref().map(fold))
            .bind(user.email_verified)
            .bind(user.password.as_deref())
            .bind(Json(&user.claims))
            .bind(user.enabled)
            .bind(now)
            .bind(user.domain_id)
            .bind(user.id)
            .bind(user.version)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if updated == 0 {
            return Ok(PutUserOutcome::Conflict);
        }
        tx.write_words(user.domain_id, (WordKind::User, &fold(&user.username)), words_of(user)).await?;
        if let Some(until) = ending {
            tx.end_user(user.domain_id, user.id, until).await?;
        }
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(PutUserOutcome::Stored)
    }

    /// Deletes a user with everything that was theirs; tokens issued to their clients end. `false` if it is gone, or of
    /// another version than the given one.
    pub async fn delete_user(
        &self,
        domain_id: DomainId,
        (id, version): (UserId, Option<i64>),
        until: UnixTime,
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        tx.end_user(domain_id, id, until).await?;
        tx.drop_user_words(domain_id, id, None).await?;
        let sql = "delete from users where domain_id = $1 and id = $2 and ($3 is null or version = $3)";
        let deleted = on_tx!(tx, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(id)
            .bind(version)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if deleted == 0 {
            return Ok(false);
        }
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(true)
    }
}

fn words_of(user: &User) -> Vec<Vec<u8>> {
    user_words(&user.username, user.email.as_deref(), user.claims.0.get("name").and_then(Value::as_str))
}

impl Tx {
    /// Removes the words of a user, who keeps them under the name of old; not those under `kept`.
    async fn drop_user_words(
        &mut self,
        domain_id: DomainId,
        id: UserId,
        kept: Option<&str>,
    ) -> Result<(), sqlx::Error> {
        let sql = "delete from search_words where domain_id = $1 and kind = 'user' and target <> $3
                   and target = (select username_key from users where domain_id = $1 and id = $2)";
        on_tx!(self, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(id)
            .bind(kept.map(fold).unwrap_or_default())
            .execute(db)
            .await
            .map(drop))
    }

    /// Whether another user holds the name or the address, as a name or as an address: people log in with either.
    async fn taken(&mut self, user: &User) -> Result<Option<PutUserOutcome>, sqlx::Error> {
        let username = fold(&user.username);
        let email = user.email.as_deref().map_or_else(|| username.clone(), fold);
        let sql = "select username_key, email_key from users where domain_id = $1 and id <> $2
                   and (username_key in ($3, $4) or email_key in ($3, $4)) limit 1";
        let holder: Option<(String, Option<String>)> = on_tx!(self, |db| sqlx::query_as(sql)
            .bind(user.domain_id)
            .bind(user.id)
            .bind(&username)
            .bind(&email)
            .fetch_optional(db)
            .await)?;
        Ok(holder.map(|(name, address)| {
            if name == username || address.as_deref() == Some(&*username) {
                PutUserOutcome::UsernameTaken
            } else {
                PutUserOutcome::EmailTaken
            }
        }))
    }

    /// Ends every session and login of a user. The sessions first: what one of them is just establishing is then found.
    pub(super) async fn end_user(
        &mut self,
        domain_id: DomainId,
        id: UserId,
        until: UnixTime,
    ) -> Result<(), sqlx::Error> {
        let sql = "delete from sessions where domain_id = $1 and user_id = $2";
        on_tx!(self, |db| sqlx::query(sql).bind(domain_id).bind(id).execute(db).await.map(drop))?;
        self.revoke_grants_of_user(domain_id, id, None, until).await
    }
}
