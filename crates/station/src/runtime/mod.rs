//! The thin shell around the engine: one dispatcher thread that stores, replies and performs.
//!
//! ```text
//!   API ─ requests ─▶┐
//!   links ─ events ─▶│ mailbox ─▶ dispatcher: engine.handle ─▶ store.commit ─▶ reply, publish, perform
//!   timers, clock ──▶┘                                                         │
//!             └──────────────────── ends of effects come back as inputs ◀──────┘
//! ```

mod clock;
mod dispatcher;
mod event;
mod handle;
mod hub;
mod lock;
mod machine;
mod mailbox;
mod measure;
mod perform;
mod stamp;
mod tail;
mod timers;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use station_core::audit::{self, Outstanding};
use station_core::engine::{Config, Input, Scope, Snapshot};
use station_core::model::ExecutionStatus;

pub use clock::{is_synchronised as clock_is_synchronised, sample as both_clocks, wall_now};
use dispatcher::Dispatcher;
pub use event::{Event, Happening};
pub use handle::{Handle, Mode, Signer, Status};
use hub::Hub;
pub use lock::{DataDir, LockError};
use mailbox::{Envelope, Mailbox};
pub use tail::Tail;
use timers::Timers;

use crate::port::{Link, Notifier, RunSink, Store, StoreError};
use crate::store::Reader;

/// What a runtime is started with.
pub struct Parts {
    /// Who carries jobs out.
    pub mode: Mode,
    /// The engine's settings.
    pub config: Config,
    /// The data directory.
    pub data_dir: PathBuf,
    /// The store's writing side.
    pub store: Box<dyn Store>,
    /// The store's reading side.
    pub reader: Reader,
    /// Makes the links.
    pub links: LinkMaker,
    /// Who sends mail.
    pub notifier: Arc<dyn Notifier>,
}

/// Makes the links, given where they report and the station around them. Nothing has begun yet then.
pub type LinkMaker = Box<dyn FnOnce(Arc<dyn RunSink>, &Handle) -> Box<dyn Link> + Send>;

/// Starts the dispatcher on a thread of its own; needs a tokio runtime around it for the links.
///
/// # Errors
/// When the store cannot be read or the timers cannot be made.
pub fn start(parts: Parts) -> Result<Handle, StoreError> {
    let Parts { mode, config, data_dir, mut store, reader, links, notifier } = parts;
    let io = |error: rustix::io::Errno| StoreError::io(format!("cannot make a timer: {error}"));
    let mailbox = Arc::new(Mailbox::new().map_err(io)?);
    let timers = Timers::new().map_err(io)?;
    let hub = Arc::new(Hub::default());
    let scope = match mode {
        Mode::Daemon => Scope::All,
        Mode::Embedded | Mode::Offline => Scope::Only(BTreeSet::new()),
    };
    let snapshot = store.snapshot(dispatcher::window(&config, &scope))?;
    let changed = machine::zones_version().filter(|now| snapshot.zones.as_ref() != Some(now));
    if let Some(version) = changed.filter(|_| mode == Mode::Daemon) {
        mailbox.put(Envelope::Input(Input::ZonesChanged { version }));
    }
    let booted = machine::boot().filter(|now| snapshot.boot.as_ref() != Some(now));
    if let Some(boot) = booted.filter(|_| mode == Mode::Daemon) {
        mailbox.put(Envelope::Input(Input::Booted { boot }));
    }
    let unfinished = match mode {
        Mode::Daemon => unfinished(store.as_mut(), &snapshot)?,
        Mode::Embedded | Mode::Offline => Vec::new(),
    };
    let tail = Tail::new(store.head(), reader.last_checkpoint()?.map_or(0, |last| last.seq));
    let handle = Handle::new(
        mode,
        data_dir,
        Arc::clone(&mailbox),
        Arc::clone(&hub),
        reader.clone(),
        tail,
        unfinished,
    );
    let link = links(Arc::clone(&mailbox) as Arc<dyn RunSink>, &handle);
    handle.record_later(handle.unfinished().iter().map(audit::unfinished).collect());
    let (engine, first) = dispatcher::start(config.clone(), scope.clone(), snapshot);
    let dispatcher = Dispatcher::new(
        dispatcher::Setup { config, scope, notifier, reader },
        engine,
        store,
        mailbox,
        timers,
        hub,
        link,
        handle.clone(),
    );
    // Before anybody can ask: a held clock is seen from the first answer on.
    dispatcher.show_status();
    let runtime = tokio::runtime::Handle::current();
    std::thread::Builder::new()
        .name("dispatcher".into())
        .spawn(move || {
            let _inside = runtime.enter();
            dispatcher.run(first);
        })
        .map_err(|error| StoreError::io(format!("cannot start the dispatcher thread: {error}")))?;
    Ok(handle)
}

/// The intents without an outcome that nobody will find one for: the engine itself ends the runs that
/// were under way.
fn unfinished(store: &mut dyn Store, snapshot: &Snapshot) -> Result<Vec<Outstanding>, StoreError> {
    let running = snapshot.live.iter().map(|(_, execution)| execution);
    let running = running.filter(|execution| execution.status == ExecutionStatus::Running);
    let runs: BTreeSet<String> =
        running.map(|execution| audit::run(execution.id, execution.attempt)).collect();
    let mut intents = store.outstanding()?;
    intents.retain(|intent| !runs.contains(&intent.entry.correlation));
    for Outstanding { seq, entry } in &intents {
        let (subject, action) = (&entry.subject, &entry.action);
        tracing::warn!(seq, subject, action, "the station stopped before its outcome was known");
    }
    Ok(intents)
}
