//! A domain at a glance.

use askama::Template;

use super::chart::Chart;
use super::frame::ConsoleFrame;
use super::parts::{BadgeKind, grouped};
use super::showing::{Copyable, Outcome, Stat};
use crate::pages::{Claimed, Href, Moment};

/// `/console/domains/{domain}`.
#[derive(Debug, Clone, Template)]
#[template(path = "console/overview.html")]
pub struct Overview {
    /// What every page shows.
    pub frame: ConsoleFrame,
    /// Numbers: applications, users, MCP servers, tokens of the last day …
    pub stats: Vec<Stat>,
    /// Registrations, tokens, refusals over time.
    pub charts: Vec<Chart>,
    /// Applications by who registered them, the most first.
    pub origins: Vec<Origin>,
    /// Secrets and keys that end soon, the soonest first.
    pub expiring: Vec<Expiring>,
    /// Why requests were refused, the most frequent first.
    pub refusals: Vec<Refusal>,
    /// Where single refusals are told.
    pub refusal_links: Vec<(&'static str, Href)>,
    /// The time that `refusals` are about: "in the last 24 hours".
    pub window: String,
    /// What to do next; shown while any is not done.
    pub next_steps: Vec<NextStep>,
    /// The domain's addresses, to be copied.
    pub addresses: Vec<Copyable>,
}

impl Overview {
    /// Whether something is still to do before the domain is of use.
    pub fn has_next_steps(&self) -> bool {
        self.next_steps.iter().any(|step| !step.done)
    }
}

/// Whole percents of the sum, which are 100 together: those that lost most by rounding down get what is left.
pub fn percentages(counts: &[u64]) -> Vec<u64> {
    let sum: u128 = counts.iter().map(|count| u128::from(*count)).sum();
    if sum == 0 {
        return vec![0; counts.len()];
    }
    let whole = |count: &u64| u64::try_from(u128::from(*count) * 100 / sum).unwrap_or_default();
    let mut shares: Vec<u64> = counts.iter().map(whole).collect();
    let left = 100_u64.saturating_sub(shares.iter().sum());
    let mut places: Vec<usize> = (0..counts.len()).collect();
    places.sort_by_key(|place| std::cmp::Reverse(counts.get(*place).map(|count| u128::from(*count) * 100 % sum)));
    for place in places.into_iter().take(usize::try_from(left).unwrap_or_default()) {
        if let Some(share) = shares.get_mut(place) {
            *share += 1;
        }
    }
    shares
}

/// Applications of one origin.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Who registered them: "Gateway", "MCP clients", "By hand".
    pub name: &'static str,
    /// How many.
    pub count: u64,
    /// That in percent of all.
    pub share: u64,
    /// The list of them.
    pub href: Href,
}

impl Origin {
    /// The number as people read it.
    pub fn words(&self) -> String {
        grouped(self.count)
    }
}

/// Something that ends soon.
#[derive(Debug, Clone)]
pub struct Expiring {
    /// What: "Secret of Project wiki", "Signing key RS256".
    pub what: Claimed,
    /// When.
    pub at: Moment,
    /// How long that is: "in 3 days".
    pub left: String,
    /// `Warn`, or `Bad` where it has ended already.
    pub kind: BadgeKind,
    /// Where it is renewed.
    pub href: Href,
}

/// A reason for which requests were refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The error code or the rule: `invalid_redirect_uri`; `None`: all that are rarer.
    pub code: Option<String>,
    /// What was refused.
    pub reason: Claimed,
    /// How often.
    pub count: u64,
}

impl Refusal {
    /// The number as people read it.
    pub fn words(&self) -> String {
        grouped(self.count)
    }
}

/// Something to do before a domain is of use.
#[derive(Debug, Clone)]
pub struct NextStep {
    /// What: "Connect Gravitee APIM".
    pub title: &'static str,
    /// Why, and how.
    pub text: &'static str,
    /// Where.
    pub href: Href,
    /// What the link says.
    pub link: &'static str,
    /// Whether it was done.
    pub done: bool,
}

impl NextStep {
    /// How the list draws it.
    pub fn outcome(&self) -> Outcome {
        if self.done { Outcome::Done } else { Outcome::Waiting }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_add_up_to_a_hundred() {
        for (counts, shares) in [
            (&[18, 7, 3, 2, 1][..], &[58, 23, 10, 6, 3][..]),
            (&[1, 1, 1], &[34, 33, 33]),
            (&[5], &[100]),
            (&[0, 0], &[0, 0]),
            (&[u64::MAX, u64::MAX], &[50, 50]),
            (&[], &[]),
        ] {
            assert_eq!(percentages(counts), shares, "{counts:?}");
        }
    }
}
