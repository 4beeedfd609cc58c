//! People, clients they log in with, and codes as `/authorize` leaves them.

use http::Method;
use registrar::clients::manual::Wanted;
use registrar::keys::data_keys::{DataKeys, HashPurpose};
use registrar::model::audit_event::Actor;
use registrar::model::authorization::{AuthorizationCode, GrantDetails, GrantStatus, LoginGrant};
use registrar::model::id::{AttemptId, AuthorizationId, ClientId, DomainId, UserId};
use registrar::model::random;
use registrar::model::session::Session;
use registrar::model::user::{User, UserClaims};
use registrar::people::browser_session::Device;
use registrar::store::Store;
use registrar::store::login_grants::GrantOutcome;
use registrar::store::users::PutUserOutcome;
use registrar::tokens::subject::subject;
use serde_json::{Value, json};

use super::client::{Answer, Api};
use super::server::{Credentials, TestServer, scopes};

/// Where the clients of tests are answered.
pub const REDIRECT: &str = "https://app.example.com/cb";

/// The proof key of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Stores a user of a domain.
pub async fn add_user(store: &Store, domain_id: DomainId, name: &str) -> User {
    let Value::Object(claims) = json!({ "name": "Ada Lovelace", "locale": "en-GB" }) else { unreachable!() };
    let clock = store.clock();
    let user = User {
        id: UserId::new(clock),
        domain_id,
        username: name.to_owned(),
        email: Some(format!("{name}@example.com")),
        email_verified: true,
        password: None,
        claims: UserClaims(claims),
        enabled: true,
        version: 1,
        created_at: clock.now(),
        updated_at: clock.now(),
    };
    let audit = Actor::local("test").did(clock, Some(domain_id), "user.create", name);
    assert_eq!(store.create_user(&user, None, &audit).await.unwrap(), PutUserOutcome::Stored);
    user
}

/// What a login leaves behind: a code for `openid profile`, with a proof key; `change` says what is different.
pub async fn log_in(
    (store, keys): (&Store, &DataKeys),
    client_id: &str,
    user: &User,
    change: impl FnOnce(&mut LoginGrant, &mut AuthorizationCode),
) -> String {
    let code = format!("ac_{}", random::secret());
    let (clock, client_id) = (store.clock(), ClientId(client_id.to_owned()));
    let now = clock.now();
    let settings = store.domain(user.domain_id).await.unwrap().unwrap().domain.settings.clone();
    let entry = store.read_client(user.domain_id, &client_id).await.unwrap().unwrap();
    let mut grant = LoginGrant {
        id: AuthorizationId::new(clock),
        domain_id: user.domain_id,
        client_id: client_id.clone(),
        user_id: user.id,
        session_id: None,
        attempt: AttemptId::random(),
        scope: scopes("openid profile"),
        details: GrantDetails {
            subject: subject(keys, &entry.client, user.id),
            resources: Vec::new(),
            auth_time: now.plus(-5),
            nonce: None,
        },
        status: GrantStatus::Pending,
        created_at: now,
        last_used_at: now,
        expires_at: now.plus(settings.refresh_token_lifetime),
    };
    let mut kept = AuthorizationCode {
        hash: keys.hash(HashPurpose::AuthorizationCode, &code),
        client_id,
        redirect_uri: REDIRECT.to_owned(),
        redirect_uri_sent: true,
        code_challenge: Some(CHALLENGE.to_owned()),
        created_at: now,
        expires_at: now.plus(60),
        redeemed_at: None,
    };
    change(&mut grant, &mut kept);
    assert_eq!(store.establish_grant(&grant, &kept, None).await.unwrap(), GrantOutcome::Established);
    code
}

impl TestServer {
    /// A user of the domain `main`.
    pub async fn add_user(&self, name: &str) -> User {
        add_user(&self.app.store, self.domain().await.id(), name).await
    }

