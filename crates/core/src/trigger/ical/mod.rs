//! iCalendars (RFC 5545) as exclusions: each event is a span in which nothing fires.

mod rule;
mod value;

#[cfg(test)]
mod tests;

use jiff::ToSpan as _;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::clock::changes_after;
use super::error::{ScheduleError, shown};
use super::reading::{of_civil, to_civil};
use crate::model::{Exclusion, Micros};
use rule::Rule;
use value::{Clock, Length, Moment};

/// A calendar may hold so many spans altogether.
const MAX_SPANS: usize = 50_000;

/// A content line: `NAME;PARAMETER=…:VALUE`, unfolded.
struct Line {
    number: usize,
    text: String,
}

impl Line {
    /// Its name in capitals, its parameters, its value.
    fn parts(&self) -> Result<(String, &str, &str), ScheduleError> {
        let mut quoted = false;
        let colon = self.text.char_indices().find(|(_, c)| {
            quoted ^= *c == '"';
            *c == ':' && !quoted
        });
        let split = colon.and_then(|(at, _)| self.text.split_at_checked(at));
        let Some((head, value)) = split else {
            let message = format!("\"{}\" has no colon.", shown(&self.text));
            return Err(ScheduleError::exclusion(message)
                .with_hint("Lines of an iCalendar are NAME:VALUE."));
        };
        let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
        Ok((name.trim().to_ascii_uppercase(), parameters, value.get(1..).unwrap_or("").trim()))
    }
}

/// What an event says about when it is.
#[derive(Default)]
struct Event {
    line: usize,
    start: Option<Moment>,
    end: Option<Moment>,
    length: Option<Length>,
    rule: Option<Rule>,
    cancelled: bool,
}

pub(super) fn parse(
    text: &str,
    zone: &TimeZone,
    zones: &TimeZoneDatabase,
) -> Result<Vec<Exclusion>, ScheduleError> {
    let mut spans = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut event: Option<Event> = None;
    let mut last = 0;
    for line in unfold(text) {
        last = line.number;
        let at = |error: ScheduleError| error.at_line(line.number);
        let (name, parameters, value) = line.parts().map_err(at)?;
        match name.as_str() {
            "BEGIN" => {
                open.push(value.to_ascii_uppercase());
                if open.last().is_some_and(|name| name == "VEVENT") {
                    event = Some(Event { line: line.number, ..Event::default() });
                }
            }
            "END" => {
                let closed = open.pop();
                if closed.as_deref() != Some(value.to_ascii_uppercase().as_str()) {
                    let message = format!("\"END:{}\" ends what was not begun.", shown(value));
                    return Err(at(ScheduleError::exclusion(message)));
                }
                if closed.as_deref() == Some("VEVENT")
                    && let Some(event) = event.take()
                {
                    let number = event.line;
                    add(event, zone, &mut spans).map_err(|error| error.at_line(number))?;
                }
            }
            _ => {
                // What stands in an alarm within the event is not about the event.
                if open.last().is_some_and(|name| name == "VEVENT")
                    && let Some(event) = &mut event
                {
                    property(event, &name, parameters, value, zones).map_err(at)?;
                }
            }
        }
    }
    match open.last() {
        Some(name) => {
            let message = format!("The calendar ends, but its {} does not.", shown(name));
            Err(ScheduleError::exclusion(message).at_line(last))
        }
        None => Ok(spans),
    }
}

/// Joins each line with those after it that begin with a blank, and leaves out empty ones.
fn unfold(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(more), Some(before)) => before.text.push_str(more),
            (_, _) if line.trim().is_empty() => {}
            (_, _) => lines.push(Line { number, text: line.to_owned() }),
        }
    }
    lines
}

fn property(
    event: &mut Event,
    name: &str,
    parameters: &str,
    value: &str,
    zones: &TimeZoneDatabase,
) -> Result<(), ScheduleError> {
    match name {
        "DTSTART" => event.start = Some(value::moment(parameters, value, zones)?),
        "DTEND" => event.end = Some(value::moment(parameters, value, zones)?),
        "DURATION" => event.length = Some(value::length(value)?),
        "RRULE" => event.rule = Some(rule::parse(value)?),
        "STATUS" => event.cancelled = value.eq_ignore_ascii_case("CANCELLED"),
        "RDATE" | "EXDATE" | "EXRULE" | "RECURRENCE-ID" => {
            let message = format!("{name} is not supported.");
            return Err(ScheduleError::exclusion(message)
                .with_hint("Write the dates out as events of their own."));
        }
        _ => {}
    }
    Ok(())
}

/// Adds the spans of an event, on the clock of `zone`.
fn add(event: Event, zone: &TimeZone, spans: &mut Vec<Exclusion>) -> Result<(), ScheduleError> {
    if event.cancelled {
        return Ok(());
    }
    let Some(start) = event.start else {
        return Err(ScheduleError::exclusion("The event has no DTSTART."));
    };
    let length = match (event.end, event.length) {
        (Some(end), _) => {
            let end = end.on(&start.clock).ok_or_else(|| backwards(&start))?;
            Length::between(start.at, end)
        }
        (None, Some(length)) => length,
        (None, None) if start.is_date => Length::day(),
        (None, None) => {
            return Err(ScheduleError::exclusion("The event has neither DTEND nor DURATION.")
                .with_hint("Give it one: an event of no length excludes nothing."));
        }
    };
    if length.is_nothing() {
        return Err(backwards(&start));
    }
    for from in rule::occurrences(&start, event.rule.as_ref()) {
        let Some(to) = length.after(from) else { break };
        let Some(span) = on_clock(from, to, &start.clock, zone) else { break };
        spans.push(span);
        if spans.len() > MAX_SPANS {
            let message = format!("The calendar has more than {MAX_SPANS} spans.");
            return Err(ScheduleError::exclusion(message));
        }
    }
    Ok(())
}

fn backwards(start: &Moment) -> ScheduleError {
    let message = format!("The event that starts at {} does not end after that.", start.at);
    ScheduleError::exclusion(message)
}

/// A span on the clock of the event as one on the clock of the trigger.
fn on_clock(from: DateTime, to: DateTime, clock: &Clock, zone: &TimeZone) -> Option<Exclusion> {
    let Clock::Zone(own) = clock else {
        return Some(Exclusion { from, to });
    };
    let start = own.to_ambiguous_timestamp(from).compatible().ok()?;
    let end = own.to_ambiguous_timestamp(to).compatible().ok()?;
    let (from, to) = (zone.to_datetime(start), zone.to_datetime(end));
    // Where clocks go back during the event, every reading it touches is excluded.
    let (mut first, mut last) = (of_civil(from), of_civil(to));
    for change in changes_after(zone, Micros::from(start).0) {
        if change.at >= Micros::from(end).0 {
            break;
        }
        if change.after < change.before {
            first = first.min(change.new_reading());
            last = last.max(change.old_reading());
        }
    }
    let span = Exclusion { from: to_civil(first), to: to_civil(last) };
    (span.from < span.to).then_some(span).or_else(|| {
        // It lies in nothing but a gap of the trigger's clock.
        let to = from.checked_add(1.microsecond()).ok()?;
        Some(Exclusion { from, to })
    })
}
