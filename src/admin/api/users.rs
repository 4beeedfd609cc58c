//! The people of a domain: their accounts, where they are logged in, what they allowed, links for them.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use uuid::Uuid;

use super::page::{self, TotalView};
use crate::admin::managing::{Filter, ManagingDomain, Segments, Sent, SentObject, done};
use crate::admin::preconditions::{etag, may_match, must_match};
use crate::admin::problem::{AnyProblem, ChangeProblem};
use crate::model::cursor::{MOST_ITEMS, Total};
use crate::model::id::UserId;
use crate::model::json::{Object, merge_patch, typed};
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::user::{User, UserClaims};
use crate::people::users::{NewUser, UserEdit};
use crate::store::user_list::UserListQuery;

/// The operations of this file.
#[derive(OpenApi)]
#[openapi(
    paths(list, create, read, change, delete),
    tags((name = "users", description = "The people who log in."))
)]
pub struct Description;

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserView {
    /// Its identifier; the `sub` of clients with public subjects.
    id: Uuid,
    /// What the person logs in with.
    username: String,
    /// The e-mail address, which can be logged in with as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Whether the person has shown that the address is theirs.
    email_verified: bool,
    /// Profile claims (OpenID Connect Core section 5.1).
    #[schema(value_type = HashMap<String, serde_json::Value>)]
    claims: UserClaims,
    /// Whether a password was chosen.
    has_password: bool,
    /// Whether the person may log in.
    enabled: bool,
    /// Counts the changes; the entity tag.
    version: i64,
    /// When it was made, in Unix seconds.
    created_at: i64,
    /// When it last changed, in Unix seconds.
    updated_at: i64,
}

/// A user that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUser)]
pub struct WantedUser {
    /// What the person logs in with: 1 to 64 letters, digits, '.', '_', '-' or '+'.
    #[schema(min_length = 1, max_length = 64)]
    username: String,
    /// The e-mail address.
    email: Option<String>,
    /// Whether the address is known to be the person's.
    #[serde(default)]
    email_verified: bool,
    /// Profile claims (OpenID Connect Core section 5.1).
    #[serde(default)]
    #[schema(value_type = Option<HashMap<String, serde_json::Value>>)]
    claims: UserClaims,
    /// The password; without one the person chooses it by a reset link.
    #[schema(min_length = 8)]
    password: Option<String>,
    /// Whether the person may log in; yes where absent.
    #[serde(default = "yes")]
    #[schema(default = true)]
    enabled: bool,
}

fn yes() -> bool {
    true
}

/// What is changed of a user, once a merge patch was applied.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changed {
    username: String,
    email: Option<String>,
    #[serde(default)]
    email_verified: Option<bool>,
    #[serde(default)]
    claims: UserClaims,
    password: Option<String>,
    #[serde(default = "yes")]
    enabled: bool,
}

/// A page of users.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserPage {
    /// By user name.
    items: Vec<UserView>,
    /// Where the list goes on; absent at its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// How many there are in all.
    total: TotalView,
}

/// Which users are wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserFilter {
    /// A user name or an e-mail address, its beginning, beginnings of words of the name.
    q: Option<String>,
    /// Only the one who logs in with this: the user name or the e-mail address, whole.
    login: Option<String>,
    /// Only those who may log in, or those who may not.
    enabled: Option<bool>,
    /// Where the list begins: after this user name.
    after: Option<String>,
    /// Where the page before said that it goes on.
    cursor: Option<String>,
    /// How many at the most; 50 where absent.
    limit: Option<i64>,
}

/// A user in the path.
#[derive(Debug, Deserialize)]
pub struct One {
    /// The user.
    pub user_id: Uuid,
}

/// Users of a domain, by user name.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/users", tag = "users", params(("domain" = String, Path, description = "The domain."), ("q" = Option<String>, Query, description = "A user name or an e-mail address, its beginning, beginnings of words of the name."), ("login" = Option<String>, Query, description = "Only the one who logs in with this: the user name or the e-mail address, whole. Alone."), ("enabled" = Option<bool>, Query, description = "Only those who may log in, or those who may not."), ("after" = Option<String>, Query, description = "Where the list begins: after this user name. Not with q and cursor."), ("cursor" = Option<String>, Query, description = "Where the page before said that it goes on."), ("limit" = Option<i64>, Query, description = "How many at the most; 50 where absent.", minimum = 1, maximum = 200)), responses((status = 200, body = UserPage), AnyProblem))]
pub async fn list(at: ManagingDomain, Filter(filter): Filter<UserFilter>) -> Result<Json<UserPage>, OAuthError> {
    let limit = filter.limit.unwrap_or(50);
    if !(1..=MOST_ITEMS).contains(&limit) {
        return Err(OAuthError::invalid_request(format!("limit: must be 1 to {MOST_ITEMS}")));
    }
    if let Some(login) = page::filter("login", filter.login)? {
        let found = at.app.store.user_by_login(at.domain.id(), &login).await?;
        let total = Total { count: i64::from(found.is_some()), exact: true };
        return Ok(Json(UserPage { items: found.into_iter().map(view).collect(), next: None, total: total.into() }));
    }
    let mut query =
        UserListQuery { search: filter.q.unwrap_or_default(), enabled: filter.enabled, cursor: filter.cursor, limit };
    if let Some(after) = filter.after {
        page::begins_there(&query.search, query.cursor.as_ref())?;
        query.cursor = Some(query.after(&after));
    }
    let page = at.app.store.list_users(at.domain.id(), &query).await?;
    let page = page.ok_or_else(|| {
        OAuthError::invalid_request(
            "cursor: must be the next of the page before, with the same filters; leave it out to begin again",
        )
    })?;
    let items = page.items.into_iter().map(view).collect();
    Ok(Json(UserPage { items, next: page.next, total: page.total.into() }))
}

