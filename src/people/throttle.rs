//! Failed logins: who has to wait (NIST SP 800-63B §3.2.2).
//!
//! # Design
//! Attempts are counted per account and source, and per account. Each failure beyond a free number doubles the wait
//! until the next attempt; nothing is ever locked, and an hour after the last failure all is forgotten. Those who
//! were in before do not wait for what strangers do: a browser in which the person is logged in, and an address from
//! which they logged in, wait only after failures of their own, far more than a person makes. An attempt
//! is counted before the password is checked and taken back if it was right, so that a burst gains nothing. Each
//! process counts for itself, in bounded memory.

use moka::ops::compute::Op;
use moka::sync::Cache;

use crate::model::id::{DomainId, UserId};
use crate::model::time::{Clock, UnixTime};
use crate::ops::rate_limit::SourcePrefix;

/// How long failures are remembered, in seconds.
const REMEMBERED: i64 = 3_600;

/// How many accounts and sources are remembered.
const CAPACITY: u64 = 100_000;

/// Wrong passwords of a stranger for one account.
const STRANGER: Allowance = Allowance { free: 5, longest: 900 };

/// Wrong passwords for one account from an address where the person logged in before.
const ACQUAINTANCE: Allowance = Allowance { free: 100, longest: 900 };

/// Wrong passwords for one account from browsers in which the person is logged in: one may have been left alone.
const BROWSER: Allowance = Allowance { free: 100, longest: 900 };

/// Wrong passwords for one account from all strangers together.
const STRANGERS: Allowance = Allowance { free: 100, longest: 60 };

/// Mails to one address that somebody asked for without being logged in.
const MAILS: Allowance = Allowance { free: 3, longest: 900 };

/// Wrong codes of a second factor, wherever they come from: whoever gets that far knows the password.
const CODES: Allowance = Allowance { free: 5, longest: 900 };

/// What goes without waiting, and how long the wait grows.
#[derive(Debug, Clone, Copy)]
struct Allowance {
    free: u32,
    longest: i64,
}

impl Allowance {
    /// How long to wait after so many failures, in seconds.
    fn wait(self, count: u32) -> i64 {
        let Some(beyond) = count.checked_sub(self.free) else { return 0 };
        2_i64.saturating_pow(beyond).min(self.longest)
    }
}

/// Where an attempt comes from, as far as the account is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Familiarity {
    /// A browser in which the person is logged in.
    Browser,
    /// An address from which the person logged in before.
    Address,
    /// Anywhere else.
    Stranger,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    AccountAt(DomainId, String, SourcePrefix),
    LoggedIn(DomainId, String),
    Account(DomainId, String),
    Mail(DomainId, String),
    Code(DomainId, String),
}

#[derive(Debug, Clone, Copy)]
struct Count {
    count: u32,
    last: UnixTime,
}

/// Who has to wait.
#[derive(Debug)]
pub struct Throttle {
    clock: Clock,
    enabled: bool,
    counts: Cache<Key, Count>,
    /// Until when sources must wait that failed too often at whichever accounts.
    sources: Cache<(DomainId, SourcePrefix), UnixTime>,
    /// Where people logged in.
    familiar: Cache<(UserId, SourcePrefix), ()>,
}

impl Throttle {
    /// Nobody waits yet; with `enabled` off nobody ever will.
    pub fn new(clock: Clock, enabled: bool) -> Self {
        Self {
            clock,
            enabled,
            counts: Cache::new(CAPACITY),
            sources: Cache::new(CAPACITY),
            familiar: Cache::new(CAPACITY),
        }
    }

    /// Counts an attempt to log in, or says how many seconds it comes too early. `account`: the user's id, or what was
    /// typed where there is no such user.
    pub fn admit(
        &self,
        domain_id: DomainId,
        account: &str,
        source: SourcePrefix,
        familiarity: Familiarity,
    ) -> Result<(), u32> {
        let here = || Key::AccountAt(domain_id, account.to_owned(), source);
        match familiarity {
            Familiarity::Browser => self.count(Key::LoggedIn(domain_id, account.to_owned()), BROWSER),
            Familiarity::Address => self.count(here(), ACQUAINTANCE),
            Familiarity::Stranger => {
                let until = self.sources.get(&(domain_id, source)).filter(|_| self.enabled);
                let wait = until.map_or(0, |until| until.since(self.clock.now()));
                if wait > 0 {
                    return Err(seconds(wait));
                }
                self.count(here(), STRANGER)?;
                self.count(Key::Account(domain_id, account.to_owned()), STRANGERS)
            }
        }
    }

