//! `registrar user create`.

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::links::{FirstPassword, Password, reset_link};
use super::show::lines;
use crate::cli::administration::{Administration, in_domain};
use crate::cli::output::{pairs, print, text};
use crate::cli::values::{Assignment, assignment, claims_patch};

/// Flags of `user create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// The domain
    domain: String,
    /// What the person logs in with
    #[arg(value_name = "USERNAME")]
    username: String,
    /// The e-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// The address is known to be the person's
    #[arg(long)]
    verified: bool,
    /// The full name
    #[arg(long)]
    name: Option<String>,
    /// A profile claim, its value in JSON or as plain text; may be given several times
    #[arg(long, value_name = "CLAIM=VALUE", value_parser = assignment)]
    claim: Vec<Assignment>,
    /// The person may not log in yet
    #[arg(long)]
    disabled: bool,
    #[command(flatten)]
    password: FirstPassword,
}

pub(super) async fn run(api: &Administration, arguments: CreateArgs) -> anyhow::Result<()> {
    let domain = &arguments.domain;
    let mut claims = claims_patch(&Value::Null, &arguments.claim)?;
    claims.retain(|_, value| !value.is_null());
    if let Some(name) = arguments.name {
        claims.entry("name").or_insert(name.into());
    }
    let password = arguments.password.read()?;
    arguments.password.check(arguments.email.as_deref())?;
    let mut wanted = json!({
        "username": arguments.username,
        "email_verified": arguments.verified,
        "claims": claims,
        "enabled": !arguments.disabled,
    });
    if let Some(email) = arguments.email {
        wanted["email"] = email.into();
    }
    if let Some(secret) = password.secret() {
        wanted["password"] = secret.expose().into();
    }
    let mut user = api.post(&in_domain(domain, &["users"]), &wanted).await?.body;
    let mut first = None;
    match &password {
        Password::Given(_) => {}
        Password::Generated(secret) => {
            user["password"] = secret.expose().into();
            first = Some(("Password", secret.expose().to_owned()));
        }
        Password::Link => {
            let link = reset_link(api, (domain, &user), arguments.password.send).await;
            let link = link.context("the user was made, but no link; `registrar user reset-password` makes one")?;
            user["link_expires_at"] = link["expires_at"].clone();
            match link["link"].as_str() {
                Some(shown) => {
                    user["link"] = shown.into();
                    first = Some(("Link to choose one", shown.to_owned()));
                }
                None => user["sent_to"] = link["sent_to"].clone(),
            }
        }
    }
    print(api.json, &user, || {
        let mut shown = lines(&user);
        if let Some((name, secret)) = first {
            shown.push((name, format!("{secret}   (shown this once)")));
        }
        if user["sent_to"].is_string() {
            shown.push(("Link sent to", text(&user["sent_to"])));
        }
        pairs(shown)
    })
}
