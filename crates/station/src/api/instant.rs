//! Finds the instant a request means, from `when` or a date and time, in the zone it names.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::temporal::{DateTimeParser, DateTimePrinter, Pieces};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use station_core::model::{DateTrigger, Micros};
use station_core::when::{Context, Intent, IntentKind, print, resolve, resolve_touch};

use super::error::ApiError;
use super::field::{Faults, Place};
use super::timing::WhenMode;

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
    let near = station_core::trigger::zone(name, zones).err();
    let near = near.as_ref().and_then(|error| error.hint()?.strip_prefix("Did you mean "));
    Err(ApiError::Bad(match near {
        Some(near) => format!("time zone '{shown}' is not known; did you mean {near}"),
        None => format!(
            "time zone '{shown}' is not known; give an IANA name such as Europe/Berlin, or a \
             POSIX TZ string with its rule such as CET-1CEST,M3.5.0,M10.5.0/3"
        ),
    }))
}

/// A remark on a zone whose text leaves out when its summer time begins and ends.
pub(super) fn zone_note(text: &str, zone: &TimeZone) -> Option<String> {
    let name = zone_name(zone, Timestamp::UNIX_EPOCH);
    let added = name.ends_with(DEFAULT_RULE) && !text.contains(',');
    added.then(|| {
        format!("the time zone has no rule for its summer time; it is taken as {name}, as the C library does")
    })
}

/// The name under which a zone is stored; its offset at an instant if it has none. A machine that
/// does not say which zone it is in is in UTC.
pub(super) fn zone_name(zone: &TimeZone, at: Timestamp) -> String {
    if zone.is_unknown() {
        return "UTC".to_owned();
    }
    DateTimePrinter::new().time_zone_to_string(zone).unwrap_or_else(|_| {
        let fixed = TimeZone::fixed(zone.to_offset(at));
        DateTimePrinter::new().time_zone_to_string(&fixed).unwrap_or_else(|_| "UTC".to_owned())
    })
}

/// A remark on a zone that has rules and no name to store them by.
pub(super) fn nameless_note(zone: &TimeZone, now: Timestamp) -> Option<String> {
    let named = zone.is_unknown() || DateTimePrinter::new().time_zone_to_string(zone).is_ok();
    (!named).then(|| {
        format!(
            "the station's time zone has no name, so its present offset {} is meant; give \
             timezone if its clocks are changed",
            zone_name(zone, now)
        )
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
    let Read { at, intent, note } = read((Place::BODY, "run_date"), text, clock)?;
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

/// A date and time as it was read.
#[derive(Debug)]
pub(super) struct Read {
    /// The instant.
    pub(super) at: Timestamp,
    /// What was meant.
    pub(super) intent: Intent,
    /// A remark for people, if the clocks are changed just then.
    pub(super) note: Option<String>,
}

/// Reads a field that is an ISO 8601 date and time. Rubbish is a fault of form; a day that no
/// calendar has is well formed, and refused for its meaning.
pub(super) fn read(
    (outer, field): (Place<'_>, &str),
    text: &str,
    clock: Clock<'_>,
) -> Result<Read, ApiError> {
    let text = text.trim();
    if let Some((at, intent, note)) = read_date(text, clock) {
        return Ok(Read { at, intent, note });
    }
    if let Some(sentence) = no_such_day(text) {
        return Err(ApiError::Bad(format!("{field} is impossible: {sentence}")));
    }
    let mut faults = Faults::default();
    let msg = "Input should be a valid datetime, such as 2027-03-01T14:30:00 or \
               2027-03-01T14:30:00+01:00";
    let shown: String = text.chars().take(100).collect();
    faults.add("datetime_parsing", outer.field(field), msg, shown.into());
    faults.into_result()?;
    Err(ApiError::Internal)
}

/// What is wrong with a text that begins with a date whose month has no such day, and is right
/// otherwise.
fn no_such_day(text: &str) -> Option<String> {
    let (date, rest) = text.split_at_checked(10)?;
    let mut parts = date.split('-').map(|part| part.parse::<i16>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let first = Date::new(year, i8::try_from(month).ok()?, 1).ok()?;
    let last = first.days_in_month();
    let repaired = format!("{year:04}-{month:02}-01{rest}");
    if day <= i16::from(last) || day > 31 || Pieces::parse(&repaired).is_err() {
        return None;
    }
    Some(format!("{} has only {last} days, there is no {date}", first.strftime("%B %Y")))
}

/// What a date trigger was asked for, as it can be asked for again: a reading of the clock stays
/// one.
pub(super) fn as_asked(date: &DateTrigger) -> Cow<'_, str> {
    match date.intent.as_ref().map(|intent| &intent.kind) {
        Some(IntentKind::Civil { datetime, zone }) if *zone == date.zone => Cow::Borrowed(datetime),
        Some(IntentKind::Civil { .. } | IntentKind::Elapsed) | None => {
            Cow::Owned(date.at.to_string())
        }
    }
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
        for text in [
            "",
            "soon",
            "2027-02-30T25:00:00",
            "2027-02-32",
            "2027-01-01T25:00:00",
            "14:30",
            "\0",
            "0",
        ] {
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
    fn a_day_that_no_calendar_has_is_told_so() {
        for (text, sentence) in [
            ("2027-02-31T00:00:00", "February 2027 has only 28 days, there is no 2027-02-31"),
            ("2028-02-30", "February 2028 has only 29 days, there is no 2028-02-30"),
            ("2027-06-31T12:00:00+02:00", "June 2027 has only 30 days, there is no 2027-06-31"),
        ] {
            let error = plan(text, "UTC", "2026-01-01T00:00:00Z").unwrap_err();
            assert_eq!(error, ApiError::Bad(format!("run_date is impossible: {sentence}")));
        }
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
    fn a_machine_without_a_zone_is_in_utc() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(zone_name(&TimeZone::unknown(), now), "UTC");
        for zone in [TimeZone::unknown(), TimeZone::UTC, jiff::tz::db().get("Asia/Tokyo").unwrap()]
        {
            assert_eq!(nameless_note(&zone, now), None);
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
