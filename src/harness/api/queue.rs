//! Values that are handed out instead of random ones.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::InDomain;
use crate::admin::managing::{Segments, Sent, done};
use crate::app::App;
use crate::harness::control::Control;
use crate::keys::data_keys::HashPurpose;
use crate::model::id::{ClientId, DomainId};
use crate::model::oauth_error::OAuthError;
use crate::model::random::{Generated, Queue};

/// The longest value, in characters.
const LONGEST: usize = 200;

/// A value and its kind.
type Value<'a> = (Generated, &'a str);

/// Values by their kind, in the order in which they are handed out: `client_id`, `client_secret`,
/// `registration_access_token`, `initial_access_token`, `authorization_code`, `refresh_token`, `jti`.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Values(BTreeMap<String, Vec<String>>);

fn waiting(queue: &Queue, domain_id: DomainId) -> Json<Values> {
    let lines = Generated::ALL.into_iter().map(|what| (what.name().to_owned(), queue.line(domain_id, what)));
    Json(Values(lines.filter(|(_, line)| !line.is_empty()).collect()))
}

fn kind(name: &str) -> Result<Generated, OAuthError> {
    Generated::ALL.into_iter().find(|what| what.name() == name).ok_or_else(|| {
        let known = Generated::ALL.map(Generated::name).join(", ");
        OAuthError::invalid_request(format!("{name}: nothing of that kind is made up; there are {known}"))
    })
}

/// What is told to others stands in URLs and headers as it is.
fn check(what: Generated, value: &str) -> Result<(), OAuthError> {
    let (name, prefix) = (what.name(), what.prefix());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
    if value.is_empty() || value.len() > LONGEST || !value.chars().all(plain) {
        return Err(OAuthError::invalid_request(format!(
            "{name}: a value must be 1 to {LONGEST} characters of A-Z a-z 0-9 - . _ ~"
        )));
    }
    if value.len() == prefix.len() || !value.starts_with(prefix) {
        return Err(OAuthError::invalid_request(format!(
            "{name}: must begin with {prefix}, by which the server knows what it is, and go on"
        )));
    }
    Ok(())
}

/// What can be handed out once only: a client id in its domain, what is found by its hash in any.
async fn check_free(app: &App, queue: &Queue, domain_id: DomainId, added: &[Value<'_>]) -> Result<(), OAuthError> {
    let domains: Vec<DomainId> = app.store.domains().await?.iter().map(|domain| domain.id).collect();
    for (at, (what, value)) in added.iter().enumerate() {
        let own = [domain_id];
        let within: &[DomainId] = match what {
            Generated::ClientId => &own,
            Generated::InitialAccessToken | Generated::AuthorizationCode | Generated::RefreshToken => &domains,
            Generated::ClientSecret | Generated::RegistrationAccessToken | Generated::Jti => continue,
        };
        let refused = |why: &str| {
            let name = what.name();
            Err(OAuthError::invalid_request(format!("{name}: {value} {why}; it can be handed out once only")))
        };
        let waits = |domain_id: &DomainId| queue.line(*domain_id, *what).iter().any(|waiting| waiting == value);
        if added[..at].contains(&(*what, *value)) || within.iter().any(waits) {
            return refused("waits in line already");
        }
        for domain_id in within {
            if is_taken(app, *domain_id, (*what, value)).await? {
                return refused("is taken");
            }
        }
    }
    Ok(())
}

/// Whether somebody has this value.
async fn is_taken(app: &App, domain_id: DomainId, (what, value): Value<'_>) -> Result<bool, OAuthError> {
    let hash = |purpose| app.keys.hash(purpose, value);
    Ok(match what {
        Generated::ClientId => app.store.client(domain_id, &ClientId(value.to_owned())).await?.is_some(),
        Generated::InitialAccessToken => {
            app.store.initial_access_token(domain_id, &hash(HashPurpose::InitialAccessToken)).await?.is_some()
        }
        Generated::AuthorizationCode => {
            app.store.authorization_code(domain_id, &hash(HashPurpose::AuthorizationCode)).await?.is_some()
        }
        Generated::RefreshToken => {
            app.store.refresh_token(domain_id, &hash(HashPurpose::RefreshToken)).await?.is_some()
        }
        Generated::ClientSecret | Generated::RegistrationAccessToken | Generated::Jti => false,
    })
}

/// What waits to be handed out.
#[utoipa::path(get, path = "/harness/v1/domains/{domain}/queue", tag = "values", params(("domain" = String, Path)), responses((status = 200, body = Values)))]
pub async fn read(
    State(control): State<Control>,
    Segments(at): Segments<InDomain>,
) -> Result<Json<Values>, OAuthError> {
    let domain = control.domain(&at.domain).await?;
    Ok(waiting(&control.lasting().queue, domain.id()))
}

/// Puts values at the end of their lines.
#[utoipa::path(post, path = "/harness/v1/domains/{domain}/queue", tag = "values", params(("domain" = String, Path)), request_body = Values, responses((status = 200, body = Values)))]
pub async fn append(
    State(control): State<Control>,
    Segments(at): Segments<InDomain>,
    Sent(Values(values)): Sent<Values>,
) -> Result<Json<Values>, OAuthError> {
    let domain = control.domain(&at.domain).await?;
    let (app, queue) = (control.app(), &control.lasting().queue);
    let mut lines = Vec::new();
    for (name, values) in values {
        let what = kind(&name)?;
        values.iter().try_for_each(|value| check(what, value))?;
        lines.push((what, values));
    }
    let added: Vec<Value<'_>> =
        lines.iter().flat_map(|(what, values)| values.iter().map(|value| (*what, value.as_str()))).collect();
    check_free(&app, queue, domain.id(), &added).await?;
    for (what, values) in lines {
        queue.append(domain.id(), what, values);
    }
    Ok(waiting(queue, domain.id()))
}

/// Empties the lines of a domain.
#[utoipa::path(delete, path = "/harness/v1/domains/{domain}/queue", tag = "values", params(("domain" = String, Path)), responses((status = 204)))]
pub async fn clear(State(control): State<Control>, Segments(at): Segments<InDomain>) -> Result<Response, OAuthError> {
    let domain = control.domain(&at.domain).await?;
    control.lasting().queue.clear(domain.id());
    Ok(done())
}
