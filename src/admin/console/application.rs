//! What an application is: shown, changed, stepped through its life, deleted.

use axum::response::Response;
use http::StatusCode;
use serde_json::Value;

use super::application_form::{LIFETIME, changes, field_of, form_of, lifetime_error, others};
use super::application_head::{
    OfApplication, Tabbed, head, list_path, lost, origin_name, path_of, registrant_name, title_of,
};
use super::fields::{Asked, Fields};
use super::respond::{Told, beside, go_telling, show, show_as, telling};
use crate::admin::clients::client_named;
use crate::admin::managing::{ManagingDomain, Segments};
use crate::clients::administer::Step;
use crate::clients::application::edited;
use crate::clients::manual::DCR_ADMIN;
use crate::model::client::{Client, ClientStatus, Origin};
use crate::model::id::ClientId;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::pages::Claimed;
use crate::pages::console::{ApplicationForm, ApplicationGeneral, ApplicationMade, Choice, Confirm, FieldErrors};
use crate::store::cache::ClientEntry;
use crate::store::client_list::ClientListQuery;

const TOLD: &Told = &[
    ("saved", "Saved."),
    ("suspend", "The application is suspended, and its tokens have ended."),
    ("resume", "The application goes on."),
    ("approve", "The application is approved."),
    ("restore", "The block is lifted: the application can be used and registered again."),
    ("reassign", "The application is handed over."),
];

/// `GET /console/domains/{domain}/applications/{client_id}`
pub async fn show_general(
    at: ManagingDomain,
    Segments(of): Segments<OfApplication>,
    Asked(asked): Asked,
) -> Result<Response, OAuthError> {
    let client = client_named(&at, &of.client_id).await?.client;
    let mut page = page(&at, &client, form_of(&at, &client)).await?;
    page.frame = telling(page.frame, &asked, TOLD);
    Ok(show(&page))
}

async fn page(at: &ManagingDomain, client: &Client, form: ApplicationForm) -> Result<ApplicationGeneral, OAuthError> {
    let (mut frame, head) = head(at, client, Tabbed::General).await?;
    let deleted = client.status == ClientStatus::Deleted;
    // A block can be lifted, the only step from there.
    frame.may_edit |= deleted && at.authority.role >= crate::model::administrator::Role::Editor;
    let last_used = at.app.store.client_last_used(at.domain.id(), &client.client_id).await?;
    Ok(ApplicationGeneral {
        frame,
        head,
        origin: told_origin(at, client).await?,
        created: client.created_at.into(),
        updated: client.updated_at.into(),
        last_used: last_used.map(Into::into),
        deleted,
        steps: steps(client),
        form,
        others: others(client),
        registrars: registrars(at, client).await?,
    })
}

/// How it came to be, and by whom.
pub async fn told_origin(at: &ManagingDomain, client: &Client) -> Result<Claimed, OAuthError> {
    let (origin, registrant) = (origin_name(client.origin), registrant_name(at, client).await?);
    Ok(if registrant.is_empty() { origin.into() } else { format!("{origin}: {}", registrant.as_str()).into() })
}

fn steps(client: &Client) -> Vec<(&'static str, &'static str, &'static str)> {
    let suspend = ("suspend", "Suspend", "Suspend this application? Its tokens end at once.");
    match client.status {
        ClientStatus::Active => vec![suspend],
        ClientStatus::Pending => vec![("approve", "Approve", ""), suspend],
        ClientStatus::Suspended => vec![("resume", "Resume", "")],
        ClientStatus::Deleted if client.origin == Origin::ContentAddressed => vec![("restore", "Lift the block", "")],
        ClientStatus::Deleted => Vec::new(),
    }
}

