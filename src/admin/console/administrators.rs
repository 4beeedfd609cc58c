//! Administrators, for owners.

use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use super::fields::{Asked, Fields};
use super::respond::{Told, frame, go_telling, sentence, show, show_as, stale, telling};
use crate::admin::managing::{Managing, Segments};
use crate::administrators::accounts::{AdministratorEdit, MIN_PASSWORD, NewAdministrator as Wanted};
use crate::model::administrator::{Administrator, Principal, Reach, Role};
use crate::model::domain::Domain;
use crate::model::id::AdministratorId;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::pages::console::{
    AdministratorForm, AdministratorPage, AdministratorRow, Administrators, Badge, BadgeKind, Choice, ConsoleFrame,
    NewAdministrator, Section,
};
use crate::pages::{Claimed, texts};
use crate::store::administrator_sessions::EndAdministratorSessions;

const LIST: &str = "/console/administrators";
const MOST: i64 = 1_000;

const TOLD: &Told = &[
    ("created", "The administrator is created."),
    ("saved", "The changes are saved."),
    ("password", "The password is set. The person is logged out everywhere."),
    ("disabled", "The administrator is disabled, and logged out everywhere."),
    ("enabled", "The administrator may log in again."),
    ("sessions", "Every session has ended."),
    ("second-factor", "The second factor is removed."),
    ("deleted", "The administrator is deleted."),
];

/// What the path names.
#[derive(Debug, Deserialize)]
pub struct Named {
    administrator_id: Uuid,
}

/// `GET /console/administrators`
pub async fn list(managing: Managing, Asked(asked): Asked) -> Result<Response, OAuthError> {
    let frame = telling(frame(&managing, Section::Administrators).await?, &asked, TOLD);
    let domains = managing.app.store.domains().await?;
    let all = managing.app.store.administrators("", MOST).await?;
    Ok(show(&Administrators { frame, rows: all.iter().map(|one| row(one, &domains)).collect() }))
}

/// `GET /console/administrators/new`
pub async fn new(managing: Managing) -> Result<Response, OAuthError> {
    let frame = below(&managing).await?.at("New administrator");
    let domains = managing.app.store.domains().await?;
    Ok(show(&NewAdministrator { frame, form: blank(&domains), password_hint: password_hint() }))
}

/// `POST /console/administrators/new`
pub async fn create(managing: Managing, sent: Fields) -> Result<Response, OAuthError> {
    let domains = managing.app.store.domains().await?;
    let wanted = Wanted {
        username: sent.trimmed("username").to_owned(),
        role: role(&sent)?,
        reach: reach(&sent, &domains),
        password: Secret::new(sent.field("password")),
        disabled: false,
    };
    match managing.app.administrators.create(wanted, &managing.actor()).await {
        Ok(_) => Ok(go_telling(LIST, "created")),
        Err(error) => {
            let form = typed(&sent, &domains, error)?;
            let frame = below(&managing).await?.at("New administrator");
            let page = NewAdministrator { frame, form, password_hint: password_hint() };
            Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
    }
}

/// `GET /console/administrators/{administrator_id}`
pub async fn read(
    managing: Managing,
    Segments(named): Segments<Named>,
    Asked(asked): Asked,
) -> Result<Response, OAuthError> {
    let found = find(&managing, &named).await?;
    let mut page = page(&managing, &found, None).await?;
    page.frame = telling(page.frame, &asked, TOLD);
    Ok(show(&page))
}

/// `POST /console/administrators/{administrator_id}`
pub async fn change(
    managing: Managing,
    Segments(named): Segments<Named>,
    sent: Fields,
) -> Result<Response, OAuthError> {
    let found = find(&managing, &named).await?;
    let (administrators, actor) = (&managing.app.administrators, managing.actor());
    let here = format!("{LIST}/{}", found.id);
    match sent.field("action") {
        "end_sessions" => {
            administrators.end_sessions(&found, EndAdministratorSessions::AllBut(None), &actor).await?;
            return Ok(go_telling(&here, "sessions"));
        }
        "remove_second_factor" => {
            administrators.remove_second_factor(&found, &actor).await?;
            return Ok(go_telling(&here, "second-factor"));
        }
        "delete" => return delete(&managing, &found, &sent).await,
        _ => {}
    }
    if sent.field("version") != found.version.to_string() {
        return Ok(stale(below(&managing).await?, &found.username, &here));
    }
    let domains = managing.app.store.domains().await?;
    let (edit, done) = match sent.field("action") {
        "save" => {
            let username = Some(sent.trimmed("username").to_owned());
            let (role, reach) = (Some(role(&sent)?), Some(reach(&sent, &domains)));
            (AdministratorEdit { username, role, reach, ..AdministratorEdit::default() }, "saved")
        }
        "set_password" => {
            let password = Some(Secret::new(sent.field("password")));
            (AdministratorEdit { password, ..AdministratorEdit::default() }, "password")
        }
        "disable" => (AdministratorEdit { enabled: Some(false), ..AdministratorEdit::default() }, "disabled"),
        "enable" => (AdministratorEdit { enabled: Some(true), ..AdministratorEdit::default() }, "enabled"),
        _ => return Err(OAuthError::invalid_request("action: is not one of this page")),
    };
    match administrators.change(&found, edit, None, &actor).await {
        Ok(_) => Ok(go_telling(&here, done)),
        Err(error) => {
            let sent = (sent.field("action") == "save").then_some(&sent);
            let form = match sent {
                Some(sent) => typed(sent, &domains, error)?,
                None => told(filled(&found, &domains), error)?,
            };
            Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page(&managing, &found, Some(form)).await?))
        }
    }
}

