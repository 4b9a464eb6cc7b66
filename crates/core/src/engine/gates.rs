//! Gates: how many runs a node or an outstation may have at once, on how many nodes a job may run at
//! once, and that equipment, and each point that is commanded, has one run at a time.
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
//!
//! At the gates of equipment and of points nobody is overtaken: a run passes all of its gates at once, when nobody
//! holds them and nobody planned before it waits for one of them. So runs that name several cannot
//! block each other, and none waits for ever while others come and go.

use std::collections::{BTreeMap, BTreeSet};

use super::outstations::AtOutstation;
use super::runs::{Phase, Run};
use super::{Engine, Scope};
use crate::model::{ExecutionId, JobId, Micros};

/// What lets only so many runs through at once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gate {
    Node(String),
    /// Of a job on nodes, its runs.
    Job(JobId),
    /// One run at a time.
    Equipment(String),
    /// As many runs as it takes at once.
    Outstation(String),
    /// A point of an outstation: one run that commands it at a time.
    Point(String, String),
}

/// Who has passed the gates, and whom they hold up.
#[derive(Clone, Debug, Default)]
pub(super) struct Gates {
    passed: BTreeMap<Gate, usize>,
    /// Those that wait where nobody is overtaken, parked or not, in order of planned time.
    wanted: BTreeMap<Gate, BTreeSet<(Micros, ExecutionId)>>,
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

    /// A run waits for those among these where nobody is overtaken.
    pub(super) fn want(&mut self, gates: Vec<Gate>, key: (Micros, ExecutionId)) {
        for gate in gates.into_iter().filter(Gate::is_in_turn) {
            self.wanted.entry(gate).or_default().insert(key);
        }
    }

    /// A run waits for these no longer, if it did.
    pub(super) fn want_no_more(&mut self, gates: &[Gate], key: (Micros, ExecutionId)) {
        for gate in gates {
            if let Some(wanted) = self.wanted.get_mut(gate) {
                wanted.remove(&key);
                if wanted.is_empty() {
                    self.wanted.remove(gate);
                }
            }
        }
    }

    /// Whether somebody planned earlier waits for the same.
    fn is_behind(&self, gate: &Gate, key: (Micros, ExecutionId)) -> bool {
        self.wanted.get(gate).and_then(BTreeSet::first).is_some_and(|first| *first < key)
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

impl Gate {
    fn is_equipment(&self) -> bool {
        matches!(self, Self::Equipment(_))
    }

    /// Whether nobody is overtaken at it.
    pub(super) fn is_in_turn(&self) -> bool {
        matches!(self, Self::Equipment(_) | Self::Point(_, _))
    }
}

impl Run {
    /// The gates it has to pass; none on this machine without equipment or an outstation.
    pub(super) fn gates(&self) -> Vec<Gate> {
        let id = self.execution.id;
        let node = self.execution.node.clone();
        let there = node.map(|node| [Gate::Node(node), Gate::Job(id.job)]);
        let equipment = self.equipment.iter().cloned().map(Gate::Equipment);
        let outstation = self.outstation.iter().flat_map(AtOutstation::gates);
        there.into_iter().flatten().chain(equipment).chain(outstation).collect()
    }
}

impl Engine {
    /// The gates a run has passed and not left.
    pub(super) fn gates_passed(&self, run: &Run) -> Vec<Gate> {
        match run.phase {
            Phase::Running { .. } => run.gates(),
            // A node's room is for what this daemon starts; but equipment is not safe yet, and
            // somebody makes it so.
            Phase::Surviving if self.scope == Scope::All => {
                run.gates().into_iter().filter(Gate::is_equipment).collect()
            }
            Phase::Surviving | Phase::Queued | Phase::Waiting | Phase::BackingOff => Vec::new(),
        }
    }

    /// Whether a run may pass a gate.
    fn is_open(&self, gate: &Gate, key: (Micros, ExecutionId)) -> bool {
        let limit = match gate {
            Gate::Node(name) => {
                // One that is gone holds up nothing: what is for it fails.
                let Some((node, _)) = self.nodes.get(name) else { return true };
                Some(node.limit.unwrap_or(self.config.node_limit))
            }
            Gate::Job(job) => self.window.job(*job).and_then(|job| job.spec.policies.fanout),
            Gate::Outstation(name) => match self.outstations.get(name) {
                None => return true,
                Some(parallel) => Some(*parallel),
            },
            Gate::Equipment(_) | Gate::Point(_, _) if self.gates.is_behind(gate, key) => {
                return false;
            }
            Gate::Equipment(_) | Gate::Point(_, _) => Some(1),
        };
        let passed = self.gates.passed.get(gate).copied().unwrap_or(0);
        limit.is_none_or(|limit| u32::try_from(passed).is_ok_and(|passed| passed < limit.max(1)))
    }

    /// Parks a run that waits if a gate of its is full.
    pub(super) fn is_parked(&mut self, (planned, id): (Micros, ExecutionId)) -> bool {
        let Some(run) = self.runs.get(&id) else { return false };
        let (gates, key) = (run.gates(), (planned, id));
        let Some(full) = gates.iter().find(|gate| !self.is_open(gate, key)) else { return false };
        self.waiting.remove(&key);
        self.gates.park(full.clone(), key);
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
                && self.is_open(gate, first)
            {
                self.gates.leave(first);
                self.waiting.insert(first);
            }
        }
    }
}
