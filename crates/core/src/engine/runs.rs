//! Runs: executions that have not ended, from their slot to their attempts.

use std::collections::BTreeMap;
use std::time::Duration;

use super::gates::Gate;
use super::lanes::Lane;
use super::outstations::AtOutstation;
use super::survivors::Left;
use super::{Change, Effect, Engine, Outcome, OutstationRun, Scope, Snapshot};
use crate::model::{
    Execution, ExecutionId, ExecutionStatus, JobId, Micros, Mono, Now, ProcessRecord,
};

/// An execution that has not ended.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) execution: Execution,
    pub(super) phase: Phase,
    pub(super) lane: Lane,
    /// What it holds for itself while it is under way, by id.
    pub(super) equipment: Vec<String>,
    /// What it is about, if it does something with an outstation.
    pub(super) outstation: Option<AtOutstation>,
}

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It stands in line behind the runs it conflicts with.
    Queued,
    /// It waits for a slot.
    Waiting,
    /// Its process is being started or runs.
    Running {
        /// When the attempt was started.
        since: Mono,
        /// The same on the wall clock.
        started: Micros,
        /// When the engine acts next: time-out, or kill once told to end.
        timer: Option<Mono>,
        /// SIGKILL was sent.
        killed: bool,
        /// Its end has come in, but could not be made durable; it comes in again.
        over: bool,
    },
    /// It waits for the time of its next attempt.
    BackingOff,
    /// A process of the last daemon's may still run.
    Surviving,
}

/// How many runs of a job have begun, and how many have not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Runs {
    pub(super) begun: usize,
    pub(super) waiting: usize,
}

impl Runs {
    fn of(&mut self, phase: Phase) -> &mut usize {
        match phase {
            Phase::Running { .. } | Phase::Surviving => &mut self.begun,
            Phase::Queued | Phase::Waiting | Phase::BackingOff => &mut self.waiting,
        }
    }
}

impl Run {
    /// Whether it takes a slot.
    pub(super) fn is_under_way(&self) -> bool {
        matches!(self.phase, Phase::Running { .. })
    }
}

impl Engine {
    /// Puts a run into its phase and keeps the orders over runs true.
    pub(super) fn place(&mut self, run: Run) {
        let id = run.execution.id;
        self.displace(id);
        match run.phase {
            Phase::Queued => self.lines.line_up(&run.lane, (run.execution.planned, id)),
            Phase::Waiting | Phase::BackingOff | Phase::Running { .. } | Phase::Surviving => {
                self.lines.enter(&run.lane, id);
            }
        }
        self.gates.enter(self.gates_passed(&run));
        self.note_expiry(&run);
        match run.phase {
            Phase::Waiting => {
                let key = (run.execution.planned, id);
                self.waiting.insert(key);
                if self.scope.covers(id.job) {
                    self.gates.want(run.gates(), key);
                }
            }
            Phase::BackingOff => {
                self.retries.insert((run.execution.retry_at.unwrap_or_default(), id));
            }
            Phase::Running { timer, .. } => {
                self.under_way += 1;
                self.timers.extend(timer.map(|at| (at, id)));
            }
            Phase::Queued | Phase::Surviving => {}
        }
        let count = self.counts.entry(id.job).or_default().of(run.phase);
        *count = count.saturating_add(1);
        self.runs.insert(id, run);
    }

