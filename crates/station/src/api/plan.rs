//! Makes a trigger and its bounds of what a request says, and refuses those that never fire.

use std::time::Duration;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use station_core::model::{
    BootTrigger, Bounds, CronTrigger, DailyTrigger, Exclusion, IntervalTrigger, Micros,
    MonthlyTrigger, Trigger, WeeklyTrigger,
};
use station_core::trigger::{Schedule, ScheduleError, ScheduleErrorKind, parse_exclusions};
use station_core::when::print;

use super::error::ApiError;
use super::field::{Faults, Place};
use super::instant::{self, Clock};
use super::timing::{Exclude, Timing};
use super::trigger_type::TriggerType;

/// So many clock changes are looked at for the remark on a new schedule.
const CHANGES: usize = 2;

/// The longest interval, in microseconds: a hundred years of 366 days.
const LONGEST: i128 = 100 * 366 * 86_400 * 1_000_000;

/// The most exclusions of a job. They are gone through at each of its firings, on the one thread
/// that fires: hundreds of thousands would hold up all other jobs.
const MOST_EXCLUSIONS: usize = 10_000;

/// A schedule that can be stored.
#[derive(Debug)]
pub(super) struct Plan {
    /// When it fires.
    pub(super) trigger: Trigger,
    /// What bounds it.
    pub(super) bounds: Bounds,
    /// Both, ready to be asked.
    pub(super) schedule: Schedule,
    /// A remark for people: on clock changes, and on the zone.
    pub(super) note: Option<String>,
}

/// Plans what a request says; what it leaves out is taken from what is stored, if anything is.
///
/// The required fields are there, or stored.
pub(super) fn plan(
    timing: Timing<'_>,
    stored: Option<(&Trigger, &Bounds)>,
    (now, station, zones): (Micros, &TimeZone, &TimeZoneDatabase),
) -> Result<Plan, ApiError> {
    if let Some(sentence) = timing.stray() {
        return Err(ApiError::Bad(sentence));
    }
    let mut notes = Vec::new();
    let named = match timing.timezone.as_deref() {
        Some(text) => {
            let zone = instant::zone_named(text, zones)?;
            notes.extend(instant::zone_note(text, &zone));
            Some(zone)
        }
        None => None,
    };
    let kept = stored.filter(|_| !timing.names_trigger());
    let zone = match (&named, kept) {
        (Some(zone), _) => zone.clone(),
        (None, Some((trigger, _))) => {
            instant::zone_named(trigger.zone(), zones).unwrap_or_else(|_| station.clone())
        }
        (None, None) => station.clone(),
    };
    let clock = Clock { now, zone: &zone, zones };
    let bounds = bounds(&timing, stored.map(|(_, bounds)| bounds), clock)?;
    let trigger = match kept {
        Some((trigger, _)) => trigger.clone(),
        None => trigger(timing, bounds.start, clock, &mut notes)?,
    };
    let schedule = Schedule::compile(&trigger, &bounds, zones).map_err(refused)?;
    check_fires(&trigger, &bounds, &schedule, clock)?;
    if schedule.is_recurring() {
        if named.is_none() && kept.is_none() {
            notes.extend(instant::nameless_note(&zone, now.timestamp()));
        }
        let affected = |told: &String| !told.contains(": not affected");
        notes.extend(schedule.clock_changes(now, CHANGES).into_iter().filter(affected));
    }
    let note = (!notes.is_empty()).then(|| notes.join("; "));
    Ok(Plan { trigger, bounds, schedule, note })
}

