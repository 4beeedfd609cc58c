//! What a registration would be answered, without registering.
//!
//! # Design
//! The same steps as a registration, up to the transaction. What depends on when it comes (quotas, rate limits) is not
//! looked at; what is generated anew each time is left out of the record and named instead.

use serde::Serialize;
use utoipa::ToSchema;

use super::admission::{Admission, Who};
use super::prepare::{Prepared, Refused};
use super::record::{Credentials, record};
use super::register::{Registering, needs_secret, usable};
use super::{Registrant, Registry};
use crate::model::audit_event::Actor;
use crate::model::client::{Client, ClientStatus};
use crate::model::id::ClientId;
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::random;
use crate::model::registration::findings::Finding;
use crate::model::registration::fingerprint::canonical;
use crate::model::secret::Secret;
use crate::store::cache::DomainEntry;

/// The members of a record that each registration gets anew.
const GENERATED: &[&str] =
    &["client_id", "client_secret", "client_id_issued_at", "registration_access_token", "registration_client_uri"];

/// What a registration would be answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct DryRun {
    /// Whether the registration would succeed.
    pub accepted: bool,
    /// The HTTP status it would be answered.
    #[schema(minimum = 200, maximum = 499)]
    pub status: u16,
    /// The policy that binds it; absent where it is refused before any policy counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The state the client would be in: `active` or `pending`; absent if refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub state: Option<ClientStatus>,
    /// The record of the client, without what each registration gets anew; absent if refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<std::collections::HashMap<String, serde_json::Value>>)]
    pub metadata: Option<Object>,
    /// The members that the answer would have besides, with values of their own for each registration.
    pub generated: Vec<&'static str>,
    /// The error code; absent if accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What is wrong, by which rule, and the remedy; absent if accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// What the rules did, one by one.
    pub findings: Vec<Finding>,
}

/// A registration to be tried out.
#[derive(Debug)]
pub struct Trying<'a> {
    /// Where.
    pub domain: &'a DomainEntry,
    /// Whom it would come from.
    pub who: &'a Who,
    /// Whether open registration acts here.
    pub open: bool,
    /// The base URL under which the server would be reached.
    pub base_url: &'a str,
}

impl Registry {
    /// Shows what a registration would be answered, without registering.
    pub async fn dry_run(&self, trying: &Trying<'_>, body: Object) -> Result<DryRun, OAuthError> {
        let admission = match self.admit(trying.domain, trying.who, trying.open).await? {
            Ok(admission) => admission,
            Err(error) => return refused(None, Refused::Otherwise(error)),
        };
        let policy = Some(admission.policy.name.clone());
        match self.try_out(trying, &admission, body).await {
            Ok((prepared, client, record)) => {
                let (generated, metadata) = split(record);
                Ok(DryRun {
                    accepted: true,
                    status: 201,
                    policy,
                    state: Some(client.status),
                    metadata: Some(metadata),
                    generated,
                    error: None,
                    error_description: None,
                    findings: prepared.decision.findings,
                })
            }
            Err(problem) => refused(policy, problem),
        }
    }

    async fn try_out(
        &self,
        trying: &Trying<'_>,
        admission: &Admission,
        body: Object,
    ) -> Result<(Prepared, Client, Object), Refused> {
        let domain = trying.domain;
        let rules = &admission.policy.rules;
        let request = Registering {
            domain,
            registrant: &admission.registrant,
            policy: &admission.policy,
            base_url: trying.base_url,
            actor: &Actor::local("dry_run"),
        };
        let prepared = self.prepare(domain, rules, body).await?;
        let mut credentials = Credentials::default();
        let client;
        if matches!(admission.registrant, Registrant::Open { .. }) && prepared.decision.metadata.is_public() {
            let id = self.keys.fingerprint(&self.store, domain.id(), &canonical(&prepared.asked)).await;
            client = self.new_client(&request, id.map_err(OAuthError::server_error)?, &prepared);
            if let Some(existing) = self.store.client(domain.id(), &client.client_id).await? {
                usable(existing.client.status)?;
            }
        } else {
            let prefix = rules.client_id_prefix.as_ref().map_or("", |prefix| prefix.as_str());
            client = self.new_client(&request, ClientId(format!("{prefix}{}", random::identifier())), &prepared);
            // As long as the real ones, because the record's length counts.
            credentials.registration_access_token = Some(Secret::new(format!("rat_{}", random::secret())));
            if needs_secret(&client.metadata) {
                let end = rules.secret_lifetime.map(|seconds| client.created_at.plus(seconds));
                credentials.secret = Some((Secret::new(random::secret()), end));
            }
        }
        let record = record(&domain.domain.name, &client, &credentials);
        if credentials.registration_access_token.is_some() {
            rules.check_record(&record)?;
        }
        Ok((prepared, client, record))
    }
}

/// The members that each registration gets anew, by name, and the rest of the record.
fn split(mut record: Object) -> (Vec<&'static str>, Object) {
    let generated = GENERATED.iter().copied().filter(|name| record.remove(*name).is_some()).collect();
    (generated, record)
}

fn refused(policy: Option<String>, problem: Refused) -> Result<DryRun, OAuthError> {
    let findings = match &problem {
        Refused::ByRule(refusal) => refusal.findings.clone(),
        Refused::Otherwise(_) => Vec::new(),
    };
    let error = OAuthError::from(problem);
    if error.status >= 500 {
        return Err(error);
    }
    Ok(DryRun {
        accepted: false,
        status: error.status,
        policy,
        state: None,
        metadata: None,
        generated: Vec::new(),
        error: Some(error.code.to_owned()),
        error_description: Some(error.description),
        findings,
    })
}
