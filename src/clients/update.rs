//! Reading, updating, renewing and deleting a registered client (RFC 7592, and secret renewal beside it).

use serde_json::{Value, json};

use super::Registry;
use super::administer::told;
use super::prepare::Refused;
use super::record::{Credentials, record};
use super::renew::{SecretStep, policy_of};
use crate::keys::data_keys::HashPurpose;
use crate::model::audit_event::Actor;
use crate::model::client::{Client, ClientStatus};
use crate::model::client_metadata::ClientMetadata;
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::registration::findings::{Finding, Refusal};
use crate::model::registration::merge::{Known, Merged, merge, overlay_statement, patch};
use crate::model::registration::normalize::{ServerMembers, normalize, normalize_patch, take_server_members};
use crate::model::registration::policy::Policy;
use crate::model::secret::{Secret, same};
use crate::model::time::UnixTime;
use crate::store::cache::{ClientEntry, DomainEntry};
use crate::store::clients::{ClientUpdate, SecretChange};

/// How often a change is computed anew when somebody else changed the client meanwhile.
pub(super) const ATTEMPTS: usize = 5;

/// Who manages a client.
#[derive(Debug, Clone)]
pub enum Holder {
    /// The holder of its registration access token: sees everything.
    RegistrationAccessToken(Secret),
    /// The gateway that registered it: sees no registration access token, and a secret only when it renews it.
    Registrar,
}

impl Holder {
    /// Whether it is told for the application, whose echoes are compared with what it was told.
    pub(super) fn is_the_application(&self) -> bool {
        matches!(self, Self::RegistrationAccessToken(_))
    }
}

/// A request about one client.
#[derive(Debug)]
pub struct Managing<'a> {
    /// Where.
    pub domain: &'a DomainEntry,
    /// By whom.
    pub holder: &'a Holder,
    /// Who acts, for the audit log.
    pub actor: &'a Actor,
}

/// How an update is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateKind {
    /// The whole record (RFC 7592 §2.2).
    Put,
    /// A merge patch (RFC 7396).
    Patch,
}

/// What an update comes to, before it is stored.
struct Change {
    client: Client,
    secret: SecretStep,
    findings: Vec<Finding>,
}

impl Registry {
    /// The client's record. What it shows the application counts as told from now on; what it shows a registrar does not
    /// reach the application.
    pub async fn read(&self, request: &Managing<'_>, entry: &ClientEntry) -> Result<Object, OAuthError> {
        let mut client = entry.client.clone();
        let told = client.metadata.to_object();
        if client.registration.told != told && request.holder.is_the_application() {
            client.registration.told = told;
            self.store.note_told(&client).await?;
        }
        self.answer(request, entry, &client, None)
    }

    /// Updates the client by a full or a partial record: all of it or nothing.
    pub async fn update(
        &self,
        request: &Managing<'_>,
        entry: ClientEntry,
        kind: UpdateKind,
        body: Object,
    ) -> Result<Object, Refused> {
        let mut entry = entry;
        for _ in 0..ATTEMPTS {
            let change = self.change(request, &entry, kind, body.clone()).await?;
            let Change { mut client, secret, findings } = change;
            let next_token = self.rotate_token(request, &mut client);
            let audit = request
                .actor
                .did(self.store.clock(), Some(client.domain_id), "client.update", client.client_id.as_str())
                .with("findings", json!(findings))
                .changed(&told(&entry.client), &told(&client));
            let (clear, secrets) = match &secret {
                SecretStep::Keep => (None, SecretChange::Keep),
                SecretStep::Drop => (None, SecretChange::Drop),
                SecretStep::Renew { clear, stored, grace } => {
                    (Some((clear.clone(), stored)), SecretChange::Renew { new: stored, grace: *grace })
                }
            };
            let fresh = clear.map(|(clear, stored)| (clear, stored.expires_at));
            let mut answer = match &secret {
                // The secrets that `entry` holds are gone by then.
                SecretStep::Drop => {
                    self.answer(request, &ClientEntry::new(client.clone(), Vec::new()), &client, None)?
                }
                _ => self.answer(request, &entry, &client, fresh)?,
            };
            if let Some(token) = &next_token {
                answer.insert("registration_access_token".to_owned(), token.expose().into());
            }
            if let Some(policy) = policy_of(request.domain, &client) {
                policy.check_record(&answer)?;
            }
            if self.store.update_client(&ClientUpdate { client: &client, secrets, audit: &audit }).await? {
                return Ok(answer);
            }
            entry = self.read_again(request.holder, &entry).await?;
        }
        Err(changed_too_often().into())
    }

