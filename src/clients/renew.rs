//! New secrets for a registered client: on request, and when the current one nears its end.

use super::Registry;
use super::credentials::NewSecret;
use super::register::{keys_with_secret, needs_secret};
use super::update::{ATTEMPTS, Managing, changed_too_often};
use crate::model::client::{Client, ClientSecret};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::registration::policy::Policy;
use crate::model::secret::Secret;
use crate::model::time::UnixTime;
use crate::store::cache::{ClientEntry, DomainEntry};
use crate::store::clients::{ClientUpdate, SecretChange};

/// What an update does to the client's secrets.
pub(super) enum SecretStep {
    Keep,
    Drop,
    Renew { clear: Secret, stored: ClientSecret, grace: i64 },
}

impl Registry {
    /// Gives the client a new secret; the old ones live on for the policy's grace.
    pub async fn renew(&self, request: &Managing<'_>, entry: ClientEntry) -> Result<Object, OAuthError> {
        let mut entry = entry;
        for _ in 0..ATTEMPTS {
            if !needs_secret(&entry.client.metadata) {
                return Err(OAuthError::invalid_request(
                    "this client has no secret to renew: its token_endpoint_auth_method is not one with a secret",
                ));
            }
            let mut client = entry.client.clone();
            if request.holder.is_the_application() {
                client.registration.told = client.metadata.to_object();
            }
            let (clear, stored, grace) = self.new_secret(request.domain, &client).await?;
            let audit = request.actor.did(
                self.store.clock(),
                Some(client.domain_id),
                "client_secret.renew",
                client.client_id.as_str(),
            );
            let secrets = SecretChange::Renew { new: &stored, grace };
            if self.store.update_client(&ClientUpdate { client: &client, secrets, audit: &audit }).await? {
                let mut answer = self.answer(request, &entry, &client, Some((clear.clone(), stored.expires_at)))?;
                answer.insert("client_secret".to_owned(), clear.expose().into());
                let end = stored.expires_at.map_or(0, UnixTime::seconds);
                answer.insert("client_secret_expires_at".to_owned(), end.into());
                return Ok(answer);
            }
            entry = self.read_again(request.holder, &entry).await?;
        }
        Err(changed_too_often())
    }

    /// Whether an update gives a secret, takes it, or renews it.
    pub(super) async fn secret_step(
        &self,
        domain: &DomainEntry,
        entry: &ClientEntry,
        client: &Client,
    ) -> Result<SecretStep, OAuthError> {
        let (before, after) = (needs_secret(&entry.client.metadata), needs_secret(&client.metadata));
        if !after {
            return Ok(if before { SecretStep::Drop } else { SecretStep::Keep });
        }
        if before && !self.is_near_its_end(entry) {
            return Ok(SecretStep::Keep);
        }
        let (clear, stored, grace) = self.new_secret(domain, client).await?;
        Ok(SecretStep::Renew { clear, stored, grace })
    }

    /// Less than a third of the current secret's lifetime is left, or it has ended.
    fn is_near_its_end(&self, entry: &ClientEntry) -> bool {
        let now = self.store.clock().now();
        match entry.current_secret(now) {
            Some(secret) => secret.expires_at.is_some_and(|end| end.since(now) * 3 < end.since(secret.created_at)),
            None => true,
        }
    }

    async fn new_secret(
        &self,
        domain: &DomainEntry,
        client: &Client,
    ) -> Result<(Secret, ClientSecret, i64), OAuthError> {
        let policy = policy_of(domain, client);
        let lifetime = policy.map_or(client.registration.secret_lifetime, |policy| policy.secret_lifetime);
        let grace = policy.map_or(Policy::gateway().secret_grace, |policy| policy.secret_grace);
        let sealed = client.is_dynamic() || keys_with_secret(&client.metadata);
        let new = NewSecret { hash: domain.domain.settings.client_secret_hash, sealed, lifetime };
        let (clear, stored) = self.generate_secret(client.domain_id, &client.client_id, new).await?;
        Ok((clear, stored, grace))
    }
}

/// The policy that admitted the client, as it stands now.
pub(super) fn policy_of<'a>(domain: &'a DomainEntry, client: &Client) -> Option<&'a Policy> {
    let id = client.policy_id?;
    domain.policies.iter().find(|policy| policy.id == id).map(|policy| &policy.rules)
}
