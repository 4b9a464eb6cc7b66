//! When a schedule begins and ends, what it leaves out, and its rule for clock changes.

use std::path::Path;

use clap::{Args, ValueEnum};
use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::{Map, Value, json};
use station_core::model::{Bounds, ClockRule, Exclusion, GapRule, Micros, OverlapRule};
use station_core::trigger::parse_exclusions;

use super::error::CliError;
use super::when::{self, Reading};
use super::{plain, script};

/// What takes a bound away.
const NONE: &str = "none";

/// What bounds a schedule.
#[derive(Args, Clone, Debug, Default)]
#[group(skip)]
pub struct WindowArgs {
    /// Do not fire before this time (any time expression; a date alone: its beginning)
    #[arg(long, value_name = "TIME")]
    pub start: Option<String>,
    /// Do not fire after this time (any time expression; a date alone: its end)
    #[arg(long, value_name = "TIME")]
    pub end: Option<String>,
    /// Do not fire on this day or in this span, or in those that a file lists: one on a line, or an
    /// iCalendar; may be given several times
    #[arg(long, value_name = "FILE|DATE|FROM..TO")]
    pub exclude: Vec<String>,
    /// What becomes of a time that the clocks skip [default: run-after; for a cron expression with
    /// a wildcard minute or hour, skip]
    #[arg(long, value_name = "RULE")]
    pub dst_gap: Option<Gap>,
    /// What becomes of a time that comes twice [default: first; for a cron expression with a
    /// wildcard minute or hour, both]
    #[arg(long, value_name = "RULE")]
    pub dst_overlap: Option<Overlap>,
}

/// What becomes of a time that the clocks skip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Gap {
    /// It fires at the first instant after the gap
    #[value(alias = "run_after")]
    RunAfter,
    /// It does not fire
    Skip,
}

/// What becomes of a time that comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Overlap {
    /// It fires the first time
    First,
    /// It fires the second time
    Second,
    /// It fires both times
    Both,
}

/// A bound as it was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Edge {
    /// Not at all.
    #[default]
    Unsaid,
    /// There is to be none.
    None,
    /// This instant.
    At(Timestamp),
}

/// What was given, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Window {
    start: Edge,
    end: Edge,
    exclude: Option<Vec<Exclusion>>,
    gap: Option<Gap>,
    overlap: Option<Overlap>,
}

impl WindowArgs {
    /// Reads what was given, in a zone at a present.
    pub(crate) fn read(&self, zone: &TimeZone, now: Timestamp) -> Result<Window, CliError> {
        let exclude = match self.exclude.as_slice() {
            [] => None,
            [one] if one == NONE => Some(Vec::new()),
            all => {
                let mut spans = Vec::new();
                for given in all {
                    spans.extend(exclusions(given, zone)?);
                }
                spans.sort();
                spans.dedup();
                Some(spans)
            }
        };
        Ok(Window {
            start: edge(Side::Start, self.start.as_deref(), zone, now)?,
            end: edge(Side::End, self.end.as_deref(), zone, now)?,
            exclude,
            gap: self.dst_gap,
            overlap: self.dst_overlap,
        })
    }
}

impl Window {
    /// Puts what was given into a request.
    pub(crate) fn insert(&self, body: &mut Map<String, Value>) {
        let mut put = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
        for (key, edge) in [("start_date", self.start), ("end_date", self.end)] {
            match edge {
                Edge::Unsaid => {}
                Edge::None => put(key, Value::Null),
                Edge::At(at) => put(key, json!(at.to_string())),
            }
        }
        if let Some(spans) = &self.exclude {
            let spans: Vec<String> =
                spans.iter().map(|span| format!("{}..{}", span.from, span.to)).collect();
            put("exclude", json!(spans));
        }
        if let Some(gap) = self.gap {
            let word = match gap {
                Gap::RunAfter => "run_after",
                Gap::Skip => "skip",
            };
            put("dst_gap", json!(word));
        }
        if let Some(overlap) = self.overlap {
            let word = match overlap {
                Overlap::First => "first",
                Overlap::Second => "second",
                Overlap::Both => "both",
            };
            put("dst_overlap", json!(word));
        }
    }

