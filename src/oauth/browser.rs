//! A person's browser: its session, by the cookie of the domain (RFC 6265bis §4.1.3.2 for the name's prefix).

use axum::extract::FromRequestParts;
use http::header::{COOKIE, SET_COOKIE, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderValue};

use super::request::InDomain;
use crate::app::App;
use crate::model::oauth_error::OAuthError;
use crate::model::secret::Secret;
use crate::people::browser_session::Current;

/// A request by a person's browser.
#[derive(Debug, Clone)]
pub struct Browser {
    /// The domain, and who asks.
    pub at: InDomain,
    /// Who is logged in, if anybody is.
    pub current: Option<Current>,
    /// The browser by its own account.
    pub agent: String,
}

impl FromRequestParts<App> for Browser {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, OAuthError> {
        let at = InDomain::from_request_parts(parts, app).await?;
        let current = match session_cookie(&parts.headers, &cookie_name(&at)) {
            Some(cookie) => at.app.people.session(&at.domain, cookie).await?,
            None => None,
        };
        let agent = parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        Ok(Self { at, current, agent: agent.to_owned() })
    }
}

/// The cookie's name: bound to this host alone where the server is reached by https, and its own for each domain.
pub fn session_cookie_name(app: &App, domain: &str) -> String {
    let prefix = if app.public_url.is_https() { "__Host-" } else { "" };
    format!("{prefix}registrar-{domain}")
}

fn cookie_name(at: &InDomain) -> String {
    session_cookie_name(&at.app, &at.domain.domain.name)
}

/// The first cookie of that name; a second one is somebody's attempt to plant it.
pub fn session_cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    let mut own = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|(known, _)| *known == name);
    let (_, value) = own.next()?;
    let fits = value.len() == 43 && own.next().is_none();
    fits.then_some(value)
}

/// Hands the browser a session's secret. Sent along when another site sends the person here, not when it embeds us.
pub fn set_session_cookie(headers: &mut HeaderMap, at: &InDomain, secret: &Secret) {
    let lifetime = at.domain.domain.settings.session_lifetime;
    write_cookie(headers, at, secret.expose(), lifetime);
}

/// Takes the session's secret back.
pub fn clear_session_cookie(headers: &mut HeaderMap, at: &InDomain) {
    write_cookie(headers, at, "", 0);
}

fn write_cookie(headers: &mut HeaderMap, at: &InDomain, value: &str, max_age: i64) {
    let secure = if at.app.public_url.is_https() { "; Secure" } else { "" };
    let cookie = format!("{}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}", cookie_name(at));
    if let Ok(mut cookie) = HeaderValue::try_from(cookie) {
        cookie.set_sensitive(true);
        headers.append(SET_COOKIE, cookie);
    }
}
