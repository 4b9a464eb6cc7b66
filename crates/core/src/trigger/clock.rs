//! From readings of a clock to instants, where clocks are changed.
//!
//! Between two changes the clock is a constant away from UTC, so time is walked in such stretches:
//!
//! ```text
//!   instants  ──────────────┬──────────────▶      after < before: readings come twice
//!   readings      … before  │  after …            before < after: readings are skipped
//! ```

use jiff::tz::TimeZone;

use super::pattern::Pattern;
use super::reading::SECOND;
use crate::model::{ClockRule, GapRule, Micros, OverlapRule};

/// More than two clocks can differ, twice.
pub(super) const NEAR: i64 = 54 * 3600 * SECOND;

/// What lies in a gap or an overlap only, for centuries, never fires.
const MAX_STEPS: usize = 2000;

/// What is done where the clocks are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) gap: GapRule,
    pub(super) overlap: OverlapRule,
}

impl Rule {
    /// The rule that was asked for; where none was, that of wildcard or fixed times.
    pub(super) fn of(asked: ClockRule, wildcard: bool) -> Self {
        let (gap, overlap) = if wildcard {
            (GapRule::Skip, OverlapRule::Both)
        } else {
            (GapRule::RunAfter, OverlapRule::First)
        };
        Self { gap: asked.gap.unwrap_or(gap), overlap: asked.overlap.unwrap_or(overlap) }
    }
}

/// A change of the clocks: the instant, and how far they are ahead of UTC on either side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) at: i64,
    pub(super) before: i64,
    pub(super) after: i64,
}

impl Change {
    /// What the clock would have read at the change.
    pub(super) fn old_reading(&self) -> i64 {
        self.at + self.before
    }

    /// What it reads at the change.
    pub(super) fn new_reading(&self) -> i64 {
        self.at + self.after
    }
}

/// How far the clock is ahead of UTC.
pub(super) fn offset_at(zone: &TimeZone, instant: i64) -> i64 {
    i64::from(zone.to_offset(Micros(instant).timestamp()).seconds()) * SECOND
}

/// The changes strictly after an instant; some do not move the clock.
pub(super) fn changes_after(zone: &TimeZone, instant: i64) -> impl Iterator<Item = Change> + '_ {
    let mut before = offset_at(zone, instant);
    zone.following(Micros(instant).timestamp()).map(move |transition| {
        let after = i64::from(transition.offset().seconds()) * SECOND;
        let change = Change { at: Micros::from(transition.timestamp()).0, before, after };
        before = after;
        change
    })
}

/// The first instant strictly after `after` at which the pattern fires under the rule.
pub(super) fn next(zone: &TimeZone, rule: Rule, pattern: &Pattern, after: i64) -> Option<i64> {
    let mut offset = offset_at(zone, after);
    let mut from = after + offset + 1;
    let mut near = after + NEAR;
    let mut change = changes_after(zone, after).next();
    for _ in 0..MAX_STEPS {
        let reading = pattern.first_from(from)?;
        let limit = change.map_or(i64::MAX, |change| change.old_reading());
        if reading < limit {
            let instant = reading - offset;
            let Some(next) = again(zone, rule.overlap, reading, offset) else {
                return Some(instant);
            };
            from = next.min(limit);
            // The pass that is wanted lies within reach.
            near = near.max(instant + NEAR);
            continue;
        }
        let end = change?;
        if rule.gap == GapRule::RunAfter && reading < end.new_reading() {
            return Some(end.at);
        }
        // Readings before this one do not match: unless clocks go back, nothing lies between.
        if end.at > near && reading - NEAR > end.at + end.before.max(end.after) {
            let start = reading - NEAR;
            offset = offset_at(zone, start);
            from = start + offset + 1;
            near = start + NEAR;
            change = changes_after(zone, start).next();
        } else {
            offset = end.after;
            from = end.new_reading();
            change = changes_after(zone, end.at).next();
        }
    }
    None
}

/// If the rule wants another pass of this reading: the first reading after it for which that may
/// be different.
fn again(zone: &TimeZone, rule: OverlapRule, reading: i64, offset: i64) -> Option<i64> {
    match rule {
        OverlapRule::Both => None,
        OverlapRule::First => earlier_pass(zone, reading, reading - offset),
        OverlapRule::Second => later_pass(zone, reading, reading - offset),
    }
}

/// If the clock read this before `instant` already: the reading up to which that holds.
fn earlier_pass(zone: &TimeZone, reading: i64, instant: i64) -> Option<i64> {
    // The present stretch may begin at the instant itself.
    let since = Micros(instant + 1).timestamp();
    let starts = zone.preceding(since).map(|change| Micros::from(change.timestamp()).0);
    let mut starts = starts.peekable();
    while let Some(start) = starts.next() {
        if start < instant - NEAR {
            break;
        }
        let before = offset_at(zone, start - 1);
        let first = starts.peek().map_or(i64::MIN, |first| first + before);
        if first <= reading && reading < start + before {
            return Some(start + before);
        }
    }
    None
}

/// If the clock will read this again after `instant`: the reading up to which that holds.
fn later_pass(zone: &TimeZone, reading: i64, instant: i64) -> Option<i64> {
    let mut changes = changes_after(zone, instant).peekable();
    while let Some(change) = changes.next() {
        if change.at > instant + NEAR {
            break;
        }
        let end = changes.peek().map_or(i64::MAX, |next| next.old_reading());
        if change.new_reading() <= reading && reading < end {
            return Some(end);
        }
    }
    None
}
