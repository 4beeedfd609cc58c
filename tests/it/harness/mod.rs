//! The throw-away server: steered over HTTP and in process.

mod decisions;
mod documents;
mod limits;
mod people;
mod process;
#[expect(clippy::disallowed_methods, reason = "as a user writes it")]
mod readme;
mod requests;
mod state;
mod tokens;
mod wishes;

use http::Method;
use registrar::harness::{Harness, Options};
use registrar::model::secret::Secret;
use serde_json::{Value, json};

use crate::support::{Answer, Api, Credentials};

/// A harness in this process, and a client of its domain `main`.
pub struct Thrown {
    pub harness: Harness,
    pub api: Api,
    pub gateway: Credentials,
}

impl Thrown {
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    pub async fn start_with(options: Options) -> Self {
        let harness = Harness::start_with(options).await.unwrap();
        let card = harness.card().await.unwrap();
        let gateway = card.card.gateway.map_or_else(
            || Credentials { id: String::new(), secret: String::new() },
            |gateway| Credentials {
                id: gateway.client_id,
                secret: gateway.client_secret.as_ref().map(Secret::expose).unwrap_or_default().to_owned(),
            },
        );
        let api = Api::new(format!("http://{}", harness.address()), "main");
        Self { harness, api, gateway }
    }

    /// A request to the control API; null sends no body.
    pub async fn control(&self, method: Method, path: &str, body: &Value) -> Answer {
        let url = format!("{}/harness/v1{path}", self.api.base);
        let headers = [("content-type", "application/json")];
        let (headers, body) = if body.is_null() { (&[][..], String::new()) } else { (&headers[..], body.to_string()) };
        self.api.send(method, &url, headers, body).await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.control(Method::GET, path, &Value::Null).await.expect(200)
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.control(Method::POST, path, &body).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text);
        if answer.text.is_empty() { Value::Null } else { answer.json() }
    }

    pub async fn put(&self, path: &str, body: Value) -> Value {
        self.control(Method::PUT, path, &body).await.expect(200)
    }

    pub async fn delete(&self, path: &str) {
        self.control(Method::DELETE, path, &Value::Null).await.expect(204);
    }

    /// Somebody in the domain `main`.
    pub async fn add_user(&self, username: &str) {
        let email = format!("{username}@example.com");
        let user = json!({ "username": username, "email": email, "email_verified": true });
        self.post("/domains/main/users", user).await;
    }

    /// A public client that registers itself.
    pub async fn public_client(&self) -> String {
        let body = json!({
            "client_name": "App", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"], "scope": "openid profile email",
        });
        self.api.register("", &body).await.expect(201)["client_id"].as_str().unwrap().to_owned()
    }

    /// The authorization request of a public client.
    pub fn request(&self, client_id: &str, more: &str) -> String {
        format!(
            "{}?response_type=code&client_id={client_id}&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&state=s\
             &scope=openid+profile&code_challenge={CHALLENGE}&code_challenge_method=S256{more}",
            self.api.url("/oauth/authorize")
        )
    }

    /// The code of a person who allows everything.
    pub async fn code(&self, client_id: &str, user: &str) -> String {
        let url = self.request(client_id, "");
        let arrival = self.post("/domains/main/authorize", json!({ "url": url, "user": user })).await;
        arrival["parameters"]["code"].as_str().unwrap().to_owned()
    }

    pub async fn redeem(&self, client_id: &str, code: &str) -> Answer {
        let form = format!(
            "grant_type=authorization_code&client_id={client_id}&code={code}\
             &redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&code_verifier={VERIFIER}"
        );
        self.api.form_post("/oauth/token", &form).await
    }

    pub async fn refresh(&self, client_id: &str, token: &str) -> Answer {
        let form = format!("grant_type=refresh_token&client_id={client_id}&refresh_token={token}");
        self.api.form_post("/oauth/token", &form).await
    }

    /// Whether the gateway registrar, which may introspect what is its own, sees a token as active.
    pub async fn is_active(&self, token: &str) -> bool {
        self.api.introspect(&self.gateway, token).await.expect(200)["active"] == true
    }

    pub async fn mint(&self, wanted: Value) -> String {
        self.post("/domains/main/tokens", wanted).await["token"].as_str().unwrap().to_owned()
    }
}

pub use crate::support::{CHALLENGE, REDIRECT, VERIFIER};