    /// The password was right: what failed there before is forgotten, and the attempt was no stranger's.
    pub fn forgive(&self, domain_id: DomainId, account: &str, source: SourcePrefix) {
        self.counts.invalidate(&Key::AccountAt(domain_id, account.to_owned(), source));
        self.counts.invalidate(&Key::LoggedIn(domain_id, account.to_owned()));
        self.take_one_back(Key::Account(domain_id, account.to_owned()));
    }

    /// Takes an attempt back whose password was not looked at. Nothing else is forgotten, or whoever keeps the server
    /// busy could guess on.
    pub fn take_back(&self, domain_id: DomainId, account: &str, source: SourcePrefix) {
        self.take_one_back(Key::AccountAt(domain_id, account.to_owned(), source));
        self.take_one_back(Key::Account(domain_id, account.to_owned()));
    }

    fn take_one_back(&self, key: Key) {
        self.counts.entry(key).and_compute_with(|entry| match entry.map(moka::Entry::into_value) {
            Some(known) if known.count > 1 => Op::Put(Count { count: known.count - 1, ..known }),
            Some(_) => Op::Remove,
            None => Op::Nop,
        });
    }

    /// A person logged in from there.
    pub fn acquaint(&self, user_id: UserId, source: SourcePrefix) {
        self.familiar.insert((user_id, source), ());
    }

    /// Whether a person logged in from there while this process ran.
    pub fn is_acquainted(&self, user_id: UserId, source: SourcePrefix) -> bool {
        self.familiar.contains_key(&(user_id, source))
    }

    /// A source has failed too often; as a stranger it waits so many seconds, whichever the account.
    pub fn hold_source(&self, domain_id: DomainId, source: SourcePrefix, seconds: u32) {
        self.sources.insert((domain_id, source), self.clock.now().plus(seconds.into()));
    }

    /// Counts a mail to an address that somebody asked for without being logged in; `false`: one too many for now.
    pub fn may_mail(&self, domain_id: DomainId, address: &str) -> bool {
        self.count(Key::Mail(domain_id, address.to_owned()), MAILS).is_ok()
    }

    /// Counts a code of an account's second factor, or says how many seconds it comes too early.
    pub fn admit_code(&self, domain_id: DomainId, account: &str) -> Result<(), u32> {
        self.count(Key::Code(domain_id, account.to_owned()), CODES)
    }

    /// The code was right: wrong ones before are forgotten.
    pub fn forgive_codes(&self, domain_id: DomainId, account: &str) {
        self.counts.invalidate(&Key::Code(domain_id, account.to_owned()));
    }

    fn count(&self, key: Key, allowance: Allowance) -> Result<(), u32> {
        if !self.enabled {
            return Ok(());
        }
        let now = self.clock.now();
        let mut wait = 0;
        self.counts.entry(key).and_compute_with(|entry| {
            let known = entry.map(moka::Entry::into_value).filter(|known| now.since(known.last) < REMEMBERED);
            let known = known.unwrap_or(Count { count: 0, last: now });
            wait = allowance.wait(known.count) - now.since(known.last);
            if wait > 0 {
                return Op::Nop;
            }
            Op::Put(Count { count: known.count.saturating_add(1), last: now })
        });
        if wait > 0 { Err(seconds(wait)) } else { Ok(()) }
    }
}

