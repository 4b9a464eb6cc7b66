//! Waits until a guard says that its command runs, and drops what came before.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::pipe::Pipe;
use super::{LEAST_ROOM, ROOM};
use crate::channel::ChannelEnd;
use crate::guard::{Marks, Nonce};

/// So much of the first output is kept, for a sentence on why a guard did not start.
const KEPT: usize = 4 << 10;

/// One stream until its first mark.
pub(super) struct Opening {
    pub(super) pipe: Pipe,
    pub(super) marks: Marks,
    /// What came after the mark.
    pub(super) early: Vec<u8>,
    /// The beginning of what came before it.
    pub(super) before: Vec<u8>,
    /// How many bytes came before it.
    pub(super) noise: u64,
    /// The mark's word.
    pub(super) word: Option<String>,
    /// A status that came right after it.
    pub(super) more: Vec<String>,
}

impl Opening {
    pub(super) fn new(pipe: Pipe, nonce: &Nonce) -> Self {
        Self {
            pipe,
            marks: Marks::new(nonce),
            early: Vec::new(),
            before: Vec::new(),
            noise: 0,
            word: None,
            more: Vec::new(),
        }
    }

    /// Ready once the mark or the end has come.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.word.is_none() && !self.pipe.is_closed() {
            self.marks.give_back(&mut self.early);
            if self.early.capacity() - self.early.len() < LEAST_ROOM {
                self.early.reserve(ROOM);
            }
            let read = self.pipe.poll(cx, &mut self.early);
            let (word, more, mut begin) = (&mut self.word, &mut self.more, None);
            if read != Poll::Ready(0) {
                self.marks.take(&mut self.early, 0, |at, found| {
                    if word.is_none() {
                        (*word, begin) = (Some(found.to_owned()), Some(at));
                    } else {
                        more.push(found.to_owned());
                    }
                });
            }
            let noise = begin.unwrap_or(self.early.len());
            let room = KEPT.saturating_sub(self.before.len()).min(noise);
            self.before.extend(self.early.get(..room).unwrap_or_default());
            self.early.drain(..noise);
            self.noise += u64::try_from(noise).unwrap_or(u64::MAX);
            if read.is_pending() && self.word.is_none() {
                return Poll::Pending;
            }
        }
        Poll::Ready(())
    }

    /// The first line that came before the mark.
    pub(super) fn first_line(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.before);
        let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
        Some(line.chars().filter(|c| !c.is_control()).take(300).collect())
    }
}

/// Waits for the marks of both streams. `Some`: the channel has ended without them.
pub(super) async fn hello(
    stdout: &mut Opening,
    stderr: &mut Opening,
    ended: &mut Pin<Box<dyn Future<Output = ChannelEnd> + Send>>,
) -> Option<ChannelEnd> {
    let mut closed = None;
    poll_fn(|cx| {
        let streams = [stdout.poll(cx), stderr.poll(cx)];
        if streams.iter().all(Poll::is_ready) && stdout.word.is_some() && stderr.word.is_some() {
            return Poll::Ready(None);
        }
        // A directory that cannot be entered is told on one stream alone.
        if stderr.word.as_deref() == Some("directory") {
            return Poll::Ready(None);
        }
        if closed.is_none()
            && let Poll::Ready(end) = ended.as_mut().poll(cx)
        {
            // The marks may still come: whoever waits for the end later must be told it again.
            *ended = Box::pin(std::future::ready(end.clone()));
            closed = Some(end);
        }
        match &closed {
            Some(end) if streams.iter().all(Poll::is_ready) => Poll::Ready(Some(end.clone())),
            Some(_) | None => Poll::Pending,
        }
    })
    .await
}
