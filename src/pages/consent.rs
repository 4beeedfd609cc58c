//! The consent page: who asks, where the answer goes, and what for (RFC 6749 §10.2, RFC 7591 §5, RFC 8252 §8.6).

use askama::Template;

use super::{Claimed, Frame, Href, ReturnsTo};
use crate::model::scope::Scope;

/// `form#consent`.
#[derive(Debug, Clone, Template)]
#[template(path = "consent.html")]
pub struct Consent {
    /// What every page shows.
    pub frame: Frame,
    /// Where the form is posted.
    pub action: Href,
    /// The stored request that this decides.
    pub interaction: String,
    /// What stands for everything that this page asks; the answer repeats it.
    pub asked: String,
    /// `#client-name`, as the client claims.
    pub client_name: Claimed,
    /// How far the client is known.
    pub standing: ClientStanding,
    /// `#impersonation`: the well-known product whose name this is, although the answer goes elsewhere.
    pub impersonates: Option<Claimed>,
    /// `img#client-logo`: a path of our own.
    pub logo: Option<Href>,
    /// `a#client-link`: the client's web site, by [`Href::web`].
    pub client_uri: Option<Href>,
    /// `a#policy-link`, by [`Href::web`].
    pub policy_uri: Option<Href>,
    /// `a#tos-link`, by [`Href::web`].
    pub tos_uri: Option<Href>,
    /// `#redirect-host`: where the answer of this request goes.
    pub returns_to: ReturnsTo,
    /// `#resource`: what the access is to; empty if it is to the account alone.
    pub resources: Vec<ConsentResource>,
    /// `ul#scopes`.
    pub scopes: Vec<ConsentScope>,
    /// `#signed-in-as`.
    pub signed_in_as: Claimed,
}

/// How far a client is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientStanding {
    /// An administrator or a gateway registered it.
    Registered,
    /// `#self-registered`: it registered itself, and nobody has checked what it says.
    SelfRegistered,
    /// `#client-host`: it is what a client ID metadata document says.
    Document {
        /// The host of the document's URL.
        host: Claimed,
        /// `#built-in-document`: read from the copy that comes with this server, not from the host.
        built_in: bool,
    },
}

/// A resource that a client wants to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentResource {
    /// Its name.
    pub name: Claimed,
    /// Its identifiers, as registered, by [`Claimed::long`].
    pub identifiers: Vec<Claimed>,
}

/// A scope in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentScope {
    /// The token.
    pub name: String,
    /// A short name for people.
    pub label: Claimed,
    /// What it allows, by [`Claimed::long`]; may be empty.
    pub description: Claimed,
}

impl From<&Scope> for ConsentScope {
    fn from(scope: &Scope) -> Self {
        let label = if scope.label.is_empty() { &scope.name } else { &scope.label };
        Self { name: scope.name.clone(), label: label.into(), description: Claimed::long(&scope.description) }
    }
}
