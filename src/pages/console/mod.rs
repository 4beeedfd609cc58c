//! The pages of the administration console.
//!
//! # Design
//! As every page: a struct of plain data and a template of the same name, here in `templates/console/`. A page of the
//! console has a field `frame`, extends `console/layout.html` and is made of the parts of `console/parts.html`, whose
//! data is in `parts.rs`. It works without script; `assets/console.js` adds copying, lists that follow, and narrowing.

mod account;
mod administrators;
mod api_tokens;
mod application;
#[cfg(test)]
mod application_samples;
mod application_story;
mod applications;
mod audit;
mod chart;
mod confirm;
mod domains;
mod dry_run;
mod form;
mod frame;
mod icons;
mod keys;
mod login;
mod login_settings;
mod mcp_servers;
mod new_application;
mod overview;
mod parts;
#[cfg(test)]
mod people_samples;
mod problem;
mod qr;
#[cfg(test)]
mod resource_samples;
mod rows;
#[cfg(test)]
mod secret_samples;
mod showing;
mod table;
#[cfg(test)]
mod tests;
mod traces;
mod users;

pub use account::{Account, AccountErrors, Enrolment, SecondFactorState, Session};
pub use administrators::{AdministratorForm, AdministratorPage, AdministratorRow, Administrators, NewAdministrator};
pub use api_tokens::{ApiTokenRow, ApiTokens};
pub use application::{
    ApplicationEndpoints, ApplicationForm, ApplicationGeneral, ApplicationHead, ApplicationScopes, ApplicationSecrets,
    FieldErrors, ScopeRow, SecretRow,
};
pub use application_story::{ActivityEvent, ApplicationActivity, ApplicationRegistration, DriftRow};
pub use applications::{ApplicationRow, Applications, ApplicationsOutcome, ApplicationsTable};
pub use audit::{Audit, AuditAsked, AuditChange, AuditRow, Named};
pub use chart::{Bar, Chart, Series, Shape};
pub use confirm::Confirm;
pub use domains::{DomainPreview, DomainRow, Domains, NewDomain};
pub use dry_run::{DryRun, Foretold};
pub use form::{FormField, FormGroup, FormInput, FormPage, OwnSecret, PresetCard};
pub use frame::{ConsoleFrame, Crumb, Notice, NoticeKind, Section};
pub use icons::icon;
pub use keys::{KeyRow, Keys};
pub use login::{Login, SecondFactor};
pub use login_settings::{LoginErrors, LoginSettings, LookPreview};
pub use mcp_servers::{
    ConnectedMachine, ConnectedPerson, MadeMcpServer, McpServer, McpServerErrors, McpServerForm, McpServerRow,
    McpServerView, McpServers, NewMcpServer, NewSecret, ServedDocument, TestedStep,
};
pub use new_application::{ApplicationMade, NewApplication, NewApplicationDetails};
pub use overview::{Expiring, NextStep, Origin, Overview, Refusal, percentages};
pub use parts::{Badge, BadgeKind, Choice, Column, DurationInput, FieldProblem, Order, Pager, Tab, Total, grouped};
pub use problem::{Conflict, Problem};
pub use qr::QrCode;
pub use rows::labelled;
pub use showing::{Copyable, Outcome, Stat, WizardStep};
pub use table::{Cell, RowButton, TablePage, TableRow, TokenMade};
pub use traces::{Trace, TraceEntry, TraceRow, Traces};
pub use users::{Invite, NewUser, ShownLink, User, UserApplication, UserErrors, UserForm, UserRow, UserSession, Users};

use super::{Page, pages, rendered};

pages![
    Account,
    AdministratorPage,
    Administrators,
    ApiTokens,
    ApplicationActivity,
    ApplicationEndpoints,
    ApplicationGeneral,
    ApplicationMade,
    ApplicationRegistration,
    ApplicationScopes,
    ApplicationSecrets,
    Applications,
    ApplicationsOutcome,
    ApplicationsTable,
    Audit,
    Confirm,
    Conflict,
    Domains,
    DryRun,
    FormPage,
    Invite,
    Keys,
    Login,
    LoginSettings,
    McpServer,
    McpServers,
    NewAdministrator,
    NewApplication,
    NewDomain,
    NewMcpServer,
    NewUser,
    Overview,
    Problem,
    SecondFactor,
    TablePage,
    TokenMade,
    Trace,
    Traces,
    User,
    Users,
];
