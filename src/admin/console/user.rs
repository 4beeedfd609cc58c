//! One user in the console.

use axum::response::Response;
use http::StatusCode;
use serde_json::Value;

use super::fields::{Asked, Fields};
use super::mcp_server_connections::application;
use super::respond::{Told, domain_frame, go_telling, show, show_as, stale, telling};
use super::users::{errors_of, mail_hint, path, shown, typed};
use crate::admin::api::client_names::ClientNames;
use crate::admin::api::users::{One, find};
use crate::admin::managing::{ManagingDomain, Segments};
use crate::model::consent::Consent;
use crate::model::id::{ClientId, SessionId};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::model::user::{User, UserClaims};
use crate::pages::console::{Section, ShownLink, User as UserPage, UserApplication, UserErrors, UserForm, UserSession};
use crate::pages::{Claimed, texts};
use crate::people::users::UserEdit;

const TOLD: &Told = &[
    ("created", "The account is created."),
    ("saved", "Saved."),
    ("disabled", "The user is disabled, and logged out everywhere."),
    ("enabled", "The user is enabled."),
    ("password", "The password is set, and the user is logged out everywhere."),
    ("session", "The session has ended."),
    ("sessions", "All sessions have ended."),
    ("disconnected", "The application has no access any more."),
];

/// `GET /console/domains/{domain}/users/{user_id}`
pub async fn show_user(
    at: ManagingDomain,
    Segments(one): Segments<One>,
    Asked(asked): Asked,
) -> Result<Response, OAuthError> {
    let user = find(&at, one.user_id).await?;
    let page = page(&at, &user, (form_of(&user), None)).await?;
    let frame = telling(page.frame.clone(), &asked, TOLD);
    Ok(show(&UserPage { frame, ..page }))
}

/// `POST /console/domains/{domain}/users/{user_id}`
pub async fn change(at: ManagingDomain, Segments(one): Segments<One>, form: Fields) -> Result<Response, OAuthError> {
    let user = find(&at, one.user_id).await?;
    let own = path(&at, &format!("/{}", user.id));
    let action = form.field("action");
    let versioned = matches!(action, "save" | "disable" | "enable" | "set_password" | "delete");
    if versioned && form.field("version") != user.version.to_string() {
        return Ok(stale(domain_frame(&at, Section::Users).await?, &user.username, &own));
    }
    let (people, actor) = (&at.app.people, at.actor());
    match action {
        "save" => match edit_of(&form) {
            Ok(edit) => apply(&at, &user, (edit, "saved"), &form).await,
            Err(error) => refused(&at, &user, typed(&form, errors_of(error)?)).await,
        },
        "disable" => {
            apply(&at, &user, (UserEdit { enabled: Some(false), ..UserEdit::default() }, "disabled"), &form).await
        }
        "enable" => {
            apply(&at, &user, (UserEdit { enabled: Some(true), ..UserEdit::default() }, "enabled"), &form).await
        }
        "set_password" => {
            let password = Some(Secret::new(form.field("password")));
            apply(&at, &user, (UserEdit { password, ..UserEdit::default() }, "password"), &form).await
        }
        "reset_link" => reset_link(&at, &user, form.ticked("send")).await,
        "end_session" => {
            let id =
                form.field("session").parse().map_err(|_| OAuthError::not_found("the user has no such session"))?;
            people.end_user_sessions(&user, Some(SessionId(id)), &actor).await?;
            Ok(go_telling(&own, "session"))
        }
        "end_sessions" => {
            people.end_user_sessions(&user, None, &actor).await?;
            Ok(go_telling(&own, "sessions"))
        }
        "disconnect" => {
            people.disconnect_user(&at.domain, &user, form.field("client"), &actor).await?;
            Ok(go_telling(&own, "disconnected"))
        }
        "delete" if form.trimmed("confirm") == user.username => {
            people.delete_user(&at.domain, &user, None, &actor).await?;
            Ok(go_telling(&path(&at, ""), "deleted"))
        }
        "delete" => {
            let confirm = Some("This is not the user name.".to_owned());
            let errors = UserErrors { confirm, ..UserErrors::default() };
            refused(&at, &user, UserForm { errors, ..form_of(&user) }).await
        }
        _ => Err(OAuthError::invalid_request("action: is not one of this page")),
    }
}

async fn apply(
    at: &ManagingDomain,
    user: &User,
    (edit, done): (UserEdit, &str),
    form: &Fields,
) -> Result<Response, OAuthError> {
    let saves = done == "saved";
    match at.app.people.change_user(&at.domain, user, edit, &at.actor()).await {
        Ok(_) => Ok(go_telling(&path(at, &format!("/{}", user.id)), done)),
        Err(error) => {
            let errors = errors_of(error)?;
            let form = if saves { typed(form, errors) } else { UserForm { errors, ..form_of(user) } };
            refused(at, user, form).await
        }
    }
}

