//! What is counted by the hour, and how it is drawn.

use serde::Serialize;

use super::id::DomainId;
use super::time::UnixTime;

/// How long counts are kept, in seconds.
pub const KEPT: i64 = 400 * 86_400;

/// Seconds of an hour.
pub const HOUR: i64 = 3_600;

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// What is counted, and what its labels tell apart. Labels are of sets of our own, never what a stranger typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// A registration, by the client's origin.
    Registration,
    /// A refused registration, by the rule, or by the error code where no rule refused it.
    RegistrationRefused,
    /// A token response, by grant.
    Token,
    /// A refused token request, by error code.
    TokenRefused,
    /// An introspection: `active` or `inactive`.
    Introspection,
    /// A login with a password: `done` or `refused`.
    Login,
    /// Somebody made an account; no label.
    SignUp,
}

impl Counted {
    /// Everything that is counted.
    pub const ALL: [Self; 7] = [
        Self::Registration,
        Self::RegistrationRefused,
        Self::Token,
        Self::TokenRefused,
        Self::Introspection,
        Self::Login,
        Self::SignUp,
    ];

    /// The name as it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::RegistrationRefused => "registration_refused",
            Self::Token => "token",
            Self::TokenRefused => "token_refused",
            Self::Introspection => "introspection",
            Self::Login => "login",
            Self::SignUp => "sign_up",
        }
    }

    /// Reads a stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|counted| counted.as_str() == text)
    }
}

/// So much more happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Increment {
    /// Where.
    pub domain_id: DomainId,
    /// In which hour: when it began.
    pub hour: UnixTime,
    /// What.
    pub counted: Counted,
    /// Which kind of it.
    pub label: &'static str,
    /// How often.
    pub count: u64,
}

/// What happened within a span of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    /// When the span began.
    pub at: UnixTime,
    /// What.
    pub counted: Counted,
    /// Which kind of it.
    pub label: String,
    /// How often.
    pub count: i64,
}

/// Equal spans of time, the first of them beginning at `from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Period {
    /// When it begins: a full hour.
    pub from: UnixTime,
    /// How many seconds a span has: a multiple of [`HOUR`].
    pub step: i64,
    /// How many spans.
    pub spans: i64,
}

impl Period {
    /// The spans that end with the one `now` is in. `step` is [`HOUR`] or [`DAY`], spans begin at full hours and at
    /// midnight (UTC).
    pub fn until(now: UnixTime, step: i64, spans: i64) -> Self {
        let (step, spans) = (step.max(HOUR), spans.max(1));
        let last = now.0 - now.0.rem_euclid(step);
        Self { from: UnixTime(last - (spans - 1) * step), step, spans }
    }

    /// When it ends.
    pub fn end(&self) -> UnixTime {
        self.from.plus(self.step * self.spans)
    }

    /// Sums up for each span what `wanted` picks.
    pub fn sums(&self, counts: &[Count], wanted: impl Fn(&Count) -> bool) -> Vec<i64> {
        let mut sums = vec![0; usize::try_from(self.spans).unwrap_or_default()];
        for count in counts.iter().filter(|count| wanted(count)) {
            let span = count.at.since(self.from).div_euclid(self.step);
            if let Some(sum) = usize::try_from(span).ok().and_then(|span| sums.get_mut(span)) {
                *sum += count.count;
            }
        }
        sums
    }
}

/// When the hour of a time began.
pub fn hour_of(time: UnixTime) -> UnixTime {
    UnixTime(time.0 - time.0.rem_euclid(HOUR))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn count(at: i64, counted: Counted, count: i64) -> Count {
        Count { at: UnixTime(at), counted, label: String::new(), count }
    }

    #[test]
    fn periods_begin_at_full_hours_and_at_midnight() {
        let now = UnixTime(1_790_000_123);
        let hours = Period::until(now, HOUR, 24);
        assert_eq!((hours.from.0 % HOUR, hours.end()), (0, hour_of(now).plus(HOUR)));
        let days = Period::until(now, DAY, 30);
        assert_eq!((days.from.0 % DAY, days.spans), (0, 30));
        assert!(days.end() > now && days.end().since(now) <= DAY);
    }

    #[test]
    fn sums_are_of_what_is_wanted_within_the_period() {
        let period = Period { from: UnixTime(7_200), step: HOUR, spans: 2 };
        let counts = [
            count(3_600, Counted::Token, 100),
            count(7_200, Counted::Token, 1),
            count(10_800, Counted::Token, 2),
            count(10_800, Counted::Token, 3),
            count(10_800, Counted::Login, 50),
            count(14_400, Counted::Token, 100),
        ];
        assert_eq!(period.sums(&counts, |count| count.counted == Counted::Token), [1, 5]);
        assert_eq!(period.sums(&[], |_| true), [0, 0]);
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for counted in Counted::ALL {
            assert_eq!(Counted::parse(counted.as_str()), Some(counted));
        }
        assert_eq!(Counted::parse("other"), None);
    }

    proptest! {
        #[test]
        fn nothing_within_a_period_is_lost(hours in prop::collection::vec(0_i64..240, 0..40), now in 0_i64..3_600) {
            let period = Period::until(UnixTime(1_800_000_000 + now), HOUR, 240);
            let counts: Vec<_> = hours.iter().map(|n| count(period.from.0 + n * HOUR, Counted::Token, n + 1)).collect();
            let whole: i64 = counts.iter().map(|count| count.count).sum();
            prop_assert_eq!(period.sums(&counts, |_| true).iter().sum::<i64>(), whole);
        }
    }
}
