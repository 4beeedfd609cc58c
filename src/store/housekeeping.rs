//! What grows by itself is cut back here, by one process at a time.

use super::Store;
use super::backend::Tx;
use super::changes::Change;
use super::search_words::WordKind;
use crate::model::audit_event::Actor;
use crate::model::flow_trace;
use crate::model::id::{ClientId, DomainId, PolicyId};
use crate::model::statistics;
use crate::model::time::UnixTime;

/// How long a row of the change feed is kept, in seconds: far longer than any process may lag behind.
const CHANGES_KEPT: i64 = 600;

/// How long a code that has ended is kept, in seconds, so that its reuse is seen.
const CODES_KEPT: i64 = 3_600;

/// How long a refresh token is kept after its successor took its place, in seconds, so that its reuse is seen.
const ROTATED_KEPT: i64 = 7 * 86_400;

/// How long a login that was ended is kept, in seconds, for whoever asks what became of it.
const REVOKED_KEPT: i64 = 30 * 86_400;

/// How long an API token that has ended stays in the list, in seconds.
const API_TOKENS_KEPT: i64 = 30 * 86_400;

/// Rows removed at a time, so that no lock is held for long.
const BATCH: i64 = 500;

impl Store {
    /// Removes rows that have had their time: feed rows, revocations, secrets, sessions, codes, tokens,
    /// timelines, what administrators had. Returns how many.
    pub async fn remove_expired(&self) -> Result<u64, sqlx::Error> {
        let now = self.clock().now();
        let mut removed = 0;
        for (sql, before) in [
            ("delete from changes where at < $1", now.plus(-CHANGES_KEPT)),
            ("delete from revoked_tokens where expires_at <= $1", now),
            ("delete from client_secrets where expires_at <= $1", now),
            ("delete from leases where expires_at <= $1", now),
            ("delete from user_links where expires_at <= $1", now),
            ("delete from sessions where expires_at <= $1", now),
            ("delete from interactions where expires_at <= $1", now),
            ("delete from flow_steps where at <= $1", now.plus(-flow_trace::KEPT)),
            ("delete from authorization_codes where expires_at <= $1", now.plus(-CODES_KEPT)),
            ("delete from refresh_tokens where expires_at <= $1", now),
            ("delete from refresh_tokens where rotated_at <= $1", now.plus(-ROTATED_KEPT)),
            ("delete from authorizations where expires_at <= $1", now),
            ("delete from authorizations where status = 'pending' and created_at <= $1", now.plus(-CODES_KEPT)),
            ("delete from authorizations where status = 'revoked' and last_used_at <= $1", now.plus(-REVOKED_KEPT)),
            ("delete from used_assertions where expires_at <= $1", now),
            ("delete from idempotent_requests where expires_at <= $1", now),
            ("delete from administrator_sessions where expires_at <= $1", now),
            ("delete from api_tokens where expires_at <= $1", now.plus(-API_TOKENS_KEPT)),
            ("delete from api_tokens where revoked_at <= $1", now.plus(-API_TOKENS_KEPT)),
            ("delete from hourly_counts where hour < $1", now.plus(-statistics::KEPT)),
        ] {
            removed += on_backend!(write self, |db| sqlx::query(sql)
                .bind(before)
                .execute(db)
                .await
                .map(|done| done.rows_affected()))?;
        }
        self.cache().forget_expired(now);
        Ok(removed)
    }

    /// Removes the oldest of what strangers make the server keep: interactions beyond `interactions` per domain, steps of
    /// timelines beyond `steps` in all. Returns how many.
    pub async fn remove_surplus(&self, interactions: i64, steps: i64) -> Result<u64, sqlx::Error> {
        let mut removed = 0;
        for (sql, most) in [
            (
                "delete from interactions where id in (
                 select id from (select id, row_number() over (partition by domain_id order by created_at desc, id) as place
                                 from interactions) placed where place > $1)",
                interactions,
            ),
            (
                "delete from flow_steps where id <= (select id from flow_steps order by id desc limit 1 offset $1)",
                steps,
            ),
        ] {
            removed +=
                on_backend!(write self, |db| sqlx::query(sql).bind(most).execute(db).await.map(|done| done.rows_affected()))?;
        }
        Ok(removed)
    }

    /// Removes openly registered clients of a policy that nobody used since `created_before`. Content-addressed ones
    /// come back under their old id when they are registered again; of the others a tombstone stays.
    pub async fn remove_unused_clients(
        &self,
        domain_id: DomainId,
        policy_id: PolicyId,
        created_before: UnixTime,
    ) -> Result<usize, sqlx::Error> {
        let mut tx = self.begin().await?;
        let sql = "select c.client_id, c.origin from clients c
                   left join client_usage u on u.domain_id = c.domain_id and u.client_id = c.client_id
                   where c.domain_id = $1 and c.policy_id = $2 and c.created_at < $3 and u.client_id is null
                   and c.origin in ('open', 'content_addressed') and c.status in ('active', 'pending')
                   and not exists (select 1 from authorizations a
                                   where a.domain_id = c.domain_id and a.client_id = c.client_id)
                   order by c.created_at limit $4";
        let unused: Vec<(ClientId, String)> = on_tx!(tx, |db| sqlx::query_as(sql)
            .bind(domain_id)
            .bind(policy_id)
            .bind(created_before)
            .bind(BATCH)
            .fetch_all(db)
            .await)?;
        let count = unused.len();
        for (client_id, origin) in unused {
            tx.remove_client(domain_id, &client_id, origin == "content_addressed").await?;
        }
        tx.commit().await?;
        Ok(count)
    }
}

impl Tx {
    /// Removes a client nobody used: whole, or leaving a tombstone.
    pub(super) async fn remove_client(
        &mut self,
        domain_id: DomainId,
        client_id: &ClientId,
        whole: bool,
    ) -> Result<(), sqlx::Error> {
        self.release_quota(domain_id, client_id).await?;
        self.drop_secrets(domain_id, client_id).await?;
        self.drop_words(domain_id, WordKind::Client, client_id.as_str()).await?;
        let now = self.store.clock().now();
        if whole {
            let sql = "delete from clients where domain_id = $1 and client_id = $2";
            on_tx!(self, |db| sqlx::query(sql).bind(domain_id).bind(client_id).execute(db).await.map(drop))?;
        } else {
            let sql = "update clients set status = 'deleted', registration_token = null,
                       previous_registration_token = null, template = null, tokens_not_before = $1, updated_at = $1,
                       version = version + 1 where domain_id = $2 and client_id = $3";
            on_tx!(self, |db| sqlx::query(sql).bind(now).bind(domain_id).bind(client_id).execute(db).await.map(drop))?;
        }
        let clock = self.store.clock().clone();
        self.audit(&Actor::local("server").did(&clock, Some(domain_id), "client.remove", client_id.as_str())).await?;
        self.changed(Change::Client(domain_id, client_id.clone()));
        Ok(())
    }
}
