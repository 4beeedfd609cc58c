//! A domain's settings: the page of that name, and the one about registration. Both save the same way.

use axum::response::Response;
use http::StatusCode;

use super::fields::{Asked, Fields};
use super::respond::{Told, conflict, differing, domain_frame, go_telling, show, show_as, telling};
use super::setting_tables::{DOMAIN, REGISTRATION};
use super::settings_form::{Group, differences, drawn, replaced, sent};
use super::wrong::Wrong;
use crate::admin::managing::ManagingDomain;
use crate::model::domain::{DomainPreset, DomainSettings};
use crate::model::json::{Object, members, typed};
use crate::model::oauth_error::OAuthError;
use crate::pages::console::{Conflict, ConsoleFrame, FormGroup, FormPage, PresetCard, Section, Tab};

const TOLD: &Told = &[
    ("made", "The domain is created. Say here who may register in it."),
    ("saved", "The settings are saved. They count at once."),
    ("preset", "The preset is switched on. It counts at once."),
];

/// `GET /console/domains/{domain}/settings`
pub async fn show_settings(at: ManagingDomain, Asked(asked): Asked) -> Result<Response, OAuthError> {
    shown(&at, Section::Settings, &asked).await
}

/// `POST /console/domains/{domain}/settings`
pub async fn change_settings(at: ManagingDomain, form: Fields) -> Result<Response, OAuthError> {
    save(&at, Section::Settings, &form).await
}

/// `GET /console/domains/{domain}/registration`
pub async fn show_registration(at: ManagingDomain, Asked(asked): Asked) -> Result<Response, OAuthError> {
    shown(&at, Section::Registration, &asked).await
}

/// `POST /console/domains/{domain}/registration`
pub async fn change_registration(at: ManagingDomain, form: Fields) -> Result<Response, OAuthError> {
    if form.field("action") == "preset" {
        return preset(&at, &form).await;
    }
    save(&at, Section::Registration, &form).await
}

async fn shown(at: &ManagingDomain, section: Section, asked: &Fields) -> Result<Response, OAuthError> {
    let frame = telling(domain_frame(at, section).await?, asked, TOLD);
    Ok(show(&page(at, frame, &members(&at.domain.domain.settings), &Wrong::default())))
}

async fn save(at: &ManagingDomain, section: Section, form: &Fields) -> Result<Response, OAuthError> {
    let (current, groups) = (members(&at.domain.domain.settings), groups(section));
    let (patch, unreadable) = sent(groups, form);
    if form.field("version") != at.domain.domain.version.to_string() {
        return stale(at, section, form, &differences(groups, &patch, &current)).await;
    }
    let wanted = replaced(&current, &patch);
    let mut wrong = unreadable.and_all(groups, (&current, &wanted), |tried| typed::<DomainSettings>(tried)?.check());
    if wrong.is_empty() {
        match change(at, &wanted).await {
            Ok(()) => return Ok(go_telling(&section.path(&at.domain.domain.name), "saved")),
            Err(error) if error.status == 409 => return Err(error),
            Err(error) => wrong = Wrong::of(groups, error)?,
        }
    }
    let frame = domain_frame(at, section).await?;
    Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page(at, frame, &wanted, &wrong)))
}

async fn change(at: &ManagingDomain, wanted: &Object) -> Result<(), OAuthError> {
    let settings: DomainSettings = typed(wanted).map_err(OAuthError::invalid_request)?;
    at.domains().change(&at.domain, &settings, &at.actor()).await
}

async fn preset(at: &ManagingDomain, form: &Fields) -> Result<Response, OAuthError> {
    let preset = DomainPreset::parse(form.field("preset"));
    let preset = preset.ok_or_else(|| OAuthError::invalid_request("preset: must be gateway, mcp or empty"))?;
    if form.field("version") != at.domain.domain.version.to_string() {
        return stale(at, Section::Registration, form, &[]).await;
    }
    let mut settings = at.domain.domain.settings.clone();
    preset.apply(&mut settings);
    at.domains().change(&at.domain, &settings, &at.actor()).await?;
    Ok(go_telling(&Section::Registration.path(&at.domain.domain.name), "preset"))
}

