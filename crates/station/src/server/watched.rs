//! A connection that ends itself when its peer keeps it waiting.
//!
//! ```text
//! new ──▶ waiting for a head ──▶ busy with the answer ──▶ idle ──▶ waiting for a head …
//!           │ head limit           │ 101                   │ idle limit
//!           ▼                      ▼                       ▼
//!          cut                  upgraded: no limit        cut
//! ```
//!
//! A peer that takes nothing of an answer is cut in any state. hyper's own limit on reading a head
//! would also run while a connection is idle, so it is not used.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::Limits;

/// How much of a body that nobody reads is still taken, so that its sender can read the answer.
const LINGER_BYTES: usize = 64 << 20;
/// And for how long.
const LINGER: Duration = Duration::from_secs(2);

const WAITING: u8 = 0;
const BUSY: u8 = 1;
const UPGRADED: u8 = 2;

/// What the HTTP side tells the connection under it.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    state: AtomicU8,
    requests: AtomicU32,
    unread: AtomicBool,
}

impl Pulse {
    /// The head of a request is there.
    pub(super) fn asked(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.state.store(BUSY, Ordering::Release);
    }

    /// The answer is over.
    pub(super) fn answered(&self) {
        // Once upgraded, it is no longer HTTP.
        let _was = self.state.compare_exchange(BUSY, WAITING, Ordering::AcqRel, Ordering::Relaxed);
    }

    /// The answer is 101.
    pub(super) fn upgraded(&self) {
        self.state.store(UPGRADED, Ordering::Release);
    }

    /// A request was answered before its body was read to the end.
    pub(super) fn left_unread(&self) {
        self.unread.store(true, Ordering::Release);
    }
}

/// A connection with time limits, which keeps something for as long as it lives.
pub(super) struct Watched<IO, K> {
    inner: IO,
    pulse: Arc<Pulse>,
    limits: Limits,
    /// The number of the request that was last seen.
    seen: u32,
    /// Something of a head has come, or must come: the connection is new.
    head: bool,
    /// Since when it waits for the peer.
    since: Option<Instant>,
    /// Since when the peer takes nothing.
    stuck: Option<Instant>,
    /// Since when it is being closed, and how much was thrown away since.
    closing: Option<(Instant, usize)>,
    timer: Pin<Box<Sleep>>,
    _kept: K,
}

impl<IO, K> Watched<IO, K> {
    pub(super) fn new(inner: IO, pulse: Arc<Pulse>, limits: Limits, kept: K) -> Self {
        Self {
            inner,
            pulse,
            limits,
            seen: 0,
            head: true,
            since: None,
            stuck: None,
            closing: None,
            timer: Box::pin(sleep(limits.head)),
            _kept: kept,
        }
    }

    /// Whether a deadline has passed; if not, the task is woken when it does.
    fn late(&mut self, cx: &mut Context<'_>, deadline: Instant) -> bool {
        if self.timer.deadline() != deadline {
            self.timer.as_mut().reset(deadline);
        }
        self.timer.as_mut().poll(cx).is_ready()
    }

    /// Whether the peer has kept the connection waiting for too long.
    fn kept_waiting(&mut self, cx: &mut Context<'_>) -> bool {
        if self.pulse.state.load(Ordering::Acquire) != WAITING {
            return false;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        let limit = if self.head { self.limits.head } else { self.limits.idle };
        self.late(cx, since + limit)
    }

    /// A peer that takes something of an answer is not idle.
    fn took(&mut self, result: &Poll<io::Result<usize>>) {
        if matches!(result, Poll::Ready(Ok(1..))) && !self.head {
            self.since = None;
        }
    }

    /// Takes note of whether the peer takes what is written.
    fn wrote<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stuck = None;
            return result;
        }
        let since = *self.stuck.get_or_insert_with(Instant::now);
        if self.late(cx, since + self.limits.write) {
            return Poll::Ready(Err(too_slow("the peer does not take the answer")));
        }
        Poll::Pending
    }
}

fn too_slow(why: &'static str) -> io::Error {
    io::Error::new(ErrorKind::TimedOut, why)
}

impl<IO: AsyncRead + Unpin, K: Unpin> AsyncRead for Watched<IO, K> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let requests = this.pulse.requests.load(Ordering::Relaxed);
        if requests != this.seen {
            this.seen = requests;
            this.head = false;
            this.since = None;
        }
        if let Poll::Ready(read) = Pin::new(&mut this.inner).poll_read(cx, buf) {
            if !this.head && this.pulse.state.load(Ordering::Acquire) == WAITING {
                this.head = true;
                this.since = Some(Instant::now());
            }
            return Poll::Ready(read);
        }
        if this.kept_waiting(cx) {
            return Poll::Ready(Err(too_slow("the peer does not ask")));
        }
        Poll::Pending
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin, K: Unpin> AsyncWrite for Watched<IO, K> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.inner).poll_write(cx, buf);
        this.took(&result);
        this.wrote(cx, result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.inner).poll_write_vectored(cx, bufs);
        this.took(&result);
        this.wrote(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.inner).poll_flush(cx);
        this.wrote(cx, result)
    }

    /// Closes; what the peer still sends of a body is read away for a moment, since closing on
    /// unread bytes would take the answer from it as well.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.closing.is_none() {
            let result = Pin::new(&mut this.inner).poll_shutdown(cx);
            ready!(this.wrote(cx, result))?;
            this.closing = Some((Instant::now(), 0));
        }
        if !this.pulse.unread.load(Ordering::Acquire) {
            return Poll::Ready(Ok(()));
        }
        let mut space = [0_u8; 16 << 10];
        while let Some((since, gone)) = this.closing.filter(|(_, gone)| *gone < LINGER_BYTES) {
            let mut buf = ReadBuf::new(&mut space);
            match Pin::new(&mut this.inner).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    this.closing = Some((since, gone.saturating_add(buf.filled().len())));
                }
                Poll::Ready(_) => break,
                Poll::Pending if this.late(cx, since + LINGER) => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(Ok(()))
    }
}
