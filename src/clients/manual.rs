//! Clients made by an administrator: by the command line, provisioning, the console.

use serde_json::{Value, json};

use super::Registry;
use super::administer::{check_grace, check_registered_scopes, told};
use super::credentials::{NewSecret, check_chosen_secret};
use super::register::{keys_with_secret, needs_secret};
use crate::model::audit_event::Actor;
use crate::model::client::{Client, ClientSecret, ClientSettings, ClientStatus, Origin, Registration};
use crate::model::client_metadata::{ClientMetadata, asks_for_encryption};
use crate::model::id::{ClientId, check_names_a_page};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::random::Generated;
use crate::model::registration::findings::Refusal;
use crate::model::registration::normalize::normalize;
use crate::model::registration::rules::check;
use crate::model::scope::ScopeSet;
use crate::model::secret::Secret;
use crate::model::time::UnixTime;
use crate::store::cache::DomainEntry;
use crate::store::clients::{ClientUpdate, SecretChange};
use crate::store::registrations::{NewClient, RegisterOutcome};

pub use crate::model::client_type::DCR_ADMIN;

/// A client that an administrator wants.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Its id; generated where absent.
    pub client_id: Option<ClientId>,
    /// Its secret; generated where absent and needed.
    pub secret: Option<Secret>,
    /// Its metadata.
    pub metadata: Object,
    /// What no registrant may set.
    pub settings: ClientSettings,
}

/// A client just made, with the secret that is shown this once.
#[derive(Debug)]
pub struct Made {
    /// The client.
    pub client: Client,
    /// Its secret, if it was generated.
    pub secret: Option<Secret>,
}

/// The metadata and settings of a gateway registrar: what APIM's form is filled with.
pub fn gateway_registrar(name: &str) -> Wanted {
    let Value::Object(metadata) = json!({
        "client_name": name,
        "application_type": "backend_to_backend",
        "grant_types": ["client_credentials"],
        "response_types": [],
        "token_endpoint_auth_method": "client_secret_basic",
    }) else {
        unreachable!("the literal above is an object")
    };
    let mut scopes = ScopeSet::default();
    scopes.insert(DCR_ADMIN);
    let settings = ClientSettings {
        granted_scopes: scopes.clone(),
        default_scopes: scopes,
        may_introspect: true,
        ..ClientSettings::default()
    };
    Wanted { metadata, settings, ..Wanted::default() }
}

impl Registry {
    /// All that is wrong with a client that an administrator wants, as far as it shows without a look at the others.
    pub fn problems(&self, domain: &DomainEntry, wanted: &Wanted) -> Vec<OAuthError> {
        let checked = [
            check_settings(domain, &wanted.settings),
            self.check_manual(wanted.metadata.clone()).map(drop),
            wanted.client_id.as_ref().map_or(Ok(()), check_id),
            wanted.secret.as_ref().map_or(Ok(()), check_chosen_secret),
        ];
        checked.into_iter().filter_map(Result::err).collect()
    }

