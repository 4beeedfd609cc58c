//! `registrar client list` and `client show`.

use std::fmt::Write as _;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::{Value, json};

use super::{One, path_of};
use crate::cli::administration::{Administration, encoded, in_domain};
use crate::cli::output::{members, pairs, plain, print, table, text, when};
use crate::model::time::Clock;

const ORIGINS: [&str; 5] = ["manual", "gateway", "initial_access_token", "open", "content_addressed"];
const STATUSES: [&str; 4] = ["active", "pending", "suspended", "deleted"];

/// Flags of `client list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The domain
    domain: String,
    /// Only those that came to be this way
    #[arg(long, value_parser = PossibleValuesParser::new(ORIGINS))]
    origin: Option<String>,
    /// Only those in this status
    #[arg(long, value_parser = PossibleValuesParser::new(STATUSES))]
    status: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
    /// Continue after this client
    #[arg(long, value_name = "CLIENT_ID")]
    after: Option<String>,
}

pub(super) async fn list(api: &Administration, arguments: ListArgs) -> anyhow::Result<()> {
    let mut query = "with_resource_credentials=true&order=oldest".to_owned();
    for (name, value) in [("origin", arguments.origin), ("status", arguments.status), ("after", arguments.after)] {
        if let Some(value) = value {
            let _ = write!(query, "&{name}={}", encoded(&value));
        }
    }
    let clients = api.pages(&in_domain(&arguments.domain, &["clients"]), &query, arguments.limit).await?;
    print(api.json, &json!(clients), || {
        let row = |client: &Value| {
            let metadata = &client["metadata"];
            [
                text(&client["client_id"]),
                text(&metadata["client_name"]),
                text(&client["origin"]),
                text(&client["status"]),
                text(&metadata["token_endpoint_auth_method"]),
                when(&client["created_at"], "-"),
            ]
        };
        let rows: Vec<_> = clients.iter().map(row).collect();
        let mut shown = table(["CLIENT ID", "NAME", "ORIGIN", "STATUS", "AUTHENTICATION", "CREATED"], &rows);
        if let Some(last) = clients.last().filter(|_| i64::try_from(clients.len()) == Ok(arguments.limit)) {
            let _ = writeln!(shown, "There may be more: --after {}", text(&last["client_id"]));
        }
        shown
    })
}

/// Prints a client with its secrets' ages, never a secret.
pub(super) async fn show(api: &Administration, one: &One, mut client: Value) -> anyhow::Result<()> {
    let secrets = api.items(&path_of(one, &["secrets"])).await?;
    client["secrets"] = json!(secrets);
    print(api.json, &client, || {
        let mut shown = pairs([
            ("Client ID", text(&client["client_id"])),
            ("Origin", text(&client["origin"])),
            ("Status", text(&client["status"])),
            ("Registrant", plain(&client["registrant"])),
            ("Policy", plain(&client["policy"])),
            ("Created", when(&client["created_at"], "-")),
            ("Changed", when(&client["updated_at"], "-")),
            ("Last used", when(&client["last_used_at"], "never, as far as is written")),
            ("Metadata", String::new()),
        ]);
        let _ = write!(shown, "{}Settings\n{}", members(&client["metadata"]), members(&client["settings"]));
        if !secrets.is_empty() {
            let rows: Vec<_> = secrets.iter().map(row).collect();
            let _ = write!(shown, "\n{}", table(["SECRET", "STANDING", "AGE", "ENDS", "LAST USED"], &rows));
        }
        shown
    })
}

fn row(secret: &Value) -> [String; 5] {
    let standing = if secret["superseded"] == true { "superseded" } else { "current" };
    let made = secret["created_at"].as_i64().unwrap_or_default();
    [
        text(&secret["id"]),
        standing.to_owned(),
        // A clock may go after that of a server far away.
        age((Clock::System.now().seconds() - made).max(0)),
        when(&secret["expires_at"], "never"),
        when(&secret["last_used_at"], "-"),
    ]
}

fn age(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
