//! The fields that say when a job fires, as they stand on the wire.

use std::borrow::Cow;
use std::time::Duration;

use jiff::civil::Time;
use station_core::model::{ClockRule, GapRule, OverlapRule, Trigger};

use super::field::{self, Faults, Place};
use super::json::Json;
use super::timing_fields;
use super::trigger_type::{TRIGGER_TYPES, TriggerType, UNITS};

/// Every field that says when a job fires.
pub(super) const TIMING_FIELDS: [&str; 22] = [
    "trigger_type",
    "cron_expression",
    "cron_seconds",
    "interval_seconds",
    "interval_minutes",
    "interval_hours",
    "interval_days",
    "run_at_start",
    "run_date",
    "when",
    "when_mode",
    "time_of_day",
    "day_of_week",
    "day_of_month",
    "dst_gap",
    "dst_overlap",
    "timezone",
    "start_date",
    "end_date",
    "max_executions",
    "jitter_seconds",
    "exclude",
];

/// Those of them that bound a trigger of any kind; all others are the trigger's own.
const BOUNDS: [&str; 5] = ["start_date", "end_date", "max_executions", "jitter_seconds", "exclude"];

/// How `when` is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum WhenMode {
    /// The whole language.
    #[default]
    Free,
    /// With the minute resolution of at(1).
    Posix,
    /// As the argument of `at -t`.
    Touch,
}

/// The days a job does not fire on, as they were given.
#[derive(Debug)]
pub(super) enum Exclude<'a> {
    /// Days and spans, one by one.
    List(Vec<Cow<'a, str>>),
    /// The text of a list or of an iCalendar file.
    Text(Cow<'a, str>),
}

/// The fields that say when a job fires, well-typed. `None` is absent or null.
#[derive(Debug, Default)]
pub(super) struct Timing<'a> {
    pub(super) kind: Option<TriggerType>,
    pub(super) cron_expression: Option<Cow<'a, str>>,
    pub(super) cron_seconds: bool,
    /// The sum of the units given, in microseconds.
    pub(super) every: Option<i128>,
    /// A unit that was given and is negative.
    pub(super) negative: Option<&'static str>,
    pub(super) run_at_start: bool,
    pub(super) run_date: Option<Cow<'a, str>>,
    pub(super) when: Option<Cow<'a, str>>,
    pub(super) when_mode: WhenMode,
    pub(super) time_of_day: Option<Time>,
    pub(super) day_of_week: Option<u8>,
    pub(super) day_of_month: Option<u8>,
    pub(super) clock: ClockRule,
    pub(super) timezone: Option<Cow<'a, str>>,
    pub(super) start_date: Option<Cow<'a, str>>,
    pub(super) end_date: Option<Cow<'a, str>>,
    pub(super) max_executions: Option<u32>,
    pub(super) jitter: Option<Duration>,
    pub(super) exclude: Option<Exclude<'a>>,
    /// Every field that was named, those that are null too.
    named: Vec<&'static str>,
    /// Every field that was given a value that says something.
    given: Vec<&'static str>,
}

