//! Which hosts and addresses an outbound request may reach.

use std::net::IpAddr;

use url::Host;

use super::address::is_public;
use crate::config::Exemption;

/// Whether the host of a URL is exempt, so that its addresses need no check.
pub(super) fn is_exempt_by_name(exemptions: &[Exemption], host: &Host<&str>, port: Option<u16>) -> bool {
    let host = host.to_string();
    exemptions.iter().any(|exemption| match exemption {
        Exemption::Host(name, only) => *name == host && only.is_none_or(|only| Some(only) == port),
        Exemption::Network(_) => false,
    })
}

/// Whether an address is public, or exempt.
pub(super) fn may_reach(exemptions: &[Exemption], address: IpAddr) -> bool {
    is_public(address) || is_exempt_by_address(exemptions, address)
}

/// Whether the host of a URL is an address that is exempt.
pub(super) fn is_exempt_literal(exemptions: &[Exemption], host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => is_exempt_by_address(exemptions, (*address).into()),
        Host::Ipv6(address) => is_exempt_by_address(exemptions, (*address).into()),
        Host::Domain(_) => false,
    }
}

fn is_exempt_by_address(exemptions: &[Exemption], address: IpAddr) -> bool {
    exemptions.iter().any(|exemption| match exemption {
        Exemption::Network(network) => network.contains(&address.to_canonical()),
        Exemption::Host(..) => false,
    })
}
