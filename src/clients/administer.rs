//! What an administrator does to a client, however it came to be.

use super::Registry;
use super::credentials::NewSecret;
use super::manual::{DCR_ADMIN, check_settings, chosen_secret_is_no_key};
use super::register::{keys_with_secret, needs_secret};
use super::renew::policy_of;
use crate::model::audit_event::Actor;
use crate::model::client::{Client, ClientSecret, ClientSettings, ClientStatus, Origin};
use crate::model::id::{ClientId, SecretId};
use crate::model::json::{Object, members};
use crate::model::oauth_error::OAuthError;
use crate::model::registration::policy::Policy;
use crate::model::scope::ScopeSet;
use crate::model::secret::Secret;
use crate::store::cache::{ClientEntry, DomainEntry};
use crate::store::clients::{ClientUpdate, SecretChange};

/// The longest time that a superseded secret may live on, in seconds: a year.
pub const LONGEST_GRACE: i64 = 31_536_000;

/// A step in a client's life that an administrator takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Stop it, and end its tokens.
    Suspend,
    /// Let a suspended one go on.
    Resume,
    /// Let a waiting one begin.
    Approve,
}

/// What an administrator changes of a client.
#[derive(Debug, Default)]
pub struct Edit {
    /// All its metadata, where that changes.
    pub metadata: Option<Object>,
    /// Its settings, where they change.
    pub settings: Option<ClientSettings>,
}

impl Registry {
    /// Changes a client's metadata and settings. Returns a secret that was made because the client needs one now.
    pub async fn edit(
        &self,
        domain: &DomainEntry,
        entry: &ClientEntry,
        edit: Edit,
        actor: &Actor,
    ) -> Result<Option<Secret>, OAuthError> {
        let mut client = alive(entry)?.clone();
        client.settings = edit.settings.unwrap_or(client.settings);
        if let Some(metadata) = edit.metadata {
            if client.origin == Origin::ContentAddressed {
                return Err(OAuthError::invalid_request(
                    "this client's id stands for its metadata, which cannot be changed; its settings can",
                ));
            }
            client.metadata = self.check_manual(metadata)?;
            if client.settings.resource_credentials {
                client.metadata.grant_types = Some(Vec::new());
                client.metadata.response_types = Some(Vec::new());
            }
            check_registered_scopes(domain, &client)?;
        }
        let (before, after) = (needs_secret(&entry.client.metadata), needs_secret(&client.metadata));
        // A secret kept as a hash only is no key.
        let becomes_key = keys_with_secret(&client.metadata) && self.open_secrets(entry)?.is_empty();
        check_settings(domain, &client.settings)?;
        self.check_template(domain, &client.settings, Some(&client.client_id)).await?;
        let audit = actor.did(self.store.clock(), Some(domain.id()), "client.update", client.client_id.as_str());
        let audit = audit.changed(&told(&entry.client), &told(&client));
        if before == after && !becomes_key || !after {
            let secrets = if before == after { SecretChange::Keep } else { SecretChange::Drop };
            self.write(ClientUpdate { client: &client, secrets, audit: &audit }).await?;
            return Ok(None);
        }
        let audit = audit.with("secret", "renewed");
        let hash = domain.domain.settings.client_secret_hash;
        let lifetime = client.registration.secret_lifetime;
        let sealed = client.is_dynamic() || keys_with_secret(&client.metadata);
        let new = NewSecret { hash, sealed, lifetime };
        let (clear, stored) = self.generate_secret(domain.id(), &client.client_id, new).await?;
        let secrets = SecretChange::Renew { new: &stored, grace: 0 };
        self.write(ClientUpdate { client: &client, secrets, audit: &audit }).await?;
        Ok(Some(clear))
    }

    /// Gives a client the secret that an administrator chose; the others live for `grace` more seconds at the most.
    pub async fn set_secret(
        &self,
        client: &Client,
        (chosen, grace): (Secret, i64),
        actor: &Actor,
    ) -> Result<ClientSecret, OAuthError> {
        check_grace(grace)?;
        if !needs_secret(&client.metadata) {
            return Err(OAuthError::invalid_request("this client authenticates without a secret"));
        }
        if keys_with_secret(&client.metadata) {
            return Err(chosen_secret_is_no_key());
        }
        let stored = self.store_chosen_secret(chosen).await?;
        let action = "client_secret.set";
        let audit = actor
            .did(self.store.clock(), Some(client.domain_id), action, client.client_id.as_str())
            .with("secret_id", stored.id.to_string())
            .with("grace", grace);
        let secrets = SecretChange::Renew { new: &stored, grace };
        self.write(ClientUpdate { client, secrets, audit: &audit }).await?;
        Ok(stored)
    }

    /// Deletes a client as it was read: one that changed since is not.
    pub async fn remove(&self, entry: &ClientEntry, actor: &Actor) -> Result<(), OAuthError> {
        let client = alive(entry)?;
        let id = client.client_id.as_str();
        let audit = actor.did(self.store.clock(), Some(client.domain_id), "client.delete", id);
        if self.store.delete_client(client, &audit).await? {
            return Ok(());
        }
        Err(OAuthError::changed_meanwhile("the client"))
    }

