//! Every page a person sees and every mail they get: plain data in, text out (RFC 6749 §3.1, RFC 9700 §4.16).
//!
//! # Design
//! A page is a struct of plain data and a template of the same name in `templates/`; nothing here knows requests,
//! storage or the clock. Text that a stranger chose arrives as [`Claimed`] and addresses as [`Href`], so a template
//! cannot print a name that was not made safe to look at, nor a link that runs code. Pages work without script.

mod account;
mod api_reference;
mod confirm_address;
mod consent;
pub mod console;
mod form_post;
mod login;
mod logout;
mod look;
mod mail;
mod moment;
mod password;
mod problem;
mod reconnect;
mod returns_to;
mod shown;
mod sign_up;
mod stylesheet;
#[cfg(test)]
mod tests;
pub mod texts;

use api_reference::pieces;

pub use account::{Account, AccountApplication, AccountErrors, AccountSession};
pub use api_reference::{
    ApiAnswer, ApiField, ApiGroup, ApiObject, ApiOperation, ApiParameter, ApiProblem, ApiReference, ApiType,
};
pub use confirm_address::ConfirmAddress;
pub use consent::{ClientStanding, Consent, ConsentResource, ConsentScope};
pub use form_post::{FORM_POST_SCRIPT, FormPost};
pub use login::{AskingClient, Login};
pub use logout::{LoggedOut, LogoutConfirm};
pub use look::accent_stylesheet;
pub use mail::{InvitationMail, Mail, MailText, ResetPasswordMail, SignUpAttemptMail, VerifyAddressMail};
pub use moment::Moment;
pub use password::{ForgotPassword, ResetPassword};
pub use problem::{ErrorPage, Notice, UnknownClient};
pub use reconnect::Product;
pub use returns_to::ReturnsTo;
pub use shown::{Claimed, Href, plain};
pub use sign_up::{SignUp, SignUpErrors};
pub use stylesheet::{
    CONSOLE_SCRIPT, CONSOLE_SCRIPT_PATH, CONSOLE_STYLESHEET, CONSOLE_STYLESHEET_PATH, STYLESHEET, STYLESHEET_PATH,
};

/// A page: plain data that becomes HTML.
pub trait Page {
    /// The whole document.
    fn html(&self) -> String;
}

macro_rules! pages {
    ($($page:ty),* $(,)?) => {$(
        impl Page for $page {
            fn html(&self) -> String {
                rendered(self)
            }
        }
    )*};
}
use pages;

pages![
    Account,
    ApiReference,
    ConfirmAddress,
    Consent,
    ErrorPage,
    ForgotPassword,
    FormPost,
    LoggedOut,
    Login,
    LogoutConfirm,
    Notice,
    ResetPassword,
    SignUp,
    UnknownClient,
];

fn rendered(template: &impl askama::Template) -> String {
    template.render().expect("writing to a string does not fail, and these templates have no filter that does")
}

/// What every page shows around its own content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The domain's name as people know it.
    pub domain_name: Claimed,
    /// The domain's logo, if it has one.
    pub logo: Option<Href>,
    /// The stylesheet of the domain's colours, if it has some of its own.
    pub stylesheet: Option<Href>,
    /// One sentence above the content: what has just been done, or what to know first.
    pub notice: Option<String>,
}

impl Frame {
    /// A frame without a notice.
    pub fn new(domain_name: impl Into<Claimed>) -> Self {
        Self { domain_name: domain_name.into(), logo: None, stylesheet: None, notice: None }
    }

    /// The same frame with a notice.
    #[must_use]
    pub fn with_notice(self, notice: impl Into<String>) -> Self {
        Self { notice: Some(notice.into()), ..self }
    }
}

/// A link with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Where it leads.
    pub href: Href,
    /// What it says.
    pub text: String,
}
