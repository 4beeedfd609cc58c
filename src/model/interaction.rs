//! A browser step that waits for a person: where `/authorize` and the pages for people meet.
//!
//! # Design
//! `/authorize` keeps the request as it came and sends the browser to a page; the page notes what the person did and
//! sends the browser back; `/authorize` checks the whole request again, with what was noted. So nothing that changed
//! meanwhile (a client deleted, a policy narrowed) is missed, and a page knows nothing of the protocol. What a page
//! notes names the session it was done in: only the browser with that session can go on.

use serde::{Deserialize, Serialize};

use super::id::{AttemptId, DomainId, SessionId};
use super::scope::ScopeSet;
use super::time::UnixTime;

/// How long a person may take, in seconds.
pub const INTERACTION_LIFETIME: i64 = 1_800;

/// How many are kept per domain: anybody can begin one, and the oldest go first.
pub const MOST_INTERACTIONS: i64 = 100_000;

/// A browser step that waits for a person.
#[derive(Debug, Clone)]
pub struct Interaction {
    /// Its identifier, also of the attempt's timeline.
    pub id: AttemptId,
    /// The domain it belongs to.
    pub domain_id: DomainId,
    /// The client that asks, by its own account until the request is checked.
    pub client_id: String,
    /// The request as it came.
    pub request: StoredRequest,
    /// How far it got.
    pub progress: Progress,
    /// Counts the changes, so that two windows cannot both go on.
    pub version: i64,
    /// When it began.
    pub created_at: UnixTime,
    /// When it is too late to go on.
    pub expires_at: UnixTime,
}

/// The parameters of an authorization request in the order they came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRequest {
    /// Names and values, decoded.
    pub params: Vec<(String, String)>,
}

/// What the person did so far, and what is asked of them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// What the login page is told; written by `/authorize`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<LoginRequest>,
    /// What the consent page asks; written by `/authorize`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentRequest>,
    /// The session in which the person logged in during this interaction; written by the login and sign-up pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logged_in: Option<SessionId>,
    /// What the person decided; written by the pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
}

/// What the login page is told.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LoginRequest {
    /// The name of the client as it claims it; a document's host while nobody has read the document.
    pub client_name: String,
    /// Where the answer will go; empty while the client's document is unread.
    pub redirect_uri: String,
    /// What the user name field begins with (`login_hint`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    /// Whether the client asks for a sign-up rather than a login (`prompt=create`).
    pub sign_up: bool,
}

/// What the consent page asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConsentRequest {
    /// The session whose person is asked.
    pub session_id: SessionId,
    /// The scopes that would be granted.
    pub scope: ScopeSet,
    /// The resources as they would stand in `aud`; none: the client itself.
    pub resources: Vec<String>,
    /// Where the answer will go.
    pub redirect_uri: String,
}

/// What the person decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Decision {
    /// Go on: what was asked is granted.
    Allowed {
        /// In which session.
        session_id: SessionId,
        /// What was asked then; anything more must be asked again.
        scope: ScopeSet,
        /// For these resources.
        resources: Vec<String>,
    },
    /// Cancelled, on whichever page.
    Denied,
}

impl Interaction {
    /// Whether the person has logged in, during this interaction, in this session.
    pub fn has_login(&self, session_id: SessionId) -> bool {
        self.progress.logged_in == Some(session_id)
    }

    /// Whether the person has, during this interaction and in this session, allowed at least this.
    pub fn allows(&self, session: SessionId, asked: &ScopeSet, of: &[String]) -> bool {
        match &self.progress.decision {
            Some(Decision::Allowed { session_id, scope, resources }) => {
                *session_id == session
                    && asked.iter().all(|asked| scope.contains(asked))
                    && of.iter().all(|asked| resources.contains(asked))
            }
            _ => false,
        }
    }
}
