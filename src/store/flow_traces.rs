//! The timelines of login attempts: written in batches, read in pages.

use sqlx::types::Json;
use sqlx::{AssertSqlSafe, QueryBuilder};
use uuid::Uuid;

use super::Store;
use super::names::push_list;
use super::statement::Statement;
use crate::model::cursor::{MOST_COUNTED, Total};
use crate::model::flow_trace::{AttemptSummary, Outcome, PROBABLE, Step, TraceStep, timeline};
use crate::model::id::{AttemptId, DomainId};
use crate::model::json::Object;
use crate::model::time::UnixTime;

/// How many rows one statement writes; PostgreSQL and SQLite bound the number of parameters.
const BATCH: usize = 500;

/// How many steps are read of one attempt, and of those that may belong to it.
const MOST: i64 = 500;

/// What narrows a list of attempts.
#[derive(Debug, Clone, Default)]
pub struct AttemptFilter {
    /// Only those of this client.
    pub client_id: Option<String>,
    /// Only those in which something was refused.
    pub refused: bool,
    /// Only those whose last step ended like this.
    pub outcome: Option<Outcome>,
    /// Continue after this attempt, which began then.
    pub after: Option<(UnixTime, AttemptId)>,
    /// At most so many.
    pub limit: i64,
}

/// A domain's attempts (`$1`), each with its last step.
const ATTEMPTS: &str = "(select attempt, max(client_id) as client_id, min(at) as began_at, max(at) as last_at,
         count(*) as steps, count(case when outcome = 'refused' then 1 end) as refused
     from flow_steps where domain_id = $1 and attempt is not null group by attempt) a
join flow_steps l on l.id = (select id from flow_steps
                             where domain_id = $1 and attempt = a.attempt order by id desc limit 1)";

#[derive(sqlx::FromRow)]
struct StepRow {
    id: Uuid,
    domain_id: DomainId,
    attempt: Option<AttemptId>,
    client_id: Option<String>,
    at: UnixTime,
    step: String,
    outcome: String,
    code: Option<String>,
    reason: Option<String>,
    source: Option<String>,
    detail: Json<Object>,
}

#[derive(sqlx::FromRow)]
struct SummaryRow {
    attempt: AttemptId,
    client_id: Option<String>,
    began_at: UnixTime,
    last_at: UnixTime,
    steps: i64,
    refused: i64,
    step: String,
    outcome: String,
    code: Option<String>,
}

