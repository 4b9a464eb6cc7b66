//! Sends a run's events and makes sure that exactly one end comes, whatever happens.

use std::sync::Arc;

use station_core::model::{End, ExecutionId, OutputSummary, Usage};

use super::live::Live;
use super::runs::Runs;
use crate::port::{RunEnd, RunEvent};

/// A run's way to the sink. Dropped without an end, it reports that the end is not known.
pub(super) struct Report {
    runs: Arc<Runs>,
    live: Arc<Live>,
    execution: ExecutionId,
    ended: bool,
}

impl Report {
    /// The reports of a run that is in the link's table.
    pub(super) fn new(runs: Arc<Runs>, live: Arc<Live>, execution: ExecutionId) -> Self {
        Self { runs, live, execution, ended: false }
    }

    /// Sends an event other than the end.
    pub(super) fn send(&self, event: RunEvent) {
        self.runs.send(self.execution, event);
    }

    /// Sends the end. The execution may be started anew as soon as it is out.
    pub(super) fn end(mut self, end: RunEnd) {
        self.ended = true;
        self.close(end);
    }

    fn close(&self, end: RunEnd) {
        self.live.over();
        self.runs.forget(self.execution, &self.live);
        self.send(RunEvent::Ended(end));
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        if !self.ended {
            let sentence = "The station stopped watching the run before its end.";
            self.close(failed(End::Unknown, sentence));
        }
    }
}

/// The end of a run without output.
pub(super) fn failed(end: End, sentence: impl Into<String>) -> RunEnd {
    RunEnd {
        end,
        error: Some(sentence.into()),
        result: None,
        usage: Usage::default(),
        output: OutputSummary::default(),
        chunks: Vec::new(),
        leaked: false,
        kill: None,
        unreachable: false,
    }
}
