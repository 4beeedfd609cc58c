//! What a list of clients asks for, as SQL.

use super::client_list::{ClientListQuery, Direction, Unused};
use super::search_words::{Walk, WordPlace};
use super::statement::Statement;
use crate::model::client::{ClientStatus, Origin};
use crate::model::client_type::{ClientType, DCR_ADMIN};
use crate::model::cursor::{MOST_EXAMINED, MOST_ITEMS, MOST_LOOKED_UP, MOST_VISITED};
use crate::model::id::DomainId;
use crate::model::time::UnixTime;

/// A place in a list by creation.
pub(super) type Creation = (UnixTime, String);

/// The columns of a client `c` in a list. When it was used is a lookup of its own, which leaves the order of a walk alone.
pub(super) const SELECT: &str = "select c.domain_id, c.client_id, c.origin, c.status, c.registrant, c.policy_id,
    c.metadata, c.settings, c.registration, c.registration_token, c.previous_registration_token, c.tokens_not_before,
    c.version, c.created_at, c.updated_at, (select u.last_used_at from client_usage u
    where u.domain_id = c.domain_id and u.client_id = c.client_id) as last_used_at";

const LAST_USED: &str =
    "(select u.last_used_at from client_usage u where u.domain_id = c.domain_id and u.client_id = c.client_id)";

impl ClientListQuery {
    pub(super) fn limit(&self) -> i64 {
        self.limit.clamp(1, MOST_ITEMS)
    }

    /// How many more fit on the page.
    pub(super) fn room(&self, taken: usize) -> usize {
        usize::try_from(self.limit()).unwrap_or_default().saturating_sub(taken)
    }

    /// How many rows a page without search looks at.
    pub(super) fn most(&self) -> i64 {
        if self.unused.is_some() { MOST_LOOKED_UP } else { MOST_EXAMINED }
    }

    /// How many rows a walk through words looks at.
    pub(super) fn most_found(&self, walk: &Walk<'_>) -> i64 {
        match (self.is_plain(), walk.is_plain()) {
            (true, true) => MOST_EXAMINED,
            (true, false) => MOST_LOOKED_UP,
            (false, _) => MOST_VISITED,
        }
    }

    /// Whether nothing is asked for but what is there.
    pub(super) fn is_plain(&self) -> bool {
        let plain = Self { search: self.search.clone(), direction: self.direction, ..Self::default() };
        *self == Self { cursor: self.cursor.clone(), limit: self.limit, ..plain }
    }

