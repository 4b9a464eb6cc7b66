//! Beginning a command on a master, and healing what has gone wrong before it began.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::pipe::{PipeFlags, pipe_with};
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::pool::{Place, Pool, Slot};
use crate::channel::{Channel, ChannelEnd, lasting};
use crate::failure::{Failure, FailureKind};
use crate::mux::{LONGEST_COMMAND, Refusal, Session};
use crate::route::Route;

/// So many masters in a row may go before a command has begun.
const HEALED: u32 = 3;

/// Why a command has not begun.
enum Trouble {
    /// Another master may take it.
    Elsewhere,
    /// The master has gone; a new one may take it.
    Gone(io::Error),
    /// It will not begin.
    Failed(Failure),
}

impl Pool {
    /// Opens a channel over a master.
    pub(crate) async fn open(
        self: &Arc<Self>,
        route: &Route,
        remote: &str,
        limit: Duration,
        place: Place,
    ) -> Result<Channel, Failure> {
        fits(remote)?;
        let deadline = Instant::now() + limit;
        let route = Self::key(route);
        let mut gone = 0;
        loop {
            let slot = self.slot(&route, place, limit, deadline).await?;
            let master = slot.master().clone();
            match timeout_at(deadline, begin(slot, remote)).await {
                Ok(Ok(channel)) => return Ok(channel),
                Ok(Err(Trouble::Failed(failure))) => return Err(failure),
                Ok(Err(Trouble::Elsewhere)) => {}
                Ok(Err(Trouble::Gone(_))) if gone < HEALED => gone += 1,
                Ok(Err(Trouble::Gone(error))) => {
                    let message = format!(
                        "the connections to {} end before a command begins ({error})",
                        route.address
                    );
                    return Err(Failure::new(FailureKind::Lost, message));
                }
                Err(_) => {
                    // Its host is silent, or just slow. Commands that run on it may go on; without
                    // any it is ended, so that this one cannot begin later.
                    self.retire(&master);
                    let message = format!(
                        "{} did not open a session within {} s",
                        route.address,
                        limit.as_secs_f64()
                    );
                    return Err(Failure::new(FailureKind::Timeout, message));
                }
            }
        }
    }
}

/// The three pipes of a command.
struct Pipes {
    ours: (Sender, Receiver, Receiver),
    theirs: [OwnedFd; 3],
}

async fn begin(slot: Slot, remote: &str) -> Result<Channel, Trouble> {
    let pipes = Pipes::new().map_err(|error| {
        let message = format!("no pipes for the command: {error}");
        Trouble::Failed(Failure::new(FailureKind::Local, message))
    })?;
    let (began, begun) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    // A task of its own: whoever drops the channel, or gives up waiting for it, does not free the
    // place on the master; only the host does.
    tokio::spawn(carry(slot, remote.to_owned(), pipes.theirs, began, end));
    let lost = || Failure::new(FailureKind::Local, "the runtime of the client has ended");
    begun.await.map_err(|_| Trouble::Failed(lost()))??;
    let (stdin, stdout, stderr) = pipes.ours;
    let ended = async move { ended.await.unwrap_or_else(|_| ChannelEnd::Lost(lost())) };
    Ok(Channel { stdin, stdout, stderr, ended: lasting(ended) })
}

/// Holds the place on the master until the host has closed the session.
async fn carry(
    mut slot: Slot,
    remote: String,
    descriptors: [OwnedFd; 3],
    began: oneshot::Sender<Result<(), Trouble>>,
    ended: oneshot::Sender<ChannelEnd>,
) {
    // Where nobody listens any more, nobody needs to know.
    let mut session = match Session::open(&slot.master().socket, &remote, descriptors).await {
        Ok(session) => session,
        Err(refusal) => {
            let trouble = trouble(&slot, refusal);
            drop(slot);
            drop(began.send(Err(trouble)));
            return;
        }
    };
    slot.opened();
    drop(began.send(Ok(())));
    let status = session.exit().await;
    slot.ended();
    if let Some(status) = status {
        drop(ended.send(ChannelEnd::Exit(status)));
        session.closed().await;
    } else {
        drop(ended.send(slot.master().unexplained().await));
    }
}

fn trouble(slot: &Slot, refusal: Refusal) -> Trouble {
    let host = &slot.master().route.address;
    match refusal {
        Refusal::Full => {
            if !slot.refused() {
                return Trouble::Elsewhere;
            }
            let message = format!(
                "{host} opens no session, not even the first one on a new connection: MaxSessions \
                 of its sshd forbids it, or its user may run no commands"
            );
            Trouble::Failed(Failure::new(FailureKind::Sessions, message))
        }
        Refusal::Gone(error) => {
            slot.retire();
            Trouble::Gone(error)
        }
        Refusal::Silent => {
            slot.retire();
            Trouble::Gone(io::ErrorKind::TimedOut.into())
        }
        Refusal::Denied(reason) => {
            let message = format!("ssh does not run the command on {host}: {reason}");
            Trouble::Failed(Failure::new(FailureKind::Other, message))
        }
    }
}

impl Pipes {
    fn new() -> io::Result<Self> {
        // Both ends do not block: the master sets that for its own ends anyway.
        let flags = PipeFlags::CLOEXEC | PipeFlags::NONBLOCK;
        let (stdin, stdin_here) = pipe_with(flags)?;
        let (stdout_here, stdout) = pipe_with(flags)?;
        let (stderr_here, stderr) = pipe_with(flags)?;
        let ours = (
            Sender::from_owned_fd_unchecked(stdin_here)?,
            Receiver::from_owned_fd_unchecked(stdout_here)?,
            Receiver::from_owned_fd_unchecked(stderr_here)?,
        );
        Ok(Self { ours, theirs: [stdin, stdout, stderr] })
    }
}

/// Whether a command can be sent at all.
fn fits(remote: &str) -> Result<(), Failure> {
    let message = if remote.contains('\0') {
        "the command holds a NUL byte, which no command line can".to_owned()
    } else if remote.len() > LONGEST_COMMAND {
        format!(
            "the command has {} bytes, at most {LONGEST_COMMAND} can be sent; give long texts to \
             its standard input",
            remote.len()
        )
    } else {
        return Ok(());
    };
    Err(Failure::new(FailureKind::Invalid, message))
}
