//! The authorization endpoint (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2, RFC 7636, RFC 8707, RFC 9207).

mod answers;
mod pages;
mod prompts;
mod scopes_and_resources;

use crate::support::{Authorize, Browser, TestServer};

const CALLBACK: &str = "https://app.example/callback";

/// A server, a client with an https redirect URI, and a browser in which ada is logged in.
async fn logged_in(server: &TestServer) -> (Authorize, Browser) {
    let client_id = server.open_client(&[CALLBACK]).await;
    let user = server.user("ada").await;
    (Authorize::new(&client_id, CALLBACK), server.browser_of(&user).await)
}
