//! Unix time and the one clock everything reads.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A point in time: whole seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// This time plus a number of seconds.
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to this time; negative if `earlier` is later.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The number as it appears in JSON and SQL.
    pub fn seconds(self) -> i64 {
        self.0
    }
}

/// Where the time comes from: the system, or a hand that tests move.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The operating system's clock.
    #[default]
    System,
    /// A clock that tests and the harness mode move.
    Movable(Arc<Hand>),
}

/// The hand of a clock that can be moved, and stopped.
#[derive(Debug)]
pub struct Hand(Mutex<Setting>);

/// How a movable clock is set, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// It goes, so far ahead of the system's clock.
    Running(i64),
    /// It stands still at this time since the epoch.
    Standing(i64),
}

impl Hand {
    /// How it is set.
    pub fn setting(&self) -> Setting {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets it.
    pub fn set(&self, setting: Setting) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = setting;
    }

    /// Moves it by seconds, forward or back; whether it goes or stands stays as it is.
    pub fn advance(&self, seconds: i64) {
        let moved = |millis: i64| millis.saturating_add(seconds.saturating_mul(1000));
        let mut setting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *setting = match *setting {
            Setting::Running(offset) => Setting::Running(moved(offset)),
            Setting::Standing(at) => Setting::Standing(moved(at)),
        };
    }

    /// Moves it to a time; whether it goes or stands stays as it is.
    pub fn move_to(&self, time: UnixTime) {
        self.advance(time.since(UnixTime(self.now_millis().div_euclid(1000))));
    }

    /// Stops it where it is.
    pub fn freeze(&self) {
        self.set(Setting::Standing(self.now_millis()));
    }

    /// Lets it go on from where it is.
    pub fn resume(&self) {
        self.set(Setting::Running(self.now_millis().saturating_sub(system_millis())));
    }

    fn now_millis(&self) -> i64 {
        match self.setting() {
            Setting::Running(offset) => system_millis().saturating_add(offset),
            Setting::Standing(at) => at,
        }
    }
}

impl Clock {
    /// A clock that stands still at `start` until it is advanced.
    pub fn manual(start: UnixTime) -> Self {
        Self::Movable(Arc::new(Hand(Mutex::new(Setting::Standing(start.0.saturating_mul(1000))))))
    }

    /// A clock that goes like the system's until it is moved, with its hand.
    pub fn movable() -> (Self, Arc<Hand>) {
        let hand = Arc::new(Hand(Mutex::new(Setting::Running(0))));
        (Self::Movable(Arc::clone(&hand)), hand)
    }

    /// The current time in whole seconds.
    pub fn now(&self) -> UnixTime {
        UnixTime(self.now_millis().div_euclid(1000))
    }

    /// The current time in milliseconds, for ids that sort by time.
    pub fn now_millis(&self) -> i64 {
        match self {
            Self::System => system_millis(),
            Self::Movable(hand) => hand.now_millis(),
        }
    }

    /// Moves a movable clock forward by a number of seconds; the system clock is left alone.
    pub fn advance(&self, seconds: i64) {
        if let Self::Movable(hand) = self {
            hand.advance(seconds);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the system clock")]
fn system_millis() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(elapsed) => i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_stands_goes_and_is_moved() {
        let (clock, hand) = Clock::movable();
        let system = Clock::System.now();
        assert!(clock.now().since(system) <= 1);
        hand.advance(3_600);
        assert!((3_600..=3_602).contains(&clock.now().since(system)));
        hand.move_to(UnixTime(1_000));
        assert!((0..=1).contains(&clock.now().since(UnixTime(1_000))));
        hand.freeze();
        hand.move_to(UnixTime(2_000));
        assert_eq!((clock.now(), matches!(hand.setting(), Setting::Standing(_))), (UnixTime(2_000), true));
        clock.advance(-5);
        assert_eq!(clock.now(), UnixTime(1_995));
        hand.resume();
        assert!((1_995..=1_996).contains(&clock.now().0) && matches!(hand.setting(), Setting::Running(_)));
    }
}
