//! What surrounds a run's work: its transcript, and the commands of sequences.

use std::time::Duration;

use station_core::model::{CommandLine, Stream};
use station_instrument::bench::Transcript;
use station_instrument::transport::Act;
use station_instrument::work;

use super::commands::Commands;
use super::lines::Lines;

/// Takes what is said between the station and instruments, and runs commands.
pub(super) struct Stage {
    around: Option<(Lines, Commands)>,
}

impl Stage {
    /// One with a transcript.
    pub(super) fn new(lines: Lines, commands: Commands) -> Self {
        Self { around: Some((lines, commands)) }
    }

    /// One that keeps nothing and runs nothing.
    pub(super) fn silent() -> Self {
        Self { around: None }
    }

    fn put(&self, stream: Stream, line: String) {
        if let Some((lines, _)) = &self.around {
            lines.put(stream, line);
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
        match &self.around {
            Some((lines, commands)) => commands.run(on, command, timeout, lines.clone()),
            None => Box::pin(std::future::pending()),
        }
    }
}
