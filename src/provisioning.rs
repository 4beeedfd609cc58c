//! Provisioning: domains and what is in them from a file, idempotent (`docs/provisioning.md` describes the file).
//!
//! # Design
//! The file says what shall be, not what to do: what it names is brought to that state, what it does not name is left
//! alone. A second run finds nothing to do and writes nothing. Secrets never stand in the file; it says where they are.

mod administrators;
mod clients;
mod domains;
pub mod file;
mod resources;
pub mod secret;
mod users;

use std::fmt;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use serde::Serialize;

use crate::administrators::Administrators;
use crate::clients::Registry;
use crate::domains::Domains;
use crate::model::audit_event::Actor;
use crate::model::json::{Object, typed};
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::people::People;
use crate::store::cache::DomainEntry;
use file::{DomainTable, ProvisioningFile};
use secret::SecretReference;

/// What provisioning takes.
#[derive(Debug)]
pub struct Provisioner<'a> {
    /// What makes domains, scopes, policies and resources.
    pub domains: &'a Domains,
    /// What makes clients.
    pub registry: &'a Registry,
    /// What makes users.
    pub people: &'a People,
    /// What makes administrators.
    pub administrators: &'a Administrators,
    /// This server's own URL.
    pub public_url: &'a str,
    /// Who acts, for the audit log.
    pub actor: &'a Actor,
}

/// What was done about one thing that the file names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provisioned {
    /// The domain; empty for an administrator.
    pub domain: String,
    /// What kind of thing: `domain`, `scope`, `policy`, `client`, `resource`, `user`, `administrator`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What was done.
    pub outcome: Outcome,
}

/// What was done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was not there.
    Created,
    /// It was different.
    Changed,
    /// It was as it shall be.
    Unchanged,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
        })
    }
}

impl Outcome {
    fn changed(changed: bool) -> Self {
        if changed { Self::Changed } else { Self::Unchanged }
    }

    /// The outcome of a thing, from that of one of its parts after that of another.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unchanged, other) => other,
            (own, _) => own,
        }
    }
}

impl Provisioner<'_> {
    /// Brings everything that the file names to the state it describes. Stops at the first thing that cannot be; a
    /// further run goes on where this one stopped.
    pub async fn apply(&self, file: &ProvisioningFile) -> anyhow::Result<Vec<Provisioned>> {
        let mut report = Vec::new();
        for table in &file.domains {
            self.apply_domain(table, &mut report).await?;
        }
        for table in &file.administrators {
            let name = &table.username;
            let outcome = self.administrator(table).await.with_context(|| format!("[[administrator]] {name:?}"))?;
            report.push(Provisioned { domain: String::new(), kind: "administrator", name: name.clone(), outcome });
        }
        Ok(report)
    }

    async fn apply_domain(&self, table: &DomainTable, report: &mut Vec<Provisioned>) -> anyhow::Result<()> {
        let begun = report.len();
        let mut note = |kind, name: &str, outcome| {
            report.push(Provisioned { domain: table.name.clone(), kind, name: name.to_owned(), outcome });
        };
        let at = |kind: &str, name: &str| format!("[[domain.{kind}]] {name:?} of domain {:?}", table.name);
        let made = self.make_domain(table).await.with_context(|| format!("[[domain]] {:?}", table.name))?;
        for scope in &table.scopes {
            let outcome = self.scope(table, scope).await.with_context(|| at("scope", &scope.name))?;
            note("scope", &scope.name, outcome);
        }
        for policy in &table.policies {
            let outcome = self.policy(table, policy).await.with_context(|| at("policy", &policy.name))?;
            note("policy", &policy.name, outcome);
        }
        // Only now: the settings name policies.
        let set = self.domain_settings(table, false).await.with_context(|| format!("[[domain]] {:?}", table.name))?;
        note("domain", &table.name, made.and(set));
        for client in &table.clients {
            let outcome = self.client(table, client).await.with_context(|| at("client", &client.client_id))?;
            note("client", &client.client_id, outcome);
        }
        for resource in &table.resources {
            let outcome = self.resource(table, resource).await.with_context(|| at("resource", &resource.name))?;
            note("resource", &resource.name, outcome);
        }
        for user in &table.users {
            let outcome = self.user(table, user).await.with_context(|| at("user", &user.username))?;
            note("user", &user.username, outcome);
        }
        // And one of them names a resource.
        let set = self.domain_settings(table, true).await.with_context(|| format!("[[domain]] {:?}", table.name))?;
        if let Some(noted) = report[begun..].iter_mut().find(|thing| thing.kind == "domain") {
            noted.outcome = noted.outcome.and(set);
        }
        Ok(())
    }

    async fn entry(&self, table: &DomainTable) -> anyhow::Result<Arc<DomainEntry>> {
        self.domains.store.domain_named(&table.name).await?.context("the domain was deleted meanwhile")
    }
}

/// Marks an error that is the server's, not the file's.
#[derive(Debug, Clone, Copy)]
pub struct ServerFailed;

impl fmt::Display for ServerFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server failed")
    }
}

/// Whether it is not the file that is wrong.
pub fn is_server_failure(error: &anyhow::Error) -> bool {
    error.is::<ServerFailed>() || error.chain().any(<dyn std::error::Error>::is::<sqlx::Error>)
}

/// The error for people: what was refused, or what really failed.
fn told(error: OAuthError) -> anyhow::Error {
    let OAuthError { cause, description, .. } = error;
    cause.map_or_else(|| anyhow!(description), |cause| cause.context(ServerFailed))
}

/// The secret that a field of the file refers to, if it does.
async fn resolved(reference: Option<&SecretReference>, field: &str) -> anyhow::Result<Option<Secret>> {
    match reference {
        Some(reference) => reference.resolve_as(field).await.map(Some),
        None => Ok(None),
    }
}

/// `current` with the members of `named` in place of its own.
fn overlaid<T: Serialize + serde::de::DeserializeOwned>(current: &T, named: &Object) -> anyhow::Result<T> {
    let serde_json::Value::Object(mut members) = serde_json::to_value(current)? else {
        unreachable!("settings and policies are structs")
    };
    // Read alone first, so that the error is about what the file says.
    typed::<T>(named).map_err(|problem| anyhow!(problem))?;
    members.extend(named.clone());
    typed(&members).map_err(|problem| anyhow!(problem))
}
