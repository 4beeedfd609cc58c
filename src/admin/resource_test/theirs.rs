//! What the resource serves: the challenge that sends clients to its metadata, and the metadata (RFC 9728 §3, §5).

use http::Method;
use serde_json::Value;
use url::Url;

use super::TestStep;
use crate::fetch::probe::{Answer, Probe};
use crate::fetch::{FetchError, Fetcher};
use crate::model::json;
use crate::model::protected_resource::ProtectedResource;
use crate::model::resource::ResourceIdentifier;

const CHALLENGE: &str = "challenge";
const METADATA: &str = "metadata";

/// What an MCP client sends first where the server takes messages by POST only.
const FIRST_MESSAGE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"registrar-test","version":"1"}}}"#;

/// The longest text of theirs that is shown, in characters.
const MOST_SHOWN: usize = 200;

/// What is looked at, and what it is held against.
pub(super) struct Theirs<'a> {
    pub(super) fetcher: &'a Fetcher,
    pub(super) wanted: &'a ProtectedResource,
    pub(super) issuer: &'a str,
}

impl Theirs<'_> {
    /// Asks the resource without a token. Returns where its metadata is, as far as that is known.
    pub(super) async fn challenge(&self) -> (TestStep, Option<String>) {
        let (url, expected) = (&self.wanted.identifier, self.wanted.metadata_url.clone());
        let Some(challenge) = &self.wanted.challenge else {
            let remedy = "Give the resource the URL that clients connect to as its first identifier.";
            return (TestStep::unseen(CHALLENGE, format!("{} is not an http or https URL", shown(url)), remedy), None);
        };
        let answer = match self.ask(url).await {
            Ok(answer) => answer,
            Err(error) => return (self.unreachable(CHALLENGE, url, &error), expected),
        };
        if answer.status == 401 {
            let Some(named) = resource_metadata(&answer) else {
                let seen =
                    "Status 401, without resource_metadata: only some clients look for the metadata by themselves";
                let remedy = format!("Send with each 401: WWW-Authenticate: {challenge}");
                return (TestStep::warning(CHALLENGE, seen, remedy), expected);
            };
            let seen = format!("Status 401, with resource_metadata {}", shown(&named));
            return (TestStep::done(CHALLENGE, seen), Some(named));
        }
        let status = answer.status;
        let step = if (200..300).contains(&status) {
            let remedy = format!(
                "Nobody is asked for a token there: protect the server, and answer without one by 401 and WWW-Authenticate: {challenge}"
            );
            TestStep::failed(CHALLENGE, format!("Status {status} without a token"), remedy)
        } else {
            let remedy = format!(
                "The server has to answer requests without a token by 401 and WWW-Authenticate: {challenge}. Is {} the URL that clients connect to?",
                shown(url)
            );
            TestStep::failed(CHALLENGE, format!("Status {status} instead of 401"), remedy)
        };
        (step, expected)
    }

    /// A GET, as the specification has it; where the server takes none, the first message by POST.
    async fn ask(&self, url: &str) -> Result<Answer, FetchError> {
        const ACCEPTED: &str = "application/json, text/event-stream";
        let answer = self.fetcher.probe(&Probe::new(Method::GET, url).header("accept", ACCEPTED)).await?;
        if !matches!(answer.status, 400 | 404 | 405 | 406) {
            return Ok(answer);
        }
        let first = Probe::new(Method::POST, url).header("accept", ACCEPTED).body("application/json", FIRST_MESSAGE);
        self.fetcher.probe(&first).await
    }

    /// Reads the metadata, and holds it against the identifier and our issuer.
    pub(super) async fn metadata(&self, url: Option<&str>) -> TestStep {
        let serve = match &self.wanted.metadata_url {
            Some(expected) => format!("Serve the document that the page \"Metadata\" shows at {expected}."),
            None => "Give the resource the URL that clients connect to as its first identifier.".to_owned(),
        };
        let Some(url) = url else {
            return TestStep::unseen(METADATA, "There is no place where clients would look for it", serve);
        };
        let document = match self.document(url).await {
            Ok(document) => document,
            Err(error @ (FetchError::Status(_) | FetchError::NotJson | FetchError::Redirects)) => {
                return TestStep::failed(METADATA, format!("{}: {error}", shown(url)), serve);
            }
            Err(error) => return self.unreachable(METADATA, url, &error),
        };
        self.resource_is_this(&document).or_else(|| self.names_us(&document)).unwrap_or_else(|| {
            TestStep::done(METADATA, format!("{} names this identifier and this server", shown(url)))
        })
    }

    async fn document(&self, url: &str) -> Result<Value, FetchError> {
        let answer = self.fetcher.probe(&Probe::new(Method::GET, url).header("accept", "application/json")).await?;
        match answer.status {
            200 => json::parse(&answer.body).map_err(|_| FetchError::NotJson),
            300..=399 => Err(FetchError::Redirects),
            status => Err(FetchError::Status(status)),
        }
    }

    fn resource_is_this(&self, document: &Value) -> Option<TestStep> {
        let own = ResourceIdentifier::parse(&self.wanted.identifier).ok()?;
        let said = document["resource"].as_str().unwrap_or_default();
        let remedy =
            format!("It must be {}, the URL that clients connect to (RFC 9728 section 3.3).", self.wanted.identifier);
        match ResourceIdentifier::parse(said) {
            Ok(theirs) if theirs == own => None,
            Ok(theirs) if theirs.covers(&own, true) => {
                let seen =
                    format!("resource is {}, which is above the identifier: strict clients stop here", shown(said));
                Some(TestStep::warning(METADATA, seen, remedy))
            }
            _ => Some(TestStep::failed(METADATA, format!("resource is {}", quoted(said)), remedy)),
        }
    }

    fn names_us(&self, document: &Value) -> Option<TestStep> {
        let servers: Vec<&str> =
            document["authorization_servers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let remedy = format!("authorization_servers must name {}, exactly so.", self.issuer);
        let list = shown(&servers.join(", "));
        match servers.iter().position(|server| *server == self.issuer) {
            Some(0) => None,
            Some(_) => Some(TestStep::warning(
                METADATA,
                format!("authorization_servers names this server, but not first: {list}"),
                "Most clients take the first one: name this server first.",
            )),
            None if servers.iter().any(|server| server.trim_end_matches('/') == self.issuer) => {
                let seen = format!("authorization_servers names this server with a slash at its end: {list}");
                Some(TestStep::warning(METADATA, seen, remedy))
            }
            None if servers.is_empty() => Some(TestStep::failed(METADATA, "authorization_servers is missing", remedy)),
            None => {
                let seen = format!("authorization_servers leads elsewhere: {list}");
                Some(TestStep::failed(METADATA, seen, remedy))
            }
        }
    }

    fn unreachable(&self, name: &'static str, url: &str, error: &FetchError) -> TestStep {
        let seen = format!("{}: {error}", shown(url));
        match error {
            FetchError::PrivateAddress | FetchError::NotHttps => TestStep::unseen(
                name,
                format!(
                    "{seen}; this server connects by https to public addresses, and elsewhere only to hosts that fetch.allow names"
                ),
                format!(
                    "Put {} in the list fetch.allow of this server's settings and start it again, so that this test may look. Or look from a machine from which clients connect: without a token it should answer 401 with resource_metadata. The command registrar doctor {} looks at this server from there.",
                    host_of(url),
                    self.issuer
                ),
            ),
            _ => TestStep::failed(
                name,
                seen,
                "Is the server running, and is this the URL that clients connect to? Clients need an answer from it.",
            ),
        }
    }
}

