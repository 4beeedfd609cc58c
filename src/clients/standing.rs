//! How a registered client stands to what its registrant sent: what was asked, what became of it and why, and where
//! what is in force differs from it today.

use serde_json::Value;

use super::Registry;
use super::administer::{Edit, check_registered_scopes};
use super::application::edited;
use super::prepare::Refused;
use super::renew::policy_of;
use crate::model::client::{Client, Origin};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::registration::drift::{Drift, agree, drift};
use crate::model::registration::findings::Finding;
use crate::model::registration::normalize::normalize;
use crate::model::registration::policy::{Decision, Policy};
use crate::store::audit::AuditRecord;
use crate::store::cache::DomainEntry;

/// How many of its registrant's requests are told.
const TOLD: i64 = 20;

/// How a client stands to its registrant.
#[derive(Debug)]
pub struct Standing {
    /// The name of the policy that binds it, as long as there is one.
    pub policy: Option<String>,
    /// What its policy, as it stands today, does to what was last sent.
    pub today: Today,
    /// Members whose value in force is not what was last sent.
    pub drift: Vec<Drift>,
    /// What the registrant did, the latest first: registering and updating, with what was found then.
    pub requests: Vec<AuditRecord>,
}

/// What the policy makes today of what was last sent.
#[derive(Debug)]
pub enum Today {
    /// It accepts it, and did this to it.
    Accepted(Vec<Finding>),
    /// It would refuse it.
    Refused(Vec<Finding>),
    /// The policy is gone.
    WithoutPolicy,
}

impl Registry {
    /// How a registered client stands to its registrant.
    pub async fn standing(&self, domain: &DomainEntry, client: &Client) -> Result<Standing, OAuthError> {
        if matches!(client.origin, Origin::Manual | Origin::ClientDocument) {
            return Err(OAuthError::not_found("nobody registered this client; an administrator made it by hand"));
        }
        let policy = client.policy_id.and_then(|id| domain.policies.iter().find(|policy| policy.id == id));
        let (today, expected) = match policy_of(domain, client) {
            None => (Today::WithoutPolicy, None),
            Some(rules) => match self.judge_again(domain, rules, client).await {
                Ok(decision) => (Today::Accepted(decision.findings), Some(decision.metadata.to_object())),
                Err(Refused::ByRule(refusal)) => (Today::Refused(refusal.findings), None),
                Err(Refused::Otherwise(error)) => return Err(error),
            },
        };
        let in_force = client.metadata.to_object();
        let drift = drift(&client.registration.asked, &in_force, expected.as_ref());
        let requests = self.store.registrant_requests(domain.id(), &client.client_id, TOLD).await?;
        Ok(Standing { policy: policy.map(|policy| policy.name.clone()), today, drift, requests })
    }

    /// Whether what the registrant last sent of a member can be put in force as it is, and is served then. Of a member
    /// that was left open, it is the default, where that differs from what is in force.
    pub fn serves(&self, domain: &DomainEntry, client: &Client, member: &str) -> bool {
        let sent = client.registration.asked.get(member);
        let wanted = Object::from_iter([(member.to_owned(), sent.cloned().unwrap_or(Value::Null))]);
        let Ok(Edit { metadata: Some(metadata), .. }) = edited(client, Some(wanted), None) else { return false };
        let Ok(metadata) = self.check_manual(metadata) else { return false };
        let served = match member {
            "grant_types" => {
                metadata.grant_types.iter().flatten().all(|grant| self.offered.grant_types.contains(&grant.as_str()))
            }
            "response_types" => metadata.response_types.iter().flatten().all(|response| response == "code"),
            "token_endpoint_auth_method" => metadata
                .token_endpoint_auth_method
                .iter()
                .all(|name| self.offered.auth_methods.contains(&name.as_str())),
            _ => true,
        };
        let taken = Client { metadata, ..client.clone() };
        if !served || check_registered_scopes(domain, &taken).is_err() {
            return false;
        }
        let (before, after) = (client.metadata.to_object(), taken.metadata.to_object());
        match sent {
            Some(_) => agree(member, sent, after.get(member)),
            None => !agree(member, before.get(member), after.get(member)),
        }
    }

    /// Rules and policy on what the registrant last sent, as if it came now. Nothing is fetched.
    async fn judge_again(&self, domain: &DomainEntry, rules: &Policy, client: &Client) -> Result<Decision, Refused> {
        let asked: Object = client.registration.asked.clone();
        let normalized = normalize(asked)?;
        let mut metadata = normalized.metadata;
        let mut findings = normalized.findings;
        findings.extend(self.fill_from_template(domain, rules, &mut metadata).await?);
        let decision = self.judge(domain, rules, metadata, None)?;
        findings.extend(decision.findings);
        Ok(Decision { findings, ..decision })
    }
}
