//! `registrar client`.

mod create;
mod fields;
mod life;
mod set;
mod show;

use clap::Subcommand;

use super::Cli;
use super::context::Context;

/// Clients of a domain: the applications that get tokens
#[derive(Debug, Subcommand)]
pub enum ClientCommand {
    /// Create a client; a generated secret is printed this once
    Create(Box<create::CreateArgs>),
    /// List the clients, oldest first; deleted ones only when asked for by their status
    List(show::ListArgs),
    /// Show a client: metadata, settings, its secrets' ages, when it was used last
    Show(One),
    /// Change a client's metadata and settings
    Set(Box<set::SetArgs>),
    /// Suspend a client and end its tokens
    Suspend(One),
    /// Let a suspended client go on
    Resume(One),
    /// Approve a client that waits for it
    Approve(One),
    /// Delete a client and end its tokens; an openly registered public one stays blocked until restored
    Delete(One),
    /// Lift the block on a deleted openly registered public client
    Restore(One),
    /// Give a client another secret, printed this once; those before live on for the grace
    Renew(life::RenewArgs),
    /// End one secret of a client at once
    EndSecret(life::EndSecretArgs),
    /// Hand a client that a gateway registered to another gateway registrar
    Reassign(life::ReassignArgs),
}

/// A client of a domain.
#[derive(Debug, clap::Args)]
pub struct One {
    /// The domain
    pub domain: String,
    /// The client's id
    #[arg(value_name = "CLIENT_ID")]
    pub id: String,
}

/// Runs the command.
pub async fn run(cli: &Cli, command: ClientCommand) -> anyhow::Result<()> {
    let context = Context::open(cli).await?;
    match command {
        ClientCommand::Create(arguments) => create::run(&context, *arguments).await,
        ClientCommand::List(arguments) => show::list(&context, arguments).await,
        ClientCommand::Show(one) => show::show(&context, &one).await,
        ClientCommand::Set(arguments) => set::run(&context, *arguments).await,
        ClientCommand::Suspend(one) => life::turn(&context, &one, life::SUSPEND).await,
        ClientCommand::Resume(one) => life::turn(&context, &one, life::RESUME).await,
        ClientCommand::Approve(one) => life::turn(&context, &one, life::APPROVE).await,
        ClientCommand::Delete(one) => life::delete(&context, &one).await,
        ClientCommand::Restore(one) => life::restore(&context, &one).await,
        ClientCommand::Renew(arguments) => life::renew(&context, arguments).await,
        ClientCommand::EndSecret(arguments) => life::end_secret(&context, arguments).await,
        ClientCommand::Reassign(arguments) => life::reassign(&context, arguments).await,
    }
}
