//! The API of a server far away, by an API token.

use std::path::Path;

use anyhow::{Context as _, anyhow, bail, ensure};
use url::Url;

use super::{Answer, Request};
use crate::cli::values::read_secret;
use crate::config::Settings;
use crate::fetch::probe::Probe;
use crate::fetch::{Fetcher, keeps_secrets};
use crate::model::secret::Secret;

/// Holds the token where no file does.
const TOKEN_VARIABLE: &str = "REGISTRAR_API_TOKEN";

/// The API of a server far away.
#[derive(Debug)]
pub struct Remote {
    /// The server's base URL, without a slash at its end.
    base: String,
    token: Secret,
    fetcher: Fetcher,
}

impl Remote {
    /// Of the server under this URL; the token is in the file, or in the environment.
    pub fn new(settings: &Settings, server: &str, token_file: Option<&Path>) -> anyhow::Result<Self> {
        let url = server_url(server)?;
        let token = match (token_file, std::env::var(TOKEN_VARIABLE)) {
            (Some(path), _) => read_secret(path)?,
            (None, Ok(token)) => Secret::new(token),
            (None, Err(_)) => bail!(
                "--server needs an API token: --token-file FILE, or {TOKEN_VARIABLE}; `registrar api-token create` on the server makes one"
            ),
        };
        let token = Secret::new(token.expose().trim());
        ensure!(
            !token.is_empty() && token.expose().bytes().all(|byte| byte.is_ascii_graphic()),
            "what --token-file or {TOKEN_VARIABLE} holds is no API token: it is one word that begins with adm_"
        );
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { base, token, fetcher: Fetcher::administration(&settings.fetch, &url)? })
    }

    pub(super) async fn send(&self, request: &Request<'_>) -> anyhow::Result<Answer> {
        let url = format!("{}{}", self.base, request.path);
        let body = request.body.map(ToString::to_string);
        let mut probe =
            Probe::new(request.method.clone(), &url).bearer(&self.token).header("accept", "application/json");
        if let Some(tag) = request.if_match {
            probe = probe.header("if-match", tag);
        }
        if let Some(body) = &body {
            probe = probe.body("application/json", body);
        }
        let answer = self.fetcher.probe(&probe).await;
        let answer = answer.with_context(|| format!("{} gave no answer", self.base))?;
        let etag = Some(answer.header("etag").to_owned()).filter(|tag| !tag.is_empty());
        let body = answer.json();
        if body.is_none() && answer.status != 204 {
            bail!(
                "{} answered {}, and not as the administration API does; is --server the base URL of a Registrar?",
                self.base,
                answer.status
            );
        }
        Ok(Answer { status: answer.status, etag, cause: None, body: body.unwrap_or_default() })
    }

    /// What went wrong, in words, and what to do about it.
    pub(super) fn problem(&self, request: &Request<'_>, answer: &Answer) -> anyhow::Error {
        let told = super::problem(answer);
        match answer.status {
            401 => anyhow!("{told}; name a token that {} knows: --token-file FILE, or {TOKEN_VARIABLE}", self.base),
            403 => anyhow!("{told}; name a token with that role: --token-file FILE, or {TOKEN_VARIABLE}"),
            // Not the API's own answer to a thing that is not there: the path is not served at all.
            404 if answer.body["code"].is_null() => {
                anyhow!("{} does not serve {}; is it older than this command?", self.base, request.path)
            }
            _ => told,
        }
    }
}

fn server_url(text: &str) -> anyhow::Result<Url> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.with_context(|| format!("--server {text:?} is not a URL; write it like https://id.example.com"))?;
    let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    ensure!(
        bare && url.fragment().is_none(),
        "--server: more than scheme, host, port and path; write it like https://id.example.com"
    );
    ensure!(
        keeps_secrets(&url),
        "--server {url} is plain http, and the token would be read on the way: use https (http is for this machine only)"
    );
    Ok(url)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_goes_over_https_or_stays_on_this_machine() {
        for good in [
            "https://id.example",
            "https://id.example:8443/",
            "http://127.0.0.1:8080",
            "http://[::1]:1",
            "http://localhost",
        ] {
            assert!(server_url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://id.example",
            "http://192.168.0.1",
            "http://localhost.example",
            "ftp://id.example",
            "id.example",
            "https://u:p@id.example",
            "https://id.example?x",
            "https://id.example/#x",
        ] {
            assert!(server_url(bad).is_err(), "{bad}");
        }
        let told = server_url("https://someone:secret@id.example").unwrap_err().to_string();
        assert!(!told.contains("secret"), "{told}");
    }

    #[test]
    fn problems_say_what_to_do() {
        let url = Url::parse("https://id.example").unwrap();
        let fetcher = Fetcher::administration(&Settings::default().fetch, &url).unwrap();
        let remote = Remote { base: "https://id.example".to_owned(), token: Secret::new("adm_x"), fetcher };
        let request = Request { method: http::Method::GET, path: "/api/v1/domains", if_match: None, body: None };
        let told = |status, body| {
            let answer = Answer { status, etag: None, cause: None, body };
            remote.problem(&request, &answer).to_string()
        };
        let problem = |detail: &str| json!({"detail": detail, "code": "x"});
        assert!(
            told(401, problem("the API token is unknown")).starts_with("the API token is unknown; name a token that")
        );
        assert!(told(403, problem("this takes the role editor")).contains("with that role: --token-file"));
        assert!(told(412, problem("If-Match: x")).starts_with("somebody else changed it meanwhile"));
        assert_eq!(told(409, problem("name: is taken")), "name: is taken");
        assert_eq!(told(404, problem("no scope x")), "no scope x");
        assert!(
            told(404, json!({"error": "not_found", "error_description": "nothing"}))
                .contains("older than this command")
        );
        assert!(!format!("{remote:?}").contains("adm_x"));
    }
}
