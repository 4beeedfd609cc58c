//! API tokens, for owners.

use axum::response::Response;
use http::StatusCode;

use super::fields::{Asked, Fields};
use super::respond::{Told, frame, go_telling, sentence, show, show_as, telling};
use crate::admin::managing::Managing;
use crate::administrators::api_tokens::NewApiToken;
use crate::model::administrator::{ApiToken, Role};
use crate::model::domain::Domain;
use crate::model::id::ApiTokenId;
use crate::model::oauth_error::OAuthError;
use crate::pages::console::{ApiTokenRow, ApiTokens, Badge, BadgeKind, Choice, Section};

const PAGE: &str = "/console/api-tokens";
const MOST: i64 = 1_000;

/// How long a token may work, in seconds; none: until it is revoked.
const LIFETIMES: [(&str, &str); 5] = [
    ("86400", "1 day"),
    ("2592000", "30 days"),
    ("7776000", "90 days"),
    ("31536000", "1 year"),
    ("", "Until it is revoked"),
];
const USUAL_LIFETIME: &str = "7776000";

const TOLD: &Told = &[("revoked", "The token is revoked: it works no longer.")];

/// `GET /console/api-tokens`
pub async fn list(managing: Managing, Asked(asked): Asked) -> Result<Response, OAuthError> {
    let mut page = page(&managing, None).await?;
    page.frame = telling(page.frame, &asked, TOLD);
    Ok(show(&page))
}

/// `POST /console/api-tokens`
pub async fn change(managing: Managing, sent: Fields) -> Result<Response, OAuthError> {
    match sent.field("action") {
        "create" => create(&managing, &sent).await,
        "revoke" => {
            let unknown = |_| OAuthError::not_found("there is no such API token");
            let id = ApiTokenId(sent.field("token").parse().map_err(unknown)?);
            managing.app.administrators.revoke_api_token(id, &managing.actor()).await?;
            Ok(go_telling(PAGE, "revoked"))
        }
        _ => Err(OAuthError::invalid_request("action: is not one of this page")),
    }
}

async fn create(managing: &Managing, sent: &Fields) -> Result<Response, OAuthError> {
    let domains = managing.app.store.domains().await?;
    let domain_id = match sent.given("domain") {
        Some(name) => {
            let found = domains.iter().find(|domain| domain.name == name);
            let unknown = || OAuthError::invalid_request("domain: is not one of this server");
            Some(found.ok_or_else(unknown)?.id)
        }
        None => None,
    };
    let malformed = |_| OAuthError::invalid_request("lifetime: must be a number of seconds");
    let new = NewApiToken {
        label: sent.trimmed("label").to_owned(),
        role: Role::parse(sent.field("role"))
            .ok_or_else(|| OAuthError::invalid_request("role: must be auditor, editor or owner"))?,
        domain_id,
        lifetime: sent.given("lifetime").map(str::parse).transpose().map_err(malformed)?,
    };
    match managing.app.administrators.create_api_token(new, &managing.actor()).await {
        Ok((token, secret)) => {
            let made = Some((token.label.as_str().into(), secret.expose().to_owned()));
            Ok(show(&ApiTokens { made, ..page(managing, None).await? }))
        }
        Err(error) if error.status >= 500 => Err(error),
        Err(error) => {
            let text = Some(sentence(&error.description));
            let page = page(managing, Some(sent)).await?;
            let page = if error.description.starts_with("domain:") {
                ApiTokens { domain_error: text, ..page }
            } else {
                ApiTokens { label_error: text, ..page }
            };
            Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
    }
}

async fn page(managing: &Managing, sent: Option<&Fields>) -> Result<ApiTokens, OAuthError> {
    let domains = managing.app.store.domains().await?;
    let tokens = managing.app.store.api_tokens(None, MOST).await?;
    let typed = |name: &str| sent.map_or("", |sent| sent.field(name));
    let role = Role::parse(typed("role")).unwrap_or(Role::Auditor);
    let lifetime = sent.map_or(USUAL_LIFETIME, |sent| sent.field("lifetime"));
    let mut choices = vec![Choice::new("", "All domains", typed("domain").is_empty())];
    choices.extend(domains.iter().map(|one| Choice::new(&one.name, one.name.as_str(), one.name == typed("domain"))));
    let roles =
        [(Role::Auditor, "Auditor: reads"), (Role::Editor, "Editor: changes"), (Role::Owner, "Owner: everything")];
    Ok(ApiTokens {
        frame: frame(managing, Section::ApiTokens).await?,
        reference: "/api/v1".into(),
        rows: tokens.iter().rev().map(|token| row(managing, token, &domains)).collect(),
        made: None,
        label: typed("label").to_owned(),
        roles: roles.map(|(one, label)| Choice::new(one.as_str(), label, one == role)).to_vec(),
        domains: choices,
        lifetimes: LIFETIMES.map(|(value, label)| Choice::new(value, label, value == lifetime)).to_vec(),
        label_error: None,
        domain_error: None,
    })
}

fn row(managing: &Managing, token: &ApiToken, domains: &[Domain]) -> ApiTokenRow {
    let valid = token.is_valid_at(managing.app.clock.now());
    let state = match (valid, token.revoked_at) {
        (true, _) => Badge::new(BadgeKind::Good, "Active"),
        (false, Some(_)) => Badge::new(BadgeKind::Bad, "Revoked"),
        (false, None) => Badge::new(BadgeKind::Quiet, "Expired"),
    };
    let domain = token.domain_id.map(|id| domains.iter().find(|one| one.id == id).map_or("", |one| one.name.as_str()));
    ApiTokenRow {
        id: token.id.to_string(),
        label: token.label.as_str().into(),
        role: token.role.to_string(),
        domain: domain.unwrap_or("all").into(),
        created: token.created_at.into(),
        ends: token.expires_at.map(Into::into),
        last_used: token.last_used_at.map(Into::into),
        state,
        revocable: valid,
    }
}
