//! What people do in a browser: login, sign-up, consent, passwords, account.

mod account;
mod consent;
mod guard;
mod login;
mod password;
mod sign_up;
mod throttling;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use http::Method;
use registrar::config::Settings;
use registrar::model::audit_event::Actor;
use registrar::model::id::{AttemptId, SessionId};
use registrar::model::interaction::{
    ConsentRequest, INTERACTION_LIFETIME, Interaction, LoginRequest, Progress, StoredRequest,
};
use registrar::model::secret::Secret;
use registrar::model::user::User;
use registrar::people::sign_up::NewPerson;
use registrar::store::users::PutUserOutcome;
use tempfile::TempDir;

use crate::support::{Answer, Backend, TestServer, scopes};

/// The password of everybody in these tests.
pub const PASSWORD: &str = "correct horse battery";

/// A server with people, and the folder that its mails are written to.
pub struct Scene {
    pub server: TestServer,
    mails: TempDir,
}

impl Scene {
    pub async fn open(backend: Backend) -> Option<Self> {
        Self::open_with(backend, |_| {}).await
    }

    pub async fn open_with(backend: Backend, change: impl FnOnce(&mut Settings)) -> Option<Self> {
        let mails = TempDir::new().unwrap();
        let folder = mails.path().to_owned();
        let server = TestServer::start_with(backend, |settings| {
            settings.mail.folder = folder;
            change(settings);
        });
        Some(Self { server: server.await?, mails })
    }

    /// A user with the usual password whose address is known to be theirs.
    pub async fn add_user(&self, username: &str, email: &str) -> User {
        let domain = self.server.domain().await;
        let new = NewPerson {
            username,
            email,
            email_verified: true,
            name: "",
            password: Secret::new(PASSWORD),
            invitation: None,
        };
        let people = &self.server.app.people;
        let (user, outcome) = people.sign_up(domain.id(), new, Actor::local("test")).await.unwrap();
        assert_eq!(outcome, PutUserOutcome::Stored);
        user
    }

    /// A user as the database has it.
    pub async fn user(&self, login: &str) -> Option<User> {
        let domain = self.server.domain().await;
        self.server.app.store.user_by_login(domain.id(), login).await.unwrap()
    }

    /// What the authorization endpoint would have begun for a client.
    pub async fn begin(&self, progress: Progress) -> Interaction {
        let now = self.server.clock.now();
        let interaction = Interaction {
            id: AttemptId::random(),
            domain_id: self.server.domain().await.id(),
            client_id: "some-client".to_owned(),
            request: StoredRequest { params: Vec::new() },
            progress,
            version: 1,
            created_at: now,
            expires_at: now.plus(INTERACTION_LIFETIME),
        };
        self.server.app.store.begin_interaction(&interaction).await.unwrap();
        interaction
    }

    /// The same where a person must log in.
    pub async fn begin_login(&self) -> Interaction {
        let login = LoginRequest {
            client_name: "Some <b>client</b>".to_owned(),
            redirect_uri: "https://app.example/callback".to_owned(),
            login_hint: Some("ada".to_owned()),
            sign_up: false,
        };
        self.begin(Progress { login: Some(login), ..Progress::default() }).await
    }

    /// The same where a person in a session must decide.
    pub async fn begin_consent(&self, session_id: SessionId, redirect_uri: &str) -> Interaction {
        let consent = ConsentRequest {
            session_id,
            scope: scopes("openid profile"),
            resources: vec!["https://mcp.example/one".to_owned(), "https://mcp.example/two".to_owned()],
            redirect_uri: redirect_uri.to_owned(),
        };
        self.begin(Progress { consent: Some(consent), ..Progress::default() }).await
    }

    /// An interaction as the database has it.
    pub async fn interaction(&self, id: &AttemptId) -> Option<Interaction> {
        let domain = self.server.domain().await;
        self.server.app.store.interaction(domain.id(), id).await.unwrap()
    }

    /// The sessions of a user.
    pub async fn sessions(&self, user: &User) -> Vec<SessionId> {
        let sessions = self.server.app.store.sessions_of_user(user.domain_id, user.id).await.unwrap();
        sessions.iter().map(|session| session.id).collect()
    }

