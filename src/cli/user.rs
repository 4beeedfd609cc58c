//! `registrar user`.

mod connections;
mod create;
mod links;
mod set;
mod show;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::json;

use super::Cli;
use super::context::{Context, told};
use super::output::print;
use crate::model::user::User;
use crate::store::cache::DomainEntry;

/// Users of a domain: the people who log in
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Create a user; a generated password or link is printed this once
    Create(create::CreateArgs),
    /// List the users by user name
    List(show::ListArgs),
    /// Show a user
    Show(One),
    /// Change a user; what is not named stays as it is
    Set(set::SetArgs),
    /// Delete a user with everything that was theirs, and end what was issued to their applications
    Delete(One),
    /// Invite somebody to sign up, also where signing up is off; the link is printed this once
    Invite(links::InviteArgs),
    /// List the browsers in which a user is logged in, or end their sessions
    Sessions(connections::SessionsArgs),
    /// List the applications that a user allowed something, or take it back
    Applications(connections::ApplicationsArgs),
    /// Give a user another password, or a link to choose one; another password ends all sessions and logins
    ResetPassword(links::ResetArgs),
}

/// A user of a domain.
#[derive(Debug, clap::Args)]
pub struct One {
    /// The domain
    pub domain: String,
    /// The user name or the e-mail address
    #[arg(value_name = "USER")]
    pub login: String,
}

/// Runs the command.
pub async fn run(cli: &Cli, command: UserCommand) -> anyhow::Result<()> {
    let context = Context::open(cli).await?;
    match command {
        UserCommand::Create(arguments) => create::run(&context, arguments).await,
        UserCommand::List(arguments) => show::list(&context, arguments).await,
        UserCommand::Show(one) => {
            let domain = context.domain(&one.domain).await?;
            show::show(&context, &find(&context, &domain, &one.login).await?)
        }
        UserCommand::Set(arguments) => set::run(&context, arguments).await,
        UserCommand::Delete(one) => {
            let domain = context.domain(&one.domain).await?;
            let user = find(&context, &domain, &one.login).await?;
            context.people()?.delete_user(&domain, &user, &context.actor).await.map_err(told)?;
            let name = user.username;
            print(context.json, &json!({ "deleted": name }), || format!("User {name} is deleted"))
        }
        UserCommand::Invite(arguments) => links::invite(&context, arguments).await,
        UserCommand::Sessions(arguments) => connections::sessions(&context, arguments).await,
        UserCommand::Applications(arguments) => connections::applications(&context, arguments).await,
        UserCommand::ResetPassword(arguments) => links::reset_password(&context, arguments).await,
    }
}

/// A user by what the person logs in with.
async fn find(context: &Context, domain: &DomainEntry, login: &str) -> anyhow::Result<User> {
    context.store.user_by_login(domain.id(), login).await?.with_context(|| {
        format!("domain {0} has no user {login:?}; `registrar user list {0}` lists them", domain.domain.name)
    })
}
