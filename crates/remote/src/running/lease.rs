//! The lease of a command: as long as it is held, the guard goes on.

use std::io;
use std::time::Duration;

use rustix::io::write;
use tokio::net::unix::pipe::Sender;
use tokio::time::timeout;

use crate::channel::Channel;

/// How long a channel that was told it is not needed any more may take to close.
const RELEASE: Duration = Duration::from_secs(5);

/// Dropped, it is lost: the guard ends the command.
pub(super) enum Lease {
    /// The standard input of the command's channel.
    Input(Sender),
    /// A channel of its own, since the command has that input.
    Channel(Box<Channel>),
    /// There is none, or not any more.
    None,
}

impl Lease {
    /// Tells the guard something, a line. It has been told little before, so that this always fits;
    /// if nobody reads it any more, there is nobody to tell.
    pub(super) fn tell(&self, line: &[u8]) {
        let told = match self {
            Self::Input(pipe) => write(pipe, line),
            Self::Channel(channel) => write(&channel.stdin, line),
            Self::None => return,
        };
        if let Err(error) = told {
            let error = io::Error::from(error);
            tracing::debug!(%error, "the guard hears nothing any more");
        }
    }

    /// Ends it without ending what the command has left behind.
    pub(super) fn release(&mut self) {
        self.tell(b"Q\n");
        if let Self::Channel(channel) = std::mem::replace(self, Self::None) {
            let closing = async move {
                let Channel { stdin, stdout, stderr, ended } = *channel;
                let closed = timeout(RELEASE, ended).await;
                drop((stdin, stdout, stderr, closed));
            };
            tokio::spawn(closing);
        }
    }
}
