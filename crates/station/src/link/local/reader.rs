//! Reads one of a run's pipes without blocking, and grows it when the command has much to say.

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, ready};

use rustix::buffer::spare_capacity;
use rustix::io::{Errno, read};
use rustix::pipe::fcntl_setpipe_size;
use station_core::model::Stream;
use tokio::net::unix::pipe::Receiver;

use crate::link::flow::Flow;

/// A read this long shows a busy pipe (its first size is 64 KiB).
const BUSY_READ: usize = 32 << 10;
/// The size of a busy pipe: fewer switches between the command and us.
const BUSY_PIPE: usize = 1 << 20;

/// Our end of a pipe, until its end has been read.
#[derive(Debug)]
pub(super) struct Reader {
    pipe: Option<Receiver>,
    stream: Stream,
    grown: bool,
}

impl Reader {
    /// Registers a non-blocking pipe with the runtime.
    pub(super) fn new(fd: OwnedFd, stream: Stream) -> io::Result<Self> {
        let pipe = Some(Receiver::from_owned_fd_unchecked(fd)?);
        Ok(Self { pipe, stream, grown: false })
    }

    /// Whether the end has been read: nobody can write any more.
    pub(super) fn is_closed(&self) -> bool {
        self.pipe.is_none()
    }

    /// Reads once if there is something; false when there is nothing now (the waker is set) or
    /// nothing ever again.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, flow: &mut Flow) -> bool {
        match self.poll(cx, flow.room()) {
            Poll::Ready(count) if count > 0 => {
                flow.took(self.stream, count);
                true
            }
            Poll::Ready(_) | Poll::Pending => false,
        }
    }

    /// Reads what lies in the pipe, at most about what a full one holds.
    pub(super) fn drain(&mut self, flow: &mut Flow) {
        let mut total = 0;
        while let Some(pipe) = &self.pipe
            && total < BUSY_PIPE
        {
            match read(pipe, spare_capacity(flow.room())) {
                Ok(0) => self.pipe = None,
                Ok(count) => {
                    flow.took(self.stream, count);
                    total += count;
                }
                Err(Errno::INTR) => {}
                Err(_) => return,
            }
        }
    }

    /// Reads and forgets until the end, so that a process left behind is not ended by SIGPIPE.
    pub(super) async fn discard(mut self) {
        let mut buffer = Vec::with_capacity(4 << 10);
        while !self.is_closed() {
            buffer.clear();
            poll_fn(|cx| self.poll(cx, &mut buffer)).await;
        }
    }

    /// Appends one read to `room`; 0 at the end, where the pipe is closed.
    fn poll(&mut self, cx: &mut Context<'_>, room: &mut Vec<u8>) -> Poll<usize> {
        while let Some(pipe) = &self.pipe {
            if ready!(pipe.poll_read_ready(cx)).is_err() {
                break;
            }
            let space = room.capacity() - room.len();
            let mut count = None;
            // An error of the kind `WouldBlock` makes the runtime wait for news. So does a read
            // that was not filled: it took all there was, and another would only say so.
            let outcome = pipe.try_io(|| {
                let length = read(pipe, spare_capacity(room))?;
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
        self.pipe = None;
        Poll::Ready(0)
    }

    fn grow(&mut self, count: usize) {
        if self.grown || count < BUSY_READ {
            return;
        }
        self.grown = true;
        if let Some(pipe) = &self.pipe
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
