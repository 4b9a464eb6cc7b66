//! Shows a trigger and its bounds in the fields they are asked for with.

use std::borrow::Cow;
use std::time::Duration;

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use station_core::model::{Bounds, ClockRule, Exclusion, GapRule, OverlapRule, Trigger};

use super::stamp::{self, Seconds};
use super::trigger_type::UNITS;

/// What the fields of a trigger show; null where it has no such field.
#[derive(Default)]
pub(super) struct TimingView<'a> {
    pub(super) cron_expression: Option<&'a str>,
    pub(super) cron_seconds: Option<bool>,
    pub(super) interval_seconds: Option<Seconds>,
    pub(super) interval_minutes: Option<u64>,
    pub(super) interval_hours: Option<u64>,
    pub(super) interval_days: Option<u64>,
    pub(super) run_date: Option<String>,
    pub(super) time_of_day: Option<String>,
    pub(super) day_of_week: Option<u8>,
    pub(super) day_of_month: Option<u8>,
    pub(super) dst_gap: Option<&'static str>,
    pub(super) dst_overlap: Option<&'static str>,
    /// The time as it was written.
    pub(super) expression: Option<Cow<'a, str>>,
}

impl<'a> TimingView<'a> {
    /// Shows a trigger, in its zone.
    pub(super) fn new(trigger: &'a Trigger, zone: &TimeZone) -> Self {
        match trigger {
            Trigger::Date(date) => Self {
                run_date: Some(stamp::local(date.at, zone)),
                expression: date.intent.as_ref().map(|intent| (&intent.expression).into()),
                ..Self::default()
            },
            Trigger::Interval(interval) => Self::interval(interval.every),
            Trigger::Boot(_) => Self::default(),
            Trigger::Cron(cron) => Self {
                cron_expression: Some(&cron.expression),
                cron_seconds: Some(cron.seconds),
                expression: Some((&cron.expression).into()),
                ..Self::ruled(cron.clock)
            },
            Trigger::Daily(daily) => {
                Self { time_of_day: Some(daily.time.to_string()), ..Self::ruled(daily.clock) }
            }
            Trigger::Weekly(weekly) => Self {
                time_of_day: Some(weekly.time.to_string()),
                day_of_week: Some(weekly.day),
                ..Self::ruled(weekly.clock)
            },
            Trigger::Monthly(monthly) => Self {
                time_of_day: Some(monthly.time.to_string()),
                day_of_month: Some(monthly.day),
                ..Self::ruled(monthly.clock)
            },
        }
    }

    /// An interval stands in one field: that of the largest unit it is a whole number of.
    fn interval(every: Duration) -> Self {
        let seconds = every.as_secs();
        let whole = |unit: &&(&str, u64)| {
            every.subsec_nanos() == 0 && seconds > 0 && seconds.is_multiple_of(unit.1)
        };
        let mut view = Self::default();
        match UNITS.iter().find(whole) {
            Some(("interval_days", unit)) => view.interval_days = Some(seconds / unit),
            Some(("interval_hours", unit)) => view.interval_hours = Some(seconds / unit),
            Some(("interval_minutes", unit)) => view.interval_minutes = Some(seconds / unit),
            Some(_) | None => view.interval_seconds = Some(Seconds(every)),
        }
        view
    }

    fn ruled(rule: ClockRule) -> Self {
        Self {
            dst_gap: rule.gap.map(|rule| match rule {
                GapRule::RunAfter => "run_after",
                GapRule::Skip => "skip",
            }),
            dst_overlap: rule.overlap.map(|rule| match rule {
                OverlapRule::First => "first",
                OverlapRule::Second => "second",
                OverlapRule::Both => "both",
            }),
            ..Self::default()
        }
    }
}

/// The exclusions of a job, each as an item of the list it can be asked for with.
pub(super) fn exclusions(bounds: &Bounds) -> Vec<String> {
    bounds.exclude.iter().map(exclusion).collect()
}

fn exclusion(span: &Exclusion) -> String {
    let midnight = |at: DateTime| at.time() == Time::midnight();
    let last = span.to.date().yesterday();
    match last {
        Ok(last) if midnight(span.from) && midnight(span.to) && span.from.date() == last => {
            last.to_string()
        }
        Ok(last) if midnight(span.from) && midnight(span.to) => {
            format!("{}..{last}", span.from.date())
        }
        Ok(_) | Err(_) => {
            format!(
                "{}..{}",
                span.from.strftime("%Y-%m-%dT%H:%M:%S"),
                span.to.strftime("%Y-%m-%dT%H:%M:%S")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_stands_in_the_largest_unit_it_fills() {
        for (seconds, shown) in [
            (1, (None, None, None, Some("1"))),
            (90, (None, None, None, Some("90"))),
            (1800, (None, None, Some(30), None)),
            (5400, (None, None, Some(90), None)),
            (14_400, (None, Some(4), None, None)),
            (86_400, (Some(1), None, None, None)),
            (90_000, (None, Some(25), None, None)),
        ] {
            let view = TimingView::interval(Duration::from_secs(seconds));
            let rest = view.interval_seconds.map(|s| serde_json::to_string(&s).unwrap());
            let found =
                (view.interval_days, view.interval_hours, view.interval_minutes, rest.as_deref());
            assert_eq!(found, shown, "{seconds}");
        }
        let short = TimingView::interval(Duration::from_millis(500));
        assert_eq!(serde_json::to_string(&short.interval_seconds).unwrap(), "0.5");
    }

    #[test]
    fn exclusions_can_be_asked_for_as_they_are_shown() {
        let zone = TimeZone::UTC;
        for text in [
            "2027-12-24",
            "2027-12-24..2027-12-26",
            "2027-12-24T12:00:00..2027-12-24T18:00:30",
            "2027-12-24T00:00:00..2027-12-26T18:00:00",
        ] {
            let read = station_core::trigger::parse_exclusions(text, &zone, jiff::tz::db());
            let exclude = read.unwrap();
            assert_eq!(exclusions(&Bounds { exclude, ..Bounds::default() }), [text]);
        }
    }
}
