//! What triggers say, as data; when they fire is `crate::trigger`'s business.

use std::time::Duration;

use jiff::civil::{DateTime, Time};
use serde::{Deserialize, Serialize};

use super::Micros;

/// A job's trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Trigger {
    /// Once, at an instant.
    Date(DateTrigger),
    /// Every so often, in elapsed time.
    Interval(IntervalTrigger),
    /// When the clock matches a cron expression.
    Cron(CronTrigger),
    /// Every day at a time of day.
    Daily(DailyTrigger),
    /// Every week on a day at a time of day.
    Weekly(WeeklyTrigger),
    /// Every month on a day at a time of day; a month without that day is left out.
    Monthly(MonthlyTrigger),
    /// Whenever the station comes up for the first time since the machine was started.
    Boot(BootTrigger),
}

/// Fires once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateTrigger {
    /// The instant it fires at.
    pub at: Micros,
    /// The zone its time is shown in: an IANA name or a POSIX TZ string.
    pub zone: String,
    /// What was asked for, so that the instant can be resolved anew when zone rules change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
}

/// Fires every so often, in elapsed time: clock changes do not touch it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntervalTrigger {
    /// The time between two firings, at least a millisecond.
    pub every: Duration,
    /// The first firing; all others are whole intervals after it.
    pub first: Micros,
    /// The zone its times are shown in.
    pub zone: String,
}

/// Fires when the clock matches (crontab(5)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CronTrigger {
    /// The expression as it was written.
    pub expression: String,
    /// A field for the seconds stands in front of the five.
    #[serde(default)]
    pub seconds: bool,
    /// The zone whose clock is meant.
    pub zone: String,
    /// What happens when the clocks are changed.
    #[serde(default)]
    pub clock: ClockRule,
}

/// Fires every day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyTrigger {
    /// At this time of day.
    pub time: Time,
    /// The zone whose clock is meant.
    pub zone: String,
    /// What happens when the clocks are changed.
    #[serde(default)]
    pub clock: ClockRule,
}

/// Fires every week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeeklyTrigger {
    /// On this day: 0 is Monday, 6 is Sunday (LabLink's numbering, not cron's).
    pub day: u8,
    /// At this time of day.
    pub time: Time,
    /// The zone whose clock is meant.
    pub zone: String,
    /// What happens when the clocks are changed.
    #[serde(default)]
    pub clock: ClockRule,
}

/// Fires every month that has the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthlyTrigger {
    /// On this day, 1 to 31.
    pub day: u8,
    /// At this time of day.
    pub time: Time,
    /// The zone whose clock is meant.
    pub zone: String,
    /// What happens when the clocks are changed.
    #[serde(default)]
    pub clock: ClockRule,
}

/// Fires once after each start of the machine (`@reboot` of crontab(5)), never by the clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootTrigger {
    /// The zone its times are shown in.
    pub zone: String,
}

impl BootTrigger {
    /// The due time of a job that waits for the machine to be started: one that never comes.
    pub const AWAITED: Micros = Micros(253_370_764_800_000_000);
}

/// A schedule's own rule for clock changes. Without one, fixed times run once: in a gap at the
/// first instant after it, in an overlap in the first pass; and cron expressions with a wildcard
/// minute or hour follow the clock (nothing in a gap, both passes of an overlap).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockRule {
    /// A time that the clocks skip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gap: Option<GapRule>,
    /// A time that comes twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<OverlapRule>,
}

/// What is done with a time that the clocks skip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapRule {
    /// It fires at the first instant after the gap, once however many times fall into it.
    RunAfter,
    /// It does not fire.
    Skip,
}

/// What is done with a time that comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverlapRule {
    /// It fires the first time.
    First,
    /// It fires the second time.
    Second,
    /// It fires both times.
    Both,
}

/// What bounds a trigger, whatever its kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// It does not fire before this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Micros>,
    /// It does not fire after this instant; at it, it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Micros>,
    /// After so many runs by its schedule the job is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_executions: Option<u32>,
    /// Each firing is put off by a random span below this.
    #[serde(default, skip_serializing_if = "Duration::is_zero")]
    pub jitter: Duration,
    /// It does not fire while one of these holds, on the clock of the trigger's zone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Exclusion>,
}

impl Bounds {
    /// Whether there are none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// A span of the calendar in which nothing fires: from its beginning up to, not including, its end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Exclusion {
    /// Its beginning.
    pub from: DateTime,
    /// Its end.
    pub to: DateTime,
}

/// What was written, and what it means independently of the time-zone database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The text as it was written.
    pub expression: String,
    /// What it means.
    pub kind: IntentKind,
}

/// Whether a point in time or a reading of the clock was meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentKind {
    /// An instant: the present plus so many hours, minutes or seconds, or a time with an offset.
    Elapsed,
    /// A reading of the clock in a zone.
    Civil {
        /// The reading as asked for (ISO 8601, without offset), even if the clocks skip it.
        datetime: String,
        /// The zone: an IANA name, a POSIX TZ string or an offset.
        zone: String,
    },
}
