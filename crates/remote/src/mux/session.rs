//! One command over a master, and the two questions a master is asked without one.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;

use super::control::Control;
use super::wire::{self, Reply};

/// A longer command does not fit into a packet of the protocol, nor into a kernel's argument.
pub(crate) const LONGEST_COMMAND: usize = 200 << 10;
/// How long a master may take for what it does without its host. It is a process of this machine.
const ANSWER: Duration = Duration::from_secs(5);
/// What a master says when its host takes no further session.
const FULL: &str = "Session open refused by peer";

/// A command that runs over a master. It holds its place there until the master has closed the
/// socket, whatever becomes of this value.
#[derive(Debug)]
pub(crate) struct Session {
    control: Control,
}

/// Why a master did not begin a command.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Its host takes no further session on this connection.
    Full,
    /// It is not there any more, or has gone meanwhile.
    Gone(io::Error),
    /// It is there, but says nothing.
    Silent,
    /// It says no, for this reason.
    Denied(String),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

impl Session {
    /// Has the master run the command with these descriptors as its standard input, output and
    /// error; returns when the host has opened the session.
    pub(crate) async fn open(
        socket: &Path,
        command: &str,
        descriptors: [OwnedFd; 3],
    ) -> Result<Self, Refusal> {
        // Nothing is asked for before it has said hello: a master that was stopped and goes on later
        // must not find a command that has long been run elsewhere.
        let mut control =
            timeout(ANSWER, Control::connect(socket)).await.map_err(|_| Refusal::Silent)??;
        control.request(&wire::new_session(command.as_bytes())).await?;
        control.pass(&descriptors).await?;
        drop(descriptors);
        loop {
            match control.reply().await? {
                Some(Reply::Opened) => return Ok(Self { control }),
                Some(Reply::Failed(reason)) if reason == FULL => return Err(Refusal::Full),
                Some(Reply::Failed(reason) | Reply::Denied(reason)) => {
                    return Err(Refusal::Denied(reason));
                }
                Some(
                    Reply::Hello(_) | Reply::Ok | Reply::Exit(_) | Reply::Alive | Reply::Other(_),
                ) => {}
                None => return Err(Refusal::Gone(io::ErrorKind::UnexpectedEof.into())),
            }
        }
    }

    /// The command's exit status; `None`: it ended by a signal, or the connection did.
    pub(crate) async fn exit(&mut self) -> Option<i32> {
        loop {
            match self.control.reply().await {
                Ok(Some(Reply::Exit(status))) => return Some(status),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// Waits until its place is free: the host has closed the session.
    pub(crate) async fn closed(mut self) {
        while let Ok(Some(_)) = self.control.reply().await {}
    }
}

/// Whether a master is there and answers.
pub(crate) async fn is_alive(socket: &Path) -> bool {
    ask(socket, wire::alive_check(), Reply::Alive).await
}

/// Tells a master to end; whether it has heard.
pub(crate) async fn terminate(socket: &Path) -> bool {
    ask(socket, wire::terminate(), Reply::Ok).await
}

async fn ask(socket: &Path, request: Vec<u8>, expected: Reply) -> bool {
    let asked = async {
        let mut control = Control::connect(socket).await?;
        control.request(&request).await?;
        Ok::<_, io::Error>(control.reply().await? == Some(expected))
    };
    matches!(timeout(ANSWER, asked).await, Ok(Ok(true)))
}
