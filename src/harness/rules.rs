//! What a test lays down for a domain, until the next reset.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::control::Parts;

/// Lists of rules, one for each domain; within a list, the first that fits counts.
#[derive(Debug)]
pub(super) struct Rules<T>(Mutex<BTreeMap<String, Vec<T>>>);

impl<T> Default for Rules<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Rules<T> {
    /// Those of a domain.
    pub(super) fn of(&self, domain: &str) -> Vec<T> {
        self.all().get(domain).cloned().unwrap_or_default()
    }

    /// Puts others in their place.
    pub(super) fn set(&self, domain: &str, rules: Vec<T>) {
        self.all().insert(domain.to_owned(), rules);
    }

    /// Forgets those of a domain.
    pub(super) fn clear(&self, domain: &str) {
        self.all().remove(domain);
    }

    /// Forgets all of them.
    pub(super) fn clear_all(&self) {
        self.all().clear();
    }

    /// The first that fits. `used` says whether it stays.
    pub(super) fn take(&self, domain: &str, fits: impl Fn(&T) -> bool, used: impl Fn(&mut T) -> Stays) -> Option<T> {
        let mut all = self.all();
        let rules = all.get_mut(domain)?;
        let at = rules.iter().position(fits)?;
        let met = rules[at].clone();
        if used(&mut rules[at]) == Stays::No {
            rules.remove(at);
        }
        Some(met)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Vec<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Parts {
    /// Forgets what was laid down for a domain if a change under this path has deleted it: the next one of that name is
    /// another domain.
    pub(super) async fn forget_deleted(&self, path: &str) {
        let rest = ["/api/v1/domains/", "/console/domains/"].iter().find_map(|begin| path.strip_prefix(begin));
        let Some(name) = rest.and_then(|rest| rest.split('/').next()) else { return };
        if matches!(self.app().store.domain_named(name).await, Ok(None)) {
            self.faults.clear_domain(name);
            self.token_changes.clear(name);
            self.approvals.clear(name);
        }
    }
}

/// Whether a rule that was used is there for the next request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stays {
    Yes,
    No,
}
