//! Lists of exclusions: dates and spans, one on a line; or an iCalendar.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::error::{ScheduleError, shown};
use super::ical;
use crate::model::Exclusion;

/// The largest list that is read, in bytes.
const MAX_TEXT: usize = 16 << 20;

/// Parses a list of exclusions: on each line `YYYY-MM-DD`, `YYYY-MM-DD..YYYY-MM-DD` (both days
/// included) or `YYYY-MM-DDTHH:MM..YYYY-MM-DDTHH:MM`, and comments after `#`; or an iCalendar
/// (RFC 5545), whose events are read on the clock of `zone`.
///
/// # Errors
///
/// A line is none of these, or asks for what is not supported; the error names the line.
///
/// ```
/// let zones = jiff::tz::TimeZoneDatabase::bundled();
/// let utc = jiff::tz::TimeZone::UTC;
/// let text = "2027-12-24..2027-12-26 # Christmas\n2027-05-01";
/// let list = station_core::trigger::parse_exclusions(text, &utc, &zones)?;
/// assert_eq!(list[0].from.to_string(), "2027-12-24T00:00:00");
/// assert_eq!(list[0].to.to_string(), "2027-12-27T00:00:00");
/// # Ok::<(), station_core::trigger::ScheduleError>(())
/// ```
pub fn parse_exclusions(
    text: &str,
    zone: &TimeZone,
    zones: &TimeZoneDatabase,
) -> Result<Vec<Exclusion>, ScheduleError> {
    if text.len() > MAX_TEXT {
        return Err(ScheduleError::exclusion("The list of exclusions is larger than 16 MiB."));
    }
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if is_calendar(text) {
        return ical::parse(text, zone, zones);
    }
    let mut list = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or("").trim();
        if !line.is_empty() {
            list.push(span(line).map_err(|error| error.at_line(number))?);
        }
    }
    Ok(list)
}

fn is_calendar(text: &str) -> bool {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty());
    first.is_some_and(|line| line.eq_ignore_ascii_case("BEGIN:VCALENDAR"))
}

fn span(line: &str) -> Result<Exclusion, ScheduleError> {
    let misread = || {
        ScheduleError::exclusion(format!("\"{}\" is not a day or a span.", shown(line))).with_hint(
            "Write 2027-12-24, 2027-12-24..2027-12-26 or 2027-12-24T12:00..2027-12-24T18:00.",
        )
    };
    let (from, to) = match line.split_once("..") {
        Some((from, to)) => (from.trim(), to.trim()),
        None => (line, line),
    };
    let (from, to) = match (moment(from), moment(to)) {
        (Some((from, None)), Some((to, None))) => {
            let after = to.tomorrow().map_err(|_| misread())?;
            (from.to_datetime(Time::midnight()), after.to_datetime(Time::midnight()))
        }
        (Some((from, Some(start))), Some((to, Some(end)))) if line.contains("..") => {
            (from.to_datetime(start), to.to_datetime(end))
        }
        (_, _) => return Err(misread()),
    };
    if from >= to {
        let message = format!("The span \"{}\" ends before it begins.", shown(line));
        return Err(ScheduleError::exclusion(message).with_hint("Exchange its ends."));
    }
    Ok(Exclusion { from, to })
}

/// `2027-12-24`, or with `T12:00` or `T12:00:30`.
fn moment(text: &str) -> Option<(Date, Option<Time>)> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"-:T".contains(&byte));
    let joint = text.as_bytes().get(10);
    match (is_plain && joint.is_none_or(|byte| *byte == b'T'), text.len()) {
        (true, 10) => Some((text.parse().ok()?, None)),
        (true, 16 | 19) => {
            let at: DateTime = text.parse().ok()?;
            Some((at.date(), Some(at.time())))
        }
        (_, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let spans = parse_exclusions(text, &TimeZone::UTC, &TimeZoneDatabase::bundled());
        let spans = spans.map_err(|error| error.to_string())?;
        Ok(spans.iter().map(|span| format!("{}/{}", span.from, span.to)).collect())
    }

    #[test]
    fn days_spans_and_comments_are_read() {
        let text = "\u{FEFF}# holidays\r\n\r\n 2027-12-24 # eve\n2027-12-30 .. 2028-01-01\n\
                    2027-07-01T12:00..2027-07-01T18:30\n2027-07-01T12:00:30..2027-07-02T00:00:00";
        assert_eq!(
            read(text).unwrap(),
            [
                "2027-12-24T00:00:00/2027-12-25T00:00:00",
                "2027-12-30T00:00:00/2028-01-02T00:00:00",
                "2027-07-01T12:00:00/2027-07-01T18:30:00",
                "2027-07-01T12:00:30/2027-07-02T00:00:00",
            ]
        );
        assert_eq!(read("").unwrap(), Vec::<String>::new());
        assert_eq!(read("\n begin:vcalendar\nEND:VCALENDAR").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn faults_are_told_with_their_line() {
        for bad in [
            "2027-13-01",
            "2027-02-30",
            "24.12.2027",
            "2027-12-24..",
            "2027-12-24T12:00",
            "2027-12-24T12:00..2027-12-25",
            "2027-12-24-05:00..2027-12-25-05:00",
            "2027-12-24T25:00..2027-12-25T00:00",
            "9999-12-31",
        ] {
            let error = read(&format!("# x\n{bad}")).unwrap_err();
            assert!(
                error.starts_with("Line 2: \"2") || error.starts_with("Line 2: \"9"),
                "{error}"
            );
        }
        assert_eq!(
            read("2027-12-24..2027-12-20").unwrap_err(),
            "Line 1: The span \"2027-12-24..2027-12-20\" ends before it begins. Exchange its ends."
        );
    }
}
