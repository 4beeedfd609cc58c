//! Where an application sends what, what its registrant asked for, and what happened to it.

use axum::response::Response;
use serde_json::Value;

use super::actions;
use super::application::told_origin;
use super::application_head::{OfApplication, Tabbed, head, is_registered, lost, path_of, shown};
use super::fields::{Asked, Fields};
use super::names::{Names, Thing};
use super::respond::{Told, go_telling, show, telling};
use crate::admin::clients::client_named;
use crate::admin::managing::{ManagingDomain, Segments};
use crate::clients::application::edited;
use crate::clients::standing::{Standing, Today};
use crate::domains::endpoints::Endpoints;
use crate::model::client::{Client, Origin};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::registration::drift::{Because, Drift};
use crate::pages::Claimed;
use crate::pages::console::{
    ActivityEvent, ApplicationActivity, ApplicationEndpoints, ApplicationRegistration, Badge, BadgeKind, Copyable,
    DriftRow, Named, Pager,
};
use crate::store::audit::AuditRecord;
use crate::store::audit_list::AuditQuery;

const TOLD: &Told = &[("taken", "The registrant's value is in force now.")];

/// Events on a page.
const EVENTS: i64 = 50;

/// `GET …/endpoints`
pub async fn show_endpoints(at: ManagingDomain, Segments(of): Segments<OfApplication>) -> Result<Response, OAuthError> {
    let client = client_named(&at, &of.client_id).await?.client;
    let (frame, head) = head(&at, &client, Tabbed::Endpoints).await?;
    let urls = Endpoints::of(at.app.public_url.as_str(), &at.domain.domain.name);
    let tokens = vec![
        Copyable::new("authorization", "Authorization", urls.authorization_url),
        Copyable::new("token", "Token", urls.token_url),
        Copyable::new("introspection", "Introspection", urls.introspection_url),
        Copyable::new("revocation", "Revocation", urls.revocation_url),
        Copyable::new("userinfo", "User info", urls.userinfo_url),
        Copyable::new("end-session", "End session", urls.end_session_url),
    ];
    let documents = vec![
        Copyable::new("issuer", "Issuer", urls.issuer),
        Copyable::new("openid-configuration", "OpenID configuration", urls.discovery_url),
        Copyable::new("metadata", "Authorization server metadata (RFC 8414)", urls.oauth_metadata_url),
        Copyable::new("jwks", "Keys (JWKS)", urls.jwks_url),
    ];
    let registration = vec![
        Copyable::new("registration", "Client registration", urls.registration_url),
        Copyable::new("renew-secret", "Renewal of a client's secret, as APIM writes it", urls.renew_secret_url),
    ];
    let groups = vec![
        ("endpoints-tokens", "Tokens", tokens),
        ("endpoints-documents", "Documents", documents),
        ("endpoints-registration", "Registration", registration),
    ];
    Ok(show(&ApplicationEndpoints { frame, head, groups }))
}

/// `GET …/registration`
pub async fn show_registration(
    at: ManagingDomain,
    Segments(of): Segments<OfApplication>,
    Asked(asked): Asked,
) -> Result<Response, OAuthError> {
    let client = client_named(&at, &of.client_id).await?.client;
    let standing = at.app.registry.standing(&at.domain, &client).await?;
    let (frame, head) = head(&at, &client, Tabbed::Registration).await?;
    let told = |action: &str| standing.requests.iter().find(|request| request.action == action);
    let may_take = frame.may_edit && client.origin != Origin::ContentAddressed;
    let asked_for = client.registration.asked.iter().map(|(name, value)| (name.into(), shown(Some(value))));
    Ok(show(&ApplicationRegistration {
        frame: telling(frame, &asked, TOLD),
        head,
        origin: told_origin(&at, &client).await?,
        registered: told("client.register").map(|request| request.at.into()),
        updated: told("client.update").map(|request| request.at.into()),
        refused_today: matches!(standing.today, Today::Refused(_)),
        findings: findings(&standing),
        drift: standing.drift.iter().map(|drift| drift_row(&at, &client, drift)).collect(),
        policy: standing.policy.unwrap_or_default(),
        asked: asked_for.collect(),
        may_take,
    }))
}

fn drift_row(at: &ManagingDomain, client: &Client, drift: &Drift) -> DriftRow {
    let because = match drift.because {
        Some(Because::Policy) => Badge::new(BadgeKind::Quiet, "Policy"),
        Some(Because::Administrator) => Badge::new(BadgeKind::Warn, "Administrator"),
        None => Badge::new(BadgeKind::Quiet, "Not known"),
    };
    DriftRow {
        member: drift.member.clone(),
        name: drift.member.as_str().into(),
        sent: shown(drift.sent.as_ref()),
        in_force: shown(drift.in_force.as_ref()),
        because,
        served: at.app.registry.serves(&at.domain, client, &drift.member),
    }
}

