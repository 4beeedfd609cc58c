//! Code-flow logins of a person who has consented before: authorize, code, tokens; and refreshes. The limit is a bare
//! server that signs as many tokens.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use registrar::model::signing_key::SigningAlgorithm;
use registrar::startup::FIRST_DOMAIN;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::Plan;
use crate::database::{Installation, text, token_request};
use crate::generator::{self, Answers, Target, exchange, get, post};
use crate::limit;
use crate::measure::{Counters, Figures, Side, in_turns, medians};
use crate::process::Process;
use crate::report::Report;
use crate::tokens::CONNECTIONS;

const CALLBACK: &str = "https://app.example/callback";
const PASSWORD: &str = "a bench of oak under a tree";
/// A verifier and its challenge (RFC 7636 appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A person's browser and the client they have allowed.
#[derive(Debug)]
struct Person {
    address: SocketAddr,
    client_id: String,
    cookie: String,
}

/// Measures logins and refreshes on this installation.
pub fn measure(plan: Plan, installation: &Installation, report: &mut Report) -> anyhow::Result<()> {
    let name = if installation.is_postgres() { "PostgreSQL" } else { "SQLite" };
    let server = installation.start()?;
    installation.sign_with(SigningAlgorithm::Rs256)?;
    let person = Arc::new(Person::meet(installation)?);
    let limit = limit::signing(SigningAlgorithm::Rs256)?;
    let signing = generator::same(token_request("Basic eDp4", ""));
    let target = Target { address: limit.address, requests: signing, status: 200 };
    let bare = in_turns(plan, CONNECTIONS, &[Side { process: &limit, target, counts: false }])?[0];
    // A login signs an access token and an ID token, a refresh the same.
    let bare = Figures { rate: bare.rate / 2.0, cpu: bare.cpu * 2.0, ..bare };
    let rounds = (0..plan.rounds).map(|_| logins(plan, &server, &person)).collect::<anyhow::Result<Vec<_>>>()?;
    report.compared(&format!("login by code on {name}, {CONNECTIONS} connections"), medians(&rounds)?, bare);
    let rounds = (0..plan.rounds).map(|_| refreshes(plan, &server, &person)).collect::<anyhow::Result<Vec<_>>>()?;
    report.compared(&format!("refresh on {name}, {CONNECTIONS} connections"), medians(&rounds)?, bare);
    Ok(())
}

fn logins(plan: Plan, server: &Process, person: &Arc<Person>) -> anyhow::Result<Figures> {
    on_connections(plan.round, server, person, async |person, stream, _| {
        let code = person.code(stream).await?;
        person.redeem(stream, &code).await.map(drop)
    })
}

fn refreshes(plan: Plan, server: &Process, person: &Arc<Person>) -> anyhow::Result<Figures> {
    on_connections(plan.round, server, person, async |person, stream, kept| {
        if kept.is_empty() {
            let code = person.code(stream).await?;
            *kept = person.redeem(stream, &code).await?;
        }
        let client_id = &person.client_id;
        let form = format!("grant_type=refresh_token&refresh_token={kept}&client_id={client_id}");
        *kept = person.token(stream, &form).await?;
        Ok(())
    })
}

