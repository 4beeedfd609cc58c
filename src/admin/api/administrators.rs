//! Administrators: accounts, sessions, second factors. For owners.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use super::domain_names::DomainNames;
use crate::admin::managing::{Managing, Segments, Sent, done};
use crate::admin::preconditions::{etag, may_match, must_match};
use crate::admin::problem::{AnyProblem, ChangeProblem};
use crate::administrators::accounts::{AdministratorEdit, NewAdministrator};
use crate::model::administrator::{Administrator, AdministratorSession, Reach, Role};
use crate::model::id::{AdministratorId, AdministratorSessionId};
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::time::UnixTime;
use crate::store::administrator_sessions::EndAdministratorSessions;

/// More administrators than a list shows would be no list any more.
const MOST: i64 = 1_000;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(
    paths(list, create, read, change, delete, sessions, end_sessions, end_session, remove_second_factor),
    tags((name = "administrators", description = "Those who administer: their accounts, sessions and second factors."))
)]
pub struct Description;

/// An administrator.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Administrator)]
pub struct AdministratorView {
    /// The identifier.
    id: Uuid,
    /// What the person logs in with.
    username: String,
    /// What the person may do.
    role: Role,
    /// The domains within reach; absent: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    domains: Option<Vec<String>>,
    /// Whether the person may log in.
    enabled: bool,
    /// Whether a second factor is asked for.
    second_factor: bool,
    /// Counts the changes; the entity tag.
    version: i64,
    /// When the account was made, in Unix seconds.
    created_at: i64,
    /// When it last changed, in Unix seconds.
    updated_at: i64,
    /// When the person last logged in, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_login_at: Option<i64>,
}

/// All administrators.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdministratorList {
    /// By user name.
    items: Vec<AdministratorView>,
}

/// An administrator that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdministratorWanted {
    /// What the person logs in with.
    username: String,
    /// What the person may do.
    role: Role,
    /// The domains within reach, by name; left out: all of them. An owner reaches all.
    domains: Option<Vec<String>>,
    /// The password, of at least 12 characters; it can be changed by the person.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 256)]
    password: Secret,
    /// Whether the person may not log in.
    #[serde(default)]
    disabled: bool,
}

/// What changes of an administrator; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdministratorChange {
    /// What the person logs in with.
    username: Option<String>,
    /// What the person may do.
    role: Option<Role>,
    /// The domains within reach, by name.
    domains: Option<Vec<String>>,
    /// Whether every domain is within reach; `true` in place of `domains`.
    all_domains: Option<bool>,
    /// The password; every session ends.
    #[schema(value_type = Option<String>, format = Password, min_length = 12, max_length = 256)]
    password: Option<Secret>,
    /// Whether the person may log in; where that stops, every session ends.
    enabled: Option<bool>,
}

/// A browser in which an administrator is logged in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdministratorSession)]
pub struct SessionView {
    /// The identifier.
    id: Uuid,
    /// The browser, in words.
    device: String,
    /// The address it began at.
    source: String,
    /// When it began, in Unix seconds.
    created_at: i64,
    /// When it was last seen, to the minute, in Unix seconds.
    last_seen_at: i64,
    /// When it ends at the latest, in Unix seconds.
    expires_at: i64,
}

/// All sessions of an administrator.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdministratorSessionList {
    /// The latest seen first.
    items: Vec<SessionView>,
}

#[derive(Debug, Deserialize)]
/// What the path names.
pub struct Named {
    administrator_id: Uuid,
}

#[derive(Debug, Deserialize)]
/// What the path names.
pub struct NamedSession {
    administrator_id: Uuid,
    session_id: Uuid,
}

/// All administrators.
#[utoipa::path(get, path = "/api/v1/administrators", tag = "administrators", responses((status = 200, body = AdministratorList), AnyProblem))]
pub async fn list(managing: Managing) -> Result<Json<AdministratorList>, OAuthError> {
    let all = managing.app.store.administrators("", MOST).await?;
    let names = DomainNames::read(&managing).await?;
    Ok(Json(AdministratorList { items: all.iter().map(|one| names.view(one)).collect() }))
}

