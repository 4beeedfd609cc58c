//! `registrar user invite` and `user reset-password`: one-time links, and passwords that an administrator chooses.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};

use super::{One, path_of, read};
use crate::cli::administration::{Administration, in_domain};
use crate::cli::output::{pairs, print, text, when};
use crate::cli::values::{duration, read_secret};
use crate::model::random;
use crate::model::secret::Secret;

/// Where a password comes from.
#[derive(Debug, Args)]
pub struct FirstPassword {
    #[command(flatten)]
    from: PasswordSource,
    /// Mail the link instead of printing it
    #[arg(long, requires = "link")]
    pub(super) send: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct PasswordSource {
    /// A file with the password, or '-' for standard input
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Generate a password and print it this once
    #[arg(long)]
    generate_password: bool,
    /// A one-time link by which the person chooses the password
    #[arg(long)]
    link: bool,
}

/// A password, or the way to one.
pub(super) enum Password {
    Given(Secret),
    Generated(Secret),
    Link,
}

impl Password {
    pub(super) fn secret(&self) -> Option<Secret> {
        match self {
            Self::Given(secret) | Self::Generated(secret) => Some(secret.clone()),
            Self::Link => None,
        }
    }
}

impl FirstPassword {
    pub(super) fn read(&self) -> anyhow::Result<Password> {
        Ok(match &self.from.password_file {
            Some(path) => Password::Given(read_secret(path)?),
            None if self.from.generate_password => Password::Generated(Secret::new(random::identifier())),
            None => Password::Link,
        })
    }

    /// Fails where a link is to be mailed to nobody.
    pub(super) fn check(&self, email: Option<&str>) -> anyhow::Result<()> {
        if self.send && email.is_none() {
            bail!("--send: the user has no e-mail address; give one with --email");
        }
        Ok(())
    }
}

/// Flags of `user invite`.
#[derive(Debug, Args)]
pub struct InviteArgs {
    /// The domain
    domain: String,
    /// The address that is invited
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// How long the link works: seconds, or like 12h, 30d
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "7d")]
    expires: i64,
    /// Mail the link instead of printing it
    #[arg(long, requires = "email")]
    send: bool,
}

/// Flags of `user reset-password`.
#[derive(Debug, Args)]
pub struct ResetArgs {
    #[command(flatten)]
    one: One,
    #[command(flatten)]
    password: FirstPassword,
}

pub(super) async fn invite(api: &Administration, arguments: InviteArgs) -> anyhow::Result<()> {
    let mut wanted = json!({ "lifetime": arguments.expires, "send": arguments.send });
    if let Some(email) = &arguments.email {
        wanted["email"] = email.as_str().into();
    }
    let made = api.post(&in_domain(&arguments.domain, &["invitations"]), &wanted).await?.body;
    let value = sent(&made, arguments.email.as_deref().filter(|_| arguments.send), json!({ "email": arguments.email }));
    print(api.json, &value, || {
        pairs([
            ("Invitation", arguments.email.unwrap_or_else(|| "for anybody".to_owned())),
            shown_or_sent(&value),
            ("Expires", when(&value["expires_at"], "-")),
        ])
    })
}

pub(super) async fn reset_password(api: &Administration, arguments: ResetArgs) -> anyhow::Result<()> {
    let (path, user) = read(api, &arguments.one).await?;
    let name = text(&user.body["username"]);
    let password = arguments.password.read()?;
    arguments.password.check(user.body["email"].as_str())?;
    if let Some(secret) = password.secret() {
        api.patch(&path, &user, &json!({ "password": secret.expose() })).await?;
        let mut value = json!({ "username": name });
        let mut text = format!("User {name} has another password; all sessions and logins have ended");
        if let Password::Generated(secret) = &password {
            value["password"] = json!(secret.expose());
            text = pairs([("User", name), ("Password", format!("{}   (shown this once)", secret.expose()))]);
        }
        return print(api.json, &value, || text);
    }
    let mut value = reset_link(api, (&arguments.one.domain, &user.body), arguments.password.send).await?;
    value["username"] = name.as_str().into();
    print(api.json, &value, || {
        pairs([("User", name), shown_or_sent(&value), ("Expires", when(&value["expires_at"], "-"))])
    })
}

/// A link by which a user chooses a password: it is there to be handed over, or was mailed.
pub(super) async fn reset_link(
    api: &Administration,
    (domain, user): (&str, &Value),
    send: bool,
) -> anyhow::Result<Value> {
    let path = path_of(domain, user, &["reset-link"]);
    let made = api.post(&path, &json!({ "send": send })).await?;
    Ok(sent(&made.body, user["email"].as_str().filter(|_| send), json!({})))
}

/// What is told of a link: where it was mailed to, else itself.
fn sent(made: &Value, to: Option<&str>, mut told: Value) -> Value {
    told["expires_at"] = made["expires_at"].clone();
    match to.filter(|_| made["sent"] == true) {
        Some(to) => told["sent_to"] = to.into(),
        None => told["link"] = made["link"].clone(),
    }
    told
}

fn shown_or_sent(value: &Value) -> (&'static str, String) {
    match value["link"].as_str() {
        Some(link) => ("Link", format!("{link}   (shown this once)")),
        None => ("Sent to", text(&value["sent_to"])),
    }
}
