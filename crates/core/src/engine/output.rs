//! Output of runs: stored as it comes, the oldest dropped to keep to the budget.

use super::{Change, Effect, Engine, Outcome, Trim};
use crate::model::{ExecutionId, OutputChunk};

impl Engine {
    pub(super) fn on_output(
        &mut self,
        id: ExecutionId,
        chunks: Vec<OutputChunk>,
        out: &mut Outcome,
    ) {
        if let Some(run) = self.runs.get(&id).filter(|run| run.is_under_way()) {
            self.output_bytes = self.output_bytes.saturating_add(size_of_chunks(&chunks));
            let attempt = run.execution.attempt;
            out.changes.push(Change::OutputStored { execution: id, attempt, chunks });
        }
    }

    /// Asks for old output to drop once there is more than the budget.
    pub(super) fn trim_output(&mut self, out: &mut Outcome) {
        if self.output_bytes > self.config.output_budget && self.trim == Trim::Idle {
            self.trim = Trim::Asked { more: false };
            // A sixteenth below the budget, so that not every run trims.
            let goal = self.config.output_budget - self.config.output_budget / 16;
            out.effects.push(Effect::FindOldestOutputs { bytes: self.output_bytes - goal });
        }
    }

    pub(super) fn on_oldest_outputs(&mut self, outputs: &[(ExecutionId, u64)], out: &mut Outcome) {
        // Asked for twice around a failed round; counting it again would falsify the sum.
        let Trim::Asked { more: mut dropped } = self.trim else { return };
        for (id, bytes) in outputs {
            if !self.runs.contains_key(id) {
                self.output_bytes = self.output_bytes.saturating_sub(*bytes);
                out.changes.push(Change::OutputDropped { execution: *id });
                dropped = true;
            }
        }
        self.trim = if dropped { Trim::Idle } else { Trim::Stuck };
    }
}

/// The bytes of some chunks.
pub(super) fn size_of_chunks(chunks: &[OutputChunk]) -> u64 {
    chunks.iter().map(|chunk| u64::try_from(chunk.bytes.len()).unwrap_or(u64::MAX)).sum()
}
