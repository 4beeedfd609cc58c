//! The protected resources of a domain (RFC 8707).

use serde_json::json;

use super::Domains;
use super::resource_rules::{check_resource, identifier_taken, name_taken};
use super::settings::check_default_resource;
use crate::clients::Registry;
use crate::clients::manual::Wanted;
use crate::model::audit_event::{Actor, AuditEvent};
use crate::model::client::{ClientSettings, ClientStatus};
use crate::model::id::{ClientId, ResourceId};
use crate::model::json::{Object, members};
use crate::model::oauth_error::OAuthError;
use crate::model::resource::{Resource, ResourceSettings};
use crate::model::secret::Secret;
use crate::store::cache::DomainEntry;
use crate::store::resources::PutResourceOutcome;

/// The longest that a resource's secrets before go on working, in seconds.
pub const MOST_OVERLAP: i64 = 30 * 86_400;

/// A resource that an administrator wants.
#[derive(Debug)]
pub struct NewResource<'a> {
    /// What people call it.
    pub name: &'a str,
    /// What an administrator may set.
    pub settings: ResourceSettings,
    /// Whether it gets credentials for introspection.
    pub credentials: bool,
    /// This server's own URL.
    pub public_url: &'a str,
}

impl Domains {
    /// Creates a resource, with credentials if they are wanted; their secret is told this once.
    pub async fn create_resource(
        &self,
        registry: &Registry,
        domain: &DomainEntry,
        new: NewResource<'_>,
        actor: &Actor,
    ) -> Result<(Resource, Option<Secret>), OAuthError> {
        let mut resource = self.new_resource(domain, new.name, new.settings);
        // Before its credentials are made, which would be left over.
        check_resource(domain, &resource, new.public_url)?;
        let mut made = None;
        if new.credentials {
            made = Some(registry.create(domain, resource_credentials(new.name), actor).await?);
        }
        resource.credentials = made.as_ref().map(|made| made.client.client_id.clone());
        let stored = self.put_resource(domain, &resource, new.public_url, actor).await;
        if let (Err(_), Some(made)) = (&stored, &made) {
            self.store.delete_client(&made.client, &self.unwanted(&made.client.client_id, domain, actor)).await?;
        }
        stored?;
        resource.version = 1;
        Ok((resource, made.and_then(|made| made.secret)))
    }

    /// Gives a resource another secret for introspection, told this once; those before work for `overlap` seconds more.
    /// A resource without credentials gets some. Returns the client whose secret it is.
    pub async fn renew_credentials(
        &self,
        registry: &Registry,
        (domain, resource): (&DomainEntry, &Resource),
        (overlap, public_url): (i64, &str),
        actor: &Actor,
    ) -> Result<(ClientId, Secret), OAuthError> {
        if !(0..=MOST_OVERLAP).contains(&overlap) {
            return Err(OAuthError::invalid_request(format!(
                "overlap: must be 0 to {MOST_OVERLAP} seconds, for which the secrets before go on working"
            )));
        }
        let known = match &resource.credentials {
            Some(client_id) => self.store.read_client(domain.id(), client_id).await?,
            None => None,
        };
        if let Some(entry) = known.filter(|known| known.client.status != ClientStatus::Deleted) {
            let (secret, _) = registry.renew_manual(domain, &entry.client, overlap, actor).await?;
            return Ok((entry.client.client_id, secret));
        }
        let made = registry.create(domain, resource_credentials(&resource.name), actor).await?;
        let client_id = made.client.client_id.clone();
        let changed = Resource { credentials: Some(client_id.clone()), ..resource.clone() };
        if let Err(refused) = self.put_resource(domain, &changed, public_url, actor).await {
            self.store.delete_client(&made.client, &self.unwanted(&client_id, domain, actor)).await?;
            return Err(refused);
        }
        let no_secret = || OAuthError::server_error(anyhow::anyhow!("credentials were made without a secret"));
        Ok((client_id, made.secret.ok_or_else(no_secret)?))
    }

    /// That credentials which were made a moment ago are deleted, because their resource could not be stored.
    fn unwanted(&self, client_id: &ClientId, domain: &DomainEntry, actor: &Actor) -> AuditEvent {
        actor.did(self.store.clock(), Some(domain.id()), "client.delete", client_id.as_str())
    }

    /// A resource about to be created; [`Domains::put_resource`] stores it.
    pub fn new_resource(&self, domain: &DomainEntry, name: &str, settings: ResourceSettings) -> Resource {
        let clock = self.store.clock();
        Resource {
            id: ResourceId::new(clock),
            domain_id: domain.id(),
            name: name.to_owned(),
            credentials: None,
            settings,
            granted_clients: Vec::new(),
            version: 0,
            created_at: clock.now(),
        }
    }

