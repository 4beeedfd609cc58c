//! How a client stands to what its registrant sent.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::clients::OfClient;
use crate::admin::clients::client_named;
use crate::admin::managing::{ManagingDomain, Segments};
use crate::admin::problem::AnyProblem;
use crate::clients::standing::{Standing, Today};
use crate::model::client::Origin;
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::registration::drift::Drift;
use crate::model::registration::findings;
use crate::store::audit::AuditRecord;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(paths(read))]
pub struct Description;

/// A client's registration.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegistrationView {
    /// How the client came to be.
    origin: Origin,
    /// Who registered it: the client id of a gateway registrar, or the id of an initial access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    registrant: Option<String>,
    /// The policy that binds it, as long as there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    /// What its registrant last sent, normalised.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    asked: Object,
    /// What its registrant was last told.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    told: Object,
    /// What is in force.
    #[schema(value_type = std::collections::HashMap<String, serde_json::Value>)]
    in_force: Object,
    /// What the policy, as it stands now, makes of what was last sent.
    today: TodayView,
    /// Members whose value in force is not what was last sent.
    drift: Vec<Drift>,
    /// What the registrant did, the latest first; what is older than the audit log is missing.
    requests: Vec<RegistrantRequest>,
}

/// What the policy makes of what was last sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct TodayView {
    /// Whether it would be accepted.
    outcome: TodayOutcome,
    /// What would be done to it, and why.
    findings: Vec<FindingView>,
}

/// Whether it would be accepted.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TodayOutcome {
    /// It would.
    Accepted,
    /// It would not.
    Refused,
    /// The policy is gone.
    WithoutPolicy,
}

/// One thing that a rule did to a member.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FindingView {
    /// The member.
    member: String,
    /// The rule's name.
    rule: String,
    /// What was done.
    outcome: findings::Outcome,
    /// Why, in words.
    explanation: String,
}

/// A request of the registrant that was carried out.
#[derive(Debug, Serialize, ToSchema)]
pub struct RegistrantRequest {
    /// When, in Unix seconds.
    at: i64,
    /// `client.register` or `client.update`.
    action: String,
    /// Who, as the audit log names them.
    actor: String,
    /// What was done to it then, and why.
    findings: Vec<FindingView>,
}

/// A client's registration: what was asked for, what was narrowed and why, what is in force instead.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/clients/{client_id}/registration", tag = "clients", operation_id = "read_client_registration", params(("domain" = String, Path, description = "The domain's name."), ("client_id" = String, Path, description = "The client's id.")), responses((status = 200, body = RegistrationView), AnyProblem))]
pub async fn read(at: ManagingDomain, Segments(of): Segments<OfClient>) -> Result<Json<RegistrationView>, OAuthError> {
    let client = client_named(&at, &of.client_id).await?.client;
    let Standing { policy, today, drift, requests } = at.app.registry.standing(&at.domain, &client).await?;
    let (outcome, findings) = match today {
        Today::Accepted(findings) => (TodayOutcome::Accepted, findings),
        Today::Refused(findings) => (TodayOutcome::Refused, findings),
        Today::WithoutPolicy => (TodayOutcome::WithoutPolicy, Vec::new()),
    };
    Ok(Json(RegistrationView {
        origin: client.origin,
        registrant: client.registrant,
        policy,
        asked: client.registration.asked,
        told: client.registration.told,
        in_force: client.metadata.to_object(),
        today: TodayView { outcome, findings: findings.into_iter().map(FindingView::from).collect() },
        drift,
        requests: requests.into_iter().map(RegistrantRequest::from).collect(),
    }))
}

impl From<findings::Finding> for FindingView {
    fn from(found: findings::Finding) -> Self {
        let findings::Finding { member, rule, outcome, explanation } = found;
        Self { member, rule: rule.to_owned(), outcome, explanation }
    }
}

impl From<AuditRecord> for RegistrantRequest {
    fn from(mut record: AuditRecord) -> Self {
        let findings = record.detail.remove("findings").unwrap_or_default();
        Self {
            at: record.at.seconds(),
            action: record.action,
            actor: record.actor,
            findings: serde_json::from_value(findings).unwrap_or_default(),
        }
    }
}
