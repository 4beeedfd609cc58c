//! The login settings in the console: who gets an account, how long a login lasts, what the pages look like.

use axum::extract::Multipart;
use axum::extract::multipart::MultipartRejection;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::fields::{Asked, Fields};
use super::respond::{Told, domain_frame, go_telling, sentence, show, show_as, stale, telling};
use crate::admin::managing::ManagingDomain;
use crate::domains::look;
use crate::model::domain::{Domain, DomainSettings};
use crate::model::look::{Color, Look};
use crate::model::oauth_error::OAuthError;
use crate::ops::kept::CSS;
use crate::pages::accent_stylesheet;
use crate::pages::console::{LifetimeField, LoginErrors, LoginSettings, LookPreview, Section};

const TOLD: &Told = &[("saved", "Saved."), ("logo", "The logo is on the pages."), ("no-logo", "The logo is removed.")];

/// What the preview's colours apply to.
const PREVIEW: &str = ".look-preview";

type Lifetime = (&'static str, &'static str, &'static str);

/// The lifetimes that may be set: the setting, what it is called, what it means.
const LIFETIMES: [Lifetime; 4] = [
    ("session_idle_lifetime", "A browser's session, without being used", "After this the person logs in again."),
    ("session_lifetime", "A browser's session, at the most", "Also if it is used all the time."),
    ("refresh_token_idle_lifetime", "An application's access, without being used", "How long a refresh token lives."),
    ("refresh_token_lifetime", "An application's access, at the most", "After this the person is asked again."),
];

/// `GET /console/domains/{domain}/login`
pub async fn show_settings(at: ManagingDomain, Asked(asked): Asked) -> Result<Response, OAuthError> {
    let page = page(&at, &at.domain.domain.settings, LoginErrors::default()).await?;
    let frame = telling(page.frame.clone(), &asked, TOLD);
    Ok(show(&LoginSettings { frame, ..page }))
}

/// `POST /console/domains/{domain}/login`
pub async fn change(at: ManagingDomain, form: Fields) -> Result<Response, OAuthError> {
    let own = Section::Login.path(&at.domain.domain.name);
    if form.field("version") != at.domain.domain.version.to_string() {
        return Ok(stale(domain_frame(&at, Section::Login).await?, "The login settings", &own));
    }
    let mut settings = at.domain.domain.settings.clone();
    settings.sign_up = form.ticked("sign_up");
    settings.verify_email = form.ticked("verify_email");
    settings.sign_up_email_hosts = form.lines("email_hosts").into_iter().map(str::to_lowercase).collect();
    settings.look = Look {
        display_name: form.given("display_name").map(str::to_owned),
        accent_color: form.given("accent_color").map(str::to_owned),
    };
    let mut told = LoginErrors::default();
    let mut unread = None;
    for (name, ..) in LIFETIMES {
        match form.trimmed(name).parse() {
            Ok(seconds) => *lifetime(&mut settings, name) = seconds,
            Err(_) => unread = unread.or(Some(name)),
        }
    }
    let outcome = match (unread, form.field("action")) {
        (Some(name), _) => Err(OAuthError::invalid_request(format!("{name} must be a whole number of seconds"))),
        (None, "save") => at.domains().change(&at.domain, &settings, &at.actor()).await,
        (None, "preview") => settings.check().map_err(OAuthError::invalid_request),
        _ => Err(OAuthError::invalid_request("action: is not one of this page")),
    };
    let refused = match outcome {
        Ok(()) if form.field("action") == "save" => return Ok(go_telling(&own, "saved")),
        Ok(()) => None,
        Err(error) if error.status >= 500 || error.description.contains("changed by somebody else") => {
            return Err(error);
        }
        Err(error) => Some(error.description),
    };
    let mut lifetime_error = None;
    if let Some(description) = &refused {
        let named = LIFETIMES.iter().find(|(name, ..)| description.starts_with(name));
        match description.split_once(": ") {
            Some(("look.display_name", text)) => told.display_name = Some(sentence(text)),
            Some(("look.accent_color", text)) => told.accent_color = Some(sentence(text)),
            Some(("sign_up_email_hosts", text)) => told.email_hosts = Some(sentence(text)),
            _ if named.is_some() => lifetime_error = named.map(|(name, ..)| (*name, sentence(description))),
            _ => told.form = Some(sentence(description)),
        }
    }
    let mut page = page(&at, &settings, told).await?;
    for field in &mut page.lifetimes {
        form.trimmed(field.id).clone_into(&mut field.value);
        field.error = lifetime_error.as_ref().filter(|(name, _)| *name == field.id).map(|(_, text)| text.clone());
    }
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(show_as(status, &page))
}

/// `POST /console/domains/{domain}/login/logo`
pub async fn change_logo(
    at: ManagingDomain,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, OAuthError> {
    let own = Section::Login.path(&at.domain.domain.name);
    let mut form =
        form.map_err(|_| OAuthError::unsupported_media_type("this form takes multipart/form-data with an image"))?;
    let broken = |_| OAuthError::invalid_request("the form did not arrive in full");
    let (mut image, mut action) = ((String::new(), Bytes::new()), String::new());
    while let Some(field) = form.next_field().await.map_err(broken)? {
        match field.name() {
            Some("logo") => {
                let media_type = field.content_type().unwrap_or_default().to_owned();
                image = (media_type, field.bytes().await.map_err(broken)?);
            }
            Some("action") => action = field.text().await.map_err(broken)?,
            _ => {}
        }
    }
    if action == "remove" {
        at.domains().remove_logo(&at.domain, &at.actor()).await?;
        return Ok(go_telling(&own, "no-logo"));
    }
    let set = if image.1.is_empty() {
        Err(OAuthError::invalid_request("logo: choose an image first"))
    } else {
        at.domains().set_logo(&at.domain, (&image.0, image.1), &at.actor()).await
    };
    match set {
        Ok(_) => Ok(go_telling(&own, "logo")),
        Err(error) if error.status < 500 => {
            let told = error.description.strip_prefix("logo: ").unwrap_or(&error.description);
            let errors = LoginErrors { logo: Some(sentence(told)), ..LoginErrors::default() };
            let page = page(&at, &at.domain.domain.settings, errors).await?;
            Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Err(error) => Err(error),
    }
}

/// `GET /console/domains/{domain}/login/preview.css`: the colours that follow from an accent, for the preview alone.
pub async fn preview_stylesheet(_: ManagingDomain, Asked(asked): Asked) -> Response {
    let css = Color::parse(asked.field("accent")).map(|accent| accent_stylesheet(accent, PREVIEW));
    ([(CONTENT_TYPE, CSS)], css.unwrap_or_default()).into_response()
}

fn lifetime<'a>(settings: &'a mut DomainSettings, name: &str) -> &'a mut i64 {
    match name {
        "session_idle_lifetime" => &mut settings.session_idle_lifetime,
        "session_lifetime" => &mut settings.session_lifetime,
        "refresh_token_idle_lifetime" => &mut settings.refresh_token_idle_lifetime,
        _ => &mut settings.refresh_token_lifetime,
    }
}

async fn page(
    at: &ManagingDomain,
    settings: &DomainSettings,
    errors: LoginErrors,
) -> Result<LoginSettings, OAuthError> {
    let domain = Domain { settings: settings.clone(), ..at.domain.domain.clone() };
    let own = Section::Login.path(&domain.name);
    let mut read = settings.clone();
    let lifetimes = LIFETIMES.map(|(id, title, hint)| LifetimeField {
        id,
        title,
        hint,
        value: lifetime(&mut read, id).to_string(),
        error: None,
    });
    let accent = settings.look.accent_color.as_deref().filter(|color| Color::parse(color).is_some());
    let preview = LookPreview {
        stylesheet: accent.map(|color| format!("{own}/preview.css?accent=%23{}", &color[1..]).into()),
        logo: at.domain.logo.as_ref().map(|logo| format!("/{}/logo?v={}", domain.name, logo.tag).into()),
        name: look::shown_name(&domain).into(),
        sign_up: settings.sign_up,
    };
    Ok(LoginSettings {
        frame: domain_frame(at, Section::Login).await?,
        action: own.clone().into(),
        logo_action: format!("{own}/logo").into(),
        version: domain.version,
        sign_up: settings.sign_up,
        email_hosts: settings.sign_up_email_hosts.join("\n"),
        verify_email: settings.verify_email,
        lifetimes: lifetimes.to_vec(),
        display_name: settings.look.display_name.clone().unwrap_or_default(),
        accent_color: settings.look.accent_color.clone().unwrap_or_default(),
        errors,
        preview,
    })
}