fn bounds(
    timing: &Timing<'_>,
    stored: Option<&Bounds>,
    clock: Clock<'_>,
) -> Result<Bounds, ApiError> {
    let at = |field: &str, text: &Option<std::borrow::Cow<'_, str>>| match text {
        Some(text) => {
            instant::read((Place::BODY, field), text, clock).map(|read| Some(Micros::from(read.at)))
        }
        None => Ok(None),
    };
    let start = at("start_date", &timing.start_date)?;
    let end = at("end_date", &timing.end_date)?;
    let kept = |field: &str| stored.filter(|_| !timing.names(field));
    let start = start.or_else(|| kept("start_date")?.start);
    let end = end.or_else(|| kept("end_date")?.end);
    if let (Some(start), Some(end)) = (start, end)
        && start > end
    {
        let show = |at: Micros| print(at.timestamp(), clock.zone);
        let (start, end) = (show(start), show(end));
        let text = format!("start_date {start} lies after end_date {end}; exchange them");
        return Err(ApiError::Bad(text));
    }
    Ok(Bounds {
        start,
        end,
        max_executions: timing.max_executions.or_else(|| kept("max_executions")?.max_executions),
        jitter: timing
            .jitter
            .or_else(|| kept("jitter_seconds").map(|bounds| bounds.jitter))
            .unwrap_or_default(),
        exclude: match (&timing.exclude, kept("exclude")) {
            (Some(given), _) => exclusions(given, clock)?,
            (None, Some(bounds)) => bounds.exclude.clone(),
            (None, None) => Vec::new(),
        },
    })
}

fn exclusions(given: &Exclude<'_>, clock: Clock<'_>) -> Result<Vec<Exclusion>, ApiError> {
    let mut faults = Faults::default();
    let outer = Place::BODY.field("exclude");
    let mut all = Vec::new();
    match given {
        Exclude::Text(text) => match parse_exclusions(text, clock.zone, clock.zones) {
            Ok(spans) => all = spans,
            Err(error) => faults.value(outer, &error.to_string(), serde_json::Value::Null),
        },
        Exclude::List(list) => {
            for (index, text) in list.iter().enumerate() {
                match parse_exclusions(text, clock.zone, clock.zones) {
                    Ok(spans) => all.extend(spans),
                    Err(error) => {
                        let shown: String = text.chars().take(100).collect();
                        // It is a list of one line, which says nothing to who sent an item.
                        let why = error.to_string();
                        let why = why.strip_prefix("Line 1: ").unwrap_or(&why);
                        faults.value(outer.index(index), why, shown.into());
                    }
                }
            }
        }
    }
    faults.into_result()?;
    if all.len() > MOST_EXCLUSIONS {
        return Err(ApiError::Bad(format!(
            "exclude has {} days and spans, and at most {MOST_EXCLUSIONS} can be said: write days \
             in a row as one span FROM..TO, and leave out those that are over",
            all.len()
        )));
    }
    Ok(all)
}

fn trigger(
    timing: Timing<'_>,
    start: Option<Micros>,
    clock: Clock<'_>,
    notes: &mut Vec<String>,
) -> Result<Trigger, ApiError> {
    let zone = instant::zone_name(clock.zone, clock.now.timestamp());
    let rule = timing.clock;
    // The required fields were looked for before.
    let missing = || ApiError::Internal;
    Ok(match timing.meant().ok_or_else(missing)? {
        TriggerType::Date => {
            let planned = match (timing.when.as_deref(), timing.run_date.as_deref()) {
                (Some(when), None) => instant::from_when(when, timing.when_mode, clock)?,
                (None, Some(date)) => instant::from_date(date, clock)?,
                (Some(_), Some(_)) => {
                    let text = "the request has both when and run_date; give one";
                    return Err(ApiError::Bad(text.to_owned()));
                }
                (None, None) => return Err(ApiError::Internal),
            };
            // What is remarked on the time itself stands first.
            if let Some(note) = planned.note {
                notes.insert(0, note);
            }
            Trigger::Date(planned.trigger)
        }
        TriggerType::Interval => {
            let every = every(&timing)?;
            let begin = start.unwrap_or(clock.now).max(clock.now);
            let first =
                if timing.run_at_start || begin > clock.now { begin } else { begin.plus(every) };
            Trigger::Interval(IntervalTrigger { every, first, zone })
        }
        TriggerType::Cron => Trigger::Cron(CronTrigger {
            expression: timing.cron_expression.ok_or_else(missing)?.trim().to_owned(),
            seconds: timing.cron_seconds,
            zone,
            clock: rule,
        }),
        TriggerType::Daily => Trigger::Daily(DailyTrigger {
            time: timing.time_of_day.ok_or_else(missing)?,
            zone,
            clock: rule,
        }),
        TriggerType::Weekly => Trigger::Weekly(WeeklyTrigger {
            day: timing.day_of_week.ok_or_else(missing)?,
            time: timing.time_of_day.ok_or_else(missing)?,
            zone,
            clock: rule,
        }),
        TriggerType::Boot => Trigger::Boot(BootTrigger { zone }),
        TriggerType::Monthly => Trigger::Monthly(MonthlyTrigger {
            day: timing.day_of_month.ok_or_else(missing)?,
            time: timing.time_of_day.ok_or_else(missing)?,
            zone,
            clock: rule,
        }),
    })
}

