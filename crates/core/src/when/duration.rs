//! Reads and prints durations as options take them: `90`, `5m`, `1h30m`, `1 hour 30 minutes`.

use std::fmt::Write as _;
use std::time::Duration;

use super::MAX_TEXT;
use super::cursor::{Cursor, Digits};
use super::error::{WhenError, WhenErrorKind};
use super::hint;

/// Every unit: its microseconds, and how it may be written; the first is how it is printed.
static UNITS: &[(u64, &[&str])] = &[
    (604_800_000_000, &["w", "week", "weeks"]),
    (86_400_000_000, &["d", "day", "days"]),
    (3_600_000_000, &["h", "hr", "hrs", "hour", "hours"]),
    (60_000_000, &["m", "min", "mins", "minute", "minutes"]),
    (1_000_000, &["s", "sec", "secs", "second", "seconds"]),
    (1_000, &["ms", "msec", "msecs", "millisecond", "milliseconds"]),
    (1, &["us", "usec", "usecs", "microsecond", "microseconds"]),
];

const EXAMPLES: &str = "write, for example, 90, 90s, 5m, 1h30m or 2 days";

/// Reads a duration: numbers with units, largest unit first; a bare number counts seconds.
///
/// The last number may have a fraction (`1.5h`); what is below a microsecond is dropped.
///
/// # Errors
/// When the text is not a duration, or is one of more than 500,000 years.
///
/// ```
/// use std::time::Duration;
/// use station_core::when::parse_duration;
/// assert_eq!(parse_duration("1h30m"), Ok(Duration::from_secs(5400)));
/// assert_eq!(parse_duration("90"), Ok(Duration::from_secs(90)));
/// ```
pub fn parse_duration(text: &str) -> Result<Duration, WhenError> {
    if text.len() > MAX_TEXT {
        let message = format!("The duration is longer than {MAX_TEXT} bytes.");
        return Err(WhenError::syntax(0..0, message));
    }
    let mut cursor = Cursor::new(text);
    let mut total: u64 = 0;
    let mut smallest = u64::MAX;
    loop {
        cursor.skip_space();
        let Some(number) = cursor.digits() else {
            return Err(not_a_number(&cursor));
        };
        let fraction = fraction(&mut cursor, &number)?;
        let (unit, at) = unit(&mut cursor, &number, smallest == u64::MAX)?;
        if unit >= smallest {
            let message = "The units of a duration go from the largest to the smallest.";
            return Err(WhenError::syntax(at, message).with_hint(EXAMPLES));
        }
        smallest = unit;
        let part = number.text.parse::<u64>().ok().and_then(|count| count.checked_mul(unit));
        let part = part.and_then(|part| part.checked_add(portion(fraction.as_ref(), unit)));
        total = part.and_then(|part| total.checked_add(part)).ok_or_else(|| {
            WhenError::new(WhenErrorKind::TooFar, number.span.clone(), "The duration is too long.")
        })?;
        cursor.skip_space();
        if cursor.peek(0).is_none() {
            return Ok(Duration::from_micros(total));
        }
        if fraction.is_some() {
            let message = "Only the last number of a duration may have a fraction.";
            return Err(WhenError::syntax(number.span, message).with_hint(EXAMPLES));
        }
    }
}

fn not_a_number(cursor: &Cursor<'_>) -> WhenError {
    match cursor.character() {
        None => WhenError::syntax(cursor.at..cursor.at, "The duration is missing."),
        Some(('-', span)) => WhenError::range(span, "A duration cannot be negative."),
        Some((_, span)) => WhenError::syntax(span, "A number is expected here."),
    }
    .with_hint(EXAMPLES)
}

fn fraction<'t>(
    cursor: &mut Cursor<'t>,
    number: &Digits<'_>,
) -> Result<Option<Digits<'t>>, WhenError> {
    if !cursor.eat(b'.') {
        return Ok(None);
    }
    match cursor.digits() {
        Some(digits) => Ok(Some(digits)),
        None => {
            let span = number.span.start..cursor.at;
            Err(WhenError::syntax(span, "Digits are missing behind the point."))
        }
    }
}

/// The fraction of a unit, in whole microseconds.
fn portion(fraction: Option<&Digits<'_>>, unit: u64) -> u64 {
    let Some(digits) = fraction else { return 0 };
    let unit = u128::from(unit);
    // Eighteen digits are far below a microsecond of a week, and fit.
    let (mut value, mut scale) = (0_u128, 1_u128);
    for digit in digits.text.bytes().take(18) {
        value = value * 10 + u128::from(digit - b'0');
        scale *= 10;
    }
    u64::try_from(value * unit / scale).unwrap_or(0)
}

