//! Intervals of time, as people ask for them: from a day or an instant on, before another.
//!
//! A day is one of a zone, which is a fixed distance from UTC: nothing here knows which country
//! turns its clocks when, so the same words mean the same interval for ever.

use std::fmt;

const MINUTE_MS: i64 = 60_000;
/// How long a day of every such zone is.
pub const DAY_MS: i64 = 86_400_000;
/// The greatest distance of a zone from UTC, in minutes: Kiribati's.
const ZONE_MINUTES_MAX: i64 = 14 * 60;

/// A fixed distance from UTC: `Z`, `+07:00`, `-03:30`.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Zone {
    minutes: i64,
}

/// A day, or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// `2026-12-01`: the beginning of that day, wherever it is one.
    Day(Day),
    /// `2026-12-01T09:30:00+07:00`, in milliseconds since 1970.
    Instant(i64),
}

/// A day of the calendar, counted from the first of 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i64);

/// What a [`Zone`] must look like.
pub const ZONE_RULE: &str = "must be Z, or how far it is from UTC, such as +07:00 (in an address \
                             %2B07:00), up to 14:00";
/// What a [`Moment`] must look like.
pub const MOMENT_RULE: &str = "must be a day, such as 2026-12-01, or an instant, such as \
                               2026-12-01T09:30:00Z, from 1970 on";

impl Day {
    /// The day on which `at_ms` is in `zone`.
    #[must_use]
    pub const fn of(at_ms: i64, zone: Zone) -> Self {
        Self(at_ms.saturating_add(zone.ms()).div_euclid(DAY_MS))
    }

    /// When it begins in `zone`.
    #[must_use]
    pub const fn begins_ms(self, zone: Zone) -> i64 {
        self.0.saturating_mul(DAY_MS).saturating_sub(zone.ms())
    }

    /// The day after.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The days from the first of year 0 to that of 1970, and of 400 years, after which the calendar
    /// is the same again: years begin in March here, so that the odd day is the last one.
    const EPOCH: i64 = 719_468;
    const OF_400_YEARS: i64 = 146_097;

