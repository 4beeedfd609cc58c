//! Policy steps about scopes (RFC 7591 §2, RFC 6749 §3.3).

use super::ScopeRule;
use super::apply::Case;
use crate::model::registration::findings::{Outcome, Report};
use crate::model::scope::{ScopeSet, printable};

pub(super) fn scope_registrable(case: &mut Case, report: &mut Report) {
    let Some(asked) = case.metadata.scope.take() else { return };
    let kept = asked.filter(|token| match why_not_registrable(case, token) {
        None => true,
        Some(why) => {
            report.add(Outcome::Narrowed, "scope", format!("'{}' {why}; it was left out", printable(token)));
            false
        }
    });
    case.metadata.scope = Some(kept).filter(|scope| !scope.is_empty());
}

/// Why a scope may not be registered. Whether a hidden scope exists is not told.
fn why_not_registrable(case: &Case, token: &str) -> Option<&'static str> {
    if case.current.and_then(|current| current.scope.as_ref()).is_some_and(|scope| scope.contains(token)) {
        return None;
    }
    let defined = case.scopes.iter().find(|scope| scope.name == token);
    if defined.is_some_and(|scope| scope.reserved) {
        return Some("is granted by an administrator only");
    }
    let registrable = defined.is_some_and(|scope| match &case.policy.scopes {
        ScopeRule::SelfRegistrable => scope.self_registrable,
        ScopeRule::Listed(listed) => listed.contains(token),
    });
    (!registrable).then_some("is not a scope that a registration may ask for")
}

/// A default is given once: an update that left it out again would undo an administrator's change.
pub(super) fn scope_default(case: &mut Case, report: &mut Report) {
    if !case.is_new() || case.metadata.scope.is_some() {
        return;
    }
    let may_be_given = |token: &str| case.scopes.iter().any(|scope| scope.name == token && !scope.reserved);
    let given: ScopeSet = case.policy.default_scope.filter(may_be_given);
    if !given.is_empty() {
        report.add(Outcome::Defaulted, "scope", "has nothing left and is supplied by the policy");
        case.metadata.scope = Some(given);
    }
}
