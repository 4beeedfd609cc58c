//! What other servers' own tests expect of registration and client management: each row of node-oidc-provider, Hydra,
//! Keycloak and others that applies, held against what we decided. They contradict one another; each file begins with
//! the rows where we differ.
//!
//! Not served yet, so without a test: the authorization endpoint (among it the matching of redirect URIs, which unit
//! tests hold), ID tokens, pairwise subjects, logout, mutual TLS, backchannel authentication, consent. Assertions by
//! `private_key_jwt` and `client_secret_jwt` have a file of their own.

mod documents;
mod hydra;
mod keycloak;
mod oidc_provider;
mod others;

use registrar::keys::data_keys::HashPurpose;
use registrar::model::audit_event::Actor;
use registrar::model::id::InitialAccessTokenId;
use registrar::model::random;
use registrar::store::initial_access_tokens::InitialAccessToken;
use serde_json::{Value, json};

use crate::support::{Answer, TestServer};

/// What a registration comes to.
#[derive(Debug, Clone)]
enum Comes {
    /// 201 with at least these members; null stands for an absent one.
    To(Value),
    /// 400 with this code.
    ToError(&'static str),
}

/// One row: what it is about, the body, what it comes to.
type Row = (&'static str, Value, Comes);

const REDIRECT: Comes = Comes::ToError("invalid_redirect_uri");
const METADATA: Comes = Comes::ToError("invalid_client_metadata");

fn to(members: Value) -> Comes {
    Comes::To(members)
}

/// The smallest body of a web client, with one more member.
fn web(name: &str, value: Value) -> Value {
    let mut body = json!({ "redirect_uris": ["https://rp.example.com/cb"] });
    body[name] = value;
    body
}

/// The smallest body of a web client, with more members.
fn web_with(more: Value) -> Value {
    let mut body = json!({ "redirect_uris": ["https://rp.example.com/cb"] });
    let Value::Object(more) = more else { panic!("members are an object") };
    body.as_object_mut().unwrap().extend(more);
    body
}

/// Registers each row and fails with the names of all that came to something else.
async fn hold(server: &TestServer, rows: Vec<Row>) {
    let token = server.admin_token().await;
    let mut wrong = Vec::new();
    for (name, body, comes) in rows {
        let answer = server.api.register(&token, &body).await;
        wrong.extend(differs(&answer, &comes).map(|problem| format!("{name}: {problem}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn differs(answer: &Answer, comes: &Comes) -> Option<String> {
    if answer.header("cache-control") != "no-store" {
        return Some("may be stored".to_owned());
    }
    let (status, body) = (answer.status.as_u16(), answer.json());
    match comes {
        Comes::ToError(code) => {
            let refused = status == 400 && body["error"] == *code && answer.header("www-authenticate").is_empty();
            (!refused).then(|| format!("{status} {body}"))
        }
        Comes::To(_) if status != 201 => Some(format!("{status} {body}")),
        Comes::To(members) => {
            let same = |(name, value): (&String, &Value)| body.get(name).unwrap_or(&Value::Null) == value;
            (!members.as_object().unwrap().iter().all(same)).then(|| format!("{body} lacks {members}"))
        }
    }
}

/// A client that the gateway registered with this body.
async fn registered(server: &TestServer, body: &Value) -> Value {
    server.api.register(&server.admin_token().await, body).await.expect(201)
}

/// An initial access token with so many uses that ends after so many seconds.
async fn initial_access_token(server: &TestServer, max_uses: Option<i64>, seconds: Option<i64>) -> String {
    let domain = server.domain().await;
    let text = format!("iat_{}", random::secret());
    let now = server.clock.now();
    let token = InitialAccessToken {
        id: InitialAccessTokenId::new(&server.clock),
        hash: server.app.keys.hash(HashPurpose::InitialAccessToken, &text),
        label: "for tests".to_owned(),
        policy_id: domain.policy("gateway").map(|policy| policy.id),
        max_uses,
        uses: 0,
        expires_at: seconds.map(|seconds| now.plus(seconds)),
        revoked_at: None,
        created_at: now,
    };
    let audit = Actor::local("test").did(&server.clock, Some(domain.id()), "initial_access_token.create", "");
    server.app.store.create_initial_access_token(domain.id(), &token, &audit).await.unwrap();
    text
}

/// Revokes every initial access token there is.
async fn revoke_initial_access_tokens(server: &TestServer) {
    let domain = server.domain().await;
    for token in server.app.store.initial_access_tokens(domain.id()).await.unwrap() {
        let audit = Actor::local("test").did(&server.clock, Some(domain.id()), "initial_access_token.revoke", "");
        assert!(server.app.store.revoke_initial_access_token(domain.id(), token.id, &audit).await.unwrap());
    }
}
