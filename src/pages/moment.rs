//! Points in time as pages print them (RFC 3339 for machines, words for people), always in UTC.

use crate::model::time::UnixTime;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A time on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment(UnixTime);

impl From<UnixTime> for Moment {
    fn from(time: UnixTime) -> Self {
        Self(time)
    }
}

impl Moment {
    /// For the `datetime` attribute.
    pub fn machine(self) -> String {
        let (year, month, day) = self.date();
        let (hour, minute, second) = self.time_of_day();
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// For people, to the minute, with the zone.
    pub fn words(self) -> String {
        format!("{} UTC", self.short())
    }

    /// For people, the day alone.
    pub fn day(self) -> String {
        let (year, month, day) = self.date();
        let name = usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index)).unwrap_or(&"");
        format!("{day} {name} {year}")
    }

    /// For people, to the minute, on a page that names the zone once.
    pub fn short(self) -> String {
        let (hour, minute, _) = self.time_of_day();
        format!("{}, {hour:02}:{minute:02}", self.day())
    }

    /// The same to the second.
    pub fn exact(self) -> String {
        let (_, _, second) = self.time_of_day();
        format!("{}:{second:02}", self.short())
    }

    fn time_of_day(self) -> (i64, i64, i64) {
        let second = self.0.seconds().rem_euclid(86_400);
        (second / 3600, second / 60 % 60, second % 60)
    }

    /// Year, month and day of the proleptic Gregorian calendar. Years are counted from March, so that the leap day is
    /// the last of its year, in cycles of 400 years, which all have 146,097 days.
    fn date(self) -> (i64, i64, i64) {
        const CYCLE: i64 = 146_097;
        // Day 0 is 1 March of the year 0.
        let days = self.0.seconds().div_euclid(86_400) + 719_468;
        let day = days.rem_euclid(CYCLE);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day_of_month = day - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        (days.div_euclid(CYCLE) * 400 + year + next, month, day_of_month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, machine) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_795_320_000, "2026-11-22T04:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(Moment(UnixTime(seconds)).machine(), machine);
        }
        assert_eq!(Moment(UnixTime(1_795_320_000)).words(), "22 Nov 2026, 04:00 UTC");
        assert_eq!(Moment(UnixTime(1_795_320_007)).exact(), "22 Nov 2026, 04:00:07");
    }
}
