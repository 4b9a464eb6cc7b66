//! The daemon: data directory, store, runtime, socket and signals put together.

mod acquisitions;
mod alarms;
mod outstations;
mod records;
mod signals;
mod tcp;
mod trail;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use station_core::engine::Config;

use self::alarms::Alarms;
use self::outstations::Known;
use self::records::Records;
use self::signals::Signals;
pub use self::signals::on_signals;
use self::trail::Trail;
use crate::access::Listen;
use crate::api;
use crate::audit::Syslog;
use crate::config::{self, ConfigError};
use crate::exporter;
use crate::link;
use crate::notify::{Channels, Outbox};
use crate::port::StoreError;
use crate::runtime::{self, DataDir, Handle, LockError, Mode, Parts};
use crate::server::Server;
use crate::store;
use station_instrument::bench::{Bench, BenchConfig};
use station_instrument::driver::Catalogue;
use station_outstation::desk::Outstations;

/// How long tasks that still hang at the end are waited for.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What a daemon is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where its state lives.
    pub data_dir: PathBuf,
    /// Where its store is; `station.db` in the data directory when `None`.
    pub store: Option<String>,
    /// Where it listens besides its Unix socket.
    pub listen: Listen,
    /// How many local commands run at once.
    pub max_running: usize,
    /// How long runs may go on after the first signal.
    pub shutdown_limit: Duration,
    /// How long firing is held at most for a clock that cannot be trusted.
    pub clock_wait: Duration,
    /// How many bytes of output are kept over all executions.
    pub output_budget: u64,
    /// How long ended executions are kept; `None` for ever.
    pub retention: Option<Duration>,
    /// Where alarms are told.
    pub channels: Channels,
    /// Where metrics are served.
    pub metrics: Option<SocketAddr>,
    /// The file it was configured by, when there is one.
    pub configuration: Option<PathBuf>,
    /// The file to which checkpoints of the audit trail are appended.
    pub audit_witness: Option<PathBuf>,
    /// How many bytes are free where the store is, or nothing is commanded.
    pub keep_free: u64,
    /// Where the audit trail is sent by syslog.
    pub audit_syslog: Option<Syslog>,
    /// How many times faster durations of work with instruments pass: 1, and more in tests.
    pub pace: u32,
}

impl Options {
    /// The defaults over a data directory.
    #[must_use]
    pub fn new(data_dir: PathBuf) -> Self {
        let config = Config::default();
        Self {
            data_dir,
            store: None,
            listen: Listen::default(),
            max_running: MAX_RUNNING,
            shutdown_limit: Duration::from_secs(30),
            clock_wait: config.clock_wait,
            output_budget: config.output_budget,
            retention: config.retention,
            channels: Channels::default(),
            metrics: None,
            configuration: None,
            audit_witness: None,
            keep_free: KEEP_FREE,
            audit_syslog: None,
            pace: 1,
        }
    }

    /// The defaults over a data directory, and what its configuration, or the one named, says.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn load(data_dir: PathBuf, configuration: Option<&Path>) -> Result<Self, StartError> {
        let settings = config::load(&data_dir, configuration)?;
        let named = configuration.map_or_else(|| data_dir.join(config::FILE), Path::to_owned);
        let usual = Self::new(data_dir);
        Ok(Self {
            max_running: settings.running.unwrap_or(usual.max_running),
            shutdown_limit: settings.shutdown.unwrap_or(usual.shutdown_limit),
            clock_wait: settings.clock_wait.unwrap_or(usual.clock_wait),
            output_budget: settings.output_bytes.unwrap_or(usual.output_budget),
            retention: settings.retention,
            channels: settings.channels,
            audit_witness: settings.audit_witness,
            keep_free: settings.keep_free.unwrap_or(usual.keep_free),
            audit_syslog: settings.audit_syslog,
            configuration: Some(named).filter(|path| path.exists()),
            ..usual
        })
    }
}

/// How many local commands run at once: enough that a hundred jobs of the same second do not wait for
/// each other (cron has no limit at all), few enough that a thousand do not bring a small machine down.
pub const MAX_RUNNING: usize = 128;

