//! A question before something that cannot be undone.

use askama::Template;

use super::frame::ConsoleFrame;
use crate::pages::{Claimed, Href};

/// `form#confirm-form`: asks, says what will happen, and wants a word typed. Posted as the `parameters` and `confirm`.
#[derive(Debug, Clone, Template)]
#[template(path = "console/confirm.html")]
pub struct Confirm {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// The question: "Delete this application?"
    pub title: String,
    /// What it is about, in its own words: its name.
    pub what: Claimed,
    /// What it is about where that is several things: the name and the id of each.
    pub items: Vec<(Claimed, Claimed)>,
    /// What will happen, one sentence each.
    pub consequences: Vec<String>,
    /// The word to type; `None`: the button is enough.
    pub word: Option<Claimed>,
    /// What is posted along.
    pub parameters: Vec<(String, String)>,
    /// Where the form is posted.
    pub action: Href,
    /// What the button says: "Delete application".
    pub button: String,
    /// Where one goes instead.
    pub cancel: Href,
    /// Why the last try did not work.
    pub error: Option<String>,
}
