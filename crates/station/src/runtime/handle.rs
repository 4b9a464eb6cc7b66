//! The handle to a running station: ask, read, follow, shut down.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use station_core::audit::{Actor, Checkpoint, Draft, Head, Outstanding};
use station_core::engine::{Input, Reply, Request};
use station_core::model::{ContextHash, Job, JobId, Micros};
use tokio::sync::{broadcast, oneshot, watch};

use super::event::Event;
use super::hub::Hub;
use super::mailbox::{Envelope, Mailbox};
use super::stamp::Stamper;
use super::tail::Tail;
use crate::metrics::Metrics;
use crate::port::StoreError;
use crate::store::Reader;

/// Who carries jobs out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A daemon: everything fires.
    Daemon,
    /// A command line that waits for its own job: that one alone fires.
    Embedded,
    /// A command line without a daemon: nothing fires.
    Offline,
}

/// How the station is doing.
#[derive(Clone, Debug)]
pub struct Status {
    /// Who carries jobs out.
    pub mode: Mode,
    /// The process id.
    pub pid: u32,
    /// The data directory.
    pub data_dir: PathBuf,
    /// Firing is held until the clock can be trusted.
    pub clock_held: bool,
    /// How many runs are under way.
    pub running: usize,
    /// Why the store cannot be written at this moment.
    pub store_trouble: Option<String>,
    /// It is shutting down.
    pub draining: bool,
}

/// A handle to a running station; cheap to clone.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    Working,
    Stopped,
    Crashed,
}

struct Shared {
    mailbox: Arc<Mailbox>,
    hub: Arc<Hub>,
    metrics: Metrics,
    reader: Reader,
    status: Mutex<Status>,
    life: watch::Sender<Life>,
    zone: TimeZone,
    zones: TimeZoneDatabase,
    environment: Vec<(Vec<u8>, Vec<u8>)>,
    contexts: Mutex<BTreeSet<ContextHash>>,
    tokens: watch::Sender<u64>,
    stamper: Stamper,
    tail: Tail,
    unfinished: Vec<Outstanding>,
    farewell: Mutex<Option<Farewell>>,
}

/// What is recorded when the station ends in good order, and how the trail is signed then.
pub(super) struct Farewell {
    pub(super) last: Draft,
    pub(super) sign: Signer,
}

/// Signs where the audit trail ends.
pub type Signer = Box<dyn FnOnce(Head) -> Checkpoint + Send>;

/// How many contexts are remembered as stored: a session's jobs share one.
const CONTEXTS: usize = 256;

impl Handle {
    pub(super) fn new(
        mode: Mode,
        data_dir: PathBuf,
        mailbox: Arc<Mailbox>,
        hub: Arc<Hub>,
        reader: Reader,
        tail: Tail,
        unfinished: Vec<Outstanding>,
    ) -> Self {
        use std::os::unix::ffi::OsStringExt;
        let status = Mutex::new(Status {
            mode,
            pid: std::process::id(),
            data_dir,
            clock_held: false,
            running: 0,
            store_trouble: None,
            draining: false,
        });
        let environment =
            std::env::vars_os().map(|(key, value)| (key.into_vec(), value.into_vec())).collect();
        let shared = Shared {
            mailbox,
            hub,
            metrics: Metrics::default(),
            reader,
            status,
            life: watch::Sender::new(Life::Working),
            zone: TimeZone::system(),
            zones: jiff::tz::db().clone(),
            environment,
            contexts: Mutex::default(),
            tokens: watch::Sender::new(0),
            stamper: Stamper::new(TimeZone::system()),
            tail,
            unfinished,
            farewell: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Asks the engine on the station's own behalf; as [`Handle::request_by`].
    ///
    /// # Errors
    /// When the store cannot be written; nothing has changed then.
    pub async fn request(&self, request: Request) -> Result<Reply, StoreError> {
        self.request_by(request, &Actor::station()).await
    }

    /// Asks the engine on somebody's behalf; resolves once what it changed is durable, and recorded
    /// in the audit trail.
    ///
    /// # Errors
    /// When the store cannot be written; nothing has changed then.
    pub async fn request_by(&self, request: Request, by: &Actor) -> Result<Reply, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.shared.mailbox.put(Envelope::Request(request, Box::new(by.clone()), reply));
        answered(answer).await
    }

    /// Records in the audit trail what happens now, or is about to; resolves once it is durable.
    ///
    /// # Errors
    /// When the store cannot be written; it must not be done then.
    pub async fn record(&self, drafts: Vec<Draft>) -> Result<(), StoreError> {
        let (told, answer) = oneshot::channel();
        self.shared.mailbox.put(Envelope::Record(self.shared.stamper.stamp(drafts), told));
        answered(answer).await
    }

    /// Records in the audit trail what happens now, and does not wait. While the store is in trouble
    /// it is kept in memory.
    pub fn record_later(&self, drafts: Vec<Draft>) {
        if !drafts.is_empty() {
            self.shared.mailbox.put(Envelope::RecordLater(self.stamper().stamp(drafts)));
        }
    }

    /// A name that nothing in the audit trail has, for what belongs together.
    #[must_use]
    pub fn correlation(&self) -> String {
        self.shared.stamper.correlation()
    }

    /// Keeps a checkpoint of the audit trail; resolves once it is durable.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn keep_checkpoint(&self, checkpoint: Checkpoint) -> Result<(), StoreError> {
        let (told, answer) = oneshot::channel();
        self.shared.mailbox.put(Envelope::Checkpoint(Box::new(checkpoint), told));
        answered(answer).await
    }

