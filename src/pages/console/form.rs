//! Pages that are a form of settings: domains, registration, policies, scopes, tokens.

use askama::Template;

use super::frame::ConsoleFrame;
use super::parts::{Choice, DurationInput, FieldProblem, Tab};
use crate::pages::Href;

/// `form#settings`: groups of fields, saved together.
#[derive(Debug, Clone, Template)]
#[template(path = "console/form_page.html")]
pub struct FormPage {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// The heading.
    pub title: String,
    /// A sentence below it.
    pub lead: String,
    /// The pages beside this one; empty: there are none.
    pub tabs: Vec<Tab>,
    /// Where the forms are posted.
    pub action: Href,
    /// The version that was read; 0 for something new.
    pub version: i64,
    /// Sets of settings that one click switches.
    pub presets: Vec<PresetCard>,
    /// The fields.
    pub groups: Vec<FormGroup>,
    /// What is wrong with the whole.
    pub error: Option<String>,
    /// What the button says.
    pub submit: &'static str,
    /// Where one goes instead.
    pub cancel: Option<Href>,
    /// Where one deletes it, and what the link says; `None`: it stays, or this person may not.
    pub delete: Option<(Href, &'static str)>,
}

impl FormPage {
    /// Whether it makes something new.
    pub fn makes(&self) -> bool {
        self.version == 0
    }

    /// What the summary above the form lists.
    fn problems(&self) -> Vec<FieldProblem> {
        self.groups.iter().flat_map(FormGroup::problems).collect()
    }
}

/// A set of settings that one click switches. Posted as `action=preset` and `preset`.
#[derive(Debug, Clone)]
pub struct PresetCard {
    /// What is posted.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it is for.
    pub text: &'static str,
    /// What it switches on.
    pub switches: &'static [&'static str],
    /// Whether everything is so already.
    pub on: bool,
    /// What of it is in force without its switches, and why.
    pub now: Option<String>,
}

/// Fields that belong together.
#[derive(Debug, Clone)]
pub struct FormGroup {
    /// Its id, once on the page.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// A sentence beside it.
    pub note: &'static str,
    /// The fields.
    pub fields: Vec<FormField>,
    /// A page on which more of it is set, and what the link says.
    pub link: Option<(Href, &'static str)>,
}

impl FormGroup {
    /// What the summary above the form lists of this group.
    pub fn problems(&self) -> Vec<FieldProblem> {
        let fields: Vec<_> = self.fields.iter().map(|field| (field.id, field.title, &field.error)).collect();
        FieldProblem::among(&fields)
    }
}

/// A field. Its id is the name of the setting, and the name that is posted.
#[derive(Debug, Clone)]
pub struct FormField {
    /// The setting.
    pub id: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it does.
    pub hint: &'static str,
    /// What it opens; only switches show it.
    pub risk: &'static str,
    /// What is wrong with it.
    pub error: Option<String>,
    /// How it is filled in.
    pub input: FormInput,
}

/// A password or a secret that a form may leave out. It is never sent back.
#[derive(Debug, Clone, Default)]
pub struct OwnSecret {
    /// Whether one was typed: it is typed again, or said to be left out.
    pub wanted: bool,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// How a field is filled in, and what it holds. Typed by administrators, and come back as typed.
#[derive(Debug, Clone)]
pub enum FormInput {
    /// On or off.
    Switch(bool),
    /// One line.
    Line(String),
    /// A number.
    Number(String),
    /// A span of time.
    Duration(DurationInput),
    /// Several lines.
    Lines(String),
    /// One of some.
    Choice(Vec<Choice>),
    /// Several of some.
    Checks(Vec<Choice>),
}
