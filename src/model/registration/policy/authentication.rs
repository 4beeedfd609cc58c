//! Policy steps about client authentication (RFC 7591 §2, RFC 6749 §2.3).

use super::DefaultAuthMethod;
use super::apply::{Case, MACHINE_GRANT, lists};
use super::redirects::{is_on_device, redirect_kinds};
use crate::model::client_metadata::{ApplicationType, ClientMetadata};
use crate::model::registration::findings::{Outcome, Report};
use crate::model::registration::rules;

pub(super) fn auth_method_default(case: &mut Case, report: &mut Report) {
    if case.metadata.token_endpoint_auth_method.is_some() {
        return;
    }
    let on_device = !case.metadata.redirects().is_empty() && redirect_kinds(&case.metadata).all(is_on_device);
    let public = match (&case.policy.default_auth_method, case.metadata.application()) {
        (DefaultAuthMethod::Fixed(method), _) => {
            return case.set_method(Some(method), Outcome::Defaulted, "was left open", report);
        }
        (_, Some(ApplicationType::Browser | ApplicationType::Native)) => true,
        (DefaultAuthMethod::ByRedirectKind, _) => on_device,
        (DefaultAuthMethod::ByApplicationType, _) => false,
    };
    let method = if public { "none" } else { "client_secret_basic" };
    case.set_method(Some(method), Outcome::Defaulted, "was left open", report);
}

pub(super) fn auth_method_offered(case: &mut Case, report: &mut Report) {
    let asked = case.metadata.token_endpoint_auth_method.clone();
    let in_force = case.current.and_then(|current| current.token_endpoint_auth_method.clone());
    if let Some(method) = asked.filter(|method| !case.offers_method(method) && Some(method) != in_force.as_ref()) {
        let why = format!("'{method}' is not offered here");
        case.set_method(None, Outcome::Substituted, &why, report);
    }
}

/// Only a confidential client acts for itself (RFC 6749 §4.4).
pub(super) fn machine_authenticates(case: &mut Case, report: &mut Report) {
    if !case.metadata.is_public() || !case.metadata.has_grant(MACHINE_GRANT) {
        return;
    }
    let why = "is none, which client_credentials does not allow";
    if case.current.is_some_and(ClientMetadata::is_public) {
        // The method is what it was and the grant is new: the registrant did not choose the contradiction.
        return case.set_method(None, Outcome::Substituted, why, report);
    }
    report.refuse(
        "token_endpoint_auth_method",
        format!("{why}; use client_secret_basic or leave client_credentials out (RFC 6749 section 4.4)"),
    );
}

impl Case<'_> {
    fn offers_method(&self, method: &str) -> bool {
        self.context.auth_methods.contains(&method) && lists(&self.policy.auth_methods, method)
    }

    /// Whether this client can use the method, as far as its grants and keys go.
    fn can_use_method(&self, method: &str) -> bool {
        let metadata = &self.metadata;
        match method {
            "none" => !metadata.has_grant(MACHINE_GRANT),
            "private_key_jwt" | "self_signed_tls_client_auth" => metadata.jwks.is_some() || metadata.jwks_uri.is_some(),
            "tls_client_auth" => rules::certificate_subjects(metadata) == 1,
            _ => true,
        }
    }

    /// The preferred method that is offered and that this client can use.
    fn substitute_method(&self) -> Option<String> {
        let usable = |method: &&String| self.offers_method(method) && self.can_use_method(method);
        self.policy.auth_methods.iter().find(usable).cloned()
    }

    /// Sets the method to `wanted` or to the preferred substitute; reports it, or that there is none.
    fn set_method(&mut self, wanted: Option<&str>, outcome: Outcome, why: &str, report: &mut Report) {
        let member = "token_endpoint_auth_method";
        let wanted = wanted.filter(|method| self.offers_method(method) && self.can_use_method(method));
        match wanted.map(str::to_owned).or_else(|| self.substitute_method()) {
            Some(method) => {
                report.add(outcome, member, format!("{why}; it is now {method}"));
                self.metadata.token_endpoint_auth_method = Some(method);
            }
            None => report.refuse(member, format!("{why}, and no other fits this client; name one that is offered")),
        }
    }
}
