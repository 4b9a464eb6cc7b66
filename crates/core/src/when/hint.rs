//! Guesses what was meant by what cannot be read, and words the errors.

use jiff::civil::Date;
use jiff::tz::TimeZoneDatabase;

use crate::near::distance;

use super::cursor::{Cursor, Digits};
use super::error::{WhenError, WhenErrorKind};
use super::parts::Span;
use super::words::{WORDS, Word, month_name};

/// What people write where the language has another word.
static INSTEAD: &[(&str, &str)] = &[
    ("asap", "write now"),
    ("immediately", "write now"),
    ("fortnight", "write 2 weeks"),
    ("fortnights", "write weeks: one fortnight is 2 weeks"),
    ("yesterday", "a job can only run in the future: write today or tomorrow"),
    ("morning", "write a time, for example 8:00"),
    ("afternoon", "write a time, for example 15:00"),
    ("evening", "write a time, for example 19:00"),
    ("tonight", "write a time, for example 22:00 today"),
    ("every", "for a repeated job use: station every 5m, or station cron"),
    ("after", "write in 5 minutes, or now + 5 minutes"),
    ("from", "write in 5 minutes, or now + 5 minutes"),
    ("and", "write, for example, in 1 hour 30 minutes"),
    ("a", "write the time as 8am or 8:00"),
    ("p", "write the time as 8pm or 20:00"),
    ("h", "write the time as 14:30"),
    ("oclock", "write the time as 8:00"),
    ("st", ORDINAL),
    ("nd", ORDINAL),
    ("rd", ORDINAL),
    ("th", ORDINAL),
    ("m", "write minutes or months"),
    ("s", "write seconds"),
    ("d", "write days"),
    ("w", "write weeks"),
    ("y", "write years"),
];

const ORDINAL: &str = "write the day as a bare number";

const EXAMPLES: &str = "write, for example, 14:30 tomorrow, now + 5 minutes or 2027-12-25 10:00";

/// Texts that are something else altogether: nothing, or a cron expression.
pub(super) fn not_a_time(text: &str) -> Option<WhenError> {
    let body = text.trim_ascii();
    if body.is_empty() {
        return Some(WhenError::syntax(0..0, "The time is missing.").with_hint(EXAMPLES));
    }
    let start = text.len() - text.trim_ascii_start().len();
    let macro_name = body.strip_prefix('@').is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    let fields = body.split_ascii_whitespace().count();
    let starred = body.split_ascii_whitespace().any(|field| field.starts_with('*'));
    let plain = body.bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"*/,-#?".contains(&byte)
    });
    let five = (5..=6).contains(&fields) && starred && plain;
    (macro_name || five).then(|| {
        let span = start..start + body.len();
        let cron = Cursor::new(text).shown(&span);
        WhenError::syntax(span, "That is a cron expression, not a time.")
            .with_hint(format!("for a repeated job use: station cron \"{cron}\" -- COMMAND"))
    })
}

/// A character that begins nothing.
pub(super) fn unexpected(cursor: &Cursor<'_>) -> WhenError {
    let Some((character, span)) = cursor.character() else {
        return WhenError::syntax(cursor.at..cursor.at, "Something is missing here.");
    };
    if character.is_control() {
        let code = u32::from(character);
        let message = format!("The time contains a control character (U+{code:04X}).");
        return WhenError::syntax(span, message).with_hint("remove it");
    }
    if !character.is_ascii() {
        let code = u32::from(character);
        let message = format!("\"{character}\" (U+{code:04X}) is not part of a time.");
        let hint = "times are written in ASCII letters, digits and marks";
        return WhenError::syntax(span, message).with_hint(hint);
    }
    let before = cursor.text.get(..cursor.at).unwrap_or("");
    let after = cursor.text.get(span.end..).unwrap_or("");
    let hour: String = tail(before);
    let minute: String = after.chars().take_while(char::is_ascii_digit).take(2).collect();
    let message = format!("\"{character}\" is not expected here.");
    let error = WhenError::syntax(span, message);
    match character {
        ';' | '_' | '"' if !hour.is_empty() && !minute.is_empty() => {
            error.with_hint(format!("write {hour}:{minute}"))
        }
        ',' | ';' => error.with_hint("separate time and date by a space"),
        '@' => error.with_hint("leave it out"),
        '.' => error.with_hint("write am or pm without full stops, and no full stop at the end"),
        '*' => error.with_hint("for a repeated job use: station cron"),
        _ => error.with_hint(EXAMPLES),
    }
}

/// The digits at the end of the text, at most two.
fn tail(text: &str) -> String {
    let digits: Vec<char> = text.chars().rev().take_while(char::is_ascii_digit).take(2).collect();
    digits.into_iter().rev().collect()
}