    /// Takes a run out of all orders.
    pub(super) fn displace(&mut self, id: ExecutionId) -> Option<Run> {
        let run = self.runs.remove(&id)?;
        self.forget_expiry(&run);
        match run.phase {
            Phase::Queued => self.lines.leave(&run.lane, (run.execution.planned, id)),
            Phase::Waiting | Phase::BackingOff | Phase::Running { .. } | Phase::Surviving => {
                self.lines.exit(&run.lane, id);
            }
        }
        match run.phase {
            Phase::Waiting => {
                let (gates, key) = (run.gates(), (run.execution.planned, id));
                self.gates.want_no_more(&gates, key);
                let was_parked = !self.waiting.remove(&key);
                if was_parked {
                    self.gates.leave(key);
                }
                // One that is parked holds up nobody but those that may not overtake it.
                if !was_parked || gates.iter().any(Gate::is_in_turn) {
                    self.wake(&gates);
                }
            }
            Phase::BackingOff => {
                self.retries.remove(&(run.execution.retry_at.unwrap_or_default(), id));
            }
            Phase::Running { timer, .. } => {
                self.under_way = self.under_way.saturating_sub(1);
                if let Some(at) = timer {
                    self.timers.remove(&(at, id));
                }
            }
            Phase::Queued | Phase::Surviving => {}
        }
        self.exit_gates(&self.gates_passed(&run));
        if let Some(counts) = self.counts.get_mut(&id.job) {
            let count = counts.of(run.phase);
            *count = count.saturating_sub(1);
            if *counts == Runs::default() {
                self.counts.remove(&id.job);
            }
        }
        Some(run)
    }

    /// The runs of a job that have not ended.
    pub(super) fn runs_of(&self, job: JobId) -> impl Iterator<Item = &Run> {
        let all = ExecutionId { job, n: 0 }..=ExecutionId { job, n: u32::MAX };
        self.runs.range(all).map(|(_, run)| run)
    }

    /// Takes over what the store holds; `before`: the runs of this same engine, at a restart.
    pub(super) fn take_snapshot(
        &mut self,
        snapshot: Snapshot,
        now: Now,
        before: Option<BTreeMap<ExecutionId, Run>>,
        out: &mut Outcome,
    ) {
        self.window.start(snapshot.due, snapshot.more, &self.scope);
        self.nodes = snapshot.nodes.into_iter().map(|node| (node.0.name.clone(), node)).collect();
        self.outstations = snapshot.outstations.into_iter().collect();
        self.alarms = snapshot.alarms.into_iter().map(|alarm| (alarm.source(), alarm)).collect();
        self.take_notices(snapshot.notices, out);
        let mut left = Left::default();
        for (job, execution) in snapshot.live {
            let id = execution.id;
            let phase = match (execution.status, &before) {
                (ExecutionStatus::Running, Some(_))
                    if self.left.get(&id) == Some(&execution.attempt) =>
                {
                    Phase::Surviving
                }
                (ExecutionStatus::Running, Some(before)) => {
                    let same =
                        before.get(&id).filter(|run| run.execution.attempt == execution.attempt);
                    self.resumed(&execution, job.spec.policies.timeout, same, now)
                }
                (ExecutionStatus::Running, None) => {
                    if job.spec.target.outstation().is_none() {
                        left.add(&job, &execution);
                    }
                    self.left.insert(id, execution.attempt);
                    Phase::Surviving
                }
                _ if execution.retry_at.is_some() => Phase::BackingOff,
                // In line until its lane is seen to be free.
                _ => Phase::Queued,
            };
            let lane = self.lane_of(&job, execution.node.as_deref());
            let is_there = |name: &String| self.nodes.contains_key(name);
            if before.is_none()
                && self.scope == Scope::All
                && phase == Phase::Surviving
                && (!execution.node.as_ref().is_none_or(is_there)
                    || job.spec.target.outstation().is_some())
            {
                self.orphans.insert(id);
            }
            let equipment = job.spec.target.equipment().to_vec();
            let same = before.as_ref().and_then(|before| before.get(&id));
            let outstation = Self::taken_over(&job, &execution, same, now);
            self.window.hold(job);
            self.place(Run { execution, phase, lane, equipment, outstation });
        }
        if before.is_none() && self.scope == Scope::All {
            self.end_survivors(left, out);
        }
        if before.is_none() && self.scope == Scope::All {
            for (job, execution) in snapshot.mails {
                if let Some(mail) = job.spec.mail.clone() {
                    let execution = Box::new(execution);
                    out.effects.push(Effect::SendMail {
                        execution,
                        name: job.spec.name.clone(),
                        mail,
                    });
                }
            }
        }
    }

