//! What a request is about, as faults, rules and records name it.

use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;
use http::header::{AUTHORIZATION, CONTENT_TYPE, EXPECT};
use http::request::Parts;
use http::{HeaderMap, Method};
use http_body_util::BodyExt as _;
use url::form_urlencoded;

use crate::model::oauth_error::OAuthError;
use crate::oauth::client_auth::basic_pair;
use crate::oauth::params::decode;

/// How much of a body is looked at, in bytes. The server's own limits are lower; what is longer goes on unread.
const MOST_READ: usize = 1024 * 1024;

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
}

impl Seen {
    /// Looks at a request, and gives it back with its body.
    pub(super) async fn look(parts: &Parts, body: Body) -> (Self, Body) {
        // Whoever asks first whether to send a body is answered by the server.
        let asks_first = parts.headers.contains_key(EXPECT);
        let (read, body) = if asks_first { (Bytes::new(), body) } else { read(body).await };
        let path = parts.uri.path().to_owned();
        let (endpoint, domain) = named(&path);
        let query = parts.uri.query().map(str::to_owned);
        let mut parameters = pairs(query.as_deref().unwrap_or_default().as_bytes());
        if is_form(&parts.headers) {
            parameters.extend(pairs(&read));
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
        };
        (seen, body)
    }

    /// A parameter, or the client id by which the client authenticates.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let sent = self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        sent.or_else(|| (name == "client_id").then(|| self.client()).flatten())
    }

    /// The client that authenticates, or that the path names.
    fn client(&self) -> Option<String> {
        let in_path = matches!(self.endpoint, Some("registration" | "renew_secret"));
        let segment = || self.path.split('/').nth(4).map(str::to_owned);
        basic_user(&self.headers).or_else(|| in_path.then(segment).flatten())
    }

    /// Whether every one of these parameters was sent with this value.
    pub(super) fn has_all<'a>(&self, wanted: impl IntoIterator<Item = (&'a String, &'a String)>) -> bool {
        wanted.into_iter().all(|(name, value)| self.parameter(name).as_deref() == Some(value))
    }
}

/// Whether an endpoint is one that has a name.
pub(super) fn check_endpoint(name: Option<&str>) -> Result<(), OAuthError> {
    let Some(name) = name.filter(|name| !ENDPOINTS.iter().any(|(known, _)| known == name)) else { return Ok(()) };
    let mut known: Vec<&str> = ENDPOINTS.iter().map(|(name, _)| *name).collect();
    known.dedup();
    Err(OAuthError::invalid_request(format!("endpoint: there is none called {name}; there are {}", known.join(", "))))
}

fn named(path: &str) -> (Option<&'static str>, Option<String>) {
    for (name, pattern) in ENDPOINTS {
        if let Some(domain) = matched(pattern, path) {
            return (Some(name), Some(domain));
        }
    }
    let domain = path.split('/').nth(1).filter(|segment| !segment.is_empty()).map(str::to_owned);
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
    use base64::engine::general_purpose::STANDARD;

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
        assert_eq!(of("/"), (None, String::new()));
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
    }
}
