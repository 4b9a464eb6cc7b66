//! The desk: all outstations, and everything that is done with them by jobs and by people.
//!
//! ```text
//!  write ─▶ permit ─▶ previous value ─▶ intent, durable ─▶ permit again ─▶ frame ─▶ outcome, durable ─▶ Report
//!             │        (cache, C_RD)      │           (and between select and execute)
//!             └─ refused, recorded        └─ the trail fails: refused, nothing is sent
//! ```
//!
//! Each request is a task of its own, so that what was begun has its outcome in the trail whoever goes
//! away. A caller that goes away before the frame was sent takes the command with them. Nothing is ever
//! sent twice.

mod begun;
mod consent;
mod control;
mod dry_run;
mod events;
mod foresee;
mod grade;
mod ledger;
mod line;
mod look;
mod own_clock;
mod permitted;
mod previous;
mod question;
mod recall;
mod records;
mod repeats;
mod request;
mod rules;
mod spec;
mod trail;
mod view;
mod watch;
mod write;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use jiff::tz::TimeZone;
use station_core::model::{Now, Outstation};
use tokio::runtime::Handle;

pub use recall::Recall;
pub use request::{ControlRequest, Refused, Report};
pub use trail::{Act, Trail};
pub use view::{ConnectionView, CountersView, EndpointView, StatusView, UpkeepView, ValueView};
pub use watch::{Watch, Watched};

use ledger::Ledger;
use line::Line;
use repeats::Repeats;
use rules::Rules;

use crate::points::PointTable;

/// When outstations are connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connect {
    /// As long as they are registered.
    Always,
    /// Once something is asked of them: for a command line without a daemon.
    OnDemand,
}

/// Finds a zone by its name in the IANA database; a sentence says why there is none.
pub type Zones = fn(&str) -> Result<TimeZone, String>;

/// How the desk works.
#[derive(Clone, Debug)]
pub struct Options {
    /// The station's zone, in which hours are written.
    pub zone: TimeZone,
    /// Finds the zones that outstations' clocks show.
    pub zones: Zones,
    /// Both clocks; the monotonic one is that of expiries.
    pub clock: fn() -> Now,
    /// When outstations are connected to.
    pub connect: Connect,
}

/// All outstations.
#[derive(Clone)]
pub struct Outstations {
    shared: Arc<Shared>,
}

impl fmt::Debug for Outstations {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Outstations").field("names", &self.names()).finish()
    }
}

/// What all requests share.
struct Shared {
    trail: Arc<dyn Trail>,
    options: Options,
    runtime: Handle,
    posts: RwLock<BTreeMap<String, Arc<Post>>>,
    rules: RwLock<Rules>,
    /// By the names of outstations, also of those that were removed: whoever registers one anew gets no
    /// new limits with it.
    ledgers: Mutex<HashMap<String, Arc<Ledger>>>,
    /// How many requests are under way.
    busy: tokio::sync::watch::Sender<usize>,
    repeats: Arc<Repeats>,
}

/// An outstation as it is registered now.
struct Post {
    outstation: Arc<Outstation>,
    /// Its points, or what is wrong with them.
    table: Result<Arc<PointTable>, String>,
    line: Arc<Line>,
}

impl Outstations {
    /// No outstations yet. To be called within a runtime of tokio, in which sessions live.
    #[must_use]
    pub fn new(trail: Arc<dyn Trail>, options: Options) -> Self {
        let runtime = Handle::current();
        let shared = Shared {
            repeats: Repeats::new(Arc::clone(&trail), Some(runtime.clone())),
            trail,
            options,
            runtime,
            posts: RwLock::default(),
            rules: RwLock::default(),
            ledgers: Mutex::default(),
            busy: tokio::sync::watch::Sender::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The names of all outstations.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.shared.posts().keys().cloned().collect()
    }

    /// An outstation as it is registered.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arc<Outstation>> {
        Some(Arc::clone(&self.shared.post(name)?.outstation))
    }

    /// Closes all sessions at once, and waits until that is done and what was under way has told its
    /// outcome to the trail. What waits for an answer ends as unknown.
    pub async fn close(&self) {
        let posts: Vec<Arc<Post>> = self.shared.posts().values().cloned().collect();
        let sessions = posts.iter().filter_map(|post| post.line.take());
        let closing: tokio::task::JoinSet<()> =
            sessions.map(|session| async move { session.close().await }).collect();
        closing.join_all().await;
        let mut busy = self.shared.busy.subscribe();
        // The sender lives in `self`, so this ends only by the value.
        drop(busy.wait_for(|count| *count == 0).await);
        self.shared.repeats.flush();
    }
}

impl Shared {
    fn now(&self) -> Now {
        (self.options.clock)()
    }

    fn posts(&self) -> RwLockReadGuard<'_, BTreeMap<String, Arc<Post>>> {
        self.posts.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn posts_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Arc<Post>>> {
        self.posts.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn post(&self, name: &str) -> Option<Arc<Post>> {
        self.posts().get(name).cloned()
    }

    fn rules(&self) -> RwLockReadGuard<'_, Rules> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn rules_mut(&self) -> RwLockWriteGuard<'_, Rules> {
        self.rules.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn ledger(&self, name: &str) -> Arc<Ledger> {
        Arc::clone(lock(&self.ledgers).entry(name.to_owned()).or_default())
    }
}

/// Everything that is kept here is whole after every statement, also if somebody panics.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
