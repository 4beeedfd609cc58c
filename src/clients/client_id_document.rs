//! Clients that are a URL (draft-ietf-oauth-client-id-metadata-document): their documents fetched, judged and kept.
//!
//! # Design
//! A document is kept as it was read; what the domain's policy makes of it is decided anew whenever policy, scopes or
//! settings change. A failure to fetch and a refusal are told apart: while a server is away, what it said last goes on
//! for a week; once it says something else, or that there is no document, that counts at once.

use std::sync::Arc;

use anyhow::Context as _;
use aws_lc_rs::digest;
use serde_json::{Value, json};

use super::Registry;
use super::find::{Fetching, FindIn, Found};
use super::flights::Failure;
use crate::fetch::FetchError;
use crate::model::audit_event::Actor;
use crate::model::client::{Client, ClientSettings, ClientStatus, Origin, Registration};
use crate::model::client_id_document::{ClientDocument, DocumentSource, identity, is_taken, read_document};
use crate::model::id::{ClientId, DomainId, PolicyId};
use crate::model::json::Object;
use crate::model::known_client_documents::built_in;
use crate::model::oauth_error::OAuthError;
use crate::model::random;
use crate::model::registration::findings::Refusal;
use crate::model::registration::normalize::normalize;
use crate::model::registration::policy::Decision;
use crate::model::scope::Scope;
use crate::model::time::UnixTime;
use crate::store::cache::{ClientEntry, DomainEntry};
use crate::store::policies::NamedPolicy;

/// How long a document is used without asking again, in seconds, where its server does not say.
const KEPT: i64 = 3_600;

/// What its server says counts within these bounds, in seconds.
const KEPT_BOUNDS: (i64, i64) = (300, 86_400);

/// How long a document is used while its server is away, in seconds.
const USABLE: i64 = 7 * 86_400;

/// How many documents are kept per domain.
const MOST: i64 = 10_000;

/// How much text the clients in memory were made of, in bytes.
const REMEMBERED: u64 = 8 << 20;

/// A client made of a document, and what it was made with.
#[derive(Debug, Clone)]
pub struct DocumentClient {
    /// How long the document is, in bytes.
    length: u32,
    document: Arc<ClientDocument>,
    domain_version: i64,
    policy: (PolicyId, i64),
    scopes: Vec<Scope>,
    entry: Arc<ClientEntry>,
}

/// Clients made of documents, by domain and URL, within bounds.
pub(super) fn memory() -> moka::sync::Cache<(DomainId, ClientId), DocumentClient> {
    moka::sync::Cache::builder().max_capacity(REMEMBERED).weigher(|_, made: &DocumentClient| made.length).build()
}

impl Registry {
    /// The client whose id is this URL.
    pub(super) async fn document_client(
        &self,
        at: FindIn<'_>,
        id: &ClientId,
        fetching: Fetching,
    ) -> Result<Found, OAuthError> {
        let settings = &at.domain.domain.settings;
        if !is_taken(id.as_str(), &settings.client_document_allowed_hosts, &settings.client_document_denied_hosts) {
            return Err(refused("is not one that this domain takes; ask the administrator to allow its host"));
        }
        let now = self.store.clock().now();
        let document = match self.store.client_document(at.domain.id(), id).await? {
            Some(document) if now < document.fresh_until => document,
            _ if fetching == Fetching::Allowed => self.current_document(at.domain, id).await?,
            Some(document) if now < document.usable_until => document,
            _ => return Ok(Found::NeedsFetch),
        };
        self.client_of(at.domain, &document).map(Found::Known)
    }

    /// The document as its server says it is now; as it said it last, while the server is away.
    async fn current_document(&self, domain: &DomainEntry, id: &ClientId) -> Result<Arc<ClientDocument>, OAuthError> {
        let name = format!("{} {id}", domain.id());
        let flight = self.remote.flights.join(&name);
        let _first = flight.lock().await;
        let now = self.store.clock().now();
        let known = self.store.client_document(domain.id(), id).await?;
        if let Some(fresh) = known.as_ref().filter(|known| now < known.fresh_until) {
            return Ok(Arc::clone(fresh));
        }
        let failure = match self.remote.flights.recent_failure(&name, now) {
            Some(failure) => failure,
            None => match self.fetch_document(domain, id, now).await {
                Ok(document) => return self.keep(document).await,
                Err(failure) => {
                    self.remote.flights.failed(&name, now, failure.clone());
                    failure
                }
            },
        };
        if failure.definitive {
            if known.is_some() {
                let action = "client_document.remove";
                let audit = Actor::local("server").did(self.store.clock(), Some(domain.id()), action, id.as_str());
                let audit = audit.with("problem", failure.problem.as_str());
                self.store.remove_client_document(domain.id(), id, &audit).await?;
            }
        } else if let Some(usable) = known.filter(|known| now < known.usable_until) {
            return Ok(usable);
        } else if let Some(copy) = self.built_in_document(domain, id, now) {
            return self.keep(copy).await;
        }
        Err(refused(&failure.problem))
    }

    async fn fetch_document(
        &self,
        domain: &DomainEntry,
        id: &ClientId,
        now: UnixTime,
    ) -> Result<ClientDocument, Failure> {
        let fetched = self.fetcher.get_json(id.as_str()).await.map_err(|error| Failure {
            // The server says that there is none, rather than nothing.
            definitive: matches!(error, FetchError::Status(404 | 410)),
            problem: format!("cannot be fetched: {}", error.told(id.as_str())),
        })?;
        let (least, most) = KEPT_BOUNDS;
        let kept = fetched.max_age.unwrap_or(KEPT).clamp(least, most);
        self.judge_document(domain, id, fetched.value)
            .map(|metadata| document(domain, id, metadata, (DocumentSource::Fetched, now, kept)))
            .map_err(|refusal| Failure { definitive: true, problem: refused_by_rule(&refusal) })
    }

