//! A day of the calendar (UTC), the part of an order's number that people recognise.

use crate::text::{TextError, TextProblem};
use std::fmt;
use std::str::FromStr;

const DAY_MS: i64 = 86_400_000;

/// A day of the Gregorian calendar, UTC, from year 1 to 9999; written `YYYYMMDD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: i64,
    month: i64,
    day: i64,
}

impl Day {
    /// The day that holds this instant.
    ///
    /// # Errors
    /// If it lies outside the years 1 to 9999.
    pub fn from_epoch_ms(epoch_ms: i64) -> Result<Self, TextError> {
        // Howard Hinnant's `civil_from_days`: years begin in March, so that the leap day is the last of its year.
        let days = epoch_ms.div_euclid(DAY_MS) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self::new(year, month, day)
    }

    /// The day of this year, month and day of the month.
    ///
    /// # Errors
    /// If the calendar has no such day.
    pub fn new(year: i64, month: i64, day: i64) -> Result<Self, TextError> {
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days_in_month = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if is_leap => 29,
            2 => 28,
            _ => 0,
        };
        if (1..=9_999).contains(&year) && (1..=days_in_month).contains(&day) {
            return Ok(Self { year, month, day });
        }
        Err(not_a_day())
    }
}

const fn not_a_day() -> TextError {
    TextError { what: "a day", problem: TextProblem::Shape { expected: "a calendar day as YYYYMMDD, such as 20260131" } }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Day {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(not_a_day());
        }
        let number: i64 = text.parse().map_err(|_| not_a_day())?;
        Self::new(number / 10_000, number / 100 % 100, number % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(epoch_ms: i64) -> String {
        Day::from_epoch_ms(epoch_ms).unwrap().to_string()
    }

    #[test]
    fn an_instant_belongs_to_the_day_that_holds_it() {
        assert_eq!(on(0), "19700101");
        assert_eq!(on(-1), "19691231");
        assert_eq!(on(DAY_MS - 1), "19700101");
        assert_eq!(on(951_782_400_000), "20000229");
        assert_eq!(on(1_709_164_800_000), "20240229");
        assert_eq!(on(1_709_251_200_000), "20240301");
        assert_eq!(on(1_798_761_599_999), "20261231");
    }

    #[test]
    fn days_follow_each_other_without_gap_for_four_hundred_years() {
        let mut last = Day::from_epoch_ms(-1).unwrap();
        for n in 0..146_097 {
            let day = Day::from_epoch_ms(n * DAY_MS).unwrap();
            assert!(last < day, "{last} then {day}");
            assert_eq!(day.to_string().parse(), Ok(day));
            last = day;
        }
        assert_eq!(last.to_string(), "23691231");
    }

    #[test]
    fn what_the_calendar_does_not_have_is_no_day() {
        for text in ["20260229", "20261301", "20260100", "2026131", "00000101", "2026-1-1", ""] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
        assert!(Day::from_epoch_ms(i64::MIN).is_err());
        assert!(Day::from_epoch_ms(i64::MAX).is_err());
    }
}