fn seconds(wait: i64) -> u32 {
    u32::try_from(wait).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Story {
        clock: Clock,
        throttle: Throttle,
        domain: DomainId,
    }

    impl Story {
        fn begin() -> Self {
            let clock = Clock::manual(UnixTime(1_790_000_000));
            Self { throttle: Throttle::new(clock.clone(), true), domain: DomainId::new(&clock), clock }
        }

        fn attempt(&self, account: &str, address: &str, familiarity: Familiarity) -> Result<(), u32> {
            self.throttle.admit(self.domain, account, source(address), familiarity)
        }
    }

    fn source(address: &str) -> SourcePrefix {
        SourcePrefix::of(address.parse().unwrap())
    }

    #[test]
    fn the_wait_doubles_and_ends() {
        let story = Story::begin();
        let attempt = || story.attempt("ada", "192.0.2.1", Familiarity::Stranger);
        assert!((0..5).all(|_| attempt().is_ok()));
        for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            assert_eq!(attempt(), Err(wait));
            story.clock.advance(i64::from(wait) - 1);
            assert_eq!(attempt(), Err(1));
            story.clock.advance(1);
            assert_eq!(attempt(), Ok(()));
        }
        story.clock.advance(REMEMBERED);
        assert!((0..5).all(|_| attempt().is_ok()));
        assert_eq!(attempt(), Err(1));
    }

    #[test]
    fn others_do_not_wait_for_what_one_source_did() {
        let story = Story::begin();
        for _ in 0..6 {
            let _ = story.attempt("ada", "192.0.2.1", Familiarity::Stranger);
        }
        assert!(story.attempt("ada", "192.0.2.1", Familiarity::Stranger).is_err());
        assert!(story.attempt("ada", "192.0.2.2", Familiarity::Stranger).is_ok());
        assert!(story.attempt("grace", "192.0.2.1", Familiarity::Stranger).is_ok());
        assert!(story.attempt("ada", "192.0.2.1", Familiarity::Browser).is_ok());
    }

    #[test]
    fn many_strangers_together_wait_and_acquaintances_do_not() {
        let story = Story::begin();
        for last in 0..100 {
            assert!(story.attempt("ada", &format!("192.0.2.{last}"), Familiarity::Stranger).is_ok());
        }
        assert_eq!(story.attempt("ada", "198.51.100.1", Familiarity::Stranger), Err(1));
        assert_eq!(story.attempt("ada", "198.51.100.1", Familiarity::Address), Ok(()));
        assert_eq!(story.attempt("grace", "198.51.100.1", Familiarity::Stranger), Ok(()));
    }

    #[test]
    fn a_right_password_takes_its_attempt_back() {
        let story = Story::begin();
        for _ in 0..1_000 {
            assert!(story.attempt("ada", "192.0.2.1", Familiarity::Stranger).is_ok());
            story.throttle.forgive(story.domain, "ada", source("192.0.2.1"));
        }
    }

    #[test]
    fn what_was_not_looked_at_is_taken_back_alone() {
        let story = Story::begin();
        assert!((0..5).all(|_| story.attempt("ada", "192.0.2.1", Familiarity::Stranger).is_ok()));
        story.throttle.take_back(story.domain, "ada", source("192.0.2.1"));
        assert!(story.attempt("ada", "192.0.2.1", Familiarity::Stranger).is_ok());
        assert_eq!(story.attempt("ada", "192.0.2.1", Familiarity::Stranger), Err(1));
    }

    #[test]
    fn whoever_finds_a_browser_open_does_not_guess_for_ever() {
        let story = Story::begin();
        for last in 0..200 {
            let _ = story.attempt("ada", &format!("192.0.2.{last}"), Familiarity::Stranger);
        }
        assert!((0..100).all(|_| story.attempt("ada", "192.0.2.1", Familiarity::Browser).is_ok()));
        assert_eq!(story.attempt("ada", "192.0.2.1", Familiarity::Browser), Err(1));
        story.throttle.forgive(story.domain, "ada", source("192.0.2.1"));
        assert!(story.attempt("ada", "192.0.2.1", Familiarity::Browser).is_ok());
    }

    #[test]
    fn a_source_that_is_held_waits_at_every_account_unless_it_is_known_there() {
        let story = Story::begin();
        story.throttle.hold_source(story.domain, source("192.0.2.1"), 10);
        assert_eq!(story.attempt("ada", "192.0.2.1", Familiarity::Stranger), Err(10));
        assert_eq!(story.attempt("ada", "192.0.2.1", Familiarity::Address), Ok(()));
        story.clock.advance(10);
        assert_eq!(story.attempt("ada", "192.0.2.1", Familiarity::Stranger), Ok(()));
    }

    #[test]
    fn codes_of_a_second_factor_are_counted_by_account_alone() {
        let story = Story::begin();
        let code = |account: &str| story.throttle.admit_code(story.domain, account);
        assert!((0..5).all(|_| code("ada").is_ok()));
        assert_eq!((code("ada"), code("grace")), (Err(1), Ok(())));
        story.clock.advance(1);
        assert_eq!((code("ada"), code("ada")), (Ok(()), Err(2)));
        story.throttle.forgive_codes(story.domain, "ada");
        assert!((0..5).all(|_| code("ada").is_ok()));
    }

    #[test]
    fn where_nothing_is_limited_nobody_waits() {
        let clock = Clock::manual(UnixTime(1_790_000_000));
        let (throttle, domain) = (Throttle::new(clock.clone(), false), DomainId::new(&clock));
        throttle.hold_source(domain, source("192.0.2.1"), 10);
        assert!((0..50).all(|_| throttle.admit(domain, "a", source("192.0.2.1"), Familiarity::Stranger).is_ok()));
        assert!((0..50).all(|_| throttle.may_mail(domain, "a@example.com")));
    }
}
