//! Captured output: chunks in the order they were read, bounded by keeping head and tail.

use serde::{Deserialize, Serialize};

use super::Micros;

/// The stream a chunk came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A remark of the station itself, such as a gap in the output.
    Station,
}

/// Bytes read from one stream at one moment. Lines may span chunks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputChunk {
    /// The stream.
    pub stream: Stream,
    /// When it was read.
    pub at: Micros,
    /// The bytes as they came; not necessarily UTF-8.
    pub bytes: Vec<u8>,
}

/// How much output of one execution is kept: the first `head` and the last `tail` bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputCap {
    /// Bytes kept from the start.
    pub head: usize,
    /// Bytes kept from the end.
    pub tail: usize,
}

impl Default for OutputCap {
    /// 16 MiB: 8 of the head, 8 of the tail.
    fn default() -> Self {
        Self { head: 8 << 20, tail: 8 << 20 }
    }
}

/// What was read of an execution's output, kept or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputSummary {
    /// Bytes read from the command.
    pub bytes: u64,
    /// Line feeds read from the command.
    pub lines: u64,
    /// Bytes between head and tail that were not kept.
    pub dropped_bytes: u64,
    /// Line feeds in the bytes not kept.
    pub dropped_lines: u64,
}

impl OutputSummary {
    /// Adds what another attempt of the same execution put out.
    pub fn add(&mut self, other: Self) {
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.lines = self.lines.saturating_add(other.lines);
        self.dropped_bytes = self.dropped_bytes.saturating_add(other.dropped_bytes);
        self.dropped_lines = self.dropped_lines.saturating_add(other.dropped_lines);
    }
}
