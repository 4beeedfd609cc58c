//! What belongs to a user: where they are logged in, what they allowed, links for them.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use super::client_names::ClientNames;
use super::users::{One, find};
use crate::admin::managing::{ManagingDomain, Segments, Sent, done};
use crate::admin::problem::{AnyProblem, ChangeProblem};
use crate::model::id::{ClientId, SessionId};
use crate::model::oauth_error::OAuthError;
use crate::model::time::UnixTime;
use crate::people::sent_links::SentLink;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(paths(sessions, end_sessions, end_session, connections, disconnect, reset_link, invite))]
pub struct Description;

/// A browser in which a user is logged in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserSession)]
pub struct SessionView {
    /// Its identifier.
    id: Uuid,
    /// The browser by its own account.
    device: String,
    /// The address it came from.
    source: String,
    /// When the person last proved who they are, in Unix seconds.
    auth_time: i64,
    /// When it began, in Unix seconds.
    created_at: i64,
    /// When it was last seen, in Unix seconds.
    last_seen_at: i64,
    /// When it ends at the latest, in Unix seconds.
    expires_at: i64,
}

/// Where a user is logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionList {
    /// The latest seen first.
    items: Vec<SessionView>,
}

/// An application that may act for a user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserConnection)]
pub struct ConnectionView {
    /// The client.
    client_id: String,
    /// Its name, as it claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<String>,
    /// What was allowed it.
    consents: Vec<ConsentView>,
    /// In how many logins it has tokens.
    logins: usize,
    /// When a token was last issued to it, in Unix seconds; absent where there is no login.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<i64>,
}

/// What a user allowed a client.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsentView {
    /// At which resource; absent: the client itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    /// Which scopes.
    scope: String,
    /// When, in Unix seconds.
    granted_at: i64,
}

/// The applications that may act for a user.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectionList {
    /// By client.
    items: Vec<ConnectionView>,
}

/// A link to choose a new password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedResetLink {
    /// Whether it is mailed to the user as well.
    #[serde(default)]
    send: bool,
}

/// An invitation that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedInvitation {
    /// The address that is invited; absent: whoever has the link.
    email: Option<String>,
    /// For how many seconds the link works; seven days where absent.
    #[serde(default = "a_week")]
    #[schema(minimum = 60, maximum = 31_536_000, default = 604_800)]
    lifetime: i64,
    /// Whether it is mailed to the address as well.
    #[serde(default)]
    send: bool,
}

fn a_week() -> i64 {
    7 * 86_400
}

/// A one-time link.
#[derive(Serialize, ToSchema)]
pub struct OneTimeLink {
    /// Where it leads, told this once.
    link: String,
    /// When it ends, in Unix seconds.
    expires_at: i64,
    /// Whether it was mailed.
    sent: bool,
}

/// A session of a user in the path.
#[derive(Debug, Deserialize)]
pub struct OneSession {
    user_id: Uuid,
    session_id: Uuid,
}

/// A connection of a user in the path.
#[derive(Debug, Deserialize)]
pub struct OneConnection {
    user_id: Uuid,
    client_id: String,
}

/// The browsers in which a user is logged in.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/users/{user_id}/sessions", tag = "users", params(("domain" = String, Path, description = "The domain."), ("user_id" = Uuid, Path, description = "The user.")), responses((status = 200, body = SessionList), AnyProblem))]
pub async fn sessions(at: ManagingDomain, Segments(one): Segments<One>) -> Result<Json<SessionList>, OAuthError> {
    let user = find(&at, one.user_id).await?;
    let sessions = at.app.people.live_sessions(&at.domain, &user).await?;
    let items = sessions.into_iter().map(|session| SessionView {
        id: session.id.0,
        device: session.device,
        source: session.source,
        auth_time: session.auth_time.seconds(),
        created_at: session.created_at.seconds(),
        last_seen_at: session.last_seen_at.seconds(),
        expires_at: session.expires_at.seconds(),
    });
    Ok(Json(SessionList { items: items.collect() }))
}

/// Ends all sessions of a user. Applications stay connected.
#[utoipa::path(delete, path = "/api/v1/domains/{domain}/users/{user_id}/sessions", tag = "users", params(("domain" = String, Path, description = "The domain."), ("user_id" = Uuid, Path, description = "The user.")), responses((status = 204, description = "They have ended."), AnyProblem, ChangeProblem))]
pub async fn end_sessions(at: ManagingDomain, Segments(one): Segments<One>) -> Result<Response, OAuthError> {
    let user = find(&at, one.user_id).await?;
    at.app.people.end_user_sessions(&user, None, &at.actor()).await?;
    Ok(done())
}

