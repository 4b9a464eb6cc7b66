//! Gates: how many runs a node may have at once, and on how many nodes a job may run at once.
//!
//! ```text
//!              is looked at, room at its gates
//!  waiting ─────────────────────────────────────▶ running ──▶ ended: the first that is parked at its
//!     ▲  │ a gate of it is full                                gates is woken
//!     │  ▼
//!     │ parked at that gate
//!     └─┘ is woken
//! ```
//! While a gate has room, the first of those it holds up is among the waiting: whatever leaves the
//! waiting, and whatever ends, wakes the next. So nothing that is parked need be looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::Engine;
use crate::model::{Execution, ExecutionId, JobId, Micros};

/// What lets only so many runs through at once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gate {
    Node(String),
    /// Of a job on nodes, its runs.
    Job(JobId),
}

/// Who has passed the gates, and whom they hold up.
#[derive(Clone, Debug, Default)]
pub(super) struct Gates {
    passed: BTreeMap<Gate, usize>,
    /// In order of planned time.
    parked: BTreeMap<Gate, BTreeSet<(Micros, ExecutionId)>>,
    parked_at: BTreeMap<ExecutionId, Gate>,
}

impl Gates {
    pub(super) fn enter(&mut self, gates: Vec<Gate>) {
        for gate in gates {
            let count = self.passed.entry(gate).or_default();
            *count = count.saturating_add(1);
        }
    }

    fn exit(&mut self, gate: &Gate) {
        if let Some(count) = self.passed.get_mut(gate) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.passed.remove(gate);
            }
        }
    }

    fn park(&mut self, gate: Gate, key: (Micros, ExecutionId)) {
        self.parked_at.insert(key.1, gate.clone());
        self.parked.entry(gate).or_default().insert(key);
    }

    /// A run is parked no longer, if it was.
    pub(super) fn leave(&mut self, key: (Micros, ExecutionId)) {
        let Some(gate) = self.parked_at.remove(&key.1) else { return };
        if let Some(parked) = self.parked.get_mut(&gate) {
            parked.remove(&key);
            if parked.is_empty() {
                self.parked.remove(&gate);
            }
        }
    }

    /// The first that a gate holds up.
    fn first(&self, gate: &Gate) -> Option<(Micros, ExecutionId)> {
        self.parked.get(gate)?.first().copied()
    }
}

impl Engine {
    /// The gates an execution has to pass; none on this machine.
    pub(super) fn gates_of(execution: &Execution) -> Vec<Gate> {
        match &execution.node {
            Some(node) => vec![Gate::Node(node.clone()), Gate::Job(execution.id.job)],
            None => Vec::new(),
        }
    }

    /// Whether one more may pass a gate.
    fn is_open(&self, gate: &Gate) -> bool {
        let limit = match gate {
            Gate::Node(name) => {
                // One that is gone holds up nothing: what is for it fails.
                let Some((node, _)) = self.nodes.get(name) else { return true };
                Some(node.limit.unwrap_or(self.config.node_limit))
            }
            Gate::Job(job) => self.window.job(*job).and_then(|job| job.spec.policies.fanout),
        };
        let passed = self.gates.passed.get(gate).copied().unwrap_or(0);
        limit.is_none_or(|limit| u32::try_from(passed).is_ok_and(|passed| passed < limit.max(1)))
    }

    /// Parks a run that waits if a gate of its is full.
    pub(super) fn is_parked(&mut self, (planned, id): (Micros, ExecutionId)) -> bool {
        let Some(run) = self.runs.get(&id) else { return false };
        let gates = Self::gates_of(&run.execution);
        let Some(full) = gates.iter().find(|gate| !self.is_open(gate)) else { return false };
        self.waiting.remove(&(planned, id));
        self.gates.park(full.clone(), (planned, id));
        self.wake(&gates);
        true
    }

    /// Runs have passed no longer.
    pub(super) fn exit_gates(&mut self, gates: &[Gate]) {
        gates.iter().for_each(|gate| self.gates.exit(gate));
        self.wake(gates);
    }

    /// Lets the first that each of these gates holds up be looked at, where there is room.
    pub(super) fn wake(&mut self, gates: &[Gate]) {
        for gate in gates {
            if let Some(first) = self.gates.first(gate)
                && self.is_open(gate)
            {
                self.gates.leave(first);
                self.waiting.insert(first);
            }
        }
    }
}