    /// Deletes the client and ends its tokens; its id stays taken (RFC 7592 §2.3).
    pub async fn delete(&self, request: &Managing<'_>, entry: ClientEntry) -> Result<(), OAuthError> {
        let mut entry = entry;
        for _ in 0..ATTEMPTS {
            let client = &entry.client;
            let (clock, id) = (self.store.clock(), client.client_id.as_str());
            let audit = request.actor.did(clock, Some(client.domain_id), "client.delete", id);
            if self.store.delete_client(client, &audit).await? {
                return Ok(());
            }
            entry = self.read_again(request.holder, &entry).await?;
        }
        Err(changed_too_often())
    }

    async fn change(
        &self,
        request: &Managing<'_>,
        entry: &ClientEntry,
        kind: UpdateKind,
        mut body: Object,
    ) -> Result<Change, Refused> {
        let named = take_server_members(&mut body);
        self.check_named(entry, &named).await?;
        let client = &entry.client;
        let in_force = client.metadata.to_object();
        let known = Known { in_force: &in_force, asked: &client.registration.asked, told: &client.registration.told };
        let (mut merged, mut findings) = match kind {
            UpdateKind::Put => {
                let incoming = normalize(body)?;
                (merge(known, &incoming.asked), incoming.findings)
            }
            UpdateKind::Patch => {
                let (change, findings) = normalize_patch(body)?;
                (patch(known, &change), findings)
            }
        };
        self.overlay(request.domain, &mut merged).await?;
        let metadata = ClientMetadata::from_object(merged.members).map_err(Refusal::of)?;
        let fallback = Policy::gateway();
        let policy = match policy_of(request.domain, client) {
            Some(policy) => policy,
            None if client.policy_id.is_none() => &fallback,
            // What it narrowed must not become wide.
            None => {
                let gone = "the policy that admitted this client is gone; ask the administrator to assign another";
                return Err(OAuthError::registration_forbidden(gone).into());
            }
        };
        let decision = self.decide(request.domain, policy, metadata, Some(&client.metadata)).await?;
        findings.extend(decision.findings);
        let mut client = client.clone();
        client.settings.require_pkce |= decision.pkce_required;
        client.registration.told = decision.metadata.to_object();
        client.registration.asked = merged.asked;
        client.metadata = decision.metadata;
        let secret = self.secret_step(request.domain, entry, &client).await?;
        Ok(Change { client, secret, findings })
    }

    /// `client_id` must be this client's, `client_secret` a still valid one of it (RFC 7592 §2.2).
    async fn check_named(&self, entry: &ClientEntry, named: &ServerMembers) -> Result<(), Refused> {
        let rule = "update-identity";
        if let Some(id) = &named.client_id
            && id.as_str() != Some(entry.client.client_id.as_str())
        {
            let explanation = "is not the client of this URL; send its own client_id or leave it out";
            return Err(Refusal::one("client_id", rule, explanation).into());
        }
        if let Some(secret) = &named.client_secret {
            let text = secret.as_str().unwrap_or_default();
            if self.matching_secret(entry, text).await?.is_none() {
                let explanation = "is not a valid secret of this client; leave it out, or renew it to get another";
                return Err(Refusal::one("client_secret", rule, explanation).into());
            }
        }
        Ok(())
    }

