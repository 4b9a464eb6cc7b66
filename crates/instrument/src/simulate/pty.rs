//! Serves an instrument on a pseudo-terminal, as one on a serial line.

use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::OptionalActions;
use tokio::net::unix::pipe;

use super::socket::{Served, converse};

/// A pseudo-terminal of which the instrument holds the near end.
pub(super) struct Pty {
    // It is no pipe, but is read and written like one; `AsyncFd` would need unsafe code.
    reader: pipe::Receiver,
    writer: pipe::Sender,
    /// Held open: else the near end would see a hang-up whenever a client goes.
    _far: OwnedFd,
    /// The file that clients open.
    pub(super) path: String,
}

impl Pty {
    /// Opens one, in raw mode: no echo, no line editing, all bytes pass.
    pub(super) fn open() -> io::Result<Self> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let near = rustix::pty::openpt(flags)?;
        rustix::pty::grantpt(&near)?;
        rustix::pty::unlockpt(&near)?;
        let name = rustix::pty::ptsname(&near, Vec::new())?;
        let path = name.into_string().map_err(|_| io::Error::other("its name is no text"))?;
        let far_flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let far = rustix::fs::open(path.as_str(), far_flags, Mode::empty())?;
        let mut modes = rustix::termios::tcgetattr(&far)?;
        modes.make_raw();
        rustix::termios::tcsetattr(&far, OptionalActions::Now, &modes)?;
        let status = rustix::fs::fcntl_getfl(&near)?;
        rustix::fs::fcntl_setfl(&near, status | OFlags::NONBLOCK)?;
        let writer = pipe::Sender::from_owned_fd_unchecked(near.try_clone()?)?;
        let reader = pipe::Receiver::from_owned_fd_unchecked(near)?;
        Ok(Self { reader, writer, _far: far, path })
    }

    /// Answers messages for ever.
    pub(super) async fn serve(mut self, served: Served) {
        loop {
            // A serial line cannot be closed: after a dropped reply it goes on.
            if let Err(error) = converse(&mut self.reader, &mut self.writer, &served).await {
                tracing::warn!("the simulator's serial line is gone: {error}");
                return;
            }
        }
    }
}
