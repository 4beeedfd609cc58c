//! Administrators: accounts and what they reach. Who owns the server is decided here, within a transaction.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::Store;
use super::administrator_sessions::EndAdministratorSessions;
use super::backend::Tx;
use super::data_keys::undecodable;
use super::names::push_list;
use super::statement::Statement;
use crate::model::administrator::{Administrator, Reach, Role};
use crate::model::audit_event::AuditEvent;
use crate::model::id::{AdministratorId, DomainId};
use crate::model::time::UnixTime;
use crate::model::user::fold;

#[derive(sqlx::FromRow)]
struct AdministratorRow {
    id: AdministratorId,
    username: String,
    role: String,
    all_domains: bool,
    password: String,
    totp: Option<Vec<u8>>,
    totp_last_step: i64,
    enabled: bool,
    version: i64,
    created_at: UnixTime,
    updated_at: UnixTime,
    last_login_at: Option<UnixTime>,
}

impl AdministratorRow {
    fn with(self, domains: BTreeSet<DomainId>) -> Result<Administrator, sqlx::Error> {
        Ok(Administrator {
            role: role(&self.role)?,
            reach: if self.all_domains { Reach::All } else { Reach::Domains(domains) },
            id: self.id,
            username: self.username,
            password: self.password,
            totp: self.totp,
            totp_last_step: self.totp_last_step,
            enabled: self.enabled,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            last_login_at: self.last_login_at,
        })
    }
}

/// A role as it is stored.
pub(super) fn role(text: &str) -> Result<Role, sqlx::Error> {
    Role::parse(text).ok_or_else(|| undecodable(format!("a role is {text:?}")))
}

macro_rules! select_administrator {
    ($rest:literal) => {
        concat!(
            "select id, username, role, all_domains, password, totp, totp_last_step, enabled, version, created_at,
             updated_at, last_login_at from administrators ",
            $rest
        )
    };
}

/// How storing an administrator ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutAdministratorOutcome {
    /// It is stored, or deleted as was asked.
    Stored,
    /// Another administrator has this user name.
    UsernameTaken,
    /// No enabled owner would be left.
    LastOwner,
    /// The administrator changed since it was read, or is gone.
    Conflict,
}

impl Store {
    /// Whether there is any administrator.
    pub async fn has_administrators(&self) -> Result<bool, sqlx::Error> {
        let sql = "select count(*) from (select id from administrators limit 1) one";
        let count: i64 = on_backend!(read self, |db| sqlx::query_scalar(sql).fetch_one(db).await)?;
        Ok(count > 0)
    }