/// Makes a user.
#[utoipa::path(post, path = "/api/v1/domains/{domain}/users", tag = "users", params(("domain" = String, Path, description = "The domain.")), request_body = WantedUser, responses((status = 201, body = UserView), AnyProblem, ChangeProblem))]
pub async fn create(at: ManagingDomain, Sent(wanted): Sent<WantedUser>) -> Result<Response, OAuthError> {
    let new = NewUser {
        username: wanted.username,
        email: wanted.email,
        email_verified: wanted.email_verified,
        claims: wanted.claims,
        password: wanted.password.map(Secret::new),
        disabled: !wanted.enabled,
    };
    let user = at.app.people.create_user(&at.domain, new, &at.actor()).await?;
    let location = [(LOCATION, format!("/api/v1/domains/{}/users/{}", at.domain.domain.name, user.id))];
    Ok((StatusCode::CREATED, etag(user.version), location, Json(view(user))).into_response())
}

/// A user.
#[utoipa::path(get, path = "/api/v1/domains/{domain}/users/{user_id}", tag = "users", params(("domain" = String, Path, description = "The domain."), ("user_id" = Uuid, Path, description = "The user.")), responses((status = 200, body = UserView), AnyProblem))]
pub async fn read(at: ManagingDomain, Segments(one): Segments<One>) -> Result<Response, OAuthError> {
    let user = find(&at, one.user_id).await?;
    Ok((etag(user.version), Json(view(user))).into_response())
}

/// Changes a user: what is sent; null takes an address or a claim away (RFC 7396). With another `password`, or where
/// `enabled` becomes false, every session and login of the user ends.
#[utoipa::path(patch, path = "/api/v1/domains/{domain}/users/{user_id}", tag = "users", params(("domain" = String, Path, description = "The domain."), ("user_id" = Uuid, Path, description = "The user."), ("If-Match" = String, Header, description = "The ETag that was read, or *.")), request_body = HashMap<String, serde_json::Value>, responses((status = 200, body = UserView), AnyProblem, ChangeProblem))]
pub async fn change(
    at: ManagingDomain,
    Segments(one): Segments<One>,
    headers: HeaderMap,
    SentObject(sent): SentObject,
) -> Result<Response, OAuthError> {
    let user = find(&at, one.user_id).await?;
    let any_version = must_match(&headers, user.version)?.is_none();
    let edit = UserEdit { any_version, ..edited(&user, sent)? };
    let changed = at.app.people.change_user(&at.domain, &user, edit, &at.actor()).await?;
    Ok((etag(changed.version), Json(view(changed))).into_response())
}

/// Deletes a user with everything that was theirs; what was issued to their applications ends.
#[utoipa::path(delete, path = "/api/v1/domains/{domain}/users/{user_id}", tag = "users", params(("domain" = String, Path, description = "The domain."), ("user_id" = Uuid, Path, description = "The user."), ("If-Match" = Option<String>, Header, description = "The ETag that was read.")), responses((status = 204, description = "It is gone."), AnyProblem, ChangeProblem))]
pub async fn delete(
    at: ManagingDomain,
    Segments(one): Segments<One>,
    headers: HeaderMap,
) -> Result<Response, OAuthError> {
    let user = find(&at, one.user_id).await?;
    let version = may_match(&headers, user.version)?;
    at.app.people.delete_user(&at.domain, &user, version, &at.actor()).await?;
    Ok(done())
}

/// The user of that id.
pub async fn find(at: &ManagingDomain, id: Uuid) -> Result<User, OAuthError> {
    let found = at.app.store.user(at.domain.id(), UserId(id)).await?;
    found.ok_or_else(|| OAuthError::not_found("the domain has no user of this id"))
}

fn view(user: User) -> UserView {
    UserView {
        id: user.id.0,
        username: user.username,
        email: user.email,
        email_verified: user.email_verified,
        claims: user.claims,
        has_password: user.password.is_some(),
        enabled: user.enabled,
        version: user.version,
        created_at: user.created_at.seconds(),
        updated_at: user.updated_at.seconds(),
    }
}

/// A merge patch as an edit. Another address is not verified unless the patch says so.
fn edited(user: &User, sent: Object) -> Result<UserEdit, OAuthError> {
    let mut members = Object::from_iter([
        ("username".to_owned(), user.username.as_str().into()),
        ("claims".to_owned(), user.claims.0.clone().into()),
        ("enabled".to_owned(), user.enabled.into()),
    ]);
    members.extend(user.email.as_ref().map(|email| ("email".to_owned(), email.as_str().into())));
    let named = ["username", "email", "claims", "enabled"].map(|member| sent.contains_key(member));
    merge_patch(&mut members, sent);
    let changed: Changed = typed(&members).map_err(OAuthError::invalid_request)?;
    // What was not sent stays as it is, also where others change it at the same time.
    let [username, email, claims, enabled] = named;
    Ok(UserEdit {
        username: username.then_some(changed.username),
        email: email.then(|| changed.email.unwrap_or_default()),
        email_verified: changed.email_verified,
        claims: claims.then_some(changed.claims),
        password: changed.password.map(Secret::new),
        enabled: enabled.then_some(changed.enabled),
        ..UserEdit::default()
    })
}
