//! The logo of a domain's pages.

use bytes::Bytes;

use super::Store;
use super::changes::Change;
use crate::model::audit_event::AuditEvent;
use crate::model::id::DomainId;
use crate::model::look::Logo;

impl Store {
    /// A domain's logo.
    pub async fn logo(&self, domain_id: DomainId) -> Result<Option<Logo>, sqlx::Error> {
        let sql = "select media_type, image from domain_logos where domain_id = $1";
        let row: Option<(String, Vec<u8>)> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(domain_id).fetch_optional(db).await)?;
        Ok(row.map(|(media_type, image)| Logo::new(media_type, Bytes::from(image))))
    }

    /// Puts a logo in the place of the one before.
    pub async fn put_logo(&self, domain_id: DomainId, logo: &Logo, audit: &AuditEvent) -> Result<(), sqlx::Error> {
        let mut tx = self.begin().await?;
        let now = self.clock().now();
        let sql = "insert into domain_logos (domain_id, media_type, image, updated_at) values ($1, $2, $3, $4)
                   on conflict (domain_id) do update set media_type = excluded.media_type, image = excluded.image,
                   updated_at = excluded.updated_at";
        on_tx!(tx, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(&logo.media_type)
            .bind(&logo.image[..])
            .bind(now)
            .execute(db)
            .await
            .map(drop))?;
        tx.audit(audit).await?;
        tx.changed(Change::Domain(domain_id));
        tx.commit().await
    }

    /// Takes a domain's logo away. `false` if it has none.
    pub async fn delete_logo(&self, domain_id: DomainId, audit: &AuditEvent) -> Result<bool, sqlx::Error> {
        let mut tx = self.begin().await?;
        let sql = "delete from domain_logos where domain_id = $1";
        let deleted =
            on_tx!(tx, |db| sqlx::query(sql).bind(domain_id).execute(db).await.map(|done| done.rows_affected()))?;
        if deleted == 0 {
            return Ok(false);
        }
        tx.audit(audit).await?;
        tx.changed(Change::Domain(domain_id));
        tx.commit().await?;
        Ok(true)
    }
}