    fn of_date(year: i64, month: i64, day: i64) -> Option<Self> {
        let from_march = if month > 2 { month - 3 } else { month + 9 };
        let year_from_march = if month > 2 { year } else { year - 1 };
        let year_of_era = year_from_march.rem_euclid(400);
        let day_of_year = (153 * from_march + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = year_from_march.div_euclid(400) * Self::OF_400_YEARS + day_of_era - Self::EPOCH;
        // The thirty-first of a shorter month is another day, and so none.
        let found = Self(days);
        (found.date() == (year, month, day)).then_some(found)
    }

    const fn date(self) -> (i64, i64, i64) {
        let days = self.0.saturating_add(Self::EPOCH);
        let day_of_era = days.rem_euclid(Self::OF_400_YEARS);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_of_era + days.div_euclid(Self::OF_400_YEARS) * 400;
        (if month > 2 { year } else { year + 1 }, month, day)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl Zone {
    const fn ms(self) -> i64 {
        self.minutes.saturating_mul(MINUTE_MS)
    }

    fn read(text: &str) -> Option<Self> {
        if text == "Z" {
            return Some(Self::default());
        }
        // A `+` that stands in an address as it is comes as the space that it means there.
        let (sign, rest) = if let Some(rest) = text.strip_prefix('-') {
            (-1, rest)
        } else {
            (1, text.strip_prefix(['+', ' '])?)
        };
        let (hours, minutes) = rest.split_once(':')?;
        let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
        let distance = hours * 60 + minutes;
        (minutes < 60 && distance <= ZONE_MINUTES_MAX).then_some(Self { minutes: sign * distance })
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let distance = self.minutes.abs();
        let sign = if self.minutes < 0 { '-' } else { '+' };
        write!(f, "{sign}{:02}:{:02}", distance / 60, distance % 60)
    }
}

impl Moment {
    /// When it is, in milliseconds since 1970.
    #[must_use]
    pub const fn at_ms(self, zone: Zone) -> i64 {
        match self {
            Self::Day(day) => day.begins_ms(zone),
            Self::Instant(at_ms) => at_ms,
        }
    }

    fn read(text: &str) -> Option<Self> {
        let (date, time) = match text.split_once('T') {
            None => (text, None),
            Some((date, time)) => (date, Some(time)),
        };
        let mut parts = date.splitn(3, '-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        let (year, month, day) = (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?);
        let day = Day::of_date(year, month, day).filter(|_| year >= 1970)?;
        let Some(time) = time else { return Some(Self::Day(day)) };
        let place = time.find(['Z', '+', ' ', '-'])?;
        let (clock, zone) = time.split_at_checked(place)?;
        let (clock, fraction) = match clock.split_once('.') {
            None => (clock, 0),
            Some((clock, fraction)) => (clock, thousandths(fraction)?),
        };
        let mut parts = clock.splitn(3, ':');
        let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
        let (hour, minute, second) = (digits(hour, 2)?, digits(minute, 2)?, digits(second, 2)?);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let of_day = (hour * 3_600 + minute * 60 + second) * 1_000 + fraction;
        Some(Self::Instant(day.begins_ms(Zone::read(zone)?) + of_day))
    }
}

/// As it is read; an instant by UTC.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at_ms = match self {
            Self::Day(day) => return day.fmt(f),
            Self::Instant(at_ms) => *at_ms,
        };
        let of_day = at_ms.rem_euclid(DAY_MS);
        let (seconds, thousandths) = (of_day / 1_000, of_day % 1_000);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        let day = Day::of(at_ms, Zone::default());
        write!(f, "{day}T{hour:02}:{minute:02}:{second:02}.{thousandths:03}Z")
    }
}

/// A number of so many digits.
fn digits(text: &str, count: usize) -> Option<i64> {
    let fits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

/// What stands behind the point of the seconds; what is less than a thousandth is let go.
fn thousandths(text: &str) -> Option<i64> {
    let fits = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let shown: String = text.chars().chain("00".chars()).take(3).collect();
    fits.then(|| shown.parse().ok()).flatten()
}

macro_rules! read_as_text {
    ($name:ident, $rule:ident, $pattern:literal, $about:literal) => {
        impl TryFrom<&str> for $name {
            type Error = &'static str;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                Self::read(text).ok_or($rule)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text =
                    <std::borrow::Cow<'de, str> as serde::Deserialize<'de>>::deserialize(deserializer)?;
                Self::try_from(&*text).map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string", "pattern": $pattern, "description": $about,
                })
            }
        }
    };
}