/// The gateway registrars that may manage it: those among the domain's first applications made by hand.
async fn registrars(at: &ManagingDomain, client: &Client) -> Result<Vec<Choice>, OAuthError> {
    if client.origin != Origin::Gateway || client.status == ClientStatus::Deleted {
        return Ok(Vec::new());
    }
    let query = ClientListQuery { origin: Some(Origin::Manual), limit: 200, ..ClientListQuery::default() };
    let page = at.app.store.list_clients(at.domain.id(), &query).await?;
    let known = page.into_iter().flat_map(|page| page.items).map(|item| item.client);
    let registrars = known.filter(|known| known.settings.granted_scopes.contains(DCR_ADMIN)).map(|known| {
        let own = client.registrant.as_deref() == Some(known.client_id.as_str());
        let label = format!("{} ({})", title_of(&known).as_str(), known.client_id);
        Choice::new(known.client_id.0.clone(), label, own)
    });
    let registrars: Vec<Choice> = registrars.collect();
    Ok(if registrars.len() > 1 || registrars.iter().all(|choice| !choice.chosen) { registrars } else { Vec::new() })
}

/// `POST /console/domains/{domain}/applications/{client_id}`
pub async fn change(
    at: ManagingDomain,
    Segments(of): Segments<OfApplication>,
    form: Fields,
) -> Result<Response, OAuthError> {
    let entry = client_named(&at, &of.client_id).await?;
    let stale = form.field("version") != entry.client.version.to_string();
    let action = form.field("action");
    if stale {
        return conflict(&at, &entry.client, &form).await;
    }
    let done = match action {
        "" | "save" => return save(&at, &entry, &form).await,
        "suspend" => at.app.registry.turn(&entry, Step::Suspend, &at.actor()).await,
        "resume" => at.app.registry.turn(&entry, Step::Resume, &at.actor()).await,
        "approve" => at.app.registry.turn(&entry, Step::Approve, &at.actor()).await,
        "restore" => at.app.registry.restore(&entry, &at.actor()).await,
        "reassign" => {
            let to = ClientId(form.field("registrant").to_owned());
            at.app.registry.reassign(&at.domain, &entry, &to, &at.actor()).await
        }
        _ => return Err(OAuthError::invalid_request("action: is not one of this page")),
    };
    match done {
        Ok(()) => Ok(go_telling(&path_of(&at, &entry.client), action)),
        Err(error) if error.status == 409 => again(&at, &of, &form, error).await,
        Err(error) => Err(error),
    }
}

async fn save(at: &ManagingDomain, entry: &ClientEntry, form: &Fields) -> Result<Response, OAuthError> {
    let client = &entry.client;
    let (wanted, metadata, settings) = changes(at, client, form);
    let lifetime = lifetime_error(form).map(|told| (LIFETIME, told));
    let registry = &at.app.registry;
    let saved = match edited(client, metadata, settings.filter(|_| lifetime.is_none())) {
        Ok(edit) if lifetime.is_none() => registry.edit(&at.domain, entry, edit, &at.actor()).await,
        // Nothing is written; what else is wrong is told with it.
        Ok(edit) => edit.metadata.map_or(Ok(None), |metadata| registry.check_manual(metadata).map(|_| None)),
        Err(error) => Err(error),
    };
    let refused = match saved {
        Ok(None) if lifetime.is_none() => return Ok(go_telling(&path_of(at, client), "saved")),
        Ok(Some(secret)) => return show_secret(at, client, &secret).await,
        Err(error) if error.status >= 500 => return Err(error),
        Ok(None) => None,
        Err(error) => Some((field_of(&error), beside(&error.description))),
    };
    let now = client_named(at, client.client_id.as_str()).await?;
    if now.client.version != client.version {
        return conflict(at, &now.client, form).await;
    }
    let errors = FieldErrors(lifetime.into_iter().chain(refused).collect());
    let page = page(at, client, ApplicationForm { errors, ..wanted }).await?;
    Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page))
}

/// Somebody changed it between the read and the write: the page says so; else the step itself is impossible.
async fn again(
    at: &ManagingDomain,
    of: &OfApplication,
    form: &Fields,
    error: OAuthError,
) -> Result<Response, OAuthError> {
    let now = client_named(at, &of.client_id).await?;
    if form.field("version") == now.client.version.to_string() {
        return Err(error);
    }
    conflict(at, &now.client, form).await
}