    /// An administrator by its id.
    pub async fn administrator(&self, id: AdministratorId) -> Result<Option<Administrator>, sqlx::Error> {
        let sql = select_administrator!("where id = $1");
        let row: Option<AdministratorRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(id).fetch_optional(db).await)?;
        self.with_reach(row).await
    }

    /// What administrators log in with, by their ids.
    pub async fn administrator_names(&self, ids: &[Uuid]) -> Result<Vec<(Uuid, String)>, sqlx::Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = Statement::default();
        sql.push("select id, username from administrators where id in ");
        push_list(&mut sql, ids.iter().copied());
        self.rows(sql).await
    }

    /// An administrator by the user name, whatever the case.
    pub async fn administrator_by_username(&self, username: &str) -> Result<Option<Administrator>, sqlx::Error> {
        let sql = select_administrator!("where username_key = $1");
        let row: Option<AdministratorRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(fold(username)).fetch_optional(db).await)?;
        self.with_reach(row).await
    }

    async fn with_reach(&self, row: Option<AdministratorRow>) -> Result<Option<Administrator>, sqlx::Error> {
        let Some(row) = row else { return Ok(None) };
        if row.all_domains {
            return row.with(BTreeSet::new()).map(Some);
        }
        let sql = "select domain_id from administrator_domains where administrator_id = $1";
        let domains: Vec<DomainId> =
            on_backend!(read self, |db| sqlx::query_scalar(sql).bind(row.id).fetch_all(db).await)?;
        row.with(domains.into_iter().collect()).map(Some)
    }

    /// A page of administrators by user name, after the given one.
    pub async fn administrators(&self, after: &str, limit: i64) -> Result<Vec<Administrator>, sqlx::Error> {
        let sql = select_administrator!("where username_key > $1 order by username_key limit $2");
        let rows: Vec<AdministratorRow> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(fold(after)).bind(limit).fetch_all(db).await)?;
        let sql = "select administrator_id, domain_id from administrator_domains where administrator_id in
                   (select id from administrators where username_key > $1 order by username_key limit $2)";
        let reached: Vec<(AdministratorId, DomainId)> =
            on_backend!(read self, |db| sqlx::query_as(sql).bind(fold(after)).bind(limit).fetch_all(db).await)?;
        let mut by_id: HashMap<AdministratorId, BTreeSet<DomainId>> = HashMap::new();
        for (id, domain_id) in reached {
            by_id.entry(id).or_default().insert(domain_id);
        }
        rows.into_iter()
            .map(|row| {
                let reach = by_id.remove(&row.id);
                row.with(reach.unwrap_or_default())
            })
            .collect()
    }

    /// Creates an administrator.
    pub async fn create_administrator(
        &self,
        administrator: &Administrator,
        audit: &AuditEvent,
    ) -> Result<PutAdministratorOutcome, sqlx::Error> {
        let mut tx = self.begin().await?;
        let sql = "insert into administrators (id, username, username_key, role, all_domains, password, totp,
                   totp_last_step, enabled, version, created_at, updated_at)
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11) on conflict do nothing";
        let inserted = on_tx!(tx, |db| sqlx::query(sql)
            .bind(administrator.id)
            .bind(&administrator.username)
            .bind(fold(&administrator.username))
            .bind(administrator.role.as_str())
            .bind(administrator.reach == Reach::All)
            .bind(&administrator.password)
            .bind(administrator.totp.as_deref())
            .bind(administrator.totp_last_step)
            .bind(administrator.enabled)
            .bind(administrator.version)
            .bind(administrator.created_at)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if inserted == 0 {
            return Ok(PutAdministratorOutcome::UsernameTaken);
        }
        tx.write_reach(administrator).await?;
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(PutAdministratorOutcome::Stored)
    }

    /// Changes an administrator's name, role, reach, password and whether they may log in, unless somebody else changed
    /// them since they were read, or no enabled owner would be left. With `ending`, sessions end with it.
    pub async fn update_administrator(
        &self,
        administrator: &Administrator,
        ending: Option<EndAdministratorSessions>,
        audit: &AuditEvent,
    ) -> Result<PutAdministratorOutcome, sqlx::Error> {
        let mut tx = self.begin().await?;
        let owns = administrator.role == Role::Owner && administrator.enabled;
        if !owns && tx.is_last_owner(administrator.id).await? {
            return Ok(PutAdministratorOutcome::LastOwner);
        }
        if tx.holds_username(administrator).await? {
            return Ok(PutAdministratorOutcome::UsernameTaken);
        }
        let now = self.clock().now();
        let sql = "update administrators set username = $1, username_key = $2, role = $3, all_domains = $4,
                   password = $5, enabled = $6, updated_at = $7, version = version + 1
                   where id = $8 and version = $9";
        let updated = on_tx!(tx, |db| sqlx::query(sql)
            .bind(&administrator.username)
            .bind(fold(&administrator.username))
            .bind(administrator.role.as_str())
            .bind(administrator.reach == Reach::All)
            .bind(&administrator.password)
            .bind(administrator.enabled)
            .bind(now)
            .bind(administrator.id)
            .bind(administrator.version)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if updated == 0 {
            return Ok(PutAdministratorOutcome::Conflict);
        }
        tx.write_reach(administrator).await?;
        if let Some(which) = ending {
            tx.end_administrator_sessions(administrator.id, which).await?;
        }
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(PutAdministratorOutcome::Stored)
    }

    /// Deletes an administrator with their sessions, unless no enabled owner would be left. A conflict: they are gone, or
    /// of another version than the given one.
    pub async fn delete_administrator(
        &self,
        id: AdministratorId,
        version: Option<i64>,
        audit: &AuditEvent,
    ) -> Result<PutAdministratorOutcome, sqlx::Error> {
        let mut tx = self.begin().await?;
        if tx.is_last_owner(id).await? {
            return Ok(PutAdministratorOutcome::LastOwner);
        }
        let sql = "delete from administrators where id = $1 and ($2 is null or version = $2)";
        if !tx.delete_version(sql, id.0, version).await? {
            return Ok(PutAdministratorOutcome::Conflict);
        }
        tx.audit(audit).await?;
        tx.commit().await?;
        Ok(PutAdministratorOutcome::Stored)
    }
}

impl Tx {
    /// Whether this is the one enabled owner there is. Other transactions that ask wait until this one ends: else two
    /// owners could each be demoted because of the other.
    async fn is_last_owner(&mut self, id: AdministratorId) -> Result<bool, sqlx::Error> {
        let lock = "insert into server_facts (name, value) values ('owners', $1)
                    on conflict (name) do update set value = excluded.value";
        on_tx!(self, |db| sqlx::query(lock).bind(id.to_string()).execute(db).await.map(drop))?;
        let sql = "select id from administrators where role = 'owner' and enabled order by id limit 2";
        let owners: Vec<AdministratorId> = on_tx!(self, |db| sqlx::query_scalar(sql).fetch_all(db).await)?;
        Ok(owners == [id])
    }

    async fn holds_username(&mut self, administrator: &Administrator) -> Result<bool, sqlx::Error> {
        let sql = "select count(*) from administrators where username_key = $1 and id <> $2";
        let others: i64 = on_tx!(self, |db| sqlx::query_scalar(sql)
            .bind(fold(&administrator.username))
            .bind(administrator.id)
            .fetch_one(db)
            .await)?;
        Ok(others > 0)
    }

    async fn write_reach(&mut self, administrator: &Administrator) -> Result<(), sqlx::Error> {
        let sql = "delete from administrator_domains where administrator_id = $1";
        on_tx!(self, |db| sqlx::query(sql).bind(administrator.id).execute(db).await.map(drop))?;
        let Reach::Domains(domains) = &administrator.reach else { return Ok(()) };
        // A domain that was deleted meanwhile is left out.
        let sql = "insert into administrator_domains (administrator_id, domain_id)
                   select $1, id from domains where id = $2";
        for domain_id in domains {
            on_tx!(self, |db| sqlx::query(sql).bind(administrator.id).bind(domain_id).execute(db).await.map(drop))?;
        }
        Ok(())
    }
}
