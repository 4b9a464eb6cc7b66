//! Stops: runs told to end, by somebody, by their limits or by a shutdown, and killed if they do not.

use std::time::Duration;

use super::runs::{Phase, Run};
use super::{Change, Effect, Engine, Mode, Outcome};
use crate::model::{ExecutionId, Now, Reason};

impl Engine {
    pub(super) fn on_idle(&mut self, now: Now, id: ExecutionId, out: &mut Outcome) {
        self.stop(now, id, Reason::IdleTimeout, out);
    }

    /// Tells a run's process to end, once; the first reason stands, but for a cancel, after which
    /// there is no further attempt.
    pub(super) fn stop(&mut self, now: Now, id: ExecutionId, reason: Reason, out: &mut Outcome) {
        if reason == Reason::Cancel
            && let Some(run) = self.runs.get_mut(&id)
            && run.execution.stop.is_some_and(|before| before != reason)
        {
            run.execution.stop = Some(reason);
            out.changes.push(Change::ExecutionRecorded(Box::new(run.execution.clone())));
            return;
        }
        let kill_at = now.mono.plus(self.config.kill_grace);
        let stoppable = |run: &&mut Run| run.is_under_way() && run.execution.stop.is_none();
        let Some(mut run) = self.runs.get_mut(&id).filter(stoppable).map(|run| run.clone()) else {
            return;
        };
        run.execution.stop = Some(reason);
        if let Phase::Running { timer, .. } = &mut run.phase {
            let before = timer.replace(kill_at);
            self.timers.extend([(kill_at, id)]);
            if let Some(at) = before.filter(|at| *at != kill_at) {
                self.timers.remove(&(at, id));
            }
        }
        out.changes.push(Change::ExecutionRecorded(Box::new(run.execution.clone())));
        out.effects.push(Effect::Stop { execution: id, kill: false });
        self.runs.insert(id, run);
    }

    /// Acts on every run whose timer has come: time-outs are told to end, the told are killed.
    pub(super) fn stop_late_runs(&mut self, now: Now, out: &mut Outcome) {
        while let Some(&(at, id)) = self.timers.first() {
            if at > now.mono {
                break;
            }
            self.timers.remove(&(at, id));
            let Some(run) = self.runs.get_mut(&id) else { continue };
            let stopped = run.execution.stop.is_some();
            if let Phase::Running { timer, killed, .. } = &mut run.phase {
                *timer = None;
                if stopped && !*killed {
                    *killed = true;
                    out.effects.push(Effect::Stop { execution: id, kill: true });
                }
            }
            if !stopped {
                self.stop(now, id, Reason::Timeout, out);
            }
        }
    }

    pub(super) fn on_shutdown(&mut self, now: Now, limit: Duration) {
        if self.mode == Mode::Working {
            self.mode = Mode::Draining { until: now.mono.plus(limit), interrupted: false };
        }
    }

    /// While shutting down: interrupts what goes on too long, and is done when nothing runs.
    pub(super) fn drain(&mut self, now: Now, out: &mut Outcome) {
        let Mode::Draining { until, interrupted } = self.mode else { return };
        if self.under_way == 0 {
            self.mode = Mode::Done { until };
            out.effects.push(Effect::Exit);
        } else if !interrupted && now.mono >= until {
            self.mode = Mode::Draining { until, interrupted: true };
            let ids: Vec<_> =
                self.runs.iter().filter(|(_, run)| run.is_under_way()).map(|(id, _)| *id).collect();
            for id in ids {
                self.stop(now, id, Reason::Shutdown, out);
            }
        }
    }
}