    /// The copy of a widely known document, for a short while.
    fn built_in_document(&self, domain: &DomainEntry, id: &ClientId, now: UnixTime) -> Option<ClientDocument> {
        let metadata = self.judge_document(domain, id, built_in(id.as_str())?).ok()?;
        Some(document(domain, id, metadata, (DocumentSource::BuiltIn, now, KEPT_BOUNDS.0)))
    }

    /// What a document asks for, if the rules and this domain's policy take it.
    fn judge_document(&self, domain: &DomainEntry, id: &ClientId, document: Value) -> Result<Object, Refusal> {
        let members = read_document(id.as_str(), document)?;
        let policy = open_policy(domain)
            .map_err(|_| Refusal::one("client_metadata", "policy", "would be bound by a policy that is gone"))?;
        self.decide_document(domain, policy, members.clone())?;
        Ok(members)
    }

    fn decide_document(
        &self,
        domain: &DomainEntry,
        policy: &NamedPolicy,
        members: Object,
    ) -> Result<Decision, Refusal> {
        let asked = normalize(members)?.metadata;
        let method = asked.token_endpoint_auth_method.clone();
        let decision = self.judge(domain, &policy.rules, asked, None)?;
        if decision.metadata.token_endpoint_auth_method == method {
            return Ok(decision);
        }
        // There is nobody to tell of another one.
        let problem = "is not one that the domain's policy allows";
        Err(Refusal::one("token_endpoint_auth_method", "client-id-document", problem))
    }

    async fn keep(&self, document: ClientDocument) -> Result<Arc<ClientDocument>, OAuthError> {
        let (domain_id, id) = (document.domain_id, &document.client_id);
        let action = "client_document.change";
        let audit = Actor::local("server").did(self.store.clock(), Some(domain_id), action, id.as_str());
        let audit = audit.with("redirect_uris", document.metadata.get("redirect_uris").cloned().unwrap_or_default());
        self.store.keep_client_document(&document, MOST, &audit).await?;
        let kept = self.store.client_document(domain_id, id).await?;
        Ok(kept.unwrap_or_else(|| Arc::new(document)))
    }

    /// The client that a document stands for under the domain's policy as it is now.
    fn client_of(&self, domain: &DomainEntry, document: &Arc<ClientDocument>) -> Result<Arc<ClientEntry>, OAuthError> {
        let policy = open_policy(domain)?;
        let key = (document.domain_id, document.client_id.clone());
        if let Some(made) = self.remote.document_clients.get(&key)
            && Arc::ptr_eq(&made.document, document)
            && (made.domain_version, made.policy) == (domain.domain.version, (policy.id, policy.version))
            && made.scopes == domain.scopes
        {
            return Ok(made.entry);
        }
        let decision = self
            .decide_document(domain, policy, document.metadata.clone())
            .map_err(|refusal| refused(&refused_by_rule(&refusal)))?;
        let entry = Arc::new(ClientEntry::new(client(document, policy, decision), Vec::new()));
        let length = json!(document.metadata).to_string().len() + 1_024;
        let made = DocumentClient {
            length: u32::try_from(length).unwrap_or(u32::MAX),
            document: Arc::clone(document),
            domain_version: domain.domain.version,
            policy: (policy.id, policy.version),
            scopes: domain.scopes.clone(),
            entry: Arc::clone(&entry),
        };
        self.remote.document_clients.insert(key, made);
        Ok(entry)
    }
}

fn open_policy(domain: &DomainEntry) -> Result<&NamedPolicy, OAuthError> {
    let name = &domain.domain.settings.open_policy;
    let policy = domain.policy(name).with_context(|| format!("the domain's open_policy {name} does not exist"));
    policy.map_err(OAuthError::server_error)
}

fn document(
    domain: &DomainEntry,
    id: &ClientId,
    metadata: Object,
    (source, now, kept): (DocumentSource, UnixTime, i64),
) -> ClientDocument {
    let hash = digest::digest(&digest::SHA256, &identity(&metadata));
    ClientDocument {
        domain_id: domain.id(),
        client_id: id.clone(),
        metadata,
        source,
        identity: random::encode(hash.as_ref()),
        fetched_at: now,
        fresh_until: now.plus(kept),
        usable_until: now.plus(USABLE),
    }
}

fn client(document: &ClientDocument, policy: &NamedPolicy, decision: Decision) -> Client {
    Client {
        domain_id: document.domain_id,
        client_id: document.client_id.clone(),
        origin: Origin::ClientDocument,
        status: ClientStatus::Active,
        registrant: None,
        policy_id: Some(policy.id),
        metadata: decision.metadata,
        settings: ClientSettings {
            access_token_lifetime: policy.rules.access_token_lifetime,
            require_pkce: true,
            ..ClientSettings::default()
        },
        registration: Registration::default(),
        registration_token: None,
        previous_registration_token: None,
        tokens_not_before: UnixTime(0),
        version: 1,
        created_at: document.fetched_at,
        updated_at: document.fetched_at,
    }
}

fn refused(problem: &str) -> OAuthError {
    OAuthError::invalid_client(format!("client_id: the metadata document {problem}"))
}

fn refused_by_rule(refusal: &Refusal) -> String {
    format!("is refused: {}", refusal.description())
}
