//! `registrar client`.

mod create;
mod fields;
mod life;
mod set;
mod show;

use anyhow::Context as _;
use clap::Subcommand;

use super::administration::{Administration, Answer, in_domain};
use crate::model::client_id_document::is_document_id;

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
pub async fn run(api: &Administration, command: ClientCommand) -> anyhow::Result<()> {
    match command {
        ClientCommand::Create(arguments) => create::run(api, *arguments).await,
        ClientCommand::List(arguments) => show::list(api, arguments).await,
        ClientCommand::Show(one) => show::show(api, &one, read(api, &one).await?.body).await,
        ClientCommand::Set(arguments) => set::run(api, *arguments).await,
        ClientCommand::Suspend(one) => life::turn(api, &one, "suspend").await,
        ClientCommand::Resume(one) => life::turn(api, &one, "resume").await,
        ClientCommand::Approve(one) => life::turn(api, &one, "approve").await,
        ClientCommand::Delete(one) => life::delete(api, &one).await,
        ClientCommand::Restore(one) => life::restore(api, &one).await,
        ClientCommand::Renew(arguments) => life::renew(api, arguments).await,
        ClientCommand::EndSecret(arguments) => life::end_secret(api, arguments).await,
        ClientCommand::Reassign(arguments) => life::reassign(api, arguments).await,
    }
}

/// The path of a client, and what is below.
fn path_of(one: &One, more: &[&str]) -> String {
    in_domain(&one.domain, &[&["clients", &one.id], more].concat())
}

/// A client, deleted ones too.
async fn read(api: &Administration, one: &One) -> anyhow::Result<Answer> {
    let One { domain, id } = one;
    api.find(&path_of(one, &[])).await?.with_context(|| {
        if is_document_id(id) {
            return format!(
                "{id} is a metadata document, which is not registered; to keep it out, add it to the list: `registrar domain set {domain} client_document_denied_hosts={id}`"
            );
        }
        format!("domain {domain} has no client {id:?}; `registrar client list {domain}` lists them")
    })
}
