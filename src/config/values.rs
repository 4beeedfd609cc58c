//! Types of settings that parse their own text.

use std::fmt;
use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::ops::Deref;
use std::str::FromStr;

use ipnet::IpNet;
use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use url::{Host, Url};

use crate::model::secret::Secret;

/// A base URL: scheme, host and port, without path, query or trailing slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// The URL without a trailing slash.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// Host and port as a `Host` header carries them: the port only where it is not the scheme's.
    pub fn authority(&self) -> &str {
        self.0.authority()
    }

    /// Whether the scheme is https.
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether only this machine can reach it: `localhost`, 127.0.0.0/8 or `[::1]`.
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for BaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let example = "write it like https://auth.example.com";
        let url = Url::parse(text).map_err(|error| format!("{text:?} is not a URL ({error}); {example}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err(format!("{text:?} is neither http nor https; {example}"));
        }
        let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(format!("{text:?} has more than scheme, host and port; {example}"));
        }
        Ok(Self(url))
    }
}

/// A network in CIDR notation, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(pub IpNet);

impl Network {
    /// Whether the address belongs to this network.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(Self).map_err(|_| format!("{text:?} is neither an address nor a network; write it like 10.0.0.0/8"))
    }
}

/// A private host or network that outbound requests may reach all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exemption {
    /// A host, with a port or for any port.
    Host(String, Option<u16>),
    /// Every address of a network.
    Network(IpNet),
}

impl FromStr for Exemption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(network) = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
            return Ok(Self::Network(network));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| format!("{text:?} has no valid port"))?)),
            None => (text, None),
        };
        // The URL parser brings a host to the form in which it is compared.
        match Host::parse(host) {
            Ok(host) => Ok(Self::Host(host.to_string(), port)),
            Err(_) => Err(format!("{text:?} is not a host, host:port, address or network")),
        }
    }
}

/// A list that may also be written as one text with commas, as in an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T>(pub Vec<T>);

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: FromStr<Err: fmt::Display>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list, or a text with commas")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<List<T>, E> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(|entry| entry.parse().map_err(E::custom)).collect::<Result<_, _>>().map(List)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<List<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element::<String>()? {
            list.push(entry.parse().map_err(de::Error::custom)?);
        }
        Ok(List(list))
    }
}

pub(super) fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

pub(super) fn optional_secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    secret(deserializer).map(|secret| Some(secret).filter(|secret| !secret.is_empty()))
}

/// A value written as text, where the empty text means "not set".
pub(super) fn optional<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error| de::Error::custom(format_args!("{text:?}: {error}")))
}

pub(super) fn socket_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| {
        de::Error::custom(format_args!("{text:?} is not an address and port; write it like 127.0.0.1:8080"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exemptions_are_hosts_with_or_without_port_and_networks() {
        let parse = |text: &str| text.parse::<Exemption>();
        assert_eq!(parse("Keys.Test"), Ok(Exemption::Host("keys.test".to_owned(), None)));
        assert_eq!(parse("localhost:8443"), Ok(Exemption::Host("localhost".to_owned(), Some(8443))));
        assert_eq!(parse("127.0.0.1:8443"), Ok(Exemption::Host("127.0.0.1".to_owned(), Some(8443))));
        assert_eq!(parse("[::1]:8443"), Ok(Exemption::Host("[::1]".to_owned(), Some(8443))));
        assert!(matches!(parse("10.0.0.0/8"), Ok(Exemption::Network(_))));
        assert!(matches!(parse("::1"), Ok(Exemption::Network(_))));
        for bad in ["", "a b", "host:port", "https://host"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
