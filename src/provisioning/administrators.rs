//! Provisioning administrators.

use std::collections::BTreeSet;

use anyhow::{Context as _, anyhow, bail};
use serde::Deserialize;

use super::secret::{SecretReference, reference};
use super::{Outcome, Provisioner, resolved, told};
use crate::administrators::accounts::{AdministratorEdit, NewAdministrator};
use crate::model::administrator::{Reach, Role};
use crate::model::json::{Object, typed};
use crate::people::password::verify_password;

/// `[[administrator]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdministratorTable {
    /// What the person logs in with.
    pub username: String,
    /// What the person may do.
    pub role: Role,
    /// The domains within reach.
    pub domains: Option<Vec<String>>,
    /// Whether every domain is within reach; an owner reaches them anyway.
    #[serde(default)]
    pub all_domains: bool,
    /// Where the password is.
    #[serde(default, deserialize_with = "reference")]
    pub password: Option<SecretReference>,
    /// Whether the person may log in.
    pub enabled: Option<bool>,
}

impl AdministratorTable {
    pub(super) fn read(table: &Object) -> anyhow::Result<Self> {
        let name = table.get("username").and_then(serde_json::Value::as_str);
        let refused = |problem: String| match name {
            Some(name) => anyhow!("[[administrator]] {name:?}: {problem}"),
            None => anyhow!("[[administrator]] without username: {problem}"),
        };
        let read: Self = typed(table).map_err(refused)?;
        match (&read.domains, read.all_domains || read.role == Role::Owner) {
            (Some(_), true) => Err(refused("domains: reaches every domain already; leave it out".to_owned())),
            (None, false) => Err(refused("domains: is missing; name them, or set all_domains = true".to_owned())),
            _ => Ok(read),
        }
    }
}

impl Provisioner<'_> {
    pub(super) async fn administrator(&self, wanted: &AdministratorTable) -> anyhow::Result<Outcome> {
        let administrators = self.administrators;
        let reach = self.reach(wanted).await?;
        let chosen = resolved(wanted.password.as_ref(), "password").await;
        let Some(known) = administrators.store.administrator_by_username(&wanted.username).await? else {
            let new = NewAdministrator {
                username: wanted.username.clone(),
                role: wanted.role,
                reach,
                password: chosen?.context("password: is missing; say where it is")?,
                disabled: wanted.enabled == Some(false),
            };
            administrators.create(new, self.actor).await.map_err(told)?;
            return Ok(Outcome::Created);
        };
        let mut edit = AdministratorEdit {
            username: Some(wanted.username.clone()).filter(|username| *username != known.username),
            role: Some(wanted.role).filter(|role| *role != known.role),
            reach: Some(reach).filter(|reach| *reach != known.reach),
            password: None,
            enabled: wanted.enabled.filter(|enabled| *enabled != known.enabled),
            any_version: false,
        };
        if let Some(chosen) = chosen? {
            let same = verify_password(&administrators.argon2, chosen.clone(), Some(&known.password)).await;
            if !same.map_err(told)? {
                edit.password = Some(chosen);
            }
        }
        let changed = edit.username.is_some()
            || edit.role.is_some()
            || edit.reach.is_some()
            || edit.password.is_some()
            || edit.enabled.is_some();
        if changed {
            administrators.change(&known, edit, None, self.actor).await.map_err(told)?;
        }
        Ok(Outcome::changed(changed))
    }

    async fn reach(&self, wanted: &AdministratorTable) -> anyhow::Result<Reach> {
        let Some(names) = &wanted.domains else { return Ok(Reach::All) };
        let mut reached = BTreeSet::new();
        for name in names {
            match self.domains.store.domain_named(name).await? {
                Some(domain) => reached.insert(domain.id()),
                None => bail!("domains: there is no domain {name:?}; add [[domain]] {name:?}"),
            };
        }
        Ok(Reach::Domains(reached))
    }
}
