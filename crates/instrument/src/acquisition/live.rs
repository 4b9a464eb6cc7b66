//! Acquisitions that are under way: looked at, followed, paused and stopped from elsewhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use station_core::model::{Acquisition, AcquisitionState};
use tokio::sync::{broadcast, watch};

use super::SampleBatch;
use super::batch::Recent;
use crate::{Error, ErrorKind};

/// How many numbers [`LiveAcquisition::latest`] keeps, of all columns together.
const RECENT: usize = 40_000;

/// How many batches a follower may be behind.
const BEHIND: usize = 32;

/// The acquisitions that are under way in this process, by id. Clones are of the same ones.
#[derive(Clone, Debug, Default)]
pub struct Acquisitions {
    live: Arc<Mutex<BTreeMap<String, LiveAcquisition>>>,
}

/// An acquisition that is under way. Clones are of the same one.
#[derive(Clone, Debug)]
pub struct LiveAcquisition {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    snapshot: Mutex<Acquisition>,
    wanted: watch::Sender<Wanted>,
    /// `None` once it is over.
    followers: Mutex<Option<broadcast::Sender<Arc<SampleBatch>>>>,
    recent: Mutex<Recent>,
}

/// What is wanted of it from elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) paused: bool,
    pub(super) stopped: bool,
}

impl Acquisitions {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One that is under way.
    #[must_use]
    pub fn live(&self, id: &str) -> Option<LiveAcquisition> {
        lock(&self.live).get(id).cloned()
    }

    /// All that are under way, in the order of their ids.
    #[must_use]
    pub fn all(&self) -> Vec<LiveAcquisition> {
        lock(&self.live).values().cloned().collect()
    }

    /// Takes one in, until the guard is dropped.
    pub(super) fn enter(&self, acquisition: Acquisition) -> Result<Entry, Error> {
        let id = acquisition.id.clone();
        let mut all = lock(&self.live);
        if all.contains_key(&id) {
            let message = format!("the acquisition {id} is under way already");
            return Err(Error::new(ErrorKind::Busy, message));
        }
        let live = LiveAcquisition::new(acquisition);
        all.insert(id.clone(), live.clone());
        Ok(Entry { live, id, all: Arc::clone(&self.live) })
    }
}

/// An acquisition among those under way. Dropped, it is over for all who follow it.
pub(super) struct Entry {
    pub(super) live: LiveAcquisition,
    id: String,
    all: Arc<Mutex<BTreeMap<String, LiveAcquisition>>>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        lock(&self.all).remove(&self.id);
        lock(&self.live.shared.followers).take();
    }
}

impl LiveAcquisition {
    pub(super) fn new(acquisition: Acquisition) -> Self {
        let shared = Shared {
            snapshot: Mutex::new(acquisition),
            wanted: watch::Sender::default(),
            followers: Mutex::new(Some(broadcast::Sender::new(BEHIND))),
            recent: Mutex::new(Recent::new(&[], 0)),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Where it stands.
    #[must_use]
    pub fn snapshot(&self) -> Acquisition {
        lock(&self.shared.snapshot).clone()
    }

    /// Takes no more samples until it is resumed. The time goes on, and with it the duration.
    pub fn pause(&self) {
        self.shared.wanted.send_modify(|wanted| wanted.paused = true);
    }

    /// Takes samples again.
    pub fn resume(&self) {
        self.shared.wanted.send_modify(|wanted| wanted.paused = false);
    }

    /// Ends it; what was taken stays.
    pub fn stop(&self) {
        self.shared.wanted.send_modify(|wanted| wanted.stopped = true);
    }

    /// Gives each batch from now on, about ten a second; who is too slow misses some. Closed when the
    /// acquisition is over.
    #[must_use]
    pub fn follow(&self) -> broadcast::Receiver<Arc<SampleBatch>> {
        let followers = lock(&self.shared.followers);
        // Over already: the receiver of a sender that is gone is closed.
        followers.as_ref().map_or_else(|| broadcast::channel(1).1, broadcast::Sender::subscribe)
    }

    /// The newest samples, at most so many; some thousands are there.
    #[must_use]
    pub fn latest(&self, n: usize) -> SampleBatch {
        lock(&self.shared.recent).newest(n)
    }

    /// Says what is sampled, before the first sample.
    pub(super) fn name_columns(&self, columns: &[String]) {
        let rows = RECENT / columns.len().saturating_add(1);
        *lock(&self.shared.recent) = Recent::new(columns, rows);
    }

    /// What is wanted of it from elsewhere, now and later.
    pub(super) fn wanted(&self) -> watch::Receiver<Wanted> {
        self.shared.wanted.subscribe()
    }

    /// Says where it stands now.
    pub(super) fn stand(&self, state: AcquisitionState) {
        lock(&self.shared.snapshot).state = state;
    }

    /// Changes what is told of it.
    pub(super) fn tell(&self, change: impl FnOnce(&mut Acquisition)) {
        change(&mut lock(&self.shared.snapshot));
    }

    /// Gives new samples to those who follow, and keeps them for those who ask.
    pub(super) fn publish(&self, batch: &Arc<SampleBatch>) {
        let mut recent = lock(&self.shared.recent);
        for (time, row) in batch.rows() {
            recent.push(time, row);
        }
        drop(recent);
        if let Some(followers) = &*lock(&self.shared.followers) {
            // Nobody may follow.
            followers.send(Arc::clone(batch)).ok();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
