//! The cron trigger: when the clock matches an expression in the language of crontab(5), read
//! strictly, with the usual extensions (`L`, `LW`, `15W`, `5#2`, `5L`, seconds when asked for).

mod field;
mod item;
mod parse;

#[cfg(test)]
mod tests;

use super::Timing;
use super::clock::Rule;
use super::error::{ScheduleError, ScheduleErrorKind};
use super::pattern::{Days, bits};
use crate::model::CronTrigger;

/// The names of the months, as cron and people write them.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// The names of the days of the week, from 0.
pub(super) const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

pub(super) fn timing(cron: &CronTrigger) -> Result<Timing, ScheduleError> {
    let parsed = parse::parse(&cron.expression, cron.seconds)?;
    if !parsed.pattern.days.exist() {
        return Err(impossible(&parsed.pattern.days));
    }
    let (pattern, wildcard) = (parsed.pattern, parsed.wildcard);
    Ok(Timing::Clock { pattern, rule: Rule::of(cron.clock, wildcard), wildcard })
}

fn impossible(days: &Days) -> ScheduleError {
    let months: Vec<&str> =
        bits(days.months).filter_map(|month| named(&MONTHS, month.checked_sub(1)?)).collect();
    let week = &days.weekdays;
    let free = Days { weekdays: Days::default().weekdays, both: true, ..days.clone() };
    let message = if free.exist() {
        let weekdays: Vec<&str> =
            bits(week.plain | week.last | week.nth.iter().fold(0, |all, nth| all | nth))
                .filter_map(|day| named(&WEEKDAYS, day))
                .collect();
        format!(
            "The expression never fires: the days of the month it names are never a {} it names.",
            weekdays.join(" or ")
        )
    } else {
        format!("The expression never fires: there is no such day in {}.", months.join(" or "))
    };
    ScheduleError::new(ScheduleErrorKind::Impossible, message)
        .with_hint("For the last day of a month write L as the day of the month.")
}

fn named<'a>(names: &[&'a str], at: u32) -> Option<&'a str> {
    names.get(usize::try_from(at).ok()?).copied()
}
