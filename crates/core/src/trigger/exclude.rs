//! Exclusions: spans of the calendar, made into spans of instants in which nothing fires.
//!
//! What counts is what the clock reads at the firing: a time that the clocks skip fires right after
//! the gap, and is excluded if that reading is.

use jiff::tz::TimeZone;

use super::Timing;
use super::clock::{NEAR, changes_after, offset_at};
use super::error::ScheduleError;
use super::reading::{of_civil, show};
use crate::model::Exclusion;

/// The spans of instants at which the zone's clock reads something excluded, in order. Two with no
/// firing between them are made one, so that `next` never has to pass a long row of them.
pub(super) fn closed(
    exclude: &[Exclusion],
    zone: &TimeZone,
    timing: &Timing,
) -> Result<Vec<(i64, i64)>, ScheduleError> {
    let mut readings = Vec::with_capacity(exclude.len());
    for span in exclude {
        let (from, to) = (of_civil(span.from), of_civil(span.to));
        if from >= to {
            let message =
                format!("The exclusion from {} to {} ends before it begins.", show(from), show(to));
            return Err(ScheduleError::exclusion(message)
                .with_hint("Its end must lie after its beginning."));
        }
        readings.push((from, to));
    }
    readings.sort_unstable();
    let mut instants = Vec::with_capacity(readings.len());
    for (from, to) in join(readings, |to, from| from <= to) {
        add_instants(zone, from, to, &mut instants);
    }
    instants.sort_unstable();
    Ok(join(instants, |to, from| {
        from <= to || timing.next(zone, to - 1).is_none_or(|next| next >= from)
    }))
}

/// Makes one of two neighbours wherever the end of the first and the beginning of the second say so.
fn join(spans: Vec<(i64, i64)>, joined: impl Fn(i64, i64) -> bool) -> Vec<(i64, i64)> {
    let mut kept: Vec<(i64, i64)> = Vec::with_capacity(spans.len());
    for (from, to) in spans {
        match kept.last_mut() {
            Some((_, end)) if joined(*end, from) => *end = to.max(*end),
            Some(_) | None => kept.push((from, to)),
        }
    }
    kept
}

/// Adds the spans of instants at which the clock reads something in `from..to`.
fn add_instants(zone: &TimeZone, from: i64, to: i64, spans: &mut Vec<(i64, i64)>) {
    let mut start = from - NEAR;
    let mut offset = offset_at(zone, start);
    let mut changes = changes_after(zone, start);
    while start < to + NEAR {
        let change = changes.next();
        let end = change.map_or(i64::MAX, |change| change.at);
        let (first, last) = (start.max(from - offset), end.min(to - offset));
        if first < last {
            spans.push((first, last));
        }
        let Some(change) = change else { break };
        (start, offset) = (change.at, change.after);
    }
}
