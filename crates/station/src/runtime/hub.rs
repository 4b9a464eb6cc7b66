//! Tells followers that something about a job has changed; they read what it is from the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use station_core::engine::Change;
use station_core::model::JobId;
use tokio::sync::watch;

/// How many watches are kept before those nobody holds are looked for.
const CROWD: usize = 1024;

/// One watch for each job somebody follows.
#[derive(Debug, Default)]
pub(super) struct Hub {
    watches: Mutex<BTreeMap<JobId, watch::Sender<u64>>>,
}

impl Hub {
    /// A receiver whose value changes whenever anything of the job changed.
    pub(super) fn watch(&self, job: JobId) -> watch::Receiver<u64> {
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        // Jobs that never change again do not clear away their own.
        if watches.len() >= CROWD {
            watches.retain(|_, watch| watch.receiver_count() > 0);
        }
        watches.entry(job).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// Tells of durable changes.
    pub(super) fn publish(&self, changes: &[Change]) {
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        if watches.is_empty() {
            return;
        }
        let jobs: BTreeSet<JobId> = changes.iter().filter_map(job_of).collect();
        for job in jobs {
            if let Some(watch) = watches.get(&job) {
                if watch.receiver_count() == 0 {
                    watches.remove(&job);
                } else {
                    watch.send_modify(|count| *count = count.wrapping_add(1));
                }
            }
        }
    }
}

fn job_of(change: &Change) -> Option<JobId> {
    match change {
        Change::ContextStored { .. }
        | Change::ZonesKept { .. }
        | Change::NoticeRecorded(_)
        | Change::NoticeDone { .. }
        | Change::TokenRecorded(_) => None,
        Change::JobCreated(job) | Change::JobReplaced(job) => Some(job.id),
        Change::JobUpdated { job, .. } | Change::JobDeleted { job, .. } => Some(*job),
        Change::AlarmRecorded(alarm) => Some(alarm.job),
        Change::ExecutionRecorded(execution) => Some(execution.id.job),
        Change::AttemptRecorded { execution, .. }
        | Change::OutputStored { execution, .. }
        | Change::OutputDropped { execution }
        | Change::ExecutionRemoved { execution }
        | Change::MailQueued { execution }
        | Change::MailDone { execution, .. } => Some(execution.job),
    }
}
