//! What each change of the clocks does to the firings around it.
//!
//! Told by comparison: with a twin of the schedule on a clock that is not changed.

use std::collections::BTreeMap;

use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};

use super::{Candidate, Group};
use crate::model::{
    Bounds, CronTrigger, DailyTrigger, JobId, Micros, MonthlyTrigger, Trigger, WeeklyTrigger,
};
use crate::trigger::Schedule;

/// A schedule that fires more often than this within a change is not counted further.
const MOST_FIRINGS: u64 = 100_000;

/// A change of a zone's clocks and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockChange {
    /// When.
    pub at: Micros,
    /// The zone, as the jobs name it.
    pub zone: String,
    /// Seconds east of UTC before it.
    pub before: i32,
    /// Seconds east of UTC after it.
    pub after: i32,
    /// Firings that do not happen.
    pub skipped: u64,
    /// Firings that happen at another time: at the end of a gap, or in the second pass.
    pub moved: u64,
    /// Firings that happen a second time.
    pub doubled: u64,
    /// The jobs it touches.
    pub jobs: Vec<JobChange>,
}

/// What a change does to one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobChange {
    /// The job.
    pub job: JobId,
    /// Its name.
    pub name: String,
    /// Firings that do not happen.
    pub skipped: u64,
    /// Firings that happen at another time.
    pub moved: u64,
    /// Firings that happen a second time.
    pub doubled: u64,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Effect {
    skipped: u64,
    moved: u64,
    doubled: u64,
}

/// A change of offset.
#[derive(Clone, Copy)]
struct Step {
    at: Micros,
    before: Offset,
    after: Offset,
}

/// The changes of the clocks that the jobs follow, in order of time.
pub(super) fn changes(
    candidates: &[Candidate],
    groups: &[Group],
    from: Micros,
    to: Micros,
    zones: &TimeZoneDatabase,
) -> Vec<ClockChange> {
    let mut found: BTreeMap<(Micros, &str), ClockChange> = BTreeMap::new();
    for group in groups {
        let members: Vec<&Candidate> =
            group.members.iter().filter_map(|member| candidates.get(*member)).collect();
        let Some(first) = members.first() else { continue };
        let Some(zone) = wall_zone(&first.trigger) else { continue };
        for step in steps(group.schedule.zone(), from, to) {
            let change =
                found.entry((step.at, zone)).or_insert_with(|| ClockChange::new(step, zone));
            let Some(effect) = effect(&first.trigger, &first.bounds, &group.schedule, step, zones)
            else {
                continue;
            };
            for member in &members {
                change.add(member, effect);
            }
        }
    }
    found.into_values().collect()
}

impl ClockChange {
    fn new(step: Step, zone: &str) -> Self {
        Self {
            at: step.at,
            zone: zone.to_owned(),
            before: step.before.seconds(),
            after: step.after.seconds(),
            skipped: 0,
            moved: 0,
            doubled: 0,
            jobs: Vec::new(),
        }
    }

    fn add(&mut self, candidate: &Candidate, effect: Effect) {
        let Effect { skipped, moved, doubled } = effect;
        self.skipped += skipped;
        self.moved += moved;
        self.doubled += doubled;
        let (job, name) = (candidate.job, candidate.name.clone());
        self.jobs.push(JobChange { job, name, skipped, moved, doubled });
    }
}

/// The changes of a zone's offset inside the span.
fn steps(zone: &TimeZone, from: Micros, to: Micros) -> Vec<Step> {
    let mut before = zone.to_offset(from.timestamp());
    let mut steps = Vec::new();
    for transition in zone.following(from.timestamp()) {
        let at = Micros::from(transition.timestamp());
        if at >= to {
            break;
        }
        let after = transition.offset();
        if after != before {
            steps.push(Step { at, before, after });
        }
        before = after;
    }
    steps
}

/// What a change does to a schedule; `None` when nothing.
fn effect(
    trigger: &Trigger,
    bounds: &Bounds,
    real: &Schedule,
    step: Step,
    zones: &TimeZoneDatabase,
) -> Option<Effect> {
    let twin = |offset| {
        let trigger = in_zone(trigger, fixed_zone(offset))?;
        Schedule::compile(&trigger, bounds, zones).ok()
    };
    let at = step.at.0;
    let width = i64::from(step.after.seconds()) - i64::from(step.before.seconds());
    let width = width.saturating_mul(1_000_000);
    let mut effect = Effect::default();
    if width > 0 {
        let asked = count(&twin(step.before)?, at, at + width);
        let at_the_end = count(real, at, at + 1) > 0 && count(&twin(step.after)?, at, at + 1) == 0;
        effect.moved = u64::from(at_the_end && asked > 0);
        effect.skipped = asked.saturating_sub(effect.moved);
    } else {
        let asked = count(&twin(step.before)?, at + width, at);
        let first = count(real, at + width, at);
        let second = count(real, at, at - width);
        effect.doubled = (first + second).saturating_sub(asked);
        effect.skipped = asked.saturating_sub(first + second);
        effect.moved = if first == 0 { second.min(asked) } else { 0 };
    }
    (effect != Effect::default()).then_some(effect)
}

/// How often a schedule fires from one instant up to, not including, another.
fn count(schedule: &Schedule, from: i64, to: i64) -> u64 {
    let mut firings = 0;
    let mut after = Micros(from.saturating_sub(1));
    while let Some(at) = schedule.next(after).filter(|at| at.0 < to) {
        firings += 1;
        if firings >= MOST_FIRINGS {
            break;
        }
        after = at;
    }
    firings
}

/// The zone whose clock a trigger reads; `None` when it reads none.
fn wall_zone(trigger: &Trigger) -> Option<&str> {
    match trigger {
        Trigger::Date(_) | Trigger::Interval(_) | Trigger::Boot(_) => None,
        Trigger::Cron(trigger) => Some(&trigger.zone),
        Trigger::Daily(trigger) => Some(&trigger.zone),
        Trigger::Weekly(trigger) => Some(&trigger.zone),
        Trigger::Monthly(trigger) => Some(&trigger.zone),
    }
}

/// The trigger with another clock to read; `None` when it reads none.
fn in_zone(trigger: &Trigger, zone: String) -> Option<Trigger> {
    match trigger.clone() {
        Trigger::Date(_) | Trigger::Interval(_) | Trigger::Boot(_) => None,
        Trigger::Cron(trigger) => Some(Trigger::Cron(CronTrigger { zone, ..trigger })),
        Trigger::Daily(trigger) => Some(Trigger::Daily(DailyTrigger { zone, ..trigger })),
        Trigger::Weekly(trigger) => Some(Trigger::Weekly(WeeklyTrigger { zone, ..trigger })),
        Trigger::Monthly(trigger) => Some(Trigger::Monthly(MonthlyTrigger { zone, ..trigger })),
    }
}

/// A zone that is always at this offset, as a POSIX TZ string, whose sign counts to the west.
fn fixed_zone(offset: Offset) -> String {
    let seconds = offset.seconds();
    let (east, west) = if seconds > 0 { ('+', '-') } else { ('-', '+') };
    let all = seconds.unsigned_abs();
    let (hours, minutes, rest) = (all / 3600, all / 60 % 60, all % 60);
    format!("<{east}{hours:02}{minutes:02}>{west}{hours:02}:{minutes:02}:{rest:02}")
}
