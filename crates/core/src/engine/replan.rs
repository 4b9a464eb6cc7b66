//! Planning anew after the clock was set back.
//!
//! Intervals count elapsed time, so they come earlier on the new clock by as much. Cron schedules
//! that follow the clock do so from now on; those with fixed times are not repeated unless the
//! clock was wrong by three hours or more, as cron(8) has it.

use std::time::Duration;

use super::firings::Firing;
use super::{Change, Effect, Engine, Note, Outcome, Scope};
use crate::model::{Job, JobId, Micros, Now, Trigger};
use crate::trigger::Schedule;

/// From this step on the clock was wrong, not just corrected (cron(8)).
const WRONG: Duration = Duration::from_secs(3 * 3600);
/// How many jobs are read at once.
const PAGE: usize = 1000;

impl Engine {
    /// Asks for the recurring jobs if they are to be planned anew.
    pub(super) fn start_replan(&mut self, out: &mut Outcome) {
        if let Some(by) = self.replan.take().filter(|_| self.scope == Scope::All) {
            self.replanning = Some((by, 0));
            out.effects.push(Effect::LoadRecurring { after: JobId(i64::MIN), limit: PAGE });
        }
    }

    pub(super) fn on_recurring(&mut self, now: Now, jobs: Vec<Job>, more: bool, out: &mut Outcome) {
        let Some((by, mut count)) = self.replanning else { return };
        let last = jobs.last().map(|job| job.id);
        for row in jobs {
            let id = row.id;
            let Some(firing) = self.replanned(now, self.window.job(id).unwrap_or(&row), by) else {
                continue;
            };
            count = count.saturating_add(1);
            self.withdraw(id);
            self.window.hold(row);
            if let Some(job) = self.window.job_mut(id) {
                job.state.set_next(Some(firing));
                out.changes.push(Change::JobUpdated { job: id, state: job.state.clone() });
            }
            self.requeue(id);
        }
        match last.filter(|_| more) {
            Some(after) => {
                self.replanning = Some((by, count));
                out.effects.push(Effect::LoadRecurring { after, limit: PAGE });
            }
            None => {
                self.replanning = None;
                if count > 0 {
                    out.effects.push(Effect::Note(Note::Replanned(count)));
                }
            }
        }
    }

    /// A job's next firing on a clock that was set back, where it is an earlier one.
    fn replanned(&self, now: Now, job: &Job, by: Duration) -> Option<Firing> {
        let due = job.state.next_due?;
        let nominal = job.state.nominal.unwrap_or(due);
        let back = |at: Micros| {
            let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
            Micros(at.0.saturating_sub(by))
        };
        match &job.spec.trigger {
            Trigger::Date(_) => None,
            Trigger::Interval(_) => Some(Firing { due: back(due), nominal: back(nominal) }),
            Trigger::Cron(_) | Trigger::Daily(_) | Trigger::Weekly(_) | Trigger::Monthly(_) => {
                let spec = &job.spec;
                let schedule = Schedule::compile(&spec.trigger, &spec.bounds, &self.zones).ok()?;
                if !schedule.follows_clock() && by < WRONG {
                    return None;
                }
                let first = self.first_firing(job.id, spec, now.wall).ok().flatten();
                first.filter(|first| first.due < due)
            }
        }
    }
}
