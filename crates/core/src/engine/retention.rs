//! Retention: executions that ended long ago go, a small batch in each round.

use std::time::Duration;

use super::{Change, Effect, Engine, Mode, Outcome, Reply, Scope};
use crate::model::{ExecutionId, Micros, Mono, Now};

/// How many go in one round.
const BATCH: usize = 500;
/// How often it is looked for them.
const EVERY: Duration = Duration::from_secs(86_400);

/// When it is looked for expired executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Retention {
    next: Mono,
    /// They were asked for.
    asked: bool,
}

impl Retention {
    /// Due at once.
    pub(super) fn starting(now: Now) -> Self {
        Self { next: now.mono, asked: false }
    }
}

impl Engine {
    /// When it is looked for expired executions next.
    pub(super) fn next_prune(&self) -> Option<Mono> {
        let working = self.mode == Mode::Working && self.scope == Scope::All;
        let waits = working && !self.retention.asked && !self.clock.is_held();
        self.config.retention.filter(|_| waits).map(|_| self.retention.next)
    }

    /// Asks for expired executions when it is time.
    pub(super) fn prune(&mut self, now: Now, out: &mut Outcome) {
        let Some(kept) = self.config.retention else { return };
        if self.next_prune().is_some_and(|at| at <= now.mono) {
            self.retention.asked = true;
            let kept = i64::try_from(kept.as_micros()).unwrap_or(i64::MAX);
            let before = Micros(now.wall.0.saturating_sub(kept));
            out.effects.push(Effect::FindExpired { before, limit: BATCH });
        }
    }

    pub(super) fn on_expired(
        &mut self,
        now: Now,
        executions: &[(ExecutionId, u64)],
        more: bool,
        out: &mut Outcome,
    ) {
        // Asked for twice around a failed round; counting it again would falsify the sum of output.
        if !self.retention.asked {
            return;
        }
        self.forget(executions, out);
        let wait = if more { Duration::ZERO } else { EVERY };
        self.retention = Retention { next: now.mono.plus(wait), asked: false };
    }

    /// Removes executions, each with the bytes of output it holds, but those that have not ended.
    pub(super) fn forget(&mut self, executions: &[(ExecutionId, u64)], out: &mut Outcome) -> Reply {
        let ended = executions.iter().filter(|(id, _)| !self.runs.contains_key(id));
        let mut count = 0_usize;
        for (execution, bytes) in ended {
            self.output_bytes = self.output_bytes.saturating_sub(*bytes);
            out.changes.push(Change::ExecutionRemoved { execution: *execution });
            count = count.saturating_add(1);
        }
        Reply::Forgotten(count)
    }
}