async fn stale(
    at: &ManagingDomain,
    section: Section,
    form: &Fields,
    differences: &[(String, String, String)],
) -> Result<Response, OAuthError> {
    let path = section.path(&at.domain.domain.name);
    let page = conflict(domain_frame(at, section).await?, section.title(), &path);
    let page = Conflict { parameters: form.with_version(at.domain.domain.version), ..page };
    Ok(show_as(StatusCode::CONFLICT, &differing(page, differences)))
}

fn groups(section: Section) -> &'static [Group] {
    if section == Section::Registration { REGISTRATION } else { DOMAIN }
}

fn page(at: &ManagingDomain, frame: ConsoleFrame, values: &Object, wrong: &Wrong) -> FormPage {
    let name = &at.domain.domain.name;
    let registration = frame.section == Section::Registration;
    let (title, lead) = if registration {
        ("Registration", "Who may register applications here, and what they get.")
    } else {
        ("Settings", "Tokens and secrets of this domain. Changes count at once.")
    };
    let mut groups = drawn(groups(frame.section), values, Some(&at.domain), wrong);
    if !registration {
        groups.push(FormGroup {
            id: "logins",
            title: "Sessions and refresh tokens",
            note: "How long a login lasts is set with everything else about it.",
            fields: Vec::new(),
            link: Some((Section::Login.path(name).into(), "Login settings")),
        });
    }
    FormPage {
        title: title.to_owned(),
        lead: lead.to_owned(),
        tabs: if registration { tabs(name, "") } else { Vec::new() },
        action: frame.section.path(name).into(),
        version: at.domain.domain.version,
        presets: if registration { presets(at) } else { Vec::new() },
        groups,
        error: wrong.with_the_whole(),
        submit: "Save",
        cancel: None,
        delete: (!registration && frame.is_owner)
            .then(|| (format!("/console/domains/{name}/delete").into(), "Delete domain")),
        frame,
    }
}

fn presets(at: &ManagingDomain) -> Vec<PresetCard> {
    let settings = &at.domain.domain.settings;
    let on = |preset: DomainPreset| {
        let mut switched = settings.clone();
        preset.apply(&mut switched);
        switched == *settings
    };
    vec![
        PresetCard {
            name: DomainPreset::Gateway.as_str(),
            title: "API gateway (APIM)",
            text: "An API gateway registers the applications of its developers.",
            switches: &["Client registration", "The policy gateway, for API gateways and initial access tokens"],
            on: on(DomainPreset::Gateway),
            now: None,
        },
        PresetCard {
            name: DomainPreset::Mcp.as_str(),
            title: "MCP clients",
            text: "Clients such as editors and assistants begin by themselves.",
            switches: &[
                "Client registration",
                "Open registration",
                "Client ID metadata documents",
                "The policy mcp, for both of them",
            ],
            on: on(DomainPreset::Mcp),
            now: through_quick_start(at),
        },
    ]
}

/// What the switches do not show: what is open only because the server is being tried out.
fn through_quick_start(at: &ManagingDomain) -> Option<String> {
    let settings = &at.domain.domain.settings;
    let open = [
        (at.app.is_open(settings) && !settings.open_registration, "open registration"),
        (at.app.takes_client_documents(settings) && !settings.client_documents, "client ID metadata documents"),
    ];
    let open: Vec<&str> = open.iter().filter(|(is, _)| *is).map(|(_, what)| *what).collect();
    (!open.is_empty()).then(|| format!("In force now through quick start: {}.", open.join(" and ")))
}

/// The pages about registration; `current` is the segment of the one that is shown.
pub fn tabs(domain: &str, current: &str) -> Vec<Tab> {
    let pages = [
        ("Settings", ""),
        ("Policies", "policies"),
        ("Initial access tokens", "tokens"),
        ("Templates", "templates"),
        ("Try a registration", "dry-run"),
    ];
    let root = Section::Registration.path(domain);
    let tab = |(text, segment): (&str, &str)| Tab {
        text: text.to_owned(),
        href: if segment.is_empty() { root.clone() } else { format!("{root}/{segment}") }.into(),
        current: segment == current,
        count: None,
    };
    pages.map(tab).into()
}
