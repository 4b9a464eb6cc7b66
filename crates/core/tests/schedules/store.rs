//! A store in memory: folds changes, and gives the pictures the engine asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use station_core::engine::{Change, Snapshot};
use station_core::model::{
    Alarm, AlarmId, AlarmState, Cause, Execution, ExecutionId, ExecutionStatus, Job, JobId, Micros,
    Node, NodeHealth, Notice, Trigger,
};

/// Everything stored. A clone of it is the state before a round.
#[derive(Clone, Default)]
pub(crate) struct Store {
    pub(crate) jobs: BTreeMap<JobId, Job>,
    pub(crate) executions: BTreeMap<ExecutionId, Execution>,
    pub(crate) alarms: BTreeMap<AlarmId, Alarm>,
    pub(crate) notices: BTreeMap<(AlarmId, String), Notice>,
    pub(crate) nodes: BTreeMap<String, (Node, Option<NodeHealth>)>,
    /// Firings the executions of each job account for, removed ones included.
    pub(crate) accounted: BTreeMap<JobId, u64>,
    due: BTreeSet<(Micros, JobId)>,
    newest: Option<Micros>,
    last_job: i64,
}

impl Store {
    pub(crate) fn apply(&mut self, change: &Change) {
        match change {
            Change::JobCreated(job) => {
                assert!(job.id.0 > self.last_job, "job {} after {}", job.id, self.last_job);
                self.last_job = job.id.0;
                self.see(Some(job.spec.created_at));
                self.put(job);
            }
            Change::JobUpdated { job: id, state } => {
                let before = self.jobs.get(id).expect("a job that is updated exists");
                let (id, spec) = (*id, Arc::clone(&before.spec));
                assert!(!before.state.deleted || state.deleted, "job {id} came back");
                self.put(&Job { id, spec, state: state.clone() });
            }
            Change::JobReplaced(job) => {
                let before = &self.jobs.get(&job.id).expect("a replaced job exists").spec;
                assert_eq!(before.created_at, job.spec.created_at, "creation stays");
                assert_eq!(before.created_by, job.spec.created_by, "the creator stays");
                self.put(job);
            }
            Change::JobDeleted { job: id, history } => {
                let mut job = self.jobs.get(id).expect("a job that is deleted exists").clone();
                job.state.deleted = true;
                job.state.paused = false;
                job.state.next_due = None;
                job.state.nominal = None;
                self.put(&job);
                if *history {
                    self.executions.retain(|execution, _| execution.job != *id);
                }
                self.bury(*id);
            }
            Change::ExecutionRecorded(execution) => self.record(execution),
            Change::ExecutionRemoved { execution } => {
                if let Some(gone) = self.executions.remove(execution) {
                    assert!(gone.status.is_final(), "{execution} was removed, but goes on");
                    self.bury(execution.job);
                }
            }
            Change::AlarmRecorded(alarm) => {
                let last = self.alarms.last_key_value().map_or(0, |(id, _)| id.0);
                let known = self.alarms.contains_key(&alarm.id);
                assert!(known || alarm.id.0 == last + 1, "{} after {last}", alarm.id);
                self.alarms.insert(alarm.id, (**alarm).clone());
            }
            Change::NoticeRecorded(notice) => {
                self.notices.insert((notice.alarm, notice.channel.clone()), notice.clone());
            }
            Change::NoticeDone { alarm, channel } => {
                self.notices.remove(&(*alarm, channel.clone()));
            }
            Change::NodeRecorded(node) => {
                let health = self.nodes.remove(&node.name).and_then(|(_, health)| health);
                self.nodes.insert(node.name.clone(), ((**node).clone(), health));
            }
            Change::RecordKept(_) | Change::RecordRemoved { .. } => {
                panic!("not in these worlds: {change:?}")
            }
            Change::NodeRemoved { name } => {
                self.nodes.remove(name).expect("a node that is removed exists");
            }
            Change::NodeMarked { name, health } => {
                let (_, before) = self.nodes.get_mut(name).expect("a node that is marked exists");
                let was = before.as_ref().map(|health| health.unreachable.is_some());
                assert_ne!(was, Some(health.unreachable.is_some()), "{name}: no news");
                *before = Some(health.clone());
            }
            Change::ContextStored { .. }
            | Change::AttemptRecorded { .. }
            | Change::OutputStored { .. } => {}
            Change::OutputDropped { .. }
            | Change::MailQueued { .. }
            | Change::MailDone { .. }
            | Change::ZonesKept { .. }
            | Change::BootKept { .. }
            | Change::TokenRecorded(_) => panic!("not in these worlds: {change:?}"),
        }
    }

