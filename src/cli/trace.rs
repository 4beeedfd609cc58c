//! `registrar trace`: what came of login attempts, and what probably went wrong.

use std::fmt::Write as _;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::json;

use super::Cli;
use super::context::Context;
use super::output::{pairs, plain, print, table, time};
use crate::model::flow_trace::diagnosis::{awaited, diagnose};
use crate::model::flow_trace::{AttemptSummary, KEPT, Outcome, Step, TraceStep};
use crate::model::id::AttemptId;
use crate::model::time::UnixTime;
use crate::startup::FIRST_DOMAIN;
use crate::store::flow_traces::AttemptFilter;

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
pub async fn run(cli: &Cli, command: TraceCommand) -> anyhow::Result<()> {
    let context = Context::open(cli).await?;
    match command {
        TraceCommand::List(arguments) => list(&context, arguments).await,
        TraceCommand::Show(arguments) => show(&context, &arguments).await,
    }
}

async fn list(context: &Context, arguments: ListArgs) -> anyhow::Result<()> {
    let domain = context.domain(&arguments.domain).await?;
    let after = match arguments.after {
        Some(attempt) => {
            let steps = timeline(context, &arguments.domain, &attempt).await?;
            let began = steps.iter().filter(|step| !step.is_probable()).map(|step| step.at).min();
            began.map(|began| (began, AttemptId(attempt)))
        }
        None => None,
    };
    let limit = arguments.limit;
    let filter = AttemptFilter { client_id: arguments.client, refused: arguments.refused, outcome: None, after, limit };
    let attempts = context.store.flow_attempts(domain.id(), &filter).await?;
    // What failed before there was an attempt belongs on the first page only.
    let strays = match &filter {
        AttemptFilter { client_id: None, after: None, .. } => context.store.flow_strays(domain.id(), limit).await?,
        _ => Vec::new(),
    };
    print(context.json, &json!({ "attempts": attempts, "without_attempt": strays }), || {
        let mut text = listed(&attempts);
        if let Some(last) = attempts.last().filter(|_| i64::try_from(attempts.len()) == Ok(limit)) {
            let _ = writeln!(text, "There may be more: --after {}", last.attempt);
        }
        if !strays.is_empty() {
            let _ = write!(text, "\nRefused before there was an attempt\n{}", stray(&strays));
        }
        text
    })
}

fn listed(attempts: &[AttemptSummary]) -> String {
    let row = |attempt: &AttemptSummary| {
        let ended = ended(attempt.last_step, attempt.last_outcome);
        [
            attempt.attempt.to_string(),
            time(attempt.began_at),
            attempt.client_id.clone().unwrap_or_else(|| "-".to_owned()),
            attempt.last_code.as_ref().map_or_else(|| ended.clone(), |code| format!("{ended}: {code}")),
        ]
    };
    table(["ATTEMPT", "BEGAN", "CLIENT", "LAST STEP"], &attempts.iter().map(row).collect::<Vec<_>>())
}

fn stray(steps: &[TraceStep]) -> String {
    let row = |step: &TraceStep| {
        [
            time(step.at),
            step.step.as_str().to_owned(),
            step.source.clone().unwrap_or_default(),
            step.client_id.clone().unwrap_or_else(|| "-".to_owned()),
            reason(step).unwrap_or_default(),
        ]
    };
    table(["AT", "STEP", "SOURCE", "CLIENT", "REASON"], &steps.iter().map(row).collect::<Vec<_>>())
}

async fn timeline(context: &Context, domain: &str, attempt: &str) -> anyhow::Result<Vec<TraceStep>> {
    let domain = context.domain(domain).await?;
    let steps = context.store.flow_timeline(domain.id(), &AttemptId(attempt.to_owned())).await?;
    if steps.is_empty() {
        let name = &domain.domain.name;
        bail!(
            "domain {name} has no attempt {attempt:?}; they are kept for {} hours: `registrar trace list`",
            KEPT / 3_600
        );
    }
    Ok(steps)
}

async fn show(context: &Context, arguments: &ShowArgs) -> anyhow::Result<()> {
    let steps = timeline(context, &arguments.domain, &arguments.attempt).await?;
    let (missing, causes) = (awaited(&steps), diagnose(&steps, context.now()));
    let client_id = steps.iter().find_map(|step| step.client_id.as_deref()).unwrap_or("-");
    let value = json!({
        "attempt": arguments.attempt,
        "client_id": client_id,
        "steps": steps,
        "never_came": missing,
        "likely_causes": causes,
    });
    print(context.json, &value, || {
        let began = steps.iter().find(|step| !step.is_probable()).map_or(UnixTime(0), |step| step.at);
        let mut text =
            pairs([("Attempt", arguments.attempt.clone()), ("Client", client_id.to_owned()), ("Began", time(began))]);
        text.push('\n');
        for step in &steps {
            text.push_str(&told(step, began));
        }
        if let Some(missing) = missing {
            let _ = writeln!(text, "\nNever came: {}", came(missing));
        }
        text.push_str(if causes.is_empty() { "\nNothing failed.\n" } else { "\nLikely cause\n" });
        for cause in &causes {
            let _ = writeln!(text, "  - {cause}");
        }
        text
    })
}

/// One step: when, relative to the beginning, what, how it ended, and the details below.
fn told(step: &TraceStep, began: UnixTime) -> String {
    let probable = if step.is_probable() { " (probably of this attempt)" } else { "" };
    let source = step.source.as_ref().map(|source| format!(" from {source}")).unwrap_or_default();
    let ended = ended(step.step, step.outcome);
    let mut text = format!("{:>+7} s  {ended}{source}{probable}\n", step.at.since(began));
    if let Some(reason) = reason(step) {
        let _ = writeln!(text, "             {reason}");
    }
    for (name, value) in step.detail.iter().filter(|(_, value)| *value != "") {
        let _ = writeln!(text, "             {name}: {}", plain(value));
    }
    text
}

fn reason(step: &TraceStep) -> Option<String> {
    let reason = step.reason.as_ref()?;
    Some(step.code.as_ref().map_or_else(|| reason.clone(), |code| format!("{code}: {reason}")))
}

fn ended(step: Step, outcome: Outcome) -> String {
    format!("{} {}", step.as_str().replace('_', " "), outcome.as_str())
}

/// A step that is waited for, in words.
fn came(step: Step) -> &'static str {
    match step {
        Step::Login => "the login (or sign-up)",
        Step::Consent => "the decision on the consent page",
        Step::Token => "the token request of the client",
        _ => "the browser, back at the authorization endpoint",
    }
}
