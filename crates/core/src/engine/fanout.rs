//! Fan-out: a firing on nodes becomes one execution for each of them, all of them at once.
//!
//! Each node is judged by itself: a node whose last run goes on skips, lines up or gives way alone.
//! The first of the executions carries the firing in the ledger, the others carry none. How many
//! start, and when, is the business of the gates.

use super::firings::{Asked, Decided};
use super::runs::Phase;
use super::{Change, Effect, Engine, Note, Outcome, Refusal, Reply};
use crate::model::{
    End, Execution, ExecutionId, ExecutionStatus, Fanned, JobId, NodeSet, NodeSetError, Now,
};
use crate::policy::conflict::Verdict;

/// A node, and what the conflict policy says to one more run there.
type Part = (String, Verdict);

impl Engine {
    /// Decides what becomes of the due firings of a job on nodes. A job with a condition waits for
    /// it first (`met`).
    pub(super) fn decide_on(
        &mut self,
        now: Now,
        id: JobId,
        set: &NodeSet,
        met: bool,
        out: &mut Outcome,
    ) -> Decided {
        let parts = self.parts(id, set);
        let Some(job) = self.window.job(id) else { return Decided::NOTHING };
        let all_skip = parts.as_ref().is_ok_and(|parts| parts.iter().all(is_skip));
        let combined = job.spec.policies.coalesce || all_skip;
        let gated = !met && job.spec.policies.condition.is_some();
        let batch = match self.due_batch(now, id, met, combined, out) {
            Some(batch) => batch,
            None => return Decided::NOTHING,
        };
        let rows = match parts {
            _ if batch.missed.is_some() => {
                self.record_missed(now, id, batch, out);
                1
            }
            _ if gated => return Decided { starts: true, rows: 0, firings: batch.count },
            Ok(parts) => {
                let rows = parts.len();
                self.fan_out(now, id, Asked::Firings(batch), parts, out);
                rows
            }
            Err(error) => {
                self.record_nowhere(now, id, Asked::Firings(batch), &error, out);
                1
            }
        };
        self.requeue(id);
        Decided { starts: false, rows, firings: batch.count }
    }

    /// A run by hand on all nodes of a set.
    pub(super) fn run_now_on(
        &mut self,
        now: Now,
        id: JobId,
        set: &NodeSet,
        out: &mut Outcome,
    ) -> Result<Reply, Refusal> {
        let refusal = match self.parts(id, set) {
            Err(error) => Refusal::NoSuchTarget(error.to_string()),
            Ok(parts) => match parts.first() {
                Some((node, Verdict::Skip(why))) if parts.iter().all(is_skip) => {
                    self.in_the_way(id, Some(node), *why)
                }
                _ => {
                    let first = self.fan_out(now, id, Asked::ByHand(now.wall), parts, out);
                    return first.map(Reply::Running).ok_or(Refusal::NoSuchJob(id));
                }
            },
        };
        self.release(id);
        Err(refusal)
    }

    fn parts(&self, id: JobId, set: &NodeSet) -> Result<Vec<Part>, NodeSetError> {
        let judged = |node: String| {
            let verdict = self.conflict_of(id, Some(&node));
            (node, verdict)
        };
        Ok(set.expand(&self.nodes)?.into_iter().map(judged).collect())
    }

    /// Creates and records one execution for each node; answers the first that is to run.
    fn fan_out(
        &mut self,
        now: Now,
        id: JobId,
        asked: Asked,
        parts: Vec<Part>,
        out: &mut Outcome,
    ) -> Option<ExecutionId> {
        let runs = !parts.iter().all(is_skip);
        let mut to_run = None;
        let mut displaces = false;
        let mut template: Option<Execution> = None;
        for (node, verdict) in parts {
            let mut execution = match &template {
                None => self.new_execution(id, asked, runs)?,
                Some(first) => self.further_execution(first)?,
            };
            template.get_or_insert_with(|| execution.clone());
            let name = execution.id;
            execution.node = Some(node.clone());
            if let Verdict::Skip(why) = verdict {
                execution.error = Some(self.skip_sentence(id, Some(&node), why));
                self.record_ended(now, execution, ExecutionStatus::Skipped, out);
                continue;
            }
            to_run.get_or_insert(name);
            out.changes.push(Change::ExecutionRecorded(Box::new(execution.clone())));
            let starts = verdict == Verdict::Start;
            self.place_new(execution, if starts { Phase::Waiting } else { Phase::Queued });
            if verdict == Verdict::Displace {
                self.make_way(now, name, out);
                displaces = true;
            }
        }
        if displaces {
            self.release_lines();
        }
        let worst = self.window.job(id).and_then(|job| job.state.fanned?.worst);
        self.show_status(id, worst);
        self.record_job(id, out);
        to_run
    }

    /// A firing whose set of nodes names none: it has failed.
    fn record_nowhere(
        &mut self,
        now: Now,
        id: JobId,
        asked: Asked,
        error: &NodeSetError,
        out: &mut Outcome,
    ) {
        let Some(mut execution) = self.new_execution(id, asked, true) else { return };
        execution.end = Some(End::NotStarted);
        execution.error = Some(format!("not started: {error}"));
        let shown = self.record_ended(now, execution, ExecutionStatus::Failed, out);
        self.show_status(id, Some(shown));
        self.record_job(id, out);
    }

    /// Records an execution that ends as it begins; answers how its job ends by it.
    pub(super) fn record_ended(
        &mut self,
        now: Now,
        mut execution: Execution,
        status: ExecutionStatus,
        out: &mut Outcome,
    ) -> ExecutionStatus {
        execution.status = status;
        execution.ended = Some(now.wall);
        let shown = self.ends_as(execution.id, status);
        out.changes.push(Change::ExecutionRecorded(Box::new(execution.clone())));
        out.effects.push(Effect::Note(Note::Ended(Box::new(execution.clone()))));
        self.owe_mail(&execution, out);
        self.raise_alarm(now, &execution, out);
        shown
    }

    /// How a job ends whose execution has ended so: on nodes, as the worst of its latest firing.
    pub(super) fn ends_as(&mut self, id: ExecutionId, status: ExecutionStatus) -> ExecutionStatus {
        let job = self.window.job_mut(id.job);
        let Some(fanned) = job.and_then(|job| job.state.fanned.as_mut()) else { return status };
        let Fanned { first, worst } = fanned;
        if id.n >= *first && worst.is_none_or(|worst| status.is_worse(worst)) {
            *worst = Some(status);
        }
        worst.unwrap_or(status)
    }
}

fn is_skip((_, verdict): &Part) -> bool {
    matches!(verdict, Verdict::Skip(_))
}
