//! How many clients a list has in all, counted as far as that is quick.

use super::Store;
use super::client_list::ClientListQuery;
use super::search_words::{Walk, WordKind, walks};
use super::statement::Statement;
use crate::model::client::{ClientStatus, Origin};
use crate::model::cursor::{MOST_COUNTED_BY_LOOKUP, MOST_EXAMINED, Total};
use crate::model::id::DomainId;
use crate::model::search::SearchTerms;

impl Store {
    /// Counts from the beginning, up to what is counted at all.
    pub(super) async fn count_clients(
        &self,
        domain_id: DomainId,
        query: &ClientListQuery,
        terms: Option<&SearchTerms>,
    ) -> Result<Total, sqlx::Error> {
        let Some(terms) = terms else {
            return if query.is_plain() {
                self.count_all_clients(domain_id).await
            } else {
                self.count_filtered(domain_id, query).await
            };
        };
        let mut counted = self.count_exact(domain_id, query, &terms.exact).await?;
        for walk in walks((domain_id, WordKind::Client), (terms, &terms.exact), None) {
            counted = counted.and(self.count_found(query, &walk).await?);
        }
        Ok(counted)
    }

    /// Without a look at any row: by the index, less what is a resource's credentials.
    async fn count_all_clients(&self, domain_id: DomainId) -> Result<Total, sqlx::Error> {
        let mut sql = Statement::default();
        sql.push("select count(*) from resources where credentials is not null and domain_id = ").bind(domain_id.0);
        let credentials: Vec<(i64,)> = self.rows(sql).await?;
        let mut sql = Statement::default();
        sql.push("select count(*) from (select 1 from clients where domain_id = ").bind(domain_id.0);
        push_listed(&mut sql, " and origin in (", &Origin::REGISTERED.map(Origin::as_str));
        push_listed(&mut sql, " and status in (", &ClientStatus::LISTED.map(ClientStatus::as_str));
        let all = self.total(sql, true).await?;
        let credentials = credentials.first().map_or(0, |(count,)| *count);
        Ok(if all.exact { Total { count: (all.count - credentials).max(0), ..all } } else { all })
    }

    async fn count_filtered(&self, domain_id: DomainId, query: &ClientListQuery) -> Result<Total, sqlx::Error> {
        let most = if query.unused.is_some() { MOST_COUNTED_BY_LOOKUP } else { MOST_EXAMINED };
        let last = self.last_creation(domain_id, query, (None, most)).await?;
        let mut sql = Statement::default();
        sql.push("select count(*) from (select 1 from ");
        query.push_rows(&mut sql, domain_id, ("*", None, last.as_ref(), most));
        sql.push(" c where ");
        query.push_conditions(&mut sql);
        self.total(sql, last.is_none()).await
    }

    async fn count_exact(
        &self,
        domain_id: DomainId,
        query: &ClientListQuery,
        exact: &str,
    ) -> Result<Total, sqlx::Error> {
        let mut sql = Statement::default();
        sql.push("select count(*) from (select 1 from clients c where c.domain_id = ").bind(domain_id.0);
        sql.push(" and c.client_id = ").bind(exact).push(" and ");
        query.push_conditions(&mut sql);
        query.push_range(&mut sql);
        self.total(sql, true).await
    }

    async fn count_found(&self, query: &ClientListQuery, walk: &Walk<'_>) -> Result<Total, sqlx::Error> {
        let plain = walk.is_plain() && query.is_plain();
        let most = if plain { MOST_EXAMINED } else { MOST_COUNTED_BY_LOOKUP };
        let last = self.last_word(walk, most).await?;
        let mut sql = Statement::default();
        sql.push("select count(*) from (select 1 from ");
        if plain {
            walk.push_targets(&mut sql, most);
            sql.push(" t");
        } else {
            query.push_found(&mut sql, walk, (last.as_ref(), most));
        }
        self.total(sql, last.is_none()).await
    }
}

fn push_listed(sql: &mut Statement, head: &str, values: &[&str]) {
    sql.push(head);
    for (number, value) in values.iter().enumerate() {
        sql.push(if number == 0 { "" } else { ", " }).bind(*value);
    }
    sql.push(")");
}
