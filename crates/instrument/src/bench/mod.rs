//! The bench: one session per equipment, leased to one holder at a time.
//!
//! ```text
//!  lease ─▶ turn (fair, with patience) ─▶ line: the last holder's, or a new one ─▶ operations ─▶ release
//!                                            │  back-off, breaker                        │
//!                                            │  the registered *IDN?, or none            ▼
//!                                            └──────── idle: closed after a while ◀── laid aside
//! ```
//!
//! An operation is a driver's verb: planned, its writes to non-volatile memory counted durably, sent,
//! what it promised done whatever happens, the error queue read. A lease that is dropped midway leaves
//! its line in doubt; the next holder's is brought in step before it is used.

mod breaker;
mod budget;
mod call;
mod closed;
mod connect;
mod examine;
mod health;
mod keeper;
mod lease;
mod leasing;
mod line;
mod operate;
mod perform;
pub(crate) mod sentence;
mod settings;
mod slot;
mod status;
mod transcript;
mod wear;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use station_core::model::{Equipment, EquipmentSettings, Identity, Micros};
use tokio::sync::watch;

pub(crate) use call::Planned;
pub use keeper::Keeper;
pub use lease::{Lease, Restored};
pub use status::EquipmentStatus;
pub use transcript::Transcript;

use crate::acquisition::{self, Acquisitions};
use crate::driver::{Catalogue, Driver, Protocol};
use crate::resource::Resource;
use crate::session::Session;
use crate::{Error, ErrorKind};
use slot::Slot;

/// How a bench works.
#[derive(Clone, Debug)]
pub struct BenchConfig {
    /// The drivers.
    pub drivers: Catalogue,
    /// Where the files of acquisitions are kept.
    pub directory: PathBuf,
    /// After how long without use a connection is closed, where the equipment does not say.
    pub idle_close: Duration,
    /// How long an equipment is left alone after it could not be reached.
    pub probe_interval: Duration,
    /// How often non-volatile memory may be written in an hour, where the equipment does not say.
    pub write_budget: u32,
    /// How many times faster durations pass, of acquisitions and of the waits and repetitions of verbs:
    /// 1, and more in tests.
    pub pace: u32,
}

impl Default for BenchConfig {
    fn default() -> Self {
        Self {
            drivers: Catalogue::built_in(),
            directory: PathBuf::from("acquisitions"),
            idle_close: Duration::from_secs(30),
            probe_interval: Duration::from_secs(15),
            write_budget: 50,
            pace: 1,
        }
    }
}

/// Who wants an equipment for themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Who, for people: `execution 42.3`, `admin (API)`.
    pub label: String,
    /// After how long the lease expires: its operations then fail with [`ErrorKind::Busy`], and others
    /// may take the equipment. `None`: never.
    pub limit: Option<Duration>,
}

/// All equipment that is spoken to from here. Clones share it.
#[derive(Clone)]
pub struct Bench {
    inner: Arc<Inner>,
}

struct Inner {
    config: BenchConfig,
    acquisitions: Acquisitions,
    keeper: watch::Sender<Option<Arc<dyn Keeper>>>,
    slots: Mutex<BTreeMap<String, Arc<Slot>>>,
    stopping: AtomicBool,
}

