//! The list of domains, a new one, and the end of one.

use axum::response::Response;
use http::StatusCode;

use super::fields::{Asked, Fields};
use super::respond::{Told, domain_frame, frame, go_telling, sentence, show, show_as, telling};
use crate::admin::managing::{Managing, ManagingDomain};
use crate::domains::endpoints::Endpoints;
use crate::model::client::ClientStatus;
use crate::model::domain::{Domain, DomainPreset, DomainSettings, check_domain_name};
use crate::model::oauth_error::OAuthError;
use crate::pages::Claimed;
use crate::pages::console::{Choice, Confirm, DomainPreview, DomainRow, Domains, NewDomain, Section, grouped};

const LIST: &str = "/console/domains";
const NEW: &str = "/console/domains/new";

const TOLD: &Told = &[("deleted", "The domain and everything in it is deleted.")];

/// `GET /console/domains`
pub async fn list(managing: Managing, Asked(asked): Asked) -> Result<Response, OAuthError> {
    let search = asked.trimmed("q");
    let mut rows = Vec::new();
    for domain in managing.app.store.domains().await? {
        let fits = domain.name.contains(&search.to_ascii_lowercase());
        if fits && managing.authority.reach.covers(domain.id) {
            rows.push(row(&managing, &domain).await?);
        }
    }
    let frame = telling(frame(&managing, Section::Domains).await?, &asked, TOLD);
    Ok(show(&Domains { frame, search: search.to_owned(), rows }))
}

async fn row(managing: &Managing, domain: &Domain) -> Result<DomainRow, OAuthError> {
    let store = &managing.app.store;
    let clients = store.client_counts(domain.id).await?;
    let there = clients.iter().filter(|counted| counted.status != ClientStatus::Deleted);
    let (number, exact) =
        there.fold((0, true), |(number, exact), counted| (number + counted.total.count, exact && counted.total.exact));
    let users = store.user_count(domain.id).await?;
    let settings = &domain.settings;
    let mut registration = Vec::new();
    if settings.registration {
        registration.push("gateway");
    }
    if managing.app.is_open(settings) {
        registration.push("open");
    }
    let words = |number: i64, exact: bool| {
        format!("{}{}", grouped(u64::try_from(number).unwrap_or_default()), if exact { "" } else { "+" })
    };
    Ok(DomainRow {
        name: domain.name.clone(),
        issuer: managing.app.issuer_of(&domain.name).into(),
        applications: words(number, exact),
        users: words(users.count, users.exact),
        mcp_servers: grouped(store.resources(domain.id).await?.len() as u64),
        registration,
        created: domain.created_at.into(),
    })
}

/// `GET /console/domains/new`
pub async fn show_new(managing: Managing) -> Result<Response, OAuthError> {
    Ok(show(&new_page(&managing, &Fields::parse(b"")).await?))
}

/// `POST /console/domains/new`
pub async fn create(managing: Managing, form: Fields) -> Result<Response, OAuthError> {
    let name = form.trimmed("name");
    let page = new_page(&managing, &form).await?;
    let refused = |told: &str| {
        let page = NewDomain { name_error: Some(sentence(told)), ..page.clone() };
        Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page))
    };
    match form.field("step") {
        "check" => match check_domain_name(name) {
            Err(problem) => refused(&problem),
            Ok(()) if managing.app.store.domain_named(name).await?.is_some() => {
                refused(&format!("there is a domain {name} already; choose another name"))
            }
            Ok(()) => Ok(show(&NewDomain { preview: Some(preview(&managing, name)), ..page })),
        },
        "create" => {
            let mut settings = DomainSettings::default();
            if let Some(preset) = DomainPreset::parse(form.field("preset")) {
                preset.apply(&mut settings);
            }
            match managing.domains().create(name, settings, &managing.actor()).await {
                Ok(true) => Ok(go_telling(&next_page(name, form.field("preset")), "made")),
                Ok(false) => refused(&format!("there is a domain {name} already; choose another name")),
                Err(error) if error.status < 500 => refused(&error.description),
                Err(error) => Err(error),
            }
        }
        _ => Ok(show(&page)),
    }
}

/// What is done next in a domain that was just made: where gateways register, one of them gets its credentials.
fn next_page(name: &str, preset: &str) -> String {
    match DomainPreset::parse(preset) {
        Some(DomainPreset::Gateway) => {
            format!("{}/new?kind=gateway-registrar", Section::Applications.path(name))
        }
        _ => Section::Registration.path(name),
    }
}

async fn new_page(managing: &Managing, form: &Fields) -> Result<NewDomain, OAuthError> {
    let chosen = DomainPreset::parse(form.field("preset")).unwrap_or(DomainPreset::Gateway);
    let preset = |preset: DomainPreset| {
        let (label, description) = match preset {
            DomainPreset::Gateway => ("API gateway (APIM)", "Gateways register applications with a dcr_admin token."),
            DomainPreset::Mcp => ("MCP servers", "Clients register by themselves or publish a metadata document."),
            DomainPreset::Empty => ("Empty", "Nobody registers; you make applications by hand."),
        };
        Choice { description: Claimed::long(description), ..Choice::new(preset.as_str(), label, preset == chosen) }
    };
    Ok(NewDomain {
        frame: frame(managing, Section::Domains).await?.at("New domain"),
        action: NEW.into(),
        name: form.trimmed("name").to_owned(),
        name_error: None,
        presets: DomainPreset::ALL.map(preset).into(),
        preview: None,
    })
}

fn preview(managing: &Managing, name: &str) -> DomainPreview {
    let urls = Endpoints::of(managing.app.public_url.as_str(), name);
    DomainPreview {
        apim: vec![
            ("OpenID Connect Discovery Endpoint", urls.discovery_url.clone()),
            ("Initial Access Token Provider", "Client credentials".to_owned()),
            ("Scopes", "dcr_admin".to_owned()),
            ("Renew client_secret endpoint", urls.renew_secret_url),
            ("Renew client_secret HTTP method", "POST".to_owned()),
        ],
        issuer: urls.issuer,
        discovery: urls.discovery_url,
        registration: urls.registration_url,
    }
}

/// `GET /console/domains/{domain}/delete`
pub async fn ask_delete(at: ManagingDomain) -> Result<Response, OAuthError> {
    Ok(show(&question(&at, None).await?))
}

/// `POST /console/domains/{domain}/delete`
pub async fn delete(at: ManagingDomain, form: Fields) -> Result<Response, OAuthError> {
    if form.trimmed("confirm") != at.domain.domain.name {
        let told = "This is not the name of the domain.".to_owned();
        return Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &question(&at, Some(told)).await?));
    }
    at.domains().delete(&at.domain, None, &at.actor()).await?;
    Ok(go_telling(LIST, "deleted"))
}

async fn question(at: &ManagingDomain, error: Option<String>) -> Result<Confirm, OAuthError> {
    let name = &at.domain.domain.name;
    let settings = Section::Settings.path(name);
    Ok(Confirm {
        frame: domain_frame(at, Section::Settings).await?.at("Delete"),
        title: "Delete this domain?".to_owned(),
        what: name.into(),
        items: Vec::new(),
        consequences: vec![
            "All its applications, users, MCP servers, policies and keys are deleted.".to_owned(),
            "Every token that it issued stops being accepted. This cannot be undone.".to_owned(),
        ],
        word: Some(name.into()),
        parameters: Vec::new(),
        action: format!("{LIST}/{name}/delete").into(),
        button: "Delete domain".to_owned(),
        cancel: settings.into(),
        error,
    })
}
