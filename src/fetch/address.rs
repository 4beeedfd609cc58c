//! Which addresses are on the public internet (IANA special-purpose address registries, RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

const fn v4(a: u8, b: u8, c: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), bits)
}

const fn v6(a: u16, b: u16, bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), bits)
}

const NOT_PUBLIC_V4: [Ipv4Net; 16] = [
    v4(0, 0, 0, 8),                                           // this network
    v4(10, 0, 0, 8),                                          // private
    v4(100, 64, 0, 10),                                       // shared by carriers; also Alibaba's metadata
    v4(127, 0, 0, 8),                                         // loopback
    v4(169, 254, 0, 16),                                      // link-local; also most clouds' metadata
    v4(172, 16, 0, 12),                                       // private
    v4(192, 0, 0, 24),                                        // protocol assignments; also Oracle's metadata
    v4(192, 0, 2, 24),                                        // documentation
    v4(192, 88, 99, 24),                                      // 6to4 relays
    v4(192, 168, 0, 16),                                      // private
    v4(198, 18, 0, 15),                                       // benchmarks
    v4(198, 51, 100, 24),                                     // documentation
    v4(203, 0, 113, 24),                                      // documentation
    v4(224, 0, 0, 4),                                         // multicast
    v4(240, 0, 0, 4),                                         // reserved, broadcast
    Ipv4Net::new_assert(Ipv4Addr::new(168, 63, 129, 16), 32), // Azure's host agent
];

/// Everything outside is unspecified, loopback, link-local, unique local, multicast or unassigned.
const GLOBAL_UNICAST_V6: Ipv6Net = v6(0x2000, 0, 3);

const NOT_PUBLIC_V6: [Ipv6Net; 4] = [
    v6(0x2001, 0, 23),     // protocol assignments, among them Teredo
    v6(0x2001, 0xdb8, 32), // documentation
    v6(0x2002, 0, 16),     // 6to4, which wraps any IPv4 address
    v6(0x3fff, 0, 20),     // documentation
];

/// Translated IPv4 addresses (RFC 6052): what an IPv6-only network with DNS64 answers for public IPv4 hosts.
const NAT64: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Whether an address is on the public internet. An IPv4 address inside an IPv6 one is judged as itself.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) if NAT64.contains(&address) => {
            let [.., a, b, c, d] = address.octets();
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        IpAddr::V6(address) => {
            GLOBAL_UNICAST_V6.contains(&address) && !NOT_PUBLIC_V6.iter().any(|network| network.contains(&address))
        }
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !NOT_PUBLIC_V4.iter().any(|network| network.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_public_internet_pass() {
        for address in ["1.1.1.1", "172.15.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1", "64:ff9b::1.1.1.1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn every_other_kind_of_address_is_refused_in_every_spelling() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.19.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::7f00:1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "64:ff9b:1::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::7f00:1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }
}
