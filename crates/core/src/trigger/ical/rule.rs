//! Recurrence rules of an iCalendar, as far as whole steps of days, weeks, months or years go.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _};

use super::value::{Clock, Moment, date_or_time, months};
use crate::trigger::error::{ScheduleError, shown};

/// So far ahead of its start an event recurs.
const MAX_YEARS: i64 = 100;
/// So many times at most.
const MAX_TIMES: usize = 5000;

/// FREQ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// A recurrence rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    frequency: Frequency,
    interval: i64,
    count: Option<usize>,
    /// The last start, whether that is a whole day, and whether it is in UTC.
    until: Option<(DateTime, bool, bool)>,
}

pub(super) fn parse(value: &str) -> Result<Rule, ScheduleError> {
    let refuse = |what: String| {
        ScheduleError::exclusion(what).with_hint(
            "FREQ=DAILY, WEEKLY, MONTHLY or YEARLY with INTERVAL, COUNT and UNTIL is supported.",
        )
    };
    let mut frequency = None;
    let (mut interval, mut count, mut until) = (1, None, None);
    for part in value.split(';').filter(|part| !part.is_empty()) {
        let (key, given) = part.split_once('=').unwrap_or((part, ""));
        let misread = || refuse(format!("The RRULE part \"{}\" is not understood.", shown(part)));
        match key.to_ascii_uppercase().as_str() {
            "FREQ" => {
                frequency = Some(match given.to_ascii_uppercase().as_str() {
                    "DAILY" => Frequency::Daily,
                    "WEEKLY" => Frequency::Weekly,
                    "MONTHLY" => Frequency::Monthly,
                    "YEARLY" => Frequency::Yearly,
                    _ => return Err(refuse(format!("FREQ={} is not supported.", shown(given)))),
                });
            }
            "INTERVAL" => {
                interval =
                    given.parse().ok().filter(|n| (1..=10_000).contains(n)).ok_or_else(misread)?;
            }
            "COUNT" => {
                count = Some(given.parse().ok().filter(|n| *n > 0).ok_or_else(misread)?);
            }
            "UNTIL" => until = Some(date_or_time(given).ok_or_else(misread)?),
            key => return Err(refuse(format!("The RRULE part {} is not supported.", shown(key)))),
        }
    }
    let frequency = frequency.ok_or_else(|| refuse("The RRULE has no FREQ.".to_owned()))?;
    Ok(Rule { frequency, interval, count, until })
}

/// The starts of an event on its own clock, in order. A date that a month or year does not have is
/// left out, and not counted.
pub(super) fn occurrences<'a>(
    start: &'a Moment,
    rule: Option<&'a Rule>,
) -> impl Iterator<Item = DateTime> + 'a {
    let first = start.at;
    let limit = first.checked_add(MAX_YEARS.years()).unwrap_or(DateTime::MAX);
    let times = rule.map_or(1, |rule| rule.count.unwrap_or(MAX_TIMES).min(MAX_TIMES));
    (0..)
        .map_while(move |n| rule.map_or((n == 0).then_some(first), |rule| rule.step(first, n)))
        .take_while(move |at| {
            *at < limit && rule.is_none_or(|rule| rule.reaches(*at, &start.clock))
        })
        .filter(move |at| rule.is_none_or(|rule| rule.keeps_day(first, *at)))
        .take(times)
}

impl Rule {
    /// The nth step from the first; a day that the month does not have is its last.
    fn step(&self, first: DateTime, n: i64) -> Option<DateTime> {
        let steps = n.checked_mul(self.interval)?;
        let span = match self.frequency {
            Frequency::Daily => Span::new().try_days(steps).ok()?,
            Frequency::Weekly => Span::new().try_weeks(steps).ok()?,
            Frequency::Monthly => months(steps)?,
            Frequency::Yearly => Span::new().try_years(steps).ok()?,
        };
        first.checked_add(span).ok()
    }

    fn keeps_day(&self, first: DateTime, at: DateTime) -> bool {
        match self.frequency {
            Frequency::Daily | Frequency::Weekly => true,
            Frequency::Monthly | Frequency::Yearly => first.day() == at.day(),
        }
    }

    fn reaches(&self, at: DateTime, clock: &Clock) -> bool {
        match (self.until, clock) {
            (None, _) => true,
            (Some((until, true, _)), _) => at.date() <= until.date(),
            (Some((until, false, true)), Clock::Zone(zone)) => {
                let until = TimeZone::UTC.to_ambiguous_timestamp(until).compatible();
                until.is_ok_and(|until| at <= zone.to_datetime(until))
            }
            (Some((until, false, _)), _) => at <= until,
        }
    }
}