impl<'a> Timing<'a> {
    /// Takes a field if it is one of these, null or not; else gives its value back.
    pub(super) fn take(
        &mut self,
        field: &'static str,
        json: Json<'a>,
        faults: &mut Faults,
    ) -> Option<Json<'a>> {
        if !TIMING_FIELDS.contains(&field) {
            return Some(json);
        }
        self.named.push(field);
        if !says_nothing(field, &json) {
            self.given.push(field);
            self.read(field, json, Place::BODY.field(field), faults);
        }
        None
    }

    fn read(&mut self, field: &'static str, json: Json<'a>, at: Place<'_>, faults: &mut Faults) {
        match field {
            "trigger_type" => self.kind = field::word(&json, &TRIGGER_TYPES, at, faults),
            "cron_expression" => self.cron_expression = field::text(json, at, faults),
            "cron_seconds" => self.cron_seconds = field::boolean(&json, at, faults) == Some(true),
            "run_at_start" => self.run_at_start = field::boolean(&json, at, faults) == Some(true),
            "run_date" => self.run_date = field::text(json, at, faults),
            "when" => self.when = field::text(json, at, faults),
            "when_mode" => {
                let words =
                    [("", WhenMode::Free), ("posix", WhenMode::Posix), ("touch", WhenMode::Touch)];
                self.when_mode = field::word(&json, &words, at, faults).unwrap_or_default();
            }
            "time_of_day" => self.time_of_day = timing_fields::time_of_day(json, at, faults),
            "day_of_week" => self.day_of_week = timing_fields::small(&json, (0, 6), at, faults),
            "day_of_month" => self.day_of_month = timing_fields::small(&json, (1, 31), at, faults),
            "dst_gap" => {
                let words = [("run_after", GapRule::RunAfter), ("skip", GapRule::Skip)];
                self.clock.gap = field::word(&json, &words, at, faults);
            }
            "dst_overlap" => {
                let words = [
                    ("first", OverlapRule::First),
                    ("second", OverlapRule::Second),
                    ("both", OverlapRule::Both),
                ];
                self.clock.overlap = field::word(&json, &words, at, faults);
            }
            "timezone" => self.timezone = field::text(json, at, faults),
            "start_date" => self.start_date = field::text(json, at, faults),
            "end_date" => self.end_date = field::text(json, at, faults),
            "max_executions" => {
                let number = field::integer(&json, (1, u32::MAX.into()), at, faults);
                self.max_executions = number.and_then(|n| u32::try_from(n).ok());
            }
            "jitter_seconds" => self.jitter = field::seconds(&json, true, at, faults),
            "exclude" => self.exclude = timing_fields::exclude(json, at, faults),
            _ => self.unit(field, &json, at, faults),
        }
    }

    fn unit(&mut self, field: &'static str, json: &Json<'_>, at: Place<'_>, faults: &mut Faults) {
        let Some((_, seconds)) = UNITS.iter().find(|(name, _)| *name == field) else { return };
        // Seconds may have a fraction, so that every interval can be said.
        let micros = match json {
            Json::Float(given) if field == "interval_seconds" && given.is_finite() => {
                let size = Duration::try_from_secs_f64(given.abs()).unwrap_or(Duration::MAX);
                let size = i128::try_from(size.as_micros()).unwrap_or(i128::MAX);
                Some(if *given < 0.0 { -size } else { size })
            }
            Json::Null
            | Json::Bool(_)
            | Json::Int(_)
            | Json::Big(_)
            | Json::Float(_)
            | Json::Text(_)
            | Json::List(_)
            | Json::Map(_) => field::integer(json, (i64::MIN, i64::MAX), at, faults)
                .map(|number| i128::from(number) * i128::from(*seconds) * 1_000_000),
        };
        let Some(micros) = micros else { return };
        if micros < 0 {
            self.negative = Some(field);
        }
        self.every = Some(self.every.unwrap_or_default().saturating_add(micros));
    }

    /// Whether a field was named, be it as null.
    pub(super) fn names(&self, field: &str) -> bool {
        self.named.contains(&field)
    }

    /// Whether any field was named that says what the trigger itself is.
    pub(super) fn names_trigger(&self) -> bool {
        self.named.iter().any(|field| !BOUNDS.contains(field))
    }

    /// Whether any field was named.
    pub(super) fn names_any(&self) -> bool {
        !self.named.is_empty()
    }

    /// The kind of trigger that is meant.
    pub(super) fn meant(&self) -> Option<TriggerType> {
        self.kind.or_else(|| self.when.as_ref().map(|_| TriggerType::Date))
    }

    /// Tells which fields are missing.
    pub(super) fn check_required(&self, faults: &mut Faults) {
        let Some(kind) = self.meant() else {
            if !faults.names("trigger_type") {
                faults.missing(Place::BODY.field("trigger_type"));
            }
            return;
        };
        for field in kind.required() {
            let there = match *field {
                "interval_seconds" => {
                    UNITS.iter().any(|(unit, _)| self.given.contains(unit) || faults.names(unit))
                        || self.every.is_some()
                }
                "run_date" => self.run_date.is_some() || self.when.is_some(),
                "cron_expression" => self.cron_expression.is_some(),
                "time_of_day" => self.time_of_day.is_some(),
                "day_of_week" => self.day_of_week.is_some(),
                _ => self.day_of_month.is_some(),
            };
            if !there && !faults.names(field) {
                faults.missing(Place::BODY.field(field));
            }
        }
    }

    /// A field that was given and belongs to another kind of trigger, with the sentence about it.
    pub(super) fn stray(&self) -> Option<String> {
        let kind = self.meant()?;
        let field = self.given.iter().find(|field| !TriggerType::with(field).contains(&kind))?;
        let kinds: Vec<String> =
            TriggerType::with(field).iter().map(|kind| format!("'{}'", kind.name())).collect();
        let kinds = match kinds.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            Some(_) | None => kinds.concat(),
        };
        let given = kind.name();
        Some(format!("{field} belongs to trigger_type {kinds}, not to '{given}'; leave it out"))
    }

    /// Fills in what a stored trigger says and the request does not name.
    pub(super) fn inherit(&mut self, stored: &'a Trigger) {
        let kind = self.meant().unwrap_or_else(|| TriggerType::of(stored));
        self.kind = Some(kind);
        if !self.names("timezone") {
            self.timezone = Some(Cow::Borrowed(stored.zone()));
        }
        let (time, clock) = match stored {
            Trigger::Daily(daily) => (Some(daily.time), daily.clock),
            Trigger::Weekly(weekly) => (Some(weekly.time), weekly.clock),
            Trigger::Monthly(monthly) => (Some(monthly.time), monthly.clock),
            Trigger::Cron(cron) => (None, cron.clock),
            Trigger::Date(_) | Trigger::Interval(_) | Trigger::Boot(_) => {
                (None, ClockRule::default())
            }
        };
        if TriggerType::with("time_of_day").contains(&kind) && !self.names("time_of_day") {
            self.time_of_day = time;
        }
        if TriggerType::with("dst_gap").contains(&kind) {
            if !self.names("dst_gap") {
                self.clock.gap = clock.gap;
            }
            if !self.names("dst_overlap") {
                self.clock.overlap = clock.overlap;
            }
        }
        if kind == TriggerType::of(stored) {
            self.inherit_own(stored);
        }
    }

    /// Fills in what only a trigger of the same kind can give.
    fn inherit_own(&mut self, stored: &'a Trigger) {
        match stored {
            Trigger::Date(date) => {
                if !self.names("run_date") && !self.names("when") {
                    self.run_date = Some(super::instant::as_asked(date));
                }
            }
            Trigger::Interval(interval) => {
                if !UNITS.iter().any(|(unit, _)| self.names(unit)) {
                    self.every = i128::try_from(interval.every.as_micros()).ok();
                }
            }
            Trigger::Cron(cron) => {
                if !self.names("cron_expression") {
                    self.cron_expression = Some(Cow::Borrowed(&cron.expression));
                }
                if !self.names("cron_seconds") {
                    self.cron_seconds = cron.seconds;
                }
            }
            Trigger::Daily(_) | Trigger::Boot(_) => {}
            Trigger::Weekly(weekly) => {
                if !self.names("day_of_week") {
                    self.day_of_week = Some(weekly.day);
                }
            }
            Trigger::Monthly(monthly) => {
                if !self.names("day_of_month") {
                    self.day_of_month = Some(monthly.day);
                }
            }
        }
    }
}

/// Whether a value is as good as none: forms send the fields of other triggers empty or false.
fn says_nothing(field: &str, json: &Json<'_>) -> bool {
    match json {
        Json::Null => true,
        Json::Bool(given) => !given && matches!(field, "cron_seconds" | "run_at_start"),
        Json::Text(text) => text.is_empty() && field != "when",
        Json::List(list) => list.is_empty() && field == "exclude",
        Json::Int(_) | Json::Big(_) | Json::Float(_) | Json::Map(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_one_of_a_job() {
        for field in TIMING_FIELDS {
            assert!(super::super::types::JOB_FIELDS.contains(&field), "{field}");
        }
    }
}