/// Does something again and again on each connection, for that long; each keeps a text from one time to the next.
fn on_connections(
    length: Duration,
    server: &Process,
    person: &Arc<Person>,
    work: impl AsyncFn(&Person, &mut TcpStream, &mut String) -> anyhow::Result<()> + Copy + 'static,
) -> anyhow::Result<Figures> {
    let (before, cpu) = (Counters::read(server)?, server.cpu()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    let answers = local.block_on(&runtime, async {
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..CONNECTIONS {
            let person = Arc::clone(person);
            tasks.spawn_local(async move {
                let mut stream = TcpStream::connect(person.address).await?;
                stream.set_nodelay(true)?;
                let (mut kept, mut latencies) = (String::new(), Vec::new());
                while began.elapsed() < length {
                    let start = Instant::now();
                    work(&person, &mut stream, &mut kept).await?;
                    latencies.push(start.elapsed());
                }
                anyhow::Ok(latencies)
            });
        }
        let mut latencies = Vec::new();
        while let Some(ended) = tasks.join_next().await {
            latencies.extend(ended??);
        }
        let elapsed = began.elapsed();
        latencies.sort_unstable();
        ensure!(!latencies.is_empty(), "nobody got through");
        Ok(Answers { elapsed, latencies })
    })?;
    Ok(Figures::of(&answers, server.cpu()?.saturating_sub(cpu), &before, &Counters::read(server)?))
}

impl Person {
    /// Registers a client openly, signs a person up, and has them allow it.
    fn meet(installation: &Installation) -> anyhow::Result<Self> {
        let address = installation.address();
        installation.change_domain(|settings| settings.sign_up = true)?;
        let body =
            format!(r#"{{"client_name":"Bench","redirect_uris":["{CALLBACK}"],"token_endpoint_auth_method":"none"}}"#);
        let request = open_post(&format!("/{FIRST_DOMAIN}/oidc/register"), "application/json", "", &body);
        let record: Value = serde_json::from_slice(&generator::once(address, &request)?)?;
        let mut person = Self { address, client_id: text(&record, "client_id")?, cookie: String::new() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(person.arrive())?;
        Ok(person)
    }

    async fn arrive(&mut self) -> anyhow::Result<()> {
        let mut stream = TcpStream::connect(self.address).await?;
        let name = format!("bench{}", std::process::id());
        let form = format!("username={name}&email={name}@example.com&name=&password={}", PASSWORD.replace(' ', "+"));
        let path = format!("/{FIRST_DOMAIN}/register");
        let request = open_post(&path, "application/x-www-form-urlencoded", "", &form);
        let head = answered(&mut stream, &request, 303).await?;
        let cookie = head.get("set-cookie").context("nobody was logged in")?;
        cookie.split(';').next().unwrap_or_default().clone_into(&mut self.cookie);
        let head = answered(&mut stream, &self.asking(), 303).await?;
        let asked = head.get("location").context("nothing was asked")?;
        let interaction = asked.split("interaction=").nth(1).context("no consent was asked")?.to_owned();
        let mut request = get(&format!("/{FIRST_DOMAIN}/consent?interaction={interaction}"));
        request.truncate(request.len() - 2);
        request.extend(format!("cookie: {}\r\n\r\n", self.cookie).into_bytes());
        let mut page = Vec::new();
        ensure!(exchange(&mut stream, &request, &mut page).await? == 200, "there is no consent page");
        let page = String::from_utf8_lossy(&page);
        let shown = page.split("name=\"asked\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let form = format!("interaction={interaction}&asked={}&decision=allow", shown.context("nothing was shown")?);
        let path = format!("/{FIRST_DOMAIN}/consent");
        let request = open_post(&path, "application/x-www-form-urlencoded", &self.cookie, &form);
        answered(&mut stream, &request, 303).await.map(drop)
    }

    fn asking(&self) -> Vec<u8> {
        let path = format!(
            "/{FIRST_DOMAIN}/oauth/authorize?response_type=code&client_id={}&redirect_uri={CALLBACK}&scope=openid+profile\
             &state=x&code_challenge={CHALLENGE}&code_challenge_method=S256",
            self.client_id
        );
        let mut request = get(&path);
        request.truncate(request.len() - 2);
        request.extend(format!("cookie: {}\r\n\r\n", self.cookie).into_bytes());
        request
    }

    async fn code(&self, stream: &mut TcpStream) -> anyhow::Result<String> {
        let head = answered(stream, &self.asking(), 303).await?;
        let code = head.get("location").and_then(|location| location.split("code=").nth(1)?.split('&').next());
        Ok(code.context("no code")?.to_owned())
    }

    async fn redeem(&self, stream: &mut TcpStream, code: &str) -> anyhow::Result<String> {
        let client_id = &self.client_id;
        let form = format!(
            "grant_type=authorization_code&code={code}&redirect_uri={CALLBACK}&client_id={client_id}\
             &code_verifier={VERIFIER}"
        );
        self.token(stream, &form).await
    }

    /// A token request; returns the refresh token.
    async fn token(&self, stream: &mut TcpStream, form: &str) -> anyhow::Result<String> {
        let path = format!("/{FIRST_DOMAIN}/oauth/token");
        let request = open_post(&path, "application/x-www-form-urlencoded", "", form);
        let mut answer = Vec::new();
        let status = exchange(stream, &request, &mut answer).await?;
        let body = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap_or(0) + 4;
        ensure!(status == 200, "answered with {status}: {}", String::from_utf8_lossy(&answer));
        text(&serde_json::from_slice(&answer[body..])?, "refresh_token")
    }
}

/// A post without credentials.
fn open_post(path: &str, media_type: &str, cookie: &str, body: &str) -> Vec<u8> {
    let request = String::from_utf8_lossy(&post(path, "-", media_type, body)).into_owned();
    let cookie = if cookie.is_empty() { String::new() } else { format!("cookie: {cookie}\r\n") };
    request.replacen("authorization: -\r\n", &cookie, 1).into_bytes()
}

/// The headers of an answer of this status.
async fn answered(stream: &mut TcpStream, request: &[u8], expected: u16) -> anyhow::Result<BTreeMap<String, String>> {
    let mut answer = Vec::new();
    let status = exchange(stream, request, &mut answer).await?;
    let text = String::from_utf8_lossy(&answer);
    ensure!(status == expected, "answered with {status}: {text}");
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    Ok(headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect())
}