async fn delete(managing: &Managing, found: &Administrator, sent: &Fields) -> Result<Response, OAuthError> {
    if sent.trimmed("confirm") != found.username {
        let confirm_error = Some("This is not the user name of this administrator.".to_owned());
        let page = AdministratorPage { confirm_error, ..page(managing, found, None).await? };
        return Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    managing.app.administrators.delete(found, None, &managing.actor()).await?;
    Ok(go_telling(LIST, "deleted"))
}

async fn find(managing: &Managing, named: &Named) -> Result<Administrator, OAuthError> {
    let found = managing.app.store.administrator(AdministratorId(named.administrator_id)).await?;
    found.ok_or_else(|| OAuthError::not_found("there is no such administrator; somebody may have deleted it"))
}

async fn below(managing: &Managing) -> Result<ConsoleFrame, OAuthError> {
    frame(managing, Section::Administrators).await
}

async fn page(
    managing: &Managing,
    found: &Administrator,
    form: Option<AdministratorForm>,
) -> Result<AdministratorPage, OAuthError> {
    let domains = managing.app.store.domains().await?;
    let sessions = managing.app.administrators.sessions(found.id).await?;
    let device = |name: String| Claimed::from(name).or(texts::NO_BROWSER);
    let sessions = sessions.into_iter().map(|one| (device(one.device), one.source.into(), one.last_seen_at.into()));
    Ok(AdministratorPage {
        frame: below(managing).await?.at(found.username.as_str()),
        action: format!("{LIST}/{}", found.id).into(),
        username: found.username.as_str().into(),
        version: found.version,
        enabled: found.enabled,
        second_factor: found.totp.is_some(),
        oneself: matches!(&managing.authority.principal, Principal::Administrator(id, _) if *id == found.id),
        created: found.created_at.into(),
        last_login: found.last_login_at.map(Into::into),
        form: form.unwrap_or_else(|| filled(found, &domains)),
        password_hint: password_hint(),
        sessions: sessions.collect(),
        confirm_error: None,
    })
}

fn row(one: &Administrator, domains: &[Domain]) -> AdministratorRow {
    let reached = match &one.reach {
        Reach::All => "all".to_owned(),
        Reach::Domains(ids) => {
            let names: Vec<&str> = domains.iter().filter(|d| ids.contains(&d.id)).map(|d| d.name.as_str()).collect();
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        }
    };
    let state = if one.enabled { (BadgeKind::Good, "Active") } else { (BadgeKind::Bad, "Disabled") };
    AdministratorRow {
        href: format!("{LIST}/{}", one.id).into(),
        username: one.username.as_str().into(),
        role: one.role.to_string(),
        domains: reached.into(),
        second_factor: one.totp.is_some(),
        last_login: one.last_login_at.map(Into::into),
        state: Badge::new(state.0, state.1),
    }
}

fn roles(chosen: Role) -> Vec<Choice> {
    let label = |role| match role {
        Role::Auditor => "Auditor",
        Role::Editor => "Editor",
        Role::Owner => "Owner",
    };
    Role::ALL.into_iter().map(|role| Choice::new(role.as_str(), label(role), role == chosen)).collect()
}

fn role(sent: &Fields) -> Result<Role, OAuthError> {
    let unknown = || OAuthError::invalid_request("role: must be auditor, editor or owner");
    Role::parse(sent.field("role")).ok_or_else(unknown)
}

/// Who ticked nothing reaches nothing: no slip of the pen gives away every domain.
fn reach(sent: &Fields, domains: &[Domain]) -> Reach {
    if sent.ticked("all_domains") {
        return Reach::All;
    }
    let named = sent.all("domain");
    Reach::Domains(domains.iter().filter(|domain| named.contains(&domain.name.as_str())).map(|d| d.id).collect())
}

fn blank(domains: &[Domain]) -> AdministratorForm {
    AdministratorForm {
        username: String::new(),
        roles: roles(Role::Editor),
        all_domains: true,
        domains: choices(domains, |_| false),
        error: None,
        username_error: None,
        password_error: None,
        domains_error: None,
    }
}

fn filled(one: &Administrator, domains: &[Domain]) -> AdministratorForm {
    AdministratorForm {
        username: one.username.clone(),
        roles: roles(one.role),
        all_domains: one.reach == Reach::All,
        domains: choices(domains, |domain| one.reach != Reach::All && one.reach.covers(domain.id)),
        ..blank(domains)
    }
}

/// What was typed, with what is wrong beside its field.
fn typed(sent: &Fields, domains: &[Domain], error: OAuthError) -> Result<AdministratorForm, OAuthError> {
    let named = sent.all("domain");
    let form = AdministratorForm {
        username: sent.field("username").to_owned(),
        roles: roles(Role::parse(sent.field("role")).unwrap_or(Role::Editor)),
        all_domains: sent.ticked("all_domains"),
        domains: choices(domains, |domain| named.contains(&domain.name.as_str())),
        ..blank(domains)
    };
    told(form, error)
}

fn told(form: AdministratorForm, error: OAuthError) -> Result<AdministratorForm, OAuthError> {
    if error.status >= 500 {
        return Err(error);
    }
    let text = Some(sentence(&error.description));
    Ok(match error.description.split_once(':').map(|(member, _)| member) {
        Some("username") => AdministratorForm { username_error: text, ..form },
        Some("password") => AdministratorForm { password_error: text, ..form },
        Some("domains") => AdministratorForm { domains_error: text, ..form },
        _ => AdministratorForm { error: text, ..form },
    })
}

fn choices(domains: &[Domain], chosen: impl Fn(&Domain) -> bool) -> Vec<Choice> {
    domains.iter().map(|domain| Choice::new(&domain.name, domain.name.as_str(), chosen(domain))).collect()
}

fn password_hint() -> String {
    format!("At least {MIN_PASSWORD} characters. The person can change it under \"Your account\".")
}
