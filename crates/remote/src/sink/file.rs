//! The queue of a log file, and the thread that writes it out.

use std::io::Write;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::LogStats;

/// What sessions and the writer share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    queue: Mutex<Queue>,
    /// For the writer: there is something to write, or it is over.
    work: Condvar,
    /// For sessions: something was written.
    done: Notify,
}

impl Shared {
    pub(super) fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn wake_writer(&self) {
        self.work.notify_one();
    }

    /// Lets the writer end when it has written what there is.
    pub(super) fn close(&self) {
        self.queue().closed = true;
        self.work.notify_one();
    }

    /// Waits until that is so.
    pub(super) async fn wait_for(&self, so: impl Fn(&Queue) -> bool) {
        loop {
            let done = self.done.notified();
            tokio::pin!(done);
            done.as_mut().enable();
            if so(&self.queue()) {
                return;
            }
            done.await;
        }
    }
}

/// The text that waits to be written.
#[derive(Debug, Default)]
pub(super) struct Queue {
    text: Vec<u8>,
    /// Lines in `text`.
    lines: u64,
    /// Bytes the writer has taken and not written yet.
    writing: usize,
    told: u64,
    settled: u64,
    /// Lines dropped since the last one that was not.
    unconfessed: u64,
    stamp: (i64, String),
    closed: bool,
    pub(super) stats: LogStats,
}

/// A moment, to the millisecond.
#[derive(Clone, Copy)]
pub(super) struct Stamp(jiff::Timestamp);

impl Stamp {
    pub(super) fn now() -> Self {
        Self(jiff::Timestamp::now())
    }
}

impl Queue {
    /// Bytes that wait to be written.
    pub(super) fn waiting(&self) -> usize {
        self.text.len() + self.writing
    }

    /// Whether no line waits to be taken by the writer.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Lines that were added so far.
    pub(super) fn told(&self) -> u64 {
        self.told
    }

    /// Lines that were written, or failed to be, so far.
    pub(super) fn settled(&self) -> u64 {
        self.settled
    }

    /// Counts a line that is not added.
    pub(super) fn drop_line(&mut self) {
        self.stats.dropped += 1;
        self.unconfessed += 1;
    }

    /// Says where lines are missing.
    pub(super) fn confess_drops(&mut self) {
        if self.unconfessed > 0 {
            let text = format!("{} lines were dropped here: the queue was full", self.unconfessed);
            self.unconfessed = 0;
            self.push(Stamp::now(), &["log", ": ", &text]);
        }
    }

    /// Adds a line in parts.
    pub(super) fn push(&mut self, at: Stamp, parts: &[&str]) {
        let millisecond = at.0.as_millisecond();
        if self.stamp.0 != millisecond || self.stamp.1.is_empty() {
            // Printing a time costs more than writing a line: once a millisecond is enough.
            self.stamp = (millisecond, format!("{:.3} ", at.0));
        }
        self.text.extend_from_slice(self.stamp.1.as_bytes());
        for part in parts {
            self.text.extend_from_slice(part.as_bytes());
        }
        self.text.push(b'\n');
        self.lines += 1;
        self.told += 1;
    }
}

/// Writes what is queued until the queue is closed and empty.
pub(super) fn write_out(shared: &Shared, file: &mut impl Write) {
    let (mut text, mut torn) = (Vec::new(), false);
    loop {
        let mut queue = shared.queue();
        if queue.text.is_empty() {
            queue.confess_drops();
        }
        while queue.text.is_empty() && !queue.closed {
            queue = shared.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        if queue.text.is_empty() {
            return;
        }
        text.clear();
        std::mem::swap(&mut text, &mut queue.text);
        let lines = std::mem::take(&mut queue.lines);
        queue.writing = text.len();
        drop(queue);

        let (whole, result) = write_lines(file, &text, &mut torn);
        let mut queue = shared.queue();
        queue.writing = 0;
        queue.settled += lines;
        queue.stats.written += whole;
        queue.stats.failed += lines.saturating_sub(whole);
        let news = match result {
            Ok(()) => None,
            Err(error) => {
                let told = queue.stats.last_error.is_some();
                queue.stats.last_error = Some(error.to_string());
                Some(error).filter(|_| !told)
            }
        };
        drop(queue);
        shared.done.notify_waiters();
        if let Some(error) = news {
            tracing::warn!("lines could not be written to a log file: {error}");
        }
    }
}

/// Writes lines; says how many were written whole. What follows a torn line begins on a new one.
fn write_lines(
    file: &mut impl Write,
    mut text: &[u8],
    torn: &mut bool,
) -> (u64, std::io::Result<()>) {
    let mut whole = 0;
    if *torn {
        match file.write_all(b"\n") {
            Ok(()) => *torn = false,
            Err(error) => return (0, Err(error)),
        }
    }
    while !text.is_empty() {
        let count = match file.write(text) {
            Ok(0) => return (whole, Err(std::io::ErrorKind::WriteZero.into())),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return (whole, Err(error)),
        };
        let Some((written, rest)) = text.split_at_checked(count) else { break };
        let lines = memchr::memchr_iter(b'\n', written).count();
        whole += u64::try_from(lines).unwrap_or(u64::MAX);
        *torn = written.last() != Some(&b'\n');
        text = rest;
    }
    (whole, Ok(()))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A disk that is full after so many bytes, and has room again when told.
    #[derive(Clone, Default)]
    struct Disk {
        text: Arc<Mutex<Vec<u8>>>,
        room: Arc<Mutex<usize>>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut room = self.room.lock().unwrap();
            let count = bytes.len().min(*room);
            if count == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            *room -= count;
            self.text.lock().unwrap().extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_a_full_disk_refuses_are_counted_and_later_ones_begin_anew() {
        let mut disk = Disk::default();
        let mut torn = false;
        *disk.room.lock().unwrap() = 5;
        let (whole, result) = write_lines(&mut disk, b"one\ntwo\n", &mut torn);
        assert_eq!((whole, torn, result.is_err()), (1, true, true));
        *disk.room.lock().unwrap() = 100;
        let (whole, result) = write_lines(&mut disk, b"three\n", &mut torn);
        assert_eq!((whole, torn, result.is_err()), (1, false, false));
        assert_eq!(*disk.text.lock().unwrap(), b"one\nt\nthree\n");
    }

    #[tokio::test]
    async fn the_writer_lives_through_errors_and_says_so() {
        let (disk, shared) = (Disk::default(), Arc::new(Shared::default()));
        let (queue, mut file) = (Arc::clone(&shared), disk.clone());
        let writer = std::thread::spawn(move || write_out(&queue, &mut file));
        shared.queue().push(Stamp::now(), &["lost"]);
        shared.wake_writer();
        shared.wait_for(|queue| queue.settled() == 1).await;
        *disk.room.lock().unwrap() = 1000;
        shared.queue().push(Stamp::now(), &["kept"]);
        shared.close();
        writer.join().unwrap();
        let stats = shared.queue().stats.clone();
        assert_eq!((stats.written, stats.failed), (1, 1));
        assert!(stats.last_error.unwrap().contains("no storage space"), "it is named");
        assert!(String::from_utf8(disk.text.lock().unwrap().clone()).unwrap().contains("kept"));
    }
}
