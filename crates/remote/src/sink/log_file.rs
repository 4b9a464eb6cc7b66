//! The central log file: many sessions, one file, one writer.
//!
//! ```text
//! sessions ─line()─▶ queue of text, bounded ─swap─▶ writer thread ─▶ file
//!     ▲                    │ full: sessions wait, or lines are dropped and counted
//!     └──────ready()───────┘
//! ```

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use station_core::model::Stream;

use super::file::{Queue, Shared, Stamp, write_out};
use super::{LineSink, Source};
use crate::lines::Line;

/// How a log file is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogFileOptions {
    /// How many bytes may wait to be written; a session may go beyond it by what it has read at
    /// once.
    pub queue: usize,
    /// What happens when so many wait.
    pub when_full: WhenFull,
}

impl Default for LogFileOptions {
    /// 1 MiB, and sessions wait.
    fn default() -> Self {
        Self { queue: 1 << 20, when_full: WhenFull::Wait }
    }
}

/// What happens when a log file's queue is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// Sessions wait, and their commands with them: nothing is lost.
    #[default]
    Wait,
    /// Lines are dropped; they are counted, and the file says how many are missing where they are.
    Drop,
}

/// What became of the lines told to a log file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogStats {
    /// Lines written.
    pub written: u64,
    /// Lines dropped, since the queue was full.
    pub dropped: u64,
    /// Lines lost, since they could not be written.
    pub failed: u64,
    /// Why they could not, the last time.
    pub last_error: Option<String>,
}

/// A log file for any number of sessions. Each line begins with the time it was read at (UTC, to the
/// millisecond), the node and the stream. One thread writes, so that no session waits for the disk
/// unless the queue is full; dropped, it writes what is left and ends.
///
/// ```
/// use station_remote::{LogFile, LogFileOptions};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("rig.log");
/// let log = LogFile::open(&path, LogFileOptions::default())?;
/// log.note("rig", "begins");
/// log.flush().await;
/// assert!(std::fs::read_to_string(&path)?.ends_with(" rig: begins\n"));
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct LogFile {
    shared: Arc<Shared>,
    options: LogFileOptions,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl LogFile {
    /// Opens a file to append to; makes it, for its owner alone, if there is none.
    ///
    /// # Errors
    /// When it cannot be opened, or the writer cannot be started.
    pub fn open(path: &Path, options: LogFileOptions) -> io::Result<Arc<Self>> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        let file = file.map_err(|error| {
            let sentence = format!("the log file {} cannot be opened: {error}", path.display());
            io::Error::new(error.kind(), sentence)
        })?;
        Self::writing_to(file, options)
    }

    /// Writes to a file that is open already.
    ///
    /// # Errors
    /// When the writer cannot be started.
    pub fn writing_to(mut file: File, options: LogFileOptions) -> io::Result<Arc<Self>> {
        let shared = Arc::new(Shared::default());
        let queue = Arc::clone(&shared);
        let writer = std::thread::Builder::new()
            .name("log file".to_owned())
            .spawn(move || write_out(&queue, &mut file))?;
        Ok(Arc::new(Self { shared, options, writer: Mutex::new(Some(writer)) }))
    }

    /// Writes a remark of one's own, under a name.
    pub fn note(&self, name: &str, text: &str) {
        self.add(name, Stream::Station, text);
    }

    /// Waits until all that was told before has been written, or has failed to be.
    pub async fn flush(&self) {
        let until = self.shared.queue().told();
        self.shared.wait_for(|queue| queue.settled() >= until).await;
    }

    /// What became of the lines so far.
    #[must_use]
    pub fn stats(&self) -> LogStats {
        self.shared.queue().stats.clone()
    }

    fn add(&self, name: &str, stream: Stream, text: &str) {
        let mut queue = self.shared.queue();
        let full = queue.waiting() >= self.options.queue;
        // The writer waits only for an empty queue to get its first line.
        let first = queue.is_empty();
        if full && self.options.when_full == WhenFull::Drop {
            queue.drop_line();
        } else {
            queue.add(name, stream, text);
        }
        drop(queue);
        if first {
            self.shared.wake_writer();
        }
    }
}

impl LineSink for LogFile {
    fn line(&self, from: &Source, line: &Line<'_>) {
        self.add(&from.node, line.stream, &line.text());
    }

    fn ready(&self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            if self.options.when_full == WhenFull::Wait {
                self.shared.wait_for(|queue| queue.waiting() < self.options.queue).await;
            }
        })
    }
}

impl Drop for LogFile {
    fn drop(&mut self) {
        self.shared.close();
        let writer = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if writer.is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the writer of a log file has panicked");
        }
    }
}

impl Queue {
    /// Adds a line's text, under the time it is now.
    fn add(&mut self, name: &str, stream: Stream, text: &str) {
        self.confess_drops();
        let mark = match stream {
            Stream::Stdout => " out: ",
            Stream::Stderr => " err: ",
            Stream::Station => ": ",
        };
        let stamp = Stamp::now();
        self.push(stamp, &[name, mark, text]);
    }
}
