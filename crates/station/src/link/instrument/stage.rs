//! What surrounds a run's work: lines of its transcript, and the commands of sequences.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use station_core::model::{CommandLine, Stream};
use station_instrument::bench::Transcript;
use station_instrument::transport::Act;
use station_instrument::work;
use tokio::sync::mpsc;

use super::commands::Commands;

/// So many lines wait to be stored; more are counted and not kept, since instruments do not wait.
const LINES: usize = 4096;

/// A line of a transcript.
pub(super) type Line = (Stream, String);

/// Takes what is said between the station and instruments.
pub(super) struct Stage {
    lines: Option<mpsc::Sender<Line>>,
    lost: AtomicU64,
    commands: Option<Commands>,
}

impl Stage {
    /// One whose lines can be received.
    pub(super) fn new(commands: Commands) -> (Self, mpsc::Receiver<Line>) {
        let (lines, received) = mpsc::channel(LINES);
        (Self { lines: Some(lines), lost: AtomicU64::new(0), commands: Some(commands) }, received)
    }

    /// One that keeps nothing and runs nothing.
    pub(super) fn silent() -> Self {
        Self { lines: None, lost: AtomicU64::new(0), commands: None }
    }

    /// How many lines were not kept.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn put(&self, stream: Stream, line: String) {
        if let Some(lines) = &self.lines
            && lines.try_send((stream, line)).is_err()
        {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Transcript for Stage {
    fn sent(&self, equipment: &str, text: &str) {
        self.put(Stream::Stdout, format!("{equipment} > {text}\n"));
    }

    fn received(&self, equipment: &str, text: &str) {
        self.put(Stream::Stdout, format!("{equipment} < {text}\n"));
    }

    fn note(&self, text: &str) {
        self.put(Stream::Station, format!("{text}\n"));
    }
}

impl work::Stage for Stage {
    fn command(
        &self,
        on: String,
        command: CommandLine,
        timeout: Duration,
    ) -> Act<'static, work::CommandEnd> {
        match (&self.commands, &self.lines) {
            (Some(commands), Some(lines)) => commands.run(on, command, timeout, lines.clone()),
            _ => Box::pin(std::future::pending()),
        }
    }
}