/// How many bytes are kept free for the audit trail: some hundred thousand commands.
const KEEP_FREE: u64 = 64 << 20;

/// Why a daemon cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A driver of the user's cannot be used.
    #[error("{0}")]
    Driver(String),
    /// The socket or the runtime cannot be made.
    #[error("{0}")]
    System(String),
}

/// A station at work: as long as it lives, the data directory is locked.
pub struct Station {
    /// To ask it.
    pub handle: Handle,
    /// Its instruments.
    pub bench: Bench,
    /// Its outstations.
    pub outstations: Outstations,
    alarms: Alarms,
    dir: DataDir,
    /// The lock of a store outside the data directory.
    _elsewhere: Option<DataDir>,
}

impl Station {
    /// Locks the data directory, opens the store and starts the runtime; needs a tokio runtime.
    ///
    /// # Errors
    /// When any of that fails; nothing is changed then.
    pub fn open(options: &Options, mode: Mode) -> Result<Self, StartError> {
        let dir = DataDir::lock(&options.data_dir, mode)?;
        keep_descriptors_from_commands();
        let mut elsewhere = None;
        let path = match &options.store {
            Some(url) => {
                let named = store::named(url)?;
                elsewhere = Some(DataDir::lock_file(&named, mode)?);
                named
            }
            None => dir.database(),
        };
        let (store, reader) = store::open(&path)?;
        let bench = bench(options)?;
        let cut_off = match mode {
            Mode::Daemon => acquisitions::cut_off(&reader)?,
            Mode::Embedded | Mode::Offline => Vec::new(),
        };
        let id = store.id().to_owned();
        let config = Config {
            max_running: options.max_running,
            clock_wait: options.clock_wait,
            output_budget: options.output_budget,
            retention: options.retention,
            channels: options.channels.names(),
            ..Config::default()
        };
        let (outstations, around) = outstations::desk(mode, &path, options.keep_free);
        let known = Known::read(&reader)?;
        let (instruments, desk) = (bench.clone(), outstations.clone());
        let handle = runtime::start(Parts {
            mode,
            config,
            data_dir: dir.path().to_owned(),
            links: Box::new(move |sink, station| {
                around.attach(station);
                known.tell(&desk);
                link::table(&id, instruments, desk, sink)
            }),
            store,
            reader,
            notifier: Arc::new(Outbox::new(options.channels.clone())),
        })?;
        bench.attach(Arc::new(Records(handle.clone())));
        acquisitions::end(cut_off, &handle);
        let alarms = Alarms::new(handle.clone());
        trail::announce(&handle, &alarms);
        Ok(Self { handle, bench, outstations, alarms, dir, _elsewhere: elsewhere })
    }

    /// Tells others what the station does from now on: `Embedded` while it carries out the jobs it
    /// adopts, `Offline` when it is about to be done.
    pub fn describe(&mut self, mode: Mode) {
        self.dir.describe(mode);
        self.handle.set_status(|status| status.mode = mode);
    }

    /// What answers requests.
    pub fn router(&self) -> axum::Router {
        api::router(self.handle.clone(), self.bench.clone(), self.outstations.clone())
    }

    /// Listens on the data directory's socket.
    ///
    /// # Errors
    /// When the socket cannot be made.
    pub fn listen(&self) -> Result<Server, StartError> {
        Server::bind(&self.dir.socket()).map_err(StartError::System)
    }
}

/// The station's instruments: none is connected before it is used.
fn bench(options: &Options) -> Result<Bench, StartError> {
    let own = options.data_dir.join("drivers");
    let drivers = if own.is_dir() {
        Catalogue::with_directory(&own).map_err(|error| StartError::Driver(error.message))?
    } else {
        Catalogue::built_in()
    };
    let directory = options.data_dir.join("acquisitions");
    let pace = options.pace;
    Ok(Bench::new(BenchConfig { drivers, directory, pace, ..BenchConfig::default() }))
}

