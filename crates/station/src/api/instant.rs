//! Finds the instant a request means, from `when` or `run_date`, in the zone it names.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::temporal::{DateTimeParser, DateTimePrinter, Pieces};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use station_core::model::DateTrigger;
use station_core::model::Micros;
use station_core::when::{Context, Intent, IntentKind, print, resolve, resolve_touch};

use super::error::ApiError;
use super::field::{Faults, Place};
use super::types::WhenMode;

/// The longest name of a zone.
const LONGEST_ZONE: usize = 200;

/// What the C library takes for a POSIX TZ string that names a summer time without its rule.
const DEFAULT_RULE: &str = ",M3.2.0,M11.1.0";

/// What times are read against.
#[derive(Clone, Copy)]
pub(super) struct Clock<'a> {
    /// The present.
    pub(super) now: Micros,
    /// The zone times are meant in.
    pub(super) zone: &'a TimeZone,
    /// Where zone names are looked up.
    pub(super) zones: &'a TimeZoneDatabase,
}

/// A planned instant with what it came from.
#[derive(Debug)]
pub(super) struct Planned {
    /// The trigger to store.
    pub(super) trigger: DateTrigger,
    /// A remark for people, if the clocks are changed just then.
    pub(super) note: Option<String>,
}

/// The zone a text names: an IANA name, a POSIX TZ string or an offset.
pub(super) fn zone_named(text: &str, zones: &TimeZoneDatabase) -> Result<TimeZone, ApiError> {
    let name = text.trim().trim_start_matches(':');
    let known = name.len() <= LONGEST_ZONE;
    let found = known.then(|| {
        let read = DateTimeParser::new().parse_time_zone_with(zones, name);
        read.or_else(|_| TimeZone::posix(&format!("{name}{DEFAULT_RULE}")))
    });
    if let Some(Ok(zone)) = found
        && !zone.is_unknown()
    {
        return Ok(zone);
    }
    let shown: String = text.chars().take(LONGEST_ZONE).flat_map(char::escape_debug).collect();
    Err(ApiError::Bad(format!(
        "time zone '{shown}' is not known; give an IANA name such as Europe/Berlin, or a POSIX \
         TZ string with its rule such as CET-1CEST,M3.5.0,M10.5.0/3"
    )))
}

/// A remark on a zone whose text leaves out when its summer time begins and ends.
pub(super) fn zone_note(text: &str, zone: &TimeZone) -> Option<String> {
    let name = zone_name(zone, Timestamp::UNIX_EPOCH);
    let added = name.ends_with(DEFAULT_RULE) && !text.contains(',');
    added.then(|| {
        format!("the time zone has no rule for its summer time; it is taken as {name}, as the C library does")
    })
}

/// The name under which a zone is stored; its offset at an instant if it has none.
fn zone_name(zone: &TimeZone, at: Timestamp) -> String {
    DateTimePrinter::new().time_zone_to_string(zone).unwrap_or_else(|_| {
        let fixed = TimeZone::fixed(zone.to_offset(at));
        DateTimePrinter::new().time_zone_to_string(&fixed).unwrap_or_else(|_| "UTC".to_owned())
    })
}

/// The instant of a time expression.
pub(super) fn from_when(text: &str, mode: WhenMode, clock: Clock<'_>) -> Result<Planned, ApiError> {
    let now = clock.now.timestamp();
    let context =
        Context { now, zone: clock.zone, zones: clock.zones, posix: mode != WhenMode::Free };
    let resolved = match mode {
        WhenMode::Free | WhenMode::Posix => resolve(text, &context),
        WhenMode::Touch => resolve_touch(text, &context),
    };
    let resolved = resolved.map_err(|error| ApiError::expression(text, &error))?;
    let at = Micros::from(resolved.instant);
    Ok(Planned {
        trigger: DateTrigger {
            at,
            zone: zone_name(&resolved.zone, resolved.instant),
            intent: Some(resolved.intent),
        },
        note: resolved.note.map(|note| note.to_string()),
    })
}

