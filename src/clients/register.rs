//! Registering a client: normalize → rules → policy → store (RFC 7591 §3).

use serde_json::json;

use super::credentials::NewSecret;
use super::prepare::{Prepared, Refused};
use super::record::{Credentials, record};
use super::{Registrant, Registry};
use crate::keys::data_keys::HashPurpose;
use crate::model::audit_event::{Actor, AuditEvent};
use crate::model::client::{Client, ClientSecret, ClientSettings, ClientStatus, Origin, Registration};
use crate::model::client_metadata::ClientMetadata;
use crate::model::id::ClientId;
use crate::model::json::Object;
use crate::model::known_clients::impersonates;
use crate::model::oauth_error::OAuthError;
use crate::model::random::Generated;
use crate::model::registration::fingerprint::canonical;
use crate::model::registration::policy::{InitialStatus, Policy};
use crate::model::secret::Secret;
use crate::model::time::UnixTime;
use crate::store::cache::DomainEntry;
use crate::store::policies::NamedPolicy;
use crate::store::quotas::Quota;
use crate::store::registrations::{NewClient, RegisterOutcome};

/// Never-used clients younger than this, in seconds, are not removed to make room for others.
const EVICTABLE_AFTER: i64 = 3_600;

/// A registration request.
#[derive(Debug)]
pub struct Registering<'a> {
    /// Where.
    pub domain: &'a DomainEntry,
    /// By whom.
    pub registrant: &'a Registrant,
    /// Under which policy.
    pub policy: &'a NamedPolicy,
    /// The base URL under which the server was reached.
    pub base_url: &'a str,
    /// Who acts, for the audit log.
    pub actor: &'a Actor,
}

/// A client just registered, or found again.
#[derive(Debug)]
pub struct Registered {
    /// The complete record.
    pub record: Object,
    /// How the client came to be.
    pub origin: Origin,
}

impl Registry {
    /// Registers a client. Nothing is stored and no use is counted unless all of it succeeds.
    pub async fn register(&self, request: &Registering<'_>, body: Object) -> Result<Registered, Refused> {
        let prepared = self.prepare(request.domain, &request.policy.rules, body).await?;
        if matches!(request.registrant, Registrant::Open { .. }) && prepared.decision.metadata.is_public() {
            return self.register_content_addressed(request, prepared).await;
        }
        self.register_individual(request, prepared).await
    }

    async fn register_individual(&self, request: &Registering<'_>, prepared: Prepared) -> Result<Registered, Refused> {
        let rules = &request.policy.rules;
        let prefix = rules.client_id_prefix.as_ref().map_or("", |prefix| prefix.as_str());
        let (random, domain_id) = (self.store.random(), request.domain.id());
        let client_id = ClientId(format!("{prefix}{}", random.make(domain_id, Generated::ClientId)));
        let token = Secret::new(random.make(domain_id, Generated::RegistrationAccessToken));
        let mut client = self.new_client(request, client_id, &prepared);
        client.registration_token = Some(self.keys.hash(HashPurpose::RegistrationAccessToken, token.expose()));
        let secret = self.first_secret(request.domain, rules, &client).await?;
        let credentials = Credentials {
            secret: secret.as_ref().map(|(clear, stored)| (clear.clone(), stored.expires_at)),
            registration_access_token: Some(token),
        };
        let record = record(&request.domain.domain.name, &client, &credentials);
        rules.check_record(&record)?;
        let quota = self.quota(request.registrant, rules);
        let initial_access_token = match request.registrant {
            Registrant::InitialAccessToken(id) => Some(*id),
            _ => None,
        };
        let audit = self.registered(request, &client, &prepared);
        let outcome = self
            .store
            .register_client(&NewClient {
                client: &client,
                secret: secret.as_ref().map(|(_, stored)| stored),
                initial_access_token,
                quota: quota.as_ref(),
                audit: &audit,
            })
            .await?;
        match outcome {
            RegisterOutcome::Registered => Ok(Registered { record, origin: client.origin }),
            RegisterOutcome::TokenRefused => {
                Err(OAuthError::invalid_token("the initial access token is used up, expired or revoked").into())
            }
            RegisterOutcome::QuotaFull => Err(quota_full(request.registrant).into()),
            RegisterOutcome::Exists => {
                Err(OAuthError::server_error(anyhow::anyhow!("a generated client id is taken")).into())
            }
        }
    }

    /// A public client that nobody owns: the same metadata gives the same client, whoever sends it.
    async fn register_content_addressed(
        &self,
        request: &Registering<'_>,
        prepared: Prepared,
    ) -> Result<Registered, Refused> {
        let domain = request.domain;
        let client_id = self
            .keys
            .fingerprint(&self.store, domain.id(), &canonical(&prepared.asked))
            .await
            .map_err(OAuthError::server_error)?;
        let client_id = ClientId(self.store.random().client_id_for(domain.id(), client_id.0));
        let mut client = self.new_client(request, client_id, &prepared);
        // What the registrant is told is its own request; the row keeps the first one's ports.
        let told = |client: &Client| record(&domain.domain.name, client, &Credentials::default());
        for _ in 0..2 {
            if let Some(existing) = self.store.client(domain.id(), &client.client_id).await? {
                usable(existing.client.status)?;
                client.created_at = existing.client.created_at;
                return Ok(Registered { record: told(&client), origin: Origin::ContentAddressed });
            }
            let quota = self.quota(request.registrant, &request.policy.rules);
            let audit = self.registered(request, &client, &prepared);
            let new = NewClient {
                client: &client,
                secret: None,
                initial_access_token: None,
                quota: quota.as_ref(),
                audit: &audit,
            };
            match self.store.register_client(&new).await? {
                RegisterOutcome::Registered => {
                    return Ok(Registered { record: told(&client), origin: Origin::ContentAddressed });
                }
                RegisterOutcome::QuotaFull => return Err(quota_full(request.registrant).into()),
                // Somebody registered the same metadata meanwhile: find theirs.
                RegisterOutcome::Exists | RegisterOutcome::TokenRefused => {}
            }
        }
        Err(OAuthError::temporarily_unavailable("the same client is being registered by others; try again").into())
    }

