//! A command that runs on a host: its output, its signals, its end.
//!
//! ```text
//! start ──▶ running ──▶ over: its guard has said how it ended, or the channel is closed
//!              │          │  its pipes are read to their end, or given up (leaked)
//!              │ stop     ▼
//!              └───────▶ proof: another channel looks whether anything of it is left ──▶ Ended
//! ```

mod ending;
mod hello;
mod lease;
mod pipe;
mod start;
mod unguarded;

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

use station_core::model::Kill;
use tokio::io::AsyncWriteExt as _;
use tokio::net::unix::pipe::Sender;

use self::ending::Ending;
use self::lease::Lease;
use self::pipe::Pipe;
use super::failure::Failure;
use super::guard::Marks;

/// A reading buffer with less room than this is made larger.
const LEAST_ROOM: usize = 1 << 10;
/// By so much.
const ROOM: usize = 64 << 10;

/// A command that runs on a host. Dropped before its end, it is ended there by its guard.
pub struct Running {
    /// To the command.
    stdin: Option<Sender>,
    stdout: Pipe,
    stderr: Pipe,
    /// What was read of either before the command was known to run.
    early_stdout: Vec<u8>,
    early_stderr: Vec<u8>,
    marks: Option<Marks>,
    lease: Lease,
    process: Option<RemoteProcess>,
    noise: u64,
    stderr_first: bool,
    ending: Ending,
}

/// What [`Running::read`] has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// So many bytes of standard output were appended to the buffer.
    Stdout(usize),
    /// So many bytes of standard error were appended to the buffer.
    Stderr(usize),
    /// The command is over and all of its output was read.
    Ended(Ended),
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How its process ended.
    pub end: End,
    /// What became of its process group, when it was told to end or the connection was lost.
    pub kill: Option<Kill>,
    /// Why its end is not known, or why it never started.
    pub failure: Option<Failure>,
    /// A process it left behind still held its output open when it was given up. Such a process is
    /// not ended, but can put out nothing more.
    pub leaked: bool,
}

/// How the process of a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It exited with this status.
    Exit(i32),
    /// It was ended by this signal. A shell tells that as the status 128 + signal, so an exit with
    /// such a status is taken for one.
    Signal(i32),
    /// It never started, so that it may be tried again.
    NeverStarted,
    /// It has started; how it ended is not known.
    Unknown,
}

/// Where a command runs on its host, as its guard tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteProcess {
    /// Its process group there.
    pub group: i32,
    /// The mark its guard was given, which its processes carry in their environment.
    pub mark: String,
}

/// The standard input of a command; dropped, it is closed.
#[derive(Debug)]
pub struct Stdin {
    pipe: Sender,
}

impl Stdin {
    /// Writes all of it, as fast as the command reads.
    ///
    /// # Errors
    /// When the command does not read any more.
    pub async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.pipe.write_all(bytes).await
    }
}

impl Running {
    /// Where it runs; `None` without a guard.
    #[must_use]
    pub fn process(&self) -> Option<&RemoteProcess> {
        self.process.as_ref()
    }

    /// How many bytes were put out there before the command ran, by rc files; they were dropped.
    #[must_use]
    pub fn noise(&self) -> u64 {
        self.noise
    }

    /// Its standard input, once, when its request asked for one.
    pub fn take_stdin(&mut self) -> Option<Stdin> {
        self.stdin.take().map(|pipe| Stdin { pipe })
    }

    /// Tells its process group to end (SIGTERM). Reading goes on to the end: when the command itself
    /// is over, what is left of its group has the guard's grace, then SIGKILL. Without a guard the
    /// connection alone is ended.
    pub fn terminate(&mut self) {
        self.stop(false);
    }

    /// Ends its process group (SIGKILL). Reading goes on to the end.
    pub fn kill(&mut self) {
        self.stop(true);
    }

    fn stop(&mut self, kill: bool) {
        if self.ending.is_told() {
            return;
        }
        self.lease.tell(if kill { b"K\n" } else { b"T\n" });
        self.ending.stop(kill);
    }

    /// Reads what there is, at most the buffer's spare capacity (a buffer without any is made
    /// larger). May be cancelled without losing anything; after the end it tells the end again.
    pub async fn read(&mut self, buffer: &mut Vec<u8>) -> Read {
        poll_fn(|cx| self.poll(cx, buffer)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>, buffer: &mut Vec<u8>) -> Poll<Read> {
        if buffer.capacity() - buffer.len() < LEAST_ROOM {
            buffer.reserve(ROOM);
        }
        if let Some(read) = self.early(buffer) {
            return Poll::Ready(read);
        }
        self.ending.poll_channel(cx);
        if self.ending.gives_up() {
            self.give_up();
        } else if let Some(read) = self.output(cx, buffer) {
            self.ending.drained(match read {
                Read::Stdout(count) | Read::Stderr(count) => count,
                Read::Ended(_) => 0,
            });
            return Poll::Ready(read);
        }
        if !self.ending.is_over(self.stdout.is_closed() && self.stderr.is_closed(), cx) {
            return Poll::Pending;
        }
        if self.ending.has_status() {
            self.lease.release();
        } else {
            // Given up, or lost: whatever is there, its guard is to end it.
            self.lease = Lease::None;
        }
        self.ending.poll_end(cx).map(Read::Ended)
    }

    /// What was read before, as far as there is room for it.
    fn early(&mut self, buffer: &mut Vec<u8>) -> Option<Read> {
        let room = buffer.capacity() - buffer.len();
        let mut hand_out = |early: &mut Vec<u8>| {
            let count = room.min(early.len());
            buffer.extend(early.drain(..count));
            Some(count).filter(|count| *count > 0)
        };
        if let Some(count) = hand_out(&mut self.early_stdout) {
            return Some(Read::Stdout(count));
        }
        hand_out(&mut self.early_stderr).map(Read::Stderr)
    }

    /// What can be read now, of either stream in turn.
    fn output(&mut self, cx: &mut Context<'_>, buffer: &mut Vec<u8>) -> Option<Read> {
        self.stderr_first = !self.stderr_first;
        if self.stderr_first
            && let Some(count) = self.poll_stderr(cx, buffer)
        {
            return Some(Read::Stderr(count));
        }
        if let Poll::Ready(count) = self.stdout.poll(cx, buffer)
            && count > 0
        {
            return Some(Read::Stdout(count));
        }
        if self.stderr_first {
            return None;
        }
        self.poll_stderr(cx, buffer).map(Read::Stderr)
    }

    /// Reads standard error until there is something besides the guard's marks, or nothing.
    fn poll_stderr(&mut self, cx: &mut Context<'_>, buffer: &mut Vec<u8>) -> Option<usize> {
        let from = buffer.len();
        while !self.stderr.is_closed() {
            let Some(marks) = &mut self.marks else {
                return match self.stderr.poll(cx, buffer) {
                    Poll::Ready(count) => Some(count).filter(|count| *count > 0),
                    Poll::Pending => None,
                };
            };
            marks.give_back(buffer);
            let read = self.stderr.poll(cx, buffer);
            if read != Poll::Ready(0) {
                let ending = &mut self.ending;
                marks.take(buffer, from, |_, word| ending.hear(word));
            }
            if buffer.len() > from {
                return Some(buffer.len() - from);
            }
            if read.is_pending() {
                return None;
            }
        }
        None
    }

    fn give_up(&mut self) {
        self.stdout.close();
        self.stderr.close();
    }
}
