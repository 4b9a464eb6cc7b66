//! Planning anew, after the clock was set back or the time-zone database has changed.
//!
//! On a clock set back intervals, which count elapsed time, come earlier by as much. Cron schedules
//! that follow the clock do so from now on; those with fixed times are not repeated unless the
//! clock was wrong by three hours or more, as cron(8) has it. Under new zone rules every reading of
//! a clock that is still to come is resolved anew.

use std::sync::Arc;
use std::time::Duration;

use super::planned::Firing;
use super::{Change, Effect, Engine, Note, Outcome, Scope};
use crate::model::{Job, JobId, Micros, Now, Trigger};
use crate::trigger::Schedule;

/// From this step on the clock was wrong, not just corrected (cron(8)).
const WRONG: Duration = Duration::from_secs(3 * 3600);
/// How many jobs are read at once.
const PAGE: usize = 1000;

/// Why jobs are planned anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Replan {
    /// The clock was set back by so much.
    SetBack { by: Duration },
    /// The time-zone database is now of this version.
    Zones { version: String },
    /// The machine was started: what waits for that fires.
    Boot { boot: String },
}

impl Replan {
    fn load(&self, after: JobId) -> Effect {
        let recurring = !matches!(self, Self::Zones { .. });
        Effect::LoadPlanned { after, recurring, limit: PAGE }
    }
}

impl Engine {
    /// Asks for the jobs that are to be planned anew.
    pub(super) fn start_replan(&mut self, out: &mut Outcome) {
        // One after the other: that under way goes on first.
        if self.replanning.is_some() {
            return;
        }
        let set_back = self.set_back.take().map(|by| Replan::SetBack { by });
        let replan =
            set_back.or_else(|| self.new_zones.take().map(|version| Replan::Zones { version }));
        // On a clock that is not to be trusted the firing would be judged as long past later.
        let boots = replan.is_none() && !self.clock.is_held();
        let boot = if boots { self.new_boot.take() } else { None };
        let replan = replan.or_else(|| boot.map(|boot| Replan::Boot { boot }));
        if let Some(replan) = replan.filter(|_| self.scope == Scope::All) {
            if let Replan::SetBack { by } = &replan {
                self.unsure = sum(self.unsure, Some(*by));
            }
            out.effects.push(replan.load(JobId(i64::MIN)));
            self.replanning = Some((replan, 0));
        }
    }

    pub(super) fn on_planned(&mut self, now: Now, jobs: Vec<Job>, more: bool, out: &mut Outcome) {
        let Some((replan, mut count)) = self.replanning.take() else { return };
        let last = jobs.last().map(|job| job.id);
        for row in jobs {
            let id = row.id;
            let job = self.window.job(id).unwrap_or(&row);
            let Some(firing) = self.replanned(now, job, &replan) else { continue };
            count = count.saturating_add(1);
            self.withdraw(id);
            self.window.hold(row);
            self.move_to(id, firing, out);
            self.requeue(id);
        }
        match (last.filter(|_| more), replan) {
            (Some(after), replan) => {
                out.effects.push(replan.load(after));
                self.replanning = Some((replan, count));
            }
            (None, Replan::SetBack { .. }) if count > 0 => {
                out.effects.push(Effect::Note(Note::Replanned(count)));
            }
            (None, Replan::SetBack { .. }) => {}
            (None, Replan::Zones { version }) => {
                out.changes.push(Change::ZonesKept { version: version.clone() });
                out.effects.push(Effect::Note(Note::ZonesMoved(count, version)));
            }
            (None, Replan::Boot { boot }) => out.changes.push(Change::BootKept { boot }),
        }
    }

    fn move_to(&mut self, id: JobId, firing: Firing, out: &mut Outcome) {
        let Some(job) = self.window.job_mut(id) else { return };
        job.state.set_next(Some(firing));
        if let Trigger::Date(date) = &job.spec.trigger {
            let mut spec = (*job.spec).clone();
            spec.trigger =
                Trigger::Date(crate::model::DateTrigger { at: firing.nominal, ..date.clone() });
            job.spec = Arc::new(spec);
            out.changes.push(Change::JobReplaced(Box::new(job.clone())));
        } else {
            out.changes.push(Change::JobUpdated { job: id, state: job.state.clone() });
        }
    }

    /// A job's next firing, where it is another one now.
    fn replanned(&self, now: Now, job: &Job, replan: &Replan) -> Option<Firing> {
        let due = job.state.next_due?;
        let nominal = job.state.nominal.unwrap_or(due);
        match (&job.spec.trigger, replan) {
            (Trigger::Date(date), Replan::Zones { .. }) => {
                let intent = date.intent.as_ref().filter(|_| nominal > now.wall)?;
                let at = Micros::from(intent.resolve_again(nominal.timestamp(), &self.zones)?);
                (at != nominal).then_some(Firing { due: at, nominal: at })
            }
            (Trigger::Boot(_), Replan::Boot { .. }) => {
                Some(Firing { due: now.wall, nominal: now.wall })
            }
            (Trigger::Boot(_), Replan::SetBack { .. } | Replan::Zones { .. })
            | (Trigger::Date(_), Replan::SetBack { .. } | Replan::Boot { .. })
            | (Trigger::Interval(_), Replan::Zones { .. } | Replan::Boot { .. }) => None,
            (Trigger::Interval(_), Replan::SetBack { by }) => {
                let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
                let back = |at: Micros| Micros(at.0.saturating_sub(by));
                Some(Firing { due: back(due), nominal: back(nominal) })
            }
            (
                Trigger::Cron(_) | Trigger::Daily(_) | Trigger::Weekly(_) | Trigger::Monthly(_),
                replan,
            ) => {
                let spec = &job.spec;
                let first = || self.first_firing(job.id, spec, now.wall).ok().flatten();
                match replan {
                    Replan::Boot { .. } => None,
                    // A firing that is due already is decided as it was planned.
                    Replan::Zones { .. } if nominal <= now.wall => None,
                    Replan::Zones { .. } => first().filter(|first| first.nominal != nominal),
                    Replan::SetBack { by } => {
                        let schedule =
                            Schedule::compile(&spec.trigger, &spec.bounds, &self.zones).ok()?;
                        let again = schedule.follows_clock() || *by >= WRONG;
                        first().filter(|first| again && first.due < due)
                    }
                }
            }
        }
    }
}

/// Two steps of the clock as one.
pub(super) fn sum(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(a), Some(b)) => Some(a.saturating_add(b)),
        (a, b) => a.or(b),
    }
}
