//! What a command reads: bytes that are there from the start, or lines as they are written.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::running::Stdin;

/// Text without a `\n` is held back up to this length.
const LONGEST_HELD: usize = 64 << 10;

/// The standard input of a command. Its end is the end of the input, not of the command.
#[derive(Clone, Default)]
pub struct Input(Kind);

#[derive(Clone, Default)]
enum Kind {
    #[default]
    Empty,
    Bytes(Arc<[u8]>),
    /// The first command that asks takes it; others find it empty.
    Pipe(Arc<Mutex<Option<mpsc::Receiver<Vec<u8>>>>>),
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Empty => "Input::empty",
            Kind::Bytes(_) => "Input::bytes",
            Kind::Pipe(_) => "Input::pipe",
        })
    }
}

impl Input {
    /// These bytes, for each command that is run with it.
    #[must_use]
    pub fn bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self(Kind::Bytes(bytes.into()))
    }

    /// What is written while the command runs.
    #[must_use]
    pub fn pipe() -> (InputWriter, Self) {
        let (sender, receiver) = mpsc::channel(16);
        let writer = InputWriter { sender, held: Vec::new() };
        (writer, Self(Kind::Pipe(Arc::new(Mutex::new(Some(receiver))))))
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self.0, Kind::Empty)
    }

    /// Gives all of it to a command, as fast as it reads; stops when it does not read any more.
    pub(super) async fn feed(self, stdin: Option<Stdin>) {
        let Some(mut stdin) = stdin else { return };
        match self.0 {
            Kind::Empty => {}
            // A command need not read what it is given.
            Kind::Bytes(bytes) => drop(stdin.write_all(&bytes).await),
            Kind::Pipe(pipe) => {
                let pipe = pipe.lock().unwrap_or_else(PoisonError::into_inner).take();
                let Some(mut pipe) = pipe else { return };
                while let Some(bytes) = pipe.recv().await {
                    if stdin.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

/// Writes to a command while it runs, line by line: what ends with `\n` goes out at once, what does
/// not waits for its `\n`, for [`flush`](InputWriter::flush), or for 64 KiB. Dropped, the input ends.
#[derive(Debug)]
pub struct InputWriter {
    sender: mpsc::Sender<Vec<u8>>,
    held: Vec<u8>,
}

impl InputWriter {
    /// Writes bytes; waits while the command does not read.
    ///
    /// # Errors
    /// When the command reads no more.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= LONGEST_HELD {
            return self.flush().await;
        }
        match memchr::memrchr(b'\n', &self.held) {
            None => Ok(()),
            Some(at) => {
                let rest = self.held.split_off(at + 1);
                let lines = std::mem::replace(&mut self.held, rest);
                self.send(lines).await
            }
        }
    }

    /// Writes what is held back.
    ///
    /// # Errors
    /// When the command reads no more.
    pub async fn flush(&mut self) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let held = std::mem::take(&mut self.held);
        self.send(held).await
    }

    /// Writes what is held back, and ends the input.
    ///
    /// # Errors
    /// When the command reads no more.
    pub async fn finish(mut self) -> io::Result<()> {
        self.flush().await
    }

    async fn send(&self, bytes: Vec<u8>) -> io::Result<()> {
        self.sender.send(bytes).await.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Drop for InputWriter {
    fn drop(&mut self) {
        if !self.held.is_empty() {
            // Who must know that it arrives calls `finish`.
            drop(self.sender.try_send(std::mem::take(&mut self.held)));
        }
    }
}
