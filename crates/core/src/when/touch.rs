//! Reads the argument of `-t`, as POSIX defines it for touch(1) and at(1): `[[CC]YY]MMDDhhmm[.SS]`.

use jiff::civil::{Date, DateTime, Time};

use super::error::WhenError;
use super::hint;
use super::{Context, MAX_TEXT};

const FORM: &str = "write [[CC]YY]MMDDhhmm[.SS], for example 202712251430";

/// Reads the civil time; the year is the present one in the context's zone if it is left out.
pub(super) fn parse(text: &str, ctx: &Context<'_>) -> Result<DateTime, WhenError> {
    let whole = 0..text.len().min(MAX_TEXT);
    let malformed = || {
        let span = if text.is_char_boundary(whole.end) { whole.clone() } else { 0..0 };
        WhenError::syntax(span, "This is not a time for -t.").with_hint(FORM)
    };
    let (digits, second) = match text.split_once('.') {
        Some((digits, second)) => (digits, Some(second)),
        None => (text, None),
    };
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds_fit = second.is_none_or(|second| second.len() == 2 && number(second));
    if !matches!(digits.len(), 8 | 10 | 12) || !number(digits) || !seconds_fit {
        return Err(malformed());
    }
    let year_end = digits.len() - 8;
    let pair = |at: usize| -> Result<i8, WhenError> {
        let part = digits.get(year_end + at..year_end + at + 2);
        part.and_then(|part| part.parse().ok()).ok_or_else(malformed)
    };
    let year: i16 = match digits.get(..year_end).filter(|year| !year.is_empty()) {
        None => ctx.zone.to_datetime(ctx.now).year(),
        Some(year) => year.parse().map_err(|_| malformed())?,
    };
    // POSIX touch: 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068.
    let year = match (year_end, year) {
        (2, 69..) => 1900 + year,
        (2, _) => 2000 + year,
        (_, _) => year,
    };
    let second: i8 = second.map_or(Ok(0), str::parse).map_err(|_| malformed())?;
    build(year, [pair(0)?, pair(2)?, pair(4)?, pair(6)?, second], whole)
}

fn build(year: i16, fields: [i8; 5], whole: std::ops::Range<usize>) -> Result<DateTime, WhenError> {
    let [month, day, hour, minute, second] = fields;
    let limits = [
        ("month", month, 1, 12),
        ("day", day, 1, 31),
        ("hour", hour, 0, 23),
        ("minute", minute, 0, 59),
        ("second", second, 0, 60),
    ];
    for (name, value, low, high) in limits {
        if !(low..=high).contains(&value) {
            let message = format!("The {name} is {value:02}; it must be {low:02} to {high:02}.");
            return Err(WhenError::range(whole, message).with_hint(FORM));
        }
    }
    if year < 1970 {
        let message = format!("The year {year} is before 1970.");
        return Err(WhenError::range(whole, message).with_hint(FORM));
    }
    let Ok(date) = Date::new(year, month, day) else {
        return Err(hint::no_such_date(Some(year), month, day, whole));
    };
    let time = Time::new(hour, minute, second.min(59), 0).unwrap_or_default();
    let leap = jiff::SignedDuration::from_secs(i64::from(second == 60));
    Ok(date.to_datetime(time).checked_add(leap).unwrap_or(date.to_datetime(time)))
}