/// What the policy does to what was last sent, and what else was found when it was sent: what was dropped then is no
/// longer there to be judged.
fn findings(standing: &Standing) -> Vec<(Claimed, Badge, Claimed)> {
    let today = match &standing.today {
        Today::Accepted(found) | Today::Refused(found) => found.as_slice(),
        Today::WithoutPolicy => &[],
    };
    let recorded = standing.requests.iter().filter_map(|request| request.detail.get("findings")?.as_array());
    let mut told: Vec<[String; 3]> = today
        .iter()
        .map(|found| [found.member.clone(), found.outcome.as_str().to_owned(), found.explanation.clone()])
        .collect();
    for found in recorded.flatten() {
        let row = ["member", "outcome", "explanation"].map(|name| found[name].as_str().unwrap_or_default().to_owned());
        if !told.contains(&row) {
            told.push(row);
        }
    }
    let rows = told.into_iter().map(|[member, outcome, why]| {
        let kind = if outcome == "refused" { BadgeKind::Bad } else { BadgeKind::Quiet };
        (member.into(), Badge::new(kind, outcome), Claimed::long(&why))
    });
    rows.collect()
}

/// `POST …/registration`: takes the registrant's value of one member.
pub async fn take(
    at: ManagingDomain,
    Segments(of): Segments<OfApplication>,
    form: Fields,
) -> Result<Response, OAuthError> {
    let entry = client_named(&at, &of.client_id).await?;
    let client = &entry.client;
    if !is_registered(client) {
        return Err(OAuthError::not_found("nobody registered this client; an administrator made it by hand"));
    }
    let path = format!("{}/registration", path_of(&at, client));
    let member = form.field("take");
    let value = client.registration.asked.get(member).cloned().unwrap_or(Value::Null);
    if form.field("version") != client.version.to_string() {
        let differences = differences(client, member, &value);
        return lost(&at, client, (path, form.pairs()), differences).await;
    }
    if !at.app.registry.serves(&at.domain, client, member) {
        return Err(OAuthError::invalid_request(format!(
            "{member}: what the registrant sent is not served here, so nothing was changed"
        )));
    }
    let wanted = Object::from_iter([(member.to_owned(), value)]);
    let edit = edited(client, Some(wanted), None)?;
    match at.app.registry.edit(&at.domain, &entry, edit, &at.actor()).await? {
        Some(secret) => super::application::show_secret(&at, client, &secret).await,
        None => Ok(go_telling(&path, "taken")),
    }
}

fn differences(client: &Client, member: &str, value: &Value) -> Vec<(String, Claimed, Claimed)> {
    let now = client.metadata.to_object();
    vec![(member.to_owned(), shown(Some(value)), shown(now.get(member)))]
}

/// `GET …/activity`
pub async fn show_activity(
    at: ManagingDomain,
    Segments(of): Segments<OfApplication>,
    Asked(asked): Asked,
) -> Result<Response, OAuthError> {
    let client = client_named(&at, &of.client_id).await?.client;
    let (frame, head) = head(&at, &client, Tabbed::Activity).await?;
    let query = AuditQuery {
        target: Some(client.client_id.0.clone()),
        cursor: asked.given("cursor").map(str::to_owned),
        limit: EVENTS,
        ..AuditQuery::default()
    };
    let page = at.app.store.audit_events(at.domain.id(), &query).await?;
    let page = page.ok_or_else(|| OAuthError::invalid_request("cursor: is not one of this list; begin again"))?;
    let path = format!("{}/activity", path_of(&at, &client));
    let pager = Pager {
        newer: query.cursor.as_ref().map(|_| path.as_str().into()),
        older: page.next.map(|next| format!("{path}?cursor={next}").into()),
        ..Pager::default()
    };
    let actors: Vec<Thing> = page.items.iter().map(|record| Thing::acting(&record.actor)).collect();
    let names = Names::of(&at.app.store, Some(at.domain.id()), &actors).await?;
    let events = page.items.into_iter().zip(&actors);
    let events = events.map(|(record, actor)| event(record, &names.named(&frame, actor))).collect();
    Ok(show(&ApplicationActivity { frame, head, events, pager }))
}

fn event(record: AuditRecord, actor: &Named) -> ActivityEvent {
    let refused = record.outcome == "refused";
    let changes = record.detail.get("changes").and_then(Value::as_object);
    let side = |change: &Value, side: &str| shown(change.get(side).filter(|value| !value.is_null()));
    let changes = changes.into_iter().flatten();
    ActivityEvent {
        at: record.at.into(),
        what: actions::words(&record.action, refused).into(),
        action: record.action,
        kind: if refused { "bad" } else { "quiet" },
        actor: actor.clone(),
        from: Claimed::long(&record.source.unwrap_or_default()),
        reason: Claimed::long(&record.reason.unwrap_or_default()),
        changes: changes.map(|(name, change)| (name.into(), side(change, "before"), side(change, "after"))).collect(),
    }
}
