//! What this server does on the way: discovery, registration, the authorization request, the token.

use axum::body::{Body, to_bytes};
use http::header::HOST;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{InProcess, TestStep};
use crate::admin::managing::ManagingDomain;
use crate::clients::admission::Who;
use crate::clients::dry_run::Trying;
use crate::clients::find::FindIn;
use crate::model::authorization::Authorization;
use crate::model::client::{Client, ClientStatus};
use crate::model::json::Object;
use crate::model::oauth_error::OAuthError;
use crate::model::redirect_uri::RedirectUri;
use crate::model::resource::{self, Resource, ResourceIdentifier};
use crate::model::scope::ScopeSet;
use crate::tokens::audience::{audience, may_see};

const DISCOVERY: &str = "discovery";
const REGISTRATION: &str = "registration";
const AUTHORIZATION: &str = "authorization";
const TOKEN: &str = "token";

/// Where the client of the test waits for its answer, on a port that it has at the moment (RFC 8252 §7.3).
const REDIRECT: &str = "http://127.0.0.1:33418/callback";
const REDIRECT_LATER: &str = "http://127.0.0.1:52817/callback";

/// The longest discovery document that is read, in bytes.
const MOST: usize = 256 * 1_024;

/// How long the token of the test lives, in seconds.
const LIFETIME: i64 = 10;

/// What is looked at.
pub(super) struct Ours<'a> {
    pub(super) at: &'a ManagingDomain,
    pub(super) resource: &'a Resource,
    pub(super) identifier: &'a str,
    pub(super) issuer: &'a str,
}

