//! What the reference says of runs: their starts, their ends, and what must follow by itself.

use std::time::Duration;

use station_core::engine::{Change, Effect, EndReport, Outcome};
use station_core::model::{
    End, Execution, ExecutionId, ExecutionStatus, Kill, Micros, Mono, Now, OnInterrupted, Reason,
};

use super::{Mode, Reference, State};

pub(super) fn records(outcome: &Outcome) -> impl Iterator<Item = &Execution> {
    outcome.changes.iter().filter_map(|change| match change {
        Change::ExecutionRecorded(execution) => Some(&**execution),
        _ => None,
    })
}

impl Reference {
    pub(super) fn ended(
        &mut self,
        now: Now,
        id: ExecutionId,
        report: &EndReport,
        outcome: &Outcome,
    ) {
        let Some(run) = self.run(id).filter(|run| run.state == State::Running) else { return };
        let status = match run.stop {
            Some(Reason::Cancel | Reason::Replaced) => ExecutionStatus::Cancelled,
            Some(Reason::Shutdown) => ExecutionStatus::Interrupted,
            None if matches!(report.end, End::Exit(0) | End::Done) => ExecutionStatus::Completed,
            None if report.end == End::Unknown => ExecutionStatus::Interrupted,
            Some(Reason::Timeout | Reason::IdleTimeout) | None => ExecutionStatus::Failed,
        };
        let may_still_run = report.kill.is_some_and(|kill| kill != Kill::Killed);
        self.conclude(now, id, (status, !may_still_run), outcome);
    }

    pub(super) fn survivor_ended(&mut self, now: Now, id: ExecutionId, outcome: &Outcome) {
        let Some(run) = self.run(id).filter(|run| run.state == State::Left) else { return };
        let status = match run.stop {
            Some(Reason::Cancel | Reason::Replaced) => ExecutionStatus::Cancelled,
            _ => ExecutionStatus::Interrupted,
        };
        self.conclude(now, id, (status, true), outcome);
    }

    /// An attempt ended, and it may be tried again when it failed or not: what follows must have been recorded in the same outcome.
    pub(super) fn conclude(
        &mut self,
        now: Now,
        id: ExecutionId,
        (status, again): (ExecutionStatus, bool),
        outcome: &Outcome,
    ) {
        let job = self.job(id.job).unwrap();
        let policies = job.spec.policies.clone();
        let run = self.run(id).unwrap();
        run.over = false;
        run.rested = false;
        let rerun = policies.on_interrupted == OnInterrupted::Rerun;
        let wait = if again && status == ExecutionStatus::Failed && run.attempts <= policies.retries
        {
            let factor = 2_u32.pow(run.attempts - 1);
            Some((policies.retry_delay * factor).min(Duration::from_secs(3600)))
        } else {
            (status == ExecutionStatus::Interrupted && rerun).then_some(Duration::ZERO)
        };
        if let Some(wait) = wait {
            run.stop = None;
            let mut planned =
                records(outcome).filter(|row| row.id == id).filter_map(|row| row.retry_at);
            let at = planned.next().unwrap_or_else(|| panic!("no retry of {id} is planned"));
            let (from, to) = (now.wall.plus(wait), now.wall.plus(wait + wait / 10));
            assert!((from..=to).contains(&at), "{id} is retried at {at}, not in {from}..{to}");
            run.state = State::BackingOff(at);
            return;
        }
        let row = records(outcome).find(|row| row.id == id && row.status == status);
        let row = row.unwrap_or_else(|| panic!("{id} should have ended as {status:?}")).clone();
        assert!(row.ended.is_some(), "{row:?}");
        self.over(id, status);
        self.alarm(now, &row);
    }

    pub(super) fn time_out(&mut self, now: Mono) {
        for job in &mut self.jobs {
            let Some(limit) = job.spec.policies.timeout else { continue };
            for run in job.recent_mut() {
                let late = run.state == State::Running && !run.over && run.since.plus(limit) <= now;
                if late && run.stop.is_none() {
                    run.stop = Some(Reason::Timeout);
                }
            }
        }
    }

    /// The time of some next attempts has come.
    pub(super) fn rest(&mut self, now: Now) {
        let fires = self.fires();
        for run in self.all_runs_mut() {
            run.rested |= fires && matches!(run.state, State::BackingOff(at) if at <= now.wall);
        }
    }

