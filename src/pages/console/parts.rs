//! Plain data of the parts that pages of the console are made of; `templates/console/parts.html` draws them.

use crate::pages::{Claimed, Href};

/// How a badge, a tile or a step is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BadgeKind {
    /// As it should be: active, passed.
    Good,
    /// Wants attention: expiring, waiting for approval.
    Warn,
    /// Wrong, refused, ended.
    Bad,
    /// Neither good nor bad: an origin, a kind.
    #[default]
    Quiet,
}

impl BadgeKind {
    /// The kind as the stylesheet writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Quiet => "quiet",
        }
    }
}

/// A word in a pill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    /// How it is meant.
    pub kind: BadgeKind,
    /// The word; never colour alone.
    pub text: Claimed,
}

impl Badge {
    /// A badge.
    pub fn new(kind: BadgeKind, text: impl Into<Claimed>) -> Self {
        Self { kind, text: text.into() }
    }
}

/// A link of a row of tabs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// What it says.
    pub text: String,
    /// Where it leads.
    pub href: Href,
    /// Whether it is this page.
    pub current: bool,
    /// A number beside the text.
    pub count: Option<u64>,
}

impl Tab {
    /// The number as people read it.
    pub fn number(&self) -> Option<String> {
        self.count.map(grouped)
    }
}

/// A column's heading.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Column {
    /// What it says.
    pub text: &'static str,
    /// Where a click sorts by it; `None`: not sortable.
    pub sort: Option<Href>,
    /// How the rows are sorted by it now.
    pub order: Order,
    /// Whether it holds numbers, set to the right.
    pub number: bool,
}

/// How rows are sorted by a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Not by this column.
    #[default]
    None,
    /// The least first.
    Ascending,
    /// The greatest first.
    Descending,
}

impl Order {
    /// The order as `aria-sort` writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Ascending => "ascending",
            Self::Descending => "descending",
        }
    }
}

impl Column {
    /// A column that cannot be sorted by.
    pub fn new(text: &'static str) -> Self {
        Self { text, ..Self::default() }
    }

    /// A column of numbers.
    pub fn number(text: &'static str) -> Self {
        Self { number: true, ..Self::new(text) }
    }

    /// The same column, sortable.
    #[must_use]
    pub fn sorted(self, href: impl Into<Href>, order: Order) -> Self {
        Self { sort: Some(href.into()), order, ..self }
    }
}

/// What stands below a table that shows a part of many rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pager {
    /// The page before this one, with newer rows.
    pub newer: Option<Href>,
    /// The page after this one, with older rows.
    pub older: Option<Href>,
    /// How many rows there are, where that is known.
    pub total: Option<Total>,
    /// A search that stopped before its end: how many rows were examined, and where it goes on.
    pub examined: Option<(u64, Href)>,
}

impl Pager {
    /// The total in words, empty if it is not known.
    pub fn words(&self) -> String {
        self.total.map(Total::words).unwrap_or_default()
    }

    /// How far a search that stopped has come, in words, and where it goes on.
    pub fn further(&self) -> Option<(String, &Href)> {
        self.examined.as_ref().map(|(count, href)| (grouped(*count), href))
    }
}

/// A count that is not taken further than it is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// So many.
    Exactly(u64),
    /// So many at least; counting stopped there.
    AtLeast(u64),
}

impl Total {
    /// The number as people read it: `1,204` or `10,000+`.
    pub fn words(self) -> String {
        match self {
            Self::Exactly(count) => grouped(count),
            Self::AtLeast(count) => format!("{}+", grouped(count)),
        }
    }
}

/// A number with commas between thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// One of the values of a select, or of a list of checkboxes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// What is posted.
    pub value: String,
    /// What it is called.
    pub label: Claimed,
    /// A sentence about it; only lists of checkboxes show it.
    pub description: Claimed,
    /// Whether it is chosen.
    pub chosen: bool,
    /// Whether it cannot be chosen by this person.
    pub disabled: bool,
    /// Words of warning beside it: "full control of the clients it registers". In a select, the question before it is
    /// sent.
    pub risk: Option<Claimed>,
}

impl Choice {
    /// A choice without description.
    pub fn new(value: impl Into<String>, label: impl Into<Claimed>, chosen: bool) -> Self {
        Self { value: value.into(), label: label.into(), chosen, ..Self::default() }
    }
}

/// A span of time as a form holds it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DurationInput {
    /// The number, as it is typed.
    pub number: String,
    /// The units; what is chosen is posted as the field's name with `_unit`.
    pub units: Vec<Choice>,
}

/// A field that has to be corrected, as the summary above its form names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field's id.
    pub id: &'static str,
    /// What the field is called.
    pub title: &'static str,
    /// What is wrong with it.
    pub told: String,
}

impl FieldProblem {
    /// What is wrong with some fields: id, title and error of each, in the order of the form.
    pub fn among(fields: &[(&'static str, &'static str, &Option<String>)]) -> Vec<Self> {
        let problem = |&(id, title, told): &(&'static str, &'static str, &Option<String>)| {
            told.as_ref().map(|told| Self { id, title, told: told.clone() })
        };
        fields.iter().filter_map(problem).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345, "12,345"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(Total::AtLeast(10_000).words(), "10,000+");
        assert_eq!(Total::Exactly(7).words(), "7");
    }
}
