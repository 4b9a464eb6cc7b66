//! Channels: three pipes to a command on a host, and how it ended.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Poll, ready};

use tokio::net::unix::pipe::{Receiver, Sender};

use super::failure::Failure;

/// A command on a host, as its transport sees it. Dropped, its pipes are closed.
pub(crate) struct Channel {
    /// To its standard input.
    pub(crate) stdin: Sender,
    /// From its standard output.
    pub(crate) stdout: Receiver,
    /// From its standard error; nothing of the transport's own is mixed in.
    pub(crate) stderr: Receiver,
    /// Resolves when it has ended. What it has put out may still be in the pipes.
    pub(crate) ended: Pin<Box<dyn Future<Output = ChannelEnd> + Send>>,
}

/// An end that may be asked for again once it has been told.
pub(crate) fn lasting(
    end: impl Future<Output = ChannelEnd> + Send + 'static,
) -> Pin<Box<dyn Future<Output = ChannelEnd> + Send>> {
    let (mut pending, mut known) = (Box::pin(end), None);
    Box::pin(poll_fn(move |cx| match &known {
        Some(end) => Poll::Ready(ChannelEnd::clone(end)),
        None => {
            let end = ready!(pending.as_mut().poll(cx));
            Poll::Ready(known.insert(end).clone())
        }
    }))
}

/// How a channel ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChannelEnd {
    /// The command exited with this status; 255 may also stand for a signal.
    Exit(i32),
    /// The connection was lost, or could not be made.
    Lost(Failure),
}
