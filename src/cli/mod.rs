//! The command line: `registrar serve`, and administration from a shell.

mod administration;
mod administrator;
mod api_token;
mod apply;
mod audit;
mod client;
mod completions;
mod context;
mod doctor;
mod domain;
mod harness;
mod health;
mod initial_token;
mod keys;
mod output;
mod policy;
mod resource;
mod scope;
mod serve;
mod trace;
mod user;
mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use tracing::Subscriber;

use crate::config::{Overrides, Settings};
use administration::Administration;
use values::assignment;

/// Makes a log subscriber the process's own; the library has no process-wide state, so the program does it.
pub type InstallLog = fn(Box<dyn Subscriber + Send + Sync>) -> anyhow::Result<()>;

/// An OAuth 2 / OpenID Connect authorization server whose first job is registration.
#[derive(Debug, Parser)]
#[command(name = "registrar", version, arg_required_else_help = false)]
pub struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command understands.
#[derive(Debug, Args)]
struct Options {
    /// Settings file (default: registrar.toml in the working directory, if there is one)
    #[arg(long, global = true, value_name = "FILE", env = "REGISTRAR_CONFIG")]
    config: Option<PathBuf>,
    /// Sets one setting by its name, such as `limits.form_body_bytes=32768`; may be given several times
    #[arg(long = "set", global = true, value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Database: sqlite:PATH or postgres://…
    #[arg(long, global = true, value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Administer the server under this URL, instead of the database of the settings; http on this machine only
    #[arg(long, global = true, value_name = "URL", env = "REGISTRAR_SERVER", conflicts_with = "database_url")]
    server: Option<String>,
    /// A file with the API token for --server, or '-' for standard input; else `REGISTRAR_API_TOKEN` holds it
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Print results as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (the default)
    Serve(serve::ServeArgs),
    /// Run a server to throw away, in memory, for tests: ready in milliseconds, steered over HTTP
    #[command(args = harness::common_arguments())]
    Harness(harness::HarnessArgs),
    #[command(subcommand)]
    Domain(domain::DomainCommand),
    #[command(subcommand)]
    Client(client::ClientCommand),
    #[command(subcommand)]
    User(user::UserCommand),
    #[command(subcommand)]
    Scope(scope::ScopeCommand),
    #[command(subcommand)]
    Resource(resource::ResourceCommand),
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    #[command(subcommand)]
    InitialToken(initial_token::InitialTokenCommand),
    #[command(subcommand)]
    Administrator(administrator::AdministratorCommand),
    #[command(subcommand)]
    ApiToken(api_token::ApiTokenCommand),
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Bring domains, clients, users, scopes, policies, resources and administrators to the state that a file describes
    Apply(apply::ApplyArgs),
    #[command(subcommand)]
    Trace(trace::TraceCommand),
    /// Print the audit log of a domain as JSON lines
    Audit(audit::AuditArgs),
    /// Look at a server as a client from outside does, and say what is wrong
    Doctor(doctor::DoctorArgs),
    /// Ask the server on this machine whether it may be sent requests
    Health(health::HealthArgs),
    /// Print the completion script of a shell
    Completions(completions::CompletionsArgs),
}

impl Cli {
    /// The settings, with what this command's flags add.
    fn settings(&self, flags: Vec<(String, String)>) -> anyhow::Result<Settings> {
        Settings::load(&self.overrides(flags), environment())
    }

    /// What this command line says of the settings.
    fn overrides(&self, flags: Vec<(String, String)>) -> Overrides {
        let (file, set) = (self.options.config.clone(), self.options.set.clone());
        let mut overrides = Overrides { file, set, ..Overrides::default() };
        overrides = overrides.with("database.url", self.options.database_url.as_ref());
        overrides.set.extend(flags);
        overrides
    }

    /// Does something by the API: on the server that was named, else on the database, which must be there.
    async fn administer(&self, work: impl AsyncFnOnce(&Administration) -> anyhow::Result<()>) -> anyhow::Result<()> {
        self.on(Administration::open(self), work).await
    }

    async fn on(
        &self,
        opened: impl Future<Output = anyhow::Result<Administration>>,
        work: impl AsyncFnOnce(&Administration) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let api = Box::pin(opened).await?;
        let done = Box::pin(work(&api)).await;
        api.close().await;
        done
    }

    /// Whether it is a throw-away server that is asked for.
    pub fn is_harness(&self) -> bool {
        matches!(self.command, Some(Command::Harness(_)))
    }

    /// Runs the command.
    pub async fn run(mut self, install: InstallLog) -> anyhow::Result<()> {
        match self.command.take().unwrap_or_else(|| Command::Serve(serve::ServeArgs::default())) {
            Command::Serve(arguments) => Box::pin(serve::run(&self, arguments, install)).await,
            Command::Harness(arguments) => Box::pin(harness::run(&self, arguments, install)).await,
            Command::Domain(command) if command.creates() => {
                self.on(Administration::open_or_create(&self), async |api| domain::run(api, command).await).await
            }
            Command::Domain(command) => self.administer(async |api| domain::run(api, command).await).await,
            Command::Client(command) => self.administer(async |api| client::run(api, command).await).await,
            Command::User(command) => self.administer(async |api| user::run(api, command).await).await,
            Command::Scope(command) => self.administer(async |api| scope::run(api, command).await).await,
            Command::Resource(command) => self.administer(async |api| resource::run(api, command).await).await,
            Command::Policy(command) => self.administer(async |api| policy::run(api, command).await).await,
            Command::InitialToken(command) => self.administer(async |api| initial_token::run(api, command).await).await,
            Command::Administrator(command) => {
                self.administer(async |api| administrator::run(api, command).await).await
            }
            Command::ApiToken(command) => self.administer(async |api| api_token::run(api, command).await).await,
            Command::Keys(command) => keys::run(&self, command).await,
            Command::Apply(arguments) => apply::run(&self, arguments).await,
            Command::Trace(command) => self.administer(async |api| trace::run(api, command).await).await,
            Command::Audit(arguments) => self.administer(async |api| audit::run(api, arguments).await).await,
            Command::Doctor(arguments) => doctor::run(&self, arguments).await,
            Command::Health(arguments) => health::run(&self, arguments).await,
            Command::Completions(arguments) => completions::run(&arguments),
        }
    }
}

/// The environment, what is not text aside.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}
