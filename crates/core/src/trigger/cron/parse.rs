//! Reads a whole expression: `@daily`, or five fields (six with seconds).

use super::field::Field;
use super::item::{fault, month_day, numbers, weekday};
use crate::trigger::error::{ScheduleError, shown};
use crate::trigger::pattern::{Days, MonthDays, Pattern, Times, Weekdays};

/// The longest expression that is looked at, in bytes.
const MAX_TEXT: usize = 1000;

/// The nicknames and what they stand for.
const NICKNAMES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// An expression, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) pattern: Pattern,
    /// Whether it follows the clock: its minute, hour or second begins with a star.
    pub(super) wildcard: bool,
}

pub(super) fn parse(text: &str, seconds: bool) -> Result<Parsed, ScheduleError> {
    if text.len() > MAX_TEXT {
        return Err(ScheduleError::expression(format!(
            "The cron expression is longer than {MAX_TEXT} bytes."
        )));
    }
    let text = text.trim_matches([' ', '\t']);
    if text.starts_with('@') {
        return fields(nickname(text)?, false);
    }
    if text.contains(['\n', '\r']) {
        return Err(ScheduleError::expression("The cron expression has a line break in it.")
            .with_hint("Write one expression on one line."));
    }
    if text.contains('%') {
        return Err(ScheduleError::expression("The cron expression has a \"%\" in it.").with_hint(
            "In a crontab that belongs to the command; import such lines with station import crontab.",
        ));
    }
    fields(text, seconds)
}

fn nickname(text: &str) -> Result<&'static str, ScheduleError> {
    let lower = text.to_ascii_lowercase();
    if let Some((_, meaning)) = NICKNAMES.iter().find(|(name, _)| *name == lower) {
        return Ok(meaning);
    }
    let error = ScheduleError::expression(format!("\"{}\" is not a schedule.", shown(text)));
    Err(if lower == "@reboot" {
        error.with_hint("It names no time: station cron @reboot makes a job of it, as importing a crontab does.")
    } else if lower.starts_with("@every") {
        error.with_hint("For a fixed span between two firings make an interval trigger.")
    } else {
        let names: Vec<&str> = NICKNAMES.iter().map(|(name, _)| *name).collect();
        error.with_hint(format!("There are {}.", names.join(", ")))
    })
}

fn fields(text: &str, seconds: bool) -> Result<Parsed, ScheduleError> {
    let mut texts: Vec<&str> = text.split([' ', '\t']).filter(|text| !text.is_empty()).collect();
    let wanted = if seconds { 6 } else { 5 };
    if texts.len() != wanted {
        return Err(miscounted(&texts, seconds));
    }
    if !seconds {
        texts.insert(0, "0");
    }
    let mut sets = [0; 6];
    let mut days = Days {
        months: 0,
        month_days: MonthDays::default(),
        weekdays: Weekdays::default(),
        both: false,
    };
    for ((field, text), set) in Field::ALL.into_iter().zip(&texts).zip(&mut sets) {
        for item in text.split(',') {
            if item.is_empty() {
                let message = fault(field, text, "has a comma with nothing before or after it");
                return Err(ScheduleError::expression(message).with_hint("Leave the comma out."));
            }
            let special = match field {
                Field::MonthDay => month_day(item, &mut days.month_days)?,
                Field::Weekday => weekday(item, &mut days.weekdays)?,
                Field::Second | Field::Minute | Field::Hour | Field::Month => false,
            };
            if !special {
                *set |= numbers(field, item)?;
            }
        }
    }
    let [second, minute, hour, month_day, month, weekday] = sets;
    let starred = |at: usize| texts.get(at).is_some_and(|text| text.starts_with('*'));
    days.months = low(month);
    days.month_days.plain = low(month_day);
    // Sunday is 0 and 7.
    days.weekdays.plain = low((weekday | weekday >> 7) & 0x7F);
    days.both = starred(3) || starred(5);
    let times = Times::Fields { seconds: second, minutes: minute, hours: hour };
    let wildcard = starred(0) || starred(1) || starred(2);
    Ok(Parsed { pattern: Pattern { days, times }, wildcard })
}

fn low(set: u64) -> u32 {
    u32::try_from(set & u64::from(u32::MAX)).unwrap_or(0)
}

fn miscounted(texts: &[&str], seconds: bool) -> ScheduleError {
    let five = "minute hour day-of-month month day-of-week";
    let count = texts.len();
    let plural = if count == 1 { "" } else { "s" };
    if seconds {
        let message = format!("The cron expression has {count} field{plural}, not six.");
        let hint = format!("With seconds asked for, write second {five}.");
        return ScheduleError::expression(message).with_hint(hint);
    }
    let Some(rest) = texts.get(5..).filter(|rest| !rest.is_empty()) else {
        let message = format!("The cron expression has {count} field{plural}, not five.");
        return ScheduleError::expression(message).with_hint(format!("Write {five}."));
    };
    let last_is_weekday =
        texts.last().is_some_and(|text| numbers(Field::Weekday, text).is_ok() || *text == "?");
    if count == 6 && last_is_weekday {
        let message = "The cron expression has six fields, not five.".to_owned();
        let hint = "Ask for seconds if the first one is meant to be the second, or leave one out.";
        return ScheduleError::expression(message).with_hint(hint);
    }
    let rest = shown(&rest.join(" "));
    let message = format!("After the five fields of the cron expression stands \"{rest}\".");
    ScheduleError::expression(message)
        .with_hint("Write the five fields only; there is no field for years, and no command.")
}
