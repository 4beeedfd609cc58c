//! Policy steps about grants and response types (RFC 7591 §2, §2.1).

use super::apply::{CODE_GRANT, Case, MACHINE_GRANT, REFRESH_GRANT, lists};
use crate::model::client_metadata::ApplicationType;
use crate::model::registration::findings::{Outcome, Report};
use crate::model::scope::printable;

/// Without grants a client uses the authorization code (RFC 7591 §2), unless nobody could be sent back to it.
pub(super) fn grant_default(case: &mut Case, report: &mut Report) {
    if case.metadata.grant_types.as_ref().is_some_and(|grants| !grants.is_empty()) {
        return;
    }
    let machine = case.metadata.redirects().is_empty() && case.metadata.application() == Some(ApplicationType::Machine);
    let by_itself = case.offers_grant(MACHINE_GRANT) && (machine || !case.offers_grant(CODE_GRANT));
    let grant = if by_itself { MACHINE_GRANT } else { CODE_GRANT };
    report.add(Outcome::Defaulted, "grant_types", format!("were left open; they are {grant}"));
    case.metadata.grant_types = Some(vec![grant.to_owned()]);
}

pub(super) fn grant_offered(case: &mut Case, report: &mut Report) {
    let mut kept: Vec<String> = Vec::new();
    for grant in case.metadata.grant_types.take().unwrap_or_default() {
        if !case.offers_grant(&grant) {
            report.add(
                Outcome::Narrowed,
                "grant_types",
                format!("'{}' is not offered and was left out", printable(&grant)),
            );
        } else if !kept.contains(&grant) {
            kept.push(grant);
        }
    }
    case.metadata.grant_types = Some(kept);
}

pub(super) fn code_needs_its_grant(case: &mut Case, report: &mut Report) {
    let code = case.metadata.response_types.iter().flatten().any(|kind| kind == "code");
    let can = !case.metadata.redirects().is_empty() && case.offers_grant(CODE_GRANT);
    if code && can && !case.metadata.has_grant(CODE_GRANT) {
        report.add(Outcome::Repaired, "grant_types", "authorization_code was added, which response type code needs");
        case.add_code_grant();
    }
}

pub(super) fn some_grant(case: &mut Case, report: &mut Report) {
    if case.metadata.grant_types.iter().flatten().any(|grant| grant != REFRESH_GRANT) {
        return;
    }
    if !case.metadata.redirects().is_empty() && case.offers_grant(CODE_GRANT) {
        report.add(
            Outcome::Repaired,
            "grant_types",
            "authorization_code was added, since there are redirect URIs and no other grant to begin with",
        );
        case.add_code_grant();
    } else {
        let offered: Vec<&str> =
            case.context.grant_types.iter().copied().filter(|grant| case.offers_grant(grant)).collect();
        report.refuse("grant_types", format!("hold no grant that is offered; use some of {}", offered.join(", ")));
    }
}

/// Only the authorization code gives refresh tokens here (RFC 6749 §4.4.3).
pub(super) fn refresh_needs_code(case: &mut Case, report: &mut Report) {
    if case.metadata.has_grant(REFRESH_GRANT) && !case.metadata.has_grant(CODE_GRANT) {
        case.metadata.grant_types.get_or_insert_default().retain(|grant| grant != REFRESH_GRANT);
        report.add(Outcome::Narrowed, "grant_types", "refresh_token was left out, which needs authorization_code");
    }
}

/// `code` belongs to `authorization_code`, and nothing else is offered (RFC 7591 §2.1).
pub(super) fn response_types_follow_grants(case: &mut Case, report: &mut Report) {
    let member = "response_types";
    let uses_code = case.metadata.has_grant(CODE_GRANT);
    let asked = case.metadata.response_types.take().unwrap_or_default();
    for other in asked.iter().filter(|kind| !uses_code || *kind != "code") {
        report.add(Outcome::Narrowed, member, format!("'{}' is not offered and was left out", printable(other)));
    }
    if uses_code && asked.is_empty() {
        report.add(Outcome::Defaulted, member, "follow from the grants: code");
    } else if uses_code && !lists(&asked, "code") {
        report.add(Outcome::Repaired, member, "code was added, which authorization_code needs");
    }
    case.metadata.response_types = Some(if uses_code { vec!["code".to_owned()] } else { Vec::new() });
}

impl Case<'_> {
    fn add_code_grant(&mut self) {
        self.metadata.grant_types.get_or_insert_default().insert(0, CODE_GRANT.to_owned());
    }
}
