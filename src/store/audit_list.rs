//! Lists of audit events, newest first, a page at a time.

use serde::Serialize;
use uuid::Uuid;

use super::Store;
use super::audit::{AuditRecord, AuditRow};
use super::statement::Statement;
use crate::model::audit_event::Outcome;
use crate::model::cursor::{self, MOST_EXAMINED, MOST_ITEMS};
use crate::model::id::{DomainId, first_uuid};
use crate::model::time::UnixTime;

/// What is asked for: all that is set must hold.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AuditQuery {
    /// Only what this actor did (`cli`), or all of a kind of actor (`client:`).
    pub actor: Option<String>,
    /// Only this action (`client.register`), or all of a kind of thing (`client.`).
    pub action: Option<String>,
    /// Only what happened to this thing.
    pub target: Option<String>,
    /// Only what was done, or refused.
    pub outcome: Option<Outcome>,
    /// Only what was part of this request.
    pub request_id: Option<String>,
    /// Only what happened at this time or later.
    pub from: Option<UnixTime>,
    /// Only what happened before.
    pub before: Option<UnixTime>,
    /// Where the list goes on: as the page before said.
    #[serde(skip)]
    pub cursor: Option<String>,
    /// At most so many; 1 to 200.
    #[serde(skip)]
    pub limit: i64,
}

/// One page of the audit log.
#[derive(Debug, Clone)]
pub struct AuditPage {
    /// The events, newest first.
    pub items: Vec<AuditRecord>,
    /// Where the next page begins; none: this is the last.
    pub next: Option<String>,
    /// Whether the page looked at all it needed; else it ended early, with few items or none, and goes on at `next`.
    pub examined_all: bool,
}

/// The name of the list in its cursors.
const LIST: &str = "audit";

impl AuditQuery {
    fn limit(&self) -> i64 {
        self.limit.clamp(1, MOST_ITEMS)
    }

    /// Adds the rows that are looked at, in order, as a table in parentheses.
    fn push_rows(
        &self,
        sql: &mut Statement,
        domain_id: Option<DomainId>,
        (columns, before, last): (&str, Option<Uuid>, Option<Uuid>),
    ) {
        sql.push("(select ").push(columns).push(" from audit_events where ");
        match domain_id {
            Some(domain_id) => sql.push("domain_id = ").bind(domain_id.0),
            None => sql.push("domain_id is null"),
        };
        if let Some(target) = &self.target {
            sql.push(" and target = ").bind(target.as_str());
        }
        let bounds = [
            (" and id < ", before),
            (" and id >= ", last),
            (" and id >= ", self.from.map(first_uuid)),
            (" and id < ", self.before.map(first_uuid)),
        ];
        for (compare, id) in bounds {
            if let Some(id) = id {
                sql.push(compare).bind(id);
            }
        }
        // With the domain: PostgreSQL does not see that a missing one is a constant, and would sort.
        sql.push(" order by domain_id desc, id desc limit ").bind(MOST_EXAMINED).push(")");
    }

    /// Adds the conditions that no index answers.
    fn push_conditions(&self, sql: &mut Statement) {
        sql.push(" where 1 = 1");
        for (column, asked, end) in [("actor", &self.actor, ':'), ("action", &self.action, '.')] {
            match asked {
                Some(kind) if kind.ends_with(end) => {
                    let escaped = kind.replace('\\', "\\\\").replace('_', "\\_").replace('%', "\\%");
                    let like = format!("{escaped}%");
                    sql.push(" and ").push(column).push(" like ").bind(like.as_str()).push(" escape '\\'");
                }
                Some(one) => {
                    sql.push(" and ").push(column).push(" = ").bind(one.as_str());
                }
                None => {}
            }
        }
        if let Some(outcome) = self.outcome {
            sql.push(" and outcome = ").bind(outcome.as_str());
        }
        if let Some(request_id) = &self.request_id {
            sql.push(" and request_id = ").bind(request_id.as_str());
        }
    }
}

impl Store {
    /// A page of a domain's events. `None`: the cursor is of another query.
    pub async fn audit_events(
        &self,
        domain_id: DomainId,
        query: &AuditQuery,
    ) -> Result<Option<AuditPage>, sqlx::Error> {
        self.audit_page(Some(domain_id), query).await
    }

    /// A page of the events that belong to no domain: administrators, API tokens, master keys. `None`: the cursor is of
    /// another query.
    pub async fn server_audit_events(&self, query: &AuditQuery) -> Result<Option<AuditPage>, sqlx::Error> {
        self.audit_page(None, query).await
    }

    async fn audit_page(
        &self,
        domain_id: Option<DomainId>,
        query: &AuditQuery,
    ) -> Result<Option<AuditPage>, sqlx::Error> {
        let told = (domain_id, query);
        let before = match &query.cursor {
            Some(cursor) => match cursor::decode::<Uuid>(LIST, &told, cursor) {
                Some(before) => Some(before),
                None => return Ok(None),
            },
            None => None,
        };
        let mut sql = Statement::default();
        sql.push("select id from ");
        query.push_rows(&mut sql, domain_id, ("id, domain_id", before, None));
        sql.push(" e order by domain_id desc, id desc limit 1 offset ").bind(MOST_EXAMINED - 1);
        let last: Option<(Uuid,)> = self.rows(sql).await?.pop();
        let last = last.map(|(id,)| id);
        let mut sql = Statement::default();
        sql.push("select id, at, actor, action, target, outcome, reason, source, request_id, detail from ");
        query.push_rows(&mut sql, domain_id, ("*", before, last));
        sql.push(" e");
        query.push_conditions(&mut sql);
        sql.push(" order by domain_id desc, id desc limit ").bind(query.limit() + 1);
        let mut rows: Vec<AuditRow> = self.rows(sql).await?;
        let limit = usize::try_from(query.limit()).unwrap_or_default();
        let full = rows.len() > limit;
        rows.truncate(limit);
        let end = if full { rows.last().map(|row| row.id) } else { last };
        let next = end.map(|id| cursor::encode(LIST, &told, &id));
        let items = rows.into_iter().map(AuditRecord::from).collect();
        Ok(Some(AuditPage { items, examined_all: full || next.is_none(), next }))
    }
}