async fn reset_link(at: &ManagingDomain, user: &User, send: bool) -> Result<Response, OAuthError> {
    let base = at.app.public_url.as_str();
    match at.app.people.reset_by_link(&at.domain, user, (base, send), &at.actor()).await {
        Ok(link) => Ok(show(&page(at, user, (form_of(user), Some(shown(at, &link, send)))).await?)),
        Err(error) => refused(at, user, UserForm { errors: errors_of(error)?, ..form_of(user) }).await,
    }
}

async fn refused(at: &ManagingDomain, user: &User, form: UserForm) -> Result<Response, OAuthError> {
    Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page(at, user, (form, None)).await?))
}

/// A form that holds what is there.
fn form_of(user: &User) -> UserForm {
    let others = user.claims.0.iter().filter(|(name, _)| *name != "name");
    let line = |(name, value): (&String, &Value)| match value.as_str() {
        Some(text) if !text.contains('\n') && !text.starts_with(['{', '"']) => format!("{name}={text}"),
        _ => format!("{name}={value}"),
    };
    UserForm {
        username: user.username.clone(),
        name: user.claims.0.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
        email: user.email.clone().unwrap_or_default(),
        email_verified: user.email_verified,
        claims: others.map(line).collect::<Vec<_>>().join("\n"),
        errors: UserErrors::default(),
    }
}

/// What a form says of a user.
fn edit_of(form: &Fields) -> Result<UserEdit, OAuthError> {
    Ok(UserEdit {
        username: Some(form.trimmed("username").to_owned()),
        email: Some(form.trimmed("email").to_owned()),
        email_verified: Some(form.ticked("email_verified") && !form.trimmed("email").is_empty()),
        claims: Some(claims_of(form)?),
        ..UserEdit::default()
    })
}

fn claims_of(form: &Fields) -> Result<UserClaims, OAuthError> {
    let mut claims = Object::new();
    for line in form.lines("claims") {
        let (name, value) = line.split_once('=').ok_or_else(|| {
            OAuthError::invalid_request("claims: each line has the form name=value, such as locale=en-GB")
        })?;
        // What is no text is written as JSON: true, false, an address.
        let read = match value.trim() {
            text if text.starts_with(['{', '"']) || matches!(text, "true" | "false") => {
                crate::model::json::parse(text.as_bytes())
                    .map_err(|problem| OAuthError::invalid_request(format!("claims: {name}: {problem}")))?
            }
            text => text.into(),
        };
        claims.insert(name.trim().to_owned(), read);
    }
    claims.extend(form.given("name").map(|name| ("name".to_owned(), name.into())));
    Ok(UserClaims(claims))
}

async fn page(
    at: &ManagingDomain,
    user: &User,
    (form, link): (UserForm, Option<ShownLink>),
) -> Result<UserPage, OAuthError> {
    let people = &at.app.people;
    let sessions = people.live_sessions(&at.domain, user).await?;
    let (mut names, mut applications) = (ClientNames::default(), Vec::new());
    for connection in people.connections(user).await? {
        let name = names.of(at, &ClientId(connection.client_id.clone())).await?;
        let allowed = |consent: &Consent| match consent.resource.as_str() {
            "" => Claimed::long(&consent.scope.to_string()),
            resource => Claimed::long(&format!("{} at {resource}", consent.scope)),
        };
        applications.push(UserApplication {
            href: application(at, &connection.client_id).into(),
            name: Claimed::of_application(name.as_deref().unwrap_or(&connection.client_id)),
            allowed: connection.consents.iter().map(allowed).collect(),
            last_used: connection.last_used_at.map(Into::into),
            client_id: connection.client_id,
        });
    }
    Ok(UserPage {
        frame: domain_frame(at, Section::Users).await?.at(user.username.as_str()),
        action: path(at, &format!("/{}", user.id)).into(),
        id: user.id.to_string(),
        version: user.version,
        title: Claimed::from(user.display_name()).or(&user.username),
        username: user.username.as_str().into(),
        enabled: user.enabled,
        has_password: user.password.is_some(),
        created: user.created_at.into(),
        updated: user.updated_at.into(),
        form,
        mail_hint: mail_hint(at),
        link,
        sessions: sessions
            .into_iter()
            .map(|session| UserSession {
                id: session.id.to_string(),
                device: Claimed::from(session.device).or(texts::NO_BROWSER),
                address: session.source.into(),
                since: session.created_at.into(),
                last_seen: session.last_seen_at.into(),
            })
            .collect(),
        applications,
    })
}
