//! Who may use a route of administration: decided by its line in the table, before its handler.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::LOCATION;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use uuid::Uuid;

use super::console::respond;
use super::managing::{Managing, ManagingDomain};
use crate::app::App;
use crate::model::administrator::{Authority, Role};
use crate::model::domain::check_domain_name;
use crate::model::id::DomainId;
use crate::model::oauth_error::{Challenge, OAuthError};
use crate::oauth::request::{Caller, authorization};
use crate::ops::rate_limit::RateKind;
use crate::store::cache::DomainEntry;

/// The console's cookie, without the prefix that https adds.
const COOKIE: &str = "registrar-console";

/// The role that each kind of request takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// To look: GET.
    pub read: Role,
    /// To change: POST, PUT, PATCH.
    pub write: Role,
    /// To delete: DELETE.
    pub delete: Role,
}

impl Needs {
    /// What is in a domain: auditors look, editors change.
    pub const IN_DOMAIN: Self = Self { read: Role::Auditor, write: Role::Editor, delete: Role::Editor };
    /// Auditors look, owners change.
    pub const OWNER_CHANGES: Self = Self { read: Role::Auditor, write: Role::Owner, delete: Role::Owner };
    /// What is above domains: owners only.
    pub const OF_SERVER: Self = Self { read: Role::Owner, write: Role::Owner, delete: Role::Owner };
    /// What is one's own: whoever is logged in.
    pub const OWN: Self = Self { read: Role::Auditor, write: Role::Auditor, delete: Role::Auditor };

    /// The role that a method takes.
    pub fn of(self, method: &Method) -> Role {
        match *method {
            Method::GET | Method::HEAD => self.read,
            Method::DELETE => self.delete,
            _ => self.write,
        }
    }
}

/// How somebody shows who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entrance {
    /// By an API token in the `Authorization` header; never by a cookie, so no other site can borrow it.
    Bearer,
    /// By the console's cookie.
    Cookie,
}

/// What is asked of whoever uses a route.
#[derive(Debug, Clone)]
pub struct Admission {
    /// The server's parts.
    pub app: App,
    /// The route's path, as the table writes it.
    pub pattern: &'static str,
    /// The role it takes.
    pub needs: Needs,
    /// How somebody shows who they are.
    pub entrance: Entrance,
}

/// A request of the command line, which works beside the database: marked in this process, never over the wire.
#[derive(Debug, Clone, Copy)]
pub struct LocalOperator;

/// Lets in who may, with what they may; the others get 401, 403, or what they would get if the domain were not there.
pub async fn admit(State(admission): State<Admission>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let managing = match admission.authenticate(&parts).await {
        Ok(managing) => managing,
        Err(Refusal::LogIn(next_page)) => return to_login(&next_page),
        Err(Refusal::Error(error)) => return error.into_response(),
    };
    let path = parts.uri.path().to_owned();
    let (name, response) = match admission.decide(&managing.authority, &parts).await {
        Ok(domain) => {
            let name = domain.as_ref().map(|domain| domain.domain.name.clone());
            if let Some(domain) = domain {
                parts.extensions.insert(ManagingDomain { managing: managing.clone(), domain });
            }
            parts.extensions.insert(managing.clone());
            (name, next.run(Request::from_parts(parts, body)).await)
        }
        // Whoever lacks the role reaches the domain all the same.
        Err(error) => {
            let name = domain_of(admission.pattern, &path).filter(|_| error.code == "forbidden");
            (name, error.into_response())
        }
    };
    match admission.entrance {
        Entrance::Bearer => response,
        Entrance::Cookie => respond::problem(&managing, (name.as_deref(), &path), response).await,
    }
}

enum Refusal {
    /// A browser without a session is sent to log in, and then back to this page.
    LogIn(String),
    Error(OAuthError),
}

impl<E: Into<OAuthError>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl Admission {
    /// The domain that the path names, for whoever may do there what the request says.
    async fn decide(&self, authority: &Authority, parts: &Parts) -> Result<Option<Arc<DomainEntry>>, OAuthError> {
        let needed = self.needs.of(&parts.method);
        let domain = match domain_of(self.pattern, parts.uri.path()) {
            None => None,
            Some(name) => Some(self.domain(authority, &name).await?),
        };
        if authority.role < needed {
            return Err(OAuthError::new(
                "forbidden",
                403,
                format!("this takes the role {needed}, and {} has the role {}", authority.name, authority.role),
            ));
        }
        Ok(domain)
    }

