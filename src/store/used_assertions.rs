//! Client assertions that were used (RFC 7523 §3, rule 7): none is taken twice, by whichever process.

use super::Store;
use crate::model::id::{ClientId, DomainId};
use crate::model::time::UnixTime;

impl Store {
    /// Notes the use of an assertion, whose `jti` is given as a hash. `false` if it was used before.
    pub async fn use_assertion(
        &self,
        domain_id: DomainId,
        client_id: &ClientId,
        jti: &[u8],
        expires_at: UnixTime,
    ) -> Result<bool, sqlx::Error> {
        let sql = "insert into used_assertions (domain_id, client_id, jti, expires_at) values ($1, $2, $3, $4)
                   on conflict (domain_id, client_id, jti) do nothing";
        let inserted = on_backend!(write self, |db| sqlx::query(sql)
            .bind(domain_id)
            .bind(client_id)
            .bind(jti)
            .bind(expires_at)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(inserted > 0)
    }
}
