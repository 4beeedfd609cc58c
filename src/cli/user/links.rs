//! `registrar user invite` and `user reset-password`: one-time links, and passwords that an administrator chooses.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::{One, find};
use crate::cli::context::{Context, told};
use crate::cli::output::{pairs, print, time};
use crate::cli::values::{duration, read_secret};
use crate::model::random;
use crate::model::secret::Secret;
use crate::people::People;
use crate::people::mail::Mail;
use crate::people::users::{UserEdit, invitation_url, reset_url};

/// Where a password comes from.
#[derive(Debug, Args)]
pub struct FirstPassword {
    #[command(flatten)]
    from: PasswordSource,
    /// Mail the link instead of printing it
    #[arg(long, requires = "link")]
    send: bool,
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

    /// Whom the link is mailed to, if it is.
    pub(super) fn sends<'a>(&self, email: Option<&'a str>) -> anyhow::Result<Option<&'a str>> {
        if !self.send {
            return Ok(None);
        }
        email.map(Some).context("--send: the user has no e-mail address; give one with --email")
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

pub(super) async fn invite(context: &Context, arguments: InviteArgs) -> anyhow::Result<()> {
    let domain = context.domain(&arguments.domain).await?;
    let (people, email) = (context.people()?, arguments.email.as_deref());
    let invited = people.invite(&domain, email, arguments.expires, &context.actor).await;
    let (secret, expires_at) = invited.map_err(told)?;
    let link = invitation_url(&context.public_url().await?, &domain.domain.name, &secret);
    let mut value = json!({ "email": email, "expires_at": expires_at });
    if let Some(to) = email.filter(|_| arguments.send) {
        send_link(&people, (to, "Your invitation"), &link).await?;
        value["sent_to"] = json!(to);
    } else {
        value["link"] = json!(link.expose());
    }
    print(context.json, &value, || {
        pairs([
            ("Invitation", email.unwrap_or("for anybody").to_owned()),
            shown_or_sent(&value),
            ("Expires", time(expires_at)),
        ])
    })
}

pub(super) async fn reset_password(context: &Context, arguments: ResetArgs) -> anyhow::Result<()> {
    let domain = context.domain(&arguments.one.domain).await?;
    let user = find(context, &domain, &arguments.one.login).await?;
    let password = arguments.password.read()?;
    let sends = arguments.password.sends(user.email.as_deref())?;
    let people = context.people()?;
    if let Some(secret) = password.secret() {
        let edit = UserEdit { password: Some(secret.clone()), ..UserEdit::default() };
        people.change_user(&domain, &user, edit, &context.actor).await.map_err(told)?;
        let mut value = json!({ "username": user.username });
        let mut text = format!("User {} has another password; all sessions and logins have ended", user.username);
        if let Password::Generated(secret) = &password {
            value["password"] = json!(secret.expose());
            text = pairs([
                ("User", user.username.clone()),
                ("Password", format!("{}   (shown this once)", secret.expose())),
            ]);
        }
        return print(context.json, &value, || text);
    }
    let (secret, expires_at) = people.reset_link(&user, &context.actor).await.map_err(told)?;
    let link = reset_url(&context.public_url().await?, &domain.domain.name, &secret);
    let mut value = json!({ "username": user.username, "expires_at": expires_at });
    if let Some(to) = sends {
        send_link(&people, (to, "Choose another password"), &link).await?;
        value["sent_to"] = json!(to);
    } else {
        value["link"] = json!(link.expose());
    }
    print(context.json, &value, || {
        pairs([("User", user.username.clone()), shown_or_sent(&value), ("Expires", time(expires_at))])
    })
}

fn shown_or_sent(value: &Value) -> (&'static str, String) {
    match value["link"].as_str() {
        Some(link) => ("Link", format!("{link}   (shown this once)")),
        None => ("Sent to", value["sent_to"].as_str().unwrap_or_default().to_owned()),
    }
}

/// Mails a one-time link.
pub(super) async fn send_link(people: &People, (to, subject): (&str, &str), link: &Secret) -> anyhow::Result<()> {
    let text = format!("Open this link to go on. It works once.\n\n{}\n", link.expose());
    let mail = Mail { to: to.to_owned(), subject: subject.to_owned(), text };
    people.mailer.send(mail).await.context("the link was made, but not sent; run the command again")
}