async fn conflict(at: &ManagingDomain, client: &Client, form: &Fields) -> Result<Response, OAuthError> {
    let fields = form.pairs();
    let differences = match form.field("action") {
        "" | "save" => differences(at, client, form),
        _ => Vec::new(),
    };
    lost(at, client, (path_of(at, client), fields), differences).await
}

/// What was typed beside what is in force now.
fn differences(at: &ManagingDomain, client: &Client, form: &Fields) -> Vec<(String, Claimed, Claimed)> {
    let (_, metadata, settings) = changes(at, client, form);
    let now = client.metadata.to_object();
    let told = |value: Option<&Value>| super::application_head::shown(value.filter(|value| !value.is_null()));
    let settings_now = crate::model::json::members(&client.settings);
    let of_metadata = metadata.iter().flatten().map(|(name, mine)| (name, mine, now.get(name)));
    let of_settings = settings.iter().flatten().map(|(name, mine)| (name, mine, settings_now.get(name)));
    of_metadata.chain(of_settings).map(|(name, mine, theirs)| (name.clone(), told(Some(mine)), told(theirs))).collect()
}

/// The page that shows a secret this once.
pub async fn show_secret(at: &ManagingDomain, client: &Client, secret: &Secret) -> Result<Response, OAuthError> {
    let (frame, head) = head(at, client, Tabbed::Secrets).await?;
    Ok(show(&ApplicationMade {
        frame,
        title: format!("New secret of {}", head.title().as_str()).into(),
        wizard: false,
        remarks: Vec::new(),
        client_id: client.client_id.0.clone(),
        secret: Some(secret.expose().to_owned()),
        values: Vec::new(),
        provider: Vec::new(),
        href: format!("{}/secrets", path_of(at, client)).into(),
    }))
}

/// `GET /console/domains/{domain}/applications/{client_id}/delete`
pub async fn ask_delete(at: ManagingDomain, Segments(of): Segments<OfApplication>) -> Result<Response, OAuthError> {
    let client = client_named(&at, &of.client_id).await?.client;
    Ok(show(&question(&at, &client, None).await?))
}

/// `POST /console/domains/{domain}/applications/{client_id}/delete`
pub async fn delete(
    at: ManagingDomain,
    Segments(of): Segments<OfApplication>,
    form: Fields,
) -> Result<Response, OAuthError> {
    let entry = client_named(&at, &of.client_id).await?;
    let client = &entry.client;
    if form.field("version") != client.version.to_string() {
        return lost(&at, client, (format!("{}/delete", path_of(&at, client)), form.pairs()), Vec::new()).await;
    }
    if form.trimmed("confirm") != title_of(client).as_str() {
        let error = Some("Type the name exactly as it stands above.".to_owned());
        return Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &question(&at, client, error).await?));
    }
    at.app.registry.remove(&entry, &at.actor()).await?;
    Ok(go_telling(&list_path(&at), "removed"))
}

async fn question(at: &ManagingDomain, client: &Client, error: Option<String>) -> Result<Confirm, OAuthError> {
    if client.status == ClientStatus::Deleted {
        return Err(OAuthError::conflict("the application is deleted already"));
    }
    let (mut frame, head) = head(at, client, Tabbed::General).await?;
    frame.trail.clear();
    let path = path_of(at, client);
    Ok(Confirm {
        frame: frame.below(head.title(), path.as_str()).at("Delete"),
        title: "Delete this application?".to_owned(),
        what: head.title(),
        items: Vec::new(),
        consequences: vec![
            "Its tokens and secrets end at once, and nobody can sign in with it.".to_owned(),
            "Its client id is never given to anybody else. This cannot be undone.".to_owned(),
        ],
        word: Some(head.title()),
        parameters: vec![("version".to_owned(), client.version.to_string())],
        action: format!("{path}/delete").into(),
        button: "Delete application".to_owned(),
        cancel: path.into(),
        error,
    })
}