    /// Every mail to an address, in no particular order.
    pub fn mails(&self, to: &str) -> Vec<String> {
        let files = fs::read_dir(self.mails.path()).unwrap();
        let mails = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
        let addressed = |mail: &String| mail.lines().any(|line| line.starts_with("To:") && line.contains(to));
        mails.filter(addressed).map(|mail| mail.replace("=\r\n", "").replace("=3D", "=")).collect()
    }

    /// The path of the link in the one mail to an address that has this subject.
    pub async fn mailed_link(&self, to: &str, subject: &str) -> String {
        let deadline = Instant::now() + Duration::from_secs(20);
        let base = self.server.app.public_url.as_str().to_owned();
        loop {
            let found: Vec<String> = self.mails(to).into_iter().filter(|mail| mail.contains(subject)).collect();
            if let [mail] = found.as_slice() {
                let link = mail.split_whitespace().find(|word| word.starts_with(&base)).unwrap();
                return link[base.len()..].to_owned();
            }
            assert!(found.is_empty() && Instant::now() < deadline, "not one mail to {to}: {found:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A browser: keeps cookies, sends forms, follows nothing by itself.
pub struct Browser<'a> {
    scene: &'a Scene,
    cookies: RefCell<BTreeMap<String, String>>,
    source: &'static str,
}

impl<'a> Browser<'a> {
    pub fn new(scene: &'a Scene) -> Self {
        Self::at(scene, "")
    }

    /// A browser at another network address, which a proxy tells.
    pub fn at(scene: &'a Scene, source: &'static str) -> Self {
        Self { scene, cookies: RefCell::default(), source }
    }

    /// One in which somebody has just logged in.
    pub async fn logged_in(scene: &'a Scene, login: &str) -> Self {
        let browser = Self::new(scene);
        browser.log_in(login, PASSWORD).await.expect_redirect("/main/account");
        browser
    }

    pub async fn log_in(&self, login: &str, password: &str) -> Answer {
        self.post("/login", &[("username", login), ("password", password)]).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], String::new()).await
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_with(path, fields, &[]).await
    }

    pub async fn post_with(&self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut headers = headers.to_vec();
        headers.push(("content-type", "application/x-www-form-urlencoded"));
        self.send(Method::POST, path, &headers, body).await
    }

    /// Follows the link of a verification mail, and confirms.
    pub async fn confirm_address(&self, link: &str) -> Answer {
        let token = link.split_once("token=").unwrap().1.split('&').next().unwrap();
        self.get(link).await.expect_page(200, token);
        self.post(link, &[("token", token)]).await
    }

    /// `path`: below the domain, or the whole path as a link in a mail has it.
    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let api = &self.scene.server.api;
        let url = if path.starts_with("/main/") { format!("{}{path}", api.base) } else { api.url(path) };
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let mut headers = headers.to_vec();
        headers.push(("user-agent", "Browser <b>of</b> the tests"));
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        if !self.source.is_empty() {
            headers.push(("x-forwarded-for", self.source));
        }
        let answer = api.send(method, &url, &headers, body).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match value {
                "" => self.cookies.borrow_mut().remove(name),
                value => self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    /// What the session cookie holds.
    pub fn cookie(&self) -> Option<String> {
        self.cookies.borrow().get("registrar-main").cloned()
    }

    pub fn set_cookie(&self, value: &str) {
        self.cookies.borrow_mut().insert("registrar-main".to_owned(), value.to_owned());
    }

    /// Whether somebody is logged in.
    pub async fn is_logged_in(&self) -> bool {
        self.get("/account").await.status == 200
    }
}

/// What pages answer.
pub trait Pages {
    /// A page with this status that holds this text.
    #[track_caller]
    fn expect_page(&self, status: u16, text: &str);
    /// A redirect by 303 to this path.
    #[track_caller]
    fn expect_redirect(&self, path: &str);
    /// A redirect by 303 to the authorization endpoint.
    #[track_caller]
    fn expect_to_go_on(&self, interaction: &Interaction);
}

impl Pages for Answer {
    fn expect_page(&self, status: u16, text: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "text/html; charset=utf-8");
        assert!(self.text.contains(text), "no {text} in {}", self.text);
    }

    fn expect_redirect(&self, path: &str) {
        assert_eq!((self.status.as_u16(), self.header("location")), (303, path), "{}", self.text);
    }

    fn expect_to_go_on(&self, interaction: &Interaction) {
        self.expect_redirect(&format!("/main/oauth/authorize?interaction={}", interaction.id));
    }
}
