//! Policy steps about members that the policy or the specifications supply.

use super::apply::{CODE_GRANT, Case};
use crate::model::client_metadata::{ClientMetadata, ENCRYPTION_PAIRS, asks_for_encryption};
use crate::model::json::Object;
use crate::model::registration::findings::{Outcome, Report};

pub(super) fn statement_required(case: &mut Case, report: &mut Report) {
    if case.policy.require_software_statement && case.metadata.software_statement.is_none() {
        report.refuse("software_statement", "is missing; registration here needs one (RFC 7591 section 2.3)");
    }
}

pub(super) fn policy_fixed(case: &mut Case, report: &mut Report) {
    let fixed = &case.policy.fixed;
    if fixed.is_empty() {
        return;
    }
    let mut members = case.metadata.to_object();
    for (name, value) in fixed {
        match members.insert(name.clone(), value.clone()) {
            Some(sent) if sent == *value => {}
            Some(_) => report.add(Outcome::Substituted, name, "is set by the policy"),
            None => report.add(Outcome::Defaulted, name, "is set by the policy"),
        }
    }
    replace_members(case, members, report);
}

pub(super) fn policy_default(case: &mut Case, report: &mut Report) {
    let defaults = &case.policy.defaults;
    if defaults.is_empty() || !case.is_new() {
        return;
    }
    let mut members = case.metadata.to_object();
    for (name, value) in defaults {
        if !members.contains_key(name) {
            members.insert(name.clone(), value.clone());
            report.add(Outcome::Defaulted, name, "was left open and is supplied by the policy");
        }
    }
    replace_members(case, members, report);
}

fn replace_members(case: &mut Case, members: Object, report: &mut Report) {
    match ClientMetadata::from_object(members) {
        Ok(metadata) => case.metadata = metadata,
        Err(findings) => {
            for finding in findings {
                report.refuse(&finding.member, format!("as set by the policy {}", finding.explanation));
            }
        }
    }
}

/// ID tokens are signed with RS256 unless the client asks for something else (OIDC Registration §2).
pub(super) fn id_token_default(case: &mut Case, report: &mut Report) {
    if !case.metadata.has_grant(CODE_GRANT) {
        return;
    }
    let offered = case.context.signing_algorithms;
    let usual = offered.iter().find(|algorithm| **algorithm == "RS256").or(offered.first());
    if let (None, Some(algorithm)) = (&case.metadata.id_token_signed_response_alg, usual) {
        case.metadata.id_token_signed_response_alg = Some((*algorithm).to_owned());
        report.add(Outcome::Defaulted, "id_token_signed_response_alg", format!("was left open; it is {algorithm}"));
    }
    if case.metadata.require_auth_time.is_none() {
        case.metadata.require_auth_time = Some(false);
        report.add(Outcome::Defaulted, "require_auth_time", "was left open; it is false");
    }
}

/// Answers are signed, never encrypted: a client that asks for it is told so, before it waits for what never comes.
pub(super) fn encryption_offered(case: &mut Case, report: &mut Report) {
    let mut members = case.metadata.to_object();
    let asked: Vec<String> = members.keys().filter(|name| asks_for_encryption(name)).cloned().collect();
    for name in &asked {
        members.remove(name);
        report.add(Outcome::Dropped, name, "is not offered: answers are signed, not encrypted; it was left out");
    }
    if !asked.is_empty() {
        replace_members(case, members, report);
    }
}

/// Whoever names how the key is made gets this cipher (OIDC Registration §2).
pub(super) fn encryption_default(case: &mut Case, report: &mut Report) {
    const CIPHER: &str = "A128CBC-HS256";
    let mut members = case.metadata.to_object();
    let open = |(alg, enc): &&(&str, &str)| members.contains_key(*alg) && !members.contains_key(*enc);
    let open: Vec<_> = ENCRYPTION_PAIRS.iter().filter(open).collect();
    for (_, enc) in &open {
        members.insert((*enc).to_owned(), CIPHER.into());
        report.add(Outcome::Defaulted, enc, format!("was left open; it is {CIPHER}"));
    }
    if !open.is_empty() {
        replace_members(case, members, report);
    }
}
