//! Client ID metadata documents as they were last read (draft-ietf-oauth-client-id-metadata-document §4.4).

use std::sync::Arc;

use sqlx::types::Json;

use super::Store;
use super::backend::Tx;
use super::changes::Change;
use super::data_keys::undecodable;
use crate::model::audit_event::AuditEvent;
use crate::model::client_id_document::{ClientDocument, DocumentSource};
use crate::model::id::{ClientId, DomainId};
use crate::model::json::Object;
use crate::model::time::UnixTime;

#[derive(sqlx::FromRow)]
struct DocumentRow {
    domain_id: DomainId,
    client_id: ClientId,
    metadata: Json<Object>,
    source: String,
    identity: String,
    fetched_at: UnixTime,
    fresh_until: UnixTime,
    usable_until: UnixTime,
}

impl TryFrom<DocumentRow> for ClientDocument {
    type Error = sqlx::Error;

    fn try_from(row: DocumentRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            domain_id: row.domain_id,
            client_id: row.client_id,
            metadata: row.metadata.0,
            source: DocumentSource::parse(&row.source).ok_or_else(|| undecodable("an unknown source of a document"))?,
            identity: row.identity,
            fetched_at: row.fetched_at,
            fresh_until: row.fresh_until,
            usable_until: row.usable_until,
        })
    }
}

impl Store {
    /// A document, from memory where possible, however old it is.
    pub async fn client_document(
        &self,
        domain_id: DomainId,
        client_id: &ClientId,
    ) -> Result<Option<Arc<ClientDocument>>, sqlx::Error> {
        if let Some(document) = self.cache().document(domain_id, client_id) {
            return Ok(Some(document));
        }
        let ticket = self.cache().ticket(&(domain_id, client_id.clone()));
        let sql = "select domain_id, client_id, metadata, source, identity, fetched_at, fresh_until, usable_until
                   from client_documents where domain_id = $1 and client_id = $2";
        let row: Option<DocumentRow> = on_backend!(read self, |db| sqlx::query_as(sql)
            .bind(domain_id)
            .bind(client_id)
            .fetch_optional(db)
            .await)?;
        let Some(row) = row else { return Ok(None) };
        let document = Arc::new(row.try_into()?);
        self.cache().keep_document(ticket, &document);
        Ok(Some(document))
    }

    /// Keeps a document in the place of what was known, and at most `most` in its domain: those that nobody consented to
    /// and that were not read for longest go first. Says whether the client is another one now, to whom nobody consented; only that is audited.
    pub async fn keep_client_document(
        &self,
        document: &ClientDocument,
        most: i64,
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let (domain_id, client_id) = (document.domain_id, &document.client_id);
        let known = tx.document_identity(domain_id, client_id).await?;
        let changed = known.is_some_and(|known| known != document.identity);
        tx.write_document(document, changed).await?;
        if changed {
            tx.forget_consents(domain_id, client_id).await?;
            tx.audit(audit).await?;
        }
        for evicted in tx.evict_documents(document, most).await? {
            tx.forget_document(domain_id, &evicted).await?;
        }
        tx.changed(Change::Client(domain_id, client_id.clone()));
        tx.commit().await?;
        Ok(changed)
    }

    /// Forgets a document whose URL no longer leads to one. `false` if there is none.
    pub async fn remove_client_document(
        &self,
        domain_id: DomainId,
        client_id: &ClientId,
        audit: &AuditEvent,
    ) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let sql = "delete from client_documents where domain_id = $1 and client_id = $2";
        let removed = on_tx!(tx, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(client_id)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if removed == 0 {
            return Ok(false);
        }
        tx.forget_document(domain_id, client_id).await?;
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(true)
    }
}

impl Tx {
    async fn document_identity(
        &mut self,
        domain_id: DomainId,
        client_id: &ClientId,
    ) -> Result<Option<String>, sqlx::Error> {
        let sql = "select identity from client_documents where domain_id = $1 and client_id = $2";
        on_tx!(self, |db| sqlx::query_scalar(sql).bind(domain_id).bind(client_id).fetch_optional(db).await)
    }

    async fn write_document(&mut self, document: &ClientDocument, changed: bool) -> Result<(), sqlx::Error> {
        let sql = "insert into client_documents (domain_id, client_id, metadata, source, identity, fetched_at,
                   fresh_until, usable_until, changed_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $6)
                   on conflict (domain_id, client_id) do update set metadata = excluded.metadata,
                   source = excluded.source, identity = excluded.identity, fetched_at = excluded.fetched_at,
                   fresh_until = excluded.fresh_until, usable_until = excluded.usable_until,
                   changed_at = case when $9 then excluded.changed_at else client_documents.changed_at end";
        on_tx!(self, |db| sqlx::query(sql)
            .bind(document.domain_id)
            .bind(&document.client_id)
            .bind(Json(&document.metadata))
            .bind(document.source.as_str())
            .bind(&document.identity)
            .bind(document.fetched_at)
            .bind(document.fresh_until)
            .bind(document.usable_until)
            .bind(changed)
            .execute(db)
            .await
            .map(drop))
    }

    /// Removes what is over the bound besides the document just written, and says what it was. What nobody consented to
    /// goes first: a stranger can bring any number of documents, but nobody's consent.
    async fn evict_documents(&mut self, kept: &ClientDocument, most: i64) -> Result<Vec<ClientId>, sqlx::Error> {
        let sql = "delete from client_documents where domain_id = $1 and client_id in (
                   select d.client_id from client_documents d where d.domain_id = $1 and d.client_id <> $2
                   order by case when exists (select 1 from consents c where c.domain_id = d.domain_id
                                              and c.client_id = d.client_id) then 0 else 1 end,
                   d.fetched_at desc, d.client_id desc limit 1000 offset $3) returning client_id";
        on_tx!(self, |db| sqlx::query_scalar(sql)
            .bind(kept.domain_id)
            .bind(&kept.client_id)
            .bind(most - 1)
            .fetch_all(db)
            .await)
    }

    /// Forgets what else is known of a client whose document is gone.
    async fn forget_document(&mut self, domain_id: DomainId, client_id: &ClientId) -> Result<(), sqlx::Error> {
        let sql = "delete from client_usage where domain_id = $1 and client_id = $2";
        on_tx!(self, |db| sqlx::query(sql).bind(domain_id).bind(client_id).execute(db).await.map(drop))?;
        self.forget_consents(domain_id, client_id).await?;
        self.changed(Change::Client(domain_id, client_id.clone()));
        Ok(())
    }
}
