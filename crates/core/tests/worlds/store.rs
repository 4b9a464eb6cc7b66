//! A store in memory: folds changes, and gives the pictures the engine asks for.

use std::collections::{BTreeMap, BTreeSet};

use station_core::engine::{Change, Snapshot};
use station_core::model::{Attempt, Execution, ExecutionId, ExecutionStatus, Job, JobId, Micros};

/// Everything stored. A clone of it is the state before a round.
#[derive(Clone, Default)]
pub(crate) struct Store {
    pub(crate) jobs: BTreeMap<JobId, Job>,
    pub(crate) executions: BTreeMap<ExecutionId, Execution>,
    pub(crate) attempts: BTreeMap<(ExecutionId, u32), Attempt>,
    /// Owed mails, and whether they were sent.
    pub(crate) mails: BTreeMap<ExecutionId, bool>,
    /// Kept output in bytes, with the place in the order of age.
    outputs: BTreeMap<ExecutionId, (u64, u64)>,
    due: BTreeSet<(Micros, JobId)>,
    newest: Option<Micros>,
    appended: u64,
}

impl Store {
    pub(crate) fn apply(&mut self, change: &Change) {
        match change {
            Change::ContextStored { .. } => {}
            Change::JobCreated(job) => {
                let last = self.last_job();
                assert!(job.id.0 > last, "job {} was created after job {last}", job.id);
                self.see(Some(job.spec.created_at));
                self.due.extend(job.state.next_due.map(|due| (due, job.id)));
                self.jobs.insert(job.id, (**job).clone());
            }
            Change::JobUpdated { job: id, state } => {
                let job = self.jobs.get_mut(id).expect("a job that is updated exists");
                if let Some(due) = job.state.next_due {
                    self.due.remove(&(due, *id));
                }
                self.due.extend(state.next_due.map(|due| (due, *id)));
                job.state = state.clone();
            }
            Change::ExecutionRecorded(execution) => self.record(execution),
            Change::AttemptRecorded { execution, attempt } => {
                self.see(attempt.ended);
                let key = (*execution, attempt.number);
                let before = self.attempts.insert(key, attempt.clone());
                assert!(before.is_none(), "attempt {key:?} ended twice");
            }
            Change::OutputStored { execution, chunks, .. } => {
                self.appended += 1;
                let kept = self.outputs.entry(*execution).or_insert((self.appended, 0));
                kept.1 += chunks.iter().map(|chunk| chunk.bytes.len() as u64).sum::<u64>();
            }
            Change::OutputDropped { execution } => {
                self.outputs.remove(execution);
            }
            Change::MailQueued { execution } => {
                let before = self.mails.insert(*execution, false);
                assert!(before.is_none(), "a mail about {execution} was owed twice");
            }
            Change::MailDone { execution, .. } => {
                self.mails.insert(*execution, true);
            }
            Change::JobReplaced(_)
            | Change::JobDeleted { .. }
            | Change::ExecutionRemoved { .. }
            | Change::AlarmRecorded(_)
            | Change::NoticeRecorded(_)
            | Change::NoticeDone { .. }
            | Change::NodeRecorded(_)
            | Change::NodeRemoved { .. }
            | Change::NodeMarked { .. }
            | Change::RecordKept(_)
            | Change::RecordRemoved { .. }
            | Change::TokenRecorded(_)
            | Change::ZonesKept { .. }
            | Change::BootKept { .. } => panic!("not in these worlds: {change:?}"),
        }
    }

    fn record(&mut self, execution: &Execution) {
        let id = execution.id;
        assert!(self.jobs.contains_key(&id.job), "{id} belongs to no job");
        match self.executions.get(&id) {
            Some(before) => assert!(!before.status.is_final(), "{id} had ended: {before:?}"),
            None => assert_eq!(id.n, self.count(id.job) + 1, "{id} leaves a gap"),
        }
        self.see(execution.started);
        self.see(execution.ended);
        self.executions.insert(id, execution.clone());
    }

    fn see(&mut self, at: Option<Micros>) {
        self.newest = self.newest.max(at);
    }

    fn count(&self, job: JobId) -> u32 {
        let all = ExecutionId { job, n: 0 }..=ExecutionId { job, n: u32::MAX };
        u32::try_from(self.executions.range(all).count()).unwrap()
    }

    pub(crate) fn last_job(&self) -> i64 {
        self.jobs.last_key_value().map_or(0, |(id, _)| id.0)
    }

    pub(crate) fn newest(&self) -> Option<Micros> {
        self.newest
    }

    pub(crate) fn live(&self) -> impl Iterator<Item = &Execution> {
        self.executions.values().filter(|execution| !execution.status.is_final())
    }

    pub(crate) fn running(&self) -> impl Iterator<Item = &Execution> {
        self.live().filter(|execution| execution.status == ExecutionStatus::Running)
    }

    pub(crate) fn snapshot(&self, window: usize) -> Snapshot {
        let with_job =
            |execution: &Execution| (self.jobs[&execution.id.job].clone(), execution.clone());
        let (due, more) = self.due_from((Micros(i64::MIN), JobId(0)), window);
        Snapshot {
            last_job: self.last_job(),
            output_bytes: self.output_bytes(),
            newest: self.newest,
            live: self.live().map(with_job).collect(),
            due,
            more,
            mails: self
                .mails
                .iter()
                .filter(|(_, sent)| !**sent)
                .map(|(id, _)| with_job(&self.executions[id]))
                .collect(),
            ..Snapshot::default()
        }
    }

    pub(crate) fn due_from(&self, from: (Micros, JobId), limit: usize) -> (Vec<Job>, bool) {
        let mut rest = self.due.range(from..);
        let jobs = rest.by_ref().take(limit).map(|(_, id)| self.jobs[id].clone()).collect();
        (jobs, rest.next().is_some())
    }

    pub(crate) fn output_bytes(&self) -> u64 {
        self.outputs.values().map(|(_, bytes)| bytes).sum()
    }

    /// The oldest outputs of ended executions, until so many bytes are reached.
    pub(crate) fn oldest_outputs(&self, bytes: u64) -> Vec<(ExecutionId, u64)> {
        let ended = |id: &ExecutionId| self.executions[id].status.is_final();
        let mut by_age: Vec<_> = self.outputs.iter().filter(|(id, _)| ended(id)).collect();
        by_age.sort_by_key(|(_, (age, _))| *age);
        let mut found = Vec::new();
        let mut sum = 0;
        for (id, (_, size)) in by_age {
            if sum >= bytes {
                break;
            }
            sum += size;
            found.push((*id, *size));
        }
        found
    }
}