    /// Suspends, resumes or approves a client.
    pub async fn turn(&self, entry: &ClientEntry, step: Step, actor: &Actor) -> Result<(), OAuthError> {
        let mut client = alive(entry)?.clone();
        let action = match (step, client.status) {
            (Step::Suspend, ClientStatus::Active | ClientStatus::Pending) => {
                client.tokens_not_before = self.store.clock().now();
                client.status = ClientStatus::Suspended;
                "client.suspend"
            }
            (Step::Resume, ClientStatus::Suspended) => {
                client.status = ClientStatus::Active;
                "client.resume"
            }
            (Step::Approve, ClientStatus::Pending) => {
                client.status = ClientStatus::Active;
                "client.approve"
            }
            (_, status) => return Err(OAuthError::conflict(format!("the client is {}", status.as_str()))),
        };
        // Not its settings' checks: a scope deleted since must not keep a client from being suspended.
        let audit = actor.did(self.store.clock(), Some(client.domain_id), action, client.client_id.as_str());
        let audit = audit.changed(&told(&entry.client), &told(&client));
        self.write(ClientUpdate { client: &client, secrets: SecretChange::Keep, audit: &audit }).await
    }

    /// Lifts the block on a content-addressed client that an administrator deleted.
    pub async fn restore(&self, entry: &ClientEntry, actor: &Actor) -> Result<(), OAuthError> {
        let client = &entry.client;
        let id = &client.client_id;
        if client.status != ClientStatus::Deleted {
            return Err(OAuthError::conflict(format!("the client is {}, not deleted", client.status.as_str())));
        }
        let audit = actor.did(self.store.clock(), Some(client.domain_id), "client.restore", id.as_str());
        if self.store.restore_client(client.domain_id, id, &audit).await? {
            return Ok(());
        }
        Err(OAuthError::conflict(
            "only an openly registered public client can be restored; any other has to be made anew, under a new id",
        ))
    }

    /// Hands a client that a gateway registered to another gateway registrar, which manages it from now on.
    pub async fn reassign(
        &self,
        domain: &DomainEntry,
        entry: &ClientEntry,
        registrant: &ClientId,
        actor: &Actor,
    ) -> Result<(), OAuthError> {
        let mut client = alive(entry)?.clone();
        if client.origin != Origin::Gateway {
            return Err(OAuthError::invalid_request(format!(
                "only a client that a gateway registered has a registrar; this one is of origin {}",
                client.origin
            )));
        }
        let known = self.store.read_client(domain.id(), registrant).await?;
        let registrar = known.filter(|known| known.client.settings.granted_scopes.contains(DCR_ADMIN));
        if registrar.is_none_or(|registrar| registrar.client.status == ClientStatus::Deleted) {
            return Err(OAuthError::invalid_request(format!(
                "{registrant} is not a client of this domain with the granted scope {DCR_ADMIN}"
            )));
        }
        client.registrant = Some(registrant.0.clone());
        let action = "client.reassign";
        let audit = actor.did(self.store.clock(), Some(domain.id()), action, client.client_id.as_str());
        let audit = audit.changed(&told(&entry.client), &told(&client));
        self.write(ClientUpdate { client: &client, secrets: SecretChange::Keep, audit: &audit }).await
    }

    /// Ends one secret of a client at once.
    pub async fn end_secret(&self, entry: &ClientEntry, id: SecretId, actor: &Actor) -> Result<(), OAuthError> {
        let client = &entry.client;
        let audit = actor
            .did(self.store.clock(), Some(client.domain_id), "client_secret.end", client.client_id.as_str())
            .with("secret_id", id.to_string());
        if self.store.end_secret(client.domain_id, &client.client_id, id, &audit).await? {
            return Ok(());
        }
        Err(OAuthError::not_found(format!("the client has no secret {id}")))
    }

    pub(super) async fn write(&self, update: ClientUpdate<'_>) -> Result<(), OAuthError> {
        if self.store.update_client(&update).await? {
            return Ok(());
        }
        Err(OAuthError::changed_meanwhile("the client"))
    }
}

/// How long, in seconds, a superseded secret of a client usually lives on: as its policy says.
pub fn usual_grace(domain: &DomainEntry, client: &Client) -> i64 {
    policy_of(domain, client).map_or_else(|| Policy::gateway().secret_grace, |policy| policy.secret_grace)
}

pub(super) fn check_grace(grace: i64) -> Result<(), OAuthError> {
    if (0..=LONGEST_GRACE).contains(&grace) {
        return Ok(());
    }
    Err(OAuthError::invalid_request(format!("grace: must be between 0 and {LONGEST_GRACE} seconds")))
}

fn alive(entry: &ClientEntry) -> Result<&Client, OAuthError> {
    match entry.client.status {
        ClientStatus::Deleted => Err(OAuthError::conflict("the client was deleted")),
        _ => Ok(&entry.client),
    }
}

/// What the audit log tells of a client: its metadata, its settings under their prefix, where it stands in life.
pub(super) fn told(client: &Client) -> Object {
    let mut told = client.metadata.to_object();
    told.extend(members(&client.settings).into_iter().map(|(name, value)| (format!("settings.{name}"), value)));
    told.insert("status".to_owned(), client.status.as_str().into());
    told.extend(client.registrant.iter().map(|registrant| ("registrant".to_owned(), registrant.as_str().into())));
    told
}

/// Registered scopes of a client made by hand must be scopes of the domain.
pub(super) fn check_registered_scopes(domain: &DomainEntry, client: &Client) -> Result<(), OAuthError> {
    let unknown = client.metadata.scope.iter().flat_map(ScopeSet::iter).find(|s| domain.scope(s).is_none());
    match unknown {
        Some(scope) => {
            Err(OAuthError::invalid_scope(format!("{scope} is not a scope of this domain; create it first")))
        }
        None => Ok(()),
    }
}
