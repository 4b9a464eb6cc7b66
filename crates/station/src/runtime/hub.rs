//! Tells followers of a job that something has changed, and listeners what happened.
//!
//! Followers read what it is from the store; listeners get events, built only while somebody listens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use station_core::engine::Change;
use station_core::model::JobId;
use tokio::sync::{broadcast, watch};

use super::event::{Event, Happening};

/// How many watches are kept before those nobody holds are looked for.
const CROWD: usize = 1024;

/// How many events a listener may be behind before it misses some.
const BEHIND: usize = 4096;

/// How many may listen at once.
const LISTENERS: usize = 64;

/// One watch for each job somebody follows, and one channel for all who listen.
#[derive(Debug)]
pub(super) struct Hub {
    watches: Mutex<BTreeMap<JobId, watch::Sender<u64>>>,
    events: broadcast::Sender<Arc<Event>>,
    told: AtomicU64,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            watches: Mutex::default(),
            events: broadcast::Sender::new(BEHIND),
            told: AtomicU64::new(0),
        }
    }
}

impl Hub {
    /// A receiver of all events from now on; `None` when too many listen already.
    pub(super) fn listen(&self) -> Option<broadcast::Receiver<Arc<Event>>> {
        // Under the lock, so that two who come at once are both counted.
        let _watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        (self.events.receiver_count() < LISTENERS).then(|| self.events.subscribe())
    }

    /// The number of the latest event.
    pub(super) fn told(&self) -> u64 {
        self.told.load(Ordering::Relaxed)
    }

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
        self.wake(changes);
        if self.events.receiver_count() == 0 {
            return;
        }
        for what in changes.iter().filter_map(Happening::of) {
            let id = self.told.fetch_add(1, Ordering::Relaxed).saturating_add(1);
            // Fails when the last listener has just left.
            self.events.send(Arc::new(Event { id, what })).ok();
        }
    }

    fn wake(&self, changes: &[Change]) {
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
        | Change::BootKept { .. }
        | Change::NoticeRecorded(_)
        | Change::NoticeDone { .. }
        | Change::NodeRecorded(_)
        | Change::NodeRemoved { .. }
        | Change::NodeMarked { .. }
        | Change::RecordKept(_)
        | Change::RecordRemoved { .. }
        | Change::TokenRecorded(_) => None,
        Change::JobCreated(job) | Change::JobReplaced(job) => Some(job.id),
        Change::JobUpdated { job, .. } | Change::JobDeleted { job, .. } => Some(*job),
        Change::AlarmRecorded(alarm) => alarm.job,
        Change::ExecutionRecorded(execution) => Some(execution.id.job),
        Change::AttemptRecorded { execution, .. }
        | Change::OutputStored { execution, .. }
        | Change::OutputDropped { execution }
        | Change::MailQueued { execution }
        | Change::ExecutionRemoved { execution }
        | Change::MailDone { execution, .. } => Some(execution.job),
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::broadcast::error::TryRecvError;

    use super::*;

    fn deleted(job: i64) -> Change {
        Change::JobDeleted { job: JobId(job), history: false }
    }

    #[test]
    fn nothing_is_built_while_nobody_listens() {
        let hub = Hub::default();
        hub.publish(&[deleted(1)]);
        assert_eq!(hub.told(), 0);
        let mut events = hub.listen().unwrap();
        hub.publish(&[deleted(2)]);
        let event = events.try_recv().unwrap();
        assert_eq!((event.id, &event.what), (1, &Happening::JobDeleted(JobId(2))));
        drop(events);
        hub.publish(&[deleted(3)]);
        assert_eq!(hub.told(), 1);
    }

    #[test]
    fn a_slow_listener_is_told_what_it_missed_and_goes_on() {
        let hub = Hub::default();
        let mut events = hub.listen().unwrap();
        let many = i64::try_from(BEHIND).unwrap() + 10;
        for job in 1..=many {
            hub.publish(&[deleted(job)]);
        }
        assert_eq!(events.try_recv(), Err(TryRecvError::Lagged(10)));
        assert_eq!(events.try_recv().unwrap().id, 11);
    }

    #[test]
    fn the_number_of_listeners_is_bounded() {
        let hub = Hub::default();
        let mut all: Vec<_> = (0..LISTENERS).map(|_| hub.listen().unwrap()).collect();
        assert!(hub.listen().is_none());
        all.pop();
        assert!(hub.listen().is_some());
    }
}
