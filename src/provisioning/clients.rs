//! Provisioning clients.

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::file::{ClientTable, DomainTable};
use super::secret::SecretReference;
use super::{Outcome, Provisioner, overlaid, told};
use crate::clients::administer::Edit;
use crate::clients::manual::Wanted;
use crate::clients::register::needs_secret;
use crate::model::client::{ClientSettings, ClientStatus};
use crate::model::id::ClientId;
use crate::model::json::Object;
use crate::model::registration::policy::Policy;
use crate::store::cache::{ClientEntry, DomainEntry};

impl Provisioner<'_> {
    pub(super) async fn client(&self, table: &DomainTable, wanted: &ClientTable) -> anyhow::Result<Outcome> {
        let domain = self.entry(table).await?;
        let born = wanted.kind.map(|kind| kind.wanted(&wanted.client_id)).unwrap_or_default();
        let client_id = ClientId(wanted.client_id.clone());
        let Some(entry) = self.domains.store.read_client(domain.id(), &client_id).await? else {
            let settings = overlaid(&born.settings, &wanted.settings).context("settings")?;
            let mut metadata = born.metadata;
            metadata.extend(wanted.metadata.clone());
            let made = Wanted { client_id: Some(client_id), secret: None, metadata, settings };
            return self.create_client(&domain, made, wanted.secret.as_ref()).await;
        };
        // The name that a type brings is for a client without one.
        let mut members = born.metadata;
        members.remove("client_name");
        members.extend(wanted.metadata.clone());
        let mut named = Object::new();
        if wanted.kind.is_some() {
            let Value::Object(settings) = serde_json::to_value(&born.settings)? else {
                unreachable!("settings are a struct")
            };
            // Only what the type is about; flags that it leaves off may have been set since.
            named.extend(settings.into_iter().filter(|(_, value)| *value != Value::Bool(false)));
        }
        named.extend(wanted.settings.clone());
        self.change_client(&domain, &entry, (members, named), wanted.secret.as_ref()).await
    }

    /// Creates a client with the secret that the file refers to.
    pub(super) async fn create_client(
        &self,
        domain: &DomainEntry,
        mut wanted: Wanted,
        secret: Option<&SecretReference>,
    ) -> anyhow::Result<Outcome> {
        let metadata = self.registry.check_manual(wanted.metadata.clone()).map_err(told)?;
        match (needs_secret(&metadata), secret) {
            (true, Some(reference)) => wanted.secret = Some(reference.resolve().await?),
            (true, None) => bail!(
                "secret: the client authenticates with one; say where it is: {{ env = \"NAME\" }} or {{ file = \"PATH\" }}"
            ),
            (false, Some(_)) => bail!("secret: the client authenticates without one; leave it out"),
            (false, None) => {}
        }
        self.registry.create(domain, wanted, self.actor).await.map_err(told)?;
        Ok(Outcome::Created)
    }

    /// Brings a client to the named metadata and settings, and to the secret that the file refers to.
    pub(super) async fn change_client(
        &self,
        domain: &DomainEntry,
        entry: &ClientEntry,
        (members, settings): (Object, Object),
        secret: Option<&SecretReference>,
    ) -> anyhow::Result<Outcome> {
        let client = &entry.client;
        ensure!(client.status != ClientStatus::Deleted, "client_id: was deleted; an id is never given twice");
        ensure!(!client.is_dynamic(), "client_id: is a client that was registered, not made by hand");
        let mut metadata = client.metadata.to_object();
        metadata.extend(members);
        let mut checked = self.registry.check_manual(metadata.clone()).map_err(told)?;
        let settings: ClientSettings = overlaid(&client.settings, &settings).context("settings")?;
        if settings.resource_credentials {
            (checked.grant_types, checked.response_types) = (Some(Vec::new()), Some(Vec::new()));
        }
        let needed = needs_secret(&checked);
        ensure!(needed || secret.is_none(), "secret: the client authenticates without one; leave it out");
        let mut outcome = Outcome::Unchanged;
        if checked != client.metadata || settings != client.settings {
            let has_one = needs_secret(&client.metadata);
            ensure!(has_one || !needed || secret.is_some(), "secret: the client needs one now; say where it is");
            let edit = Edit { metadata: (checked != client.metadata).then_some(metadata), settings: Some(settings) };
            self.registry.edit(domain, entry, edit, self.actor).await.map_err(told)?;
            outcome = Outcome::Changed;
        }
        let Some(reference) = secret else { return Ok(outcome) };
        let changed = self.provision_secret(entry, reference).await?;
        Ok(outcome.and(Outcome::changed(changed)))
    }

    /// Sets the secret unless it is the client's current one. The one before lives on for a day.
    async fn provision_secret(&self, before: &ClientEntry, reference: &SecretReference) -> anyhow::Result<bool> {
        let chosen = reference.resolve().await?;
        let client = &before.client;
        let entry = self.domains.store.read_client(client.domain_id, &client.client_id).await?;
        let entry = entry.context("the client was deleted meanwhile")?;
        let current = entry.current_secret(self.domains.store.clock().now()).map(|secret| secret.id);
        let matching = self.registry.matching_secret(&entry, chosen.expose()).await.map_err(told)?;
        if matching.is_some() && matching == current {
            return Ok(false);
        }
        let grace = Policy::gateway().secret_grace;
        self.registry.set_secret(&entry.client, (chosen, grace), self.actor).await.map_err(told)?;
        Ok(true)
    }
}
