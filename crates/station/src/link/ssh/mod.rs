//! The link to nodes: commands over SSH or ush, by the library that speaks it.
//!
//! ```text
//! start ─▶ plan ─▶ connect ─▶ watch: read, write, flush, time ─▶ Ended
//!            │        │         ▲
//!            └────────┴─▶ NotStarted, unreachable or not
//!                     ▲         │
//!                     └─────────┴─ signal: gives the connection up, or goes to the group there
//! ```
//!
//! A run is one task. Its process group is another machine's: signals are noted, and the task passes
//! them on. What was captured around a job (directory, umask, environment) is of this machine and
//! stays here.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use station_core::model::{ExecutionId, Node, ProcessRecord};
use station_remote::{Client, ClientConfig, Route};

use super::runs::Runs;
use crate::port::{RunRequest, RunSink, StopSignal, SurvivorReport};

mod plan;
mod run;
mod search;
mod survivors;
mod watch;

/// How the link to nodes works.
#[derive(Clone, Debug)]
pub struct SshConfig {
    /// The store's id: with the execution's, it marks every command of ours.
    pub instance: String,
    /// How often collected output is sent at most.
    pub flush_interval: Duration,
    /// How long it may take until a command runs on its node.
    pub connect_timeout: Duration,
    /// How long a command that was killed is awaited, before its end is called unknown.
    pub kill_timeout: Duration,
    /// How nodes are reached.
    pub client: ClientConfig,
}

impl SshConfig {
    /// The defaults for a store of that id, with what the environment says of SSH.
    #[must_use]
    pub fn new(instance: impl Into<String>) -> Self {
        Self {
            instance: instance.into(),
            flush_interval: Duration::from_millis(50),
            connect_timeout: Duration::from_secs(10),
            kill_timeout: Duration::from_secs(30),
            client: ClientConfig::from_env(),
        }
    }
}

/// Runs commands on nodes. Clones share their runs and connections.
#[derive(Clone)]
pub struct SshLink {
    shared: Arc<Shared>,
}

/// What all runs of a link use.
struct Shared {
    config: SshConfig,
    runs: Arc<Runs>,
    client: Arc<OnceLock<Client>>,
}

impl SshLink {
    /// A link that reports to `sink`. It connects to nothing yet.
    pub fn new(config: SshConfig, sink: Arc<dyn RunSink>) -> Self {
        let (runs, client) = (Arc::new(Runs::new(sink)), Arc::default());
        Self { shared: Arc::new(Shared { config, runs, client }) }
    }

    /// A link with runs of its own that reports to `sink`, over the same connections.
    pub(in crate::link) fn beside(&self, sink: Arc<dyn RunSink>) -> Self {
        let (config, client) = (self.shared.config.clone(), Arc::clone(&self.shared.client));
        let runs = Arc::new(Runs::new(sink));
        Self { shared: Arc::new(Shared { config, runs, client }) }
    }

    /// Starts a run on a node; every outcome, also failure to reach it, comes back as exactly one
    /// [`RunEvent::Ended`](crate::port::RunEvent::Ended). Never blocks.
    ///
    /// Must be called inside a tokio runtime. An execution is started again only after its end.
    pub fn start(&self, node: Node, request: RunRequest) {
        let live = self.shared.runs.enter(request.execution);
        tokio::spawn(run::run(Arc::clone(&self.shared), live, node, request));
    }

    /// Signals the run's process group on its node; false when it is not running any more. A signal
    /// that comes before the command runs gives the start up.
    pub fn signal(&self, execution: ExecutionId, signal: StopSignal) -> bool {
        self.shared.runs.signal(execution, signal)
    }

    /// Kills all runs at once.
    pub fn kill_all(&self) {
        self.shared.runs.kill_all();
    }

    /// Finds and ends what a killed daemon left behind on a node.
    pub fn end_survivors(
        &self,
        node: Node,
        runs: Vec<(ExecutionId, Option<ProcessRecord>)>,
        grace: Duration,
        report: SurvivorReport,
    ) {
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move { report(survivors::end(&shared, &node, runs, grace).await) });
    }
}

impl Shared {
    /// Made at the first use: a station without nodes leaves no trace of one.
    fn client(&self) -> &Client {
        self.client.get_or_init(|| Client::new(self.config.client.clone()))
    }
}

/// How a node is reached.
fn route(node: &Node) -> Route {
    Route {
        user: node.user.clone(),
        port: node.port,
        kind: node.kind,
        relay: node.relay.clone(),
        host_keys: node.host_keys,
        ..Route::ssh(node.address.as_str())
    }
}

impl std::fmt::Debug for SshLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SshLink").field("config", &self.shared.config).finish_non_exhaustive()
    }
}
