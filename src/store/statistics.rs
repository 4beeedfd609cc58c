//! What happened by the hour, and how many clients there are.

use std::cmp::Ordering;

use sqlx::QueryBuilder;

use super::Store;
use super::data_keys::undecodable;
use super::statement::Statement;
use crate::model::client::{ClientStatus, Origin};
use crate::model::cursor::{MOST_COUNTED, Total};
use crate::model::id::DomainId;
use crate::model::statistics::{Count, Counted, Increment, Period};
use crate::model::time::UnixTime;

/// How many rows one statement writes; PostgreSQL and SQLite bound the number of parameters.
const BATCH: usize = 500;

/// How many clients of one origin are in one status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientCount {
    /// How they came to be.
    pub origin: Origin,
    /// Whether they may be used.
    pub status: ClientStatus,
    /// How many there are.
    pub total: Total,
}

impl Store {
    /// Adds to what was counted. All of it or nothing, in one order everywhere: two processes that count the same must not
    /// wait for one another.
    pub async fn add_counts(&self, mut increments: Vec<Increment>) -> Result<(), sqlx::Error> {
        if increments.is_empty() {
            return Ok(());
        }
        let key = |one: &Increment| (one.domain_id, one.hour, one.counted.as_str(), one.label);
        increments.sort_unstable_by(|one, other| -> Ordering { key(one).cmp(&key(other)) });
        let mut tx = self.begin().await?;
        for batch in increments.chunks(BATCH) {
            on_tx!(tx, |db| {
                let mut query = QueryBuilder::new("insert into hourly_counts (domain_id, hour, name, label, count) ");
                query.push_values(batch, |mut row, one| {
                    row.push_bind(one.domain_id).push_bind(one.hour).push_bind(one.counted.as_str());
                    row.push_bind(one.label).push_bind(i64::try_from(one.count).unwrap_or(i64::MAX));
                });
                query.push(
                    " on conflict (domain_id, hour, name, label) do update
                      set count = hourly_counts.count + excluded.count",
                );
                query.build().execute(db).await.map(drop)
            })?;
        }
        tx.commit().await
    }

    /// What happened in a period, summed up by its spans; spans, names and labels without anything are left out.
    pub async fn counts(&self, domain_id: DomainId, period: &Period) -> Result<Vec<Count>, sqlx::Error> {
        let sql = "select $1 + (hour - $1) / $2 * $2 as at, name, label, cast(sum(count) as bigint) as count
                   from hourly_counts where domain_id = $3 and hour >= $1 and hour < $4
                   group by 1, 2, 3 order by 1, 2, 3";
        let rows: Vec<(UnixTime, String, String, i64)> = on_backend!(read self, |db| sqlx::query_as(sql)
            .bind(period.from)
            .bind(period.step)
            .bind(domain_id)
            .bind(period.end())
            .fetch_all(db)
            .await)?;
        let count = |(at, name, label, count): (UnixTime, String, String, i64)| {
            let counted = Counted::parse(&name).ok_or_else(|| undecodable("an unknown name of a count"))?;
            Ok(Count { at, counted, label, count })
        };
        rows.into_iter().map(count).collect()
    }

    /// How many clients there are by origin and status, the deleted ones as well; each counted up to
    /// [`MOST_COUNTED`]. None where there are none. What is nothing but a resource's credentials is no application, here
    /// as in the list of them.
    pub async fn client_counts(&self, domain_id: DomainId) -> Result<Vec<ClientCount>, sqlx::Error> {
        let pairs: Vec<(Origin, ClientStatus)> = Origin::REGISTERED
            .into_iter()
            .flat_map(|origin| ClientStatus::ALL.map(|status| (origin, status)))
            .collect();
        let mut sql = Statement::default();
        for (number, (origin, status)) in pairs.iter().enumerate() {
            sql.push(if number == 0 { "" } else { " union all " });
            sql.push("select cast(").bind(i64::try_from(number).unwrap_or_default()).push(" as bigint) as place, ");
            sql.push("count(*) as counted from (select 1 from clients where domain_id = ").bind(domain_id.0);
            sql.push(" and origin = ").bind(origin.as_str()).push(" and status = ").bind(status.as_str());
            // No other origin makes such credentials, and the index alone counts those.
            if *origin == Origin::Manual {
                sql.push(" and cast(settings -> 'resource_credentials' as text) = 'false'");
            }
            sql.push(" limit ").bind(MOST_COUNTED + 1).push(") c").push(&number.to_string());
        }
        let rows: Vec<(i64, i64)> = self.rows(sql).await?;
        let count = |(place, counted): (i64, i64)| {
            let (origin, status) = *pairs.get(usize::try_from(place).ok()?)?;
            (counted > 0).then(|| ClientCount { origin, status, total: Total::capped(counted) })
        };
        let mut counts: Vec<ClientCount> = rows.into_iter().filter_map(count).collect();
        counts.sort_unstable_by_key(|count| (count.origin.as_str(), count.status.as_str()));
        Ok(counts)
    }

    /// How many users a domain has, counted up to [`MOST_COUNTED`].
    pub async fn user_count(&self, domain_id: DomainId) -> Result<Total, sqlx::Error> {
        let mut sql = Statement::default();
        sql.push("select count(*) from (select 1 from users where domain_id = ").bind(domain_id.0);
        self.total(sql, true).await
    }
}
