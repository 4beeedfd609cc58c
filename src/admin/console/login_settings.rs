//! The login settings in the console: who gets an account, how long a login lasts, what the pages look like.

use axum::extract::Multipart;
use axum::extract::multipart::MultipartRejection;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::fields::{Asked, Fields};
use super::respond::{Told, beside, domain_frame, go_telling, show, show_as, stale, telling};
use super::setting_tables::LOGIN;
use super::settings_form::{drawn, replaced, sent};
use super::wrong::Wrong;
use crate::admin::managing::ManagingDomain;
use crate::domains::look;
use crate::model::domain::{Domain, DomainSettings};
use crate::model::json::{Object, members, typed};
use crate::model::look::{Color, Look};
use crate::model::oauth_error::OAuthError;
use crate::ops::kept::CSS;
use crate::pages::accent_stylesheet;
use crate::pages::console::{LoginErrors, LoginSettings, LookPreview, Section};

const TOLD: &Told = &[("saved", "Saved."), ("logo", "The logo is on the pages."), ("no-logo", "The logo is removed.")];

/// What the preview's colours apply to.
const PREVIEW: &str = ".look-preview";

/// `GET /console/domains/{domain}/login`
pub async fn show_settings(at: ManagingDomain, Asked(asked): Asked) -> Result<Response, OAuthError> {
    let page = page_now(&at, LoginErrors::default()).await?;
    let frame = telling(page.frame.clone(), &asked, TOLD);
    Ok(show(&LoginSettings { frame, ..page }))
}

/// `POST /console/domains/{domain}/login`
pub async fn change(at: ManagingDomain, form: Fields) -> Result<Response, OAuthError> {
    let own = Section::Login.path(&at.domain.domain.name);
    if form.field("version") != at.domain.domain.version.to_string() {
        return Ok(stale(domain_frame(&at, Section::Login).await?, "The login settings", &own));
    }
    let current = members(&at.domain.domain.settings);
    let (patch, unreadable) = sent(LOGIN, &form);
    let mut wanted = replaced(&current, &patch);
    let hosts: Vec<String> = form.lines("sign_up_email_hosts").into_iter().map(str::to_lowercase).collect();
    wanted.insert("sign_up_email_hosts".to_owned(), hosts.into());
    let look = Look {
        display_name: form.given("display_name").map(str::to_owned),
        accent_color: form.given("accent_color").map(str::to_owned),
    };
    let mut wrong = unreadable.and_all(LOGIN, (&current, &wanted), |tried| typed::<DomainSettings>(tried)?.check());
    let mut errors = look_errors(&look);
    if wrong.is_empty() && errors.display_name.is_none() && errors.accent_color.is_none() {
        let settings: DomainSettings = typed(&wanted).map_err(OAuthError::invalid_request)?;
        let settings = DomainSettings { look: look.clone(), ..settings };
        let outcome = match form.field("action") {
            "save" => at.domains().change(&at.domain, &settings, &at.actor()).await,
            "preview" => Ok(()),
            _ => Err(OAuthError::invalid_request("action: is not one of this page")),
        };
        match outcome {
            Ok(()) if form.field("action") == "save" => return Ok(go_telling(&own, "saved")),
            Ok(()) => return Ok(show(&page(&at, (&wanted, &look), &wrong, errors).await?)),
            Err(error) if error.status == 409 => return Err(error),
            Err(error) => wrong = Wrong::of(LOGIN, error)?,
        }
    }
    errors.form = wrong.with_the_whole();
    Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page(&at, (&wanted, &look), &wrong, errors).await?))
}

/// What is wrong with a look, with each of its members.
fn look_errors(look: &Look) -> LoginErrors {
    let told = |look: Look| look.check().err().map(|problem| beside(&problem));
    LoginErrors {
        display_name: told(Look { accent_color: None, ..look.clone() }),
        accent_color: told(Look { display_name: None, ..look.clone() }),
        ..LoginErrors::default()
    }
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
            let errors = LoginErrors { logo: Some(beside(&error.description)), ..LoginErrors::default() };
            Ok(show_as(StatusCode::UNPROCESSABLE_ENTITY, &page_now(&at, errors).await?))
        }
        Err(error) => Err(error),
    }
}

/// `GET /console/domains/{domain}/login/preview.css`: the colours that follow from an accent, for the preview alone.
pub async fn preview_stylesheet(_: ManagingDomain, Asked(asked): Asked) -> Response {
    let css = Color::parse(asked.field("accent")).map(|accent| accent_stylesheet(accent, PREVIEW));
    ([(CONTENT_TYPE, CSS)], css.unwrap_or_default()).into_response()
}

/// The page with what is in force.
async fn page_now(at: &ManagingDomain, errors: LoginErrors) -> Result<LoginSettings, OAuthError> {
    let settings = &at.domain.domain.settings;
    page(at, (&members(settings), &settings.look), &Wrong::default(), errors).await
}

async fn page(
    at: &ManagingDomain,
    (values, look): (&Object, &Look),
    wrong: &Wrong,
    errors: LoginErrors,
) -> Result<LoginSettings, OAuthError> {
    let settings = DomainSettings { look: look.clone(), ..at.domain.domain.settings.clone() };
    let domain = Domain { settings, ..at.domain.domain.clone() };
    let own = Section::Login.path(&domain.name);
    let accent = look.accent_color.as_deref().filter(|color| Color::parse(color).is_some());
    let preview = LookPreview {
        stylesheet: accent.map(|color| format!("{own}/preview.css?accent=%23{}", &color[1..]).into()),
        logo: at.domain.logo.as_ref().map(|logo| format!("/{}/logo?v={}", domain.name, logo.tag).into()),
        name: look::shown_name(&domain).into(),
        sign_up: values.get("sign_up").and_then(Value::as_bool).unwrap_or_default(),
    };
    Ok(LoginSettings {
        frame: domain_frame(at, Section::Login).await?,
        logo_action: format!("{own}/logo").into(),
        preview_action: format!("{own}#look").into(),
        action: own.into(),
        version: domain.version,
        groups: drawn(LOGIN, values, Some(&at.domain), wrong),
        display_name: look.display_name.clone().unwrap_or_default(),
        accent_color: look.accent_color.clone().unwrap_or_default(),
        errors,
        preview,
    })
}
