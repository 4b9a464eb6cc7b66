//! The process of a master: `ssh -M -N` in the foreground, and the way until it is up.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use station_core::model::HostKeys;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep_until};

use super::base::{Base, Log};
use super::directory;
use crate::classify::{self, Peer};
use crate::client::ClientConfig;
use crate::failure::{Failure, FailureKind};
use crate::route::Route;

/// A master whose connection is up.
#[derive(Debug)]
pub(super) struct Process {
    /// Ended when this value is dropped.
    pub(super) child: Child,
    /// Where it takes commands.
    pub(super) socket: PathBuf,
    /// What it has said.
    pub(super) log: Log,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) struct Unconnected {
    /// In words.
    pub(super) failure: Failure,
    /// The host closed the connection before the login; it may do better in a moment.
    pub(super) dropped: bool,
}

/// Starts a master and waits until it takes commands, at most until the deadline.
pub(super) async fn connect(
    base: Arc<Base>,
    config: &ClientConfig,
    route: &Route,
    number: u64,
    limit: Duration,
    deadline: Instant,
) -> Result<Process, Unconnected> {
    let socket = base.socket(route, number);
    // Nothing of ours is there; something that is would keep ssh from listening.
    drop(std::fs::remove_file(&socket));
    let up = base.watch(&socket);
    let log = base.log(route, number);
    let keeper = base.keeper()?;
    let argv = argv(config, route, &socket, limit);
    let child = spawn(&config.ssh, &argv, &log, keeper.group()).map_err(|error| {
        let message = format!("{} could not be started: {error}", config.ssh.display());
        Failure::new(FailureKind::Local, message)
    })?;
    // Whoever drops the last client now ends this master with the others.
    drop((keeper, base));
    let mut process = Process { child, socket, log };
    let peer = Peer::Node(&route.address);
    let failure = tokio::select! {
        () = up.changed() => return Ok(process),
        status = process.child.wait() => {
            let log = process.log.read();
            let failure = classify::connecting(peer, &log, &in_words(&status));
            return Err(Unconnected { failure, dropped: classify::was_dropped(&log) });
        }
        () = sleep_until(deadline) => classify::timed_out(peer, &process.log.read(), limit),
    };
    process.end().await;
    Err(failure.into())
}

impl Process {
    /// Ends it at once.
    pub(super) async fn end(&mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::warn!(%error, "a connection's ssh could not be ended");
        }
    }
}

impl From<Failure> for Unconnected {
    fn from(failure: Failure) -> Self {
        Self { failure, dropped: false }
    }
}

/// How a process ended, as a predicate.
pub(crate) fn in_words(status: &io::Result<ExitStatus>) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => format!("exited with status {code}"),
            (None, signal) => format!("was ended by signal {}", signal.unwrap_or_default()),
        },
        Err(error) => format!("ended in a way that could not be learned ({error})"),
    }
}

/// What all our `ssh` processes are told: never to ask, when to give up, what not to do.
pub(crate) fn common_arguments(
    config: &ClientConfig,
    host_keys: HostKeys,
    limit: Duration,
) -> Vec<OsString> {
    let mut argv: Vec<OsString> = Vec::new();
    if let Some(file) = &config.config_file {
        argv.extend(["-F".into(), file.into()]);
    }
    argv.push("-T".into());
    // A little less than our own limit: its message is more exact than ours.
    let seconds = limit.as_secs().saturating_sub(1).max(1);
    let mut options = vec![
        "BatchMode=yes".to_owned(),
        format!("ConnectTimeout={seconds}"),
        format!("ServerAliveInterval={}", config.alive.as_secs().max(1)),
        "ServerAliveCountMax=2".to_owned(),
        "ClearAllForwardings=yes".to_owned(),
        "ForwardX11=no".to_owned(),
        "Tunnel=no".to_owned(),
        "PermitLocalCommand=no".to_owned(),
        "RemoteCommand=none".to_owned(),
        "EscapeChar=none".to_owned(),
        "ControlPersist=no".to_owned(),
    ];
    match host_keys {
        HostKeys::Config => {}
        HostKeys::AcceptNew => options.push("StrictHostKeyChecking=accept-new".to_owned()),
        HostKeys::Strict => options.push("StrictHostKeyChecking=yes".to_owned()),
    }
    options.extend(config.options.iter().cloned());
    argv.extend(options.into_iter().flat_map(|option| ["-o".into(), option.into()]));
    argv
}

fn argv(config: &ClientConfig, route: &Route, socket: &Path, limit: Duration) -> Vec<OsString> {
    let mut argv: Vec<OsString> = ["-M", "-N", "-S"].map(Into::into).into();
    argv.push(directory::as_argument(socket));
    argv.extend(["-o", "LogLevel=VERBOSE"].map(Into::into));
    argv.extend(common_arguments(config, route.host_keys, limit));
    if let Some(port) = route.port {
        argv.extend(["-p".into(), port.to_string().into()]);
    }
    if let Some(user) = &route.user {
        argv.extend(["-l".into(), user.into()]);
    }
    argv.extend(["--".into(), route.address.clone().into()]);
    argv
}

fn spawn(ssh: &Path, argv: &[OsString], log: &Log, group: i32) -> io::Result<Child> {
    // Not by -E: what a ProxyJump's or a ProxyCommand's own process says belongs into it too.
    let log = directory::create_log(log.path())?;
    Command::new(ssh)
        .args(argv)
        .env("SSH_ASKPASS_REQUIRE", "never")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(group)
        .kill_on_drop(true)
        .spawn()
}
