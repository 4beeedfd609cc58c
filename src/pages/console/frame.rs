//! What every page of the console shows around its own content: who one is, where one is, where one may go.

use crate::model::administrator::Role;
use crate::pages::{Claimed, Href};

/// The frame of a console page. [`ConsoleFrame::new`] fills in what a page without a domain needs.
#[derive(Debug, Clone)]
pub struct ConsoleFrame {
    /// The administrator's user name.
    pub person: Claimed,
    /// What they may do.
    pub role: Role,
    /// The name of the domain that the page is about; `None` on the server's own pages.
    pub domain: Option<String>,
    /// The names of the domains within reach, in the order of the switcher.
    pub domains: Vec<String>,
    /// The part of the console that the page belongs to; it is marked in the navigation.
    pub section: Section,
    /// The way from the section to this page, the page itself last; empty on the section's first page.
    pub trail: Vec<Crumb>,
    /// One sentence above the content: what has just been done, or what to know first.
    pub notice: Option<Notice>,
    /// Whether the person may change what the page shows; without it pages offer no forms.
    pub may_edit: bool,
    /// Whether the person is an owner, and so sees administrators, API tokens and the server's audit log.
    pub is_owner: bool,
    /// What a form that makes something sends back, so that it counts once; drawn anew with each page.
    pub once: String,
}

/// One step of the way to a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crumb {
    /// What it is called.
    pub text: Claimed,
    /// Where it leads; `None`: it is this page.
    pub href: Option<Href>,
}

/// What a frame says above the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// How it is meant.
    pub kind: NoticeKind,
    /// The sentence.
    pub text: String,
}

/// How a notice or a callout is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// Something was done.
    Done,
    /// Something to know.
    Info,
    /// Something that may go wrong.
    Risk,
    /// Something went wrong; read out at once.
    Error,
}

impl NoticeKind {
    /// The kind as the stylesheet and `parts.html` write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Info => "info",
            Self::Risk => "risk",
            Self::Error => "error",
        }
    }
}

/// A part of the console, one entry of its navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// A domain at a glance.
    Overview,
    /// A domain's clients.
    Applications,
    /// A domain's resources.
    McpServers,
    /// A domain's users.
    Users,
    /// Who may register, and what: policies, initial access tokens, software statements.
    Registration,
    /// How people log in and sign up.
    Login,
    /// A domain's signing keys.
    Keys,
    /// A domain's scopes.
    Scopes,
    /// What was changed in a domain, and what was refused.
    Audit,
    /// Login attempts, step by step.
    Traces,
    /// A domain's other settings.
    Settings,
    /// Every domain within reach.
    Domains,
    /// Who administers.
    Administrators,
    /// What programs administer.
    ApiTokens,
    /// What was changed on the server.
    ServerAudit,
    /// The administrator's own account.
    Account,
}

/// The navigation of a domain: headings and what stands below them.
const OF_A_DOMAIN: [(&str, &[Section]); 3] = [
    ("Manage", &[Section::Overview, Section::Applications, Section::McpServers, Section::Users]),
    ("Rules", &[Section::Registration, Section::Login, Section::Scopes, Section::Keys, Section::Settings]),
    ("Watch", &[Section::Traces, Section::Audit]),
];

/// The navigation of the server, for owners.
const OF_THE_SERVER: [Section; 4] =
    [Section::Domains, Section::Administrators, Section::ApiTokens, Section::ServerAudit];

impl Section {
    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Applications => "Applications",
            Self::McpServers => "MCP servers",
            Self::Users => "Users",
            Self::Registration => "Registration",
            Self::Login => "Login",
            Self::Keys => "Keys",
            Self::Scopes => "Scopes",
            Self::Audit => "Audit log",
            Self::Traces => "Login attempts",
            Self::Settings => "Settings",
            Self::Domains => "Domains",
            Self::Administrators => "Administrators",
            Self::ApiTokens => "API tokens",
            Self::ServerAudit => "Server audit log",
            Self::Account => "Your account",
        }
    }

    /// Its segment of the path.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Overview => "",
            Self::Applications => "applications",
            Self::McpServers => "mcp-servers",
            Self::Users => "users",
            Self::Registration => "registration",
            Self::Login => "login",
            Self::Keys => "keys",
            Self::Scopes => "scopes",
            Self::Audit | Self::ServerAudit => "audit",
            Self::Traces => "traces",
            Self::Settings => "settings",
            Self::Domains => "domains",
            Self::Administrators => "administrators",
            Self::ApiTokens => "api-tokens",
            Self::Account => "account",
        }
    }

    /// The icon beside its name.
    pub fn icon(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Applications => "application",
            Self::McpServers => "server",
            Self::Users => "people",
            Self::Registration => "register",
            Self::Login => "door",
            Self::Keys => "key",
            Self::Scopes => "scope",
            Self::Audit | Self::ServerAudit => "log",
            Self::Traces => "trace",
            Self::Settings => "settings",
            Self::Domains => "domain",
            Self::Administrators => "shield",
            Self::ApiTokens => "token",
            Self::Account => "person",
        }
    }

    /// Whether it is a part of a domain.
    pub fn is_of_a_domain(self) -> bool {
        OF_A_DOMAIN.iter().any(|(_, sections)| sections.contains(&self))
    }

    /// Its address, in a domain where it is a part of one.
    pub fn path(self, domain: &str) -> String {
        match (self.is_of_a_domain(), self.slug()) {
            (true, "") => format!("/console/domains/{domain}"),
            (true, slug) => format!("/console/domains/{domain}/{slug}"),
            (false, slug) => format!("/console/{slug}"),
        }
    }
}

