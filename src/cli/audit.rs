//! `registrar audit`.

use clap::Args;
use serde_json::json;

use super::Cli;
use super::context::Context;
use super::output::{line, print};
use crate::store::audit_list::AuditQuery;

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
    let mut query = AuditQuery { limit: arguments.limit, ..AuditQuery::default() };
    let mut events = Vec::new();
    while let Some(page) = context.store.audit_events(domain.id(), &query).await? {
        events.extend(page.items);
        query.limit = arguments.limit - i64::try_from(events.len())?;
        query.cursor = page.next;
        if query.cursor.is_none() || query.limit <= 0 {
            break;
        }
    }
    events.reverse();
    if context.json {
        return print(true, &json!(events), String::new);
    }
    let lines: Result<Vec<String>, _> = events.iter().map(serde_json::to_string).collect();
    let lines = lines?;
    if lines.is_empty() { Ok(()) } else { line(&lines.join("\n")) }
}
