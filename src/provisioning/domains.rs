//! Provisioning domains, scopes and policies.

use anyhow::bail;

use super::file::{DomainTable, PolicyTable, Preset, ScopeTable};
use super::{Outcome, Provisioner, overlaid, told};
use crate::model::domain::DomainSettings;
use crate::model::registration::policy::Policy;
use crate::model::scope::Scope;
use crate::store::policies::NamedPolicy;

impl Provisioner<'_> {
    pub(super) async fn make_domain(&self, table: &DomainTable) -> anyhow::Result<Outcome> {
        let mut settings = overlaid(&DomainSettings::default(), &table.settings)?;
        if self.domains.store.domain_named(&table.name).await?.is_some() {
            return Ok(Outcome::Unchanged);
        }
        settings.default_resource = None;
        if !self.domains.create(&table.name, settings, self.actor).await.map_err(told)? {
            bail!("another process made this domain at the same time; apply the file once more");
        }
        Ok(Outcome::Created)
    }

    /// Brings the settings to what the file says. `resources`: whether those it names are there by now.
    pub(super) async fn domain_settings(&self, table: &DomainTable, resources: bool) -> anyhow::Result<Outcome> {
        let domain = self.entry(table).await?;
        let current = &domain.domain.settings;
        let mut wanted: DomainSettings = overlaid(current, &table.settings)?;
        if !resources {
            wanted.default_resource.clone_from(&current.default_resource);
        }
        if wanted == *current {
            return Ok(Outcome::Unchanged);
        }
        self.domains.change(&domain, &wanted, self.actor).await.map_err(told)?;
        Ok(Outcome::Changed)
    }

    pub(super) async fn scope(&self, table: &DomainTable, wanted: &ScopeTable) -> anyhow::Result<Outcome> {
        let domain = self.entry(table).await?;
        let current = domain.scope(&wanted.name);
        let mut scope = current.cloned().unwrap_or_else(|| Scope {
            name: wanted.name.clone(),
            label: wanted.name.clone(),
            description: String::new(),
            hidden: false,
            reserved: false,
            self_registrable: false,
            version: 0,
        });
        scope.label = wanted.label.clone().unwrap_or(scope.label);
        scope.description = wanted.description.clone().unwrap_or(scope.description);
        scope.hidden = wanted.hidden.unwrap_or(scope.hidden);
        scope.reserved = wanted.reserved.unwrap_or(scope.reserved);
        scope.self_registrable = wanted.self_registrable.unwrap_or(scope.self_registrable);
        if current == Some(&scope) {
            return Ok(Outcome::Unchanged);
        }
        self.domains.put_scope(&domain, &scope, self.actor).await.map_err(told)?;
        Ok(if current.is_some() { Outcome::Changed } else { Outcome::Created })
    }

    pub(super) async fn policy(&self, table: &DomainTable, wanted: &PolicyTable) -> anyhow::Result<Outcome> {
        let domain = self.entry(table).await?;
        let current = domain.policy(&wanted.name);
        let base = match (wanted.from, current) {
            (Some(Preset::Gateway), _) | (None, None) => Policy::gateway(),
            (Some(Preset::Mcp), _) => Policy::mcp(),
            (None, Some(current)) => current.rules.clone(),
        };
        let rules: Policy = overlaid(&base, &wanted.rules)?;
        match current {
            Some(current) if current.rules == rules => Ok(Outcome::Unchanged),
            Some(current) => {
                let policy = NamedPolicy { rules, ..current.clone() };
                self.domains.change_policy(&domain, &policy, self.actor).await.map_err(told)?;
                Ok(Outcome::Changed)
            }
            None => {
                self.domains.create_policy(&domain, &wanted.name, rules, self.actor).await.map_err(told)?;
                Ok(Outcome::Created)
            }
        }
    }
}