/// Ends one session of a user.
#[utoipa::path(delete, path = "/api/v1/domains/{domain}/users/{user_id}/sessions/{session_id}", tag = "users", params(("domain" = String, Path, description = "The domain."), ("user_id" = Uuid, Path, description = "The user."), ("session_id" = Uuid, Path, description = "The session.")), responses((status = 204, description = "It has ended."), AnyProblem, ChangeProblem))]
pub async fn end_session(at: ManagingDomain, Segments(one): Segments<OneSession>) -> Result<Response, OAuthError> {
    let user = find(&at, one.user_id).await?;
    at.app.people.end_user_sessions(&user, Some(SessionId(one.session_id)), &at.actor()).await?;
    Ok(done())
}

/// The applications that may act for a user.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/users/{user_id}/connections", tag = "users", params(("domain" = String, Path, description = "The domain."), ("user_id" = Uuid, Path, description = "The user.")), responses((status = 200, body = ConnectionList), AnyProblem))]
pub async fn connections(at: ManagingDomain, Segments(one): Segments<One>) -> Result<Json<ConnectionList>, OAuthError> {
    let user = find(&at, one.user_id).await?;
    let (mut names, mut items) = (ClientNames::default(), Vec::new());
    for connection in at.app.people.connections(&user).await? {
        let consents = connection.consents.into_iter().map(|consent| ConsentView {
            resource: Some(consent.resource).filter(|resource| !resource.is_empty()),
            scope: consent.scope.to_string(),
            granted_at: consent.granted_at.seconds(),
        });
        items.push(ConnectionView {
            client_name: names.of(&at, &ClientId(connection.client_id.clone())).await?,
            client_id: connection.client_id,
            consents: consents.collect(),
            logins: connection.logins,
            last_used_at: connection.last_used_at.map(UnixTime::seconds),
        });
    }
    Ok(Json(ConnectionList { items }))
}

/// Takes back what a user allowed an application; everything issued to it ends.
#[utoipa::path(delete, path = "/api/v1/domains/{domain}/users/{user_id}/connections/{client_id}", tag = "users", params(("domain" = String, Path, description = "The domain."), ("user_id" = Uuid, Path, description = "The user."), ("client_id" = String, Path, description = "The client.")), responses((status = 204, description = "It has no access any more."), AnyProblem, ChangeProblem))]
pub async fn disconnect(at: ManagingDomain, Segments(one): Segments<OneConnection>) -> Result<Response, OAuthError> {
    let user = find(&at, one.user_id).await?;
    at.app.people.disconnect_user(&at.domain, &user, &one.client_id, &at.actor()).await?;
    Ok(done())
}

/// Makes a link by which the user chooses a new password.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/users/{user_id}/reset-link", tag = "users", params(("domain" = String, Path, description = "The domain."), ("user_id" = Uuid, Path, description = "The user.")), request_body = WantedResetLink, responses((status = 201, body = OneTimeLink), AnyProblem, ChangeProblem))]
pub async fn reset_link(
    at: ManagingDomain,
    Segments(one): Segments<One>,
    Sent(wanted): Sent<WantedResetLink>,
) -> Result<Response, OAuthError> {
    let user = find(&at, one.user_id).await?;
    let base = at.app.public_url.as_str();
    let link = at.app.people.reset_by_link(&at.domain, &user, (base, wanted.send), &at.actor()).await?;
    Ok(told(&link))
}

/// Makes an invitation to sign up, whatever the domain's settings.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/invitations", tag = "users", params(("domain" = String, Path, description = "The domain.")), request_body = WantedInvitation, responses((status = 201, body = OneTimeLink), AnyProblem, ChangeProblem))]
pub async fn invite(at: ManagingDomain, Sent(wanted): Sent<WantedInvitation>) -> Result<Response, OAuthError> {
    let (base, who) = (at.app.public_url.as_str(), wanted.email.as_deref());
    let link =
        at.app.people.invite_by_link(&at.domain, (who, wanted.lifetime), (base, wanted.send), &at.actor()).await?;
    Ok(told(&link))
}

fn told(link: &SentLink) -> Response {
    let told =
        OneTimeLink { link: link.link.expose().to_owned(), expires_at: link.expires_at.seconds(), sent: link.sent };
    (StatusCode::CREATED, Json(told)).into_response()
}
