//! The list of domains, and a new one.

use askama::Template;

use super::frame::ConsoleFrame;
use super::parts::{Choice, Column};
use super::showing::{Copyable, WizardStep};
use crate::pages::{Claimed, Href, Moment};

/// `/console/domains`.
#[derive(Debug, Clone, Template)]
#[template(path = "console/domains.html")]
pub struct Domains {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// What was searched for.
    pub search: String,
    /// The domains within reach that fit the search.
    pub rows: Vec<DomainRow>,
}

impl Domains {
    /// The headings of the table.
    pub fn columns(&self) -> Vec<Column> {
        vec![
            Column::new("Domain"),
            Column::number("Applications"),
            Column::number("Users"),
            Column::number("MCP servers"),
            Column::new("Registration"),
            Column::new("Created"),
        ]
    }
}

/// A domain in the list.
#[derive(Debug, Clone)]
pub struct DomainRow {
    /// Its name, a segment of paths.
    pub name: String,
    /// Its issuer.
    pub issuer: Claimed,
    /// Its applications, as people read the number.
    pub applications: String,
    /// Its users.
    pub users: String,
    /// Its MCP servers.
    pub mcp_servers: String,
    /// Who may register there: "gateway", "open"; empty: nobody.
    pub registration: Vec<&'static str>,
    /// When it was made.
    pub created: Moment,
}

/// `/console/domains/new`, in two steps that work without script. `Check` posts `name` and `preset` to `action` with
/// `step=check`; the answer is the same page with `preview`, whose form posts both again with `step=create`.
#[derive(Debug, Clone, Template)]
#[template(path = "console/new_domain.html")]
pub struct NewDomain {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// Where the forms are posted.
    pub action: Href,
    /// The name as typed; it becomes a segment of every URL of the domain and cannot be changed later.
    pub name: String,
    /// What it is for.
    pub presets: Vec<Choice>,
    /// What is wrong with the name.
    pub name_error: Option<String>,
    /// What the domain would be; `None`: it is still to be named.
    pub preview: Option<DomainPreview>,
}

impl NewDomain {
    /// The value and the name of the preset that is chosen.
    pub fn chosen(&self) -> (&str, &str) {
        let chosen = self.presets.iter().find(|choice| choice.chosen);
        chosen.map_or(("", ""), |choice| (choice.value.as_str(), choice.label.as_str()))
    }

    /// Where one is.
    pub fn steps(&self) -> Vec<WizardStep> {
        WizardStep::all(&["Name", "Check"], usize::from(self.preview.is_some()))
    }
}

/// What a domain will be once it is made.
#[derive(Debug, Clone)]
pub struct DomainPreview {
    /// The issuer.
    pub issuer: String,
    /// The discovery document.
    pub discovery: String,
    /// The registration endpoint.
    pub registration: String,
    /// The values that APIM's client registration provider asks for, with APIM's own names of the fields.
    pub apim: Vec<(&'static str, String)>,
}

impl DomainPreview {
    /// The addresses, to be copied.
    pub fn addresses(&self) -> Vec<Copyable> {
        vec![
            Copyable::new("issuer", "Issuer", &self.issuer),
            Copyable::new("discovery", "Discovery", &self.discovery),
            Copyable::new("registration", "Client registration", &self.registration),
        ]
    }
}
