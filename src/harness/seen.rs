//! What a request is about, as faults, rules and records name it.

use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT};
use http::request::Parts;
use http::{HeaderMap, Method};
use http_body_util::BodyExt as _;
use url::form_urlencoded;

use super::forge;
use crate::model::domain::check_domain_name;
use crate::model::oauth_error::OAuthError;
use crate::oauth::client_auth::basic_pair;
use crate::oauth::params::decode;

/// How much of a body is looked at, in bytes. The server's own limits are lower; what is longer goes on unread.
const MOST_READ: usize = 1024 * 1024;

/// How much of a query or a form is taken apart, in bytes.
pub(super) const MOST_FORM: usize = 64 * 1024;

/// How many parameters are looked at, of the query and of a form.
pub(super) const MOST_PARAMETERS: usize = 1_000;

/// Endpoints by their name and the pattern of their path.
const ENDPOINTS: &[(&str, &str)] = &[
    ("discovery", "/.well-known/oauth-authorization-server/{domain}/oidc"),
    ("discovery", "/.well-known/openid-configuration/{domain}/oidc"),
    ("discovery", "/{domain}/oidc/.well-known/openid-configuration"),
    ("discovery", "/{domain}/oidc/.well-known/oauth-authorization-server"),
    ("discovery", "/{domain}/.well-known/openid-configuration"),
    ("discovery", "/{domain}/.well-known/oauth-authorization-server"),
    ("jwks", "/{domain}/oidc/.well-known/jwks.json"),
    ("authorize", "/{domain}/oauth/authorize"),
    ("token", "/{domain}/oauth/token"),
    ("revoke", "/{domain}/oauth/revoke"),
    ("introspect", "/{domain}/oauth/introspect"),
    ("introspect", "/{domain}/oauth/check_token"),
    ("userinfo", "/{domain}/oidc/userinfo"),
    ("userinfo", "/{domain}/userinfo"),
    ("logout", "/{domain}/oidc/logout"),
    ("register", "/{domain}/oidc/register"),
    ("registration", "/{domain}/oidc/register/{client_id}"),
    ("renew_secret", "/{domain}/oidc/register/{client_id}/renew_secret"),
    ("templates", "/{domain}/oidc/register_templates"),
    ("login", "/{domain}/login"),
    ("sign_up", "/{domain}/register"),
    ("consent", "/{domain}/consent"),
    ("account", "/{domain}/account"),
];

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) headers: HeaderMap,
    /// The first [`MOST_READ`] bytes.
    pub(super) body: Bytes,
    pub(super) endpoint: Option<&'static str>,
    pub(super) domain: Option<String>,
    /// Of the query and of a form, in the order they came.
    pub(super) parameters: Vec<(String, String)>,
    /// Whether there was more of the body or the parameters than is looked at.
    pub(super) cut: bool,
}

impl Seen {
    /// Looks at a request, and gives it back with its body.
    pub(super) async fn look(parts: &Parts, body: Body) -> (Self, Body) {
        // Whoever asks first whether to send so much is answered by the server.
        let unread = parts.headers.contains_key(EXPECT) && announced(&parts.headers) > MOST_READ;
        let (read, body) = if unread { (Bytes::new(), body) } else { read(body).await };
        let path = parts.uri.path().to_owned();
        let (endpoint, domain) = named(&path);
        let query = parts.uri.query().map(str::to_owned);
        let (mut parameters, mut cut) = bounded_pairs(query.as_deref().unwrap_or_default().as_bytes());
        cut |= unread;
        if is_form(&parts.headers) {
            let (form, more) = bounded_pairs(&read);
            parameters.extend(form);
            cut |= more;
        }
        let seen = Self {
            method: parts.method.clone(),
            path,
            query,
            headers: parts.headers.clone(),
            body: read,
            endpoint,
            domain,
            parameters,
            cut,
        };
        (seen, body)
    }

    /// A parameter, the first of its name, or the client id by which the client authenticates.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let sent = self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        sent.or_else(|| (name == "client_id").then(|| self.client()).flatten())
    }

    /// The client that authenticates, or that the path names.
    fn client(&self) -> Option<String> {
        let in_path = matches!(self.endpoint, Some("registration" | "renew_secret"));
        let segment = || self.path.split('/').nth(4).map(str::to_owned);
        basic_user(&self.headers).or_else(|| self.asserted()).or_else(|| in_path.then(segment).flatten())
    }

    /// The client that an assertion speaks of, whoever signed it (RFC 7523 section 3).
    fn asserted(&self) -> Option<String> {
        let (_, assertion) = self.parameters.iter().find(|(name, _)| name == "client_assertion")?;
        let (_, claims) = forge::read(assertion).ok()?;
        ["sub", "iss"].into_iter().find_map(|name| claims.get(name)?.as_str().map(str::to_owned))
    }

    /// Whether a parameter was sent with this value, perhaps among others.
    pub(super) fn has(&self, name: &str, value: &str) -> bool {
        let sent = self.parameters.iter().any(|(known, sent)| known == name && sent == value);
        sent || (name == "client_id" && self.client().as_deref() == Some(value))
    }

    /// Whether every one of these parameters was sent with this value.
    pub(super) fn has_all<'a>(&self, wanted: impl IntoIterator<Item = (&'a String, &'a String)>) -> bool {
        wanted.into_iter().all(|(name, value)| self.has(name, value))
    }
}

/// Whether an endpoint is one that has a name.
pub(super) fn check_endpoint(name: Option<&str>) -> Result<(), OAuthError> {
    let Some(name) = name.filter(|name| !ENDPOINTS.iter().any(|(known, _)| known == name)) else { return Ok(()) };
    let mut known: Vec<&str> = ENDPOINTS.iter().map(|(name, _)| *name).collect();
    known.dedup();
    Err(OAuthError::invalid_request(format!("endpoint: there is none called {name}; there are {}", known.join(", "))))
}

