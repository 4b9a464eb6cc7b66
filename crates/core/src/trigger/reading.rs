//! Readings of a clock as numbers: microseconds since 1970-01-01T00:00 on that clock.

use jiff::civil::DateTime;
use jiff::tz::Offset;

/// A second.
pub(super) const SECOND: i64 = 1_000_000;
/// A day of the calendar.
pub(super) const DAY: i64 = 86_400 * SECOND;

/// The last year that is looked at.
pub(super) const LAST_YEAR: i64 = 9999;

/// A date as its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i64,
    pub(super) month: u32,
    pub(super) day: u32,
}

impl Date {
    /// The date so many days after 1970-01-01 (Hinnant's `civil_from_days`).
    pub(super) fn of_day(day: i64) -> Self {
        let shifted = day + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let march = (5 * of_year + 2) / 153;
        let month = if march < 10 { march + 3 } else { march - 9 };
        Self {
            year: year + era * 400 + i64::from(month <= 2),
            month: small(month),
            day: small(of_year - (153 * march + 2) / 5 + 1),
        }
    }

    /// How many days it lies after 1970-01-01.
    pub(super) fn to_day(self) -> i64 {
        let month = i64::from(self.month);
        let year = self.year - i64::from(month <= 2);
        let march = if month > 2 { month - 3 } else { month + 9 };
        let of_year = (153 * march + 2) / 5 + i64::from(self.day) - 1;
        let of_era = year.rem_euclid(400);
        let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
        year.div_euclid(400) * 146_097 + of_era - 719_468
    }
}

/// How many days the month has.
pub(super) fn month_length(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The day of the week of a day since 1970-01-01; 0 is Sunday.
pub(super) fn weekday(day: i64) -> u32 {
    small((day + 4).rem_euclid(7))
}

/// A number known to be small and not negative.
pub(super) fn small(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// A date and time of the calendar as a reading; anything below a microsecond is dropped.
pub(super) fn of_civil(at: DateTime) -> i64 {
    let date = Date {
        year: i64::from(at.year()),
        month: small(i64::from(at.month())),
        day: small(i64::from(at.day())),
    };
    date.to_day() * DAY + of_time(at.time())
}

/// A time of day as a span since midnight; anything below a microsecond is dropped.
pub(super) fn of_time(at: jiff::civil::Time) -> i64 {
    let minutes = i64::from(at.hour()) * 60 + i64::from(at.minute());
    (minutes * 60 + i64::from(at.second())) * SECOND + i64::from(at.subsec_nanosecond()) / 1000
}

/// A reading as a date and time of the calendar, as near as can be represented.
pub(super) fn to_civil(reading: i64) -> DateTime {
    Offset::UTC.to_datetime(crate::model::Micros(reading).timestamp())
}

/// `09:00`, `09:00:30`, `09:00:30.5`: as short as it can be.
pub(super) fn show_time(of_day: i64) -> String {
    let (seconds, micros) = (of_day / SECOND, of_day % SECOND);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut shown = format!("{hour:02}:{minute:02}");
    if second != 0 || micros != 0 {
        shown.push_str(&format!(":{second:02}"));
    }
    if micros != 0 {
        shown.push_str(format!(".{micros:06}").trim_end_matches('0'));
    }
    shown
}

/// The date of a reading, `2027-03-28`.
pub(super) fn show_date(reading: i64) -> String {
    let Date { year, month, day } = Date::of_day(reading.div_euclid(DAY));
    format!("{year:04}-{month:02}-{day:02}")
}

/// `2027-03-28 02:00`.
pub(super) fn show(reading: i64) -> String {
    format!("{} {}", show_date(reading), show_time(reading.rem_euclid(DAY)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_agree_with_jiff() {
        let first = jiff::civil::date(1970, 1, 1);
        for day in (-4_000_000..2_900_000).step_by(97) {
            let date = first + jiff::SignedDuration::from_hours(24 * day);
            let ours = Date::of_day(day);
            assert_eq!((ours.year, ours.month), (date.year().into(), small(date.month().into())));
            assert_eq!(ours.day, small(date.day().into()));
            assert_eq!(ours.to_day(), day);
            assert_eq!(month_length(ours.year, ours.month), small(date.days_in_month().into()));
            assert_eq!(weekday(day), small(date.weekday().to_sunday_zero_offset().into()));
        }
    }

    #[test]
    fn readings_are_shown_short() {
        assert_eq!(show(0), "1970-01-01 00:00");
        assert_eq!(show_time(9 * 3600 * SECOND + 30 * SECOND + 500_000), "09:00:30.5");
        assert_eq!(show_time(60 * SECOND + 1), "00:01:00.000001");
        assert_eq!(of_civil("2027-03-28T02:30:00.123456789".parse().unwrap()) % SECOND, 123_456);
    }
}
