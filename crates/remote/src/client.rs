//! The client: its settings, and the connections that commands share.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::channel::Channel;
use super::failure::Failure;
use super::plain;
use super::route::Route;

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

/// Reaches hosts. Clones share their connections, which end with the last of them.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

/// What all clones of a client use.
#[derive(Debug)]
struct Shared {
    config: ClientConfig,
}

impl Client {
    /// A client. It connects to nothing yet.
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        Self { shared: Arc::new(Shared { config }) }
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &ClientConfig {
        &self.shared.config
    }

    /// Opens a channel in which `remote`, a text for the login shell, is run.
    pub(crate) async fn open(
        &self,
        route: &Route,
        remote: &str,
        connect: Duration,
    ) -> Result<Channel, Failure> {
        route.check()?;
        plain::open(self.config(), route, remote, connect).await
    }
}