/// The endpoint and the domain that a path names.
pub(super) fn named(path: &str) -> (Option<&'static str>, Option<String>) {
    for (name, pattern) in ENDPOINTS {
        if let Some(domain) = matched(pattern, path) {
            return (Some(name), Some(domain));
        }
    }
    let domain = path.split('/').nth(1).filter(|segment| check_domain_name(segment).is_ok()).map(str::to_owned);
    (None, domain)
}

/// The segment that stands for the domain, if the path fits the pattern.
fn matched(pattern: &str, path: &str) -> Option<String> {
    let (mut expected, mut found) = (pattern.split('/'), path.split('/'));
    let mut domain = None;
    loop {
        match (expected.next(), found.next()) {
            (None, None) => return domain,
            (Some("{domain}"), Some(segment)) if !segment.is_empty() => domain = Some(segment.to_owned()),
            (Some(open), Some(segment)) if open.starts_with('{') && !segment.is_empty() => {}
            (Some(fixed), Some(segment)) if fixed == segment => {}
            _ => return None,
        }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.starts_with("application/x-www-form-urlencoded")
}

/// The length that a body is said to have.
fn announced(headers: &HeaderMap) -> usize {
    headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or_default()
}

/// The first names and values of a query or a form, and whether there are more.
pub(super) fn bounded_pairs(text: &[u8]) -> (Vec<(String, String)>, bool) {
    let mut all = form_urlencoded::parse(&text[..text.len().min(MOST_FORM)]).into_owned();
    let first = all.by_ref().take(MOST_PARAMETERS).collect();
    (first, text.len() > MOST_FORM || all.next().is_some())
}

/// Names and values of a query or a form.
pub(super) fn pairs(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

fn basic_user(headers: &HeaderMap) -> Option<String> {
    let sent = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = sent.split_once(' ')?;
    let (user, _) = scheme.eq_ignore_ascii_case("Basic").then(|| basic_pair(encoded)).flatten()?;
    // RFC 6749 section 2.3.1: form-encoded before it is put together.
    decode(user.as_bytes()).ok()
}

/// The body's beginning, and a body that gives all of it.
async fn read(mut body: Body) -> (Bytes, Body) {
    let mut read = Vec::new();
    while read.len() < MOST_READ {
        match body.frame().await {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    read.extend_from_slice(&data);
                }
            }
            // The server has to see that the body broke off.
            Some(Err(error)) => {
                let failed = futures_util::stream::iter([Ok(Bytes::from(read)), Err(error)]);
                return (Bytes::new(), Body::from_stream(failed));
            }
            None => {
                let read = Bytes::from(read);
                return (read.clone(), Body::from(read));
            }
        }
    }
    let read = Bytes::from(read);
    let begun = futures_util::stream::iter([Ok(read.clone())]);
    (read, Body::from_stream(begun.chain(body.into_data_stream())))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    #[test]
    fn endpoints_are_known_by_their_paths() {
        let of = |path: &str| {
            let (endpoint, domain) = named(path);
            (endpoint, domain.unwrap_or_default())
        };
        assert_eq!(of("/main/oauth/token"), (Some("token"), "main".to_owned()));
        assert_eq!(of("/.well-known/oauth-authorization-server/t1/oidc"), (Some("discovery"), "t1".to_owned()));
        assert_eq!(of("/main/oidc/register/abc"), (Some("registration"), "main".to_owned()));
        assert_eq!(of("/main/oidc/register"), (Some("register"), "main".to_owned()));
        assert_eq!(of("/main/elsewhere"), (None, "main".to_owned()));
        for nobodys in ["/", "/healthz", "/console", "/api/v1/domains/main", "/.well-known/other", "/Main/x"] {
            assert_eq!(of(nobodys), (None, String::new()), "{nobodys}");
        }
    }

    #[test]
    fn every_endpoint_is_a_route_of_the_server() {
        for (name, pattern) in ENDPOINTS {
            assert!(crate::routes::routes().any(|route| route.path == *pattern), "{name}: {pattern}");
        }
    }

    #[tokio::test]
    async fn a_client_is_known_by_how_it_authenticates() {
        let basic = format!("Basic {}", STANDARD.encode("a%3Ab:secret"));
        let request = http::Request::post("/main/oauth/token?x=1").header(AUTHORIZATION, basic);
        let (parts, body) = request.body(Body::from("hello")).unwrap().into_parts();
        let (seen, body) = Seen::look(&parts, body).await;
        assert_eq!((seen.parameter("client_id").as_deref(), seen.parameter("x").as_deref()), (Some("a:b"), Some("1")));
        assert_eq!(axum::body::to_bytes(body, 100).await.unwrap(), "hello");
        let claims = URL_SAFE_NO_PAD.encode(r#"{"iss":"c","sub":"c"}"#);
        let request = http::Request::post(format!("/main/oauth/token?client_assertion=e30.{claims}.x"));
        let (parts, body) = request.body(Body::empty()).unwrap().into_parts();
        let (seen, _) = Seen::look(&parts, body).await;
        assert!(seen.has("client_id", "c") && !seen.has("client_id", "d"));
    }

    #[tokio::test]
    async fn a_parameter_that_came_twice_has_both_values() {
        let (parts, body) = http::Request::get("/x?a=1&a=2").body(Body::empty()).unwrap().into_parts();
        let (seen, _) = Seen::look(&parts, body).await;
        assert!(seen.has("a", "1") && seen.has("a", "2") && !seen.has("a", "3"));
    }
}