/// Marks what this process was started with beyond the three standard streams, so that no command
/// inherits it. What is opened later is marked as it is opened.
#[expect(unsafe_code, reason = "close_range has no safe wrapper; it only sets flags here")]
fn keep_descriptors_from_commands() {
    let flags = libc::CLOSE_RANGE_CLOEXEC.cast_signed();
    // SAFETY: with this flag nothing is closed; every descriptor stays valid for its owner.
    // Kernels before 5.11 do not know it, and then descriptors are inherited as ever.
    unsafe { libc::close_range(3, libc::c_uint::MAX, flags) };
}

/// A tokio runtime fit for a daemon: two threads, since the work is done by the dispatcher and the
/// commands themselves.
///
/// # Errors
/// When the system gives no threads.
pub fn tokio_runtime() -> Result<tokio::runtime::Runtime, StartError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| StartError::System(format!("cannot start the runtime: {error}")))
}

/// Makes the data directory, if it can be made; whether it can be used is seen at the start.
///
/// # Errors
/// When it cannot be made or belongs to somebody else.
pub fn prepare(options: &Options) -> Result<(), StartError> {
    DataDir::make(&options.data_dir).map_err(StartError::Lock)
}

/// Runs a daemon until it is told to stop.
///
/// # Errors
/// When it cannot start, or ends by a defect of the program.
pub fn serve(options: &Options) -> Result<(), StartError> {
    let runtime = tokio_runtime()?;
    let served = runtime.block_on(run(options));
    // A mail system or a file system that hangs does not keep the daemon from ending.
    runtime.shutdown_timeout(LAST_WORDS);
    served
}

async fn run(options: &Options) -> Result<(), StartError> {
    // Before anything is started: a signal that comes meanwhile ends it in good order.
    let mut signals = Signals::listen()?;
    let tcp = tcp::listen(options)?;
    let station = open_patiently(options).await?;
    let trail = Trail::keep(options, &station.handle, station.alarms.clone())?;
    let server = station.listen()?;
    let exporter = match options.metrics {
        Some(at) => Some(exporter::start(at, station.handle.clone()).map_err(StartError::System)?),
        None => None,
    };
    let router = station.router();
    let mut serving = tokio::task::JoinSet::new();
    if let Some(tcp) = tcp {
        let tokens = tcp::tokens(options, &station.handle).await?;
        let tcp = tcp.telling(trail::logins(&station.handle));
        serving.spawn(tcp.serve(router.clone(), tokens));
    }
    serving.spawn(server.serve(router));
    tracing::info!(
        data_dir = %options.data_dir.display(),
        version = env!("CARGO_PKG_VERSION"),
        "ready"
    );
    // Without systemd there is nobody to tell.
    drop(sd_notify::notify(&[sd_notify::NotifyState::Ready]));
    stop_on_signals(&mut signals, &station.handle, options.shutdown_limit).await;
    drop(sd_notify::notify(&[sd_notify::NotifyState::Stopping]));
    station.bench.shut_down().await;
    trail.finish().await;
    // Answers already on their way may still go out.
    tokio::time::sleep(Duration::from_millis(20)).await;
    if let Some(exporter) = exporter {
        exporter.abort();
    }
    // The socket's file goes before the lock does; after that it could be another daemon's.
    serving.shutdown().await;
    if station.handle.has_crashed() {
        let text = "the station stopped by a defect of the program; what it said stands in the log";
        return Err(StartError::System(text.to_owned()));
    }
    tracing::info!("stopped");
    Ok(())
}

/// Opens the station; a command line that holds the directory briefly is waited for.
async fn open_patiently(options: &Options) -> Result<Station, StartError> {
    for _ in 0..100 {
        match Station::open(options, Mode::Daemon) {
            Err(StartError::Lock(LockError::Held { brief: true, .. })) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            other => return other,
        }
    }
    Station::open(options, Mode::Daemon)
}

/// The first signal shuts down gracefully, the second at once.
async fn stop_on_signals(signals: &mut Signals, handle: &Handle, limit: Duration) {
    let mut told = false;
    loop {
        tokio::select! {
            () = signals.next() => {}
            () = handle.stopped() => return,
        }
        if told {
            tracing::warn!("told twice: ending all runs at once");
            handle.abort();
        } else {
            tracing::info!(?limit, "shutting down: no more runs are started");
            handle.shut_down(limit);
        }
        told = true;
    }
}
