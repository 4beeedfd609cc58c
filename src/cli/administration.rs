//! What commands administer with: the API, in this process on the database, or of a server far away.

pub mod local;
mod remote;

use anyhow::{anyhow, bail};
use http::{Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::Cli;
use local::Local;
use remote::Remote;

/// What stands in a segment of a path, or in a value of a query, as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The longest page of a list.
const PAGE: i64 = 200;

/// The API, and how results are printed.
#[derive(Debug)]
pub struct Administration {
    transport: Transport,
    /// Whether results are printed as JSON.
    pub json: bool,
}

#[derive(Debug)]
enum Transport {
    Local(Box<Local>),
    Remote(Remote),
}

/// A request to the API.
#[derive(Debug)]
struct Request<'a> {
    method: Method,
    path: &'a str,
    if_match: Option<&'a str>,
    body: Option<&'a Value>,
}

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    status: u16,
    etag: Option<String>,
    /// What really failed; known in this process only.
    cause: Option<String>,
    /// The representation; null where there is none.
    pub body: Value,
}

/// A path below `/api/v1`, its segments as they are meant.
pub fn path(segments: &[&str]) -> String {
    segments.iter().fold("/api/v1".to_owned(), |path, segment| path + "/" + &encoded(segment))
}

/// A path in a domain.
pub fn in_domain(domain: &str, segments: &[&str]) -> String {
    path(&[&["domains", domain], segments].concat())
}

/// A text as it stands in a path or a query.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

impl Administration {
    /// On the database of the settings, which must be there, or on the server that the command line names.
    pub async fn open(cli: &Cli) -> anyhow::Result<Self> {
        Self::with(cli, false).await
    }

    /// The same; a database that is not there is made.
    pub async fn open_or_create(cli: &Cli) -> anyhow::Result<Self> {
        Self::with(cli, true).await
    }

    async fn with(cli: &Cli, create: bool) -> anyhow::Result<Self> {
        let settings = cli.settings(Vec::new())?;
        let transport = match &cli.options.server {
            Some(server) => Transport::Remote(Remote::new(&settings, server, cli.options.token_file.as_deref())?),
            None if cli.options.token_file.is_some() => bail!("--token-file is for --server, which is not given"),
            None => Transport::Local(Box::new(Local::open(settings, create).await?)),
        };
        Ok(Self { transport, json: cli.options.json })
    }

    /// Writes what is still in memory.
    pub async fn close(self) {
        if let Transport::Local(local) = self.transport {
            local.close().await;
        }
    }

