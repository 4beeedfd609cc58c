//! The scopes of a domain.

use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::fields::{Asked, Fields};
use super::respond::{Told, conflict, differing, domain_frame, go_telling, show, show_as, telling};
use super::setting_tables::{NAME, SCOPE};
use super::settings_form::{Group, differences, drawn, replaced, sent};
use super::wrong::Wrong;
use crate::admin::api::encoded;
use crate::admin::managing::{ManagingDomain, Segments};
use crate::clients::manual::DCR_ADMIN;
use crate::domains::scopes::find_scope;
use crate::model::domain::DomainSettings;
use crate::model::json::{Object, members, typed};
use crate::model::oauth_error::OAuthError;
use crate::model::scope::Scope;
use crate::pages::console::{Badge, BadgeKind, Cell, Confirm, Conflict, FormPage, Section, TablePage, TableRow};

const TOLD: &Told =
    &[("made", "The scope is created."), ("saved", "The scope is saved."), ("deleted", "The scope is deleted.")];

/// The segment that names a scope.
#[derive(Debug, Deserialize)]
pub struct Named {
    scope: String,
}

/// `GET /console/domains/{domain}/scopes`
pub async fn list(at: ManagingDomain, Asked(asked): Asked) -> Result<Response, OAuthError> {
    let frame = telling(domain_frame(&at, Section::Scopes).await?, &asked, TOLD);
    let row = |scope: &Scope| TableRow {
        key: scope.name.clone(),
        href: Some(path(&at, &scope.name).into()),
        name: (&scope.name).into(),
        below: (&scope.description).into(),
        cells: vec![Cell::Text((&scope.label).into()), Cell::Badges(badges(&at, scope))],
        button: None,
    };
    Ok(show(&TablePage {
        title: "Scopes".to_owned(),
        lead: "What tokens allow. People read the descriptions when they are asked for consent.".to_owned(),
        tabs: Vec::new(),
        headings: &["Scope", "Label", "Flags"],
        rows: at.domain.scopes.iter().map(row).collect(),
        new: Some((format!("{}/new", root(&at)).into(), "New scope")),
        empty: ("No scope yet", "A scope is what an application asks for and a person consents to."),
        frame,
    }))
}

/// What `dcr_admin` gives control of.
pub(super) fn control(settings: &DomainSettings) -> &'static str {
    if settings.registrars_manage_all {
        "full control of all clients that gateways register"
    } else {
        "full control of the clients it registers"
    }
}

fn badges(at: &ManagingDomain, scope: &Scope) -> Vec<Badge> {
    let flags = [
        (scope.name == DCR_ADMIN, BadgeKind::Warn, control(&at.domain.domain.settings)),
        (scope.self_registrable, BadgeKind::Quiet, "self-registrable"),
        (scope.hidden, BadgeKind::Quiet, "hidden"),
        (scope.reserved, BadgeKind::Quiet, "reserved"),
    ];
    flags.into_iter().filter(|(on, ..)| *on).map(|(_, kind, text)| Badge::new(kind, text)).collect()
}

/// `GET /console/domains/{domain}/scopes/new`
pub async fn show_new(at: ManagingDomain) -> Result<Response, OAuthError> {
    Ok(show(&page(&at, None, &Object::new(), &Wrong::default()).await?))
}

/// `POST /console/domains/{domain}/scopes/new`
pub async fn create(at: ManagingDomain, form: Fields) -> Result<Response, OAuthError> {
    let (typed_now, _) = sent(&groups(None), &form);
    match put(&at, &typed_now, form.trimmed("name"), 0).await {
        Ok(()) => Ok(go_telling(&root(&at), "made")),
        Err(error) => {
            let wrong = Wrong::of(&groups(None), error)?;
            Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page(&at, None, &typed_now, &wrong).await?))
        }
    }
}

/// `GET /console/domains/{domain}/scopes/{scope}`
pub async fn read(at: ManagingDomain, Segments(named): Segments<Named>) -> Result<Response, OAuthError> {
    let scope = find_scope(&at.domain, &named.scope)?;
    Ok(show(&page(&at, Some(scope), &members(scope), &Wrong::default()).await?))
}

