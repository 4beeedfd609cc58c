//! What `doctor` looks at, and the remedy for what it finds.

use http::Method;
use serde_json::Value;

use super::{Check, Patient};
use crate::fetch::probe::{Answer, Probe};

/// Members of a JWK that only the owner of the key may know (RFC 7518 §6).
const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

fn fine(name: &'static str, detail: impl Into<String>) -> Check {
    Check { name, ok: true, detail: detail.into(), remedy: None }
}

fn wrong(name: &'static str, detail: impl Into<String>, remedy: &'static str) -> Check {
    Check { name, ok: false, detail: detail.into(), remedy: Some(remedy) }
}

impl Patient {
    /// Looks at everything, as far as what was found leads.
    pub(super) async fn examine(&self) -> Vec<Check> {
        let mut checks = vec![self.transport()];
        let url = format!("{}/.well-known/openid-configuration", self.issuer);
        let answer = match self.send(&Probe::new(Method::GET, &url).header("origin", "https://doctor.example")).await {
            Ok(answer) => answer,
            Err(problem) => {
                let remedy = "is the server running, and reachable under this URL from here?";
                checks.push(wrong("discovery", format!("{url}: {problem}"), remedy));
                return checks;
            }
        };
        let Some(document) = Some(&answer).filter(|answer| answer.status == 200).and_then(Answer::json) else {
            let remedy =
                "the URL must be an issuer, as `registrar domain show` prints it; a proxy must pass it on unchanged";
            checks.push(wrong("discovery", format!("{url}: {}", shape(&answer)), remedy));
            return checks;
        };
        checks.push(fine("discovery", url));
        checks.push(self.issuer_matches(&document));
        checks.push(cors("CORS of discovery", &answer));
        checks.push(self.other_forms(&document).await);
        checks.push(self.elsewhere().await);
        checks.push(self.keys(&document).await);
        checks.push(self.token_endpoint(&document).await);
        checks.push(self.registration_endpoint(&document).await);
        checks
    }

    async fn send(&self, probe: &Probe<'_>) -> Result<Answer, String> {
        self.fetcher.probe(probe).await.map_err(|error| error.to_string())
    }

    fn transport(&self) -> Check {
        let host = self.origin.split("://").nth(1).unwrap_or_default();
        let local = ["localhost", "127.", "[::1]"].iter().any(|own| host.starts_with(own));
        match (self.origin.starts_with("https://"), local) {
            (true, _) => fine("transport", "https"),
            (false, true) => fine("transport", "http, on this machine only"),
            (false, false) => wrong(
                "transport",
                "http: secrets and tokens travel in clear",
                "put TLS in front, or set tls.certificate and tls.key; then set public_url to the https URL",
            ),
        }
    }

    fn issuer_matches(&self, document: &Value) -> Check {
        let issuer = document["issuer"].as_str().unwrap_or_default();
        if issuer == self.issuer {
            return fine("issuer", issuer);
        }
        let remedy = "clients compare it exactly (RFC 8414 section 3.3): set public_url to the URL that clients use";
        wrong("issuer", format!("{issuer:?} is not {:?}", self.issuer), remedy)
    }

    /// Every place where clients look for the metadata (RFC 8414 §3.1, OpenID Connect Discovery §4).
    async fn other_forms(&self, document: &Value) -> Check {
        let (origin, path, issuer) = (&self.origin, &self.path, &self.issuer);
        let forms = [
            format!("{origin}/.well-known/oauth-authorization-server{path}"),
            format!("{origin}/.well-known/openid-configuration{path}"),
            format!("{issuer}/.well-known/oauth-authorization-server"),
        ];
        let remedy = "MCP clients try all forms: a proxy must pass /.well-known/ of the host on to the server, too";
        for url in &forms {
            match self.send(&Probe::new(Method::GET, url)).await {
                Ok(answer) if answer.json().as_ref() == Some(document) => {}
                Ok(answer) => return wrong("well-known forms", format!("{url}: {}", shape(&answer)), remedy),
                Err(problem) => return wrong("well-known forms", format!("{url}: {problem}"), remedy),
            }
        }
        fine("well-known forms", "all give the same document")
    }

