//! Planned: which instants of a job's schedule have come, how they are judged, and which comes next.

use std::time::Duration;

use super::Engine;
use crate::model::{BootTrigger, Job, JobId, JobSpec, JobState, Micros, Now, Trigger};
use crate::policy::misfire::{self, Verdict};
use crate::trigger::Schedule;

/// How many firings of a job are accounted for by one row: more make several rows, in rounds of
/// bounded length.
const AT_ONCE: u32 = 100_000;

/// A firing: when it is due, and the instant the trigger names for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Firing {
    pub(super) due: Micros,
    pub(super) nominal: Micros,
}

impl Firing {
    /// That of a job that waits for the machine to be started.
    pub(super) const AWAITED: Self =
        Self { due: BootTrigger::AWAITED, nominal: BootTrigger::AWAITED };
}

/// Firings in a row that have one outcome.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    pub(super) first: Micros,
    pub(super) last: Micros,
    pub(super) count: u32,
    /// By how much the first of them is too late.
    pub(super) missed: Option<Duration>,
    /// The firing after them.
    pub(super) next: Option<Firing>,
}

impl Engine {
    /// The first firing of a job after an instant.
    pub(super) fn first_firing(
        &self,
        id: JobId,
        spec: &JobSpec,
        after: Micros,
    ) -> Result<Option<Firing>, String> {
        if let Trigger::Boot(_) = &spec.trigger {
            return Ok(Some(Firing::AWAITED));
        }
        // Its zone is only for show, unless days are excluded: it need not be known.
        if let Trigger::Date(date) = &spec.trigger
            && spec.bounds.is_none()
        {
            let at = Some(date.at).filter(|at| *at > after);
            return Ok(at.map(|at| put_off(id, spec, at)));
        }
        let schedule = Schedule::compile(&spec.trigger, &spec.bounds, &self.zones)
            .map_err(|error| error.to_string())?;
        Ok(schedule.next(after).map(|nominal| put_off(id, spec, nominal)))
    }

    /// Judges the firings of a job that are due by now, from its next one on; one that has waited
    /// for a slot was `in_time`, whatever the clock has done since. All with one outcome are taken
    /// together if they are missed, or `combined`.
    pub(super) fn batch(
        &self,
        now: Now,
        job: &Job,
        in_time: bool,
        combined: bool,
    ) -> Result<Option<Batch>, String> {
        let Some(due) = job.state.next_due else { return Ok(None) };
        let spec = &*job.spec;
        let mut firing = Firing { due, nominal: job.state.nominal.unwrap_or(due) };
        // A time that had passed when the job was accepted was not missed.
        let judge = |firing: &Firing| {
            // A command that is late is late for whatever reason.
            if spec.target.outstation().is_some() {
                return misfire::judge(firing.due, now.wall, spec.policies.grace);
            }
            let since = firing.due.max(spec.created_at);
            misfire::judge(since, self.clock.up_since(), spec.policies.grace)
        };
        let missed = match judge(&firing) {
            Verdict::Missed(late) if !in_time => Some(late),
            Verdict::Missed(_) | Verdict::Run => None,
        };
        let mut batch = Batch { first: due, last: due, count: 1, missed, next: None };
        let schedule = match &spec.trigger {
            Trigger::Date(_) => return Ok(Some(batch)),
            // Its grid goes through the last firing: a step of the clock may have shifted it.
            Trigger::Interval(interval) => {
                let mut interval = interval.clone();
                interval.first = firing.nominal;
                Schedule::compile(&Trigger::Interval(interval), &spec.bounds, &self.zones)
            }
            Trigger::Boot(_) => {
                batch.next = Some(Firing::AWAITED);
                return Ok(Some(batch));
            }
            Trigger::Cron(_) | Trigger::Daily(_) | Trigger::Weekly(_) | Trigger::Monthly(_) => {
                Schedule::compile(&spec.trigger, &spec.bounds, &self.zones)
            }
        }
        .map_err(|error| error.to_string())?;
        let several = missed.is_some() || combined;
        loop {
            batch.next = schedule.next(firing.nominal).map(|nominal| {
                let mut next = put_off(job.id, spec, nominal);
                // However it is put off, no firing overtakes the one before.
                next.due = next.due.max(Micros(firing.due.0.saturating_add(1)));
                next
            });
            match batch.next {
                Some(next)
                    if several
                        && next.due <= now.wall
                        && batch.count < AT_ONCE
                        && missed.is_some() == (judge(&next) != Verdict::Run) =>
                {
                    firing = next;
                    batch.last = next.due;
                    batch.count = batch.count.saturating_add(1);
                }
                _ => return Ok(Some(batch)),
            }
        }
    }
}

impl JobState {
    /// Sets when the job fires next.
    pub(super) fn set_next(&mut self, firing: Option<Firing>) {
        self.next_due = firing.map(|firing| firing.due);
        self.nominal =
            firing.filter(|firing| firing.due != firing.nominal).map(|firing| firing.nominal);
    }
}

/// The firing of a nominal instant, put off by the job's jitter.
fn put_off(id: JobId, spec: &JobSpec, nominal: Micros) -> Firing {
    let by = spec.bounds.jitter_of(id.0.cast_unsigned(), nominal);
    Firing { due: nominal.plus(by), nominal }
}
