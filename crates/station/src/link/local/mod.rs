//! The local link: starts commands on this machine, captures their output and signals them.
//!
//! ```text
//! start ─▶ plan ─▶ launch (posix_spawn) ─▶ watch: read, flush, time ─▶ reap ─▶ Ended
//!            │        │                      ▲
//!            └────────┴─▶ NotStarted         └─ signal (to the process group, while not reaped)
//! ```
//!
//! A run is one task. Its process leads a process group of its own. It is over when it has exited
//! and both pipes are at their end, or when a process it left behind has kept a pipe open for the
//! leak timeout: that one is left alone, since a command may legitimately leave a daemon. Once a
//! run was asked to stop, its group is waited for until it is gone or killed.
//!
//! Output is bounded in memory: unsent head (a few MiB; beyond them the pipe is not read and the
//! command waits for the store) and the ring that holds the tail.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use station_core::model::ExecutionId;

use super::runs::Runs;
use crate::port::{RunRequest, RunSink, StopSignal};

mod exit;
mod launch;
mod memory;
mod plain;
mod plan;
mod proc;
mod reader;
mod resolve;
mod run;
mod survivors;
mod watch;

pub use survivors::end_survivors;

use memory::PeakMemory;
use plan::Settings;

/// How the local link works.
#[derive(Clone, Debug)]
pub struct LocalConfig {
    /// The shell for command texts.
    pub shell: PathBuf,
    /// The store's id: with the execution's, it marks every process of ours.
    pub instance: String,
    /// How long a process left behind may hold a run's output open.
    pub leak_timeout: Duration,
    /// How often collected output is sent at most.
    pub flush_interval: Duration,
    /// Where programs are looked for when a captured environment has no PATH.
    pub path_fallback: OsString,
}

impl LocalConfig {
    /// The defaults for a store of that id.
    #[must_use]
    pub fn new(instance: impl Into<String>) -> Self {
        let bash = Path::new("/bin/bash");
        Self {
            shell: if bash.exists() { bash.into() } else { "/bin/sh".into() },
            instance: instance.into(),
            leak_timeout: Duration::from_secs(1),
            flush_interval: Duration::from_millis(50),
            path_fallback: "/usr/local/bin:/usr/bin:/bin".into(),
        }
    }
}

/// Runs commands on this machine. Clones share their runs.
#[derive(Clone)]
pub struct LocalLink {
    shared: Arc<Shared>,
}

/// What all runs of a link use.
struct Shared {
    settings: Settings,
    runs: Arc<Runs>,
    memory: PeakMemory,
}

impl LocalLink {
    /// A link that reports to `sink`.
    pub fn new(config: LocalConfig, sink: Arc<dyn RunSink>) -> Self {
        let nice = ["/usr/bin/nice", "/bin/nice"].into_iter().find(|path| Path::new(path).exists());
        let settings = Settings {
            config,
            umask: proc::own_umask(),
            odd_env: std::env::vars_os()
                .any(|(name, _)| plain::changes_shell(name.as_encoded_bytes())),
            nice: nice.unwrap_or("/usr/bin/nice").into(),
        };
        let runs = Arc::new(Runs::new(sink));
        Self { shared: Arc::new(Shared { settings, runs, memory: PeakMemory::default() }) }
    }

    /// A link with runs of its own that reports to `sink`, with the same settings.
    pub(in crate::link) fn beside(&self, sink: Arc<dyn RunSink>) -> Self {
        Self::new(self.shared.settings.config.clone(), sink)
    }

    /// The store's id that marks its processes.
    pub(in crate::link) fn instance(&self) -> &str {
        &self.shared.settings.config.instance
    }

    /// Starts a run; every outcome, also failure to start, comes back as exactly one
    /// [`RunEvent::Ended`](crate::port::RunEvent::Ended). Never blocks.
    ///
    /// Must be called inside a tokio runtime. An execution is started again only after its end.
    pub fn start(&self, request: RunRequest) {
        let live = self.shared.runs.enter(request.execution);
        tokio::spawn(run::run(Arc::clone(&self.shared), live, request));
    }

    /// Signals the run's process group; false when it is not running here any more. A signal that
    /// comes before the process exists is delivered once it does, or the start is given up.
    pub fn signal(&self, execution: ExecutionId, signal: StopSignal) -> bool {
        self.shared.runs.signal(execution, signal)
    }

    /// Kills all groups at once.
    pub fn kill_all(&self) {
        self.shared.runs.kill_all();
    }
}

impl std::fmt::Debug for LocalLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalLink").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}
