//! Lines of a run's transcript on their way to its output, bounded in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use station_core::model::Stream;
use tokio::sync::mpsc;

/// So many bytes wait to be stored; what comes beyond is counted and not kept, since instruments do
/// not wait.
const WAITING: usize = 4 << 20;
/// What a line costs besides its text.
const LINE: usize = 64;

/// A line of a transcript, or several.
pub(super) type Line = (Stream, String);

/// Takes lines. Clones put them into the same transcript.
#[derive(Clone)]
pub(super) struct Lines {
    sender: mpsc::UnboundedSender<Line>,
    counts: Arc<Counts>,
}

/// Gives them.
pub(super) struct Received {
    receiver: mpsc::UnboundedReceiver<Line>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    waiting: AtomicUsize,
    lost: AtomicU64,
}

/// Both ends of a transcript.
pub(super) fn lines() -> (Lines, Received) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let counts = Arc::<Counts>::default();
    (Lines { sender, counts: Arc::clone(&counts) }, Received { receiver, counts })
}

impl Lines {
    /// Puts a line, or several, into the transcript, as far as there is room.
    pub(super) fn put(&self, stream: Stream, text: String) {
        let cost = cost(&text);
        let before = self.counts.waiting.fetch_add(cost, Ordering::Relaxed);
        if before >= WAITING || self.sender.send((stream, text)).is_err() {
            self.counts.waiting.fetch_sub(cost, Ordering::Relaxed);
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Received {
    /// The next; ready with none when nobody can put any more.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Line>> {
        let next = ready!(self.receiver.poll_recv(cx));
        Poll::Ready(next.inspect(|line| self.taken(line)))
    }

    /// The next that is there.
    pub(super) fn next_now(&mut self) -> Option<Line> {
        self.receiver.try_recv().ok().inspect(|line| self.taken(line))
    }

    /// How many were not kept.
    pub(super) fn lost(&self) -> u64 {
        self.counts.lost.load(Ordering::Relaxed)
    }

    fn taken(&self, (_, text): &Line) {
        self.counts.waiting.fetch_sub(cost(text), Ordering::Relaxed);
    }
}

fn cost(text: &str) -> usize {
    text.len().saturating_add(LINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted_and_room_comes_back() {
        let (lines, mut received) = lines();
        let text = "x".repeat(WAITING / 4);
        for _ in 0..6 {
            lines.put(Stream::Stdout, text.clone());
        }
        assert_eq!(received.lost(), 2);
        while received.next_now().is_some() {}
        lines.put(Stream::Stderr, text.clone());
        assert_eq!(received.next_now(), Some((Stream::Stderr, text)));
        assert_eq!((received.lost(), received.next_now()), (2, None));
    }
}