impl Bench {
    /// A bench with nothing on it. It starts nothing, and is to be used within a tokio runtime.
    #[must_use]
    pub fn new(config: BenchConfig) -> Self {
        let inner = Inner {
            config,
            acquisitions: Acquisitions::new(),
            keeper: watch::Sender::new(None),
            slots: Mutex::default(),
            stopping: AtomicBool::new(false),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Gives it its keeper; who needs one before waits for it. Another one later takes its place.
    pub fn attach(&self, keeper: Arc<dyn Keeper>) {
        self.inner.keeper.send_replace(Some(keeper));
    }

    /// The keeper, once there is one.
    pub async fn keeper(&self) -> Arc<dyn Keeper> {
        let mut keeper = self.inner.keeper.subscribe();
        loop {
            if let Some(keeper) = keeper.borrow_and_update().clone() {
                return keeper;
            }
            if keeper.changed().await.is_err() {
                // The sender is in this very bench.
                std::future::pending::<()>().await;
            }
        }
    }

    /// The present by the wall clock: the keeper's, or this machine's before there is one.
    #[must_use]
    pub fn now(&self) -> Micros {
        if let Some(keeper) = self.inner.keeper.borrow().as_ref() {
            return keeper.now();
        }
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Micros(0).plus(since)
    }

    /// How it works.
    #[must_use]
    pub fn config(&self) -> &BenchConfig {
        &self.inner.config
    }

    /// The driver of an equipment: the one it names, else the one that fits its identity best, else the
    /// generic one of its kind. Nothing is sent.
    ///
    /// # Errors
    /// It names a driver that there is not, or that is for another kind of equipment.
    pub fn driver(&self, equipment: &Equipment) -> Result<Arc<Driver>, Error> {
        let kind = equipment.kind.name();
        let Some(name) = &equipment.driver else {
            let Identity { manufacturer, model, firmware, .. } = &equipment.identity;
            let found = self.drivers().find(kind, manufacturer, model, firmware);
            return found.ok_or_else(|| {
                let message = format!("there is no driver for equipment of the type {kind}");
                sentence::of(&equipment.id, Error::new(ErrorKind::Invalid, message))
            });
        };
        let message = match self.drivers().named(name) {
            Some(driver) if driver.kind() == kind => return Ok(driver),
            Some(driver) => {
                let other = driver.kind();
                format!(
                    "its driver '{name}' is for equipment of the type {other}, and it is a {kind}"
                )
            }
            None => {
                let known = self.drivers().all().filter(|driver| driver.kind() == kind);
                let known: Vec<&str> = known.map(|driver| driver.name()).collect();
                let known = known.join(", ");
                format!("there is no driver '{name}'; those for its type are {known}")
            }
        };
        Err(sentence::of(&equipment.id, Error::new(ErrorKind::Invalid, message)))
    }

    /// How long a duration of a plan lasts at this bench's pace.
    pub(crate) fn paced(&self, duration: Duration) -> Duration {
        acquisition::paced(duration, self.config().pace)
    }

    /// The drivers.
    #[must_use]
    pub fn drivers(&self) -> &Catalogue {
        &self.inner.config.drivers
    }

    /// The acquisitions under way.
    #[must_use]
    pub fn acquisitions(&self) -> &Acquisitions {
        &self.inner.acquisitions
    }

    /// What is known of an equipment. Nothing is sent.
    #[must_use]
    pub fn status(&self, id: &str) -> EquipmentStatus {
        let slots = self.inner.slots.lock().unwrap_or_else(PoisonError::into_inner);
        match slots.get(id) {
            Some(slot) => slot.status(self.now()),
            None => EquipmentStatus { health_score: 100, ..EquipmentStatus::default() },
        }
    }

    /// To how many equipment there is a connection.
    #[must_use]
    pub fn connected(&self) -> usize {
        let now = self.now();
        self.slots().iter().filter(|slot| slot.status(now).connected).count()
    }

    /// Lets an equipment be tried at once that could not be reached lately: somebody says that it is
    /// there again.
    pub fn retry(&self, id: &str) {
        self.slot(id).retry();
    }

    /// Connects to what may not be registered, asks who it is, and closes.
    ///
    /// # Errors
    /// The resource cannot be meant, or nobody there says who it is.
    pub async fn probe(resource: &str, settings: &EquipmentSettings) -> Result<Identity, Error> {
        let place = Resource::parse(resource)?;
        let settings = line::settings(&Protocol::default(), settings);
        let mut session = Session::open(&place, settings).await?;
        session.identify().await
    }

    fn idle_close(&self, equipment: &Equipment) -> Duration {
        let own = equipment.settings.idle_close_ms;
        own.map_or(self.config().idle_close, |millis| Duration::from_millis(u64::from(millis)))
    }

    fn slot(&self, id: &str) -> Arc<Slot> {
        let mut slots = self.inner.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(id.to_owned()).or_insert_with(|| Slot::new(id)))
    }

    fn slots(&self) -> Vec<Arc<Slot>> {
        let slots = self.inner.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.values().map(Arc::clone).collect()
    }
}

impl std::fmt::Debug for Bench {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bench").field("config", &self.inner.config).finish_non_exhaustive()
    }
}
