//! Reads what begins with a digit, and dates that begin with a month: clock times and dates.
//!
//! How many digits there are and what stands right behind them decides:
//! ```text
//! 8  12        an hour               8:15 8'15 8h15 8,15 8.15     hour and minute
//! 1430         hour and minute       14:30:15[.5]                 and second
//! 31 Jul 2027  12/25/2027  25.12.2027  2027-12-25  122527         dates
//! ```

use jiff::civil::Date;
use jiff::tz::Offset;

use super::cursor::{Cursor, Digits};
use super::error::WhenError;
use super::hint;
use super::parse::Parser;
use super::parts::{ClockTime, DateSpec, Span, ZoneSpec};
use super::words::{Word, lookup, month_name};

/// Reads the number that stands at the cursor, and what belongs to it.
pub(super) fn read(parser: &mut Parser<'_, '_>) -> Result<(), WhenError> {
    let Some(number) = parser.cursor.digits() else {
        return Ok(());
    };
    let next = parser.cursor.peek(0);
    let then_digit = parser.cursor.digit(1);
    match next {
        Some(b'.') if then_digit => return dotted(parser, &number),
        Some(b':') => return clock(parser, &number),
        Some(b'\'' | b'h' | b'H' | b',') if then_digit && number.len() <= 2 => {
            return clock(parser, &number);
        }
        Some(b'-') if then_digit => {
            if let Some(done) = year_first(parser, &number) {
                return done;
            }
        }
        Some(b'-') if number.len() <= 2 && parser.cursor.is(1, u8::is_ascii_alphabetic) => {
            return Err(hint::dashed_month(&parser.cursor, number.span.start));
        }
        _ => {}
    }
    let mut ahead = parser.cursor.clone();
    ahead.skip_space();
    if ahead.peek(0) == Some(b'/') {
        parser.cursor = ahead;
        return slashed(parser, &number);
    }
    match number.len() {
        1 | 2 => hour_or_day(parser, &number),
        4 => {
            let (hour, minute) = (number.part(0, 2), number.part(2, 4));
            finish_clock(parser, Clock::new(&number, hour, minute))
        }
        5..=8 => run(parser, &number),
        _ => Err(hint::odd_number(&parser.cursor, &number)),
    }
}

/// Reads `8`, `8am` and `31 Jul 2027`.
fn hour_or_day(parser: &mut Parser<'_, '_>, number: &Digits<'_>) -> Result<(), WhenError> {
    let mut ahead = parser.cursor.clone();
    ahead.skip_space();
    let (word, span) = ahead.word();
    match lookup(word) {
        Some(Word::Month(month)) => {
            parser.cursor = ahead;
            let year = year(&mut parser.cursor);
            let span = number.span.start..parser.cursor.at;
            set(parser, year.as_ref(), month, number, span)
        }
        Some(Word::Unit(_)) => {
            let span = number.span.start..span.end;
            Err(hint::bare_amount(&parser.cursor, span))
        }
        _ if ["st", "nd", "rd", "th"].iter().any(|end| word.eq_ignore_ascii_case(end)) => {
            Err(hint::ordinal(number, number.span.start..span.end))
        }
        _ => finish_clock(parser, Clock::new(number, i16::from(number.small()), 0)),
    }
}

/// Reads the day, and perhaps the year, behind a month's name.
pub(super) fn month_first(
    parser: &mut Parser<'_, '_>,
    month: i8,
    word: Span,
) -> Result<(), WhenError> {
    let cursor = &mut parser.cursor;
    cursor.skip_space();
    let Some(day) = cursor.digits() else {
        let name = month_name(month);
        let message = format!("After \"{}\" the day is missing.", cursor.slice(&word));
        return Err(WhenError::syntax(word, message).with_hint(format!("write {name} 1")));
    };
    let year = year(cursor);
    let span = word.start..cursor.at;
    set(parser, year.as_ref(), month, &day, span)
}

/// Reads `[,] [YY[YY]]` behind a day and month; a clock time there is left alone.
fn year<'t>(cursor: &mut Cursor<'t>) -> Option<Digits<'t>> {
    let mut ahead = cursor.clone();
    ahead.skip_space();
    let comma = ahead.eat(b',');
    ahead.skip_space();
    let before_number = ahead.clone();
    let number = ahead.digits()?;
    if !matches!(number.len(), 2 | 4) || is_clock(&ahead) {
        if comma {
            *cursor = before_number;
        }
        return None;
    }
    *cursor = ahead;
    Some(number)
}

/// Whether the number before the cursor is the beginning of a clock time.
fn is_clock(behind: &Cursor<'_>) -> bool {
    let mark = match behind.peek(0) {
        Some(b':') => true,
        Some(b'\'' | b'h' | b'H' | b',' | b'.') => behind.digit(1),
        _ => false,
    };
    let mut ahead = behind.clone();
    ahead.skip_space();
    mark || matches!(lookup(ahead.word().0), Some(Word::Am | Word::Pm))
}

