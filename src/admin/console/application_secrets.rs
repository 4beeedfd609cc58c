//! What an application may have and what it proves itself with: its scopes and its secrets.

use axum::response::Response;
use http::StatusCode;
use serde_json::Value;

use super::application::show_secret;
use super::application_head::{OfApplication, Tabbed, head, lost, path_of};
use super::fields::{Asked, Fields};
use super::own_secret::Chosen;
use super::respond::{Told, go_telling, sentence, show, show_as, telling};
use super::scopes::control;
use crate::admin::clients::client_named;
use crate::admin::managing::{ManagingDomain, Segments};
use crate::clients::administer::{LONGEST_GRACE, usual_grace};
use crate::clients::application::edited;
use crate::clients::manual::DCR_ADMIN;
use crate::clients::register::needs_secret;
use crate::model::client::{Client, ClientSecret};
use crate::model::id::SecretId;
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::scope::ScopeSet;
use crate::pages::Claimed;
use crate::pages::console::{
    ApplicationScopes, ApplicationSecrets, Badge, BadgeKind, Choice, OwnSecret, ScopeRow, SecretRow,
};
use crate::store::cache::ClientEntry;

const TOLD: &Told = &[
    ("saved", "Saved. Tokens that are issued from now on follow it."),
    ("ended", "The secret has ended."),
    ("set", "The secret is yours now."),
];

/// How long the secrets before a new one may live on: seconds, and words. What ends them at once is asked about.
const GRACES: [(i64, &str); 6] = [
    (0, "End at once"),
    (3_600, "Work for an hour"),
    (86_400, "Work for a day"),
    (604_800, "Work for a week"),
    (2_592_000, "Work for 30 days"),
    (7_776_000, "Work for 90 days"),
];

/// `GET …/scopes`
pub async fn show_scopes(
    at: ManagingDomain,
    Segments(of): Segments<OfApplication>,
    Asked(asked): Asked,
) -> Result<Response, OAuthError> {
    let client = client_named(&at, &of.client_id).await?.client;
    let settings = &client.settings;
    let granted: Vec<&str> = settings.granted_scopes.iter().collect();
    let defaults: Vec<&str> = settings.default_scopes.iter().collect();
    let mut page = scopes(&at, &client, (&granted, &defaults)).await?;
    page.frame = telling(page.frame, &asked, TOLD);
    Ok(show(&page))
}

async fn scopes(
    at: &ManagingDomain,
    client: &Client,
    (granted, defaults): (&[&str], &[&str]),
) -> Result<ApplicationScopes, OAuthError> {
    let (frame, head) = head(at, client, Tabbed::Scopes).await?;
    let rows = at.domain.scopes.iter().map(|scope| ScopeRow {
        choice: Choice {
            description: Claimed::long(&scope.description),
            risk: (scope.name == DCR_ADMIN).then(|| control(&at.domain.domain.settings).into()),
            ..Choice::new(&scope.name, &scope.label, granted.contains(&scope.name.as_str()))
        },
        default: defaults.contains(&scope.name.as_str()),
    });
    let registered = client.metadata.scope.iter().flat_map(ScopeSet::iter);
    Ok(ApplicationScopes {
        frame,
        head,
        scopes: rows.collect(),
        registered: registered.map(|scope| (scope.into(), at.domain.scope(scope).is_some())).collect(),
        error: None,
    })
}

