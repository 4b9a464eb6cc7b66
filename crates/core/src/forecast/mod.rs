//! Foresees a span of time: when jobs fire, how crowded the minutes get, who comes into whose way,
//! and what the clock changes do.
//!
//! ```text
//! candidates ─▶ groups of one schedule each ─▶ walk (a heap of next firings) ─▶ minutes, lanes, jobs
//!                        └───────────────────▶ clocks (each change of each zone)
//! ```
//!
//! Plans are foreseen, not runs: nothing fails, nothing waits, and jitter is left out. Jobs of one
//! and the same schedule share its evaluation, since a crontab's jobs often fire together.

mod clocks;
mod lanes;
mod walk;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZoneDatabase;

pub use clocks::{ClockChange, JobChange};
pub use lanes::{LaneForecast, Pair};

use crate::model::{Bounds, JobId, Micros, Trigger};
use crate::trigger::Schedule;

/// A job whose firings are foreseen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The job.
    pub job: JobId,
    /// Its name.
    pub name: String,
    /// What it shares with others: its conflict key and each equipment, or else its target.
    pub lanes: Vec<String>,
    /// When it fires.
    pub trigger: Trigger,
    /// What bounds that.
    pub bounds: Bounds,
    /// How many more runs it has; `None`: without end.
    pub runs_left: Option<u32>,
    /// How long its runs take on average; zero when nothing is known of them.
    pub duration: Duration,
}

/// What is asked of a forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// Its beginning.
    pub from: Micros,
    /// Its end, which does not belong to it.
    pub to: Micros,
    /// It stops after so many firings.
    pub most_firings: u64,
    /// How many of the busiest minutes, and pairs of colliding jobs in each lane, are told.
    pub top: usize,
}

impl Question {
    /// The most firings that are walked through unless said otherwise: a year of a thousand jobs
    /// that fire every minute, and some ten seconds of work.
    pub const MOST_FIRINGS: u64 = 600_000_000;

    /// The longest span, ten years and the leap days in them.
    pub const LONGEST: Duration = Duration::from_secs(3653 * 86_400);
}

/// What will be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// Up to when it reaches: earlier than asked for if there were too many firings.
    pub until: Micros,
    /// All firings.
    pub firings: u64,
    /// The jobs, in the order they were given.
    pub jobs: Vec<JobForecast>,
    /// The busiest minutes, by their beginning, the busiest first.
    pub busiest: Vec<(Micros, u32)>,
    /// How many minutes have so many firings.
    pub load: BTreeMap<u32, u64>,
    /// What jobs share, the most collisions first.
    pub lanes: Vec<LaneForecast>,
    /// The changes of the clocks that jobs follow, in order.
    pub clock_changes: Vec<ClockChange>,
    /// Jobs that cannot be foreseen, and why.
    pub faults: Vec<(JobId, String)>,
}

/// A job's part of a forecast.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobForecast {
    /// The job.
    pub job: JobId,
    /// Its name.
    pub name: String,
    /// How often it fires.
    pub firings: u64,
    /// The first time.
    pub first: Option<Micros>,
    /// The last time.
    pub last: Option<Micros>,
}

/// Jobs that fire at the same instants.
struct Group {
    schedule: Schedule,
    /// Their places in the list of candidates.
    members: Vec<usize>,
}

/// Foresees what the jobs do in the span asked for.
#[must_use]
pub fn forecast(
    candidates: &[Candidate],
    question: &Question,
    zones: &TimeZoneDatabase,
) -> Forecast {
    let (groups, faults) = groups(candidates, zones);
    let mut forecast = walk::walk(candidates, &groups, question);
    forecast.clock_changes =
        clocks::changes(candidates, &groups, question.from, forecast.until, zones);
    forecast.faults = faults;
    forecast
}

/// Brings together the jobs that have the same schedule.
fn groups(
    candidates: &[Candidate],
    zones: &TimeZoneDatabase,
) -> (Vec<Group>, Vec<(JobId, String)>) {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    let mut faults = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        let key = format!("{:?} {:?}", candidate.trigger, candidate.bounds);
        if let Some(group) = places.get(&key).and_then(|place| groups.get_mut(*place)) {
            group.members.push(index);
            continue;
        }
        match Schedule::compile(&candidate.trigger, &candidate.bounds, zones) {
            Ok(schedule) => {
                places.insert(key, groups.len());
                groups.push(Group { schedule, members: vec![index] });
            }
            Err(error) => faults.push((candidate.job, error.to_string())),
        }
    }
    (groups, faults)
}

#[cfg(test)]
mod tests;
