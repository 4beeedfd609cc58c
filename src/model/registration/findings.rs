//! What the pipeline did to a registration and why, and the error it becomes (RFC 7591 §3.2.2).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::oauth_error::OAuthError;

/// How long an `error_description` may get; APIM shows it to its users on one line.
const MAX_DESCRIPTION: usize = 400;

/// How much of a member's name is repeated, in characters.
const MAX_MEMBER: usize = 128;

/// One thing the pipeline did: to which member, by which rule, with which outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Finding {
    /// The metadata member concerned.
    pub member: String,
    /// The rule's name, stable across releases.
    pub rule: &'static str,
    /// What happened to the member.
    pub outcome: Outcome,
    /// What is wrong or was done, and the remedy; one line.
    pub explanation: String,
}

/// What a rule did to a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The registration cannot be accepted.
    Refused,
    /// Part of the value was taken away.
    Narrowed,
    /// The member was left open; a default was supplied.
    Defaulted,
    /// The member was taken away.
    Dropped,
    /// Another value was put in its place.
    Substituted,
    /// The value contradicted another member and was brought in line.
    Repaired,
}

impl Outcome {
    /// The outcome as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Narrowed => "narrowed",
            Self::Defaulted => "defaulted",
            Self::Dropped => "dropped",
            Self::Substituted => "substituted",
            Self::Repaired => "repaired",
        }
    }
}

/// Collects the findings of one rule, so that a rule never repeats its own name.
#[derive(Debug)]
pub struct Report<'a> {
    rule: &'static str,
    findings: &'a mut Vec<Finding>,
}

impl<'a> Report<'a> {
    /// A report of the rule `rule` that adds to `findings`.
    pub fn new(rule: &'static str, findings: &'a mut Vec<Finding>) -> Self {
        Self { rule, findings }
    }

    /// Records one outcome.
    pub fn add(&mut self, outcome: Outcome, member: &str, explanation: impl Into<String>) {
        // A stranger's member may have any name, and findings are kept.
        let (member, explanation) = (member.chars().take(MAX_MEMBER).collect(), explanation.into());
        self.findings.push(Finding { member, rule: self.rule, outcome, explanation });
    }

    /// Records that the member makes the registration unacceptable.
    pub fn refuse(&mut self, member: &str, explanation: impl Into<String>) {
        self.add(Outcome::Refused, member, explanation);
    }
}

/// Which of the registration error codes applies (RFC 7591 §3.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// `invalid_redirect_uri`
    InvalidRedirectUri,
    /// `invalid_client_metadata`
    InvalidClientMetadata,
    /// `invalid_software_statement`
    InvalidSoftwareStatement,
    /// `unapproved_software_statement`
    UnapprovedSoftwareStatement,
}

impl ErrorCode {
    /// The code for a refused member.
    fn of(member: &str) -> Self {
        match member {
            "redirect_uris" => Self::InvalidRedirectUri,
            "software_statement" => Self::InvalidSoftwareStatement,
            _ => Self::InvalidClientMetadata,
        }
    }
}

/// A registration that is not accepted, with everything that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The error code for the registrant.
    pub code: ErrorCode,
    /// What was found, in the order it was found; not only what was refused.
    pub findings: Vec<Finding>,
}

impl Refusal {
    /// A refusal whose code follows from the first refused member.
    pub fn of(findings: Vec<Finding>) -> Self {
        let first = findings.iter().find(|finding| finding.outcome == Outcome::Refused);
        let code = first.map_or(ErrorCode::InvalidClientMetadata, |finding| ErrorCode::of(&finding.member));
        Self { code, findings }
    }

    /// A refusal of one member by one rule.
    pub fn one(member: &str, rule: &'static str, explanation: impl Into<String>) -> Self {
        let mut findings = Vec::new();
        Report::new(rule, &mut findings).refuse(member, explanation);
        Self::of(findings)
    }

    /// The same refusal under another code.
    #[must_use]
    pub fn with_code(mut self, code: ErrorCode) -> Self {
        self.code = code;
        self
    }

    /// Only what was refused.
    pub fn refused(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.outcome == Outcome::Refused)
    }

    /// The `error_description`: the first refusal in full, then the names of the other members that were refused.
    pub fn description(&self) -> String {
        let mut refused = self.refused();
        let Some(first) = refused.next() else { return "the registration was refused".to_owned() };
        let mut text = format!("{}: {} (rule {})", first.member, first.explanation, first.rule);
        let mut others: Vec<&str> =
            refused.map(|finding| finding.member.as_str()).filter(|member| *member != first.member).collect();
        others.dedup();
        if !others.is_empty() {
            text = format!("{text}; also refused: {}", others.join(", "));
        }
        shorten(text)
    }
}

/// `findings` if nothing in them was refused, else the refusal.
pub fn accept(findings: Vec<Finding>) -> Result<Vec<Finding>, Refusal> {
    if findings.iter().any(|finding| finding.outcome == Outcome::Refused) {
        return Err(Refusal::of(findings));
    }
    Ok(findings)
}

impl From<Refusal> for OAuthError {
    fn from(refusal: Refusal) -> Self {
        let description = refusal.description();
        match refusal.code {
            ErrorCode::InvalidRedirectUri => Self::invalid_redirect_uri(description),
            ErrorCode::InvalidClientMetadata => Self::invalid_client_metadata(description),
            ErrorCode::InvalidSoftwareStatement => Self::invalid_software_statement(description),
            ErrorCode::UnapprovedSoftwareStatement => Self::unapproved_software_statement(description),
        }
    }
}

fn shorten(text: String) -> String {
    if text.chars().count() <= MAX_DESCRIPTION {
        return text;
    }
    let kept: String = text.chars().take(MAX_DESCRIPTION - 3).collect();
    format!("{kept}...")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(members: &[&str]) -> Refusal {
        let mut findings = Vec::new();
        for member in members {
            Report::new("some-rule", &mut findings).refuse(member, "is wrong; make it right");
        }
        Refusal::of(findings)
    }

    #[test]
    fn the_description_names_member_rule_and_remedy_and_then_the_others() {
        let error = OAuthError::from(refused(&["jwks", "jwks", "contacts", "contacts", "logo_uri"]));
        assert_eq!(error.code, "invalid_client_metadata");
        assert_eq!(
            error.description,
            "jwks: is wrong; make it right (rule some-rule); also refused: contacts, logo_uri"
        );
    }

    #[test]
    fn the_first_refused_member_decides_the_code() {
        for (members, code) in [
            (&["redirect_uris", "jwks"][..], "invalid_redirect_uri"),
            (&["jwks", "redirect_uris"], "invalid_client_metadata"),
            (&["software_statement"], "invalid_software_statement"),
        ] {
            assert_eq!(OAuthError::from(refused(members)).code, code);
        }
        let unapproved = refused(&["software_statement"]).with_code(ErrorCode::UnapprovedSoftwareStatement);
        assert_eq!(OAuthError::from(unapproved).code, "unapproved_software_statement");
    }

    #[test]
    fn what_was_merely_dropped_does_not_refuse() {
        let mut findings = Vec::new();
        Report::new("grant-offered", &mut findings).add(Outcome::Dropped, "grant_types", "password is not offered");
        assert_eq!(accept(findings).unwrap().len(), 1);
    }

    #[test]
    fn descriptions_stay_short_and_ascii_on_one_line() {
        let refusal = Refusal::one("client_name", "some-rule", "caf\u{e9}\n\"x\"".repeat(200));
        let description = OAuthError::from(refusal).description;
        assert!(description.len() <= MAX_DESCRIPTION && description.is_ascii() && !description.contains('\n'));
    }
}