    /// Creates a resource whose version is 0; changes any other, unless somebody else changed it since that version.
    /// `public_url`: this server's own.
    pub async fn put_resource(
        &self,
        domain: &DomainEntry,
        resource: &Resource,
        public_url: &str,
        actor: &Actor,
    ) -> Result<(), OAuthError> {
        check_resource(domain, resource, public_url)?;
        let known = domain.resources.iter().find(|known| known.id == resource.id);
        let mut resources: Vec<Resource> = domain.resources.clone();
        resources.retain(|known| known.id != resource.id);
        resources.push(resource.clone());
        check_still_default(domain, &resources)?;
        let action = if resource.version == 0 { "resource.create" } else { "resource.update" };
        let audit = actor
            .did(self.store.clock(), Some(domain.id()), action, &resource.name)
            .with("resource_id", resource.id.to_string())
            .changed(&known.map(told).unwrap_or_default(), &told(resource));
        match self.store.put_resource(resource, &audit).await? {
            PutResourceOutcome::Stored => Ok(()),
            PutResourceOutcome::NameTaken => Err(name_taken(&resource.name)),
            PutResourceOutcome::IdentifierTaken(identifier) => Err(identifier_taken(&identifier, "another resource")),
            PutResourceOutcome::Conflict => Err(OAuthError::changed_meanwhile("the resource")),
        }
    }

    /// Deletes a resource; its credentials are a client of their own. With a version, only if that is still the present
    /// one.
    pub async fn delete_resource(
        &self,
        resource: &Resource,
        version: Option<i64>,
        actor: &Actor,
    ) -> Result<(), OAuthError> {
        if let Some(domain) = self.store.domain(resource.domain_id).await? {
            let mut others = domain.resources.clone();
            others.retain(|known| known.id != resource.id);
            check_still_default(&domain, &others)?;
        }
        let audit = actor.did(self.store.clock(), Some(resource.domain_id), "resource.delete", &resource.name);
        let audit = audit.changed(&told(resource), &Object::new());
        if self.store.delete_resource(resource.domain_id, resource.id, version, &audit).await? {
            return Ok(());
        }
        Err(OAuthError::not_deleted(version, "the resource"))
    }

    /// Lets a client have tokens for a resource by client credentials, or stops it.
    pub async fn grant_resource(
        &self,
        resource: &Resource,
        client_id: &ClientId,
        granted: bool,
        actor: &Actor,
    ) -> Result<(), OAuthError> {
        if granted {
            let known = self.store.client(resource.domain_id, client_id).await?;
            if known.is_none_or(|known| known.client.status == ClientStatus::Deleted) {
                return Err(OAuthError::not_found(format!("the domain has no client {client_id}")));
            }
        } else if !resource.is_granted_to(client_id) {
            return Err(OAuthError::not_found(format!("{} is not granted to {client_id}", resource.name)));
        }
        let action = if granted { "resource.grant" } else { "resource.revoke_grant" };
        let audit = actor
            .did(self.store.clock(), Some(resource.domain_id), action, &resource.name)
            .with("client_id", client_id.as_str());
        Ok(self.store.grant_resource(resource, client_id, granted, &audit).await?)
    }
}

/// What the audit log tells of a resource.
fn told(resource: &Resource) -> Object {
    let mut told = members(&resource.settings);
    told.insert("name".to_owned(), resource.name.as_str().into());
    told.insert("credentials".to_owned(), json!(resource.credentials));
    told
}

/// The client that a resource introspects with: it can get no token.
pub fn resource_credentials(resource: &str) -> Wanted {
    let metadata = Object::from_iter([
        ("client_name".to_owned(), resource.into()),
        ("grant_types".to_owned(), json!([])),
        ("response_types".to_owned(), json!([])),
        ("token_endpoint_auth_method".to_owned(), "client_secret_basic".into()),
    ]);
    let settings = ClientSettings { resource_credentials: true, ..ClientSettings::default() };
    Wanted { metadata, settings, ..Wanted::default() }
}

/// A change of resources must leave the domain's default one.
fn check_still_default(domain: &DomainEntry, resources: &[Resource]) -> Result<(), OAuthError> {
    let settings = &domain.domain.settings;
    // What was wrong before is no reason to refuse another change.
    let broken = |resources| check_default_resource(settings, resources).is_err();
    if broken(resources) && !broken(&domain.resources) {
        let named = settings.default_resource.as_deref().unwrap_or_default();
        return Err(OAuthError::conflict(format!(
            "{named} is the domain's default_resource; set that to another first"
        )));
    }
    Ok(())
}