    /// Lets a user log in, or not; with the latter every login of theirs ends.
    pub async fn enable_user(&self, id: UserId, enabled: bool) {
        let domain_id = self.domain().await.id();
        let mut user = self.app.store.user(domain_id, id).await.unwrap().unwrap();
        user.enabled = enabled;
        let ending = (!enabled).then(|| self.clock.now().plus(86_400));
        let audit = Actor::local("test").did(&self.clock, Some(domain_id), "user.update", "");
        assert_eq!(self.app.store.update_user(&user, ending, &audit).await.unwrap(), PutUserOutcome::Stored);
    }

    /// A client that people log in with: public unless `more` names a method, with refresh tokens unless it names grants.
    pub async fn add_login_client(&self, more: Value) -> Credentials {
        let mut metadata = json!({
            "client_name": "App", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"], "scope": "openid profile email offline_access"
        });
        let (members, Value::Object(more)) = (metadata.as_object_mut().unwrap(), more) else { panic!("an object") };
        members.extend(more);
        let Value::Object(metadata) = metadata else { unreachable!() };
        self.create(Wanted { metadata, ..Wanted::default() }).await
    }

    /// The same with a secret.
    pub async fn add_web_client(&self) -> Credentials {
        self.add_login_client(json!({ "token_endpoint_auth_method": "client_secret_basic" })).await
    }

    /// A code of this user's login with a client, as [`log_in`] leaves it.
    pub async fn log_in(
        &self,
        client: &Credentials,
        user: &User,
        change: impl FnOnce(&mut LoginGrant, &mut AuthorizationCode),
    ) -> String {
        log_in((&self.app.store, &self.app.keys), &client.id, user, change).await
    }

    /// The token answer of a login with these scopes for these resources.
    pub async fn tokens(&self, client: &Credentials, user: &User, scope: &str, resources: &[&str]) -> Value {
        let code = self
            .log_in(client, user, |grant, _| {
                grant.scope = scopes(scope);
                grant.details.resources = resources.iter().map(|text| (*text).to_owned()).collect();
            })
            .await;
        self.api.redeem(client, &code).await.expect(200)
    }

    /// A browser in which the user is logged in: the session, and the `Cookie` header's value.
    pub async fn browser(&self, user: &User) -> (Session, String) {
        let device = Device { agent: "test", source: "127.0.0.1" };
        let domain = self.domain().await;
        let (session, secret) = self.app.people.begin_session(&domain, user, device, None).await.unwrap().unwrap();
        (session, format!("registrar-main={}", secret.expose()))
    }
}

impl Api {
    /// A form POST as this client: Basic where it has a secret, else by its id in the body.
    pub async fn post_as(&self, path: &str, client: &Credentials, form: &str) -> Answer {
        if client.secret.is_empty() {
            return self.form_post(path, &format!("{form}&client_id={}", client.id)).await;
        }
        self.form(path, client, form).await
    }

    /// The redemption of a code, as it should be.
    pub async fn redeem(&self, client: &Credentials, code: &str) -> Answer {
        self.redeem_with(client, code, &format!("&redirect_uri={REDIRECT}&code_verifier={VERIFIER}")).await
    }

    /// The redemption of a code with these other parameters.
    pub async fn redeem_with(&self, client: &Credentials, code: &str, more: &str) -> Answer {
        self.post_as("/oauth/token", client, &format!("grant_type=authorization_code&code={code}{more}")).await
    }

    /// A refresh; `more` are further parameters.
    pub async fn refresh(&self, client: &Credentials, token: &str, more: &str) -> Answer {
        self.post_as("/oauth/token", client, &format!("grant_type=refresh_token&refresh_token={token}{more}")).await
    }

    /// What userinfo says.
    pub async fn userinfo(&self, token: &str) -> Answer {
        self.bare(Method::GET, &self.url("/oidc/userinfo"), token).await
    }
}

/// A member that is text.
#[track_caller]
pub fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("{member} is no text: {value}"))
}

/// Header and claims of a JWT, unverified.
#[track_caller]
pub fn decoded(jwt: &str) -> (Value, Value) {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let part =
        |at: usize| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(at).unwrap()).unwrap()).unwrap();
    (part(0), part(1))
}
