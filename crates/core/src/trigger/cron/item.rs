//! One item of a field's list: `*`, `5`, `1-5`, `*/2`, `MON`; and in the fields for days `L`,
//! `LW`, `L-3`, `15W`, `5#2`, `5L`.

use super::field::Field;
use crate::trigger::error::{ScheduleError, shown};
use crate::trigger::pattern::{MonthDays, Weekdays};

/// Reads an item that every field takes: the numbers it stands for.
pub(super) fn numbers(field: Field, item: &str) -> Result<u64, ScheduleError> {
    let (least, most) = field.range();
    let (base, step) = match item.split_once('/') {
        Some((base, step)) => (base, Some(step)),
        None => (item, None),
    };
    let step = step.map(|step| step_of(field, item, step)).transpose()?;
    let (from, to) = if base == "*" {
        (least, most)
    } else if let Some((from, to)) = base.split_once('-').filter(|(from, _)| !from.is_empty()) {
        let (from, to) = (number(field, item, from)?, number(field, item, to)?);
        if from > to {
            return Err(backwards(field, item, step, from, to));
        }
        (from, to)
    } else {
        let only = number(field, item, base)?;
        if let Some(step) = step {
            let message = fault(field, item, "has a step but no range");
            let hint = format!("Write {only}-{most}/{step} to go on to the end of the range.");
            return Err(ScheduleError::expression(message).with_hint(hint));
        }
        (only, only)
    };
    let every = usize::try_from(step.unwrap_or(1)).unwrap_or(usize::MAX);
    Ok((from..=to).step_by(every).fold(0, |set, number| set | 1 << number))
}

/// Reads an item of the day-of-month field that counts from the month's end or seeks a working
/// day; false if it is not such an item.
pub(super) fn month_day(item: &str, days: &mut MonthDays) -> Result<bool, ScheduleError> {
    let field = Field::MonthDay;
    let upper = item.to_ascii_uppercase();
    if upper == "L" {
        days.before_last |= 1;
    } else if upper == "LW" {
        days.last_working = true;
    } else if let Some(before) = upper.strip_prefix("L-") {
        match digits(before) {
            Some(before @ 1..=30) => days.before_last |= 1 << before,
            Some(_) | None => {
                let message = fault(field, item, "does not count from the last day");
                let hint = "Write L-1 (the day before the last) to L-30.";
                return Err(ScheduleError::expression(message).with_hint(hint));
            }
        }
    } else if let Some(day) = upper.strip_suffix('W') {
        match digits(day) {
            Some(day @ 1..=31) => days.nearest |= 1 << day,
            Some(_) | None => {
                let message = fault(field, item, "does not name a day before the W");
                let hint = "Write 1W to 31W (the working day nearest to it), or LW.";
                return Err(ScheduleError::expression(message).with_hint(hint));
            }
        }
    } else {
        return Ok(false);
    }
    Ok(true)
}

/// Reads an item of the day-of-week field that counts within the month; false if it is not one.
pub(super) fn weekday(item: &str, days: &mut Weekdays) -> Result<bool, ScheduleError> {
    let field = Field::Weekday;
    if let Some((day, which)) = item.split_once('#') {
        let day = 1 << (number(field, item, day)? % 7);
        let nth = digits(which).and_then(|which| usize::try_from(which).ok()?.checked_sub(1));
        let Some(set) = nth.and_then(|nth| days.nth.get_mut(nth)) else {
            let message = fault(field, item, "counts beyond a month");
            let hint = "After # stands 1 (the first of the month) to 5.";
            return Err(ScheduleError::expression(message).with_hint(hint));
        };
        *set |= day;
        return Ok(true);
    }
    let upper = item.to_ascii_uppercase();
    if let Some(day) = upper.strip_suffix('L') {
        if let Some(day @ 0..=7) = digits(day) {
            days.last |= 1 << (day % 7);
            return Ok(true);
        }
        let message = fault(field, item, "does not name a day before the L");
        let hint = match field.named(day) {
            Some(day) => format!("Write {day}L for the last such day of the month."),
            None => "Write 5L for the last Friday of the month.".to_owned(),
        };
        return Err(ScheduleError::expression(message).with_hint(hint));
    }
    if let Some(day @ 0..=7) = upper.strip_prefix('L').and_then(digits) {
        let message = fault(field, item, "has the L in front");
        return Err(ScheduleError::expression(message).with_hint(format!("Write {day}L.")));
    }
    Ok(false)
}