/// Reads `25.12.2027`, or `8.15` as a time.
fn dotted(parser: &mut Parser<'_, '_>, day: &Digits<'_>) -> Result<(), WhenError> {
    let mut ahead = parser.cursor.clone();
    ahead.at += 1;
    let month = ahead.digits();
    if !ahead.eat(b'.') {
        return clock(parser, day);
    }
    let span = day.span.start..ahead.at;
    let Some(year) = ahead.digits() else {
        let message = "The year is missing.";
        let hint = "write DD.MM.YYYY, for example 25.12.2027";
        return Err(WhenError::syntax(span, message).with_hint(hint));
    };
    let span = day.span.start..ahead.at;
    parser.cursor = ahead;
    match month {
        Some(month) => set(parser, Some(&year), month.small(), day, span),
        None => Err(hint::odd_number(&parser.cursor, day)),
    }
}

/// Reads `12/25/2027` (and `12 / 25 / 2027`): the month stands first.
fn slashed(parser: &mut Parser<'_, '_>, month: &Digits<'_>) -> Result<(), WhenError> {
    let cursor = &mut parser.cursor;
    let mut field = || {
        let mut ahead = cursor.clone();
        ahead.skip_space();
        if !ahead.eat(b'/') {
            return None;
        }
        ahead.skip_space();
        let number = ahead.digits()?;
        *cursor = ahead;
        Some(number)
    };
    let (day, year) = (field(), field());
    let span = month.span.start..cursor.at;
    let (Some(day), Some(year)) = (day, year) else {
        let message = "The date is not complete.";
        let hint = "write MM/DD/YYYY, for example 12/25/2027";
        return Err(WhenError::syntax(span, message).with_hint(hint));
    };
    let swapped = month.small() > 12 && day.small() <= 12 && month.small() <= 31;
    let error = |error: WhenError| {
        let hint = swapped.then(|| {
            format!("the month stands first: write {}/{}/{}", day.text, month.text, year.text)
        });
        error.with_hint_if(hint)
    };
    set(parser, Some(&year), month.small(), &day, span).map_err(error)
}

/// Reads `2027-12-25` and what RFC 3339 puts behind it; nothing if it is `1430 - 5 minutes`.
fn year_first(parser: &mut Parser<'_, '_>, year: &Digits<'_>) -> Option<Result<(), WhenError>> {
    let mut ahead = parser.cursor.clone();
    ahead.at += 1;
    let month = ahead.digits()?;
    if !(ahead.peek(0) == Some(b'-') && ahead.digit(1)) {
        return None;
    }
    ahead.at += 1;
    let day = ahead.digits()?;
    let span = year.span.start..ahead.at;
    parser.cursor = ahead;
    parser.iso = year.len() == 4;
    if matches!(parser.cursor.peek(0), Some(b'T' | b't')) && parser.cursor.digit(1) {
        parser.cursor.at += 1;
    }
    Some(set(parser, Some(year), month.small(), &day, span))
}

/// Reads `MDDYY`, `MMDDYY`, `MDDYYYY` and `MMDDYYYY`.
fn run(parser: &mut Parser<'_, '_>, number: &Digits<'_>) -> Result<(), WhenError> {
    let month_end = if number.len().is_multiple_of(2) { 2 } else { 1 };
    let piece = |from: usize, to: usize| Digits {
        text: number.text.get(from..to).unwrap_or(""),
        span: number.span.clone(),
    };
    let (month, day) = (piece(0, month_end), piece(month_end, month_end + 2));
    let year = piece(month_end + 2, number.len());
    let span = number.span.clone();
    set(parser, Some(&year), month.small(), &day, span)
        .map_err(|error| error.with_hint(hint::run(number)))
}

/// Notes a date, if there is such a date.
fn set(
    parser: &mut Parser<'_, '_>,
    year: Option<&Digits<'_>>,
    month: i8,
    day: &Digits<'_>,
    span: Span,
) -> Result<(), WhenError> {
    let day = if day.len() <= 2 { day.small() } else { i8::MAX };
    if !(1..=12).contains(&month) {
        return Err(WhenError::range(span, "The month must be 1 to 12."));
    }
    if !(1..=31).contains(&day) {
        return Err(WhenError::range(span, "The day of the month must be 1 to 31."));
    }
    let full = match year {
        None => None,
        Some(year) => Some(match (year.len(), year.part(0, year.len())) {
            (2, short @ 0..70) => 2000 + short,
            (2, short) => 1900 + short,
            (4, full) => full,
            (_, _) => {
                let message = "A year has two or four digits.";
                return Err(WhenError::syntax(span, message).with_hint("write 2027, or 27"));
            }
        }),
    };
    // 2000 is a leap year: what it does not have, no year has.
    let Ok(date) = Date::new(full.unwrap_or(2000), month, day) else {
        return Err(hint::no_such_date(full, month, day, span));
    };
    let spec =
        if full.is_some() { DateSpec::Full(date) } else { DateSpec::MonthDay { month, day } };
    parser.set_date(spec, span)
}

/// A clock time as far as it has been read.
struct Clock {
    start: usize,
    hour: i16,
    minute: i16,
    second: i16,
    micros: i32,
}

