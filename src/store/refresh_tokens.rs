//! Refresh tokens: each is found by its keyed hash, and one that was rotated stays, so that its reuse is seen.

use super::Store;
use super::backend::Tx;
use crate::model::authorization::{LoginGrant, RefreshToken};
use crate::model::id::{AuthorizationId, DomainId};
use crate::model::time::UnixTime;

/// How using a refresh token ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// It was good; with rotation its successor is kept.
    Used,
    /// It was rotated a moment ago: its successor, the same as then, is good.
    Again,
    /// It was rotated before the grace: whoever holds it, everything issued from its login has ended.
    Replayed,
    /// It has ended, or its login has.
    Ended,
}

/// What using a refresh token does.
#[derive(Debug, Clone, Copy)]
pub struct RefreshUse<'a> {
    /// The keyed hash of the token.
    pub hash: &'a [u8],
    /// The token that takes its place; none: it stays in use.
    pub successor: Option<&'a RefreshToken>,
    /// For how many seconds a rotated token still gives the same successor.
    pub grace: i64,
    /// When a token that stays in use ends unless it is used again.
    pub expires_at: UnixTime,
    /// When the last access token issued from its login ends by itself.
    pub until: UnixTime,
}

#[derive(sqlx::FromRow)]
struct RefreshTokenRow {
    authorization_id: AuthorizationId,
    created_at: UnixTime,
    expires_at: UnixTime,
    rotated_at: Option<UnixTime>,
}

impl Store {
    /// A refresh token with the login it belongs to, ended ones included as far as they are kept.
    pub async fn refresh_token(
        &self,
        domain_id: DomainId,
        hash: &[u8],
    ) -> Result<Option<(RefreshToken, LoginGrant)>, sqlx::Error> {
        let sql = "select authorization_id, created_at, expires_at, rotated_at from refresh_tokens
                   where domain_id = $1 and hash = $2";
        let row: Option<RefreshTokenRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).bind(hash).fetch_optional(db).await)?;
        let Some(row) = row else { return Ok(None) };
        let Some(grant) = self.login_grant(domain_id, row.authorization_id).await? else { return Ok(None) };
        let token = RefreshToken {
            hash: hash.to_vec(),
            created_at: row.created_at,
            expires_at: row.expires_at,
            rotated_at: row.rotated_at,
        };
        Ok(Some((token, grant)))
    }

    /// Uses a refresh token: in one transaction, so that of two at once one rotates it and the other finds it rotated.
    pub async fn use_refresh_token(
        &self,
        grant: &LoginGrant,
        refresh: &RefreshUse<'_>,
    ) -> Result<RefreshOutcome, sqlx::Error> {
        let mut tx = self.begin().await?;
        let (domain_id, now) = (grant.domain_id, self.clock().now());
        let sql = "update authorizations set last_used_at = $1
                   where domain_id = $2 and id = $3 and status = 'active' and expires_at > $1";
        let alive = on_tx!(tx, |db| sqlx::query(sql)
            .bind(now)
            .bind(domain_id)
            .bind(grant.id)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if alive == 0 {
            return Ok(RefreshOutcome::Ended);
        }
        let rotated_at = refresh.successor.map(|_| now);
        let expires_at = refresh.successor.is_none().then_some(refresh.expires_at);
        let sql = "update refresh_tokens set rotated_at = $1, expires_at = coalesce($2, expires_at)
                   where domain_id = $3 and hash = $4 and rotated_at is null and expires_at > $5";
        let used = on_tx!(tx, |db| sqlx::query(sql)
            .bind(rotated_at)
            .bind(expires_at)
            .bind(domain_id)
            .bind(refresh.hash)
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if used > 0 {
            if let Some(successor) = refresh.successor {
                tx.insert_refresh_token(domain_id, grant.id, successor).await?;
            }
            tx.commit().await?;
            return Ok(RefreshOutcome::Used);
        }
        let sql = "select rotated_at from refresh_tokens where domain_id = $1 and hash = $2";
        let rotated_at: Option<Option<UnixTime>> =
            on_tx!(tx, |db| sqlx::query_scalar(sql).bind(domain_id).bind(refresh.hash).fetch_optional(db).await)?;
        match rotated_at.flatten() {
            None => Ok(RefreshOutcome::Ended),
            Some(then) if now < then.plus(refresh.grace) => {
                tx.commit().await?;
                Ok(RefreshOutcome::Again)
            }
            Some(_) => {
                tx.revoke_grant(domain_id, grant.id, refresh.until).await?;
                tx.commit().await?;
                Ok(RefreshOutcome::Replayed)
            }
        }
    }
}

impl Tx {
    pub(super) async fn insert_refresh_token(
        &mut self,
        domain_id: DomainId,
        authorization_id: AuthorizationId,
        token: &RefreshToken,
    ) -> Result<(), sqlx::Error> {
        let sql = "insert into refresh_tokens (hash, domain_id, authorization_id, created_at, expires_at)
                   values ($1, $2, $3, $4, $5) on conflict do nothing";
        on_tx!(self, |db| sqlx::query(sql)
            .bind(&token.hash)
            .bind(domain_id)
            .bind(authorization_id)
            .bind(token.created_at)
            .bind(token.expires_at)
            .execute(db)
            .await
            .map(drop))
    }
}
