//! Rate limits per source, domain and outcome, and who the source is behind reverse proxies.
//!
//! # Design
//! Only what costs something or fails is counted: open registrations, sign-ups, logins begun, failed authentications and
//! logins. Never discovery, never a success, never `invalid_grant`. Each process counts for itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use http::HeaderMap;

use crate::config::{self, Network};
use crate::model::id::DomainId;
use crate::model::time::Clock;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RateKind {
    /// An open registration.
    Registration,
    /// A failed client authentication, or a token that was refused.
    FailedAuthentication,
    /// A person's failed login.
    FailedLogin,
    /// A sign-up, or a mail that somebody asked for without being logged in.
    SignUp,
    /// A login that an application began, which is kept until the person has gone through it.
    LoginBegun,
}

impl RateKind {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; 5] =
        [Self::Registration, Self::FailedAuthentication, Self::FailedLogin, Self::SignUp, Self::LoginBegun];

    /// The name, as a metric label.
    pub fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::FailedAuthentication => "failed_authentication",
            Self::FailedLogin => "failed_login",
            Self::SignUp => "sign_up",
            Self::LoginBegun => "login_begun",
        }
    }

    fn per_minute(self, settings: &config::RateLimit) -> u32 {
        match self {
            Self::Registration => settings.registrations_per_minute,
            Self::FailedAuthentication => settings.failed_authentications_per_minute,
            Self::FailedLogin => settings.failed_logins_per_minute,
            Self::SignUp => settings.sign_ups_per_minute,
            Self::LoginBegun => settings.logins_begun_per_minute,
        }
    }
}

/// What counts as one source: an IPv4 address, or the /64 that an IPv6 subscriber is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SourcePrefix(IpAddr);

impl SourcePrefix {
    /// The source that an address belongs to; an IPv4 address in IPv6 form is the IPv4 address.
    pub fn of(address: IpAddr) -> Self {
        Self::masked(address, 32, 64)
    }

    /// Sources of one network counted together, for when there are too many to tell apart.
    fn neighbourhood(self) -> Self {
        Self::masked(self.0, 16, 32)
    }

    fn masked(address: IpAddr, bits4: u32, bits6: u32) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << (32 - bits4))).into(),
            IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - bits6))).into(),
        })
    }
}

impl std::fmt::Display for SourcePrefix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "{address}/64"),
        }
    }
}

/// The request is one too many; the number of seconds until the next one is welcome, at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfter(pub u32);

type Key = (SourcePrefix, DomainId);
type Limiter = RateLimiter<Key, DashMapStateStore<Key>, LimiterClock, NoOpMiddleware<Duration>>;

/// The limits of one process.
pub struct RateLimits {
    /// One per kind, in the order of [`RateKind::ALL`]; `None` where the limit is 0, which stands for none.
    limiters: [Option<Limiter>; RateKind::ALL.len()],
    max_sources: usize,
    clock: LimiterClock,
}

impl RateLimits {
    /// The limits as the settings say, on the given clock.
    pub fn new(settings: &config::RateLimit, clock: Clock) -> Self {
        let clock = LimiterClock(clock);
        let limiters = RateKind::ALL.map(|kind| {
            let per_minute = NonZeroU32::new(kind.per_minute(settings)).filter(|_| settings.enabled)?;
            Some(RateLimiter::dashmap_with_clock(Quota::per_minute(per_minute), clock.clone()))
        });
        Self { limiters, max_sources: settings.max_sources, clock }
    }

    /// Counts one event of this kind from this source in this domain, unless it is one too many.
    pub fn check(&self, kind: RateKind, source: SourcePrefix, domain: DomainId) -> Result<(), RetryAfter> {
        let Some(limiter) = &self.limiters[kind as usize] else { return Ok(()) };
        let source = if limiter.len() < self.max_sources { source } else { source.neighbourhood() };
        limiter.check_key(&(source, domain)).map_err(|refused| {
            let wait = refused.wait_time_from(self.clock.now());
            RetryAfter(u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX).max(1))
        })
    }

    /// Forgets sources that are back at their full allowance; called about once a minute.
    pub fn retain_recent(&self) {
        for limiter in self.limiters.iter().flatten() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }

    /// Sources remembered, over all kinds.
    pub fn len(&self) -> usize {
        self.limiters.iter().flatten().map(RateLimiter::len).sum()
    }

    /// Whether no source is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Our clock as the limiter reads it: time since the epoch.
#[derive(Debug, Clone)]
struct LimiterClock(Clock);

impl governor::clock::Clock for LimiterClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.now_millis()).unwrap_or(0))
    }
}

