//! Security domains and what an administrator keeps in them: creating, changing and deleting.

pub mod connections;
pub mod endpoints;
pub mod initial_access_tokens;
pub mod look;
pub mod policies;
pub mod resource_rules;
pub mod resources;
pub mod scopes;
mod settings;

use std::sync::Arc;

use crate::clients::manual::DCR_ADMIN;
use crate::keys::data_keys::DataKeys;
use crate::keys::generate::{KeyPlan, KeySource};
use crate::model::audit_event::Actor;
use crate::model::domain::{Domain, DomainSettings, check_domain_name};
use crate::model::id::{DomainId, PolicyId};
use crate::model::json::{Object, members};
use crate::model::oauth_error::OAuthError;
use crate::model::registration::policy::Policy;
use crate::model::scope::Scope;
use crate::model::signing_key::{KeyStatus, SigningAlgorithm};
use crate::store::Store;
use crate::store::domains::NewDomain;
use crate::store::policies::NamedPolicy;
use settings::check_default_resource;

/// What creating a domain takes.
#[derive(Debug, Clone)]
pub struct Domains {
    /// Where domains are kept.
    pub store: Store,
    /// What seals their keys.
    pub keys: Arc<DataKeys>,
    /// Where their signing keys come from.
    pub source: KeySource,
}

impl Domains {
    /// Creates a domain with the system scopes, the preset policies and its own keys. `false` if the name is taken.
    pub async fn create(&self, name: &str, settings: DomainSettings, actor: &Actor) -> Result<bool, OAuthError> {
        check_domain_name(name).map_err(|problem| OAuthError::invalid_request(format!("name: {problem}")))?;
        settings.check().map_err(OAuthError::invalid_request)?;
        check_default_resource(&settings, &[])?;
        let clock = self.store.clock();
        let now = clock.now();
        let id = DomainId::new(clock);
        let mut signing_keys = Vec::new();
        for algorithm in SigningAlgorithm::ALL {
            let (status, beside) = (KeyStatus::Active, signing_keys.as_slice());
            let plan = KeyPlan { domain_id: id, algorithm: *algorithm, status, activates_at: now, beside };
            let key = self.source.signing_key(&self.keys, clock, &plan).await.map_err(OAuthError::server_error)?;
            signing_keys.push(key);
        }
        let policy = |name: &str, rules| NamedPolicy {
            id: PolicyId::new(clock),
            name: name.to_owned(),
            rules,
            version: 1,
            created_at: now,
        };
        let new = NewDomain {
            domain: Domain { id, name: name.to_owned(), settings, version: 1, created_at: now },
            scopes: system_scopes(),
            policies: vec![policy("gateway", Policy::gateway()), policy("mcp", Policy::mcp())],
            signing_keys,
            fingerprint_key: self.keys.new_fingerprint_key(clock, id),
        };
        let settings = members(&new.domain.settings);
        let audit = actor.did(clock, Some(id), "domain.create", name).changed(&Object::new(), &settings);
        Ok(self.store.create_domain(&new, &audit).await?)
    }
}

/// The scopes that every domain has: those of OpenID Connect Core §5.4 and §11, and the one that registers clients.
fn system_scopes() -> Vec<Scope> {
    let open = |name: &str, label: &str, description: &str| Scope {
        name: name.to_owned(),
        label: label.to_owned(),
        description: description.to_owned(),
        hidden: false,
        reserved: false,
        self_registrable: true,
        version: 0,
    };
    vec![
        open("openid", "Sign in", "Know who you are"),
        open("profile", "Profile", "See your name and picture"),
        open("email", "E-mail", "See your e-mail address"),
        open("address", "Address", "See your postal address"),
        open("phone", "Phone", "See your phone number"),
        open("offline_access", "Offline access", "Stay signed in when you are away"),
        Scope {
            name: DCR_ADMIN.to_owned(),
            label: "Client registration administration".to_owned(),
            description: "Register clients and manage them".to_owned(),
            hidden: true,
            reserved: true,
            self_registrable: false,
            version: 0,
        },
    ]
}