/// Makes an administrator.
#[utoipa::path(post, path = "/api/v1/administrators", tag = "administrators", request_body = AdministratorWanted, responses((status = 201, body = AdministratorView), AnyProblem, ChangeProblem))]
pub async fn create(managing: Managing, Sent(wanted): Sent<AdministratorWanted>) -> Result<Response, OAuthError> {
    let names = DomainNames::read(&managing).await?;
    let reach = wanted.domains.map_or(Ok(Reach::All), |domains| names.reach(&domains))?;
    let new = NewAdministrator {
        username: wanted.username,
        role: wanted.role,
        reach,
        password: wanted.password,
        disabled: wanted.disabled,
    };
    let made = managing.app.administrators.create(new, &managing.actor()).await?;
    let location = [(LOCATION, format!("/api/v1/administrators/{}", made.id))];
    Ok((StatusCode::CREATED, etag(made.version), location, Json(names.view(&made))).into_response())
}

/// An administrator.
#[utoipa::path(get, path = "/api/v1/administrators/{administrator_id}", tag = "administrators", params(("administrator_id" = Uuid, Path)), responses((status = 200, body = AdministratorView), AnyProblem))]
pub async fn read(managing: Managing, Segments(path): Segments<Named>) -> Result<Response, OAuthError> {
    let found = find(&managing, path.administrator_id).await?;
    let names = DomainNames::read(&managing).await?;
    Ok((etag(found.version), Json(names.view(&found))).into_response())
}

/// Changes an administrator. The server keeps at least one owner who can log in.
#[utoipa::path(patch, path = "/api/v1/administrators/{administrator_id}", tag = "administrators", params(("administrator_id" = Uuid, Path), ("If-Match" = String, Header, description = "The ETag that was read, or *.")), request_body = AdministratorChange, responses((status = 200, body = AdministratorView), AnyProblem, ChangeProblem))]
pub async fn change(
    managing: Managing,
    Segments(path): Segments<Named>,
    headers: HeaderMap,
    Sent(wanted): Sent<AdministratorChange>,
) -> Result<Response, OAuthError> {
    let found = find(&managing, path.administrator_id).await?;
    let any_version = must_match(&headers, found.version)?.is_none();
    let names = DomainNames::read(&managing).await?;
    let reach = match (wanted.all_domains, wanted.domains) {
        (Some(true), None) => Some(Reach::All),
        (None | Some(false), Some(domains)) => Some(names.reach(&domains)?),
        (None, None) => None,
        (Some(true), Some(_)) => {
            return Err(OAuthError::invalid_request("all_domains: says all, and domains names some; send one of them"));
        }
        (Some(false), None) => {
            return Err(OAuthError::invalid_request("all_domains: false needs domains, which names those in reach"));
        }
    };
    let edit = AdministratorEdit {
        username: wanted.username,
        role: wanted.role,
        reach,
        password: wanted.password,
        enabled: wanted.enabled,
        any_version,
    };
    let changed = managing.app.administrators.change(&found, edit, None, &managing.actor()).await?;
    Ok((etag(changed.version), Json(names.view(&changed))).into_response())
}

/// Deletes an administrator; every session ends. The last owner stays.
#[utoipa::path(delete, path = "/api/v1/administrators/{administrator_id}", tag = "administrators", params(("administrator_id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was read.")), responses((status = 204, description = "It is gone."), AnyProblem, ChangeProblem))]
pub async fn delete(
    managing: Managing,
    Segments(path): Segments<Named>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let found = find(&managing, path.administrator_id).await?;
    let version = may_match(&headers, found.version)?;
    managing.app.administrators.delete(&found, version, &managing.actor()).await?;
    Ok(done())
}

