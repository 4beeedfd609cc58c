//! How many clients a list has in all, counted as far as that is quick.

use super::Store;
use super::client_list::ClientListQuery;
use super::search_words::{Walk, WordKind, walks};
use super::statement::Statement;
use crate::model::cursor::Total;
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
            return self.count_filtered(domain_id, query).await;
        };
        let mut counted = self.count_exact(domain_id, query, &terms.exact).await?;
        for walk in walks((domain_id, WordKind::Client), (terms, &terms.exact), None) {
            counted = counted.and(self.count_found(query, &walk).await?);
        }
        Ok(counted)
    }

    async fn count_filtered(&self, domain_id: DomainId, query: &ClientListQuery) -> Result<Total, sqlx::Error> {
        let most = query.most();
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
        let (plain, most) = (walk.is_plain() && query.is_plain(), query.most_found(walk));
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