    /// The bounds themselves.
    pub(crate) fn bounds(&self) -> Bounds {
        let instant = |edge| match edge {
            Edge::At(at) => Some(Micros::from(at)),
            Edge::Unsaid | Edge::None => None,
        };
        Bounds {
            start: instant(self.start),
            end: instant(self.end),
            exclude: self.exclude.clone().unwrap_or_default(),
            ..Bounds::default()
        }
    }

    /// The rule for clock changes.
    pub(crate) fn clock(&self) -> ClockRule {
        ClockRule {
            gap: self.gap.map(|gap| match gap {
                Gap::RunAfter => GapRule::RunAfter,
                Gap::Skip => GapRule::Skip,
            }),
            overlap: self.overlap.map(|overlap| match overlap {
                Overlap::First => OverlapRule::First,
                Overlap::Second => OverlapRule::Second,
                Overlap::Both => OverlapRule::Both,
            }),
        }
    }
}

/// Which of the two bounds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Start,
    End,
}

fn edge(side: Side, text: Option<&str>, zone: &TimeZone, now: Timestamp) -> Result<Edge, CliError> {
    let Some(text) = text else { return Ok(Edge::Unsaid) };
    if text == NONE {
        return Ok(Edge::None);
    }
    let at = match side {
        Side::Start => moment(text, zone, now),
        Side::End => last_moment(text, zone, now),
    };
    at.map(Edge::At).map_err(|error| {
        let option = match side {
            Side::Start => "--start",
            Side::End => "--end",
        };
        CliError { message: format!("{option}: {}", error.message), ..error }
    })
}

/// The last instant of a day.
fn end_of(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    beginning_of(date.tomorrow().ok()?, zone)?.checked_sub(1.microsecond()).ok()
}

fn beginning_of(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    Some(date.to_zoned(zone.clone()).ok()?.timestamp())
}

/// A text that is a date and nothing else.
fn date_alone(text: &str) -> Option<Date> {
    // One with a time would be read as a date too.
    Some(text.trim()).filter(|text| text.len() == 10)?.parse().ok()
}

