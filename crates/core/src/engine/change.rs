//! Changes: the only way state changes. Folding the stored changes gives the stored state.

use crate::model::{
    Attempt, ContextHash, Execution, ExecutionId, Job, JobId, JobState, OutputChunk, ShellContext,
};

/// One change of the stored state. Each carries the new value whole, so that applying it twice
/// is the same as applying it once (output excepted, which is appended).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A job's surroundings are stored, once for all jobs that share them.
    ContextStored {
        /// Its name.
        hash: ContextHash,
        /// The surroundings.
        context: ShellContext,
    },
    /// A job exists from now on.
    JobCreated(Box<Job>),
    /// A job's state is now this.
    JobUpdated {
        /// The job.
        job: JobId,
        /// Its new state.
        state: JobState,
    },
    /// An execution exists from now on, or has changed.
    ExecutionRecorded(Box<Execution>),
    /// An attempt ended and another one follows; the last attempt stands in the execution itself.
    AttemptRecorded {
        /// The execution.
        execution: ExecutionId,
        /// The attempt.
        attempt: Attempt,
    },
    /// Output is appended.
    OutputStored {
        /// The execution.
        execution: ExecutionId,
        /// The attempt it came from.
        attempt: u32,
        /// The chunks, in order.
        chunks: Vec<OutputChunk>,
    },
    /// The output of an execution is dropped to keep to the budget.
    OutputDropped {
        /// The execution.
        execution: ExecutionId,
    },
    /// A mail about an execution is owed.
    MailQueued {
        /// The execution.
        execution: ExecutionId,
    },
    /// A mail about an execution was sent, or given up with this error.
    MailDone {
        /// The execution.
        execution: ExecutionId,
        /// Why it could not be sent.
        error: Option<String>,
    },
}