    /// Who asks.
    async fn authenticate(&self, parts: &Parts) -> Result<Managing, Refusal> {
        let caller = parts.extensions.get::<Caller>().cloned().ok_or_else(|| {
            OAuthError::server_error(anyhow::anyhow!("a route is served without the edge in front of it"))
        })?;
        let app = self.app.clone();
        if parts.extensions.get::<LocalOperator>().is_some() {
            return Ok(Managing { app, authority: Authority::local(), caller, session: None });
        }
        let headers = &parts.headers;
        match self.entrance {
            Entrance::Bearer => {
                let authority = self.by_token(headers, &caller).await?;
                Ok(Managing { app, authority, caller, session: None })
            }
            Entrance::Cookie => {
                let found = match console_cookie(&self.app, headers) {
                    Some(cookie) => self.app.administrators.session(cookie).await?,
                    None => None,
                };
                let Some(current) = found else {
                    let back = parts.uri.path_and_query().map_or("/console", |to| to.as_str());
                    let looks = matches!(parts.method, Method::GET | Method::HEAD);
                    return Err(Refusal::LogIn(if looks { back } else { "/console" }.to_owned()));
                };
                let authority = current.authority();
                Ok(Managing { app, authority, caller, session: Some(current) })
            }
        }
    }

    async fn by_token(&self, headers: &HeaderMap, caller: &Caller) -> Result<Authority, OAuthError> {
        let missing = || {
            OAuthError::invalid_token("an API token is needed: send Authorization: Bearer adm_...")
                .with_challenge(Challenge::BearerMissing)
        };
        let presented = authorization(headers)?.ok_or_else(missing)?;
        let (scheme, token) = presented.split_once(' ').unwrap_or((presented, ""));
        if !scheme.eq_ignore_ascii_case("Bearer") {
            return Err(missing());
        }
        if let Some(authority) = self.app.administrators.api_token(token.trim()).await? {
            return Ok(authority);
        }
        let nowhere = DomainId(Uuid::nil());
        self.app.rate_limits.check(RateKind::FailedAuthentication, caller.source(), nowhere).map_err(|wait| {
            self.app.metrics.rate_limited(RateKind::FailedAuthentication.name());
            OAuthError::too_many_requests("too many failed attempts from this address; wait and try again")
                .with_retry_after(wait.0)
        })?;
        Err(OAuthError::invalid_token("the API token is unknown, has expired or was revoked"))
    }

    /// The domain that the path names. One out of reach is, for whoever asks, not there.
    async fn domain(&self, authority: &Authority, name: &str) -> Result<Arc<DomainEntry>, OAuthError> {
        let unknown = || OAuthError::not_found("there is no such domain within reach; check its name in the path");
        check_domain_name(name).map_err(|_| unknown())?;
        let domain = self.app.store.domain_named(name).await?.ok_or_else(unknown)?;
        if authority.reach.covers(domain.id()) { Ok(domain) } else { Err(unknown()) }
    }
}

/// The segment of a path that stands where the pattern says `{domain}`.
fn domain_of(pattern: &str, path: &str) -> Option<String> {
    let at = pattern.split('/').position(|segment| segment == "{domain}")?;
    let segment = path.split('/').nth(at).unwrap_or_default();
    Some(percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned())
}

/// The cookie of the console: bound to this host alone where the server is reached by https.
pub fn console_cookie_name(app: &App) -> String {
    let prefix = if app.public_url.is_https() { "__Host-" } else { "" };
    format!("{prefix}{COOKIE}")
}

/// What the console's cookie holds, if one was sent; a second one of the name is somebody's attempt to plant it.
pub fn console_cookie<'a>(app: &App, headers: &'a HeaderMap) -> Option<&'a str> {
    crate::oauth::browser::session_cookie(headers, &console_cookie_name(app))
}

fn to_login(back: &str) -> Response {
    let back: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
    let location = HeaderValue::try_from(format!("/console/login?next={back}"));
    (StatusCode::SEE_OTHER, [(LOCATION, location.unwrap_or(HeaderValue::from_static("/console/login")))])
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_found_where_the_pattern_says() {
        assert_eq!(domain_of("/api/v1/domains/{domain}/keys", "/api/v1/domains/main/keys").as_deref(), Some("main"));
        assert_eq!(domain_of("/api/v1/domains/{domain}", "/api/v1/domains/ma%69n").as_deref(), Some("main"));
        assert_eq!(domain_of("/api/v1/administrators", "/api/v1/administrators"), None);
    }

    #[test]
    fn each_method_takes_its_role() {
        let needs = Needs { delete: Role::Owner, ..Needs::IN_DOMAIN };
        assert_eq!(needs.of(&Method::GET), Role::Auditor);
        assert_eq!(needs.of(&Method::PATCH), Role::Editor);
        assert_eq!(needs.of(&Method::from_bytes(b"STRANGE").unwrap()), Role::Editor);
        assert_eq!(needs.of(&Method::DELETE), Role::Owner);
    }
}