/// `The minute "*5" …`.
pub(super) fn fault(field: Field, item: &str, what: &str) -> String {
    format!("The {} \"{}\" {what}.", field.name(), shown(item))
}

/// A number of ASCII digits only; leading zeros are usual in crontabs.
fn digits(text: &str) -> Option<u32> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(u32::MAX))
}

fn step_of(field: Field, item: &str, step: &str) -> Result<u32, ScheduleError> {
    match digits(step) {
        Some(0) => {
            let message = fault(field, item, "has a step of 0");
            Err(ScheduleError::expression(message).with_hint("A step is at least 1."))
        }
        Some(step) => Ok(step),
        None => {
            let message = fault(field, item, "has something else than a number after the slash");
            Err(ScheduleError::expression(message).with_hint("Write a step such as */5 or 1-30/5."))
        }
    }
}

fn number(field: Field, item: &str, text: &str) -> Result<u32, ScheduleError> {
    let (least, most) = field.range();
    let refuse = |what: &str, hint: String| {
        Err(ScheduleError::expression(fault(field, item, what)).with_hint(hint))
    };
    if let Some(number) = digits(text) {
        if (least..=most).contains(&number) {
            return Ok(number);
        }
        let hint = format!("The range is {}.", field.range_words());
        return refuse("is out of range", hint);
    }
    if let Some(number) = field.named(text) {
        return Ok(number);
    }
    let range = format!("The range is {}.", field.range_words());
    if text.is_empty() {
        return refuse("lacks a number", range);
    }
    if let Some(step) = text.strip_prefix('*') {
        return match digits(step) {
            Some(step) => refuse("has something after the star", format!("Did you mean */{step}?")),
            None => refuse("has something after the star", "Write * alone, or */5.".to_owned()),
        };
    }
    if let Some(short) = field.short_name(text) {
        return refuse("is not a name of three letters", format!("Write {short}."));
    }
    match text {
        "?" => refuse("is not crontab's", "Write * for \"any\".".to_owned()),
        "H" | "h" | "R" | "r" => {
            refuse("is not crontab's", "Write a number; use the jitter to spread jobs.".to_owned())
        }
        _ if text.contains('.') => {
            refuse("has a dot in it", format!("Did you mean {}?", shown(&text.replace('.', ","))))
        }
        _ if text.contains('-') => refuse(
            "has a dash too many",
            format!("A range is two numbers with a dash between them. {range}"),
        ),
        _ if text.contains('~') => refuse(
            "asks for a random number",
            "Write one number; use the jitter to spread jobs.".to_owned(),
        ),
        _ => refuse("is not understood", range),
    }
}

/// A range written across the end, with the two ranges it was meant to be.
fn backwards(field: Field, item: &str, step: Option<u32>, from: u32, to: u32) -> ScheduleError {
    let (least, most) = field.range();
    let step = step.map_or_else(String::new, |step| format!("/{step}"));
    let span = |from: u32, to: u32| {
        if from == to { from.to_string() } else { format!("{from}-{to}{step}") }
    };
    let instead = match (field, from, to) {
        (Field::Weekday, 7, to) => span(0, to),
        (Field::Weekday, from, 0) => span(from, 7),
        (Field::Weekday, from, to) => format!("{},{}", span(from, 6), span(0, to)),
        (_, from, to) => format!("{},{}", span(from, most), span(least, to)),
    };
    ScheduleError::expression(fault(field, item, "runs backwards"))
        .with_hint(format!("Write {instead}."))
}
