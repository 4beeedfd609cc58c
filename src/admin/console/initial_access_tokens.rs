//! Initial access tokens and templates of a domain.

use axum::response::Response;
use http::StatusCode;

use super::domain_settings::tabs;
use super::fields::{Asked, Fields};
use super::respond::{Told, domain_frame, go_telling, show, show_as, telling};
use super::setting_tables::TOKEN;
use super::settings_form::{drawn, sent};
use super::wrong::Wrong;
use crate::admin::managing::ManagingDomain;
use crate::domains::endpoints::Endpoints;
use crate::domains::initial_access_tokens::{NewToken, TokenState};
use crate::domains::policies::policies_with_template;
use crate::model::id::InitialAccessTokenId;
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::pages::console::{Badge, BadgeKind, Cell, FormPage, RowButton, Section, TablePage, TableRow, TokenMade};
use crate::pages::{Claimed, Moment};
use crate::store::initial_access_tokens::InitialAccessToken;

const TOLD: &Told = &[("revoked", "The token is revoked. What it registered stays.")];

/// `GET /console/domains/{domain}/registration/tokens`
pub async fn list(at: ManagingDomain, Asked(asked): Asked) -> Result<Response, OAuthError> {
    let tokens = at.app.store.initial_access_tokens(at.domain.id()).await?;
    let frame = telling(domain_frame(&at, Section::Registration).await?, &asked, TOLD);
    Ok(show(&TablePage {
        frame: frame.at("Initial access tokens"),
        title: "Initial access tokens".to_owned(),
        lead: "Who holds one may register applications, without being a gateway.".to_owned(),
        tabs: tabs(&at.domain.domain.name, "tokens"),
        headings: &["Label", "State", "Uses", "Policy", "Expires", "Created", "Revoke"],
        rows: tokens.iter().rev().map(|token| row(&at, token)).collect(),
        new: Some((format!("{}/new", root(&at)).into(), "New token")),
        empty: ("No initial access token", "Create one for a program that registers applications by itself."),
    }))
}

fn row(at: &ManagingDomain, token: &InitialAccessToken) -> TableRow {
    let state = TokenState::of(token, at.app.clock.now());
    let badge = match state {
        TokenState::Usable => Badge::new(BadgeKind::Good, "usable"),
        TokenState::UsedUp => Badge::new(BadgeKind::Quiet, "used up"),
        TokenState::Expired => Badge::new(BadgeKind::Quiet, "expired"),
        TokenState::Revoked => Badge::new(BadgeKind::Bad, "revoked"),
    };
    let uses = token.max_uses.map_or_else(|| token.uses.to_string(), |most| format!("{} of {most}", token.uses));
    let label = if token.label.is_empty() { "(without a label)" } else { &token.label };
    TableRow {
        key: token.id.to_string(),
        href: None,
        name: label.into(),
        below: token.id.to_string().into(),
        cells: vec![
            Cell::Badges(vec![badge]),
            Cell::Text(uses.into()),
            Cell::Text(policy_of(at, token)),
            token.expires_at.map_or_else(|| Cell::Text("never".into()), |end| Cell::Day(end.into())),
            Cell::Day(token.created_at.into()),
        ],
        button: (state != TokenState::Revoked).then(|| RowButton {
            action: root(at).into(),
            parameter: ("revoke", token.id.to_string()),
            text: "Revoke",
            question: "Revoke this token? What it registered stays.",
        }),
    }
}

fn policy_of(at: &ManagingDomain, token: &InitialAccessToken) -> Claimed {
    let Some(id) = token.policy_id else { return "that of gateways".into() };
    let known = at.domain.policies.iter().find(|policy| policy.id == id);
    known.map_or_else(|| "(deleted)".into(), |policy| (&policy.name).into())
}

/// `POST /console/domains/{domain}/registration/tokens`
pub async fn revoke(at: ManagingDomain, form: Fields) -> Result<Response, OAuthError> {
    let id = form.field("revoke").parse().map_err(|_| OAuthError::not_found("the domain has no such token"))?;
    at.domains().revoke_initial_access_token(&at.domain, InitialAccessTokenId(id), &at.actor()).await?;
    Ok(go_telling(&root(&at), "revoked"))
}

/// `GET /console/domains/{domain}/registration/tokens/new`
pub async fn show_new(at: ManagingDomain) -> Result<Response, OAuthError> {
    let gateway = at.domain.domain.settings.gateway_policy.clone();
    let values = Object::from_iter([("policy".to_owned(), gateway.into())]);
    Ok(show(&new_page(&at, &values, &Wrong::default()).await?))
}

