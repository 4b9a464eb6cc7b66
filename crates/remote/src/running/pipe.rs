//! Reads one of a command's pipes without blocking, and grows it when the command has much to say.

use std::io::{self, ErrorKind};
use std::task::{Context, Poll, ready};

use rustix::buffer::spare_capacity;
use rustix::io::read;
use rustix::pipe::fcntl_setpipe_size;
use tokio::net::unix::pipe::Receiver;

/// A read this long shows a busy pipe (its first size is 64 KiB).
const BUSY_READ: usize = 32 << 10;
/// The size of a busy pipe: fewer switches between the transport and us.
const BUSY_PIPE: usize = 1 << 20;

/// Our end of a pipe, until its end has been read.
#[derive(Debug)]
pub(super) struct Pipe {
    open: Option<Receiver>,
    grown: bool,
}

impl Pipe {
    /// An open one.
    pub(super) fn new(open: Receiver) -> Self {
        Self { open: Some(open), grown: false }
    }

    /// Whether its end has been read, or it was closed.
    pub(super) fn is_closed(&self) -> bool {
        self.open.is_none()
    }

    /// Closes it.
    pub(super) fn close(&mut self) {
        self.open = None;
    }

    /// Appends one read to the buffer's spare capacity, which must not be empty; 0 at the end, where
    /// the pipe is closed.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, buffer: &mut Vec<u8>) -> Poll<usize> {
        while let Some(pipe) = &self.open {
            if ready!(pipe.poll_read_ready(cx)).is_err() {
                break;
            }
            let space = buffer.capacity() - buffer.len();
            let mut count = None;
            // An error of the kind `WouldBlock` makes the runtime wait for news. So does a read
            // that was not filled: it took all there was, and another would only say so.
            let outcome = pipe.try_io(|| {
                let length = read(pipe, spare_capacity(buffer))?;
                count = Some(length);
                if 0 < length && length < space {
                    Err(ErrorKind::WouldBlock.into())
                } else {
                    Ok(())
                }
            });
            match (count, outcome) {
                (Some(0), _) => break,
                (Some(length), _) => {
                    self.grow(length);
                    return Poll::Ready(length);
                }
                (None, Err(error)) if !is_passing(&error) => break,
                (None, _) => {}
            }
        }
        self.open = None;
        Poll::Ready(0)
    }

    fn grow(&mut self, count: usize) {
        if self.grown || count < BUSY_READ {
            return;
        }
        self.grown = true;
        if let Some(pipe) = &self.open
            && let Err(error) = fcntl_setpipe_size(pipe, BUSY_PIPE)
        {
            // Over the user's limit for pipes: it stays as it is, a little slower.
            tracing::debug!(%error, "pipe not grown");
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