    /// Follows what the engine recorded, in its order.
    pub(super) fn follow(&mut self, now: Now, outcome: &Outcome) {
        let mut started = Vec::new();
        for row in records(outcome) {
            let Some(run) = self.run(row.id) else {
                if let Some(awaited) = self.awaited.pop_front() {
                    self.further(now, row, awaited);
                    continue;
                }
                let key = self.job(row.id.job).and_then(|job| job.next).map(|next| next.due);
                self.account(now, row);
                if row.status == ExecutionStatus::Running {
                    started.push(row.id);
                    self.check_order(key.unwrap(), row.id);
                }
                continue;
            };
            match run.state {
                State::Ended(status) => {
                    assert_eq!(row.status, status, "{row:?} has ended");
                    self.displaced.retain(|(id, _)| *id != row.id);
                }
                State::Waiting | State::BackingOff(_) if row.status == ExecutionStatus::Running => {
                    let planned = run.planned;
                    started.push(row.id);
                    self.start(now, row.id);
                    self.check_order(planned, row.id);
                    assert_eq!(self.run(row.id).unwrap().attempts, row.attempt, "{row:?}");
                }
                State::Waiting | State::BackingOff(_) if row.status == ExecutionStatus::Failed => {
                    self.lose(now, row, outcome);
                }
                State::Running | State::Left => {
                    assert_eq!(row.status, ExecutionStatus::Running, "{row:?} goes on");
                }
                State::Queued | State::Waiting | State::BackingOff(_) => {
                    assert_eq!(row.status, ExecutionStatus::Pending, "{row:?} waits: {run:?}");
                }
            }
        }
        assert!(self.awaited.is_empty(), "not recorded: {:?}", self.awaited);
        assert_eq!(self.displaced, [], "a newer firing took their place");
        let effects = outcome.effects.iter().filter_map(|effect| match effect {
            Effect::Start { execution, .. } => Some(*execution),
            _ => None,
        });
        let effects: Vec<_> = effects.collect();
        assert_eq!(effects, started, "what was started and what was recorded");
    }

    /// One that starts overtakes none that could start before.
    fn check_order(&self, key: Micros, id: ExecutionId) {
        let before = self.all_runs().find(|run| {
            let waits = run.state == State::Waiting && run.planned < key;
            waits && run.id != id && !self.would_be_held_up(run.id, id)
        });
        assert!(self.crowded || before.is_none(), "{id}, planned {key}, overtook {before:?}");
    }

    pub(crate) fn waiting(&self) -> Vec<(Micros, ExecutionId)> {
        let ready = self.all_runs().filter(|run| match run.state {
            State::Waiting => true,
            State::BackingOff(_) => run.rested,
            State::Queued | State::Running | State::Left | State::Ended(_) => false,
        });
        ready.map(|run| (run.planned, run.id)).collect()
    }

    pub(super) fn start(&mut self, now: Now, id: ExecutionId) {
        assert!(self.fires(), "{id} started while nothing fires");
        assert!(self.has_free_slot(), "{id} started without a free slot");
        assert!(!self.is_held_up(id), "{id} started beyond a limit");
        assert!(!self.is_lost(id), "{id} started on a node that is gone");
        let run = self.run(id).unwrap();
        match run.state {
            State::Waiting => {}
            State::BackingOff(at) => assert!(run.rested, "{id} retried before {at}"),
            State::Queued | State::Running | State::Left | State::Ended(_) => {
                panic!("{id} started: {run:?}")
            }
        }
        run.attempts += 1;
        run.state = State::Running;
        run.stop = None;
        run.since = now.mono;
        self.check_lane(id);
    }

    /// Never more active than some policy of the lane allows.
    fn check_lane(&self, id: ExecutionId) {
        let (active, _) = self.lane(id.job, self.node_of(id).as_deref());
        let policies = |one: &ExecutionId| {
            &self.jobs.iter().find(|job| job.id == one.job).unwrap().spec.policies
        };
        let most = active.iter().map(|one| match policies(one).conflict {
            station_core::model::Conflict::Replace => policies(one).max_instances as usize,
            _ => 1,
        });
        let most = most.max().unwrap_or(0);
        assert!(self.changed_lanes || active.len() <= most, "{active:?} are active at once");
    }

    pub(super) fn drain(&mut self, now: Now, outcome: &Outcome) {
        let exits = outcome.effects.contains(&Effect::Exit);
        let Mode::Draining(until) = self.mode else {
            assert!(!exits, "the engine is done without having been asked");
            return;
        };
        assert_eq!(exits, self.under_way() == 0, "it is done when nothing runs");
        if exits {
            self.mode = Mode::Done;
        } else if now.mono >= until {
            for run in self.all_runs_mut() {
                if run.state == State::Running && run.stop.is_none() {
                    run.stop = Some(Reason::Shutdown);
                }
            }
        }
    }
}
