//! The pages of the administration console.
//!
//! # Design
//! As every page: a struct of plain data and a template of the same name, here in `templates/console/`. A page of the
//! console has a field `frame`, extends `console/layout.html` and is made of the parts of `console/parts.html`, whose
//! data is in `parts.rs`. It works without script; `assets/console.js` adds copying, lists that follow, and narrowing.

mod account;
mod administrators;
mod api_tokens;
mod chart;
mod confirm;
mod domains;
mod frame;
mod icons;
mod login;
mod overview;
mod parts;
mod problem;
mod qr;
mod showing;
#[cfg(test)]
mod tests;

pub use account::{Account, AccountErrors, Enrolment, SecondFactorState, Session};
pub use administrators::{AdministratorForm, AdministratorPage, AdministratorRow, Administrators, NewAdministrator};
pub use api_tokens::{ApiTokenRow, ApiTokens};
pub use chart::{Bar, Chart, Series, Shape};
pub use confirm::Confirm;
pub use domains::{DomainPreview, DomainRow, Domains, NewDomain};
pub use frame::{ConsoleFrame, Crumb, Notice, NoticeKind, Section};
pub use icons::icon;
pub use login::{Login, SecondFactor};
pub use overview::{Expiring, NextStep, Origin, Overview, Refusal};
pub use parts::{Badge, BadgeKind, Choice, Column, Order, Pager, Tab, Total, grouped};
pub use problem::{Conflict, Problem};
pub use qr::QrCode;
pub use showing::{Copyable, Outcome, Stat, WizardStep};

use super::{Page, pages, rendered};

pages![
    Account,
    AdministratorPage,
    Administrators,
    ApiTokens,
    NewAdministrator,
    Confirm,
    Conflict,
    Domains,
    Login,
    NewDomain,
    Overview,
    Problem,
    SecondFactor
];
