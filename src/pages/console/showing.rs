//! Plain data of the parts that only show something: steps, numbers, values to be copied.

use super::parts::{BadgeKind, Total};
use crate::pages::Href;

/// How a step of something ended, or where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, it passed.
    Done,
    /// It passed, with something to know.
    Warned,
    /// It failed, it was refused.
    Failed,
    /// It did not apply.
    Skipped,
    /// It is still to come, or under way.
    Waiting,
}

impl Outcome {
    /// The outcome as the stylesheet writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Warned => "warned",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Waiting => "waiting",
        }
    }

    /// The outcome for those who do not see the icon.
    pub fn words(self) -> &'static str {
        match self {
            Self::Done => "Done",
            Self::Warned => "Done, with a warning",
            Self::Failed => "Failed",
            Self::Skipped => "Does not apply",
            Self::Waiting => "Still to come",
        }
    }

    /// The icon.
    pub fn icon(self) -> &'static str {
        match self {
            Self::Done => "check",
            Self::Warned => "alert",
            Self::Failed => "cross",
            Self::Skipped => "minus",
            Self::Waiting => "dot",
        }
    }
}

/// A step of a wizard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WizardStep {
    /// What it is called.
    pub text: &'static str,
    /// `Done`, `Waiting`; the one that is under way is `current`.
    pub outcome: Outcome,
    /// Whether it is this page.
    pub current: bool,
    /// Where one goes back to it.
    pub href: Option<Href>,
}

impl WizardStep {
    /// The steps of a wizard that has come to the one at `current`, counted from 0.
    pub fn all(texts: &[&'static str], current: usize) -> Vec<Self> {
        let step = |(index, text): (usize, &&'static str)| Self {
            text,
            outcome: if index < current { Outcome::Done } else { Outcome::Waiting },
            current: index == current,
            href: None,
        };
        texts.iter().enumerate().map(step).collect()
    }
}

/// A number on its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// What is counted.
    pub label: String,
    /// How many, as people read it.
    pub value: String,
    /// What to know beside it: "12 in the last day".
    pub note: String,
    /// Where one sees them.
    pub href: Option<Href>,
    /// How it is meant; `Quiet` is plain.
    pub kind: BadgeKind,
}

impl Stat {
    /// A plain number.
    pub fn new(label: impl Into<String>, total: Total) -> Self {
        Self { label: label.into(), value: total.words(), note: String::new(), href: None, kind: BadgeKind::Quiet }
    }

    /// The same number, leading somewhere.
    #[must_use]
    pub fn to(self, href: impl Into<Href>) -> Self {
        Self { href: Some(href.into()), ..self }
    }

    /// The same number with a remark.
    #[must_use]
    pub fn noting(self, note: impl Into<String>) -> Self {
        Self { note: note.into(), ..self }
    }

    /// The same number, meant somehow.
    #[must_use]
    pub fn meant(self, kind: BadgeKind) -> Self {
        Self { kind, ..self }
    }
}

/// A value with a name, to be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copyable {
    /// The id of its element, once on a page.
    pub id: &'static str,
    /// What it is.
    pub label: &'static str,
    /// The value itself, printed as it is: only what this server made.
    pub value: String,
}

impl Copyable {
    /// A value to be copied.
    pub fn new(id: &'static str, label: &'static str, value: impl Into<String>) -> Self {
        Self { id, label, value: value.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wizard_is_done_up_to_where_one_is() {
        let steps = WizardStep::all(&["Kind", "Details", "Check"], 1);
        assert_eq!(
            steps.iter().map(|step| step.outcome).collect::<Vec<_>>(),
            [Outcome::Done, Outcome::Waiting, Outcome::Waiting]
        );
        assert_eq!(steps.iter().map(|step| step.current).collect::<Vec<_>>(), [false, true, false]);
    }
}
