//! Work: what a job does with its equipment, from the lease to the release.
//!
//! ```text
//!  leases ─▶ profile ─▶ the work ─▶ on_release ─▶ safe state ─▶ release
//!    │          │            │          always      if anything went wrong
//!    ▼          ▼            ▼
//!  nothing    the work     known to have failed, or not known: what was sent and how it ended decides
//!  was sent   is left out
//! ```
//!
//! A stop ends waits and repetitions; what follows the work is done all the same, in a time of its own.

mod carry_out;
mod doing;
mod ending;
mod outcome;
mod sampling;

use serde_json::Value;
use station_core::model::{Call, Equipment, ExecutionId, InstrumentAction, Profile};

pub use carry_out::{carry_out, make_safe};
pub use doing::{captured, new_id};
pub use sampling::{After, begin as begin_acquisition};

pub use crate::stage::{CommandEnd, Stage};
pub use crate::stop::{Stop, Stopper};

/// A job's work to be carried out.
#[derive(Clone, Debug)]
pub struct WorkRequest {
    /// Who works, for people: `execution 42.3`.
    pub label: String,
    /// The execution, where it is one.
    pub execution: Option<ExecutionId>,
    /// What is to be done.
    pub action: InstrumentAction,
    /// The equipment it is done with.
    pub equipment: Vec<Equipment>,
    /// The profile that is applied first.
    pub profile: Option<Profile>,
}

impl WorkRequest {
    /// The calls that follow the work, each with its equipment's name: what is meant for the only one
    /// must not go to another, should that one be missing.
    fn on_release(&self) -> Vec<Call> {
        let mut calls = self.action.on_release.clone();
        if let [only] = self.equipment.as_slice() {
            for call in &mut calls {
                call.equipment.get_or_insert_with(|| only.id.clone());
            }
        }
        calls
    }
}

/// How work ended.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkEnd {
    /// What is known of it.
    pub outcome: WorkOutcome,
    /// Why it did not succeed, and whether the equipment was left in its safe state.
    pub error: Option<String>,
    /// What came of it.
    pub result: Option<Value>,
}

/// What is known of work that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkOutcome {
    /// It was done.
    Done,
    /// It was not: nothing is half done, or the instrument says what was wrong.
    Failed,
    /// Nothing was sent.
    NotStarted,
    /// It was stopped, or the connection was lost midway: what was done is not known.
    Unknown,
}
