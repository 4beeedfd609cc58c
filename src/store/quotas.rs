//! How many clients a source may hold: counters, never a count before an insert.

use super::backend::Tx;
use crate::model::id::{ClientId, DomainId};
use crate::model::random;
use crate::model::time::UnixTime;

/// From this size on a quota is split, so that parallel registrations do not queue for one row.
const SPLIT_FROM: i64 = 1_000;
const PARTS: i64 = 16;

/// A quota that a registration counts against.
#[derive(Debug, Clone)]
pub struct Quota {
    /// Who it is for: `open:<address prefix>` or `registrar:<client id>`.
    pub source: String,
    /// How many clients it allows.
    pub max: i64,
    /// At the cap, the oldest never-used client created before this time goes first.
    pub evict_created_before: Option<UnixTime>,
}

impl Quota {
    /// The counters to try, in order: one, or all parts beginning at a random one.
    fn counters(&self) -> Vec<(String, i64)> {
        if self.max < SPLIT_FROM {
            return vec![(self.source.clone(), self.max)];
        }
        let start = i64::from(random::bytes::<1>()[0]);
        (0..PARTS)
            .map(|step| (start + step) % PARTS)
            .map(|part| (format!("{}#{part}", self.source), self.max / PARTS + i64::from(part < self.max % PARTS)))
            .collect()
    }
}

impl Tx {
    /// Takes one place of a quota. Returns the counter that was raised, or `None` if the quota is full.
    pub(super) async fn take_quota(
        &mut self,
        domain_id: DomainId,
        quota: &Quota,
    ) -> Result<Option<String>, sqlx::Error> {
        let counters = quota.counters();
        for (counter, max) in &counters {
            if self.raise(domain_id, counter, *max).await? {
                return Ok(Some(counter.clone()));
            }
        }
        let Some(before) = quota.evict_created_before else { return Ok(None) };
        for (counter, _) in &counters {
            if self.evict_oldest(domain_id, counter, before).await? {
                return Ok(Some(counter.clone()));
            }
        }
        Ok(None)
    }

    async fn raise(&mut self, domain_id: DomainId, counter: &str, max: i64) -> Result<bool, sqlx::Error> {
        if max < 1 {
            return Ok(false);
        }
        // An upsert would lock a full counter's row as well, and whoever looks through all parts of a full quota in
        // another order would wait for it for ever.
        let update = "update registration_quotas set used = used + 1
                      where domain_id = $1 and source = $2 and used < $3";
        let insert = "insert into registration_quotas (domain_id, source, used)
                      select $1, $2, 1 where $3 > 0 on conflict (domain_id, source) do nothing";
        // The last one is for a counter that somebody else inserted meanwhile.
        for sql in [update, insert, update] {
            let raised = on_tx!(self, |db| sqlx::query(sql)
                .bind(domain_id)
                .bind(counter)
                .bind(max)
                .execute(db)
                .await
                .map(|done| done.rows_affected()))?;
            if raised > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes the oldest never-used client that counts against a full counter; its place is free then. One that an
    /// administrator suspended stays, or it would come back by registering again.
    async fn evict_oldest(
        &mut self,
        domain_id: DomainId,
        counter: &str,
        before: UnixTime,
    ) -> Result<bool, sqlx::Error> {
        let sql = "select client_id, origin from clients where domain_id = $1 and quota_source = $2
                   and created_at < $3 and status in ('active', 'pending') order by created_at, client_id limit 1";
        let oldest: Option<(ClientId, String)> =
            on_tx!(self, |db| sqlx::query_as(sql).bind(domain_id).bind(counter).bind(before).fetch_optional(db).await)?;
        let Some((client_id, origin)) = oldest else { return Ok(false) };
        // Whoever clears the mark has the place; a concurrent eviction finds it cleared.
        let sql = "update clients set quota_source = null
                   where domain_id = $1 and client_id = $2 and quota_source = $3";
        let cleared = on_tx!(self, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(&client_id)
            .bind(counter)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if cleared > 0 {
            self.remove_client(domain_id, &client_id, origin == "content_addressed").await?;
        }
        Ok(cleared > 0)
    }

    /// Gives a client's place back.
    pub(super) async fn release_quota(&mut self, domain_id: DomainId, client_id: &ClientId) -> Result<(), sqlx::Error> {
        let sql =
            "select quota_source from clients where domain_id = $1 and client_id = $2 and quota_source is not null";
        let counter: Option<String> =
            on_tx!(self, |db| sqlx::query_scalar(sql).bind(domain_id).bind(client_id).fetch_optional(db).await)?;
        let Some(counter) = counter else { return Ok(()) };
        let sql = "update clients set quota_source = null
                   where domain_id = $1 and client_id = $2 and quota_source = $3";
        let released = on_tx!(self, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(client_id)
            .bind(&counter)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if released > 0 {
            let sql = "update registration_quotas set used = used - 1
                       where domain_id = $1 and source = $2 and used > 0";
            on_tx!(self, |db| sqlx::query(sql).bind(domain_id).bind(&counter).execute(db).await.map(drop))?;
        }
        Ok(())
    }
}