    /// Where the audit trail ends.
    #[must_use]
    pub fn tail(&self) -> &Tail {
        &self.shared.tail
    }

    /// The intents of the last daemon of whose outcome nothing is known.
    #[must_use]
    pub fn unfinished(&self) -> &[Outstanding] {
        &self.shared.unfinished
    }

    /// Says what is recorded when the station ends in good order, and who signs the trail then.
    pub fn at_end(&self, last: Draft, sign: Signer) {
        let farewell = Some(Farewell { last, sign });
        *self.shared.farewell.lock().unwrap_or_else(PoisonError::into_inner) = farewell;
    }

    pub(super) fn take_farewell(&self) -> Option<Farewell> {
        self.shared.farewell.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn stamper(&self) -> &Stamper {
        &self.shared.stamper
    }

    /// Read-only access to the store.
    #[must_use]
    pub fn reader(&self) -> Reader {
        self.shared.reader.clone()
    }

    /// Whether a context is known to be stored, so that it need not be sent along again.
    #[must_use]
    pub fn has_stored(&self, context: &ContextHash) -> bool {
        self.contexts().contains(context)
    }

    /// Takes note that a context is stored. None is ever removed from a store.
    pub(super) fn set_stored(&self, context: ContextHash) {
        let mut contexts = self.contexts();
        if contexts.len() >= CONTEXTS {
            contexts.clear();
        }
        contexts.insert(context);
    }

    fn contexts(&self) -> MutexGuard<'_, BTreeSet<ContextHash>> {
        self.shared.contexts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes whenever a token was made or revoked.
    #[must_use]
    pub fn token_generation(&self) -> u64 {
        *self.shared.tokens.borrow()
    }

    /// A receiver whose value changes whenever a token was made or revoked.
    #[must_use]
    pub fn token_changes(&self) -> watch::Receiver<u64> {
        self.shared.tokens.subscribe()
    }

    /// Takes note that a token was made or revoked.
    pub(super) fn tokens_changed(&self) {
        self.shared.tokens.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// A receiver whose value changes whenever anything of this job changed.
    #[must_use]
    pub fn watch(&self, job: JobId) -> watch::Receiver<u64> {
        self.shared.hub.watch(job)
    }

    /// All that happens from now on; `None` when too many listen already.
    #[must_use]
    pub fn listen(&self) -> Option<broadcast::Receiver<Arc<Event>>> {
        self.shared.hub.listen()
    }

    /// The number of the latest event.
    #[must_use]
    pub fn latest_event(&self) -> u64 {
        self.shared.hub.told()
    }

    /// What is counted.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// How the station is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_status(&self, set: impl FnOnce(&mut Status)) {
        set(&mut self.shared.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The station's zone.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.shared.zone
    }

    /// The time-zone database.
    #[must_use]
    pub fn zones(&self) -> &TimeZoneDatabase {
        &self.shared.zones
    }

    /// The wall clock now.
    #[must_use]
    pub fn now(&self) -> Micros {
        super::clock::wall_now()
    }

    /// The station's own environment, for jobs that bring none.
    #[must_use]
    pub fn environment(&self) -> &[(Vec<u8>, Vec<u8>)] {
        &self.shared.environment
    }

    /// Carries out a job besides those the mode covers, from now on.
    pub fn adopt(&self, job: Job) {
        self.shared.mailbox.put(Envelope::Adopt(Box::new(job)));
    }

    /// Stops taking work, lets runs end within the limit, then interrupts them.
    pub fn shut_down(&self, limit: Duration) {
        self.shared.mailbox.put(Envelope::Input(Input::Shutdown { limit }));
    }

    /// Kills all runs and stops at once; they are recorded as interrupted at the next start.
    pub fn abort(&self) {
        self.shared.mailbox.put(Envelope::Abort);
    }

    /// Resolves once the station has stopped.
    pub async fn stopped(&self) {
        let mut life = self.shared.life.subscribe();
        // The sender lives in `self`, so this ends only by the value.
        drop(life.wait_for(|life| *life != Life::Working).await);
    }

    /// Whether the station has stopped by a defect of the program.
    #[must_use]
    pub fn has_crashed(&self) -> bool {
        *self.shared.life.borrow() == Life::Crashed
    }

    pub(super) fn set_stopped(&self, crashed: bool) {
        self.shared.life.send_replace(if crashed { Life::Crashed } else { Life::Stopped });
    }
}

/// What is told by the dispatcher, as long as it is there.
async fn answered<T>(answer: oneshot::Receiver<Result<T, StoreError>>) -> Result<T, StoreError> {
    answer.await.unwrap_or_else(|_| Err(StoreError::io("the station has stopped".into())))
}
