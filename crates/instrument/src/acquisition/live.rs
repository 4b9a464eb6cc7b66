//! Acquisitions that are under way: looked at, followed, paused and stopped from elsewhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use station_core::model::{Acquisition, AcquisitionState};
use tokio::sync::{Notify, broadcast, watch};

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
    /// Told when one is taken in.
    entered: Arc<Notify>,
}

/// An acquisition that is under way. Clones are of the same one.
#[derive(Clone, Debug)]
pub struct LiveAcquisition {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    standing: watch::Sender<Standing>,
    wanted: watch::Sender<Wanted>,
    /// `None` once it is over.
    followers: Mutex<Option<broadcast::Sender<Arc<SampleBatch>>>>,
    recent: Mutex<Recent>,
}

/// Where it stands.
#[derive(Debug)]
struct Standing {
    acquisition: Acquisition,
    /// Nothing of it will change any more.
    over: bool,
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

    /// Resolves once the one of that id is seen to take samples, or to wait for its trigger; where it
    /// stands then. Never, if it fails before, or is over already.
    pub async fn begun(&self, id: &str) -> Acquisition {
        let live = loop {
            // Made before the look: it is told of all that enter from here on.
            let entered = self.entered.notified();
            match self.live(id) {
                Some(live) => break live,
                None => entered.await,
            }
        };
        let has_begun = |standing: &Standing| {
            !matches!(standing.acquisition.state, AcquisitionState::Idle | AcquisitionState::Error)
        };
        live.wait(has_begun).await
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
        self.entered.notify_waiters();
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
        self.live.shared.standing.send_modify(|standing| standing.over = true);
    }
}

impl LiveAcquisition {
    pub(super) fn new(acquisition: Acquisition) -> Self {
        let shared = Shared {
            standing: watch::Sender::new(Standing { acquisition, over: false }),
            wanted: watch::Sender::default(),
            followers: Mutex::new(Some(broadcast::Sender::new(BEHIND))),
            recent: Mutex::new(Recent::new(&[], 0)),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Where it stands.
    #[must_use]
    pub fn snapshot(&self) -> Acquisition {
        self.shared.standing.borrow().acquisition.clone()
    }

    /// Resolves once it is in such a state, or over; where it stands then.
    pub async fn until(&self, is_so: impl Fn(AcquisitionState) -> bool) -> Acquisition {
        self.wait(|standing| standing.over || is_so(standing.acquisition.state)).await
    }

    async fn wait(&self, is_so: impl Fn(&Standing) -> bool) -> Acquisition {
        let mut standing = self.shared.standing.subscribe();
        // The sender is held by this very acquisition.
        standing.wait_for(is_so).await.map_or_else(|_| self.snapshot(), |it| it.acquisition.clone())
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
        self.tell(|acquisition| acquisition.state = state);
    }

    /// Changes what is told of it.
    pub(super) fn tell(&self, change: impl FnOnce(&mut Acquisition)) {
        self.shared.standing.send_modify(|standing| change(&mut standing.acquisition));
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use station_core::model::{AcquisitionPlan, FileFormat, Micros};
    use tokio::task::{JoinHandle, yield_now};

    use super::*;

    fn acquisition(id: &str) -> Acquisition {
        let plan = AcquisitionPlan {
            duration: None,
            sample_rate: None,
            channels: Vec::new(),
            verb: None,
            format: FileFormat::Csv,
            detached: false,
        };
        Acquisition::new(id.to_owned(), "dmm".to_owned(), None, plan, Micros(0))
    }

    /// Where it stands for who is woken; under a paused clock who is not woken is too late at once.
    async fn told(waiting: JoinHandle<Acquisition>) -> AcquisitionState {
        tokio::time::timeout(Duration::from_secs(1), waiting).await.unwrap().unwrap().state
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_beginning_is_told_of_it_and_of_no_other() {
        let all = Acquisitions::new();
        let here = all.clone();
        let waiting = tokio::spawn(async move { here.begun("a").await });
        yield_now().await;
        let other = all.enter(acquisition("b")).unwrap();
        other.live.stand(AcquisitionState::Acquiring);
        yield_now().await;
        let entry = all.enter(acquisition("a")).unwrap();
        yield_now().await;
        entry.live.stand(AcquisitionState::Error);
        yield_now().await;
        assert!(!waiting.is_finished(), "it has not begun");
        entry.live.stand(AcquisitionState::WaitingTrigger);
        assert_eq!(told(waiting).await, AcquisitionState::WaitingTrigger);

        let begun = tokio::spawn(async move { all.begun("a").await });
        assert_eq!(told(begun).await, AcquisitionState::WaitingTrigger, "it had begun before");
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_state_is_told_of_it_or_of_the_end() {
        let all = Acquisitions::new();
        let entry = all.enter(acquisition("a")).unwrap();
        let paused = |live: LiveAcquisition| {
            tokio::spawn(async move { live.until(|state| state == AcquisitionState::Paused).await })
        };
        let waiting = paused(entry.live.clone());
        yield_now().await;
        entry.live.stand(AcquisitionState::Paused);
        assert_eq!(told(waiting).await, AcquisitionState::Paused);

        entry.live.stand(AcquisitionState::Stopped);
        let live = entry.live.clone();
        let waiting = paused(live.clone());
        yield_now().await;
        assert!(!waiting.is_finished());
        drop(entry);
        assert_eq!(told(waiting).await, AcquisitionState::Stopped);
        assert_eq!(told(paused(live)).await, AcquisitionState::Stopped, "it was over before");
    }
}
