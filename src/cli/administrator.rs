//! `registrar administrator`.

mod changes;
mod create;
mod show;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::json;

use super::Cli;
use super::context::{Context, told};
use super::output::print;
use crate::model::administrator::{Administrator, Reach, Role};
use crate::store::administrator_sessions::EndAdministratorSessions;

/// Administrators: the people who use the console
#[derive(Debug, Subcommand)]
pub enum AdministratorCommand {
    /// Create an administrator; a generated password is printed this once
    Create(create::CreateArgs),
    /// List the administrators by user name
    List(show::ListArgs),
    /// Show an administrator and the browsers in which they are logged in
    Show(One),
    /// Change an administrator; what is not named stays as it is
    Set(changes::SetArgs),
    /// Delete an administrator; the last owner stays
    Delete(One),
    /// End every session of an administrator
    EndSessions(One),
    /// Take away an administrator's second factor, where its device is lost
    RemoveSecondFactor(One),
}

/// An administrator.
#[derive(Debug, Args)]
pub struct One {
    /// The user name
    #[arg(value_name = "ADMINISTRATOR")]
    pub name: String,
}

/// Which domains are within reach.
#[derive(Debug, Args)]
pub struct ReachArgs {
    /// A domain within reach; may be given several times
    #[arg(long, value_name = "NAME", conflicts_with = "all_domains")]
    domain: Vec<String>,
    /// Every domain is within reach, those to come as well; owners reach them anyway
    #[arg(long)]
    all_domains: bool,
}

impl ReachArgs {
    /// What the flags say; `None`: nothing.
    async fn read(&self, context: &Context) -> anyhow::Result<Option<Reach>> {
        if self.all_domains {
            return Ok(Some(Reach::All));
        }
        if self.domain.is_empty() {
            return Ok(None);
        }
        let mut domains = std::collections::BTreeSet::new();
        for name in &self.domain {
            domains.insert(context.domain(name).await?.id());
        }
        Ok(Some(Reach::Domains(domains)))
    }
}

/// Reads a role.
pub fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "must be owner, editor or auditor".to_owned())
}

/// Runs the command.
pub async fn run(cli: &Cli, command: AdministratorCommand) -> anyhow::Result<()> {
    let context = Context::open(cli).await?;
    match command {
        AdministratorCommand::Create(arguments) => create::run(&context, arguments).await,
        AdministratorCommand::List(arguments) => show::list(&context, arguments).await,
        AdministratorCommand::Show(one) => show::show(&context, &find(&context, &one.name).await?).await,
        AdministratorCommand::Set(arguments) => changes::run(&context, arguments).await,
        AdministratorCommand::Delete(one) => {
            let administrator = find(&context, &one.name).await?;
            context.administrators().delete(&administrator, &context.actor).await.map_err(told)?;
            let name = administrator.username;
            print(context.json, &json!({ "deleted": name }), || format!("Administrator {name} is deleted"))
        }
        AdministratorCommand::EndSessions(one) => {
            let administrator = find(&context, &one.name).await?;
            let which = EndAdministratorSessions::AllBut(None);
            let ended = context.administrators().end_sessions(&administrator, which, &context.actor).await;
            let (ended, name) = (ended.map_err(told)?, administrator.username);
            print(context.json, &json!({ "username": name, "ended": ended }), || {
                format!("{ended} sessions of administrator {name} have ended")
            })
        }
        AdministratorCommand::RemoveSecondFactor(one) => {
            let administrator = find(&context, &one.name).await?;
            context.administrators().remove_second_factor(&administrator, &context.actor).await.map_err(told)?;
            let name = administrator.username;
            print(context.json, &json!({ "username": name, "second_factor": false }), || {
                format!("Administrator {name} logs in with the password alone")
            })
        }
    }
}

/// An administrator by the user name.
async fn find(context: &Context, username: &str) -> anyhow::Result<Administrator> {
    if let Some(known) = context.store.administrator_by_username(username).await? {
        return Ok(known);
    }
    if !context.store.has_administrators().await? {
        bail!("there is no administrator yet; `registrar administrator create` makes one");
    }
    None.with_context(|| format!("there is no administrator {username:?}; `registrar administrator list` lists them"))
}