impl Ours<'_> {
    /// Every form of the metadata's URL that clients try (RFC 8414 §3.1, OpenID Connect Discovery §4).
    pub(super) async fn discovery(&self, server: InProcess) -> TestStep {
        let name = &self.at.domain.domain.name;
        let forms = [
            format!("/.well-known/oauth-authorization-server/{name}/oidc"),
            format!("/.well-known/openid-configuration/{name}/oidc"),
            format!("/{name}/oidc/.well-known/openid-configuration"),
            format!("/{name}/oidc/.well-known/oauth-authorization-server"),
        ];
        let router = (server.0)(&self.at.app);
        let host = self.at.app.public_url.authority();
        for path in &forms {
            let request = Request::get(path).header(HOST, host).body(Body::empty()).unwrap_or_default();
            let Ok(response) = router.clone().oneshot(request).await;
            let status = response.status();
            let body = to_bytes(response.into_body(), MOST).await.unwrap_or_default();
            let document = serde_json::from_slice::<Value>(&body).unwrap_or_default();
            if status != StatusCode::OK || !self.is_good(&document) {
                let remedy = "Look at the server's log; this should not happen. Then run registrar doctor.";
                return TestStep::failed(DISCOVERY, format!("{path}: status {status}, not as clients need it"), remedy);
            }
        }
        let url = &self.at.app.public_url;
        if !url.is_https() && !url.is_loopback() {
            let remedy = "Put TLS in front, and set public_url to the https URL.";
            return TestStep::warning(DISCOVERY, format!("{} is not https: clients refuse it", self.issuer), remedy);
        }
        TestStep::done(DISCOVERY, format!("{} forms of the URL give the same document", forms.len()))
    }

    fn is_good(&self, document: &Value) -> bool {
        let has =
            |member: &str, value: &str| document[member].as_array().is_some_and(|all| all.contains(&value.into()));
        document["issuer"] == self.issuer
            && ["authorization_endpoint", "token_endpoint", "registration_endpoint", "jwks_uri"]
                .iter()
                .all(|member| document[*member].is_string())
            && has("code_challenge_methods_supported", "S256")
            && has("token_endpoint_auth_methods_supported", "none")
            && has("response_types_supported", "code")
    }

    /// A registration as MCP clients send it, tried without being stored. Returns what the client would be.
    pub(super) async fn registration(&self) -> Result<(TestStep, Object), OAuthError> {
        let settings = &self.at.domain.domain.settings;
        let (app, policy) = (&self.at.app, &settings.open_policy);
        let mut body = json!({
            "client_name": "Test of a resource",
            "redirect_uris": [REDIRECT],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "application_type": "native",
        });
        if !self.resource.settings.scopes.is_empty() {
            body["scope"] = self.resource.settings.scopes.to_string().into();
        }
        let Value::Object(body) = body else { return Ok((Self::no_policy(policy), Object::new())) };
        if self.at.domain.policy(policy).is_none() {
            return Ok((Self::no_policy(policy), Object::new()));
        }
        let who = Who::Anybody;
        let trying = Trying { domain: &self.at.domain, who: &who, open: true, base_url: app.public_url.as_str() };
        let tried = app.registry.dry_run(&trying, body).await?;
        let metadata = tried.metadata.unwrap_or_default();
        if !tried.accepted {
            let first = tried.findings.last().map(|finding| format!("{}: {}", finding.member, finding.explanation));
            let seen = format!("The policy {policy} refuses it: {}", first.or(tried.error).unwrap_or_default());
            let remedy = format!("Change the policy {policy}, or name another one as open_policy.");
            return Ok((TestStep::failed(REGISTRATION, seen, remedy), metadata));
        }
        let remedy = "Turn on open registration or client metadata documents in the registration settings, or make each client by hand.";
        let step = match (app.is_open(settings), app.takes_client_documents(settings)) {
            (true, true) => {
                TestStep::done(REGISTRATION, format!("Open under the policy {policy}; metadata documents are taken"))
            }
            (true, false) => TestStep::done(REGISTRATION, format!("Open under the policy {policy}")),
            (false, true) => TestStep::warning(
                REGISTRATION,
                "Metadata documents are taken; a client without one cannot register",
                "Turn on open registration as well, unless all your clients have a metadata document.",
            ),
            (false, false) => TestStep::warning(REGISTRATION, "No client can register by itself", remedy),
        };
        Ok((step, metadata))
    }

    fn no_policy(policy: &str) -> TestStep {
        let remedy = "Name a policy of this domain as open_policy in the registration settings.";
        TestStep::failed(REGISTRATION, format!("The domain has no policy {policy}"), remedy)
    }

    /// Whether the client's authorization request for this resource would reach the login page.
    pub(super) fn authorization(&self, client: &Object) -> TestStep {
        let lists = |member: &str, value: &str| {
            client.get(member).and_then(Value::as_array).is_some_and(|all| all.contains(&value.into()))
        };
        let redirects = client.get("redirect_uris").and_then(Value::as_array).into_iter().flatten();
        let comes_back = redirects
            .filter_map(Value::as_str)
            .filter_map(|uri| RedirectUri::parse(uri).ok())
            .any(|uri| uri.matches(REDIRECT_LATER));
        if !comes_back || !lists("grant_types", "authorization_code") {
            let remedy =
                "Let the policy of open registration take loopback redirect URIs and the grant authorization_code.";
            return TestStep::failed(AUTHORIZATION, "The client of the step before could not log anybody in", remedy);
        }
        let asked = ResourceIdentifier::parse(self.identifier).ok();
        let found = asked.and_then(|asked| resource::find(&self.at.domain.resources, &asked));
        if found.is_none_or(|found| found.id != self.resource.id) {
            let remedy = "Check the identifiers of the domain's resources: each URL has to lead to one of them.";
            return TestStep::failed(AUTHORIZATION, "A request for this identifier means another resource", remedy);
        }
        let (mut unknown, mut withheld) = (ScopeSet::default(), ScopeSet::default());
        for name in self.resource.settings.scopes.iter() {
            match self.at.domain.scope(name) {
                None => unknown.insert(name),
                Some(scope) if scope.reserved || !scope.self_registrable => withheld.insert(name),
                Some(_) => {}
            }
        }
        if !unknown.is_empty() {
            let remedy = "Create the scopes, or take them from the resource.";
            return TestStep::failed(AUTHORIZATION, format!("The domain has no scope {unknown}"), remedy);
        }
        if !withheld.is_empty() {
            let remedy = "Let clients ask for them (self-registrable), or grant them to the clients that need them.";
            let seen = format!("Clients that registered themselves do not get {withheld}");
            return TestStep::warning(AUTHORIZATION, seen, remedy);
        }
        let scopes = match &self.resource.settings.scopes {
            none if none.is_empty() => "any scope of the domain".to_owned(),
            scopes => format!("the scopes {scopes}"),
        };
        TestStep::done(AUTHORIZATION, format!("Redirect on any loopback port, PKCE with S256, this resource, {scopes}"))
    }

    /// A token for this resource, as the resource sees it.
    pub(super) async fn token(&self) -> Result<TestStep, OAuthError> {
        let (app, domain) = (&self.at.app, &self.at.domain);
        let entry = match &self.resource.credentials {
            Some(client_id) => app.store.client(domain.id(), client_id).await?,
            None => None,
        };
        let Some(entry) = entry.filter(|entry| entry.client.status != ClientStatus::Deleted) else {
            let seen = "It has no credentials for introspection: it has to check tokens by the domain's keys";
            let remedy = "Create credentials if the resource or its gateway introspects.";
            return Ok(TestStep::unseen(TOKEN, seen, remedy));
        };
        let client = &entry.client;
        if client.status != ClientStatus::Active {
            let seen = format!("Its credentials are {}", client.status.as_str());
            let remedy =
                format!("Resume the client {}: until then every token is inactive for the resource.", client.client_id);
            return Ok(TestStep::failed(TOKEN, seen, remedy));
        }
        let authorization = self.authorized(client);
        let token = app.issuer.issue(domain, self.issuer.to_owned(), &client.client_id, &authorization)?;
        let documents = app.takes_client_documents(&domain.domain.settings);
        let looked_in = (FindIn { domain, documents }, self.issuer);
        let live = app.verifier.live(&app.issuer, &app.registry, looked_in, &token).await?;
        let seen = live.filter(|live| may_see(domain, client, &live.claims, false));
        Ok(match seen {
            Some(live) => TestStep::done(
                TOKEN,
                format!(
                    "A token of {LIFETIME} seconds, signed with {}, is active for {}: aud is {}",
                    authorization.audience.algorithm, live.claims.azp, self.identifier
                ),
            ),
            None => TestStep::failed(
                TOKEN,
                "A token for this resource is not active for its credentials",
                "Check that the credentials are this resource's own, and that the domain's keys are active.",
            ),
        })
    }

    fn authorized(&self, client: &Client) -> Authorization {
        Authorization {
            subject: client.client_id.0.clone(),
            scope: self.resource.settings.scopes.clone(),
            audience: audience(&self.at.domain, client, &[self.identifier.to_owned()]),
            lifetime: LIFETIME,
            login: None,
        }
    }
}