/// The URL of the metadata that a challenge names.
fn resource_metadata(answer: &Answer) -> Option<String> {
    const NAME: &str = "resource_metadata";
    for header in answer.headers.get_all("www-authenticate") {
        let text = header.to_str().unwrap_or_default();
        let found = text.to_ascii_lowercase().match_indices(NAME).find_map(|(at, _)| {
            let rest = text[at + NAME.len()..].trim_start().strip_prefix('=')?.trim_start();
            let value = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next()?,
                None => rest.split([',', ' ']).next()?,
            };
            Some(value.to_owned()).filter(|value| !value.is_empty())
        });
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Host and port of a URL, as fetch.allow names them.
fn host_of(url: &str) -> String {
    let parsed = Url::parse(url).ok();
    let host = parsed.as_ref().and_then(Url::host_str).unwrap_or("its host");
    match parsed.as_ref().and_then(Url::port) {
        Some(port) => shown(&format!("{host}:{port}")),
        None => shown(host),
    }
}

/// A text of theirs, as far as it is shown.
fn shown(text: &str) -> String {
    crate::pages::plain(text).chars().take(MOST_SHOWN).collect()
}

fn quoted(text: &str) -> String {
    if text.is_empty() { "missing".to_owned() } else { shown(text) }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn the_metadata_is_found_in_every_form_of_the_challenge() {
        let found = |challenges: &[&str]| {
            let mut headers = HeaderMap::new();
            for challenge in challenges {
                headers.append("www-authenticate", challenge.parse().unwrap());
            }
            resource_metadata(&Answer { status: 401, headers, body: Vec::new() })
        };
        for challenges in [
            &["Bearer resource_metadata=\"https://a.example/m\""][..],
            &["Bearer realm=\"x\", Resource_Metadata = \"https://a.example/m\", scope=\"a b\""],
            &["Bearer resource_metadata=https://a.example/m, scope=a"],
            &["Basic realm=\"x\"", "Bearer scope=\"a\" resource_metadata=\"https://a.example/m\""],
        ] {
            assert_eq!(found(challenges).as_deref(), Some("https://a.example/m"), "{challenges:?}");
        }
        for challenges in [&[][..], &["Bearer"], &["Bearer resource_metadata=\"\""], &["Bearer resource_metadata"]] {
            assert_eq!(found(challenges), None, "{challenges:?}");
        }
    }
}
