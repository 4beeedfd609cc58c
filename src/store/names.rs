//! What things are called, by their identifiers: for pages that tell of many things at once.

use uuid::Uuid;

use super::Store;
use super::statement::{Bound, Statement};
use crate::model::id::DomainId;

/// Adds a list of values in parentheses.
pub(super) fn push_list<T: Into<Bound>>(sql: &mut Statement, values: impl IntoIterator<Item = T>) {
    for (number, value) in values.into_iter().enumerate() {
        sql.push(if number == 0 { "(" } else { ", " }).bind(value);
    }
    sql.push(")");
}

impl Store {
    /// The names of a domain's clients, deleted ones as well; empty where one has none.
    pub async fn client_names(
        &self,
        domain_id: DomainId,
        ids: &[String],
    ) -> Result<Vec<(String, String)>, sqlx::Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = Statement::default();
        sql.push("select client_id, coalesce(metadata ->> 'client_name', '') from clients where domain_id = ");
        sql.bind(domain_id.0).push(" and client_id in ");
        push_list(&mut sql, ids.iter().map(String::as_str));
        self.rows(sql).await
    }

    /// What a domain's users log in with.
    pub async fn user_names(&self, domain_id: DomainId, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>, sqlx::Error> {
        self.names_in_domain("select id, username from users where domain_id = ", domain_id, ids).await
    }

    /// The labels of a domain's initial access tokens.
    pub async fn initial_access_token_labels(
        &self,
        domain_id: DomainId,
        ids: &[Uuid],
    ) -> Result<Vec<(Uuid, String)>, sqlx::Error> {
        self.names_in_domain("select id, label from initial_access_tokens where domain_id = ", domain_id, ids).await
    }

    async fn names_in_domain(
        &self,
        select: &str,
        domain_id: DomainId,
        ids: &[Uuid],
    ) -> Result<Vec<(Uuid, String)>, sqlx::Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = Statement::default();
        sql.push(select).bind(domain_id.0).push(" and id in ");
        push_list(&mut sql, ids.iter().copied());
        self.rows(sql).await
    }
}
