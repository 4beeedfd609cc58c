//! `registrar administrator`.

mod changes;
mod create;
mod show;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::administration::{Administration, Answer, path};
use super::output::{print, text};
use crate::model::administrator::Role;
use crate::model::user::fold;

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
    /// The domains that the flags name, where they name any.
    async fn domains(&self, api: &Administration) -> anyhow::Result<Option<&[String]>> {
        for name in &self.domain {
            api.domain(name).await?;
        }
        Ok(Some(self.domain.as_slice()).filter(|domains| !domains.is_empty()))
    }
}

/// Reads a role.
pub fn role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| "must be owner, editor or auditor".to_owned())
}

/// Runs the command.
pub async fn run(api: &Administration, command: AdministratorCommand) -> anyhow::Result<()> {
    match command {
        AdministratorCommand::Create(arguments) => create::run(api, arguments).await,
        AdministratorCommand::List(arguments) => show::list(api, &arguments).await,
        AdministratorCommand::Show(one) => show::show(api, find(api, &one.name).await?).await,
        AdministratorCommand::Set(arguments) => changes::run(api, arguments).await,
        AdministratorCommand::Delete(one) => {
            let (path, one) = read(api, &one.name).await?;
            api.delete(&path, Some(&one)).await?;
            let name = text(&one.body["username"]);
            print(api.json, &json!({ "deleted": name }), || format!("Administrator {name} is deleted"))
        }
        AdministratorCommand::EndSessions(one) => {
            let one = find(api, &one.name).await?;
            let path = path_of(&one, &["sessions"]);
            let sessions = api.items(&path).await?.len();
            api.delete(&path, None).await?;
            let name = text(&one["username"]);
            print(api.json, &json!({ "username": name, "ended": sessions }), || {
                format!("All sessions of administrator {name} have ended: {sessions}")
            })
        }
        AdministratorCommand::RemoveSecondFactor(one) => {
            let one = find(api, &one.name).await?;
            api.delete(&path_of(&one, &["second-factor"]), None).await?;
            let name = text(&one["username"]);
            print(api.json, &json!({ "username": name, "second_factor": false }), || {
                format!("Administrator {name} logs in with the password alone")
            })
        }
    }
}

/// An administrator by the user name.
async fn find(api: &Administration, username: &str) -> anyhow::Result<Value> {
    let all = api.items(&path(&["administrators"])).await?;
    if all.is_empty() {
        bail!("there is no administrator yet; `registrar administrator create` makes one");
    }
    let wanted = fold(username);
    let found = all.into_iter().find(|one| one["username"].as_str().map(fold).as_ref() == Some(&wanted));
    found.with_context(|| format!("there is no administrator {username:?}; `registrar administrator list` lists them"))
}

/// The path of an administrator, and what is below.
fn path_of(one: &Value, more: &[&str]) -> String {
    let id = text(&one["id"]);
    path(&[&["administrators", &id], more].concat())
}

/// An administrator to be changed, with the path and the version.
async fn read(api: &Administration, username: &str) -> anyhow::Result<(String, Answer)> {
    let path = path_of(&find(api, username).await?, &[]);
    let one = api.get(&path).await?;
    Ok((path, one))
}
