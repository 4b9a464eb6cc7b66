//! The process of a plain channel: until it is up, and its end.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::{Arc, Weak};
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::io::ioctl_fionread;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, kill_process_group};
use station_core::model::NodeKind;
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep_until};

use super::argv::argv;
use crate::channel::{Channel, ChannelEnd, lasting};
use crate::classify::{self, Peer};
use crate::failure::{Failure, FailureKind};
use crate::master::{Keeper, Log, Pool, in_words};
use crate::route::Route;

/// The process of one command, in a process group of its own. Dropped, the group is ended.
struct Process {
    child: Child,
    group: Option<Pid>,
    keeper: Weak<Keeper>,
    log: Log,
}

/// Our ends of its pipes.
type Pipes = (Sender, Receiver, Receiver);

/// Starts the process; for `ssh`, returns when it is connected.
pub(crate) async fn open(
    pool: &Pool,
    route: &Route,
    remote: &str,
    limit: Duration,
) -> Result<Channel, Failure> {
    let deadline = Instant::now() + limit;
    let permit = match &route.relay {
        Some(relay) => Some(pool.relay(relay, deadline).await?),
        None => None,
    };
    let base = pool.base()?;
    let log = base.log(route, pool.number());
    let written = base.watch(log.path());
    let argv = argv(&pool.config, route, remote, limit, log.path());
    let keeper = base.keeper()?;
    drop(base);
    let (mut process, pipes) = start(&argv, keeper, log).map_err(|error| {
        let program = argv.first().map(|program| program.display().to_string());
        let message = format!("{} could not be started: {error}", program.unwrap_or_default());
        Failure::new(FailureKind::Local, message)
    })?;
    let owned = Owned::new(route);
    if owned.by_ssh {
        loop {
            tokio::select! {
                biased;
                status = process.child.wait() => {
                    process.over();
                    let log = process.log.read();
                    let failed = matches!(&status, Ok(status) if status.code() != Some(255));
                    if !failed && !classify::is_up(&log) {
                        return Err(classify::connecting(owned.peer(), &log, &in_words(&status)));
                    }
                    break;
                }
                () = written.changed() => {
                    if classify::is_up(&process.log.read()) {
                        break;
                    }
                }
                // What speaks is there, also if it is no OpenSSH and writes no such log.
                true = speaks(&pipes.1) => break,
                () = sleep_until(deadline) => {
                    return Err(classify::timed_out(owned.peer(), &process.log.read(), limit));
                }
            }
        }
    }
    drop(permit);
    let (stdin, stdout, stderr) = pipes;
    let ended = lasting(async move { process.ended(&owned).await });
    Ok(Channel { stdin, stdout, stderr, ended })
}

/// Whether there is output; false at its end.
async fn speaks(stdout: &Receiver) -> bool {
    stdout.readable().await.is_ok() && ioctl_fionread(stdout).is_ok_and(|bytes| bytes > 0)
}

/// Whom a process talks to.
struct Owned {
    address: String,
    relay: Option<String>,
    /// It is an `ssh` of ours, not an `ush`.
    by_ssh: bool,
}

impl Owned {
    fn new(route: &Route) -> Self {
        let by_ssh = route.kind == NodeKind::Ssh || route.relay.is_some();
        Self { address: route.address.clone(), relay: route.relay.clone(), by_ssh }
    }

    fn peer(&self) -> Peer<'_> {
        match &self.relay {
            Some(relay) => Peer::Relay { relay, node: &self.address },
            None => Peer::Node(&self.address),
        }
    }
}

impl Process {
    async fn ended(mut self, owned: &Owned) -> ChannelEnd {
        let status = self.child.wait().await;
        self.over();
        let log = self.log.read();
        match &status {
            Ok(exited) if exited.code() == Some(255) && owned.by_ssh => {
                if !classify::is_up(&log) && !log.is_empty() {
                    return ChannelEnd::Lost(classify::connecting(owned.peer(), &log, ""));
                }
                if log.is_empty() || classify::has_ended(&log) {
                    return ChannelEnd::Exit(255);
                }
                ChannelEnd::Lost(classify::lost(owned.peer(), &log, &in_words(&status)))
            }
            Ok(status) => self.status(owned, *status),
            Err(_) => ChannelEnd::Lost(Failure::new(
                FailureKind::Local,
                format!("how the command for {} ended: it {}", owned.address, in_words(&status)),
            )),
        }
    }

    fn status(&self, owned: &Owned, status: ExitStatus) -> ChannelEnd {
        match (status.code(), status.signal()) {
            (Some(code), _) => ChannelEnd::Exit(code),
            (None, signal) => {
                let program = if owned.by_ssh { "ssh" } else { "ush" };
                let message = format!(
                    "the {program} process here for {} was ended by signal {}",
                    owned.address,
                    signal.unwrap_or_default()
                );
                ChannelEnd::Lost(Failure::new(FailureKind::Lost, message))
            }
        }
    }

    /// It has been reaped: its number may soon be another's.
    fn over(&mut self) {
        if let Some(group) = self.group.take()
            && let Some(keeper) = self.keeper.upgrade()
        {
            keeper.forget(group.as_raw_pid());
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            // Not reaped, so the number is still its own; it may have ended, though.
            if let Err(error) = kill_process_group(group, Signal::KILL) {
                tracing::debug!(%error, "the process of a channel could not be ended");
            }
        }
        self.over();
    }
}

fn start(argv: &[OsString], keeper: Arc<Keeper>, log: Log) -> io::Result<(Process, Pipes)> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    // Only our own ends do not block: what the program makes of the others is not known.
    let pipe = || pipe_with(PipeFlags::CLOEXEC);
    let ((stdin, stdin_here), (stdout_here, stdout), (stderr_here, stderr)) =
        (pipe()?, pipe()?, pipe()?);
    let ours = |end: OwnedFd| fcntl_setfl(&end, OFlags::NONBLOCK).map(|()| end);
    let pipes = (
        Sender::from_owned_fd_unchecked(ours(stdin_here)?)?,
        Receiver::from_owned_fd_unchecked(ours(stdout_here)?)?,
        Receiver::from_owned_fd_unchecked(ours(stderr_here)?)?,
    );
    let child = Command::new(program)
        .args(arguments)
        .env("SSH_ASKPASS_REQUIRE", "never")
        .stdin(stdin)
        .stdout(stdout)
        .stderr(stderr)
        .process_group(0)
        .spawn()?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(group) = group {
        keeper.keep(group.as_raw_pid());
    }
    Ok((Process { child, group, keeper: Arc::downgrade(&keeper), log }, pipes))
}