    /// A software statement's values win on updates as well (RFC 7591 §2.3).
    async fn overlay(&self, domain: &DomainEntry, merged: &mut Merged) -> Result<(), Refused> {
        let Some(Value::String(statement)) = merged.members.get("software_statement").cloned() else { return Ok(()) };
        // An unchanged statement was verified when it came; it may have expired since.
        if merged.changed.contains("software_statement") {
            self.verify_statement(domain, &statement).await?;
        }
        let claims = super::software_statement::payload(&statement)?;
        overlay_statement(&mut merged.members, &claims);
        overlay_statement(&mut merged.asked, &claims);
        // Claims arrive as their issuer wrote them.
        merged.members = normalize(std::mem::take(&mut merged.members))?.asked;
        merged.asked = normalize(std::mem::take(&mut merged.asked))?.asked;
        Ok(())
    }

    /// Where the policy says so, an update gives a new registration access token; the previous one works until the new
    /// one is first used, because the answer may be lost.
    fn rotate_token(&self, request: &Managing<'_>, client: &mut Client) -> Option<Secret> {
        let Holder::RegistrationAccessToken(presented) = request.holder else { return None };
        if !policy_of(request.domain, client).is_some_and(|policy| policy.rotate_registration_token) {
            return None;
        }
        let hash = |token: &Secret| self.keys.hash(HashPurpose::RegistrationAccessToken, token.expose());
        let next = self.keys.successor(presented.expose());
        client.previous_registration_token = Some(hash(presented));
        client.registration_token = Some(hash(&next));
        Some(next)
    }

    /// The record as this holder may see it. `fresh`: a secret made by this very request.
    pub(super) fn answer(
        &self,
        request: &Managing<'_>,
        entry: &ClientEntry,
        client: &Client,
        fresh: Option<(Secret, Option<UnixTime>)>,
    ) -> Result<Object, OAuthError> {
        let credentials = match request.holder {
            Holder::RegistrationAccessToken(token) => Credentials {
                secret: match fresh {
                    Some(fresh) => Some(fresh),
                    None => self.reveal_secret(entry)?.map(|(secret, stored)| (secret, stored.expires_at)),
                },
                registration_access_token: Some(token.clone()),
            },
            Holder::Registrar => Credentials::default(),
        };
        Ok(record(&request.domain.domain.name, client, &credentials))
    }

    /// The client as somebody else left it, if this holder may still manage it: its token may have been replaced, the
    /// client suspended or given to another registrar meanwhile.
    pub(super) async fn read_again(&self, holder: &Holder, before: &ClientEntry) -> Result<ClientEntry, OAuthError> {
        let (domain_id, client_id) = (before.client.domain_id, &before.client.client_id);
        let entry = self.store.read_client(domain_id, client_id).await?;
        let entry = entry
            .filter(|entry| entry.client.status != ClientStatus::Deleted)
            .ok_or_else(|| OAuthError::invalid_token("the client was deleted meanwhile"))?;
        let client = &entry.client;
        match holder {
            Holder::RegistrationAccessToken(token) => {
                let hash = self.keys.hash(HashPurpose::RegistrationAccessToken, token.expose());
                let known = [&client.registration_token, &client.previous_registration_token];
                if !known.into_iter().flatten().any(|stored| same(stored, &hash)) {
                    return Err(OAuthError::invalid_token("the registration access token was replaced meanwhile"));
                }
                if client.status == ClientStatus::Suspended {
                    return Err(OAuthError::registration_forbidden("the client was suspended meanwhile"));
                }
            }
            Holder::Registrar if client.registrant != before.client.registrant => {
                return Err(OAuthError::registration_forbidden("the client was given to another registrar meanwhile"));
            }
            Holder::Registrar if client.status == ClientStatus::Suspended => {
                return Err(OAuthError::registration_forbidden("the client was suspended meanwhile"));
            }
            Holder::Registrar => {}
        }
        Ok(entry)
    }
}

pub(super) fn changed_too_often() -> OAuthError {
    OAuthError::temporarily_unavailable("the client is being changed by others; nothing was changed, try again")
}