/// `POST /console/domains/{domain}/scopes/{scope}`
pub async fn change(
    at: ManagingDomain,
    Segments(named): Segments<Named>,
    form: Fields,
) -> Result<Response, OAuthError> {
    let scope = find_scope(&at.domain, &named.scope)?;
    let (typed_now, _) = sent(SCOPE, &form);
    if form.field("version") != scope.version.to_string() {
        let frame = domain_frame(&at, Section::Scopes).await?;
        let page = conflict(frame, &scope.name, &path(&at, &scope.name));
        let page = Conflict { parameters: form.with_version(scope.version), ..page };
        let differing = differing(page, &differences(SCOPE, &typed_now, &members(scope)));
        return Ok(show_as(StatusCode::CONFLICT, &differing));
    }
    match put(&at, &typed_now, &scope.name, scope.version).await {
        Ok(()) => Ok(go_telling(&root(&at), "saved")),
        Err(error) if error.status == 409 => Err(error),
        Err(error) => {
            let wrong = Wrong::of(SCOPE, error)?;
            Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page(&at, Some(scope), &typed_now, &wrong).await?))
        }
    }
}

async fn put(at: &ManagingDomain, typed_now: &Object, name: &str, version: i64) -> Result<(), OAuthError> {
    let mut whole = replaced(&Object::from_iter([("label".to_owned(), name.into())]), typed_now);
    whole.entry("label").or_insert_with(|| name.into());
    whole.insert("name".to_owned(), name.into());
    whole.insert("version".to_owned(), version.into());
    let scope: Scope = typed(&whole).map_err(OAuthError::invalid_request)?;
    at.domains().put_scope(&at.domain, &scope, &at.actor()).await
}

/// `GET /console/domains/{domain}/scopes/{scope}/delete`
pub async fn ask_delete(at: ManagingDomain, Segments(named): Segments<Named>) -> Result<Response, OAuthError> {
    let scope = find_scope(&at.domain, &named.scope)?;
    let own = path(&at, &scope.name);
    let frame = domain_frame(&at, Section::Scopes).await?;
    Ok(show(&Confirm {
        frame: frame.below(&scope.name, &own).at("Delete"),
        title: "Delete this scope?".to_owned(),
        what: (&scope.name).into(),
        items: Vec::new(),
        consequences: vec!["Applications that have it get no more tokens with it.".to_owned()],
        word: None,
        parameters: vec![("version".to_owned(), scope.version.to_string())],
        action: format!("{own}/delete").into(),
        button: "Delete scope".to_owned(),
        cancel: own.into(),
        error: None,
    }))
}

/// `POST /console/domains/{domain}/scopes/{scope}/delete`
pub async fn delete(
    at: ManagingDomain,
    Segments(named): Segments<Named>,
    form: Fields,
) -> Result<Response, OAuthError> {
    let scope = find_scope(&at.domain, &named.scope)?;
    if form.field("version") != scope.version.to_string() {
        let frame = domain_frame(&at, Section::Scopes).await?;
        let page = conflict(frame, &scope.name, &path(&at, &scope.name));
        return Ok(show_as(StatusCode::CONFLICT, &Conflict { action: None, ..page }));
    }
    at.domains().delete_scope(&at.domain, scope, &at.actor()).await?;
    Ok(go_telling(&root(&at), "deleted"))
}

fn root(at: &ManagingDomain) -> String {
    Section::Scopes.path(&at.domain.domain.name)
}

fn path(at: &ManagingDomain, scope: &str) -> String {
    format!("{}/{}", root(at), encoded(scope))
}

fn groups(scope: Option<&Scope>) -> Vec<Group> {
    let name = scope.is_none().then_some(NAME);
    name.into_iter().chain(SCOPE.iter().copied()).collect()
}

async fn page(
    at: &ManagingDomain,
    scope: Option<&Scope>,
    values: &Object,
    wrong: &Wrong,
) -> Result<FormPage, OAuthError> {
    let title = scope.map_or("New scope", |scope| scope.name.as_str());
    let own = scope.map_or_else(|| format!("{}/new", root(at)), |scope| path(at, &scope.name));
    let deletable = scope.filter(|scope| scope.name != DCR_ADMIN);
    Ok(FormPage {
        frame: domain_frame(at, Section::Scopes).await?.at(title),
        title: title.to_owned(),
        lead: String::new(),
        tabs: Vec::new(),
        version: scope.map_or(0, |scope| scope.version),
        presets: Vec::new(),
        groups: drawn(&groups(scope), values, Some(&at.domain), wrong),
        error: wrong.with_the_whole(),
        submit: if scope.is_some() { "Save" } else { "Create scope" },
        cancel: Some(root(at).into()),
        delete: deletable.map(|_| (format!("{own}/delete").into(), "Delete scope")),
        action: own.into(),
    })
}