impl Clock {
    fn new(number: &Digits<'_>, hour: i16, minute: i16) -> Self {
        Self { start: number.span.start, hour, minute, second: 0, micros: 0 }
    }
}

/// Reads the minutes (and seconds) behind an hour; the cursor stands on the mark between them.
fn clock(parser: &mut Parser<'_, '_>, hour: &Digits<'_>) -> Result<(), WhenError> {
    let cursor = &mut parser.cursor;
    let colon = cursor.peek(0) == Some(b':');
    cursor.at += 1;
    let minute = cursor.digits();
    let span = hour.span.start..cursor.at;
    let Some(minute) = minute.filter(|minute| minute.len() <= 2 && hour.len() <= 2) else {
        let message = "A clock time has one or two digits of hours and of minutes.";
        return Err(WhenError::syntax(span, message).with_hint("write, for example, 14:30"));
    };
    let minutes = i16::from(minute.small());
    let mut clock = Clock::new(hour, i16::from(hour.small()), minutes);
    if colon && cursor.peek(0) == Some(b':') {
        cursor.at += 1;
        let second = cursor.digits();
        let span = hour.span.start..cursor.at;
        let Some(second) = second.filter(|second| second.len() <= 2) else {
            let message = "Seconds have one or two digits.";
            return Err(WhenError::syntax(span, message).with_hint("write, for example, 14:30:15"));
        };
        clock.second = i16::from(second.small());
        if cursor.peek(0) == Some(b'.') {
            clock.micros = fraction(cursor)?;
        }
    }
    finish_clock(parser, clock)
}

/// Reads the fraction of a second; what is below a microsecond is dropped.
fn fraction(cursor: &mut Cursor<'_>) -> Result<i32, WhenError> {
    let start = cursor.at;
    cursor.at += 1;
    match cursor.digits() {
        Some(digits) if digits.len() <= 9 => {
            let micros = digits.text.bytes().chain(std::iter::repeat(b'0')).take(6);
            Ok(micros.fold(0, |value, digit| value * 10 + i32::from(digit - b'0')))
        }
        Some(_) | None => {
            let message = "The fraction of a second has one to nine digits.";
            Err(WhenError::syntax(start..cursor.at, message))
        }
    }
}

/// Reads am, pm or an offset behind a clock time, and notes the time if it is one.
fn finish_clock(parser: &mut Parser<'_, '_>, mut clock: Clock) -> Result<(), WhenError> {
    let mut ahead = parser.cursor.clone();
    ahead.skip_space();
    let half = lookup(ahead.word().0);
    let wall = matches!(half, Some(Word::Am | Word::Pm));
    if wall {
        parser.cursor = ahead;
    }
    let span = clock.start..parser.cursor.at;
    let text = || parser.cursor.shown(&span);
    if wall {
        if !(1..=12).contains(&clock.hour) {
            let message = format!("{}: with am or pm the hour is 1 to 12.", text());
            return Err(hint::wall_hour(message, span, clock.hour, clock.minute));
        }
        clock.hour = clock.hour % 12 + if half == Some(Word::Pm) { 12 } else { 0 };
    }
    if clock.hour > 24 {
        return Err(hint::hour_too_large(&parser.cursor, span));
    }
    if clock.minute > 60 || clock.second > 60 {
        let what = if clock.minute > 60 { "minutes" } else { "seconds" };
        let message = format!("{}: the {what} go from 00 to 59.", text());
        return Err(WhenError::range(span, message));
    }
    let minutes = i64::from(clock.hour) * 60 + i64::from(clock.minute);
    let seconds = minutes * 60 + i64::from(clock.second);
    parser.set_time(ClockTime { seconds, micros: clock.micros }, span)?;
    if parser.iso && !wall { offset(parser) } else { Ok(()) }
}

/// Reads `+02:00` or `-0330` right behind the time of an ISO date.
fn offset(parser: &mut Parser<'_, '_>) -> Result<(), WhenError> {
    let mut ahead = parser.cursor.clone();
    let start = ahead.at;
    let sign = match ahead.peek(0) {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Ok(()),
    };
    ahead.at += 1;
    let (hours, minutes) = match (ahead.digits(), ahead.eat(b':')) {
        (Some(hours), true) if hours.len() == 2 => match ahead.digits() {
            Some(minutes) if minutes.len() == 2 => (hours.part(0, 2), minutes.part(0, 2)),
            Some(_) | None => return Ok(()),
        },
        (Some(both), false) if both.len() == 4 => (both.part(0, 2), both.part(2, 4)),
        (_, _) => return Ok(()),
    };
    if ahead.is(0, u8::is_ascii_alphanumeric) {
        return Ok(());
    }
    let span = start..ahead.at;
    let seconds = sign * (i32::from(hours) * 3600 + i32::from(minutes) * 60);
    match Offset::from_seconds(seconds) {
        Ok(offset) if hours < 24 && minutes < 60 => {
            parser.cursor = ahead;
            parser.set_zone(ZoneSpec::Fixed(offset), span)
        }
        Ok(_) | Err(_) => Err(WhenError::range(span, "An offset goes from -23:59 to +23:59.")),
    }
}
