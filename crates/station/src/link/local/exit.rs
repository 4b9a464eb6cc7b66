//! Waits for a process's exit by its pidfd.

use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll};

use tokio::net::unix::pipe::Receiver;

/// The exit of a process, awaited.
///
/// A pidfd is no pipe, but is waited for like one: it becomes readable. The type for descriptors
/// of any kind, `AsyncFd`, would need unsafe code.
#[derive(Debug)]
pub(super) struct Exit {
    pidfd: Receiver,
}

impl Exit {
    /// Registers a pidfd with the runtime.
    pub(super) fn new(pidfd: OwnedFd) -> io::Result<Self> {
        Ok(Self { pidfd: Receiver::from_owned_fd_unchecked(pidfd)? })
    }

    /// Ready once the process has exited (or the runtime ends and nothing more is told).
    pub(super) fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.pidfd.poll_read_ready(cx).map(|_| ())
    }
}
