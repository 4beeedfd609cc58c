//! People who use the server: made in the store, acting through pages.

use registrar::model::audit_event::Actor;
use registrar::model::id::UserId;
use registrar::model::secret::Secret;
use registrar::model::user::{User, UserClaims};
use registrar::people::browser_session::Device;
use registrar::store::users::PutUserOutcome;
use serde_json::{Value, json};

use super::{Answer, Api, Browser, Landed, Page, TestServer, VERIFIER, param};

/// The password of everybody in the tests.
pub const PASSWORD: &str = "correct horse battery staple";

/// The challenge of the verifier (RFC 7636 appendix B).
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

impl TestServer {
    /// A user with an e-mail address and the password of everybody.
    pub async fn user(&self, username: &str) -> User {
        let domain = self.domain().await;
        let now = self.clock.now();
        let password = self.app.people.argon2.hash(Secret::new(PASSWORD)).await.unwrap();
        let user = User {
            id: UserId::new(&self.clock),
            domain_id: domain.id(),
            username: username.to_owned(),
            email: Some(format!("{username}@example.com")),
            email_verified: true,
            password: Some(password),
            claims: UserClaims(json!({ "name": format!("{username} Example") }).as_object().unwrap().clone()),
            enabled: true,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let audit = Actor::local("test").did(&self.clock, Some(domain.id()), "user.create", username);
        assert_eq!(self.app.store.create_user(&user, None, &audit).await.unwrap(), PutUserOutcome::Stored);
        user
    }

    /// A browser in which that user is logged in already.
    pub async fn browser_of(&self, user: &User) -> Browser {
        let domain = self.domain().await;
        let device = Device { agent: "Test Browser 1.0", source: "127.0.0.1" };
        let (_, secret) = self.app.people.begin_session(&domain, user, device, None).await.unwrap().unwrap();
        let mut browser = Browser::new(&self.api);
        browser.set_cookie("registrar-main", secret.expose());
        browser
    }

    /// Registers a public client openly, as MCP clients do.
    pub async fn open_client(&self, redirect_uris: &[&str]) -> String {
        self.set_domain(|settings| settings.open_registration = true).await;
        let body = json!({
            "client_name": "Test Client", "redirect_uris": redirect_uris, "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"]
        });
        let record = self.api.register("", &body).await.expect(201);
        record["client_id"].as_str().unwrap().to_owned()
    }
}

/// An authorization request under construction.
#[derive(Debug, Clone)]
pub struct Authorize {
    pub params: Vec<(String, String)>,
}

impl Authorize {
    /// A plain request with PKCE.
    pub fn new(client_id: &str, redirect_uri: &str) -> Self {
        Self { params: Vec::new() }
            .with("response_type", "code")
            .with("client_id", client_id)
            .with("redirect_uri", redirect_uri)
            .with("code_challenge", CHALLENGE)
            .with("code_challenge_method", "S256")
            .with("state", "s-1")
    }

    /// With one parameter more, or another value of it; several `resource` are kept.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if name != "resource" {
            self = self.without(name);
        }
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a parameter.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.params.retain(|(known, _)| known != name);
        self
    }

    /// The request as a URL.
    pub fn url(&self, api: &Api) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.params);
        format!("{}?{}", api.url("/oauth/authorize"), query.finish())
    }
}

impl Browser {
    /// Opens an authorization request.
    pub async fn authorize(&mut self, request: &Authorize) -> Landed {
        let url = request.url(&self.api);
        self.open(&url).await
    }

    /// Logs in on the login page.
    pub async fn log_in(&mut self, page: &Page, username: &str) -> Landed {
        self.submit(&page.form("login"), &[("username", username), ("password", PASSWORD)]).await
    }

    /// Presses "Allow" on the consent page.
    pub async fn allow(&mut self, page: &Page) -> Landed {
        self.submit(&page.form("consent"), &[("decision", "allow")]).await
    }

    /// Through login and consent, as far as they are asked for, to the client's code.
    pub async fn code(&mut self, request: &Authorize, username: &str) -> String {
        let mut landed = self.authorize(request).await;
        for _ in 0..3 {
            landed = match landed {
                Landed::Away(_) => break,
                Landed::Page(page) if page.has("login") => self.log_in(&page, username).await,
                Landed::Page(page) if page.has("consent") => self.allow(&page).await,
                Landed::Page(page) => panic!("at {}: {}", page.url, page.answer.text),
            };
        }
        let params = landed.params();
        param(&params, "code").to_owned()
    }
}

impl Api {
    /// Redeems a code as a public client.
    pub async fn redeem_code(&self, client_id: &str, redirect_uri: &str, code: &str) -> Answer {
        self.token_request(
            client_id,
            &[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", redirect_uri),
                ("code_verifier", VERIFIER),
            ],
        )
        .await
    }

    /// Refreshes as a public client.
    pub async fn refresh_public(&self, client_id: &str, refresh_token: &str) -> Answer {
        self.token_request(client_id, &[("grant_type", "refresh_token"), ("refresh_token", refresh_token)]).await
    }

    /// A token request of a public client.
    pub async fn token_request(&self, client_id: &str, params: &[(&str, &str)]) -> Answer {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("client_id", client_id).extend_pairs(params);
        self.form_post("/oauth/token", &form.finish()).await
    }
}

/// The claims of a JWT, unverified.
pub fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).expect("a JWT has three parts");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}
