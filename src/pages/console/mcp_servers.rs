//! The pages about MCP servers: the list, a new one, and the pages of each.

use askama::Template;

use super::frame::ConsoleFrame;
use super::parts::{Choice, Column, DurationInput, FieldProblem, Tab};
use super::showing::{Copyable, Outcome, WizardStep};
use crate::pages::{Claimed, Href, Moment};

/// The list of MCP servers.
#[derive(Debug, Clone, Template)]
#[template(path = "console/mcp_servers.html")]
pub struct McpServers {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// What was searched for.
    pub search: String,
    /// What was found.
    pub rows: Vec<McpServerRow>,
}

/// A row of the list.
#[derive(Debug, Clone)]
pub struct McpServerRow {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: Claimed,
    /// Where it is reached.
    pub identifiers: Vec<Claimed>,
    /// Its scopes; empty: all of the domain's.
    pub scopes: Claimed,
    /// Whether it has credentials.
    pub introspects: bool,
    /// When it was made.
    pub created: Moment,
}

impl McpServers {
    /// The columns.
    pub fn columns(&self) -> Vec<Column> {
        ["MCP server", "Scopes", "Credentials", "Created"].map(Column::new).to_vec()
    }
}

/// What a form about an MCP server holds.
#[derive(Debug, Clone, Default)]
pub struct McpServerForm {
    /// Its name.
    pub name: String,
    /// Its identifiers, one in each line.
    pub identifiers: String,
    /// Whether an identifier also stands for everything below it.
    pub prefix_match: bool,
    /// The domain's scopes, its own chosen.
    pub scopes: Vec<Choice>,
    /// What may sign its tokens.
    pub algorithms: Vec<Choice>,
    /// Lifetime of its tokens; empty: the domain's.
    pub lifetime: DurationInput,
    /// What has to be corrected.
    pub errors: McpServerErrors,
}

impl McpServerForm {
    /// What the summary above the form lists.
    pub fn problems(&self) -> Vec<FieldProblem> {
        FieldProblem::among(&[
            ("name", "Name", &self.errors.name),
            ("identifiers", "URLs", &self.errors.identifiers),
            ("scopes", "Scopes", &self.errors.scopes),
            ("lifetime", "Tokens live for", &self.errors.lifetime),
        ])
    }
}

/// What has to be corrected in a form about an MCP server.
#[derive(Debug, Clone, Default)]
pub struct McpServerErrors {
    /// In the form as a whole.
    pub form: Option<String>,
    /// In the name.
    pub name: Option<String>,
    /// In the identifiers.
    pub identifiers: Option<String>,
    /// In the scopes.
    pub scopes: Option<String>,
    /// In the lifetime.
    pub lifetime: Option<String>,
}

/// A new MCP server: the form, and then what is told this once.
#[derive(Debug, Clone, Template)]
#[template(path = "console/new_mcp_server.html")]
pub struct NewMcpServer {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// Where the form is posted.
    pub action: Href,
    /// What was typed.
    pub form: McpServerForm,
    /// Whether credentials are wanted.
    pub credentials: bool,
    /// What was made, once it is.
    pub made: Option<MadeMcpServer>,
}

impl NewMcpServer {
    /// Where one is.
    pub fn steps(&self) -> Vec<WizardStep> {
        WizardStep::all(&["Describe", "Set up"], usize::from(self.made.is_some()))
    }
}

/// An MCP server just made.
#[derive(Debug, Clone)]
pub struct MadeMcpServer {
    /// Its page.
    pub href: Href,
    /// Its name.
    pub name: Claimed,
    /// What is told this once.
    pub secret: Option<NewSecret>,
    /// What it has to serve.
    pub documents: Vec<ServedDocument>,
    /// What a gateway in front of it is filled with.
    pub gateway: Vec<Copyable>,
}

/// Credentials whose secret is shown this once.
#[derive(Debug, Clone)]
pub struct NewSecret {
    /// The client.
    pub client_id: String,
    /// Its secret.
    pub secret: String,
}

