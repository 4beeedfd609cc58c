//! An application that uses the SDK: it connects, is challenged, opens a browser, and connects again.

use crate::scene::{Failure, Scene, expect};
use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use rmcp::service::{RoleClient, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{
    AuthClient, AuthorizationManager, AuthorizationRequest, CredentialStore, InMemoryCredentialStore, OAuthState,
    StoredCredentials,
};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::{Value, json};

/// A connection to a protected server, with what the SDK keeps about it.
pub struct Application<'a> {
    scene: &'a Scene,
    session: RunningService<RoleClient, ()>,
    auth: AuthClient<reqwest::Client>,
    store: InMemoryCredentialStore,
    /// The pages that the person saw.
    pub pages: Value,
}

impl<'a> Application<'a> {
    /// Connects as MCP clients do: without a token first, then with what the challenge led to.
    pub async fn connect(
        scene: &'a Scene,
        url: &str,
        request: AuthorizationRequest,
        browser: Value,
    ) -> Result<Self, Failure> {
        let Err(refused) = ().serve(StreamableHttpClientTransport::from_uri(url)).await else {
            return Err("connected without a token".into());
        };
        let challenge = refused.auth_challenge().ok_or_else(|| format!("no challenge: {refused}"))?.to_owned();
        let store = InMemoryCredentialStore::new();
        let mut manager = AuthorizationManager::new(url).await?;
        manager.set_credential_store(store.clone());
        let mut state = OAuthState::Unauthorized(manager);
        state.start_authorization(request.with_challenge(challenge)).await?;
        let (callback, pages) = open(scene, &state.get_authorization_url().await?, browser).await?;
        state.handle_callback_url(&callback).await?;
        let manager = state.into_authorization_manager().ok_or("not authorized")?;
        let auth = AuthClient::new(reqwest::Client::new(), manager);
        let config = StreamableHttpClientTransportConfig::with_uri(url);
        let session = ().serve(StreamableHttpClientTransport::with_client(auth.clone(), config)).await?;
        Ok(Self { scene, session, auth, store, pages })
    }

    pub async fn stored(&self) -> Result<StoredCredentials, Failure> {
        Ok(self.store.load().await?.ok_or("nothing is stored")?)
    }

    /// A member of the stored token response.
    pub async fn token(&self, member: &str) -> Result<String, Failure> {
        let response = serde_json::to_value(self.stored().await?.token_response)?;
        Ok(response[member].as_str().ok_or_else(|| format!("no {member}"))?.to_owned())
    }

    pub async fn tools(&self) -> Result<Vec<String>, Failure> {
        Ok(self.session.list_all_tools().await?.into_iter().map(|tool| tool.name.into_owned()).collect())
    }

    /// The claims of the token that the server took.
    pub async fn claims(&self, tool: &'static str) -> Result<Value, Failure> {
        let answer = self.session.call_tool(CallToolRequestParams::new(tool)).await?;
        let content = serde_json::to_value(answer.content)?;
        Ok(serde_json::from_str(content[0]["text"].as_str().ok_or("no text")?)?)
    }

    /// The server takes the present token no longer.
    pub async fn expire(&self) -> Result<(), Failure> {
        self.scene.ask("expire", json!({ "token": self.token("access_token").await? })).await?;
        Ok(())
    }

    /// Asks the person for one more scope.
    pub async fn widen(&self, scope: &str) -> Result<(), Failure> {
        let manager = self.auth.auth_manager.lock().await;
        let url = manager.request_scope_upgrade(scope).await?;
        let (callback, _) = open(self.scene, &url, json!({})).await?;
        let parameters: std::collections::HashMap<String, String> =
            reqwest::Url::parse(&callback)?.query_pairs().into_owned().collect();
        expect(parameters.get("iss").map(String::as_str), Some(self.scene.fact("/issuer")))?;
        let [code, state] = ["code", "state"].map(|name| parameters.get(name).map_or("", String::as_str));
        let issuer = parameters.get("iss").map(String::as_str);
        manager.exchange_code_for_token_with_issuer(code, state, issuer).await?;
        Ok(())
    }
}

async fn open(scene: &Scene, url: &str, mut browser: Value) -> Result<(String, Value), Failure> {
    browser["url"] = url.into();
    let answer = scene.ask("authorize", browser).await?;
    Ok((answer["callback"].as_str().ok_or("no callback")?.to_owned(), answer["pages"].clone()))
}