/// The browsers in which an administrator is logged in.
#[utoipa::path(get, path = "/api/v1/administrators/{administrator_id}/sessions", tag = "administrators", params(("administrator_id" = Uuid, Path)), responses((status = 200, body = AdministratorSessionList), AnyProblem))]
pub async fn sessions(
    managing: Managing,
    Segments(path): Segments<Named>,
) -> Result<Json<AdministratorSessionList>, OAuthError> {
    let found = find(&managing, path.administrator_id).await?;
    let sessions = managing.app.administrators.sessions(found.id).await?;
    Ok(Json(AdministratorSessionList { items: sessions.into_iter().map(session).collect() }))
}

/// Ends every session of an administrator.
#[utoipa::path(delete, path = "/api/v1/administrators/{administrator_id}/sessions", tag = "administrators", params(("administrator_id" = Uuid, Path)), responses((status = 204, description = "They have ended."), AnyProblem))]
pub async fn end_sessions(managing: Managing, Segments(path): Segments<Named>) -> Result<Response, OAuthError> {
    let found = find(&managing, path.administrator_id).await?;
    let which = EndAdministratorSessions::AllBut(None);
    managing.app.administrators.end_sessions(&found, which, &managing.actor()).await?;
    Ok(done())
}

/// Ends one session of an administrator.
#[utoipa::path(delete, path = "/api/v1/administrators/{administrator_id}/sessions/{session_id}", tag = "administrators", params(("administrator_id" = Uuid, Path), ("session_id" = Uuid, Path)), responses((status = 204, description = "It has ended."), AnyProblem))]
pub async fn end_session(managing: Managing, Segments(path): Segments<NamedSession>) -> Result<Response, OAuthError> {
    let found = find(&managing, path.administrator_id).await?;
    let which = EndAdministratorSessions::One(AdministratorSessionId(path.session_id));
    managing.app.administrators.end_sessions(&found, which, &managing.actor()).await?;
    Ok(done())
}

/// Takes the second factor of an administrator away who has lost it. The person can set one up anew.
#[utoipa::path(delete, path = "/api/v1/administrators/{administrator_id}/second-factor", tag = "administrators", params(("administrator_id" = Uuid, Path)), responses((status = 204, description = "None is asked for any more."), AnyProblem, ChangeProblem))]
pub async fn remove_second_factor(managing: Managing, Segments(path): Segments<Named>) -> Result<Response, OAuthError> {
    let found = find(&managing, path.administrator_id).await?;
    managing.app.administrators.remove_second_factor(&found, &managing.actor()).await?;
    Ok(done())
}

async fn find(managing: &Managing, id: Uuid) -> Result<Administrator, OAuthError> {
    let found = managing.app.store.administrator(AdministratorId(id)).await?;
    found.ok_or_else(|| OAuthError::not_found("there is no such administrator"))
}

fn session(session: AdministratorSession) -> SessionView {
    SessionView {
        id: session.id.0,
        device: session.device,
        source: session.source,
        created_at: session.created_at.seconds(),
        last_seen_at: session.last_seen_at.seconds(),
        expires_at: session.expires_at.seconds(),
    }
}

impl DomainNames {
    fn view(&self, one: &Administrator) -> AdministratorView {
        let domains = match &one.reach {
            Reach::All => None,
            Reach::Domains(ids) => {
                let mut names: Vec<String> = ids.iter().filter_map(|id| self.name(*id)).collect();
                names.sort();
                Some(names)
            }
        };
        AdministratorView {
            id: one.id.0,
            username: one.username.clone(),
            role: one.role,
            domains,
            enabled: one.enabled,
            second_factor: one.totp.is_some(),
            version: one.version,
            created_at: one.created_at.seconds(),
            updated_at: one.updated_at.seconds(),
            last_login_at: one.last_login_at.map(UnixTime::seconds),
        }
    }
}