    /// A representation.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.done(Request { method: Method::GET, path, if_match: None, body: None }).await
    }

    /// A representation, if the thing is there; a domain that is not is an error.
    pub async fn find(&self, path: &str) -> anyhow::Result<Option<Answer>> {
        let request = Request { method: Method::GET, path, if_match: None, body: None };
        let answer = self.send(&request).await?;
        if answer.status == 404 {
            return self.known_domain(path).await.map(|()| None);
        }
        self.accepted(&request, answer).await.map(Some)
    }

    /// The items of a list that has no pages.
    pub async fn items(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        Ok(items(&mut self.get(path).await?.body))
    }

    /// Up to `limit` items of a list that has pages. `query`: what narrows it, encoded, without `?`.
    pub async fn pages(&self, path: &str, query: &str, limit: i64) -> anyhow::Result<Vec<Value>> {
        Ok(self.pages_from(path, query, limit).await?.0)
    }

    /// The same, and the first page without its items.
    pub async fn pages_from(&self, path: &str, query: &str, limit: i64) -> anyhow::Result<(Vec<Value>, Value)> {
        let (mut found, mut first, mut cursor) = (Vec::new(), None, None::<String>);
        loop {
            let wanted = limit - i64::try_from(found.len())?;
            let mut url = format!("{path}?limit={}", wanted.min(PAGE));
            // A cursor stands for the place that `after` named.
            for part in query.split('&').filter(|part| !part.is_empty()) {
                if cursor.is_none() || !part.starts_with("after=") {
                    url = url + "&" + part;
                }
            }
            if let Some(cursor) = &cursor {
                url = url + "&cursor=" + &encoded(cursor);
            }
            let mut page = self.get(&url).await?.body;
            found.extend(items(&mut page));
            cursor = page["next"].as_str().map(str::to_owned);
            let first = first.get_or_insert(page);
            if cursor.is_none() || i64::try_from(found.len())? >= limit {
                return Ok((found, first.take()));
            }
        }
    }

    /// Makes something, or does something.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.done(Request { method: Method::POST, path, if_match: None, body: Some(body) }).await
    }

    /// Does something to what was read, or to what has no version.
    pub async fn act(&self, path: &str, read: Option<&Answer>, body: Option<&Value>) -> anyhow::Result<Answer> {
        let if_match = read.and_then(|read| read.etag.as_deref());
        self.done(Request { method: Method::POST, path, if_match, body }).await
    }

    /// Changes what was read (RFC 7396).
    pub async fn patch(&self, path: &str, read: &Answer, body: &Value) -> anyhow::Result<Answer> {
        self.done(Request { method: Method::PATCH, path, if_match: read.etag.as_deref(), body: Some(body) }).await
    }

    /// Replaces what was read, or makes what has no version.
    pub async fn put(&self, path: &str, read: Option<&Answer>, body: Option<&Value>) -> anyhow::Result<Answer> {
        let if_match = read.and_then(|read| read.etag.as_deref());
        self.done(Request { method: Method::PUT, path, if_match, body }).await
    }

    /// Deletes what was read, or what has no version.
    pub async fn delete(&self, path: &str, read: Option<&Answer>) -> anyhow::Result<()> {
        let if_match = read.and_then(|read| read.etag.as_deref());
        self.done(Request { method: Method::DELETE, path, if_match, body: None }).await.map(drop)
    }

    /// Fails if there is no domain of the name within reach, with those that there are.
    pub async fn domain(&self, name: &str) -> anyhow::Result<Answer> {
        self.get(&in_domain(name, &[])).await
    }

    async fn done(&self, request: Request<'_>) -> anyhow::Result<Answer> {
        let answer = self.send(&request).await?;
        if answer.status == 404 {
            self.known_domain(request.path).await?;
        }
        self.accepted(&request, answer).await
    }

    async fn send(&self, request: &Request<'_>) -> anyhow::Result<Answer> {
        let (path, _) = request.path.split_once('?').unwrap_or((request.path, ""));
        if path.split('/').skip(1).any(|segment| matches!(segment, "" | "." | "..")) {
            bail!("an empty name, \".\" and \"..\" name nothing");
        }
        match &self.transport {
            Transport::Local(local) => local.send(request).await,
            Transport::Remote(remote) => remote.send(request).await,
        }
    }

    async fn accepted(&self, request: &Request<'_>, answer: Answer) -> anyhow::Result<Answer> {
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        Err(match &self.transport {
            Transport::Local(_) => problem(&answer),
            Transport::Remote(remote) => remote.problem(request, &answer),
        })
    }

    /// Fails if a path leads into a domain that is not there.
    async fn known_domain(&self, path: &str) -> anyhow::Result<()> {
        let Some(segment) = path.strip_prefix("/api/v1/domains/").and_then(|rest| rest.split(['/', '?']).next()) else {
            return Ok(());
        };
        let list = Request { method: Method::GET, path: "/api/v1/domains", if_match: None, body: None };
        let answer = self.send(&list).await?;
        let mut answer = self.accepted(&list, answer).await?;
        let domains = items(&mut answer.body);
        let within: Vec<&str> = domains.iter().filter_map(|domain| domain["name"].as_str()).collect();
        let wanted = percent_encoding::percent_decode_str(segment).decode_utf8_lossy();
        if within.contains(&&*wanted) {
            return Ok(());
        }
        let all = within.join(", ");
        match (within.is_empty(), &self.transport) {
            (false, Transport::Local(_)) => bail!("there is no domain {wanted:?}; there is {all}"),
            (false, Transport::Remote(_)) => bail!("there is no domain {wanted:?} within reach; there is {all}"),
            (true, Transport::Local(_)) => {
                bail!("there is no domain {wanted:?}; there is none at all: `registrar domain create` makes one")
            }
            (true, Transport::Remote(_)) => {
                bail!("there is no domain {wanted:?} within reach, and no other one either")
            }
        }
    }
}

/// What went wrong, in words.
fn problem(answer: &Answer) -> anyhow::Error {
    if answer.status == 412 {
        return anyhow!(
            "somebody else changed it meanwhile; look at it again, and repeat the command if it still fits"
        );
    }
    if let Some(cause) = &answer.cause {
        return anyhow!("{cause}");
    }
    if let Some(detail) = answer.body["detail"].as_str().or(answer.body["error_description"].as_str()) {
        return anyhow!("{detail}");
    }
    let status = StatusCode::from_u16(answer.status).ok().and_then(|status| status.canonical_reason());
    anyhow!("the answer is {} {}", answer.status, status.unwrap_or_default())
}

fn items(list: &mut Value) -> Vec<Value> {
    match list["items"].take() {
        Value::Array(items) => items,
        _ => Vec::new(),
    }
}
