//! Changes: the only way state changes. Folding the stored changes gives the stored state.

use crate::model::{
    Alarm, AlarmId, Attempt, ContextHash, Execution, ExecutionId, Job, JobId, JobState, Node,
    NodeHealth, Notice, OutputChunk, Record, RecordKind, ShellContext, Token,
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
    /// A job is now this: its specification was changed, or it was paused or resumed.
    JobReplaced(Box<Job>),
    /// A job is deleted. Without `history` its executions are kept until they expire, and its row
    /// with them, out of sight; with it everything of it goes at once.
    JobDeleted {
        /// The job.
        job: JobId,
        /// Its executions go too.
        history: bool,
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
    /// An execution has expired: it goes, with its attempts, its output and its mail. The firings it
    /// accounts for stay counted with its job; a deleted job goes with its last execution.
    ExecutionRemoved {
        /// The execution.
        execution: ExecutionId,
    },
    /// An alarm event exists from now on, or has changed.
    AlarmRecorded(Box<Alarm>),
    /// A notice is owed, or a try to deliver it has failed.
    NoticeRecorded(Notice),
    /// A notice was delivered, or is owed no longer.
    NoticeDone {
        /// The alarm.
        alarm: AlarmId,
        /// The channel.
        channel: String,
    },
    /// A token exists from now on, or has been revoked.
    TokenRecorded(Box<Token>),
    /// A node is registered, or has changed. What is known of it stays.
    NodeRecorded(Box<Node>),
    /// A node is not registered any more.
    NodeRemoved {
        /// Its name.
        name: String,
    },
    /// A node could be reached again, or no more.
    NodeMarked {
        /// Its name.
        name: String,
        /// What is known of it now.
        health: NodeHealth,
    },
    /// A record is this from now on.
    RecordKept(Box<Record>),
    /// A record is there no more.
    RecordRemoved {
        /// Its kind.
        kind: RecordKind,
        /// Its key.
        key: String,
    },
    /// All jobs are planned with this version of the time-zone database.
    ZonesKept {
        /// The version.
        version: String,
    },
    /// What waits for the machine to be started has fired for this boot.
    BootKept {
        /// The kernel's name of it.
        boot: String,
    },
}