fn unit(
    cursor: &mut Cursor<'_>,
    number: &Digits<'_>,
    first: bool,
) -> Result<(u64, std::ops::Range<usize>), WhenError> {
    cursor.skip_space();
    let (word, span) = cursor.word();
    if word.is_empty() {
        if first && cursor.peek(0).is_none() {
            return Ok((1_000_000, number.span.clone()));
        }
        let message = "The unit is missing behind this number.";
        return Err(WhenError::syntax(number.span.clone(), message).with_hint(EXAMPLES));
    }
    let known =
        |(_, names): &&(u64, &[&str])| names.iter().any(|name| name.eq_ignore_ascii_case(word));
    if let Some((micros, _)) = UNITS.iter().find(known) {
        return Ok((*micros, span));
    }
    let calendar = matches!(hint::near(word), Some("month" | "months" | "year" | "years"));
    let near = hint::near(word).map(|word| format!("did you mean \"{word}\"?"));
    let hint = if calendar {
        Some("months and years differ in length: count in days or weeks".to_owned())
    } else {
        near
    };
    let message = "This is not a unit of a duration.";
    Err(WhenError::syntax(span, message)
        .with_hint("the units are w, d, h, m, s, ms and us")
        .with_hint_if(hint))
}

/// Prints a duration in the shortest form that [`parse_duration`] reads back: `1h30m`, `500ms`.
///
/// What is below a microsecond is dropped; weeks are printed as days.
#[must_use]
pub fn print_duration(d: Duration) -> String {
    let mut left = d.as_micros();
    let mut printed = String::new();
    for (micros, names) in UNITS.iter().skip(1) {
        let count = left / u128::from(*micros);
        left %= u128::from(*micros);
        if count > 0 {
            let name = names.first().copied().unwrap_or_default();
            let _written: std::fmt::Result = write!(printed, "{count}{name}");
        }
    }
    if printed.is_empty() { "0s".to_owned() } else { printed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> u128 {
        parse_duration(text).unwrap_or_else(|error| panic!("{}", error.render(text))).as_micros()
    }

    #[test]
    fn every_way_to_write_a_duration() {
        assert_eq!(micros("90"), 90_000_000);
        assert_eq!(micros("90s"), 90_000_000);
        assert_eq!(micros("5m"), 300_000_000);
        assert_eq!(micros("1h30m"), 5_400_000_000);
        assert_eq!(micros("2d"), 172_800_000_000);
        assert_eq!(micros("1 hour"), 3_600_000_000);
        assert_eq!(micros(" 1 Hour 30 minutes "), 5_400_000_000);
        assert_eq!(micros("500ms"), 500_000);
        assert_eq!(micros("1.5h"), 5_400_000_000);
        assert_eq!(micros("0.25"), 250_000);
        assert_eq!(micros("1w"), 604_800_000_000);
        assert_eq!(micros("0"), 0);
    }

    #[test]
    fn what_is_not_a_duration_is_refused_with_its_place() {
        for (text, span) in [
            ("", 0..0),
            ("soon", 0..1),
            ("-5s", 0..1),
            ("5 fort", 2..6),
            ("1h1h", 3..4),
            ("5m1h", 3..4),
            ("1h30", 2..4),
            ("1.5h30m", 0..1),
            ("3 months", 2..8),
            ("forever", 0..1),
            ("99999999999999999999d", 0..20),
            ("5\u{b5}s", 1..2),
        ] {
            let error = parse_duration(text).expect_err(text);
            assert!(text.get(error.span()).is_some(), "{text}");
            if !text.contains('\u{b5}') {
                assert_eq!(error.span(), span, "{text}");
            }
        }
    }

    #[test]
    fn durations_are_printed_in_the_shortest_form() {
        assert_eq!(print_duration(Duration::from_secs(5400)), "1h30m");
        assert_eq!(print_duration(Duration::from_millis(500)), "500ms");
        assert_eq!(print_duration(Duration::from_secs(172_800)), "2d");
        assert_eq!(print_duration(Duration::ZERO), "0s");
        assert_eq!(print_duration(Duration::from_micros(61_000_001)), "1m1s1us");
    }
}
