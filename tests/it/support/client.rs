//! A client of one domain that sends what tests say, byte for byte, and keeps the whole answer.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::server::Credentials;

/// A client of one domain.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    /// Where the server listens: `http://127.0.0.1:PORT`.
    pub base: String,
    /// The domain.
    pub domain: String,
}

/// An answer with its body read.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {} {}", self.status, self.text))
    }

    /// The body as JSON, with this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// An error with this status and code, of the form that every error has.
    #[track_caller]
    pub fn expect_error(self, status: u16, code: &str) -> String {
        let headers = self.headers.clone();
        let body = self.expect(status);
        assert_eq!(body["error"], code, "{body}");
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers["cache-control"], "no-store");
        let description = body["error_description"].as_str().expect("every error is described").to_owned();
        assert!(!description.is_empty() && description.bytes().all(|b| matches!(b, 0x20..=0x7e)), "{description}");
        assert_eq!(body.as_object().unwrap().len(), 2, "nothing else is said: {body}");
        description
    }

    /// A header as text; empty where absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Api {
    /// A client of a domain of the server at `base`.
    pub fn new(base: String, domain: &str) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_mins(1))
            .no_proxy()
            .build()
            .unwrap();
        Self { http, base, domain: domain.to_owned() }
    }

    /// The same server's other domain.
    pub fn in_domain(&self, domain: &str) -> Self {
        Self { domain: domain.to_owned(), ..self.clone() }
    }

    /// A URL below the domain: `url("/oauth/token")`.
    pub fn url(&self, path: &str) -> String {
        format!("{}/{}{path}", self.base, self.domain)
    }

    /// Sends a request to a full URL.
    pub async fn send(&self, method: Method, url: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
        self.try_send(method, url, headers, body).await.unwrap()
    }

    /// The same where the server may be gone.
    pub async fn try_send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method, url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body: Vec<u8> = body.into();
        if !body.is_empty() {
            request = request.body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, text: response.text().await? })
    }

    /// `GET` of a full URL without any header.
    pub async fn get(&self, url: &str) -> Answer {
        self.send(Method::GET, url, &[], "").await
    }

    /// Sends bytes as they are, and returns the status, the lines of the head and the body.
    pub async fn raw(&self, request: &str) -> (u16, String, String) {
        let address = self.base.strip_prefix("http://").unwrap();
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_ascii_lowercase(), body.to_owned())
    }

    /// A form POST with Basic credentials, sent raw as gateways do.
    pub async fn form(&self, path: &str, client: &Credentials, form: &str) -> Answer {
        let basic = basic(client);
        let headers = [("authorization", basic.as_str()), ("content-type", "application/x-www-form-urlencoded")];
        self.send(Method::POST, &self.url(path), &headers, form).await
    }

    /// A form POST without credentials in the header.
    pub async fn form_post(&self, path: &str, form: &str) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send(Method::POST, &self.url(path), &headers, form).await
    }

    /// A client credentials request; an empty scope is left out.
    pub async fn token_answer(&self, client: &Credentials, scope: &str) -> Answer {
        let scope = if scope.is_empty() { String::new() } else { format!("&scope={}", scope.replace(' ', "+")) };
        self.form("/oauth/token", client, &format!("grant_type=client_credentials{scope}")).await
    }

    /// An access token by client credentials.
    pub async fn token(&self, client: &Credentials, scope: &str) -> String {
        let body = self.token_answer(client, scope).await.expect(200);
        body["access_token"].as_str().unwrap().to_owned()
    }

    /// A registration; an empty token sends no `Authorization` header.
    pub async fn register(&self, token: &str, body: &Value) -> Answer {
        self.json(Method::POST, &self.url("/oidc/register"), token, &body.to_string()).await
    }

    /// A registration where the server may be gone.
    pub async fn try_register(&self, token: &str, body: &Value) -> reqwest::Result<Answer> {
        let bearer = format!("Bearer {token}");
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        self.try_send(Method::POST, &self.url("/oidc/register"), &headers, body.to_string()).await
    }

    /// A JSON request to a full URL with a bearer token.
    pub async fn json(&self, method: Method, url: &str, token: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("content-type", "application/json; charset=UTF-8"), ("accept", "application/json")];
        if !token.is_empty() {
            headers.push(("authorization", bearer.as_str()));
        }
        self.send(method, url, &headers, body).await
    }

    /// A request with a bearer token, no body and no content type.
    pub async fn bare(&self, method: Method, url: &str, token: &str) -> Answer {
        let bearer = format!("Bearer {token}");
        self.send(method, url, &[("authorization", bearer.as_str())], "").await
    }

    /// The update of a record at its own URI with its own token.
    pub async fn put(&self, record: &Value, body: &Value) -> Answer {
        self.json(Method::PUT, &self.client_url(record), token_of(record), &body.to_string()).await
    }

    /// The read of a record at its own URI with its own token.
    pub async fn read(&self, record: &Value) -> Answer {
        self.bare(Method::GET, &self.client_url(record), token_of(record)).await
    }

    /// The renewal of a record's secret with its own token.
    pub async fn renew(&self, record: &Value) -> Answer {
        self.bare(Method::POST, &self.renewal_url(record), token_of(record)).await
    }

    /// The deletion of a record at its own URI with its own token.
    pub async fn delete(&self, record: &Value) -> Answer {
        self.bare(Method::DELETE, &self.client_url(record), token_of(record)).await
    }

    /// The merge patch of a record at its own URI with its own token.
    pub async fn patch(&self, record: &Value, body: &Value) -> Answer {
        self.json(Method::PATCH, &self.client_url(record), token_of(record), &body.to_string()).await
    }

    /// Where a record's secret is renewed.
    pub fn renewal_url(&self, record: &Value) -> String {
        format!("{}/renew_secret", self.client_url(record))
    }

    /// Whether a client gets a token with these credentials.
    pub async fn accepts(&self, client: &Credentials) -> bool {
        let answer = self.token_answer(client, "").await;
        assert!(matches!(answer.status.as_u16(), 200 | 401), "{}", answer.text);
        answer.status == 200
    }

    /// A client credentials request for these resources.
    pub async fn token_for(&self, client: &Credentials, resources: &[&str]) -> Answer {
        let form = resources
            .iter()
            .fold("grant_type=client_credentials".to_owned(), |form, resource| format!("{form}&resource={resource}"));
        self.form("/oauth/token", client, &form).await
    }

    /// Whether introspection calls a token active; it must answer 200 either way.
    pub async fn is_active(&self, client: &Credentials, token: &str) -> bool {
        let answer = self.introspect(client, token).await.expect(200);
        let active = answer["active"].as_bool().expect("active is a boolean");
        assert!(active || answer.as_object().unwrap().len() == 1, "nothing is told of an inactive token: {answer}");
        active
    }

    /// Revokes a token (RFC 7009).
    pub async fn revoke(&self, client: &Credentials, token: &str) {
        self.form("/oauth/revoke", client, &format!("token={token}")).await.expect(200);
    }

    /// The URL of a record's client on this server, whatever base its URI was made with.
    pub fn client_url(&self, record: &Value) -> String {
        self.url(&format!("/oidc/register/{}", record["client_id"].as_str().unwrap()))
    }

    /// What introspection says.
    pub async fn introspect(&self, client: &Credentials, token: &str) -> Answer {
        self.form("/oauth/introspect", client, &format!("token={token}")).await
    }
}

impl Credentials {
    /// The credentials of a registered record.
    #[track_caller]
    pub fn of(record: &Value) -> Self {
        Self {
            id: record["client_id"].as_str().unwrap().to_owned(),
            secret: record["client_secret"].as_str().unwrap_or_default().to_owned(),
        }
    }
}

fn token_of(record: &Value) -> &str {
    record["registration_access_token"].as_str().unwrap()
}

/// Raw credentials in Base64, as APIM sends them.
pub fn basic(client: &Credentials) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", client.id, client.secret)))
}
