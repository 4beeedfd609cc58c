//! Which clients hold tokens for a resource, on whose behalf.

use super::Store;
use crate::model::consent::{Connection, ConnectionPlace};
use crate::model::id::{ClientId, DomainId, UserId};
use crate::model::scope::ScopeSet;
use crate::model::time::UnixTime;

#[derive(sqlx::FromRow)]
struct ConnectionRow {
    client_id: ClientId,
    user_id: UserId,
    username: String,
    scope: String,
    granted_at: UnixTime,
    last_used_at: UnixTime,
}

impl Store {
    /// The people who allowed a client this `aud` value and are still logged in there, the latest consent first.
    /// `after`: where an earlier page ended.
    pub async fn connections(
        &self,
        domain_id: DomainId,
        audience: &str,
        after: Option<&ConnectionPlace>,
        limit: i64,
    ) -> Result<Vec<Connection>, sqlx::Error> {
        let now = self.clock().now();
        // Consent by consent: the logins of all people are too many to be grouped first.
        let sql = "select c.client_id, c.user_id, u.username, c.scope, c.granted_at,
                   (select max(a.last_used_at) from authorizations a
                    where a.domain_id = $1 and a.user_id = c.user_id and a.client_id = c.client_id
                    and a.status = 'active' and a.expires_at > $7) as last_used_at
                   from consents c join users u on u.id = c.user_id
                   where c.domain_id = $1 and c.resource = $2
                   and exists (select 1 from authorizations a
                    where a.domain_id = $1 and a.user_id = c.user_id and a.client_id = c.client_id
                    and a.status = 'active' and a.expires_at > $7)
                   and ($3 is null or c.granted_at < $3 or (c.granted_at = $3
                        and (c.user_id > $4 or (c.user_id = $4 and c.client_id > $5))))
                   order by c.granted_at desc, c.user_id, c.client_id limit $6";
        let rows: Vec<ConnectionRow> = on_backend!(read self, |db| sqlx::query_as(sql)
            .bind(domain_id)
            .bind(audience)
            .bind(after.map(|place| place.granted_at))
            .bind(after.map(|place| place.user_id))
            .bind(after.map(|place| &place.client_id))
            .bind(limit)
            .bind(now)
            .fetch_all(db)
            .await)?;
        Ok(rows
            .into_iter()
            .map(|row| Connection {
                client_id: row.client_id,
                user_id: row.user_id,
                username: row.username,
                scope: ScopeSet::parse(&row.scope).unwrap_or_default(),
                granted_at: row.granted_at,
                last_used_at: row.last_used_at,
            })
            .collect())
    }
}
