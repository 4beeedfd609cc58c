//! Provisioning resources, what they introspect with, and who may have tokens for them.

use anyhow::Context as _;

use super::file::{CredentialsTable, DomainTable, ResourceTable};
use super::{Outcome, Provisioner, overlaid, told};
use crate::domains::resource_rules::check_resource;
use crate::domains::resources::resource_credentials;
use crate::model::id::ClientId;
use crate::model::json::Object;
use crate::model::resource::ResourceSettings;
use crate::store::cache::DomainEntry;

impl Provisioner<'_> {
    pub(super) async fn resource(&self, table: &DomainTable, wanted: &ResourceTable) -> anyhow::Result<Outcome> {
        let domain = self.entry(table).await?;
        let current = domain.resources.iter().find(|resource| resource.name == wanted.name);
        let mut resource = match current {
            Some(current) => current.clone(),
            None => self.domains.new_resource(&domain, &wanted.name, ResourceSettings::default()),
        };
        resource.settings = overlaid(&resource.settings, &wanted.settings).context("settings")?;
        resource.settings.identifiers.clone_from(&wanted.identifiers);
        check_resource(&domain, &resource, self.public_url).map_err(told)?;
        let mut outcome = Outcome::Unchanged;
        if let Some(credentials) = &wanted.credentials {
            outcome = self.credentials(&domain, wanted, credentials).await.context("credentials")?;
            resource.credentials = Some(ClientId(credentials.client_id.clone()));
        }
        match current {
            None => outcome = Outcome::Created,
            Some(current) => {
                let same = current.settings == resource.settings && current.credentials == resource.credentials;
                outcome = outcome.and(Outcome::changed(!same));
                if same {
                    return self.grants(table, wanted, outcome).await;
                }
            }
        }
        self.domains.put_resource(&domain, &resource, self.public_url, self.actor).await.map_err(told)?;
        self.grants(table, wanted, outcome).await
    }

    async fn credentials(
        &self,
        domain: &DomainEntry,
        wanted: &ResourceTable,
        credentials: &CredentialsTable,
    ) -> anyhow::Result<Outcome> {
        let client_id = ClientId(credentials.client_id.clone());
        let secret = credentials.secret.as_ref();
        let entry = self.domains.store.read_client(domain.id(), &client_id).await?;
        let outcome = if let Some(entry) = entry {
            let settings = Object::from_iter([("resource_credentials".to_owned(), true.into())]);
            self.change_client(domain, &entry, (Object::new(), settings), secret).await?
        } else {
            let mut born = resource_credentials(&wanted.name);
            born.client_id = Some(client_id);
            self.create_client(domain, born, secret).await?
        };
        // Of the resource it is a part.
        Ok(Outcome::changed(outcome != Outcome::Unchanged))
    }

    async fn grants(
        &self,
        table: &DomainTable,
        wanted: &ResourceTable,
        mut outcome: Outcome,
    ) -> anyhow::Result<Outcome> {
        let domain = self.entry(table).await?;
        let resource = domain.resources.iter().find(|resource| resource.name == wanted.name);
        let resource = resource.context("the resource was deleted meanwhile")?;
        for client in wanted.grants.iter().map(|client| ClientId(client.clone())) {
            if !resource.is_granted_to(&client) {
                self.domains
                    .grant_resource(resource, &client, true, self.actor)
                    .await
                    .map_err(told)
                    .context("grants")?;
                outcome = outcome.and(Outcome::Changed);
            }
        }
        Ok(outcome)
    }
}
