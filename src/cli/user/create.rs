//! `registrar user create`.

use clap::Args;
use serde_json::{Value, json};

use super::links::{FirstPassword, Password, send_link};
use super::show::{describe, lines};
use crate::cli::context::{Context, told};
use crate::cli::output::{pairs, print};
use crate::cli::values::{Assignment, assign_claims, assignment};
use crate::model::user::UserClaims;
use crate::people::users::{NewUser, reset_url};

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

pub(super) async fn run(context: &Context, arguments: CreateArgs) -> anyhow::Result<()> {
    let domain = context.domain(&arguments.domain).await?;
    let mut claims = UserClaims::default();
    let name = arguments.name.map(|name| ("name".to_owned(), Value::from(name)));
    claims.0.extend(name);
    assign_claims(&mut claims, &arguments.claim)?;
    let password = arguments.password.read()?;
    let sends = arguments.password.sends(arguments.email.as_deref())?;
    let new = NewUser {
        username: arguments.username,
        email: arguments.email.clone(),
        email_verified: arguments.verified,
        claims,
        password: password.secret(),
        disabled: arguments.disabled,
    };
    let people = context.people()?;
    let user = people.create_user(&domain, new, &context.actor).await.map_err(told)?;
    let mut value = describe(&user);
    let mut first = None;
    match &password {
        Password::Given(_) => {}
        Password::Generated(secret) => {
            value["password"] = json!(secret.expose());
            first = Some(("Password", secret.clone()));
        }
        Password::Link => {
            let (secret, expires_at) = people.reset_link(&user, &context.actor).await.map_err(told)?;
            let link = reset_url(&context.public_url().await?, &domain.domain.name, &secret);
            value["link_expires_at"] = json!(expires_at);
            if let Some(to) = sends {
                send_link(&people, (to, "Choose your password"), &link).await?;
                value["sent_to"] = json!(to);
            } else {
                value["link"] = json!(link.expose());
                first = Some(("Link to choose one", link));
            }
        }
    }
    print(context.json, &value, || {
        let mut shown = lines(&user);
        if let Some((name, secret)) = &first {
            shown.push((name, format!("{}   (shown this once)", secret.expose())));
        }
        pairs(shown)
    })
}
