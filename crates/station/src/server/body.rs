//! Request bodies that must not stall, and answers that tell when they are over.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::watched::Pulse;

/// A request body that fails when nothing of it comes for a while, or it takes too long in all.
pub(super) struct Intake {
    inner: Incoming,
    pulse: Arc<Pulse>,
    idle: Duration,
    /// When it must have come to its end.
    end: Instant,
    /// Runs while nothing comes.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Intake {
    pub(super) fn new(inner: Incoming, pulse: Arc<Pulse>, idle: Duration, total: Duration) -> Self {
        Self { inner, pulse, idle, end: Instant::now() + total, stalled: None }
    }
}

impl HttpBody for Intake {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.inner).poll_frame(cx) {
            self.stalled = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let deadline = (Instant::now() + self.idle).min(self.end);
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        match stalled.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => Poll::Ready(Some(Err("the request body comes too slowly".into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        if !self.inner.is_end_stream() {
            self.pulse.left_unread();
        }
    }
}

/// An answer; when it is dropped the connection waits for the next request.
pub(super) struct Answer {
    inner: Body,
    pulse: Arc<Pulse>,
}

impl Answer {
    pub(super) fn new(inner: Body, pulse: Arc<Pulse>) -> Self {
        Self { inner, pulse }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.pulse.answered();
    }
}
