//! What a schedule does where the clocks are changed, in words.

use super::clock::{Change, Rule, changes_after};
use super::describe::and;
use super::pattern::Pattern;
use super::reading::{DAY, show, show_date, show_time};
use super::{Schedule, Timing};
use crate::model::{GapRule, Micros, OverlapRule};

/// So many times of day are named.
const NAMED: usize = 3;

impl Schedule {
    /// What happens at the next `count` clock changes of its zone after `after`, a sentence each;
    /// fewer if the zone has no more.
    #[must_use]
    pub fn clock_changes(&self, after: Micros, count: usize) -> Vec<String> {
        changes_after(&self.zone, after.0)
            .filter(|change| change.before != change.after)
            .take(count)
            .map(|change| {
                let (old, new) = (change.old_reading(), change.new_reading());
                let way = if new > old { "forward" } else { "back" };
                let (from, to) = (show(old), moment(new, old));
                format!("{from} clocks go {way} to {to}: {}", self.effect(&change))
            })
            .collect()
    }

    fn effect(&self, change: &Change) -> String {
        match &self.timing {
            Timing::Once(_) | Timing::Boot => "not affected".to_owned(),
            Timing::Every { .. } => "not affected, it counts elapsed time".to_owned(),
            Timing::Clock { pattern, rule, .. } => {
                if self.is_over_or_not_begun(change) {
                    return "not affected, it does not fire then".to_owned();
                }
                let (old, new) = (change.old_reading(), change.new_reading());
                let (from, to) = (old.min(new), old.max(new));
                match named_times(pattern, from, to) {
                    None => "not affected".to_owned(),
                    Some((words, many)) if new > old => self.at_gap(&words, many, *rule, change),
                    Some((words, many)) => {
                        let come = if many { "come" } else { "comes" };
                        let fires = if many { "they fire" } else { "it fires" };
                        let when = match rule.overlap {
                            OverlapRule::First => "the first time",
                            OverlapRule::Second => "the second time",
                            OverlapRule::Both => "both times",
                        };
                        format!("{words} {come} twice, {fires} {when}")
                    }
                }
            }
        }
    }

    fn at_gap(&self, words: &str, many: bool, rule: Rule, change: &Change) -> String {
        let exist = if many { "do not exist that day" } else { "does not exist that day" };
        let after = match rule.gap {
            GapRule::Skip if many => "they do not fire".to_owned(),
            GapRule::Skip => "it does not fire".to_owned(),
            GapRule::RunAfter if self.closed_until(change.at).is_some() => {
                "and then it is excluded".to_owned()
            }
            GapRule::RunAfter => {
                let once = if many { "once, " } else { "" };
                let at = moment(change.new_reading(), change.old_reading());
                format!("it fires {once}at {at}")
            }
        };
        format!("{words} {exist}, {after}")
    }

    /// Whether the change lies outside the window.
    fn is_over_or_not_begun(&self, change: &Change) -> bool {
        let repeated = (change.before - change.after).max(0);
        self.bounds.end.is_some_and(|end| end.0 < change.at - repeated)
            || self.bounds.start.is_some_and(|start| start.0 > change.at + repeated)
    }
}

/// The first readings of a span that match, in words, and whether they are many.
fn named_times(pattern: &Pattern, from: i64, to: i64) -> Option<(String, bool)> {
    let mut times = Vec::new();
    let mut next = from;
    while let Some(reading) = pattern.first_from(next).filter(|reading| *reading < to) {
        if times.len() == NAMED {
            return Some((format!("{} and more", times.join(", ")), true));
        }
        times.push(show_time(reading.rem_euclid(DAY)));
        next = reading + 1;
    }
    (!times.is_empty()).then(|| (and(&times), times.len() > 1))
}

/// The time, with its date if that is another than that of `beside`.
fn moment(reading: i64, beside: i64) -> String {
    if show_date(reading) == show_date(beside) {
        show_time(reading.rem_euclid(DAY))
    } else {
        show(reading)
    }
}
