//! The fold as a child would write it: everything in memory, nothing clever.

use std::collections::BTreeMap;

use station_core::engine::Change;
use station_core::model::Trigger;
use station_core::model::{
    Alarm, AlarmId, Attempt, Cause, ContextHash, Execution, ExecutionId, Job, JobId, Micros, Node,
    NodeHealth, Notice, OutputChunk, Record, RecordKind, ShellContext, Token,
};

/// What a store holds.
#[derive(Clone, Default)]
pub(crate) struct Model {
    pub(crate) last_job: i64,
    pub(crate) jobs: BTreeMap<JobId, (Job, i64)>,
    pub(crate) pruned: BTreeMap<JobId, u64>,
    pub(crate) alarms: BTreeMap<AlarmId, Alarm>,
    pub(crate) notices: BTreeMap<(AlarmId, String), Notice>,
    pub(crate) tokens: BTreeMap<String, Token>,
    pub(crate) nodes: BTreeMap<String, (Node, Option<NodeHealth>)>,
    pub(crate) records: BTreeMap<(RecordKind, String), Record>,
    pub(crate) executions: Vec<Execution>,
    pub(crate) attempts: BTreeMap<(ExecutionId, u32), Attempt>,
    pub(crate) output: Vec<(ExecutionId, u32, Vec<OutputChunk>)>,
    pub(crate) contexts: BTreeMap<ContextHash, ShellContext>,
    pub(crate) owed: BTreeMap<ExecutionId, bool>,
    pub(crate) zones: Option<String>,
    pub(crate) boot: Option<String>,
}

impl Model {
    pub(crate) fn fold(&mut self, change: &Change) {
        match change.clone() {
            Change::ContextStored { hash, context } => {
                self.contexts.insert(hash, context);
            }
            Change::JobCreated(job) | Change::JobReplaced(job) => {
                self.last_job = self.last_job.max(job.id.0);
                let only =
                    if let Trigger::Date(date) = &job.spec.trigger { Some(date.at) } else { None };
                let before = self.jobs.get(&job.id).map(|(_, planned)| Micros(*planned));
                let planned = job.state.next_due.or(only).or(before);
                let planned = planned.unwrap_or(job.spec.created_at).0;
                self.jobs.insert(job.id, (*job, planned));
            }
            Change::JobDeleted { job, history } => {
                if let Some((job, _)) = self.jobs.get_mut(&job) {
                    (job.state.deleted, job.state.next_due) = (true, None);
                    job.state.nominal = None;
                }
                if history {
                    self.remove(|id| id.job == job);
                }
                self.forget(job);
            }
            Change::ExecutionRemoved { execution } => {
                let gone = self.executions.iter().find(|run| run.id == execution);
                if let Some(run) = gone.filter(|run| run.cause == Cause::Scheduled) {
                    *self.pruned.entry(execution.job).or_default() += u64::from(run.firings);
                }
                self.remove(|id| id == execution);
                self.forget(execution.job);
            }
            Change::AlarmRecorded(alarm) => {
                self.alarms.insert(alarm.id, *alarm);
            }
            Change::NoticeRecorded(notice) => {
                self.notices.insert((notice.alarm, notice.channel.clone()), notice);
            }
            Change::NoticeDone { alarm, channel } => {
                self.notices.remove(&(alarm, channel));
            }
            Change::TokenRecorded(token) => {
                self.tokens.insert(token.id.clone(), *token);
            }
            Change::NodeRecorded(node) => {
                let health = self.nodes.remove(&node.name).and_then(|(_, health)| health);
                self.nodes.insert(node.name.clone(), (*node, health));
            }
            Change::NodeRemoved { name } => {
                self.nodes.remove(&name);
            }
            Change::NodeMarked { name, health } => {
                if let Some(node) = self.nodes.get_mut(&name) {
                    node.1 = Some(health);
                }
            }
            Change::RecordKept(record) => {
                self.records.insert((record.kind(), record.key().into_owned()), *record);
            }
            Change::RecordRemoved { kind, key } => {
                self.records.remove(&(kind, key));
            }
            Change::ZonesKept { version } => self.zones = Some(version),
            Change::BootKept { boot } => self.boot = Some(boot),
            Change::JobUpdated { job, state } => {
                let (job, planned) = self.jobs.get_mut(&job).unwrap();
                *planned = state.next_due.map_or(*planned, |at| at.0);
                job.state = state;
            }
            Change::ExecutionRecorded(new) => {
                match self.executions.iter_mut().find(|old| old.id == new.id) {
                    Some(old) => *old = *new,
                    None => self.executions.push(*new),
                }
            }
            Change::AttemptRecorded { execution, attempt } => {
                self.attempts.insert((execution, attempt.number), attempt);
            }
            Change::OutputStored { execution, attempt, chunks } => {
                if !chunks.is_empty() {
                    self.output.push((execution, attempt, chunks));
                }
            }
            Change::OutputDropped { execution } => self.output.retain(|row| row.0 != execution),
            Change::MailQueued { execution } => {
                self.owed.insert(execution, true);
            }
            Change::MailDone { execution, .. } => {
                self.owed.insert(execution, false);
            }
        }
    }

