//! When a job fires: a trigger and its bounds, compiled to a [`Schedule`] that is asked for the
//! next firing.
//!
//! ```text
//! Trigger ─compile─▶ Timing: once │ every so often │ pattern of readings ─clock rule─▶ instants
//! Bounds  ─compile─▶ window, closed spans (instants) ─────────────────────────────────▶ filter
//! ```
//!
//! Everything is pure: the time-zone database comes in as an argument. `date`, `interval`, `cron`,
//! `daily`, `weekly` and `monthly` hold a kind each; the last four come down to a `pattern`, which
//! `clock` turns into instants.

mod changes;
mod clock;
mod cron;
mod daily;
mod date;
mod describe;
mod error;
mod exclude;
mod ical;
mod interval;
mod jitter;
mod list;
mod monthly;
mod pattern;
mod reading;
mod weekly;
mod zone;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

pub use error::{ScheduleError, ScheduleErrorKind};
pub use list::parse_exclusions;
pub use zone::zone;

use crate::model::{Bounds, ClockRule, Micros, Trigger};
use clock::Rule;
use pattern::Pattern;

/// A trigger with its bounds, ready to be evaluated.
///
/// ```
/// use station_core::model::{Bounds, CronTrigger, Micros, Trigger};
/// use station_core::trigger::Schedule;
///
/// let zones = jiff::tz::TimeZoneDatabase::bundled();
/// let trigger = Trigger::Cron(CronTrigger {
///     expression: "30 2 * * *".into(),
///     seconds: false,
///     zone: "Europe/Berlin".into(),
///     clock: Default::default(),
/// });
/// let schedule = Schedule::compile(&trigger, &Bounds::default(), &zones)?;
/// let eve: jiff::Timestamp = "2027-03-27T12:00:00Z".parse().unwrap();
/// let next = schedule.next(Micros::from(eve)).unwrap();
/// assert_eq!(next.to_string(), "2027-03-28T01:00:00Z"); // 03:00: there is no 02:30 that day.
/// # Ok::<(), station_core::trigger::ScheduleError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Schedule {
    trigger: Trigger,
    bounds: Bounds,
    zone: TimeZone,
    timing: Timing,
    /// Spans of instants, from the first up to, not including, the second, in order; between two
    /// of them there is always a firing, so that `next` passes at most one.
    closed: Vec<(i64, i64)>,
}

/// When it fires, before bounds.
#[derive(Clone, Debug)]
enum Timing {
    Once(i64),
    /// Not by the clock.
    Boot,
    Every {
        first: i64,
        every: i64,
    },
    Clock {
        pattern: Pattern,
        rule: Rule,
        wildcard: bool,
    },
}

impl Timing {
    fn fixed(pattern: Pattern, clock: ClockRule) -> Self {
        Self::Clock { pattern, rule: Rule::of(clock, false), wildcard: false }
    }

    /// The first firing strictly after `after` that can be represented.
    fn next(&self, zone: &TimeZone, after: i64) -> Option<i64> {
        let after = after.max(Timestamp::MIN.as_microsecond());
        let latest = Timestamp::MAX.as_microsecond();
        if after >= latest {
            return None;
        }
        let next = match self {
            Self::Once(at) => date::next(*at, after),
            Self::Boot => None,
            Self::Every { first, every } => interval::next(*first, *every, after),
            Self::Clock { pattern, rule, .. } => clock::next(zone, *rule, pattern, after),
        };
        next.filter(|at| *at <= latest)
    }
}

impl Schedule {
    /// Prepares a trigger with its bounds.
    ///
    /// # Errors
    ///
    /// The zone is not known, the cron expression is not one or names only days that do not
    /// exist, a day is out of range, an interval is shorter than a millisecond or longer than 100
    /// years, an exclusion ends before it begins, or the start lies after the end.
    pub fn compile(
        trigger: &Trigger,
        bounds: &Bounds,
        zones: &TimeZoneDatabase,
    ) -> Result<Self, ScheduleError> {
        let zone = zone(trigger.zone(), zones)?;
        let timing = match trigger {
            Trigger::Date(date) => date::timing(date),
            Trigger::Interval(interval) => interval::timing(interval)?,
            Trigger::Cron(cron) => cron::timing(cron)?,
            Trigger::Daily(daily) => daily::timing(daily),
            Trigger::Weekly(weekly) => weekly::timing(weekly)?,
            Trigger::Monthly(monthly) => monthly::timing(monthly)?,
            Trigger::Boot(_) => Timing::Boot,
        };
        if let (Some(start), Some(end)) = (bounds.start, bounds.end)
            && start > end
        {
            let message = format!("The start {start} lies after the end {end}.");
            return Err(ScheduleError::new(ScheduleErrorKind::Bounds, message)
                .with_hint("Exchange them, or leave one out."));
        }
        let closed = exclude::closed(&bounds.exclude, &zone, &timing)?;
        Ok(Self { trigger: trigger.clone(), bounds: bounds.clone(), zone, timing, closed })
    }

    /// The first firing strictly after `after`, within start and end and not excluded; nothing if
    /// there is none up to the year 9999.
    ///
    /// It is the nominal one: jitter comes on top, and runs are not counted.
    #[must_use]
    pub fn next(&self, after: Micros) -> Option<Micros> {
        let after = match self.bounds.start {
            Some(start) => after.0.max(start.0.saturating_sub(1)),
            None => after.0,
        };
        let mut next = self.timing.next(&self.zone, after)?;
        // Once is enough, but it costs nothing not to rely on it.
        while let Some(end) = self.closed_until(next) {
            next = self.timing.next(&self.zone, end.checked_sub(1)?)?;
        }
        let end = self.bounds.end.map_or(i64::MAX, |end| end.0);
        (next <= end).then_some(Micros(next))
    }

    /// The end of the exclusion in which the instant lies.
    fn closed_until(&self, instant: i64) -> Option<i64> {
        let before = self.closed.partition_point(|(from, _)| *from <= instant);
        let (_, to) = self.closed.get(before.checked_sub(1)?)?;
        (instant < *to).then_some(*to)
    }

    /// Whether it follows the clock through its changes, as cron expressions with a wildcard
    /// minute or hour do, rather than naming fixed times.
    #[must_use]
    pub const fn follows_clock(&self) -> bool {
        matches!(self.timing, Timing::Clock { wildcard: true, .. })
    }

    /// Whether it may fire more than once.
    #[must_use]
    pub const fn is_recurring(&self) -> bool {
        !matches!(self.timing, Timing::Once(_))
    }

    /// The zone whose clock is meant.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

impl Trigger {
    /// Its kind, as the API names it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Date(_) => "date",
            Self::Interval(_) => "interval",
            Self::Cron(_) => "cron",
            Self::Daily(_) => "daily",
            Self::Weekly(_) => "weekly",
            Self::Monthly(_) => "monthly",
            Self::Boot(_) => "boot",
        }
    }

    /// The name of its zone.
    #[must_use]
    pub fn zone(&self) -> &str {
        match self {
            Self::Date(date) => &date.zone,
            Self::Interval(interval) => &interval.zone,
            Self::Cron(cron) => &cron.zone,
            Self::Daily(daily) => &daily.zone,
            Self::Weekly(weekly) => &weekly.zone,
            Self::Monthly(monthly) => &monthly.zone,
            Self::Boot(boot) => &boot.zone,
        }
    }
}