    /// Clients go on with the next form only after a 404.
    async fn elsewhere(&self) -> Check {
        let remedy = "an unknown well-known path must be a JSON 404; a proxy or another site answers in its place";
        for base in [&self.origin, &self.issuer] {
            let url = format!("{base}/.well-known/registrar-doctor");
            match self.send(&Probe::new(Method::GET, &url)).await {
                Ok(answer) if answer.status == 404 && answer.json().is_some() => {}
                Ok(answer) => return wrong("unknown paths", format!("{url}: {}", shape(&answer)), remedy),
                Err(problem) => return wrong("unknown paths", format!("{url}: {problem}"), remedy),
            }
        }
        fine("unknown paths", "JSON 404")
    }

    async fn keys(&self, document: &Value) -> Check {
        let remedy = "tokens cannot be verified without it; look at the server's log and at `registrar keys list`";
        let Some(url) = document["jwks_uri"].as_str() else {
            return wrong("keys", "jwks_uri is missing", remedy);
        };
        let answer = match self.send(&Probe::new(Method::GET, url)).await {
            Ok(answer) => answer,
            Err(problem) => return wrong("keys", format!("{url}: {problem}"), remedy),
        };
        let set = answer.json().unwrap_or_default();
        let Some(keys) = set["keys"].as_array().filter(|keys| !keys.is_empty() && answer.status == 200) else {
            return wrong("keys", format!("{url}: {}", shape(&answer)), remedy);
        };
        if keys.iter().any(|key| PRIVATE_MEMBERS.iter().any(|member| key.get(member).is_some())) {
            return wrong("keys", "the set tells private keys", "revoke these keys at once: `registrar keys revoke`");
        }
        let whole = |key: &Value| key["kid"].is_string() && key["kty"].is_string() && key["alg"].is_string();
        if !keys.iter().all(whole) {
            return wrong("keys", "a key lacks kid, kty or alg", remedy);
        }
        let algorithms: Vec<&str> = keys.iter().filter_map(|key| key["alg"].as_str()).collect();
        fine("keys", format!("{} ({})", keys.len(), algorithms.join(" ")))
    }

    async fn token_endpoint(&self, document: &Value) -> Check {
        let remedy = "a client without credentials must get a JSON error with no-store (RFC 6749 section 5.2)";
        let Some(url) = document["token_endpoint"].as_str() else {
            return wrong("token endpoint", "token_endpoint is missing", remedy);
        };
        let probe = Probe::new(Method::POST, url)
            .header("origin", "https://doctor.example")
            .body("application/x-www-form-urlencoded", "grant_type=client_credentials");
        match self.send(&probe).await {
            Ok(answer) if !is_error(&answer, &[400, 401]) => {
                wrong("token endpoint", format!("{url}: {}", shape(&answer)), remedy)
            }
            Ok(answer) if !answer.header("cache-control").contains("no-store") => {
                wrong("token endpoint", format!("{url}: cache-control lacks no-store"), remedy)
            }
            Ok(answer) => match cors("token endpoint", &answer) {
                check if !check.ok => check,
                _ => fine("token endpoint", url),
            },
            Err(problem) => wrong("token endpoint", format!("{url}: {problem}"), remedy),
        }
    }

    async fn registration_endpoint(&self, document: &Value) -> Check {
        let remedy = "what cannot be registered must get a JSON error (RFC 7591 section 3.2.2); is a proxy in between?";
        let Some(url) = document["registration_endpoint"].as_str() else {
            return wrong("registration", "registration_endpoint is missing", remedy);
        };
        let probe = Probe::new(Method::POST, url).body("application/json", "{\"redirect_uris\": 7");
        match self.send(&probe).await {
            Ok(answer) if is_error(&answer, &[400, 401, 403, 429]) => {
                let open = if answer.status == 400 { "open to everybody" } else { "for those with a token" };
                fine("registration", format!("{url}, {open}"))
            }
            Ok(answer) => wrong("registration", format!("{url}: {}", shape(&answer)), remedy),
            Err(problem) => wrong("registration", format!("{url}: {problem}"), remedy),
        }
    }
}

fn cors(name: &'static str, answer: &Answer) -> Check {
    match answer.header("access-control-allow-origin") {
        "" => wrong(
            name,
            "access-control-allow-origin is missing",
            "clients in browsers need it; a proxy must not take it away",
        ),
        value => fine(name, format!("access-control-allow-origin: {value}")),
    }
}

fn is_error(answer: &Answer, statuses: &[u16]) -> bool {
    let body = answer.json().unwrap_or_default();
    statuses.contains(&answer.status) && body["error"].is_string()
}

/// What an answer is, in a few words.
fn shape(answer: &Answer) -> String {
    let media_type = match answer.header("content-type") {
        "" => "no content type",
        media_type => media_type,
    };
    format!("status {}, {media_type}", answer.status)
}
