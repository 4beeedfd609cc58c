//! Leases: work that one process at a time may do.

use super::Store;

impl Store {
    /// Takes or prolongs a lease for a number of seconds. `false` while somebody else holds it.
    pub async fn take_lease(&self, name: &str, holder: &str, seconds: i64) -> Result<bool, sqlx::Error> {
        let now = self.clock().now();
        let sql = "insert into leases (name, holder, expires_at) values ($1, $2, $3)
                   on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
                   where leases.holder = excluded.holder or leases.expires_at <= $4";
        let taken = on_backend!(write self, |db| sqlx::query(sql)
            .bind(name)
            .bind(holder)
            .bind(now.plus(seconds))
            .bind(now)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(taken > 0)
    }

    /// Gives a lease back before its end.
    pub async fn release_lease(&self, name: &str, holder: &str) -> Result<(), sqlx::Error> {
        let sql = "delete from leases where name = $1 and holder = $2";
        on_backend!(write self, |db| sqlx::query(sql).bind(name).bind(holder).execute(db).await.map(drop))
    }
}