    pub(super) fn new_client(&self, request: &Registering<'_>, client_id: ClientId, prepared: &Prepared) -> Client {
        let now = self.store.clock().now();
        let rules = &request.policy.rules;
        let metadata = prepared.decision.metadata.clone();
        let (origin, registrant) = match request.registrant {
            Registrant::Gateway(registrar) => (Origin::Gateway, Some(registrar.0.clone())),
            Registrant::InitialAccessToken(id) => (Origin::InitialAccessToken, Some(id.to_string())),
            Registrant::Open { .. } if metadata.is_public() => (Origin::ContentAddressed, None),
            Registrant::Open { .. } => (Origin::Open, None),
        };
        Client {
            domain_id: request.domain.id(),
            client_id,
            origin,
            status: match rules.initial_status {
                InitialStatus::Active => ClientStatus::Active,
                InitialStatus::Pending => ClientStatus::Pending,
            },
            registrant,
            policy_id: Some(request.policy.id),
            registration: Registration {
                asked: prepared.asked.clone(),
                told: metadata.to_object(),
                base_url: request.base_url.to_owned(),
                secret_lifetime: rules.secret_lifetime,
            },
            metadata,
            settings: ClientSettings {
                access_token_lifetime: rules.access_token_lifetime,
                require_pkce: prepared.decision.pkce_required,
                ..ClientSettings::default()
            },
            registration_token: None,
            previous_registration_token: None,
            tokens_not_before: UnixTime(0),
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    async fn first_secret(
        &self,
        domain: &DomainEntry,
        rules: &Policy,
        client: &Client,
    ) -> Result<Option<(Secret, ClientSecret)>, OAuthError> {
        if !needs_secret(&client.metadata) {
            return Ok(None);
        }
        let new = NewSecret {
            hash: domain.domain.settings.client_secret_hash,
            sealed: true,
            lifetime: rules.secret_lifetime,
        };
        self.generate_secret(client.domain_id, &client.client_id, new).await.map(Some)
    }

    fn quota(&self, registrant: &Registrant, rules: &Policy) -> Option<Quota> {
        let max = rules.quota?;
        Some(match registrant {
            Registrant::Gateway(registrar) => {
                Quota { source: format!("registrar:{registrar}"), max, evict_created_before: None }
            }
            Registrant::InitialAccessToken(id) => {
                Quota { source: format!("initial_access_token:{id}"), max, evict_created_before: None }
            }
            Registrant::Open { source } => Quota {
                source: format!("open:{source}"),
                max,
                evict_created_before: Some(self.store.clock().now().plus(-EVICTABLE_AFTER)),
            },
        })
    }

    fn registered(&self, request: &Registering<'_>, client: &Client, prepared: &Prepared) -> AuditEvent {
        let findings = json!(prepared.decision.findings);
        let event = request
            .actor
            .did(self.store.clock(), Some(client.domain_id), "client.register", client.client_id.as_str())
            .with("policy", request.policy.name.as_str())
            .with("findings", findings);
        match impersonated(&client.metadata) {
            Some(product) => event.with("impersonates", product),
            None => event,
        }
    }
}

/// The well-known product whose name the client bears without leading to it.
fn impersonated(metadata: &ClientMetadata) -> Option<&'static str> {
    let name = metadata.client_name.as_deref()?;
    impersonates(name, metadata.redirects().iter().map(String::as_str))
}

/// Whether a client authenticates with a secret, or needs one as a key (RFC 7591 §2, OIDC Core §10.1).
pub fn needs_secret(metadata: &ClientMetadata) -> bool {
    let method = metadata.token_endpoint_auth_method.as_deref();
    matches!(method, Some("client_secret_basic" | "client_secret_post" | "client_secret_jwt"))
}

/// Whether the client's secret is a key that the server uses itself, so that a sealed copy must be kept.
pub(super) fn keys_with_secret(metadata: &ClientMetadata) -> bool {
    metadata.token_endpoint_auth_method.as_deref() == Some("client_secret_jwt")
}

pub(super) fn usable(status: ClientStatus) -> Result<(), OAuthError> {
    match status {
        ClientStatus::Active | ClientStatus::Pending => Ok(()),
        ClientStatus::Suspended | ClientStatus::Deleted => Err(OAuthError::registration_forbidden(
            "an administrator has blocked the client with this metadata; ask the administrator to lift the block",
        )),
    }
}

fn quota_full(registrant: &Registrant) -> OAuthError {
    let remedy = match registrant {
        Registrant::Open { .. } => "clients from this address that nobody has used yet are too many; try again later",
        _ => "this registrant has as many clients as its policy allows; delete some or have the quota raised",
    };
    OAuthError::too_many_requests(remedy).with_retry_after(600)
}