impl Store {
    /// Writes a batch of steps.
    pub async fn write_flow_steps(&self, steps: &[TraceStep]) -> Result<(), sqlx::Error> {
        for batch in steps.chunks(BATCH) {
            let head = "insert into flow_steps (id, domain_id, attempt, client_id, at, step, outcome, code, reason,
                        source, detail) ";
            on_backend!(write self, |db| {
                let mut query = QueryBuilder::new(head);
                query.push_values(batch, |mut row, step| {
                    row.push_bind(step.id).push_bind(step.domain_id).push_bind(&step.attempt);
                    row.push_bind(&step.client_id).push_bind(step.at).push_bind(step.step.as_str());
                    row.push_bind(step.outcome.as_str()).push_bind(&step.code).push_bind(&step.reason);
                    row.push_bind(&step.source).push_bind(Json(&step.detail));
                });
                query.push(" on conflict (id) do nothing");
                query.build().execute(db).await.map(drop)
            })?;
        }
        Ok(())
    }

    /// A page of a domain's attempts, newest first.
    pub async fn flow_attempts(
        &self,
        domain_id: DomainId,
        filter: &AttemptFilter,
    ) -> Result<Vec<AttemptSummary>, sqlx::Error> {
        let (before, before_id) = match &filter.after {
            Some((began, attempt)) => (*began, attempt.as_str()),
            None => (UnixTime(i64::MAX), ""),
        };
        let sql = format!(
            "select a.attempt, a.client_id, a.began_at, a.last_at, a.steps, a.refused, l.step, l.outcome, l.code
             from {ATTEMPTS} where (a.began_at, a.attempt) < ($2, $3) and ($4 is null or a.client_id = $4)
             and (a.refused > 0 or $5 = 0) and ($7 is null or l.outcome = $7)
             order by a.began_at desc, a.attempt desc limit $6"
        );
        let rows: Vec<SummaryRow> = on_backend!(read self, |db| sqlx::query_as(AssertSqlSafe(sql))
            .bind(domain_id)
            .bind(before)
            .bind(before_id)
            .bind(&filter.client_id)
            .bind(i64::from(filter.refused))
            .bind(filter.limit)
            .bind(filter.outcome.map(Outcome::as_str))
            .fetch_all(db)
            .await)?;
        rows.into_iter().map(AttemptSummary::try_from).collect()
    }

    /// How many attempts fit, wherever the list goes on; counted up to [`MOST_COUNTED`].
    pub async fn flow_attempt_count(&self, domain_id: DomainId, filter: &AttemptFilter) -> Result<Total, sqlx::Error> {
        let sql = format!(
            "select count(*) from (select 1 from {ATTEMPTS} where ($2 is null or a.client_id = $2)
             and (a.refused > 0 or $3 = 0) and ($4 is null or l.outcome = $4) limit $5) fitting"
        );
        let counted: i64 = on_backend!(read self, |db| sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(domain_id)
            .bind(&filter.client_id)
            .bind(i64::from(filter.refused))
            .bind(filter.outcome.map(Outcome::as_str))
            .bind(MOST_COUNTED + 1)
            .fetch_one(db)
            .await)?;
        Ok(Total::capped(counted))
    }

    /// The timeline of one attempt, with what probably belongs to it; empty where there is no such attempt.
    pub async fn flow_timeline(&self, domain_id: DomainId, attempt: &AttemptId) -> Result<Vec<TraceStep>, sqlx::Error> {
        let sql = "select id, domain_id, attempt, client_id, at, step, outcome, code, reason, source, detail
                   from flow_steps where domain_id = $1 and attempt = $2 order by id limit $3";
        let rows: Vec<StepRow> = on_backend!(read self, |db| sqlx::query_as(sql)
            .bind(domain_id)
            .bind(attempt)
            .bind(MOST)
            .fetch_all(db)
            .await)?;
        let own = rows.into_iter().map(TraceStep::try_from).collect::<Result<Vec<_>, _>>()?;
        let Some((first, last)) = own.first().zip(own.last()) else { return Ok(own) };
        let candidates = self.flow_candidates(first, last.at).await?;
        Ok(timeline(own, &candidates))
    }

    /// Who was logged in, by their id, in those of these attempts that came so far.
    pub async fn attempt_users(
        &self,
        domain_id: DomainId,
        attempts: &[String],
    ) -> Result<Vec<(String, String)>, sqlx::Error> {
        if attempts.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = Statement::default();
        sql.push("select attempt, max(detail ->> 'user') as person from flow_steps where domain_id = ");
        sql.bind(domain_id.0).push(" and attempt in ");
        push_list(&mut sql, attempts.iter().map(String::as_str));
        sql.push(" and step in ('consent_page', 'code') and detail ->> 'user' is not null group by attempt");
        self.rows(sql).await
    }

    /// The latest steps that belong to no attempt: refused registrations, and token requests that failed early.
    pub async fn flow_strays(&self, domain_id: DomainId, limit: i64) -> Result<Vec<TraceStep>, sqlx::Error> {
        let sql = "select id, domain_id, attempt, client_id, at, step, outcome, code, reason, source, detail
                   from flow_steps where domain_id = $1 and attempt is null and outcome = 'refused'
                   order by id desc limit $2";
        let rows: Vec<StepRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).bind(limit).fetch_all(db).await)?;
        rows.into_iter().map(TraceStep::try_from).collect()
    }

    /// Steps of the same client without an attempt that may belong to the one that `first` began; those of the same source
    /// first.
    async fn flow_candidates(&self, first: &TraceStep, last: UnixTime) -> Result<Vec<TraceStep>, sqlx::Error> {
        let sql = "select id, domain_id, attempt, client_id, at, step, outcome, code, reason, source, detail
                   from flow_steps where domain_id = $1 and attempt is null and at between $2 and $3
                   and client_id = $4
                   order by case when source = $5 then 0 else 1 end, id desc limit $6";
        let rows: Vec<StepRow> = on_backend!(read self, |db| sqlx::query_as(sql)
            .bind(first.domain_id)
            .bind(first.at.plus(-PROBABLE))
            .bind(last.plus(PROBABLE))
            .bind(&first.client_id)
            .bind(&first.source)
            .bind(MOST)
            .fetch_all(db)
            .await)?;
        rows.into_iter().map(TraceStep::try_from).collect()
    }
}

fn unreadable(column: &str, text: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("flow_steps.{column} is {text:?}").into())
}

fn step(text: &str) -> Result<Step, sqlx::Error> {
    Step::parse(text).ok_or_else(|| unreadable("step", text))
}

fn outcome(text: &str) -> Result<Outcome, sqlx::Error> {
    Outcome::parse(text).ok_or_else(|| unreadable("outcome", text))
}

impl TryFrom<StepRow> for TraceStep {
    type Error = sqlx::Error;

    fn try_from(row: StepRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            step: step(&row.step)?,
            outcome: outcome(&row.outcome)?,
            id: row.id,
            domain_id: row.domain_id,
            attempt: row.attempt,
            client_id: row.client_id,
            at: row.at,
            code: row.code,
            reason: row.reason,
            source: row.source,
            detail: row.detail.0,
        })
    }
}

impl TryFrom<SummaryRow> for AttemptSummary {
    type Error = sqlx::Error;

    fn try_from(row: SummaryRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            last_step: step(&row.step)?,
            last_outcome: outcome(&row.outcome)?,
            attempt: row.attempt,
            client_id: row.client_id,
            began_at: row.began_at,
            last_at: row.last_at,
            steps: row.steps,
            refused: row.refused,
            last_code: row.code,
        })
    }
}