/// The instant of an ISO 8601 date and time: naive ones are meant in the job's zone.
///
/// In a gap it is the first instant after it, in an overlap the first of the two passes.
pub(super) fn from_date(text: &str, clock: Clock<'_>) -> Result<Planned, ApiError> {
    let Some((at, intent, note)) = read_date(text.trim(), clock) else {
        let mut faults = Faults::default();
        let msg = "Input should be a valid datetime, such as 2027-03-01T14:30:00 or \
                   2027-03-01T14:30:00+01:00";
        let shown: String = text.chars().take(100).collect();
        faults.add("datetime_parsing", Place::BODY.field("run_date"), msg, shown.into());
        faults.into_result()?;
        return Err(ApiError::Internal);
    };
    let (now, planned) = (clock.now, Micros::from(at));
    if planned < now {
        return Err(ApiError::Bad(format!(
            "run_date {} is in the past: it is now {}",
            print(planned.timestamp(), clock.zone),
            print(now.timestamp(), clock.zone),
        )));
    }
    let zone = zone_name(clock.zone, at);
    let trigger = DateTrigger { at: planned, zone, intent: Some(intent) };
    Ok(Planned { trigger, note })
}

fn read_date(text: &str, clock: Clock<'_>) -> Option<(Timestamp, Intent, Option<String>)> {
    let pieces = Pieces::parse(text).ok()?;
    let asked = pieces.date().to_datetime(pieces.time().unwrap_or_default());
    let expression = text.to_owned();
    if let Some(offset) = pieces.to_numeric_offset() {
        let at = offset.to_timestamp(asked).ok()?;
        return Some((at, Intent { expression, kind: IntentKind::Elapsed }, None));
    }
    let zone = match pieces.to_time_zone_with(clock.zones).ok()? {
        Some(annotated) => annotated,
        None => clock.zone.clone(),
    };
    let (at, note) = settle(asked, &zone)?;
    let kind = IntentKind::Civil { datetime: asked.to_string(), zone: zone_name(&zone, at) };
    Some((at, Intent { expression, kind }, note))
}