    fn put(&mut self, job: &Job) {
        if let Some(before) = self.jobs.get(&job.id)
            && let Some(due) = before.state.next_due
        {
            self.due.remove(&(due, job.id));
        }
        self.due.extend(job.state.next_due.map(|due| (due, job.id)));
        self.jobs.insert(job.id, job.clone());
    }

    /// A deleted job goes with its last execution.
    fn bury(&mut self, id: JobId) {
        let empty = self.executions_of(id).next().is_none();
        if empty && self.jobs.get(&id).is_some_and(|job| job.state.deleted) {
            self.jobs.remove(&id);
            self.accounted.remove(&id);
        }
    }

    fn record(&mut self, execution: &Execution) {
        let id = execution.id;
        assert!(self.jobs.contains_key(&id.job), "{id} belongs to no job");
        if let Some(before) = self.executions.get(&id) {
            assert!(!before.status.is_final(), "{id} had ended: {before:?}");
            assert_eq!(before.node, execution.node, "the node of {id}");
            let same = (before.cause, before.planned, before.firings, before.first_planned);
            let now = (execution.cause, execution.planned, execution.firings);
            assert_eq!(same, (now.0, now.1, now.2, execution.first_planned), "{id}");
        }
        if !self.executions.contains_key(&id) {
            *self.accounted.entry(id.job).or_default() += u64::from(execution.firings);
            let first = execution.first_planned.unwrap_or(execution.planned);
            let scheduled = execution.cause == Cause::Scheduled;
            assert!(scheduled || execution.firings == 0, "{execution:?}");
            let further = execution.node.is_some() && id.n > 1;
            assert!(!scheduled || execution.firings > 0 || further, "{execution:?}");
            assert_eq!(execution.firings > 1, first < execution.planned, "{execution:?}");
        }
        assert_eq!(execution.ended.is_some(), execution.status.is_final(), "{execution:?}");
        assert!(execution.kill.is_none() || execution.node.is_some(), "{execution:?}");
        self.see(execution.started);
        self.see(execution.ended);
        self.executions.insert(id, execution.clone());
    }

    fn see(&mut self, at: Option<Micros>) {
        self.newest = self.newest.max(at);
    }

    pub(crate) fn executions_of(&self, job: JobId) -> impl Iterator<Item = &Execution> {
        let all = ExecutionId { job, n: 0 }..=ExecutionId { job, n: u32::MAX };
        self.executions.range(all).map(|(_, execution)| execution)
    }

    pub(crate) fn last_job(&self) -> i64 {
        self.last_job
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
        let uncleared = |alarm: &&Alarm| alarm.state != AlarmState::Cleared;
        let owed = |notice: &Notice| (notice.clone(), self.alarms[&notice.alarm].clone());
        Snapshot {
            last_job: self.last_job,
            newest: self.newest,
            live: self.live().map(with_job).collect(),
            due,
            more,
            last_alarm: self.alarms.last_key_value().map_or(0, |(id, _)| id.0),
            alarms: self.alarms.values().filter(uncleared).cloned().collect(),
            notices: self.notices.values().map(owed).collect(),
            nodes: self.nodes.values().cloned().collect(),
            ..Snapshot::default()
        }
    }

    pub(crate) fn due_from(&self, from: (Micros, JobId), limit: usize) -> (Vec<Job>, bool) {
        let mut rest = self.due.range(from..);
        let jobs = rest.by_ref().take(limit).map(|(_, id)| self.jobs[id].clone()).collect();
        (jobs, rest.next().is_some())
    }

    /// Recurring jobs that will fire, by number.
    pub(crate) fn recurring_from(&self, after: JobId, limit: usize) -> (Vec<Job>, bool) {
        let recurs = |job: &&Job| {
            job.id > after
                && job.state.next_due.is_some()
                && !matches!(job.spec.trigger, Trigger::Date(_))
        };
        let mut rest = self.jobs.values().filter(recurs).cloned();
        let jobs = rest.by_ref().take(limit).collect();
        (jobs, rest.next().is_some())
    }

    /// Executions that ended before a time, the oldest first.
    pub(crate) fn expired(&self, before: Micros, limit: usize) -> (Vec<(ExecutionId, u64)>, bool) {
        let ended = self.executions.values().filter_map(|run| run.ended.map(|at| (at, run.id)));
        let mut old: Vec<_> = ended.filter(|(at, _)| *at < before).collect();
        old.sort_unstable();
        let more = old.len() > limit;
        (old.into_iter().take(limit).map(|(_, id)| (id, 0)).collect(), more)
    }
}
