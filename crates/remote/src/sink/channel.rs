//! The channel sink: lines to a task, no faster than it takes them.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use station_core::model::Stream;
use tokio::sync::mpsc;

use super::{LineSink, Source};
use crate::lines::{Line, LineEnd};

/// A line that can be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedLine {
    /// Whose it is.
    pub source: Source,
    /// The stream it came from.
    pub stream: Stream,
    /// Its bytes as they came, without what ended it.
    pub raw: Vec<u8>,
    /// Its text for people.
    pub text: String,
    /// How it ended.
    pub end: LineEnd,
    /// Where the first byte stands that is not UTF-8; only with [`Utf8::Strict`](crate::Utf8::Strict).
    pub invalid: Option<usize>,
}

/// Sends lines to a channel. The lines of one chunk of output are kept until there is room; the
/// session reads on when all of them were sent. Without a receiver they are forgotten.
#[derive(Debug)]
pub struct ChannelSink {
    sender: mpsc::Sender<OwnedLine>,
    waiting: Mutex<VecDeque<OwnedLine>>,
}

/// A sink and the receiver of its lines; so many lines may lie between them.
#[must_use]
pub fn channel(capacity: usize) -> (Arc<ChannelSink>, mpsc::Receiver<OwnedLine>) {
    let (sender, receiver) = mpsc::channel(capacity.max(1));
    (Arc::new(ChannelSink { sender, waiting: Mutex::default() }), receiver)
}

impl LineSink for ChannelSink {
    fn line(&self, from: &Source, line: &Line<'_>) {
        let line = OwnedLine {
            source: from.clone(),
            stream: line.stream,
            raw: line.raw.to_vec(),
            text: line.text().into_owned(),
            end: line.end,
            invalid: line.invalid,
        };
        self.waiting().push_back(line);
    }

    fn ready(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            while !self.waiting().is_empty() {
                let Ok(permit) = self.sender.reserve().await else {
                    self.waiting().clear();
                    return;
                };
                // Taken and sent under the lock, so that sessions that share it keep the order.
                let mut waiting = self.waiting();
                if let Some(line) = waiting.pop_front() {
                    permit.send(line);
                }
            }
        })
    }
}

impl ChannelSink {
    fn waiting(&self) -> std::sync::MutexGuard<'_, VecDeque<OwnedLine>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