/// The time between two firings of an interval.
fn every(timing: &Timing<'_>) -> Result<Duration, ApiError> {
    if let Some(field) = timing.negative {
        return Err(ApiError::Bad(format!("{field} must not be negative")));
    }
    let micros = timing.every.unwrap_or_default();
    if micros <= 0 {
        let text = "the interval is empty: the sum of interval_days, interval_hours, \
                    interval_minutes and interval_seconds must be more than 0";
        return Err(ApiError::Bad(text.to_owned()));
    }
    match u64::try_from(micros) {
        Ok(small) if micros <= LONGEST => Ok(Duration::from_micros(small)),
        Ok(_) | Err(_) => {
            Err(ApiError::Bad("the interval is too long: at most 100 years can be said".to_owned()))
        }
    }
}

/// A schedule that is none: what cannot be read is a fault of its field, all else a reason.
fn refused(error: ScheduleError) -> ApiError {
    let field = match error.kind() {
        ScheduleErrorKind::Expression => "cron_expression",
        ScheduleErrorKind::Zone
        | ScheduleErrorKind::Impossible
        | ScheduleErrorKind::Day
        | ScheduleErrorKind::Interval
        | ScheduleErrorKind::Bounds
        | ScheduleErrorKind::Exclusion => return ApiError::Bad(error.to_string()),
    };
    let mut faults = Faults::default();
    faults.value(Place::BODY.field(field), &error.to_string(), serde_json::Value::Null);
    faults.into_result().err().unwrap_or(ApiError::Internal)
}

/// Refuses a schedule without any firing from now on.
fn check_fires(
    trigger: &Trigger,
    bounds: &Bounds,
    schedule: &Schedule,
    clock: Clock<'_>,
) -> Result<(), ApiError> {
    if let Trigger::Boot(_) = trigger {
        return Ok(());
    }
    // A tick before now, so that a time of exactly now is still to come. A date is never too
    // late here: that was judged when it was read.
    let date = |trigger: &Trigger| match trigger {
        Trigger::Date(date) => Some(date.at),
        Trigger::Interval(_)
        | Trigger::Cron(_)
        | Trigger::Daily(_)
        | Trigger::Weekly(_)
        | Trigger::Monthly(_)
        | Trigger::Boot(_) => None,
    };
    let from = date(trigger).map_or(clock.now, |at| at.min(clock.now));
    if schedule.next(Micros(from.0.saturating_sub(1))).is_some() {
        return Ok(());
    }
    let show = |at: Micros| print(at.timestamp(), clock.zone);
    let begin = bounds.start.map_or(from, |start| start.max(from));
    let free = Bounds { start: bounds.start, ..Bounds::default() };
    let first = Schedule::compile(trigger, &free, clock.zones)
        .ok()
        .and_then(|free| free.next(Micros(begin.0.saturating_sub(1))));
    Err(ApiError::Bad(match (bounds.end, first) {
        (Some(end), _) if end < clock.now => {
            let (end, now) = (show(end), show(clock.now));
            format!("end_date {end} is in the past: it is now {now}")
        }
        (Some(end), Some(at)) if at > end => {
            let (end, at) = (show(end), show(at));
            format!("the schedule never fires: its first time is {at}, after its end_date {end}")
        }
        (_, Some(_)) if !bounds.exclude.is_empty() => {
            "the schedule never fires: all its times are excluded".to_owned()
        }
        (_, _) => match (date(trigger), bounds.start) {
            (Some(at), Some(start)) if at < start => {
                let (at, start) = (show(at), show(start));
                format!(
                    "the schedule never fires: its time {at} lies before its start_date {start}"
                )
            }
            (_, _) => "the schedule never fires".to_owned(),
        },
    }))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
