//! An application: what it is, its addresses, scopes, secrets, registration and history, each on a page of its own.

use askama::Template;

use super::form::OwnSecret;
use super::frame::ConsoleFrame;
use super::parts::{Badge, Choice, Column, DurationInput, FieldProblem, Tab};
use super::showing::Copyable;
use crate::pages::{Claimed, Href, Moment};

/// What every page of an application shows.
#[derive(Debug, Clone)]
pub struct ApplicationHead {
    /// Its name, empty if it has none.
    pub name: Claimed,
    /// Its client id.
    pub client_id: String,
    /// What it is and whether it may be used.
    pub badges: Vec<Badge>,
    /// Its pages.
    pub tabs: Vec<Tab>,
    /// Where it is; its other pages are below.
    pub at: Href,
    /// Counts its changes; a form that saves sends it along.
    pub version: i64,
}

impl ApplicationHead {
    /// The name, or the client id of one without a name.
    pub fn title(&self) -> Claimed {
        if self.name.is_empty() { self.client_id.as_str().into() } else { self.name.clone() }
    }
}

/// What is wrong with fields: the field, and a sentence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldErrors(pub Vec<(&'static str, String)>);

impl FieldErrors {
    /// What is wrong with a field; `""` is the form.
    pub fn of(&self, field: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| *known == field).map(|(_, sentence)| sentence.clone())
    }
}

impl ApplicationForm {
    /// What the summary above the form lists.
    fn problems(&self) -> Vec<FieldProblem> {
        let labels = [
            ("client_name", "Name"),
            ("redirect_uris", "Redirect URIs"),
            ("post_logout_redirect_uris", "Redirect URIs after logout"),
            ("grant_types", "Grants"),
            ("token_endpoint_auth_method", "Authentication"),
            ("access_token_lifetime", "Access token lifetime"),
            ("template", "Template slug"),
            ("registrar_policy", "Policy for what it registers"),
        ];
        labels
            .into_iter()
            .filter_map(|(id, title)| Some(FieldProblem { id, title, told: self.errors.of(id)? }))
            .collect()
    }
}

/// `…/{client_id}`: what it is, and what may be changed of it.
#[derive(Debug, Clone, Template)]
#[template(path = "console/application.html")]
pub struct ApplicationGeneral {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// What every page of an application shows.
    pub head: ApplicationHead,
    /// How it came to be, by whom.
    pub origin: Claimed,
    /// When it was made.
    pub created: Moment,
    /// When it last changed.
    pub updated: Moment,
    /// When it last got a token.
    pub last_used: Option<Moment>,
    /// Whether it is deleted, so that nothing but its traces are left.
    pub deleted: bool,
    /// The steps that may be taken: the action, what the button says, the question it asks first.
    pub steps: Vec<(&'static str, &'static str, &'static str)>,
    /// The form, as it is in force or as it was typed.
    pub form: ApplicationForm,
    /// Other members of the metadata: the member and its value as JSON.
    pub others: Vec<(Claimed, Claimed)>,
    /// The gateways it may be handed to; empty: it is not one that a gateway registered, or there is no other.
    pub registrars: Vec<Choice>,
}

/// What may be changed of an application.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a box of its own on the page")]
pub struct ApplicationForm {
    /// Whether its metadata can be changed: that of a client whose id stands for it cannot.
    pub metadata: bool,
    /// `client_name`
    pub name: String,
    /// `redirect_uris`, one in each line.
    pub redirect_uris: String,
    /// `post_logout_redirect_uris`, one in each line.
    pub post_logout_redirect_uris: String,
    /// `grant_types`
    pub grants: Vec<Choice>,
    /// `token_endpoint_auth_method`
    pub methods: Vec<Choice>,
    /// Whether an administrator vouches for it.
    pub trusted: bool,
    /// Whether PKCE is required of it.
    pub require_pkce: bool,
    /// Whether it may introspect tokens of others.
    pub may_introspect: bool,
    /// Lifetime of its access tokens, empty for the domain's.
    pub access_token_lifetime: DurationInput,
    /// The slug under which registrations name it as their template.
    pub template: String,
    /// The policies that may bind what it registers; empty: it is no gateway registrar.
    pub registrar_policies: Vec<Choice>,
    /// What is wrong.
    pub errors: FieldErrors,
}

/// `…/endpoints`: where it sends what.
#[derive(Debug, Clone, Template)]
#[template(path = "console/application_endpoints.html")]
pub struct ApplicationEndpoints {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// What every page of an application shows.
    pub head: ApplicationHead,
    /// The addresses by what they are for.
    pub groups: Vec<(&'static str, &'static str, Vec<Copyable>)>,
}

/// `…/scopes`: what an administrator granted, and what it registered.
#[derive(Debug, Clone, Template)]
#[template(path = "console/application_scopes.html")]
pub struct ApplicationScopes {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// What every page of an application shows.
    pub head: ApplicationHead,
    /// The scopes of the domain, and whether each is granted.
    pub scopes: Vec<ScopeRow>,
    /// The scopes it registered, and whether each is one of the domain.
    pub registered: Vec<(Claimed, bool)>,
    /// What is wrong.
    pub error: Option<String>,
}

/// A scope of the domain.
#[derive(Debug, Clone)]
pub struct ScopeRow {
    /// Its key, label and description.
    pub choice: Choice,
    /// Whether a token request that names no scope gets it.
    pub default: bool,
}

/// `…/secrets`: what there is of them, without themselves.
#[derive(Debug, Clone, Template)]
#[template(path = "console/application_secrets.html")]
pub struct ApplicationSecrets {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// What every page of an application shows.
    pub head: ApplicationHead,
    /// Whether it authenticates with a secret at all.
    pub has_secret: bool,
    /// Its secrets, the current one first.
    pub rows: Vec<SecretRow>,
    /// How long those before it live on beside a new one.
    pub graces: Vec<Choice>,
    /// A secret of one's own.
    pub own_secret: OwnSecret,
    /// What is wrong otherwise.
    pub error: Option<String>,
}

/// A secret.
#[derive(Debug, Clone)]
pub struct SecretRow {
    /// Its identifier.
    pub id: String,
    /// Current, superseded, ended.
    pub state: Badge,
    /// When it was made.
    pub created: Moment,
    /// When it ends.
    pub expires: Option<Moment>,
    /// When it was last used.
    pub last_used: Option<Moment>,
}

impl ApplicationSecrets {
    /// The headings of the table.
    pub fn columns(&self) -> Vec<Column> {
        let ends = if self.frame.may_edit { "Action" } else { "" };
        ["Secret", "State", "Created", "Ends", "Last used", ends]
            .into_iter()
            .filter(|t| !t.is_empty())
            .map(Column::new)
            .collect()
    }
}
