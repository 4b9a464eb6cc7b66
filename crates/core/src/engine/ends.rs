//! How runs end: for good, with another attempt to come, or cut off by the last daemon's end.

use std::time::Duration;

use super::output::size_of_chunks;
use super::runs::{Phase, Run};
use super::survivors::kill_of;
use super::{Change, Effect, EndReport, Engine, Note, Outcome, Trim};
use crate::model::{
    Attempt, End, Execution, ExecutionId, ExecutionStatus, Kill, Micros, Now, OnInterrupted,
    Reason, Remains,
};
use crate::policy::retry;

impl Engine {
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
        run.execution.kill = report.kill;
        run.execution.result = report.result;
        run.execution.usage = report.usage;
        run.execution.output.add(report.output);
        let spent = now.mono.since(since);
        // What was done at an outstation was done, also when somebody wanted it to stop meanwhile.
        let done = run.outstation.is_some() && report.end == End::Done;
        let stop = run.execution.stop.filter(|_| !done);
        run.execution.error = match stop {
            Some(reason) => Some(
                stop_sentence(reason, spent)
                    + &killed_there(&run.execution)
                    + &self.as_left(id, report.error.as_deref()),
            ),
            None => report.error.clone().or_else(|| end_sentence(report.end)),
        };
        let node = run.execution.node.clone();
        if report.unreachable {
            let why = report.error.unwrap_or_else(|| "it could not be reached".to_owned());
            self.mark(now, node.as_deref(), Some(why), out);
        } else if matches!(report.end, End::Exit(_) | End::Signal(_))
            && report.kill != Some(Kill::Unknown)
        {
            self.mark(now, node.as_deref(), None, out);
        }
        let status = match stop {
            Some(Reason::Cancel | Reason::Replaced) => ExecutionStatus::Cancelled,
            Some(Reason::Shutdown) => ExecutionStatus::Interrupted,
            Some(Reason::Timeout | Reason::IdleTimeout) => ExecutionStatus::Failed,
            None if report.end.is_success() => ExecutionStatus::Completed,
            // What it has done is not known, so that it must not simply be done again.
            None if report.end == End::Unknown => ExecutionStatus::Interrupted,
            None => ExecutionStatus::Failed,
        };
        // Nor while what it left may still run.
        let gone = report.kill.is_none_or(|kill| kill == Kill::Killed);
        if status == ExecutionStatus::Failed && !gone {
            return self.finish(now, run, status, out);
        }
        self.conclude(now, run, status, started, out);
    }

    /// How a run that was stopped has left the equipment it held, or the outstation, if any.
    fn as_left(&self, id: ExecutionId, said: Option<&str>) -> String {
        let job = self.window.job(id.job);
        let holds = job.is_some_and(|job| {
            let target = &job.spec.target;
            !target.equipment().is_empty() || target.outstation().is_some()
        });
        said.filter(|_| holds).map(|said| format!("; {said}")).unwrap_or_default()
    }

    pub(super) fn on_survivors_ended(
        &mut self,
        now: Now,
        runs: &[(ExecutionId, Remains)],
        out: &mut Outcome,
    ) {
        for (id, remains) in runs {
            if self.runs.get(id).is_none_or(|run| run.phase != Phase::Surviving) {
                continue;
            }
            let Some(mut run) = self.displace(*id) else { continue };
            let started = run.execution.started.unwrap_or(now.wall);
            let what = self.found(&run, remains);
            run.execution.kill = run.execution.node.as_ref().map(|_| kill_of(remains));
            run.execution.end = Some(End::Unknown);
            run.execution.error = Some(format!(
                "interrupted: the station stopped while it ran; when it came back, {what}"
            ));
            let status = match run.execution.stop {
                Some(Reason::Cancel | Reason::Replaced) => ExecutionStatus::Cancelled,
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
        let Some(job) = self.window.job(id.job) else { return };
        let policies = &job.spec.policies;
        let once = job.spec.target.outstation().is_some();
        let again = match status {
            // Nothing is sent twice, whatever the policies say.
            _ if once => None,
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
        let Some(wait) = again else { return self.finish(now, run, status, out) };
        let execution = &mut run.execution;
        execution.process = None;
        out.changes.push(attempt_recorded(execution, started, now.wall));
        execution.status = ExecutionStatus::Pending;
        execution.stop = None;
        let at = now.wall.plus(wait);
        execution.retry_at = Some(at);
        out.effects.push(Effect::Note(Note::Retry(id, at)));
        out.changes.push(Change::ExecutionRecorded(Box::new(execution.clone())));
        run.phase = Phase::BackingOff;
        self.place(run);
        self.show_status(id.job, None);
        self.record_job(id.job, out);
    }

    /// An execution has ended for good.
    pub(super) fn finish(
        &mut self,
        now: Now,
        run: Run,
        status: ExecutionStatus,
        out: &mut Outcome,
    ) {
        let mut execution = run.execution;
        let id = execution.id;
        execution.process = None;
        execution.status = status;
        execution.ended = Some(now.wall);
        self.trim = match self.trim {
            Trim::Idle | Trim::Stuck => Trim::Idle,
            Trim::Asked { .. } => Trim::Asked { more: true },
        };
        out.changes.push(Change::ExecutionRecorded(Box::new(execution.clone())));
        let shown = self.ends_as(id, status);
        self.show_status(id.job, Some(shown));
        self.record_job(id.job, out);
        out.effects.push(Effect::Note(Note::Ended(Box::new(execution.clone()))));
        self.owe_mail(&execution, out);
        self.raise_alarm(now, &execution, out);
        self.release(id.job);
    }

    /// A run whose node is not registered any more fails, with no further attempt.
    pub(super) fn fail_without_node(&mut self, now: Now, mut run: Run, out: &mut Outcome) {
        let node = run.execution.node.clone().unwrap_or_default();
        run.execution.error = Some(format!("not started: {}", gone(&node)));
        run.execution.end = Some(End::NotStarted);
        run.execution.retry_at = None;
        self.finish(now, run, ExecutionStatus::Failed, out);
        // Starting is under way: nothing else would bring the next look at who stands in line.
        self.release_lines();
    }

    /// Ends the runs that the last daemon left where nobody can look for them: at outstations, and on
    /// nodes that are not registered any more.
    pub(super) fn end_orphans(&mut self, now: Now, out: &mut Outcome) {
        for id in self.orphans.clone() {
            let node = self.runs.get(&id).and_then(|run| run.execution.node.clone());
            let why = Remains::Unknown(gone(&node.unwrap_or_default()));
            self.on_survivors_ended(now, &[(id, why)], out);
        }
    }

    /// Ends a run that has no process: it waits in line, for a slot or for its next attempt.
    pub(super) fn cancel_waiting(
        &mut self,
        now: Now,
        id: ExecutionId,
        why: &str,
        out: &mut Outcome,
    ) {
        self.end_waiting(now, id, ExecutionStatus::Cancelled, why, out);
    }

    /// A run in line gives way to a newer firing of its job.
    pub(super) fn skip_waiting(&mut self, now: Now, id: ExecutionId, out: &mut Outcome) {
        let why = "a newer firing took its place in line (conflict_policy=cancel_running)";
        self.end_waiting(now, id, ExecutionStatus::Skipped, why, out);
    }

    fn end_waiting(
        &mut self,
        now: Now,
        id: ExecutionId,
        status: ExecutionStatus,
        why: &str,
        out: &mut Outcome,
    ) {
        let Some(mut run) = self.displace(id) else { return };
        run.execution.error = Some(why.to_owned());
        run.execution.retry_at = None;
        let started = run.execution.started.unwrap_or(now.wall);
        self.conclude(now, run, status, started, out);
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

fn stop_sentence(reason: Reason, spent: Duration) -> String {
    let spent = crate::when::print_duration(round_to_tenths(spent));
    match reason {
        Reason::Cancel => format!("cancelled after {spent}"),
        Reason::Replaced => format!("ended after {spent}: a newer firing took its place"),
        Reason::Timeout => format!("timed out after {spent}"),
        Reason::IdleTimeout => format!("ended for want of output, after {spent}"),
        Reason::Shutdown => format!("interrupted after {spent}: the station was shut down"),
    }
}

/// What became of the processes of a run that was told to end, on its node.
fn killed_there(execution: &Execution) -> String {
    let (Some(node), Some(kill)) = (&execution.node, execution.kill) else { return String::new() };
    match kill {
        Kill::Killed => format!("; its processes on {node} are gone"),
        Kill::KillFailed => format!("; its processes on {node} could not be ended"),
        Kill::Unknown => format!(
            "; it is not known whether its processes still run, since {node} cannot be reached"
        ),
        Kill::Unsupported => format!("; its processes on {node} were left: it has no guard"),
    }
}

fn gone(node: &str) -> String {
    format!("node '{node}' is not registered any more")
}

fn round_to_tenths(span: Duration) -> Duration {
    let tenths = span.as_millis() / 100;
    Duration::from_millis(u64::try_from(tenths).unwrap_or(u64::MAX).saturating_mul(100))
}

fn end_sentence(end: End) -> Option<String> {
    match end {
        End::Exit(0) | End::Done => None,
        End::Exit(code) => Some(format!("exited with status {code}")),
        End::Signal(signal) => Some(format!("ended by signal {signal}")),
        End::NotStarted => Some("could not be started".to_owned()),
        End::Unknown => Some("it is not known how it ended".to_owned()),
        End::Failed => Some("failed".to_owned()),
    }
}
