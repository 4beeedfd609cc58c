//! Authorization codes: each stands for a login until it is redeemed, once (RFC 6749 §4.1.2).

use super::Store;
use super::backend::Tx;
use crate::model::authorization::{AuthorizationCode, LoginGrant, RefreshToken};
use crate::model::id::{AuthorizationId, ClientId, DomainId};
use crate::model::time::UnixTime;

/// How redeeming a code ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedeemOutcome {
    /// It was good, and is used up.
    Redeemed,
    /// It had been redeemed before: everything issued from it has ended.
    Replayed,
    /// It has ended, or what it stands for has.
    Ended,
}

#[derive(sqlx::FromRow)]
struct CodeRow {
    authorization_id: AuthorizationId,
    client_id: ClientId,
    redirect_uri: String,
    redirect_uri_sent: bool,
    code_challenge: Option<String>,
    created_at: UnixTime,
    expires_at: UnixTime,
    redeemed_at: Option<UnixTime>,
}

impl Store {
    /// A code with what it stands for, redeemed and ended ones included.
    pub async fn authorization_code(
        &self,
        domain_id: DomainId,
        hash: &[u8],
    ) -> Result<Option<(AuthorizationCode, LoginGrant)>, sqlx::Error> {
        let sql = "select authorization_id, client_id, redirect_uri, redirect_uri_sent, code_challenge, created_at,
                   expires_at, redeemed_at from authorization_codes where domain_id = $1 and hash = $2";
        let row: Option<CodeRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).bind(hash).fetch_optional(db).await)?;
        let Some(row) = row else { return Ok(None) };
        let Some(grant) = self.login_grant(domain_id, row.authorization_id).await? else { return Ok(None) };
        let code = AuthorizationCode {
            hash: hash.to_vec(),
            client_id: row.client_id,
            redirect_uri: row.redirect_uri,
            redirect_uri_sent: row.redirect_uri_sent,
            code_challenge: row.code_challenge,
            created_at: row.created_at,
            expires_at: row.expires_at,
            redeemed_at: row.redeemed_at,
        };
        Ok(Some((code, grant)))
    }

    /// Redeems a code, once. A second time ends everything that came from it; `until` is when the last access token
    /// issued from it ends by itself.
    pub async fn redeem_code(
        &self,
        (domain_id, hash): (DomainId, &[u8]),
        grant: &LoginGrant,
        refresh_token: Option<&RefreshToken>,
        until: UnixTime,
    ) -> Result<RedeemOutcome, sqlx::Error> {
        let mut tx = self.begin().await?;
        let now = self.clock().now();
        // The login first, as everything does that ends it: so neither waits for the other.
        let sql = "update authorizations set status = 'active', last_used_at = $1
                   where domain_id = $2 and id = $3 and status = 'pending'";
        let activated = on_tx!(tx, |db| sqlx::query(sql)
            .bind(now)
            .bind(domain_id)
            .bind(grant.id)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if activated == 0 {
            return tx.replay_code((domain_id, hash), grant, until).await;
        }
        let sql = "update authorization_codes set redeemed_at = $1
                   where domain_id = $2 and hash = $3 and redeemed_at is null and expires_at > $1";
        let redeemed = on_tx!(tx, |db| sqlx::query(sql)
            .bind(now)
            .bind(domain_id)
            .bind(hash)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if redeemed == 0 {
            return Ok(RedeemOutcome::Ended);
        }
        if let Some(token) = refresh_token {
            tx.insert_refresh_token(domain_id, grant.id, token).await?;
        }
        // Somebody has used the client now: it no longer counts against the quota of never-used ones.
        tx.release_quota(domain_id, &grant.client_id).await?;
        tx.commit().await?;
        Ok(RedeemOutcome::Redeemed)
    }
}

impl Tx {
    /// What becomes of a code whose login does not wait for it any more.
    async fn replay_code(
        mut self,
        (domain_id, hash): (DomainId, &[u8]),
        grant: &LoginGrant,
        until: UnixTime,
    ) -> Result<RedeemOutcome, sqlx::Error> {
        let sql = "select redeemed_at from authorization_codes where domain_id = $1 and hash = $2";
        let redeemed_at: Option<Option<UnixTime>> =
            on_tx!(self, |db| sqlx::query_scalar(sql).bind(domain_id).bind(hash).fetch_optional(db).await)?;
        if redeemed_at.flatten().is_none() {
            return Ok(RedeemOutcome::Ended);
        }
        self.revoke_grant(domain_id, grant.id, until).await?;
        self.commit().await?;
        Ok(RedeemOutcome::Replayed)
    }

    pub(super) async fn insert_code(
        &mut self,
        grant: &LoginGrant,
        code: &AuthorizationCode,
    ) -> Result<(), sqlx::Error> {
        let sql = "insert into authorization_codes (hash, domain_id, authorization_id, client_id, redirect_uri,
                   redirect_uri_sent, code_challenge, created_at, expires_at)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        on_tx!(self, |db| sqlx::query(sql)
            .bind(&code.hash)
            .bind(grant.domain_id)
            .bind(grant.id)
            .bind(&code.client_id)
            .bind(&code.redirect_uri)
            .bind(code.redirect_uri_sent)
            .bind(code.code_challenge.as_deref())
            .bind(code.created_at)
            .bind(code.expires_at)
            .execute(db)
            .await
            .map(drop))
    }
}