impl ConsoleFrame {
    /// The frame of a page of the server's own, without trail and notice.
    pub fn new(person: impl Into<Claimed>, role: Role, section: Section) -> Self {
        Self {
            person: person.into(),
            role,
            domain: None,
            domains: Vec::new(),
            section,
            trail: Vec::new(),
            notice: None,
            may_edit: role >= Role::Editor,
            is_owner: role == Role::Owner,
            once: String::new(),
        }
    }

    /// The same frame around a page of a domain.
    #[must_use]
    pub fn in_domain(self, domain: impl Into<String>) -> Self {
        Self { domain: Some(domain.into()), ..self }
    }

    /// The same frame with the domains within reach.
    #[must_use]
    pub fn with_domains(self, domains: Vec<String>) -> Self {
        Self { domains, ..self }
    }

    /// The same frame one step further down, on a page of its own address.
    #[must_use]
    pub fn below(mut self, text: impl Into<Claimed>, href: impl Into<Href>) -> Self {
        self.trail.push(Crumb { text: text.into(), href: Some(href.into()) });
        self
    }

    /// The same frame on the page at the end of the trail.
    #[must_use]
    pub fn at(mut self, text: impl Into<Claimed>) -> Self {
        self.trail.push(Crumb { text: text.into(), href: None });
        self
    }

    /// The same frame with a notice.
    #[must_use]
    pub fn with_notice(self, kind: NoticeKind, text: impl Into<String>) -> Self {
        Self { notice: Some(Notice { kind, text: text.into() }), ..self }
    }

    /// The name of the domain, empty on the server's own pages.
    pub fn domain_name(&self) -> &str {
        self.domain.as_deref().unwrap_or_default()
    }

    /// The navigation of the domain, by headings.
    pub fn of_the_domain(&self) -> &'static [(&'static str, &'static [Section])] {
        if self.domain.is_some() { &OF_A_DOMAIN } else { &[] }
    }

    /// The navigation of the server, as far as the person may see it.
    pub fn of_the_server(&self) -> &'static [Section] {
        if self.is_owner { &OF_THE_SERVER } else { &OF_THE_SERVER[..1] }
    }

    /// Where a part of the console is found.
    pub fn href(&self, section: &Section) -> String {
        section.path(self.domain_name())
    }

    /// The address of something in the page's domain: `applications/new`.
    pub fn under(&self, path: &str) -> String {
        format!("/console/domains/{}/{path}", self.domain_name())
    }

    /// Where the switcher leads: the same part of another domain.
    pub fn elsewhere(&self, domain: &str) -> String {
        let section = if self.section.is_of_a_domain() { self.section } else { Section::Overview };
        section.path(domain)
    }

    /// Whether the page is the administrator's own account.
    pub fn is_account(&self) -> bool {
        self.section == Section::Account
    }

    /// Whether the page is the first of its section.
    pub fn is_first_of_section(&self) -> bool {
        self.trail.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_domain_stand_below_it() {
        assert_eq!(Section::Overview.path("main"), "/console/domains/main");
        assert_eq!(Section::McpServers.path("main"), "/console/domains/main/mcp-servers");
        assert_eq!(Section::Audit.path("main"), "/console/domains/main/audit");
        assert_eq!(Section::ServerAudit.path(""), "/console/audit");
        assert_eq!(Section::Account.path("main"), "/console/account");
    }

    #[test]
    fn only_owners_see_what_is_the_servers() {
        let frame = |role| ConsoleFrame::new("ada", role, Section::Domains);
        assert_eq!(frame(Role::Editor).of_the_server(), [Section::Domains]);
        assert!(frame(Role::Owner).of_the_server().contains(&Section::Administrators));
        assert!(!frame(Role::Auditor).may_edit && frame(Role::Editor).may_edit && !frame(Role::Editor).is_owner);
    }

    #[test]
    fn the_switcher_keeps_the_part_of_the_console() {
        let frame = ConsoleFrame::new("ada", Role::Owner, Section::Keys).in_domain("main");
        assert_eq!(frame.elsewhere("other"), "/console/domains/other/keys");
        assert_eq!(ConsoleFrame { section: Section::Account, ..frame }.elsewhere("other"), "/console/domains/other");
    }
}
