//! What the reference knows of daemons and clocks: starts, lost rounds, steps, distrust.

use std::time::Duration;

use station_core::engine::Input;
use station_core::model::{Micros, Now};

use super::{InTime, Mode, Reference, State};

const STEP: Duration = Duration::from_secs(1);

impl Reference {
    pub(crate) fn boot(&mut self, now: Now, unsynchronised: bool, newest: Option<Micros>) {
        self.mode = Mode::Working;
        self.last = now;
        self.up_since = now.wall;
        self.behind = newest.filter(|newest| now.wall.plus(STEP) < *newest);
        let held = unsynchronised || self.behind.is_some();
        self.held_until = held.then(|| now.mono.plus(self.clock_wait));
        // A step that was seen by an earlier daemon alone.
        self.replan = None;
        self.crowded = false;
        for job in &mut self.jobs {
            job.in_time = InTime::No;
            for run in job.recent_mut() {
                run.over = false;
                run.rested = false;
                run.state = match run.state {
                    State::Running => State::Left,
                    State::Waiting => State::Queued,
                    other => other,
                };
            }
        }
        self.find_orphans();
    }

    /// A round that could not be stored: only the clocks and a shutdown outlast it.
    pub(crate) fn lost(&mut self, now: Now, input: &Input) {
        self.observe(now);
        if let Input::ClockSynchronised = input {
            self.release_clock(now);
        }
        if let Input::Shutdown { limit } = input {
            self.shut_down(now, *limit);
        }
        if let Input::Ended { execution, .. } = input
            && let Some(run) = self.run(*execution)
        {
            run.over |= run.state == State::Running;
        }
        self.expire(now);
    }

    /// The engine was rebuilt: what it had only in memory is decided again.
    pub(crate) fn forget(&mut self) {
        for job in &mut self.jobs {
            if job.in_time != InTime::No {
                job.in_time = InTime::Perhaps;
            }
            for run in job.recent_mut() {
                run.rested = false;
                if run.state == State::Waiting {
                    run.state = State::Queued;
                }
            }
        }
    }

    pub(super) fn observe(&mut self, now: Now) {
        let expected = self.last.wall.plus(now.mono.since(self.last.mono));
        self.last = now;
        let back = expected.since(now.wall);
        if now.wall.since(expected) > STEP {
            self.up_since = now.wall;
        } else if back > STEP {
            self.replan = Some(self.replan.unwrap_or_default() + back);
        }
        self.up_since = self.up_since.min(now.wall);
        if self.behind.is_some_and(|newest| now.wall >= newest) {
            self.release_clock(now);
        }
    }

    pub(super) fn release_clock(&mut self, now: Now) {
        if self.held_until.take().is_some() {
            self.behind = None;
            self.up_since = now.wall;
        }
    }

    pub(super) fn expire(&mut self, now: Now) {
        if self.held_until.is_some_and(|until| now.mono >= until) {
            self.release_clock(now);
        }
    }

    pub(super) fn shut_down(&mut self, now: Now, limit: Duration) {
        if self.mode == Mode::Working {
            self.mode = Mode::Draining(now.mono.plus(limit));
        }
    }
}