/// A word that is neither in the language nor a zone.
pub(super) fn unknown_word(cursor: &Cursor<'_>, zones: &TimeZoneDatabase) -> WhenError {
    let zone = cursor.zone_run();
    let name = cursor.slice(&zone);
    if name.contains(['/', '_']) {
        let message = format!("There is no time zone \"{}\".", cursor.shown(&zone));
        let near = near_zone(name, zones).map(|zone| format!("did you mean {zone}?"));
        return WhenError::new(WhenErrorKind::Zone, zone, message).with_hint_if(near);
    }
    let (word, mut span) = cursor.clone().word();
    if let Some((character, next)) = cursor.text.get(span.end..).and_then(|rest| {
        let character = rest.chars().next()?;
        Some((character, span.end + character.len_utf8()))
    }) && !character.is_ascii()
    {
        // A word of another language: the whole of it is shown, not the piece before the accent.
        let rest = cursor.text.get(next..).unwrap_or("");
        let len = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        span.end = next + len;
    }
    if word.bytes().all(|byte| byte.is_ascii_uppercase()) && (3..=5).contains(&word.len()) {
        let message = format!("\"{word}\" is neither a word of the language nor a time zone.");
        let near = near(word).map(|word| format!("did you mean \"{word}\"?"));
        return WhenError::new(WhenErrorKind::Zone, span, message)
            .with_hint("zones have names like Europe/Berlin or UTC")
            .with_hint_if(near);
    }
    let shown = cursor.shown(&span);
    let message = format!("\"{shown}\" is not a word that times are written with.");
    let hint = meant(word).or_else(|| {
        let zone = zones.available().find(|zone| in_city(zone.as_str(), word))?;
        Some(format!("for a time zone write {zone}"))
    });
    WhenError::syntax(span, message).with_hint(EXAMPLES).with_hint_if(hint)
}

/// Whether the zone is named after the city.
fn in_city(zone: &str, city: &str) -> bool {
    zone.split_once('/').is_some_and(|(_, known)| known.eq_ignore_ascii_case(city))
}

/// `3rd`.
pub(super) fn ordinal(number: &Digits<'_>, span: Span) -> WhenError {
    WhenError::syntax(span, "The day of the month is written as a bare number.")
        .with_hint(format!("write {}", number.text))
}

/// A run of digits that is no date: what else it may have been.
pub(super) fn run(number: &Digits<'_>) -> String {
    let part = |from: usize, to: usize| number.text.get(from..to).unwrap_or("");
    let rule = "a run of 5 to 8 digits is MMDDYY or MMDDYYYY";
    match number.len() {
        8 => format!("{rule}; did you mean {}-{}-{}?", part(0, 4), part(4, 6), part(6, 8)),
        6 => format!("{rule}; did you mean {}:{}:{}?", part(0, 2), part(2, 4), part(4, 6)),
        _ => rule.to_owned(),
    }
}

/// `31-Jul-2027`.
pub(super) fn dashed_month(cursor: &Cursor<'_>, start: usize) -> WhenError {
    let span = start..cursor.blank_delimited().end;
    let text = cursor.shown(&span);
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let hint = plain.then(|| format!("write {}", text.replace('-', " ")));
    WhenError::syntax(span, "A date with a month's name has no dashes.").with_hint_if(hint)
}

/// A word of the language where it makes no sense.
pub(super) fn misplaced(word: &str, meaning: Word, span: Span) -> WhenError {
    let message = format!("\"{word}\" is not expected here.");
    let hint = if meaning == Word::Ago {
        "a job can only run in the future: write in 5 minutes"
    } else if matches!(meaning, Word::Am | Word::Pm) {
        "am and pm stand behind an hour: 8am, 8:30 pm"
    } else {
        "a unit stands behind a number: now + 5 minutes"
    };
    WhenError::syntax(span, message).with_hint(hint)
}

/// A number without a unit behind it.
pub(super) fn no_unit(
    cursor: &Cursor<'_>,
    count: &Digits<'_>,
    word: &str,
    span: Span,
) -> WhenError {
    let number = cursor.shown(&count.span);
    if span.is_empty() {
        let message = format!("After \"{number}\" the unit is missing.");
        let hint = "write minutes, hours, days, weeks, months or years";
        return WhenError::syntax(count.span.clone(), message).with_hint(hint);
    }
    let message = format!("\"{}\" is not a unit of time.", cursor.shown(&span));
    let hint = "write seconds, minutes, hours, days, weeks, months or years";
    WhenError::syntax(span, message).with_hint(hint).with_hint_if(meant(word))
}

/// `5 minutes`, without saying from when.
pub(super) fn bare_amount(cursor: &Cursor<'_>, span: Span) -> WhenError {
    let amount = cursor.shown(&span);
    let mut rest = cursor.clone();
    rest.at = span.end;
    rest.skip_space();
    let message = format!("\"{amount}\" does not say from when.");
    let error = WhenError::syntax(span, message);
    if rest.word().0.eq_ignore_ascii_case("ago") {
        return error.with_hint(format!("a job can only run in the future: write in {amount}"));
    }
    error.with_hint(format!("write in {amount}, or now + {amount}"))
}