/// `POST /console/domains/{domain}/registration/tokens/new`: the token is on the answer's page, and nowhere else.
pub async fn create(at: ManagingDomain, form: Fields) -> Result<Response, OAuthError> {
    let (typed_now, unreadable) = sent(TOKEN, &form);
    let wrong = if unreadable.is_empty() {
        let number = |name: &str| typed_now.get(name).and_then(serde_json::Value::as_i64);
        let policy = at.domain.policy(form.field("policy")).map(|policy| policy.id);
        let label = form.trimmed("label").to_owned();
        let new = NewToken { label, max_uses: number("max_uses"), lifetime: number("lifetime"), policy };
        let issued = match (policy, form.given("policy")) {
            (None, Some(_)) => Err(OAuthError::invalid_request("policy: is not a policy of this domain")),
            _ => at.domains().issue_initial_access_token(&at.domain, new, &at.actor()).await,
        };
        match issued {
            Ok((secret, token)) => return Ok(show(&made(&at, secret.expose(), &token).await?)),
            Err(error) => Wrong::of(TOKEN, error)?,
        }
    } else {
        unreadable
    };
    Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &new_page(&at, &typed_now, &wrong).await?))
}

async fn made(at: &ManagingDomain, secret: &str, token: &InitialAccessToken) -> Result<TokenMade, OAuthError> {
    let frame = domain_frame(at, Section::Registration).await?;
    let end = token.expires_at.map_or_else(|| "never".to_owned(), |end| Moment::from(end).words());
    Ok(TokenMade {
        frame: frame.below("Initial access tokens", root(at)).at("New token"),
        label: (&token.label).into(),
        token: secret.to_owned(),
        registration_url: Endpoints::of(at.app.public_url.as_str(), &at.domain.domain.name).registration_url,
        facts: vec![
            ("Policy", policy_of(at, token)),
            ("Registrations", token.max_uses.map_or_else(|| "any number".to_owned(), |most| most.to_string()).into()),
            ("Expires", end.into()),
        ],
        back: root(at).into(),
    })
}

async fn new_page(at: &ManagingDomain, values: &Object, wrong: &Wrong) -> Result<FormPage, OAuthError> {
    let frame = domain_frame(at, Section::Registration).await?;
    Ok(FormPage {
        frame: frame.below("Initial access tokens", root(at)).at("New token"),
        title: "New initial access token".to_owned(),
        lead: "It is shown once, on the next page.".to_owned(),
        tabs: Vec::new(),
        action: format!("{}/new", root(at)).into(),
        version: 0,
        presets: Vec::new(),
        groups: drawn(TOKEN, values, Some(&at.domain), wrong),
        error: wrong.with_the_whole(),
        submit: "Create token",
        cancel: Some(root(at).into()),
        delete: None,
    })
}

fn root(at: &ManagingDomain) -> String {
    format!("{}/tokens", Section::Registration.path(&at.domain.domain.name))
}

/// `GET /console/domains/{domain}/registration/templates`
pub async fn templates(at: ManagingDomain) -> Result<Response, OAuthError> {
    let name = &at.domain.domain.name;
    let templates = at.app.store.templates(at.domain.id()).await?;
    let row = |client: &crate::model::client::Client| TableRow {
        key: client.client_id.as_str().to_owned(),
        href: Some(format!("{}/{}", Section::Applications.path(name), client.client_id).into()),
        name: Claimed::of_application(client.metadata.client_name.as_deref().unwrap_or_default()),
        below: client.client_id.as_str().into(),
        cells: vec![
            Cell::Code(client.settings.template.as_deref().unwrap_or_default().into()),
            Cell::Text(policies_with_template(&at.domain, client).join(", ").into()),
        ],
        button: None,
    };
    Ok(show(&TablePage {
        frame: domain_frame(&at, Section::Registration).await?.at("Templates"),
        title: "Templates".to_owned(),
        lead: "Applications that a registration names in software_id to be filled in from. An application becomes one on its own page; a policy lists those that it takes.".to_owned(),
        tabs: tabs(name, "templates"),
        headings: &["Application", "software_id", "Taken by the policies"],
        rows: templates.iter().map(row).collect(),
        new: None,
        empty: ("No template", "Mark an application as a template to fill in registrations from it."),
    }))
}