    /// Makes a client by hand.
    pub async fn create(&self, domain: &DomainEntry, wanted: Wanted, actor: &Actor) -> Result<Made, OAuthError> {
        check_settings(domain, &wanted.settings)?;
        self.check_template(domain, &wanted.settings, wanted.client_id.as_ref()).await?;
        let mut metadata = self.check_manual(wanted.metadata)?;
        if wanted.settings.resource_credentials {
            // Nothing but introspection.
            (metadata.grant_types, metadata.response_types) = (Some(Vec::new()), Some(Vec::new()));
        }
        let client_id = match wanted.client_id {
            Some(id) => {
                check_id(&id)?;
                id
            }
            None => ClientId(self.store.random().make(domain.id(), Generated::ClientId)),
        };
        let now = self.store.clock().now();
        let client = Client {
            domain_id: domain.id(),
            client_id,
            origin: Origin::Manual,
            status: ClientStatus::Active,
            registrant: None,
            policy_id: None,
            metadata,
            settings: wanted.settings,
            registration: Registration::default(),
            registration_token: None,
            previous_registration_token: None,
            tokens_not_before: UnixTime(0),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        check_registered_scopes(domain, &client)?;
        let sealed = keys_with_secret(&client.metadata);
        let new = NewSecret { hash: domain.domain.settings.client_secret_hash, sealed, lifetime: None };
        let (shown, stored) = match (needs_secret(&client.metadata), wanted.secret) {
            (false, _) => (None, None),
            (true, Some(_)) if sealed => return Err(chosen_secret_is_no_key()),
            (true, Some(chosen)) => (None, Some(self.store_chosen_secret(chosen).await?)),
            (true, None) => {
                let (clear, stored) = self.generate_secret(domain.id(), &client.client_id, new).await?;
                (Some(clear), Some(stored))
            }
        };
        let audit = actor.did(self.store.clock(), Some(domain.id()), "client.create", client.client_id.as_str());
        let audit = audit.changed(&Object::new(), &told(&client));
        let new = NewClient {
            client: &client,
            secret: stored.as_ref(),
            initial_access_token: None,
            quota: None,
            audit: &audit,
        };
        match self.store.register_client(&new).await? {
            RegisterOutcome::Registered => Ok(Made { client, secret: shown }),
            _ => Err(OAuthError::conflict("this client_id is taken, or was; ids are never given twice")),
        }
    }

    /// Gives a client a new secret, shown this once; the others live for `grace` more seconds at the most.
    pub async fn renew_manual(
        &self,
        domain: &DomainEntry,
        client: &Client,
        grace: i64,
        actor: &Actor,
    ) -> Result<(Secret, ClientSecret), OAuthError> {
        check_grace(grace)?;
        if !needs_secret(&client.metadata) {
            return Err(OAuthError::invalid_request("this client authenticates without a secret"));
        }
        let lifetime = client.registration.secret_lifetime;
        let sealed = client.is_dynamic() || keys_with_secret(&client.metadata);
        let new = NewSecret { hash: domain.domain.settings.client_secret_hash, sealed, lifetime };
        let (clear, stored) = self.generate_secret(domain.id(), &client.client_id, new).await?;
        let audit = actor
            .did(self.store.clock(), Some(domain.id()), "client_secret.renew", client.client_id.as_str())
            .with("secret_id", stored.id.to_string())
            .with("grace", grace);
        let secrets = SecretChange::Renew { new: &stored, grace };
        self.write(ClientUpdate { client, secrets, audit: &audit }).await?;
        Ok((clear, stored))
    }

    /// A template's slug names one client.
    pub(super) async fn check_template(
        &self,
        domain: &DomainEntry,
        settings: &ClientSettings,
        own: Option<&ClientId>,
    ) -> Result<(), OAuthError> {
        let Some(slug) = &settings.template else { return Ok(()) };
        let holder = self.store.template_holder(domain.id(), slug).await?;
        if holder.is_some_and(|holder| Some(&holder) != own) {
            return Err(OAuthError::conflict(format!("another client is the template {slug}; choose another slug")));
        }
        Ok(())
    }

    /// Metadata of a hand-made client: the same rules as a registration's, no policy.
    pub fn check_manual(&self, metadata: Object) -> Result<ClientMetadata, OAuthError> {
        let normalized = normalize(metadata)?;
        if let Some(dropped) = normalized.findings.first() {
            let explanation = format!("cannot be set as metadata: {}", dropped.explanation);
            return Err(Refusal::one(&dropped.member, dropped.rule, explanation).into());
        }
        if let Some(member) = normalized.asked.keys().find(|name| asks_for_encryption(name)) {
            let explanation = "is not offered: answers are signed, not encrypted; leave it out";
            return Err(Refusal::one(member, "encryption-offered", explanation).into());
        }
        let mut metadata = check(normalized.metadata, &self.offered)?.into_inner();
        let grants = metadata.grant_types.get_or_insert_with(|| vec!["client_credentials".to_owned()]);
        let code = grants.iter().any(|grant| grant == "authorization_code");
        if code && metadata.redirect_uris.as_ref().is_none_or(Vec::is_empty) {
            return Err(OAuthError::invalid_redirect_uri("redirect_uris: authorization_code needs at least one"));
        }
        metadata.response_types.get_or_insert_with(|| if code { vec!["code".to_owned()] } else { Vec::new() });
        metadata.token_endpoint_auth_method.get_or_insert_with(|| "client_secret_basic".to_owned());
        Ok(metadata)
    }
}

/// A secret that somebody chose is kept as a hash only, and is too weak for a key (RFC 7518 §3.2).
pub(super) fn chosen_secret_is_no_key() -> OAuthError {
    OAuthError::invalid_client_metadata(
        "client_secret: client_secret_jwt needs a generated secret; leave it out and have one made",
    )
}

/// A chosen id keeps to the alphabet that gateways put into URLs unescaped.
fn check_id(id: &ClientId) -> Result<(), OAuthError> {
    let text = id.as_str();
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~');
    if text.is_empty() || text.len() > 50 || text.starts_with('-') || !text.bytes().all(allowed) {
        return Err(OAuthError::invalid_client_metadata(
            "client_id: must be 1 to 50 letters, digits, '-', '_', '.' or '~', not beginning with '-'",
        ));
    }
    check_names_a_page(text).map_err(|problem| OAuthError::invalid_client_metadata(format!("client_id: {problem}")))
}

pub(super) fn check_settings(domain: &DomainEntry, settings: &ClientSettings) -> Result<(), OAuthError> {
    for scope in settings.granted_scopes.iter().chain(settings.default_scopes.iter()) {
        if domain.scope(scope).is_none() {
            return Err(OAuthError::invalid_scope(format!("{scope} is not a scope of this domain; create it first")));
        }
    }
    if let Some(policy) = &settings.registrar_policy
        && domain.policy(policy).is_none()
    {
        return Err(OAuthError::invalid_request(format!("{policy} is not a policy of this domain")));
    }
    if settings.access_token_lifetime.is_some_and(|seconds| !(10..=86_400).contains(&seconds)) {
        return Err(OAuthError::invalid_request("access_token_lifetime must be between 10 and 86400 seconds"));
    }
    Ok(())
}