/// A number of so many digits that it is neither a time nor a date.
pub(super) fn odd_number(cursor: &Cursor<'_>, number: &Digits<'_>) -> WhenError {
    let mut ahead = cursor.clone();
    ahead.skip_space();
    let half = ahead.word().0.to_ascii_lowercase();
    let half = if half == "am" || half == "pm" { half } else { String::new() };
    let span = number.span.clone();
    let message = format!("\"{}\" is neither a time nor a date.", cursor.shown(&number.span));
    let error = WhenError::syntax(span, message);
    match (number.len(), number.text.get(..1), number.text.get(1..)) {
        (3, Some(hour), Some(minute)) if hour != "0" && minute < "60" => {
            error.with_hint(format!("write {hour}:{minute}{half}"))
        }
        (_, _, _) => error.with_hint(EXAMPLES),
    }
}

/// An hour above 12 with am or pm.
pub(super) fn wall_hour(message: String, span: Span, hour: i16, minute: i16) -> WhenError {
    let error = WhenError::range(span, message);
    match (hour, minute) {
        (0, _) => error.with_hint("12am is midnight, 12pm is noon"),
        (13..=23, 0..60) => error.with_hint(format!("write {hour:02}:{minute:02}")),
        (_, _) => error,
    }
}

/// An hour above 24; `25.12` was rather a date.
pub(super) fn hour_too_large(cursor: &Cursor<'_>, span: Span) -> WhenError {
    let text = cursor.shown(&span);
    let dotted = text.split_once('.').filter(|(day, _)| day.len() == 2);
    let hint =
        dotted.map(|(day, month)| format!("for a date write the year too: {day}.{month}.2027"));
    WhenError::range(span, format!("{text}: the hours go from 0 to 23 (and 24:00)."))
        .with_hint_if(hint)
}

/// A day that its month does not have.
pub(super) fn no_such_date(year: Option<i16>, month: i8, day: i8, span: Span) -> WhenError {
    let name = month_name(month);
    let days = |year: i16| Date::new(year, month, 1).map_or(31, Date::days_in_month);
    let Some(year) = year else {
        return WhenError::range(span, format!("{name} has at most {} days.", days(2000)));
    };
    let error = WhenError::range(span, format!("{name} {year} has {} days.", days(year)));
    let leap = |year: &i16| Date::new(*year, 2, 29).is_ok();
    match (month, day, (year..=9999).find(leap)) {
        (2, 29, Some(leap)) => error.with_hint(format!("{leap} is the next leap year")),
        (_, _, _) => error,
    }
}

fn meant(word: &str) -> Option<String> {
    let instead = INSTEAD.iter().find(|(wrong, _)| wrong.eq_ignore_ascii_case(word));
    match instead {
        Some((_, right)) => Some((*right).to_owned()),
        None => near(word).map(|word| format!("did you mean \"{word}\"?")),
    }
}

/// The word of the language that is nearest, if one is near.
pub(super) fn near(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    if word.len() < 3 || word.len() > 14 {
        return None;
    }
    let limit = if word.len() <= 4 { 1 } else { 2 };
    let scored = WORDS.iter().filter(|(name, _)| name.len() >= 3).filter_map(|(name, _)| {
        let begun = name.len() >= 6 && name.starts_with(&word);
        let far = if begun { 1 } else { distance(&word, name) };
        (far <= limit).then_some((far, *name))
    });
    // Of two that are equally near, the one with the same ending: minuts is minutes, not minute.
    let ending = |name: &str| name.bytes().last() != word.bytes().last();
    scored.min_by_key(|(far, name)| (*far, ending(name))).map(|(_, name)| name)
}

/// The zone whose name is most like this one.
pub(crate) fn near_zone(name: &str, zones: &TimeZoneDatabase) -> Option<String> {
    if name.len() > 40 {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let city = name.rsplit('/').next().unwrap_or("");
    zones
        .available()
        .filter_map(|zone| {
            let known = zone.as_str().to_ascii_lowercase();
            let same_city = known.rsplit('/').next() == Some(city);
            let far =
                if known.len().abs_diff(name.len()) <= 3 { distance(&name, &known) } else { 9 };
            let far = if same_city { far.min(3) } else { far };
            (far <= 3).then(|| (far, zone.as_str().to_owned()))
        })
        .min()
        .map(|(_, zone)| zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        assert_eq!(near("tomorow"), Some("tomorrow"));
        assert_eq!(near("minuts"), Some("minutes"));
        assert_eq!(near("tom"), Some("tomorrow"));
        assert_eq!(near("teatme"), Some("teatime"));
        assert_eq!(near("xylophone"), None);
    }
}
