//! Policy steps about redirect URIs and the type of application that they show.

use super::apply::{CODE_GRANT, Case, MACHINE_GRANT};
use crate::model::client_metadata::ClientMetadata;
use crate::model::redirect_uri::{RedirectKind, RedirectUri, is_host_among};
use crate::model::registration::findings::{Outcome, Report};
use crate::model::scope::printable;

/// A client that is answered by redirect says where (RFC 7591 §2).
pub(super) fn redirect_uris_required(case: &mut Case, report: &mut Report) {
    if case.metadata.has_grant(CODE_GRANT) && case.metadata.redirects().is_empty() {
        let other = if case.offers_grant(MACHINE_GRANT) { " or ask for client_credentials only" } else { "" };
        report.refuse("redirect_uris", format!("are missing, which authorization_code needs; add one{other}"));
    }
    case.metadata.redirect_uris.get_or_insert_default();
}

pub(super) fn redirect_kind(case: &mut Case, report: &mut Report) {
    for uri in case.new_redirects().filter(|uri| !case.policy.redirect_kinds.contains(&uri.kind())) {
        let kind = match uri.kind() {
            RedirectKind::Https => "https",
            RedirectKind::Loopback => "http to this machine",
            RedirectKind::PrivateUse => "a private-use scheme",
        };
        report.refuse(
            "redirect_uris",
            format!("'{}' uses {kind}, which the policy does not allow; use another kind", printable(uri.as_str())),
        );
    }
}

pub(super) fn redirect_host(case: &mut Case, report: &mut Report) {
    let (allowed, denied) = (&case.policy.allowed_redirect_hosts, &case.policy.denied_redirect_hosts);
    for uri in case.new_redirects().filter(|uri| uri.kind() == RedirectKind::Https) {
        let host = uri.host().unwrap_or_default();
        if is_host_among(denied, host) || !(allowed.is_empty() || is_host_among(allowed, host)) {
            report.refuse(
                "redirect_uris",
                format!("'{}' has a host that the policy does not allow; use another", printable(uri.as_str())),
            );
        }
    }
}

/// The default is `web` (OIDC Registration §2), which must not name loopback or private-use redirects.
pub(super) fn application_type(case: &mut Case, report: &mut Report) {
    if case.metadata.application_type.is_some() {
        return;
    }
    let name = if redirect_kinds(&case.metadata).any(is_on_device) { "native" } else { "web" };
    report.add(Outcome::Defaulted, "application_type", format!("was left open; it is {name}"));
    case.metadata.application_type = Some(name.to_owned());
}

pub(super) fn redirect_kinds(metadata: &ClientMetadata) -> impl Iterator<Item = RedirectKind> {
    metadata.redirects().iter().filter_map(|uri| RedirectUri::parse(uri).ok()).map(|uri| uri.kind())
}

pub(super) fn is_on_device(kind: RedirectKind) -> bool {
    kind != RedirectKind::Https
}

impl Case<'_> {
    /// The redirect URIs that are not in force yet.
    fn new_redirects(&self) -> impl Iterator<Item = RedirectUri> {
        let in_force = self.current.map_or(&[][..], ClientMetadata::redirects);
        let new = self.metadata.redirects().iter().filter(|uri| !in_force.contains(uri));
        new.filter_map(|uri| RedirectUri::parse(uri).ok())
    }
}
