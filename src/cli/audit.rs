//! `registrar audit`.

use clap::Args;
use serde_json::{Value, json};

use super::administration::{Administration, in_domain};
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
pub async fn run(api: &Administration, arguments: AuditArgs) -> anyhow::Result<()> {
    let mut events = api.pages(&in_domain(&arguments.domain, &["audit"]), "", arguments.limit).await?;
    events.reverse();
    if api.json {
        return print(true, &json!(events), String::new);
    }
    let lines: Vec<String> = events.iter().map(Value::to_string).collect();
    if lines.is_empty() { Ok(()) } else { line(&lines.join("\n")) }
}