    /// The phase of a run that goes on while the engine is rebuilt around it.
    fn resumed(
        &self,
        execution: &Execution,
        timeout: Option<Duration>,
        before: Option<&Run>,
        now: Now,
    ) -> Phase {
        let (since, started, over) = match before.map(|run| run.phase) {
            Some(Phase::Running { since, started, over, .. }) => (since, started, over),
            _ => (now.mono, now.wall, true),
        };
        let timer = match execution.stop {
            Some(_) => Some(now.mono.plus(self.config.kill_grace)),
            None => timeout.filter(|_| !over).map(|limit| since.plus(limit)),
        };
        Phase::Running { since, started, timer, killed: false, over }
    }

    /// Starts what is ready while there are slots, in order of planned time.
    pub(super) fn start_ready(&mut self, now: Now, out: &mut Outcome) {
        while let Some(&(at, id)) = self.retries.first() {
            if at > now.wall {
                break;
            }
            let Some(mut run) = self.displace(id) else { break };
            run.phase = Phase::Waiting;
            self.place(run);
        }
        while self.under_way < self.config.max_running {
            let job = self.ready.first().copied();
            // Jobs planned before it that are still to be loaded come first.
            let behind =
                |at: Micros| self.scope == Scope::All && self.window.is_behind(at.min(now.wall));
            let run = self.waiting.iter().find(|(_, id)| self.scope.covers(id.job)).copied();
            let run = run.filter(|(at, _)| !behind(*at));
            match (job, run) {
                (Some((planned, id)), run) if run.is_none_or(|(at, _)| planned <= at) => {
                    self.ready.remove(&(planned, id));
                    self.decide(now, id, true, out);
                }
                (_, Some(key)) if self.is_parked(key) => {}
                (_, Some((_, id))) => self.next_attempt(now, id, out),
                (_, None) => break,
            }
        }
    }

    /// Starts the next attempt of a waiting run.
    pub(super) fn next_attempt(&mut self, now: Now, id: ExecutionId, out: &mut Outcome) {
        let Some(run) = self.displace(id) else { return };
        let Some(mut run) = self.admitted(now, run, out) else { return };
        let node = match &run.execution.node {
            None => None,
            Some(name) => match self.nodes.get(name) {
                Some((node, _)) => Some(Box::new(node.clone())),
                None => return self.fail_without_node(now, run, out),
            },
        };
        let Some(job) = self.window.job_mut(id.job) else { return };
        let execution = &mut run.execution;
        execution.attempt = execution.attempt.saturating_add(1);
        execution.status = ExecutionStatus::Running;
        execution.started = execution.started.or(Some(now.wall));
        execution.retry_at = None;
        execution.stop = None;
        execution.process = None;
        execution.end = None;
        execution.kill = None;
        execution.error = None;
        execution.result = None;
        job.state.status = ExecutionStatus::Running;
        if id.n == job.state.executions {
            job.state.retries = execution.attempt - 1;
        }
        let policies = &job.spec.policies;
        let timer = policies.timeout.map(|limit| now.mono.plus(limit));
        let (since, started) = (now.mono, now.wall);
        run.phase = Phase::Running { since, started, timer, killed: false, over: false };
        out.changes.push(Change::ExecutionRecorded(Box::new(execution.clone())));
        out.changes.push(Change::JobUpdated { job: id.job, state: job.state.clone() });
        let outstation = run.outstation.as_ref().map(|there| {
            Box::new(OutstationRun {
                name: there.name.clone(),
                expires: there.expires,
                by: job.spec.created_by.clone(),
            })
        });
        out.effects.push(Effect::Start {
            execution: id,
            attempt: execution.attempt,
            action: job.spec.action.clone(),
            node,
            equipment: run.equipment.clone(),
            outstation,
            idle_timeout: policies.idle_timeout,
        });
        self.place(run);
    }

    pub(super) fn on_started(
        &mut self,
        now: Now,
        id: ExecutionId,
        process: ProcessRecord,
        out: &mut Outcome,
    ) {
        if let Some(run) = self.runs.get_mut(&id).filter(|run| run.is_under_way()) {
            run.execution.process = Some(process);
            out.changes.push(Change::ExecutionRecorded(Box::new(run.execution.clone())));
            let node = run.execution.node.clone();
            self.mark(now, node.as_deref(), None, out);
        }
    }
}
