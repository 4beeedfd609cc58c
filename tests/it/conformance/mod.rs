//! What the OpenID conformance suite 5.2.4 requires of discovery, registration, client management, logins and the token
//! endpoint: one test per requirement that applies.
//!
//! Not served, so without a test: pushed authorization requests, `DPoP`, mutual TLS, request objects, the members of
//! discovery that announce them. `login` says which rows about codes, refresh tokens, ID tokens and userinfo are proved
//! in files of their own (`code_grant`, `refresh`, `id_token`, `userinfo`, `authorize`). TLS is tested where it is built.
//!
//! Where we differ:
//!
//! | The suite expects | We do | Why |
//! | --- | --- | --- |
//! | implicit response types and grants (dynamic profile) | `code` only | no implicit grant (decisions §5) |
//! | no unknown members in discovery | two of our own | gateways read them (decisions §2) |
//! | redirect URIs outside the statement: 400 (Brazil) | the statement's list wins | RFC 7591 §2.3; decisions §5 |
//! | `jwks` by value: 400 (Brazil) | taken | a rule of that profile only |
//! | a TLS client certificate at registration (Brazil) | not asked for | a rule of that profile only |

mod discovery;
mod login;
mod management;
mod registration;
mod token;

use serde_json::{Value, json};

use crate::support::TestServer;

/// The domain's path on a server whose public URL is https, as the suite sees it.
const PUBLIC_URL: &str = "https://auth.example.com";

/// A server as the suite sees one: under an https URL.
macro_rules! https_server {
    ($backend:expr) => {{
        let https = |settings: &mut registrar::config::Settings| {
            settings.public_url = Some($crate::conformance::PUBLIC_URL.parse().unwrap());
        };
        let Some(server) = $crate::support::TestServer::start_with($backend, https).await else { return };
        server
    }};
}
pub(crate) use https_server;

/// The request the suite sends.
fn request() -> Value {
    json!({
        "client_name": "OIDF conformance test suite", "grant_types": ["authorization_code"],
        "response_types": ["code"], "redirect_uris": ["https://suite.example.com/test/a/callback"],
        "token_endpoint_auth_method": "client_secret_basic", "contacts": ["certification@oidf.example"],
        "scope": "openid email"
    })
}

/// A client that the suite registered.
async fn registered(server: &TestServer) -> Value {
    let token = server.admin_token().await;
    server.api.register(&token, &request()).await.expect(201)
}