/// The same where a span ends: a date alone is its last instant.
pub(crate) fn last_moment(
    text: &str,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Timestamp, CliError> {
    match date_alone(text).and_then(|date| end_of(date, zone)) {
        Some(at) => Ok(at),
        None => moment(text, zone, now),
    }
}

/// The instant that a time expression means; unlike a plan's, a full date may lie in the past.
///
/// A date alone is its beginning; to the language of at(1) it is this time of that day.
pub(crate) fn moment(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, CliError> {
    if let Some(at) = date_alone(text).and_then(|date| beginning_of(date, zone)) {
        return Ok(at);
    }
    // Against a present before it, no date is past; all else about it stays as it is.
    let now = written_out(text.trim()).map_or(now, |eve| eve.min(now));
    let reading = Reading { now: Some(now), zone, posix: false, touch: false };
    Ok(when::resolve(text, &reading)?.instant)
}

/// A present before a fully written date and time, wherever on earth it is meant.
fn written_out(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return at.checked_sub(SignedDuration::from_hours(1)).ok();
    }
    let at = TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()?;
    at.checked_sub(SignedDuration::from_hours(72)).ok()
}

/// What one `--exclude` means: a day, a span, or those that a file lists.
fn exclusions(given: &str, zone: &TimeZone) -> Result<Vec<Exclusion>, CliError> {
    let zones = TimeZoneDatabase::from_env();
    let digits = given.bytes().take_while(u8::is_ascii_digit).count();
    let written = digits >= 4 && given.get(digits..).is_some_and(|rest| rest.starts_with('-'));
    if written && !Path::new(given).is_file() {
        return parse_exclusions(given, zone, &zones).map_err(|error| {
            // It is a list of one line, which says nothing to who gave a day.
            let message = error.message();
            let message = message.strip_prefix("Line 1: ").unwrap_or(message);
            refused(format!("--exclude: {message}"), error.hint())
        });
    }
    let shown = plain(given);
    let bytes = script::read_file(Path::new(given)).map_err(|error| {
        let error = CliError { message: format!("--exclude: {}", error.message), ..error };
        error.hint("give a day (2027-12-24), a span (2027-12-24..2027-12-26) or a file of them")
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| CliError::usage(format!("--exclude: the file {shown} is not UTF-8")))?;
    parse_exclusions(&text, zone, &zones)
        .map_err(|error| refused(format!("--exclude: {shown}: {}", error.message()), error.hint()))
}

fn refused(message: String, hint: Option<&str>) -> CliError {
    let error = CliError::usage(message);
    match hint {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_may_lie_in_the_past_and_the_rest_is_the_time_language() {
        let now: Timestamp = "2027-06-01T12:00:00Z".parse().unwrap();
        let read = |text: &str| moment(text, &TimeZone::UTC, now).map(|at| at.to_string());
        for (text, at) in [
            ("2020-01-01", "2020-01-01T00:00:00Z"),
            ("2028-01-01", "2028-01-01T00:00:00Z"),
            ("2020-01-01T10:30", "2020-01-01T10:30:00Z"),
            ("2020-01-01 10:30:15", "2020-01-01T10:30:15Z"),
            ("2020-01-01T10:30:00+02:00", "2020-01-01T08:30:00Z"),
            ("2028-01-01T10:30", "2028-01-01T10:30:00Z"),
            ("14:30 tomorrow", "2027-06-02T14:30:00Z"),
            ("11:00", "2027-06-02T11:00:00Z"),
            ("now + 2 weeks", "2027-06-15T12:00:00Z"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(at), "{text}");
        }
        for text in ["", "tomorow", "2027-02-30"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_date_alone_bounds_by_its_beginning_or_end() {
        let zone = zone("Europe/Berlin");
        let given = WindowArgs {
            start: Some("2027-03-28".to_owned()),
            end: Some(" 2027-03-28 ".to_owned()),
            ..WindowArgs::default()
        };
        let bounds = given.read(&zone, Timestamp::UNIX_EPOCH).unwrap().bounds();
        assert_eq!(bounds.start.unwrap().to_string(), "2027-03-27T23:00:00Z");
        assert_eq!(bounds.end.unwrap().to_string(), "2027-03-28T21:59:59.999999Z");
    }

    #[test]
    fn exclusions_come_from_days_spans_and_files() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let list = file("list", "2027-12-24..2027-12-26 # off\n2027-05-01\n");
        let calendar = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20270601T220000Z\r\n\
            DTEND:20270602T220000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let calendar = file("off.ics", calendar);
        let read = |given: &[&str]| {
            let exclude = given.iter().map(|text| (*text).to_owned()).collect();
            let args = WindowArgs { exclude, ..WindowArgs::default() };
            let mut body = Map::new();
            args.read(&zone("Europe/Berlin"), Timestamp::UNIX_EPOCH)?.insert(&mut body);
            Ok::<_, CliError>(body.remove("exclude"))
        };
        let all = read(&[&list, "2027-05-01", "2027-01-01T12:00..2027-01-01T18:00", &calendar]);
        let expected = json!([
            "2027-01-01T12:00:00..2027-01-01T18:00:00",
            "2027-05-01T00:00:00..2027-05-02T00:00:00",
            "2027-06-02T00:00:00..2027-06-03T00:00:00",
            "2027-12-24T00:00:00..2027-12-27T00:00:00",
        ]);
        assert_eq!(all.unwrap(), Some(expected));
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&["none"]).unwrap(), Some(json!([])));
        let wrong = file("wrong", "2027-05-01\nsoon\n");
        for (given, words) in [
            ("2027-02-30", "2027-02-30"),
            ("2027-12-26..2027-12-24", "before it begins"),
            ("/none/there", "/none/there cannot be read"),
            ("soon", "soon cannot be read"),
            (wrong.as_str(), "wrong: Line 2"),
        ] {
            let error = read(&["2027-01-01", given]).unwrap_err();
            assert!(error.message.starts_with("--exclude: "), "{error:?}");
            assert!(error.message.contains(words), "{given}: {error:?}");
        }
    }

    fn zone(name: &str) -> TimeZone {
        super::super::zone::named(name).unwrap()
    }
}