/// The address of the client: the peer's, or, when the peer is a trusted proxy, the last address in `X-Forwarded-For`
/// that is not itself one. What stands left of it is the client's own claim and is not believed.
pub fn client_address(peer: SocketAddr, headers: &HeaderMap, trusted_proxies: &[Network]) -> IpAddr {
    let trusted = |address: IpAddr| trusted_proxies.iter().any(|network| network.contains(address));
    let mut client = peer.ip().to_canonical();
    let forwarded = headers.get_all("x-forwarded-for").iter().rev();
    let mut hops = forwarded.filter_map(|value| value.to_str().ok()).flat_map(|value| value.rsplit(','));
    while trusted(client) {
        match hops.next().and_then(|hop| hop_address(hop.trim())) {
            Some(address) => client = address,
            None => break,
        }
    }
    client
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:4711`.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().or_else(|_| hop.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use crate::model::time::UnixTime;

    fn limits(change: impl Fn(&mut config::RateLimit)) -> (RateLimits, Clock, DomainId) {
        let mut settings = Settings::default().rate_limit;
        settings.registrations_per_minute = 3;
        change(&mut settings);
        let clock = Clock::manual(UnixTime(1_800_000_000));
        (RateLimits::new(&settings, clock.clone()), clock.clone(), DomainId::new(&clock))
    }

    fn source(address: &str) -> SourcePrefix {
        SourcePrefix::of(address.parse().unwrap())
    }

    #[test]
    fn a_source_that_overdoes_it_is_told_when_to_come_back() {
        let (limits, clock, domain) = limits(|_| ());
        let check = || limits.check(RateKind::Registration, source("192.0.2.1"), domain);
        assert_eq!([check(), check(), check()], [Ok(()); 3]);
        assert_eq!(check(), Err(RetryAfter(20)));
        clock.advance(19);
        assert_eq!(check(), Err(RetryAfter(1)));
        clock.advance(1);
        assert_eq!(check(), Ok(()));
    }

    #[test]
    fn sources_domains_and_kinds_are_counted_apart() {
        let (limits, clock, domain) = limits(|_| ());
        for _ in 0..3 {
            limits.check(RateKind::Registration, source("192.0.2.1"), domain).unwrap();
        }
        assert!(limits.check(RateKind::Registration, source("192.0.2.1"), domain).is_err());
        assert!(limits.check(RateKind::Registration, source("::ffff:192.0.2.1"), domain).is_err());
        assert!(limits.check(RateKind::Registration, source("192.0.2.2"), domain).is_ok());
        assert!(limits.check(RateKind::Registration, source("192.0.2.1"), DomainId::new(&clock)).is_ok());
        assert!(limits.check(RateKind::FailedAuthentication, source("192.0.2.1"), domain).is_ok());
    }

    #[test]
    fn an_ipv6_subscriber_is_one_source() {
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_eq!(source("2001:db8:1:2::1").to_string(), "2001:db8:1:2::/64");
    }

    #[test]
    fn limits_that_are_off_or_zero_let_everything_pass() {
        for (limits, _, domain) in [limits(|s| s.enabled = false), limits(|s| s.registrations_per_minute = 0)] {
            assert!((0..100).all(|_| limits.check(RateKind::Registration, source("192.0.2.1"), domain).is_ok()));
        }
    }

    #[test]
    fn the_table_is_bounded_and_forgets() {
        let (limits, clock, domain) = limits(|s| s.max_sources = 100);
        for address in 0..10_000u32 {
            let address = IpAddr::from(Ipv4Addr::from_bits(0x0a00_0001 + address));
            let _ = limits.check(RateKind::Registration, SourcePrefix::of(address), domain);
        }
        assert_eq!(limits.len(), 101, "100 sources, then their neighbourhood");
        clock.advance(120);
        limits.retain_recent();
        assert!(limits.is_empty());
    }

    #[test]
    fn forwarded_addresses_are_believed_from_trusted_proxies_only_and_from_the_right() {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
        let client = |peer: &str, forwarded: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in forwarded {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            client_address(format!("{peer}:1234").parse().unwrap(), &headers, &trusted).to_string()
        };
        assert_eq!(client("192.0.2.9", &["198.51.100.1"]), "192.0.2.9", "the peer is no proxy");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.2"]), "198.51.100.1", "1.1.1.1 is a claim");
        assert_eq!(client("10.0.0.1", &["1.1.1.1, 198.51.100.1", "10.0.0.2"]), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(client("[2001:db8::5]", &["[2a00::7]:4711"]), "2a00::7");
        assert_eq!(client("[::ffff:10.0.0.1]", &["[2a00::7]"]), "2a00::7");
        assert_eq!(client("10.0.0.1", &["198.51.100.1, unknown"]), "10.0.0.1", "what cannot be read ends the chain");
    }
}