    /// All of some executions goes.
    fn remove(&mut self, gone: impl Fn(ExecutionId) -> bool) {
        self.executions.retain(|run| !gone(run.id));
        self.attempts.retain(|(id, _), _| !gone(*id));
        self.output.retain(|row| !gone(row.0));
        self.owed.retain(|id, _| !gone(*id));
    }

    /// The row of a deleted job goes when nothing of it is kept.
    fn forget(&mut self, job: JobId) {
        let kept = self.executions.iter().any(|run| run.id.job == job);
        if !kept && self.jobs.get(&job).is_some_and(|(job, _)| job.state.deleted) {
            self.jobs.remove(&job);
            self.pruned.remove(&job);
        }
    }

    /// The jobs people see, by number.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &(Job, i64)> {
        self.jobs.values().filter(|(job, _)| !job.state.deleted)
    }

    pub(crate) fn is_done(job: &Job) -> bool {
        job.state.status.is_final() && job.state.next_due.is_none() && !job.state.paused
    }

    pub(crate) fn agenda(&self) -> Vec<Job> {
        let mut open: Vec<_> = self.shown().filter(|(job, _)| !Self::is_done(job)).collect();
        open.sort_by_key(|(job, planned)| (*planned, job.id));
        let mut done: Vec<_> = self.shown().filter(|(job, _)| Self::is_done(job)).collect();
        done.sort_by_key(|(job, planned)| std::cmp::Reverse((*planned, job.id)));
        open.into_iter().chain(done).map(|(job, _)| job.clone()).collect()
    }

    pub(crate) fn due(&self, from: (Micros, JobId)) -> Vec<Job> {
        let mut due: Vec<_> = self
            .jobs
            .values()
            .map(|(job, _)| job)
            .filter(|job| job.state.next_due.is_some_and(|at| (at, job.id) >= from))
            .cloned()
            .collect();
        due.sort_by_key(|job| (job.state.next_due, job.id));
        due
    }

    pub(crate) fn bytes(&self, of: Option<ExecutionId>) -> u64 {
        let rows = self.output.iter().filter(|row| of.is_none_or(|id| row.0 == id));
        rows.flat_map(|row| &row.2).map(|chunk| chunk.bytes.len() as u64).sum()
    }

    pub(crate) fn newest(&self) -> Option<Micros> {
        let runs = self.executions.iter().flat_map(|run| [run.started, run.ended]).flatten();
        runs.chain(self.jobs.values().last().map(|(job, _)| job.spec.created_at)).max()
    }

    pub(crate) fn pair(&self, execution: &Execution) -> (Job, Execution) {
        (self.jobs[&execution.id.job].0.clone(), execution.clone())
    }
}