/// What has to be served for one identifier.
#[derive(Debug, Clone)]
pub struct ServedDocument {
    /// Its place in the list, for the ids of the page.
    pub number: usize,
    /// The identifier.
    pub identifier: Claimed,
    /// Where the document stands; `None`: no client finds it from there.
    pub url: Option<String>,
    /// The document.
    pub document: String,
    /// The `WWW-Authenticate` header.
    pub challenge: Option<String>,
}

/// The pages of one MCP server.
#[derive(Debug, Clone, Template)]
#[template(path = "console/mcp_server.html")]
pub struct McpServer {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// Its name.
    pub name: Claimed,
    /// Its first identifier.
    pub lead: Claimed,
    /// Its pages.
    pub tabs: Vec<Tab>,
    /// Where the forms of this page are posted.
    pub action: Href,
    /// What this page shows.
    pub view: McpServerView,
}

/// What a page of an MCP server shows.
#[derive(Debug, Clone)]
pub enum McpServerView {
    /// What may be changed.
    General {
        /// The version that is shown.
        version: i64,
        /// What it is.
        form: McpServerForm,
        /// Its identifier.
        id: String,
        /// When it was made.
        created: Moment,
        /// Why it was not deleted.
        delete_error: Option<String>,
    },
    /// What it introspects with.
    Credentials {
        /// The client, if it has credentials.
        client_id: Option<String>,
        /// The client's page.
        href: Href,
        /// What is told this once.
        secret: Option<NewSecret>,
        /// Where tokens are introspected.
        introspection: String,
        /// How long the secrets before a new one live on beside it.
        overlaps: Vec<Choice>,
        /// What was wrong with the overlap.
        error: Option<String>,
    },
    /// Who holds tokens for it.
    Connections {
        /// Clients that act for themselves.
        machines: Vec<ConnectedMachine>,
        /// People and their clients.
        people: Vec<ConnectedPerson>,
        /// Where the list goes on.
        older: Option<Href>,
        /// Why a client was not let in.
        error: Option<String>,
    },
    /// What it has to serve.
    Metadata {
        /// For each identifier.
        documents: Vec<ServedDocument>,
        /// What a gateway in front of it is filled with.
        gateway: Vec<Copyable>,
    },
    /// The way of a client, step by step.
    Test {
        /// What was seen, once it was tried.
        steps: Vec<TestedStep>,
    },
}

/// A client that may have tokens by client credentials.
#[derive(Debug, Clone)]
pub struct ConnectedMachine {
    /// Its id.
    pub client_id: String,
    /// Its page.
    pub href: Href,
    /// Its name.
    pub name: Claimed,
}

/// A person and the client that acts for them.
#[derive(Debug, Clone)]
pub struct ConnectedPerson {
    /// The client's id.
    pub client_id: String,
    /// The client's name.
    pub client: Claimed,
    /// The person's id.
    pub user_id: String,
    /// The person's page.
    pub href: Href,
    /// What the person logs in with.
    pub username: Claimed,
    /// What was allowed.
    pub scope: Claimed,
    /// When.
    pub granted: Moment,
    /// When a token was last issued.
    pub last_used: Moment,
}

/// A step of the test.
#[derive(Debug, Clone)]
pub struct TestedStep {
    /// What it is called.
    pub title: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// What was seen.
    pub seen: Claimed,
    /// What to do.
    pub remedy: Option<Claimed>,
}

impl McpServer {
    /// The columns of machines.
    pub fn machine_columns(&self) -> Vec<Column> {
        let mut columns = vec![Column::new("Application")];
        if self.frame.may_edit {
            columns.push(Column::new("Take back"));
        }
        columns
    }

    /// The columns of people.
    pub fn people_columns(&self) -> Vec<Column> {
        let mut columns = ["Person", "Application", "Allowed", "Since", "Last token"].map(Column::new).to_vec();
        if self.frame.may_edit {
            columns.push(Column::new("End"));
        }
        columns
    }
}
