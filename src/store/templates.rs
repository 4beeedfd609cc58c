//! Templates: hand-made clients that registrants name in `software_id`.

use super::Store;
use super::clients::{ClientRow, select_client};
use crate::model::client::Client;
use crate::model::id::{ClientId, DomainId};

impl Store {
    /// The template that registrants name by this slug or client id.
    pub async fn template(&self, domain_id: DomainId, name: &str) -> Result<Option<Client>, sqlx::Error> {
        let sql = select_client!(
            "where domain_id = $1 and template is not null and (template = $2 or client_id = $2) and status = 'active'"
        );
        let row: Option<ClientRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).bind(name).fetch_optional(db).await)?;
        row.map(Client::try_from).transpose()
    }

    /// Whose template a slug is, whatever its status.
    pub async fn template_holder(&self, domain_id: DomainId, slug: &str) -> Result<Option<ClientId>, sqlx::Error> {
        let sql = "select client_id from clients where domain_id = $1 and template = $2";
        on_backend!(read self, |db| sqlx::query_scalar(sql).bind(domain_id).bind(slug).fetch_optional(db).await)
    }

    /// The templates of a domain.
    pub async fn templates(&self, domain_id: DomainId) -> Result<Vec<Client>, sqlx::Error> {
        let sql =
            select_client!("where domain_id = $1 and template is not null and status = 'active' order by template");
        let rows: Vec<ClientRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).fetch_all(db).await)?;
        rows.into_iter().map(Client::try_from).collect()
    }
}
