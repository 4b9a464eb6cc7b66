//! What became of a sequence: how much was done, what was read, how late the steps were.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Jitter;

/// What became of a sequence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SequenceReport {
    /// How many steps were done.
    pub steps: u64,
    /// How many there were to do.
    pub planned: u64,
    /// How late the steps were.
    pub jitter: Jitter,
    /// What steps have read, the newest [`SequenceReport::MOST_READINGS`] of them, the oldest first.
    pub readings: Vec<Reading>,
    /// The step that failed first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<FailedStep>,
}

impl SequenceReport {
    /// How many readings are kept.
    pub const MOST_READINGS: usize = 1000;
}

/// The result of a step that has one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The step; see [`super::TimedStep::path`].
    pub step: String,
    /// When it was sent, in seconds from the start.
    pub at: f64,
    /// What it gave.
    pub value: Value,
}

/// A step that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedStep {
    /// The step; see [`super::TimedStep::path`].
    pub step: String,
    /// Its offset from the start, as in the timeline: `1.504s`.
    pub at: String,
    /// Why.
    pub error: String,
}
