//! `registrar user`.

mod connections;
mod create;
mod links;
mod set;
mod show;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::{Value, json};

use super::administration::{Administration, Answer, encoded, in_domain};
use super::output::{print, text};

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
pub async fn run(api: &Administration, command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Create(arguments) => create::run(api, arguments).await,
        UserCommand::List(arguments) => show::list(api, arguments).await,
        UserCommand::Show(one) => show::show(api, &find(api, &one).await?),
        UserCommand::Set(arguments) => set::run(api, arguments).await,
        UserCommand::Delete(one) => {
            let (path, user) = read(api, &one).await?;
            api.delete(&path, Some(&user)).await?;
            let name = text(&user.body["username"]);
            print(api.json, &json!({ "deleted": name }), || format!("User {name} is deleted"))
        }
        UserCommand::Invite(arguments) => links::invite(api, arguments).await,
        UserCommand::Sessions(arguments) => connections::sessions(api, arguments).await,
        UserCommand::Applications(arguments) => connections::applications(api, arguments).await,
        UserCommand::ResetPassword(arguments) => links::reset_password(api, arguments).await,
    }
}

/// A user by what the person logs in with.
async fn find(api: &Administration, one: &One) -> anyhow::Result<Value> {
    let One { domain, login } = one;
    let users = api.items(&format!("{}?login={}", in_domain(domain, &["users"]), encoded(login))).await?;
    let user = users.into_iter().next();
    user.with_context(|| format!("domain {domain} has no user {login:?}; `registrar user list {domain}` lists them"))
}

/// The path of a user, and what is below.
fn path_of(domain: &str, user: &Value, more: &[&str]) -> String {
    let id = text(&user["id"]);
    in_domain(domain, &[&["users", &id], more].concat())
}

/// A user to be changed, with the path and the version.
async fn read(api: &Administration, one: &One) -> anyhow::Result<(String, Answer)> {
    let path = path_of(&one.domain, &find(api, one).await?, &[]);
    let user = api.get(&path).await?;
    Ok((path, user))
}