    pub(super) fn order(&self) -> &'static str {
        match self.direction {
            Direction::NewestFirst => "created_at desc, client_id desc",
            Direction::OldestFirst => "created_at, client_id",
        }
    }

    /// Adds the rows that a list without search looks at, in order, as a table in parentheses: after one place, up to
    /// another.
    pub(super) fn push_rows(
        &self,
        sql: &mut Statement,
        domain_id: DomainId,
        (columns, after, until, most): (&str, Option<&Creation>, Option<&Creation>, i64),
    ) {
        let branches = self.branches();
        let many = branches.len() > 1;
        if many {
            sql.push("(select * from (");
        }
        for (number, (origin, status)) in branches.into_iter().enumerate() {
            if many {
                // SQLite takes no parentheses around a part of a union.
                sql.push(if number == 0 { "select * from " } else { " union all select * from " });
            }
            sql.push("(select ").push(columns).push(" from clients where domain_id = ").bind(domain_id.0);
            for (column, value) in [(" and origin = ", origin), (" and status = ", status)] {
                if let Some(value) = value {
                    sql.push(column).bind(value);
                }
            }
            self.push_times(sql, "");
            self.push_bounds(sql, (after, until));
            sql.push(" order by ").push(self.order()).push(" limit ").bind(most).push(")");
            if many {
                sql.push(" b").push(&number.to_string());
            }
        }
        if many {
            sql.push(") m order by ").push(self.order()).push(" limit ").bind(most).push(")");
        }
    }

    /// The ranges of the index by origin and status that a list goes through at once; one without either: all by creation.
    fn branches(&self) -> Vec<(Option<&'static str>, Option<&'static str>)> {
        if self.origin.is_none() && self.status.is_none() {
            return vec![(None, None)];
        }
        let origins = self.origin.map_or(Origin::REGISTERED.to_vec(), |origin| vec![origin]);
        let statuses = self.status.map_or(ClientStatus::LISTED.to_vec(), |status| vec![status]);
        let both = |origin: Origin| {
            statuses.iter().map(move |status| (Some(origin.as_str()), Some(status.as_str()))).collect::<Vec<_>>()
        };
        origins.into_iter().flat_map(both).collect()
    }

    fn push_bounds(&self, sql: &mut Statement, (after, until): (Option<&Creation>, Option<&Creation>)) {
        let (beyond, within) = match self.direction {
            Direction::NewestFirst => (" < ", " >= "),
            Direction::OldestFirst => (" > ", " <= "),
        };
        for (compare, place) in [(beyond, after), (within, until)] {
            if let Some((at, id)) = place {
                sql.push(" and (created_at, client_id)").push(compare).push("(");
                sql.bind(at.0).push(", ").bind(id.as_str()).push(")");
            }
        }
    }

    /// Adds the rows that a search finds.
    pub(super) fn push_found(&self, sql: &mut Statement, walk: &Walk<'_>, rows: (Option<&WordPlace>, i64)) {
        walk.push_rows(sql, rows);
        sql.push(" w join clients c on c.domain_id = ").bind(walk.domain_id().0);
        sql.push(" and c.client_id = w.target where ");
        walk.push_conditions(sql);
        sql.push(" and ");
        self.push_conditions(sql);
        self.push_range(sql);
    }

    /// Adds the conditions on a client `c` that no walk by creation answers.
    pub(super) fn push_conditions(&self, sql: &mut Statement) {
        match self.status {
            Some(status) => sql.push("c.status = ").bind(status.as_str()),
            None => sql.push("c.status <> 'deleted'"),
        };
        if !self.with_resource_credentials {
            // A switch reads so in either database; by `->>` it would be a number in one.
            sql.push(" and cast(c.settings -> 'resource_credentials' as text) = 'false'");
        }
        if let Some(registrant) = &self.registrant {
            sql.push(" and c.registrant = ").bind(registrant.as_str());
        }
        if let Some(named) = &self.application_type {
            sql.push(" and lower(c.metadata ->> 'application_type') = ").bind(named.to_lowercase().as_str());
        }
        if let Some(kind) = self.client_type {
            push_type(sql, kind);
        }
        if let Some(template) = self.template {
            sql.push(if template { " and c.template is not null" } else { " and c.template is null" });
        }
        if let Some(policy_id) = self.policy_id {
            sql.push(" and c.policy_id = ").bind(policy_id.0);
        }
        match self.unused {
            Some(Unused::Ever) => sql.push(" and ").push(LAST_USED).push(" is null"),
            Some(Unused::Since(at)) => sql.push(" and coalesce(").push(LAST_USED).push(", 0) < ").bind(at.0),
            None => sql,
        };
    }

    /// Adds what a walk by creation answers, where there is none.
    pub(super) fn push_range(&self, sql: &mut Statement) {
        if let Some(origin) = self.origin {
            sql.push(" and c.origin = ").bind(origin.as_str());
        }
        self.push_times(sql, "c.");
    }

    fn push_times(&self, sql: &mut Statement, table: &str) {
        for (compare, time) in [("created_at >= ", self.created_from), ("created_at < ", self.created_before)] {
            if let Some(time) = time {
                sql.push(" and ").push(table).push(compare).bind(time.0);
            }
        }
    }
}

/// Adds the condition that a client `c` is what `ClientType::of` would say.
fn push_type(sql: &mut Statement, kind: ClientType) {
    if kind == ClientType::ResourceCredentials {
        sql.push(" and cast(c.settings -> 'resource_credentials' as text) = 'true'");
        return;
    }
    let granted = "(' ' || coalesce(c.settings ->> 'granted_scopes', '') || ' ')";
    let compare = if kind == ClientType::GatewayRegistrar { " <> " } else { " = " };
    sql.push(" and replace(").push(granted).push(", ").bind(format!(" {DCR_ADMIN} ").as_str()).push(", '')");
    sql.push(compare).push(granted);
    // A grant but client_credentials is left over.
    let people = "replace(coalesce(cast(c.metadata -> 'grant_types' as text), ''), '\"client_credentials\"', '')";
    let application_type = " and lower(coalesce(c.metadata ->> 'application_type', ''))";
    let (like, names) = match kind {
        ClientType::GatewayRegistrar | ClientType::ResourceCredentials => return,
        ClientType::BackendToBackend => (" not like ", None),
        ClientType::Browser => (" like ", Some(" in ('browser', 'spa')")),
        ClientType::Native => (" like ", Some(" = 'native'")),
        ClientType::Web => (" like ", Some(" not in ('browser', 'spa', 'native')")),
    };
    sql.push(" and ").push(people).push(like).push("'%\"%'");
    if let Some(names) = names {
        sql.push(application_type).push(names);
    }
}
