//! From a raw body to a decision: what a registration would get.

use serde_json::Value;

use super::Registry;
use crate::fetch::FetchError;
use crate::model::client_metadata::ClientMetadata;
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::registration::findings::{ErrorCode, Finding, Refusal};
use crate::model::registration::merge::overlay_statement;
use crate::model::registration::normalize::normalize;
use crate::model::registration::policy::{Decision, Policy, PolicyInput, apply};
use crate::model::registration::rules::{check, key_document_is_public, sector_document_covers};
use crate::model::registration::template;
use crate::store::cache::DomainEntry;

/// What a registration would get.
#[derive(Debug)]
pub struct Prepared {
    /// What the registrant asked for, normalised; the software statement's values included.
    pub asked: Object,
    /// The complete metadata, and what was done to it.
    pub decision: Decision,
}

/// Why a registration was refused: a rule, or a failure of the server's own.
#[derive(Debug)]
pub enum Refused {
    /// A rule, with everything that was found.
    ByRule(Refusal),
    /// Something else.
    Otherwise(OAuthError),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::ByRule(refusal)
    }
}

impl From<OAuthError> for Refused {
    fn from(error: OAuthError) -> Self {
        Self::Otherwise(error)
    }
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        Self::Otherwise(error.into())
    }
}

impl From<Refused> for OAuthError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::ByRule(refusal) => refusal.into(),
            Refused::Otherwise(error) => error,
        }
    }
}

impl Registry {
    /// Normalises, fills in, checks and decides.
    pub async fn prepare(&self, domain: &DomainEntry, policy: &Policy, body: Object) -> Result<Prepared, Refused> {
        let normalized = normalize(body)?;
        let (mut asked, mut metadata, mut findings) = (normalized.asked, normalized.metadata, normalized.findings);
        match &normalized.software_statement {
            Some(statement) => {
                let claims = self.verify_statement(domain, statement).await?;
                overlay_statement(&mut asked, &claims);
                // The claims are data from outside as well.
                let overlaid = normalize(asked)?;
                (asked, metadata) = (overlaid.asked, overlaid.metadata);
            }
            None if policy.require_software_statement => {
                return Err(Refusal::one(
                    "software_statement",
                    "software-statement",
                    "is required here (RFC 7591 section 2.3)",
                )
                .with_code(ErrorCode::InvalidSoftwareStatement)
                .into());
            }
            None => {}
        }
        findings.extend(self.fill_from_template(domain, policy, &mut metadata).await?);
        let decision = self.decide(domain, policy, metadata, None).await?;
        findings.extend(decision.findings);
        Ok(Prepared { asked, decision: Decision { findings, ..decision } })
    }

    pub(super) async fn fill_from_template(
        &self,
        domain: &DomainEntry,
        policy: &Policy,
        metadata: &mut ClientMetadata,
    ) -> Result<Vec<Finding>, Refused> {
        let Some(software_id) = metadata.software_id.clone().filter(|_| !policy.templates.is_empty()) else {
            return Ok(Vec::new());
        };
        let template = self.store.template(domain.id(), &software_id).await?;
        let listed = template.filter(|template| {
            let slug = template.settings.template.as_deref();
            policy.templates.iter().any(|own| Some(own.as_str()) == slug || own == template.client_id.as_str())
        });
        let Some(template) = listed else {
            let explanation = "names no template that this policy lists; see the register_templates endpoint";
            return Err(Refusal::one("software_id", "template", explanation).into());
        };
        Ok(template::fill(metadata, &template.metadata))
    }

    /// Rules, policy, and the documents that the metadata names. `current` is what is in force, for an update.
    pub async fn decide(
        &self,
        domain: &DomainEntry,
        policy: &Policy,
        metadata: ClientMetadata,
        current: Option<&ClientMetadata>,
    ) -> Result<Decision, Refused> {
        let decision = self.judge(domain, policy, metadata, current)?;
        self.check_documents(&decision.metadata, current).await?;
        Ok(decision)
    }

    /// Rules and policy alone.
    pub(super) fn judge(
        &self,
        domain: &DomainEntry,
        policy: &Policy,
        metadata: ClientMetadata,
        current: Option<&ClientMetadata>,
    ) -> Result<Decision, Refusal> {
        let verified = check(metadata, &self.offered)?;
        let blocked = &domain.domain.settings.blocked_redirect_hosts;
        let with_blocked;
        let policy = if blocked.is_empty() {
            policy
        } else {
            let mut narrowed = policy.clone();
            narrowed.denied_redirect_hosts.extend(blocked.iter().cloned());
            with_blocked = narrowed;
            &with_blocked
        };
        apply(policy, PolicyInput { verified, context: &self.offered, scopes: &domain.scopes, current })
    }

    /// Fetches what the metadata points to, unless it pointed there before with the same redirect URIs.
    async fn check_documents(
        &self,
        metadata: &ClientMetadata,
        current: Option<&ClientMetadata>,
    ) -> Result<(), Refusal> {
        let known = |then: Option<&String>, now: &String| then == Some(now);
        if let Some(uri) = &metadata.jwks_uri
            && !known(current.and_then(|current| current.jwks_uri.as_ref()), uri)
        {
            key_document_is_public(&self.fetch_named("jwks_uri", uri).await?)?;
        }
        if let Some(uri) = &metadata.sector_identifier_uri {
            let same_redirects = current.is_some_and(|current| current.redirects() == metadata.redirects());
            if !same_redirects || !known(current.and_then(|current| current.sector_identifier_uri.as_ref()), uri) {
                let document = self.fetch_named("sector_identifier_uri", uri).await?;
                sector_document_covers(&document, metadata.redirects())
                    .map_err(|finding| Refusal::of(vec![finding]))?;
            }
        }
        Ok(())
    }

    /// The document that a member names.
    async fn fetch_named(&self, member: &str, uri: &str) -> Result<Value, Refusal> {
        let refused =
            |error: FetchError| Refusal::one(member, "document", format!("cannot be fetched: {}", error.told(uri)));
        self.fetcher.get_json(uri).await.map(|fetched| fetched.value).map_err(refused)
    }
}
