//! Those who administer: API tokens for programs, sessions in the console for people.

use std::collections::BTreeSet;

use http::Method;
use registrar::admin::admit::console_cookie_name;
use registrar::administrators::accounts::NewAdministrator;
use registrar::administrators::api_tokens::NewApiToken;
use registrar::administrators::login::{Attempt, LoginOutcome};
use registrar::model::administrator::{Administrator as Account, Reach, Role};
use registrar::model::audit_event::Actor;
use registrar::model::id::DomainId;
use registrar::model::secret::Secret;
use registrar::ops::rate_limit::SourcePrefix;
use registrar::people::browser_session::Device;
use serde_json::Value;

use super::{Answer, Api, Browser, TestServer};

/// The password of every administrator that tests make.
pub const ADMIN_PASSWORD: &str = "correct horse battery staple";

/// A program that administers by an API token.
#[derive(Debug, Clone)]
pub struct AdminApi {
    api: Api,
    /// The token.
    pub token: String,
}

impl AdminApi {
    /// A program with this token, or with what is none.
    pub fn new(api: &Api, token: &str) -> Self {
        Self { api: api.clone(), token: token.to_owned() }
    }

    /// `GET` of a path below `/api/v1`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], &Value::Null).await
    }

    /// `POST` of a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[], &body).await
    }

    /// `DELETE`, of whatever version.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], &Value::Null).await
    }

    /// `PATCH` of the version that is there now.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        let tag = self.get(path).await.header("etag").to_owned();
        assert!(!tag.is_empty(), "{path} has no ETag");
        self.send(Method::PATCH, path, &[("if-match", &tag)], &body).await
    }

    /// A request to a path below `/api/v1`; null is no body.
    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let bearer = format!("Bearer {}", self.token);
        let mut all = vec![("authorization", bearer.as_str())];
        if !body.is_null() {
            all.push(("content-type", "application/json"));
        }
        all.extend_from_slice(headers);
        self.api.send(method, &format!("{}/api/v1{path}", self.api.base), &all, text).await
    }
}

impl Answer {
    /// Problem details with this status and code (RFC 9457); returns the detail.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        let problem = self.expect(status);
        assert_eq!((&problem["code"], &problem["status"]), (&code.into(), &status.into()), "{problem}");
        assert_eq!(problem["type"], format!("/api/v1#{code}"));
        problem["detail"].as_str().expect("every problem is explained").to_owned()
    }
}

impl TestServer {
    /// A program with a role in all domains, or in one.
    pub async fn administration(&self, role: Role, domain: Option<&str>) -> AdminApi {
        let domain_id = match domain {
            Some(name) => Some(self.domain_id(name).await),
            None => None,
        };
        let new = NewApiToken { label: format!("a test's {role}"), role, domain_id, lifetime: None };
        let (_, token) = self.app.administrators.create_api_token(new, &Actor::local("test")).await.unwrap();
        AdminApi::new(&self.api, token.expose())
    }

    /// A program that may do everything.
    pub async fn owner(&self) -> AdminApi {
        self.administration(Role::Owner, None).await
    }

    /// An administrator with a role in all domains, or in those named.
    pub async fn add_administrator(&self, username: &str, role: Role, domains: &[&str]) -> Account {
        let mut own = BTreeSet::new();
        for name in domains {
            own.insert(self.domain_id(name).await);
        }
        let reach = if domains.is_empty() { Reach::All } else { Reach::Domains(own) };
        let password = Secret::new(ADMIN_PASSWORD);
        let new = NewAdministrator { username: username.to_owned(), role, reach, password, disabled: false };
        self.app.administrators.create(new, &Actor::local("test")).await.unwrap()
    }

    /// A browser in which a new administrator is logged in, with a role in all domains or in those named.
    pub async fn console(&self, role: Role, domains: &[&str]) -> Browser {
        let username = format!("{role}-{}", registrar::model::random::identifier());
        self.add_administrator(&username, role, domains).await;
        let mut browser = Browser::new(&self.api);
        self.console_login(&mut browser, &username).await;
        browser
    }

    /// Logs an administrator in to the console, in this browser.
    pub async fn console_login(&self, browser: &mut Browser, username: &str) {
        let attempt = Attempt {
            username,
            password: Secret::new(ADMIN_PASSWORD),
            device: Device { agent: "Test Browser 1.0", source: "127.0.0.1" },
            source: SourcePrefix::of([127, 0, 0, 1].into()),
        };
        match self.app.administrators.log_in(attempt, &Actor::local("test")).await.unwrap() {
            LoginOutcome::Session(_, secret) => {
                browser.set_cookie(&console_cookie_name(&self.app), secret.expose());
            }
            other => panic!("{username} cannot log in: {other:?}"),
        }
    }

    /// The id of a domain.
    pub async fn domain_id(&self, name: &str) -> DomainId {
        self.app.store.domain_named(name).await.unwrap().expect("there is such a domain").id()
    }
}

/// A PNG of one transparent pixel.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\
\0\0\0\x0aIDAT\x78\x9c\x63\0\x01\0\0\x05\0\x01\x0d\x0a\x2d\xb4\0\0\0\0IEND\xae\x42\x60\x82";
