//! The vocabulary: jobs, executions, targets, principals and instants, as plain data.

mod action;
mod bytes;
mod execution;
mod id;
mod job;
mod output;
mod time;
mod trigger;

pub use action::{Action, CommandLine, ContextHash, ShellContext};
pub use execution::{
    Attempt, Cause, End, Execution, ExecutionStatus, ProcessRecord, Reason, Usage,
};
pub use id::{ExecutionId, JobId, ParseIdError};
pub use job::{
    Condition, Grace, Job, JobSpec, JobState, JobStatus, Mail, MailWhen, OnInterrupted, Policies,
    Principal, Target,
};
pub use output::{OutputCap, OutputChunk, OutputSummary, Stream};
pub use time::{Micros, Mono, Now};
pub use trigger::{DateTrigger, Intent, IntentKind, Trigger};
