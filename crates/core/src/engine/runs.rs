//! Runs: executions that have not ended, from their slot to their end, through retries and stops.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Change, Effect, EndReport, Engine, Mode, Note, Outcome, Scope, Snapshot, Trim};
use crate::model::{
    Attempt, Cause, End, Execution, ExecutionId, ExecutionStatus, JobId, Micros, Mono, Now,
    OnInterrupted, OutputChunk, OutputSummary, ProcessRecord, Reason, Usage,
};
use crate::policy::retry;

/// An execution that has not ended.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) execution: Execution,
    pub(super) phase: Phase,
}

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
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
            Phase::Waiting => {
                self.waiting.insert((run.execution.planned, id));
            }
            Phase::BackingOff => {
                self.retries.insert((run.execution.retry_at.unwrap_or_default(), id));
            }
            Phase::Running { timer, .. } => {
                self.under_way += 1;
                self.timers.extend(timer.map(|at| (at, id)));
            }
            Phase::Surviving => {}
        }
        self.runs.insert(id, run);
    }

    /// Takes a run out of all orders.
    fn displace(&mut self, id: ExecutionId) -> Option<Run> {
        let run = self.runs.remove(&id)?;
        match run.phase {
            Phase::Waiting => {
                self.waiting.remove(&(run.execution.planned, id));
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
            Phase::Surviving => {}
        }
        Some(run)
    }

    /// The run of a job that has not ended, if there is one.
    pub(super) fn run_of(&self, job: JobId) -> Option<&Run> {
        let all = ExecutionId { job, n: 0 }..=ExecutionId { job, n: u32::MAX };
        self.runs.range(all).next_back().map(|(_, run)| run)
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
        let mut survivors = Vec::new();
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
                    survivors.push((id, execution.process.clone()));
                    self.left.insert(id, execution.attempt);
                    Phase::Surviving
                }
                _ if execution.retry_at.is_some() => Phase::BackingOff,
                _ => Phase::Waiting,
            };
            self.window.hold(job);
            self.place(Run { execution, phase });
        }
        if before.is_none() && self.scope == Scope::All && !survivors.is_empty() {
            out.effects.push(Effect::EndSurvivors { runs: survivors });
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
                    self.first_attempt(now, planned, id, out);
                }
                (_, Some((_, id))) => self.next_attempt(now, id, out),
                (_, None) => break,
            }
        }
    }

    /// Carries out a job's firing: creates its execution and starts it.
    fn first_attempt(&mut self, now: Now, planned: Micros, id: JobId, out: &mut Outcome) {
        let Some(execution) = self.create_execution(id, planned, Cause::Scheduled, true) else {
            return;
        };
        let id = execution.id;
        self.place(Run { execution, phase: Phase::Waiting });
        self.next_attempt(now, id, out);
    }

    /// A new execution of a job that is in memory, not yet recorded.
    pub(super) fn create_execution(
        &mut self,
        id: JobId,
        planned: Micros,
        cause: Cause,
        fires: bool,
    ) -> Option<Execution> {
        let job = self.window.job_mut(id)?;
        job.state.executions = job.state.executions.saturating_add(1);
        job.state.retries = 0;
        job.state.status = ExecutionStatus::Pending;
        if fires {
            job.state.next_due = job.spec.trigger.next(planned);
        }
        Some(Execution {
            id: ExecutionId { job: id, n: job.state.executions },
            cause,
            planned,
            status: ExecutionStatus::Pending,
            started: None,
            ended: None,
            attempt: 0,
            retry_at: None,
            stop: None,
            process: None,
            end: None,
            error: None,
            usage: Usage::default(),
            output: OutputSummary::default(),
        })
    }

    /// Starts the next attempt of a waiting run.
    fn next_attempt(&mut self, now: Now, id: ExecutionId, out: &mut Outcome) {
        let Some(mut run) = self.displace(id) else { return };
        let Some(job) = self.window.job_mut(id.job) else { return };
        let execution = &mut run.execution;
        execution.attempt = execution.attempt.saturating_add(1);
        execution.status = ExecutionStatus::Running;
        execution.started = execution.started.or(Some(now.wall));
        execution.retry_at = None;
        execution.stop = None;
        execution.process = None;
        execution.end = None;
        execution.error = None;
        if id.n == job.state.executions {
            job.state.status = ExecutionStatus::Running;
            job.state.retries = execution.attempt - 1;
        }
        let policies = &job.spec.policies;
        let timer = policies.timeout.map(|limit| now.mono.plus(limit));
        let (since, started) = (now.mono, now.wall);
        run.phase = Phase::Running { since, started, timer, killed: false, over: false };
        out.changes.push(Change::ExecutionRecorded(Box::new(execution.clone())));
        out.changes.push(Change::JobUpdated { job: id.job, state: job.state.clone() });
        out.effects.push(Effect::Start {
            execution: id,
            attempt: execution.attempt,
            action: job.spec.action.clone(),
            idle_timeout: policies.idle_timeout,
        });
        self.place(run);
    }

    pub(super) fn on_started(
        &mut self,
        id: ExecutionId,
        process: ProcessRecord,
        out: &mut Outcome,
    ) {
        if let Some(run) = self.runs.get_mut(&id).filter(|run| run.is_under_way()) {
            run.execution.process = Some(process);
            out.changes.push(Change::ExecutionRecorded(Box::new(run.execution.clone())));
        }
    }

    pub(super) fn on_output(
        &mut self,
        id: ExecutionId,
        chunks: Vec<OutputChunk>,
        out: &mut Outcome,
    ) {
        if let Some(run) = self.runs.get(&id).filter(|run| run.is_under_way()) {
            self.output_bytes = self.output_bytes.saturating_add(size_of_chunks(&chunks));
            let attempt = run.execution.attempt;
            out.changes.push(Change::OutputStored { execution: id, attempt, chunks });
        }
    }

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

    pub(super) fn on_ended(
        &mut self,
        now: Now,
        id: ExecutionId,
        report: EndReport,
        out: &mut Outcome,
    ) {
        if !self.is_under_way(id) {
            return;
        }
        let Some(mut run) = self.displace(id) else { return };
        let Phase::Running { since, started, .. } = run.phase else { return };
        if !report.chunks.is_empty() {
            self.output_bytes = self.output_bytes.saturating_add(size_of_chunks(&report.chunks));
            out.changes.push(Change::OutputStored {
                execution: id,
                attempt: run.execution.attempt,
                chunks: report.chunks,
            });
        }
        run.execution.end = Some(report.end);
        run.execution.usage = report.usage;
        run.execution.output.add(report.output);
        let spent = now.mono.since(since);
        run.execution.error = match run.execution.stop {
            Some(reason) => Some(stop_sentence(reason, spent)),
            None => report.error.or_else(|| end_sentence(report.end)),
        };
        let status = match run.execution.stop {
            Some(Reason::Cancel) => ExecutionStatus::Cancelled,
            Some(Reason::Shutdown) => ExecutionStatus::Interrupted,
            Some(Reason::Timeout | Reason::IdleTimeout) => ExecutionStatus::Failed,
            None if report.end.is_success() => ExecutionStatus::Completed,
            None => ExecutionStatus::Failed,
        };
        self.conclude(now, run, status, started, out);
    }

    pub(super) fn on_survivors_ended(
        &mut self,
        now: Now,
        runs: &[(ExecutionId, bool)],
        out: &mut Outcome,
    ) {
        for (id, found) in runs {
            if self.runs.get(id).is_none_or(|run| run.phase != Phase::Surviving) {
                continue;
            }
            let Some(mut run) = self.displace(*id) else { continue };
            let started = run.execution.started.unwrap_or(now.wall);
            let what = if *found { "its processes were ended" } else { "none of it was left" };
            run.execution.end = Some(End::Unknown);
            run.execution.error = Some(format!(
                "interrupted: the station stopped while it ran; when it came back, {what}"
            ));
            let status = match run.execution.stop {
                Some(Reason::Cancel) => ExecutionStatus::Cancelled,
                _ => ExecutionStatus::Interrupted,
            };
            self.conclude(now, run, status, started, out);
        }
    }

    /// An attempt has ended so: the execution is tried again, or has ended for good.
    fn conclude(
        &mut self,
        now: Now,
        mut run: Run,
        status: ExecutionStatus,
        started: Micros,
        out: &mut Outcome,
    ) {
        let id = run.execution.id;
        let random = self.next_random();
        let Some(job) = self.window.job_mut(id.job) else { return };
        let policies = &job.spec.policies;
        let again = match status {
            ExecutionStatus::Failed => retry::delay(policies, run.execution.attempt, random),
            ExecutionStatus::Interrupted => {
                (policies.on_interrupted == OnInterrupted::Rerun).then_some(Duration::ZERO)
            }
            ExecutionStatus::Pending
            | ExecutionStatus::Running
            | ExecutionStatus::Completed
            | ExecutionStatus::Cancelled
            | ExecutionStatus::Skipped
            | ExecutionStatus::Missed => None,
        };
        let latest = id.n == job.state.executions;
        let execution = &mut run.execution;
        execution.process = None;
        if let Some(wait) = again {
            out.changes.push(attempt_recorded(execution, started, now.wall));
            execution.status = ExecutionStatus::Pending;
            execution.stop = None;
            let at = now.wall.plus(wait);
            execution.retry_at = Some(at);
            if latest {
                job.state.status = ExecutionStatus::Pending;
            }
            out.effects.push(Effect::Note(Note::Retry(id, at)));
        } else {
            execution.status = status;
            execution.ended = Some(now.wall);
            // A job with firings still to come is pending again.
            if latest {
                job.state.status = match job.state.next_due {
                    Some(_) => ExecutionStatus::Pending,
                    None => status,
                };
            }
            self.trim = match self.trim {
                Trim::Idle | Trim::Stuck => Trim::Idle,
                Trim::Asked { .. } => Trim::Asked { more: true },
            };
        }
        out.changes.push(Change::ExecutionRecorded(Box::new(execution.clone())));
        out.changes.push(Change::JobUpdated { job: id.job, state: job.state.clone() });
        if again.is_some() {
            run.phase = Phase::BackingOff;
            self.place(run);
        } else {
            out.effects.push(Effect::Note(Note::Ended(Box::new(run.execution.clone()))));
            self.owe_mail(&run.execution, out);
            self.release(id.job);
        }
    }

    /// Ends a run that has no process: it waits for a slot or for its next attempt.
    pub(super) fn cancel_waiting(&mut self, now: Now, id: ExecutionId, out: &mut Outcome) {
        let Some(mut run) = self.displace(id) else { return };
        run.execution.error = Some("cancelled before its next attempt".to_owned());
        run.execution.retry_at = None;
        let started = run.execution.started.unwrap_or(now.wall);
        self.conclude(now, run, ExecutionStatus::Cancelled, started, out);
    }

    /// Records that a mail is owed and asks for it, if the job wants one.
    pub(super) fn owe_mail(&self, execution: &Execution, out: &mut Outcome) {
        let Some(job) = self.window.job(execution.id.job) else { return };
        if let Some(mail) = &job.spec.mail {
            out.changes.push(Change::MailQueued { execution: execution.id });
            out.effects.push(Effect::SendMail {
                execution: Box::new(execution.clone()),
                name: job.spec.name.clone(),
                mail: mail.clone(),
            });
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

    /// Asks for old output to drop once there is more than the budget.
    pub(super) fn trim_output(&mut self, out: &mut Outcome) {
        if self.output_bytes > self.config.output_budget && self.trim == Trim::Idle {
            self.trim = Trim::Asked { more: false };
            // A sixteenth below the budget, so that not every run trims.
            let goal = self.config.output_budget - self.config.output_budget / 16;
            out.effects.push(Effect::FindOldestOutputs { bytes: self.output_bytes - goal });
        }
    }

    pub(super) fn on_oldest_outputs(&mut self, outputs: &[(ExecutionId, u64)], out: &mut Outcome) {
        // Asked for twice around a failed round; counting it again would falsify the sum.
        let Trim::Asked { more: mut dropped } = self.trim else { return };
        for (id, bytes) in outputs {
            if !self.runs.contains_key(id) {
                self.output_bytes = self.output_bytes.saturating_sub(*bytes);
                out.changes.push(Change::OutputDropped { execution: *id });
                dropped = true;
            }
        }
        self.trim = if dropped { Trim::Idle } else { Trim::Stuck };
    }
}

fn attempt_recorded(execution: &Execution, started: Micros, ended: Micros) -> Change {
    Change::AttemptRecorded {
        execution: execution.id,
        attempt: Attempt {
            number: execution.attempt,
            started,
            ended: Some(ended),
            end: execution.end,
            error: execution.error.clone(),
            usage: execution.usage,
        },
    }
}

fn size_of_chunks(chunks: &[OutputChunk]) -> u64 {
    chunks.iter().map(|chunk| u64::try_from(chunk.bytes.len()).unwrap_or(u64::MAX)).sum()
}

fn stop_sentence(reason: Reason, spent: Duration) -> String {
    let spent = crate::when::print_duration(round_to_tenths(spent));
    match reason {
        Reason::Cancel => format!("cancelled after {spent}"),
        Reason::Timeout => format!("timed out after {spent}"),
        Reason::IdleTimeout => format!("ended for want of output, after {spent}"),
        Reason::Shutdown => format!("interrupted after {spent}: the station was shut down"),
    }
}

fn round_to_tenths(span: Duration) -> Duration {
    let tenths = span.as_millis() / 100;
    Duration::from_millis(u64::try_from(tenths).unwrap_or(u64::MAX).saturating_mul(100))
}

fn end_sentence(end: End) -> Option<String> {
    match end {
        End::Exit(0) => None,
        End::Exit(code) => Some(format!("exited with status {code}")),
        End::Signal(signal) => Some(format!("ended by signal {signal}")),
        End::NotStarted => Some("could not be started".to_owned()),
        End::Unknown => Some("it is not known how it ended".to_owned()),
    }
}
