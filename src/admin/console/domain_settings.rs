//! A domain's settings: the page of that name, and the one about registration. Both save the same way.

use axum::response::Response;
use http::StatusCode;

use super::fields::{Asked, Fields};
use super::respond::{Told, conflict, differing, domain_frame, go_telling, show, show_as, telling};
use super::setting_tables::{DOMAIN, REGISTRATION};
use super::settings_form::{Group, Wrong, differences, drawn, replaced, sent};
use crate::admin::managing::ManagingDomain;
use crate::model::domain::{DomainPreset, DomainSettings};
use crate::model::json::{Object, members, typed};
use crate::model::oauth_error::OAuthError;
use crate::pages::console::{Conflict, ConsoleFrame, FormPage, PresetCard, Section, Tab};

const TOLD: &Told = &[
    ("made", "The domain is made. Say here who may register in it."),
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
    let wrong = if unreadable.told.is_some() {
        unreadable
    } else {
        match change(at, &wanted).await {
            Ok(()) => return Ok(go_telling(&section.path(&at.domain.domain.name), "saved")),
            Err(error) if error.status == 409 => return Err(error),
            Err(error) => Wrong::of(groups, error)?,
        }
    };
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
        ("Settings", "Tokens, sessions and secrets of this domain. Changes count at once.")
    };
    FormPage {
        title: title.to_owned(),
        lead: lead.to_owned(),
        tabs: if registration { tabs(name, "") } else { Vec::new() },
        action: frame.section.path(name).into(),
        version: at.domain.domain.version,
        presets: if registration { presets(&at.domain.domain.settings) } else { Vec::new() },
        groups: drawn(groups(frame.section), values, Some(&at.domain), wrong),
        error: wrong.with_the_whole(),
        submit: "Save",
        cancel: None,
        delete: (!registration && frame.is_owner)
            .then(|| (format!("/console/domains/{name}/delete").into(), "Delete domain")),
        frame,
    }
}

fn presets(settings: &DomainSettings) -> Vec<PresetCard> {
    let on = |preset: DomainPreset| {
        let mut switched = settings.clone();
        preset.apply(&mut switched);
        switched == *settings
    };
    vec![
        PresetCard {
            name: DomainPreset::Gateway.as_str(),
            title: "APIM provider",
            text: "An API gateway registers the applications of its developers.",
            switches: &["Client registration: on", "Policy of gateways: gateway"],
            on: on(DomainPreset::Gateway),
        },
        PresetCard {
            name: DomainPreset::Mcp.as_str(),
            title: "MCP clients",
            text: "Clients such as editors and assistants begin by themselves.",
            switches: &[
                "Client registration: on",
                "Open registration: on",
                "Client ID metadata documents: on",
                "Policy of open registration: mcp",
            ],
            on: on(DomainPreset::Mcp),
        },
    ]
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