read_as_text!(
    Zone,
    ZONE_RULE,
    "^(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)$",
    "How far the clocks are from UTC: `Z`, `+07:00`, `-03:30`. A `+` is written `%2B` in an address."
);
read_as_text!(
    Moment,
    MOMENT_RULE,
    "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]))?$",
    "A day, `2026-12-01`, or an instant (RFC 3339), `2026-12-01T09:30:00Z`; from 1970 on."
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn zone(text: &str) -> Zone {
        Zone::try_from(text).unwrap()
    }

    fn at(text: &str, of: &str) -> i64 {
        Moment::try_from(text).unwrap().at_ms(zone(of))
    }

    #[test]
    fn days_begin_where_they_are_days() {
        assert_eq!(at("1970-01-01", "Z"), 0);
        assert_eq!(at("1970-01-02", "+07:00"), DAY_MS - 7 * 3_600_000);
        assert_eq!(at("1970-01-01", "-03:30"), 12_600_000);
        assert_eq!(at("2024-02-29", "Z"), 1_709_164_800_000);
        assert_eq!(at("2026-12-01", "Z"), 1_796_083_200_000);
        assert_eq!(at("9999-12-31", "Z"), 253_402_214_400_000);
    }

    #[test]
    fn instants_say_themselves_where_they_are() {
        for text in [
            "2026-12-01T07:00:00+07:00",
            "2026-12-01T07:00:00 07:00",
            "2026-12-01T00:00:00Z",
            "2026-11-30T20:30:00.000-03:30",
        ] {
            for of in ["Z", "+14:00", "-12:00"] {
                assert_eq!(at(text, of), 1_796_083_200_000, "{text}");
            }
        }
        assert_eq!(at("1970-01-01T00:00:00.5Z", "Z"), 500);
        assert_eq!(at("1970-01-01T00:00:00.0019Z", "Z"), 1);
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in [
            "",
            "2026",
            "2026-12",
            "2026-13-01",
            "2026-02-29",
            "2026-04-31",
            "2026-00-10",
            "2026-01-00",
            "1969-12-31",
            "26-12-01",
            "2026-1-1",
            "2026-12-01T",
            "2026-12-01T10:00",
            "2026-12-01T10:00:00",
            "2026-12-01T24:00:00Z",
            "2026-12-01T10:60:00Z",
            "2026-12-01T10:00:60Z",
            "2026-12-01T10:00:00.Z",
            "2026-12-01T10:00:00.1234567890Z",
            "2026-12-01T10:00:00+7",
            "2026-12-01T10:00:00+14:01",
            "2026-12-01t10:00:00z",
            " 2026-12-01",
            "+026-12-01",
            "2026-12-01Z",
            "today",
            "٢٠٢٦-12-01",
        ] {
            assert!(Moment::try_from(text).is_err(), "{text}");
        }
        for text in
            ["", "z", "UTC", "+7", "+07", "07:00", "+7:00", "+14:01", "+99:00", "+01:60", "+0a:00"]
        {
            assert!(Zone::try_from(text).is_err(), "{text}");
        }
    }

    fn any_zone() -> impl Strategy<Value = Zone> {
        (-ZONE_MINUTES_MAX..=ZONE_MINUTES_MAX).prop_map(|minutes| Zone { minutes })
    }

    proptest! {
        #[test]
        fn a_day_holds_its_instants_and_the_next_begins_where_it_ends(
            at_ms in 0_i64..253_000_000_000_000, zone in any_zone(),
        ) {
            let day = Day::of(at_ms, zone);
            prop_assert!(day.begins_ms(zone) <= at_ms && at_ms < day.next().begins_ms(zone));
            prop_assert_eq!(day.next().begins_ms(zone) - day.begins_ms(zone), DAY_MS);
            prop_assert_eq!(Day::of(day.begins_ms(zone), zone), day);
        }

        #[test]
        fn what_is_shown_is_read_as_the_same(days in 0_i64..2_900_000, zone in any_zone()) {
            prop_assert_eq!(Moment::try_from(Day(days).to_string().as_str()), Ok(Moment::Day(Day(days))));
            prop_assert_eq!(Zone::try_from(zone.to_string().as_str()), Ok(zone));
            let instant = Moment::Instant(Day(days).begins_ms(zone).max(0) + 1);
            prop_assert_eq!(Moment::try_from(instant.to_string().as_str()), Ok(instant));
        }

        #[test]
        fn days_are_those_of_the_calendar(days in 0_i64..2_900_000) {
            let (year, month, day) = Day(days).date();
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let (next_year, next_month, next_day) = Day(days).next().date();
            let length = match month { 2 => 28 + i64::from(leap), 4 | 6 | 9 | 11 => 30, _ => 31 };
            let expected = if day < length { (year, month, day + 1) }
                else if month < 12 { (year, month + 1, 1) } else { (year + 1, 1, 1) };
            prop_assert_eq!((next_year, next_month, next_day), expected);
        }

        #[test]
        fn no_text_is_too_odd_to_be_refused(text in "\\PC{0,40}") {
            let _read = (Moment::try_from(text.as_str()), Zone::try_from(text.as_str()));
        }
    }
}
