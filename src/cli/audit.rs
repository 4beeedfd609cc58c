//! `registrar audit`.

use clap::Args;
use serde_json::json;

use super::Cli;
use super::context::Context;
use super::output::{line, print};

/// Flags of `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// The domain
    domain: String,
    /// At most so many events, the latest ones
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
}

/// Prints a domain's audit events as JSON lines, oldest first.
pub async fn run(cli: &Cli, arguments: AuditArgs) -> anyhow::Result<()> {
    let context = Context::open(cli).await?;
    let domain = context.domain(&arguments.domain).await?;
    let mut events = context.store.audit_events(domain.id(), None, arguments.limit).await?;
    events.reverse();
    if context.json {
        return print(true, &json!(events), String::new);
    }
    let lines: Result<Vec<String>, _> = events.iter().map(serde_json::to_string).collect();
    let lines = lines?;
    if lines.is_empty() { Ok(()) } else { line(&lines.join("\n")) }
}