/// `POST …/scopes`
pub async fn change_scopes(
    at: ManagingDomain,
    Segments(of): Segments<OfApplication>,
    form: Fields,
) -> Result<Response, OAuthError> {
    let entry = client_named(&at, &of.client_id).await?;
    let client = &entry.client;
    let (granted, defaults) = (form.all("granted"), form.all("default"));
    let path = format!("{}/scopes", path_of(&at, client));
    let stale = |client: &Client| form.field("version") != client.version.to_string();
    let differences = |client: &Client| {
        let row = |label: &str, mine: &[&str], theirs: String| {
            (label.to_owned(), Claimed::long(&mine.join(" ")), Claimed::long(&theirs))
        };
        let settings = &client.settings;
        vec![
            row("Granted", &granted, settings.granted_scopes.to_string()),
            row("Default", &defaults, settings.default_scopes.to_string()),
        ]
    };
    if stale(client) {
        return lost(&at, client, (path, form.pairs()), differences(client)).await;
    }
    let text = |scopes: &[&str]| if scopes.is_empty() { Value::Null } else { scopes.join(" ").into() };
    let settings = Object::from_iter([
        ("granted_scopes".to_owned(), text(&granted)),
        ("default_scopes".to_owned(), text(&defaults)),
    ]);
    let edit = edited(client, None, Some(settings))?;
    match at.app.registry.edit(&at.domain, &entry, edit, &at.actor()).await {
        Ok(_) => Ok(go_telling(&path, "saved")),
        Err(error) if error.status >= 500 => Err(error),
        Err(error) => {
            let now = client_named(&at, &of.client_id).await?.client;
            if stale(&now) {
                return lost(&at, &now, (path, form.pairs()), differences(&now)).await;
            }
            let mut page = scopes(&at, client, (&granted, &defaults)).await?;
            page.error = Some(sentence(&error.description));
            Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
    }
}

/// `GET …/secrets`
pub async fn show_secrets(
    at: ManagingDomain,
    Segments(of): Segments<OfApplication>,
    Asked(asked): Asked,
) -> Result<Response, OAuthError> {
    let entry = client_named(&at, &of.client_id).await?;
    let mut page = secrets(&at, &entry).await?;
    page.frame = telling(page.frame, &asked, TOLD);
    Ok(show(&page))
}

async fn secrets(at: &ManagingDomain, entry: &ClientEntry) -> Result<ApplicationSecrets, OAuthError> {
    let client = &entry.client;
    let (frame, head) = head(at, client, Tabbed::Secrets).await?;
    let used = at.app.store.secrets_last_used(at.domain.id(), &client.client_id).await?;
    let rows = entry.secrets.iter().map(|secret| SecretRow {
        id: secret.id.to_string(),
        state: standing(at, secret),
        created: secret.created_at.into(),
        expires: secret.expires_at.map(Into::into),
        last_used: used.iter().find(|(id, _)| *id == secret.id).map(|(_, at)| (*at).into()),
    });
    Ok(ApplicationSecrets {
        frame,
        head,
        has_secret: needs_secret(&client.metadata),
        rows: rows.collect(),
        graces: graces(usual_grace(&at.domain, client), LONGEST_GRACE),
        own_secret: OwnSecret::default(),
        error: None,
    })
}

/// How long the secrets before a new one live on, to choose from: up to `longest` seconds, `usual` unless one chooses.
pub(super) fn graces(usual: i64, longest: i64) -> Vec<Choice> {
    let choice = |(seconds, words): &(i64, &str)| Choice {
        risk: (*seconds == 0)
            .then(|| "End the secrets before at once? Whoever uses one is refused from now on.".into()),
        ..Choice::new(seconds.to_string(), *words, *seconds == usual)
    };
    let mut graces: Vec<Choice> = GRACES.iter().filter(|(seconds, _)| *seconds <= longest).map(choice).collect();
    if !graces.iter().any(|choice| choice.chosen) {
        graces.push(Choice::new(usual.to_string(), format!("Work for {usual} seconds, as its policy says"), true));
    }
    graces
}

fn standing(at: &ManagingDomain, secret: &ClientSecret) -> Badge {
    match (secret.is_valid_at(at.app.clock.now()), secret.superseded) {
        (false, _) => Badge::new(BadgeKind::Bad, "Ended"),
        (true, true) => Badge::new(BadgeKind::Warn, "Superseded"),
        (true, false) => Badge::new(BadgeKind::Good, "Current"),
    }
}

/// `POST …/secrets`
pub async fn change_secrets(
    at: ManagingDomain,
    Segments(of): Segments<OfApplication>,
    form: Fields,
) -> Result<Response, OAuthError> {
    let entry = client_named(&at, &of.client_id).await?;
    let client = &entry.client;
    let path = format!("{}/secrets", path_of(&at, client));
    let (registry, actor) = (&at.app.registry, at.actor());
    if form.field("action") == "end" {
        let id = form.field("secret").parse().map_err(|_| OAuthError::not_found("the client has no such secret"))?;
        registry.end_secret(&entry, SecretId(id), &actor).await?;
        return Ok(go_telling(&path, "ended"));
    }
    let own = Chosen::of(&form, "client_secret");
    if form.field("version") != client.version.to_string() {
        if own.secret.is_none() {
            return lost(&at, client, (path, form.pairs()), Vec::new()).await;
        }
        // The page of a lost update cannot carry a secret along.
        let changed = "Somebody else changed this application meanwhile; look at it and try again.".to_owned();
        let page = ApplicationSecrets { error: Some(changed), ..again(&at, &entry, (&form, own.again(None))).await? };
        return Ok(show_as(StatusCode::CONFLICT, &page));
    }
    let grace =
        form.field("grace").parse().map_err(|_| OAuthError::invalid_request("grace: is a number of seconds"))?;
    let made = match &own.secret {
        _ if own.is_missing() => None,
        None => Some(registry.renew_manual(&at.domain, client, grace, &actor).await.map(|(clear, _)| Some(clear))),
        Some(chosen) => Some(registry.set_secret(client, (chosen.clone(), grace), &actor).await.map(|_| None)),
    };
    let (secret_error, error) = match made {
        Some(Ok(Some(secret))) => return show_secret(&at, client, &secret).await,
        Some(Ok(None)) => return Ok(go_telling(&path, "set")),
        Some(Err(error)) if error.status >= 500 => return Err(error),
        Some(Err(error)) => match error.description.strip_prefix("client_secret: ") {
            Some(told) => (Some(sentence(told)), None),
            None => (None, Some(sentence(&error.description))),
        },
        None => (None, None),
    };
    let page = again(&at, &entry, (&form, own.again(secret_error))).await?;
    Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &ApplicationSecrets { error, ..page }))
}

/// The page with the form as it was sent.
async fn again(
    at: &ManagingDomain,
    entry: &ClientEntry,
    (form, own_secret): (&Fields, OwnSecret),
) -> Result<ApplicationSecrets, OAuthError> {
    let mut page = ApplicationSecrets { own_secret, ..secrets(at, entry).await? };
    if page.graces.iter().any(|choice| choice.value == form.field("grace")) {
        for choice in &mut page.graces {
            choice.chosen = choice.value == form.field("grace");
        }
    }
    Ok(page)
}
