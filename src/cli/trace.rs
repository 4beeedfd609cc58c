//! `registrar trace`: what came of login attempts, and what probably went wrong.

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::administration::{Administration, encoded, in_domain};
use super::output::{pairs, plain, print, table, text, when};
use crate::model::flow_trace::KEPT;
use crate::startup::FIRST_DOMAIN;

/// Timelines of login attempts, kept for a day: what came, what was refused and why, what never came
#[derive(Debug, Subcommand)]
pub enum TraceCommand {
    /// List the attempts, newest first
    List(ListArgs),
    /// Show an attempt step by step, and what probably went wrong
    Show(ShowArgs),
}

/// Flags of `trace list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The domain
    #[arg(long, value_name = "DOMAIN", default_value = FIRST_DOMAIN)]
    domain: String,
    /// Only attempts of this client
    #[arg(long, value_name = "CLIENT_ID")]
    client: Option<String>,
    /// Only attempts in which something was refused
    #[arg(long)]
    refused: bool,
    /// Continue after this attempt
    #[arg(long, value_name = "ATTEMPT")]
    after: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
}

/// Flags of `trace show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The attempt, as error pages and `trace list` name it
    attempt: String,
    /// The domain
    #[arg(long, value_name = "DOMAIN", default_value = FIRST_DOMAIN)]
    domain: String,
}

/// Runs the command.
pub async fn run(api: &Administration, command: TraceCommand) -> anyhow::Result<()> {
    match command {
        TraceCommand::List(arguments) => list(api, arguments).await,
        TraceCommand::Show(arguments) => show(api, &arguments).await,
    }
}

async fn list(api: &Administration, arguments: ListArgs) -> anyhow::Result<()> {
    let mut query = format!("refused={}", arguments.refused);
    if let Some(client) = &arguments.client {
        query = query + "&client_id=" + &encoded(client);
    }
    if let Some(after) = &arguments.after {
        timeline(api, &arguments.domain, after).await?;
        query = query + "&after=" + &encoded(after);
    }
    let path = in_domain(&arguments.domain, &["traces"]);
    let (attempts, mut page) = api.pages_from(&path, &query, arguments.limit).await?;
    let strays = page["without_attempt"].take();
    let strays = strays.as_array().map(Vec::as_slice).unwrap_or_default();
    print(api.json, &json!({ "attempts": attempts, "without_attempt": strays }), || {
        let mut shown = listed(&attempts);
        if let Some(last) = attempts.last().filter(|_| i64::try_from(attempts.len()) == Ok(arguments.limit)) {
            let _ = writeln!(shown, "There may be more: --after {}", text(&last["attempt"]));
        }
        if !strays.is_empty() {
            let _ = write!(shown, "\nRefused before there was an attempt\n{}", stray(strays));
        }
        shown
    })
}

fn listed(attempts: &[Value]) -> String {
    let row = |attempt: &Value| {
        let ended = ended(&attempt["last_step"], &attempt["last_outcome"]);
        [
            text(&attempt["attempt"]),
            when(&attempt["began_at"], "-"),
            plain(&attempt["client_id"]),
            attempt["last_code"].as_str().map_or_else(|| ended.clone(), |code| format!("{ended}: {code}")),
        ]
    };
    table(["ATTEMPT", "BEGAN", "CLIENT", "LAST STEP"], &attempts.iter().map(row).collect::<Vec<_>>())
}

fn stray(steps: &[Value]) -> String {
    let row = |step: &Value| {
        let (came, source) = (text(&step["step"]), text(&step["source"]));
        [when(&step["at"], "-"), came, source, plain(&step["client_id"]), reason(step).unwrap_or_default()]
    };
    table(["AT", "STEP", "SOURCE", "CLIENT", "REASON"], &steps.iter().map(row).collect::<Vec<_>>())
}

async fn timeline(api: &Administration, domain: &str, attempt: &str) -> anyhow::Result<Value> {
    let found = api.find(&in_domain(domain, &["traces", attempt])).await?.map(|answer| answer.body);
    found.with_context(|| {
        let hours = KEPT / 3_600;
        format!("domain {domain} has no attempt {attempt:?}; they are kept for {hours} hours: `registrar trace list`")
    })
}

async fn show(api: &Administration, arguments: &ShowArgs) -> anyhow::Result<()> {
    let timeline = timeline(api, &arguments.domain, &arguments.attempt).await?;
    print(api.json, &timeline, || {
        let began = &timeline["began_at"];
        let mut text = pairs([
            ("Attempt", arguments.attempt.clone()),
            ("Client", plain(&timeline["client_id"])),
            ("Began", when(began, "-")),
        ]);
        text.push('\n');
        for step in timeline["steps"].as_array().into_iter().flatten() {
            text.push_str(&told(step, began.as_i64().unwrap_or_default()));
        }
        if let Some(missing) = timeline["never_came"].as_str() {
            let _ = writeln!(text, "\nNever came: {}", came(missing));
        }
        let causes = timeline["likely_causes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let _ = writeln!(
            text,
            "\n{}",
            if causes.is_empty() { plain(&timeline["summary"]) } else { "Likely cause".to_owned() }
        );
        for cause in causes {
            let _ = writeln!(text, "  - {}", plain(cause));
        }
        text
    })
}

/// One step: when, relative to the beginning, what, how it ended, and the details below.
fn told(step: &Value, began: i64) -> String {
    let probable = if step["probable"] == true { " (probably of this attempt)" } else { "" };
    let source = step["source"].as_str().map(|source| format!(" from {source}")).unwrap_or_default();
    let ended = ended(&step["step"], &step["outcome"]);
    let after = step["at"].as_i64().unwrap_or_default() - began;
    let mut text = format!("{after:>+7} s  {ended}{source}{probable}\n");
    if let Some(reason) = reason(step) {
        let _ = writeln!(text, "             {reason}");
    }
    for (name, value) in step["detail"].as_object().into_iter().flatten().filter(|(_, value)| *value != "") {
        let _ = writeln!(text, "             {name}: {}", plain(value));
    }
    text
}

fn reason(step: &Value) -> Option<String> {
    let reason = step["reason"].as_str()?;
    Some(step["code"].as_str().map_or_else(|| reason.to_owned(), |code| format!("{code}: {reason}")))
}

fn ended(step: &Value, outcome: &Value) -> String {
    format!("{} {}", text(step).replace('_', " "), text(outcome))
}

/// A step that is waited for, in words.
fn came(step: &str) -> &'static str {
    match step {
        "login" => "the login (or sign-up)",
        "consent" => "the decision on the consent page",
        "token" => "the token request of the client",
        _ => "the browser, back at the authorization endpoint",
    }
}