/// The instant of a clock reading, with a remark if the clocks skip or repeat it.
fn settle(asked: DateTime, zone: &TimeZone) -> Option<(Timestamp, Option<String>)> {
    match zone.to_ambiguous_timestamp(asked).offset() {
        AmbiguousOffset::Unambiguous { offset } => Some((offset.to_timestamp(asked).ok()?, None)),
        AmbiguousOffset::Gap { before, after } => {
            // The change lies after `asked` read with the new offset, and not after it read with
            // the old one.
            let low = after.to_timestamp(asked).ok()?;
            let high = before.to_timestamp(asked).ok()?;
            let change = zone.following(low).next().map(|change| change.timestamp());
            let at = change.filter(|change| *change <= high).unwrap_or(high);
            let note = format!(
                "{} does not exist in {} (clocks go forward); it will run at {}",
                asked.strftime("%Y-%m-%d %H:%M:%S"),
                zone_name(zone, at),
                print(at, zone)
            );
            Some((at, Some(note)))
        }
        AmbiguousOffset::Fold { before, after } => {
            let first = before.to_timestamp(asked).ok()?;
            let second = after.to_timestamp(asked).ok()?;
            let note = format!(
                "{} comes twice in {} (clocks go back); it will run the first time, at {}, not \
                 again at {}",
                asked.strftime("%Y-%m-%d %H:%M:%S"),
                zone_name(zone, first),
                print(first, zone),
                print(second, zone)
            );
            Some((first, Some(note)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str, zone: &str, now: &str) -> Result<Planned, ApiError> {
        let zones = jiff::tz::db();
        let zone = zone_named(zone, zones).unwrap();
        let now = Micros::from(now.parse::<Timestamp>().unwrap());
        from_date(text, Clock { now, zone: &zone, zones })
    }

    #[test]
    fn dates_are_meant_in_the_jobs_zone_unless_they_have_an_offset() {
        for (text, at) in [
            ("2027-07-01T12:00:00", "2027-07-01T10:00:00Z"),
            ("2027-07-01 12:00", "2027-07-01T10:00:00Z"),
            ("2027-07-01", "2027-06-30T22:00:00Z"),
            ("2027-07-01T12:00:00.1234567", "2027-07-01T10:00:00.123456Z"),
            ("2027-07-01T12:00:00Z", "2027-07-01T12:00:00Z"),
            ("2027-07-01T12:00:00-05:00", "2027-07-01T17:00:00Z"),
            ("2027-07-01T12:00[America/New_York]", "2027-07-01T16:00:00Z"),
            ("2027-03-28T02:30:00", "2027-03-28T01:00:00Z"),
            ("2027-10-31T02:30:00", "2027-10-31T00:30:00Z"),
        ] {
            let planned = plan(text, "Europe/Berlin", "2027-01-01T00:00:00Z").unwrap();
            assert_eq!(planned.trigger.at.to_string(), at, "{text}");
            assert_eq!(planned.trigger.zone, "Europe/Berlin");
        }
    }

    #[test]
    fn clock_changes_are_told() {
        let note = |text: &str, zone: &str| {
            plan(text, zone, "2026-01-01T00:00:00Z").unwrap().note.unwrap_or_default()
        };
        assert_eq!(
            note("2027-03-28T02:30:00", "Europe/Berlin"),
            "2027-03-28 02:30:00 does not exist in Europe/Berlin (clocks go forward); it will \
             run at 2027-03-28T03:00:00+02:00"
        );
        assert_eq!(
            note("2026-10-04T02:15:00", "Australia/Lord_Howe"),
            "2026-10-04 02:15:00 does not exist in Australia/Lord_Howe (clocks go forward); it \
             will run at 2026-10-04T02:30:00+11:00"
        );
        assert_eq!(
            note("2027-10-31T02:30:00", "CET-1CEST,M3.5.0,M10.5.0/3"),
            "2027-10-31 02:30:00 comes twice in CET-1CEST,M3.5.0,M10.5.0/3 (clocks go back); it \
             will run the first time, at 2027-10-31T02:30:00+02:00, not again at \
             2027-10-31T02:30:00+01:00"
        );
        assert_eq!(note("2027-10-31T04:30:00", "Europe/Berlin"), "");
    }

    #[test]
    fn rubbish_and_the_past_are_refused() {
        for text in ["", "soon", "2027-02-30T00:00:00", "2027-01-01T25:00:00", "14:30", "\0", "0"] {
            let error = plan(text, "UTC", "2026-01-01T00:00:00Z").unwrap_err();
            assert_eq!(error.status().as_u16(), 422, "{text}");
        }
        let error = plan("2025-12-31T23:59:59", "UTC", "2026-01-01T00:00:00Z").unwrap_err();
        assert_eq!(
            error,
            ApiError::Bad(
                "run_date 2025-12-31T23:59:59+00:00 is in the past: it is now \
                 2026-01-01T00:00:00+00:00"
                    .to_owned()
            )
        );
    }

    #[test]
    fn a_zone_without_its_rule_is_remarked_on() {
        let zones = jiff::tz::db();
        let note = |text: &str| zone_note(text, &zone_named(text, zones).unwrap());
        let told = "it is taken as CET-1CEST,M3.2.0,M11.1.0, as the C library does";
        assert!(note("CET-1CEST").unwrap().contains(told));
        for text in ["CET-1CEST,M3.2.0,M11.1.0", "Europe/Berlin", "EST5EDT", "UTC0"] {
            assert_eq!(note(text), None, "{text}");
        }
    }

    #[test]
    fn zones_are_found_by_name_and_by_rule() {
        let zones = jiff::tz::db();
        for (text, name) in [
            ("europe/berlin", "Europe/Berlin"),
            (":UTC", "UTC"),
            ("CET-1CEST,M3.5.0,M10.5.0/3", "CET-1CEST,M3.5.0,M10.5.0/3"),
            ("+02:00", "+02:00"),
            ("CET-1CEST", "CET-1CEST,M3.2.0,M11.1.0"),
            ("<+03>-3", "<+03>-3"),
            ("EST5EDT", "EST5EDT"),
        ] {
            let zone = zone_named(text, zones).unwrap();
            assert_eq!(zone_name(&zone, Timestamp::UNIX_EPOCH), name);
        }
        for text in ["", "Mars/Base", "../../etc/passwd", "Etc/Unknown", "\0", &"x".repeat(9999)] {
            let error = zone_named(text, zones).unwrap_err();
            assert_eq!(error.status().as_u16(), 400, "{text}");
        }
    }
}
