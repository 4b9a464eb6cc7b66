//! The client: its settings, and the connections that commands share.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::channel::Channel;
use super::failure::Failure;
use super::master::{Place, Pool};
use super::plain;
use super::route::Route;
use station_core::model::NodeKind;

/// Of so many hosts it is remembered that they read guards; beyond that, all are forgotten, which
/// costs each of them a tenth of a millisecond.
const MOST_READERS: usize = 10_000;

/// How hosts are reached.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// OpenSSH's client.
    pub ssh: PathBuf,
    /// The program for [`NodeKind::Ush`](station_core::model::NodeKind::Ush).
    pub ush: PathBuf,
    /// `ssh -F`; from `STATION_SSH_CONFIG`, else `FIWI_SSH_CONFIG`.
    pub config_file: Option<PathBuf>,
    /// Further `-o` options.
    pub options: Vec<String>,
    /// Where sockets and logs lie, private to this client; `None`: a new directory below
    /// `$XDG_RUNTIME_DIR` or `/tmp`.
    pub directory: Option<PathBuf>,
    /// How many commands share a connection at most; two more sessions are left for ending them.
    pub sessions: usize,
    /// How many connections are kept at most.
    pub masters: usize,
    /// After how long an unused connection is closed.
    pub idle: Duration,
    /// How often a silent host is asked whether it is there; after two unanswered questions it is
    /// lost.
    pub alive: Duration,
    /// How many connections to one relay or jump host may be in the making at once.
    pub connects: usize,
}

impl ClientConfig {
    /// The defaults, with what the environment says.
    #[must_use]
    pub fn from_env() -> Self {
        let file = |name| std::env::var_os(name).filter(|value: &OsString| !value.is_empty());
        Self {
            ssh: "/usr/bin/ssh".into(),
            ush: "/usr/local/bin/ush".into(),
            config_file: file("STATION_SSH_CONFIG")
                .or_else(|| file("FIWI_SSH_CONFIG"))
                .map(Into::into),
            options: Vec::new(),
            directory: None,
            sessions: 8,
            masters: 64,
            idle: Duration::from_secs(60),
            alive: Duration::from_secs(15),
            connects: 10,
        }
    }
}

/// Reaches hosts. Clones share their connections, which end with the last of them. It belongs to
/// the runtime of its first command.
#[derive(Clone, Debug)]
pub struct Client {
    config: Arc<ClientConfig>,
    pool: Arc<Pool>,
    /// Where the login shell has read a guard before.
    readers: Arc<Mutex<HashSet<Route>>>,
}

impl Client {
    /// A client. It connects to nothing yet.
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        let config = Arc::new(config);
        Self { pool: Arc::new(Pool::new(config.clone())), config, readers: Arc::default() }
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &ClientConfig {
        &self.config
    }

    /// Whether the login shell there has read a guard before.
    pub(crate) fn reads_guards(&self, route: &Route) -> bool {
        self.readers().contains(route)
    }

    /// Takes note whether the login shell there can read a guard.
    pub(crate) fn note_reader(&self, route: &Route, reads: bool) {
        let mut readers = self.readers();
        if !reads {
            readers.remove(route);
            return;
        }
        if readers.len() >= MOST_READERS {
            readers.clear();
        }
        readers.insert(route.clone());
    }

    fn readers(&self) -> MutexGuard<'_, HashSet<Route>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a channel in which `remote`, a text for the login shell, is run. An error means that
    /// it has not begun.
    pub(crate) async fn open(
        &self,
        route: &Route,
        remote: &str,
        connect: Duration,
    ) -> Result<Channel, Failure> {
        self.open_in(route, remote, connect, Place::Usual).await
    }

    /// Opens a channel for ending another command or for looking after it: it may take one of the
    /// sessions that are left for that.
    pub(crate) async fn open_spare(
        &self,
        route: &Route,
        remote: &str,
        connect: Duration,
    ) -> Result<Channel, Failure> {
        self.open_in(route, remote, connect, Place::Spare).await
    }

    async fn open_in(
        &self,
        route: &Route,
        remote: &str,
        connect: Duration,
        place: Place,
    ) -> Result<Channel, Failure> {
        route.check()?;
        if route.kind == NodeKind::Ssh && route.relay.is_none() && route.multiplex {
            return self.pool.open(route, remote, connect, place).await;
        }
        plain::open(&self.pool, route, remote, connect).await
    }
}
