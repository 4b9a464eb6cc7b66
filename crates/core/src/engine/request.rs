//! Requests to the engine and its answers; refusals carry the sentence a person reads.

use crate::model::{
    Alarm, AlarmId, ContextHash, ExecutionId, Job, JobId, JobSpec, Micros, Node, Record,
    RecordKind, Severity, ShellContext, Token,
};

/// Something somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Accept a job. `created_at` of the spec is set by the engine.
    Create {
        /// The job.
        spec: Box<JobSpec>,
        /// Its surroundings, to be stored.
        context: Option<(ContextHash, ShellContext)>,
        /// The job may be due at once rather than at an instant in the future.
        immediate: bool,
        /// It is accepted, but does not fire until it is resumed.
        paused: bool,
    },
    /// Replace what is asked of a job; its number, its creator and its history stay. A new date may
    /// have passed on the way; the job is due at once then.
    Update {
        /// The job.
        job: JobId,
        /// Its row, when it is stored.
        row: Option<Box<Job>>,
        /// What is asked for from now on.
        spec: Box<JobSpec>,
        /// Its surroundings, to be stored.
        context: Option<(ContextHash, ShellContext)>,
        /// Whether it is to be paused or resumed as well.
        paused: Option<bool>,
    },
    /// Delete a job; runs of it are ended.
    Delete {
        /// The job.
        job: JobId,
        /// Its row, when it is stored.
        row: Option<Box<Job>>,
        /// Its executions go at once.
        history: bool,
    },
    /// Let a job fire no more until it is resumed. What runs or waits goes on.
    Pause {
        /// The job.
        job: JobId,
        /// Its row, when it is stored.
        row: Option<Box<Job>>,
    },
    /// Let a paused job fire again, from now on.
    Resume {
        /// The job.
        job: JobId,
        /// Its row, when it is stored.
        row: Option<Box<Job>>,
    },
    /// Say that an alarm is known.
    Acknowledge {
        /// The alarm.
        alarm: AlarmId,
        /// By whom.
        by: String,
        /// What they say.
        note: Option<String>,
        /// Its row, when it is stored.
        row: Option<Box<Alarm>>,
    },
    /// Say that an alarm is over.
    Clear {
        /// The alarm.
        alarm: AlarmId,
        /// Its row, when it is stored.
        row: Option<Box<Alarm>>,
    },
    /// Raise an alarm of the station's own, or add to the one about this topic.
    RaiseAlarm {
        /// What it is about, as `outstation.SS1.link`.
        topic: String,
        /// How bad it is.
        severity: Severity,
        /// What happened, in a sentence.
        message: String,
    },
    /// Say that what an alarm of the station's own is about is over.
    ClearTopic {
        /// What it is about.
        topic: String,
    },
    /// Remove these executions, but those that have not ended.
    Forget {
        /// The executions, with the bytes of output each holds.
        executions: Vec<(ExecutionId, u64)>,
    },
    /// Register nodes, all or none; `created_at` of each is set by the engine.
    KeepNodes {
        /// The nodes.
        nodes: Vec<Node>,
        /// They are there already and are changed; otherwise none of them may be.
        change: bool,
    },
    /// Remove nodes, all or none.
    RemoveNodes {
        /// Their names.
        names: Vec<String>,
    },
    /// Keep a record.
    Keep {
        /// The record.
        record: Box<Record>,
        /// Whether there may, or must, be one of its kind and key already.
        expect: Expect,
        /// Whether there is one stored.
        there: bool,
    },
    /// Remove a record.
    Remove {
        /// Its kind.
        kind: RecordKind,
        /// Its key.
        key: String,
        /// Whether there is one stored.
        there: bool,
    },
    /// Keep a token: a new one, or one that is revoked.
    KeepToken(Box<Token>),
    /// Cancel a job: pending, waiting or running.
    Cancel {
        /// The job.
        job: JobId,
        /// Its row, when it is stored.
        row: Option<Box<Job>>,
    },
    /// Cancel one execution.
    CancelExecution {
        /// The execution.
        execution: ExecutionId,
        /// Its job's row, when it is stored.
        row: Option<Box<Job>>,
    },
    /// Run a job now, besides its trigger.
    RunNow {
        /// The job.
        job: JobId,
        /// Its row, when it is stored.
        row: Option<Box<Job>>,
    },
}

/// Whether a record that is to be kept may be there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// It must not.
    New,
    /// It must.
    There,
    /// It may.
    Either,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The job is accepted.
    Created(Box<Job>),
    /// The job or execution will not run any more.
    Cancelled,
    /// The execution was told to end; it ends in its own time, at most the kill grace.
    Ending(ExecutionId),
    /// The job will run as this execution.
    Running(ExecutionId),
    /// The job is now this.
    Updated(Box<Job>),
    /// The job is deleted.
    Deleted,
    /// The alarm is now this.
    Alarm(Box<Alarm>),
    /// So many executions were removed.
    Forgotten(usize),
    /// The token is kept.
    TokenKept,
    /// The nodes are kept, or removed.
    NodesKept,
    /// The record is kept, or removed.
    RecordKept,
    /// The request is refused.
    Refused(Refusal),
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such job.
    #[error("Job {0} not found")]
    NoSuchJob(JobId),
    /// No such execution.
    #[error("Execution {0} not found")]
    NoSuchExecution(ExecutionId),
    /// The job has ended already.
    #[error("job {job} has already ended: it is {status}")]
    AlreadyEnded {
        /// The job.
        job: JobId,
        /// How.
        status: &'static str,
    },
    /// The execution has ended already, or never started.
    #[error("execution {0} is not running")]
    NotRunning(ExecutionId),
    /// The job is running already.
    #[error("job {job} is already running, as {execution}")]
    AlreadyRunning {
        /// The job.
        job: JobId,
        /// The running execution.
        execution: ExecutionId,
    },
    /// No such alarm.
    #[error("Alarm {0} not found")]
    NoSuchAlarm(AlarmId),
    /// The alarm is cleared already.
    #[error("alarm {0} is cleared already")]
    AlarmCleared(AlarmId),
    /// There is no alarm about this topic that is not cleared.
    #[error("there is no alarm about '{0}' that is not cleared")]
    NothingRaised(String),
    /// The schedule can never fire.
    #[error("{0}")]
    Unschedulable(String),
    /// The schedule has no firing left.
    #[error("the schedule has no firing left after {now}")]
    NeverFires {
        /// The engine's time.
        now: Micros,
    },
    /// The job's executions cannot go while some of them run.
    #[error("job {0} has executions that have not ended; cancel them first, or keep the history")]
    StillRunning(JobId),
    /// What the job is carried out on cannot change while executions of it have not ended.
    #[error(
        "job {0} has executions that have not ended, so it cannot be given other equipment; cancel \
         them first"
    )]
    TargetInUse(JobId),
    /// What the job does at its outstation cannot change while executions of it have not ended.
    #[error(
        "job {0} has executions that have not ended, so that its command cannot be changed; cancel \
         them first"
    )]
    CommandInUse(JobId),
    /// What the job must not share is in use by another job's run.
    #[error("conflict key '{key}' is in use by execution {execution}")]
    KeyInUse {
        /// The key.
        key: String,
        /// Who uses it.
        execution: ExecutionId,
    },
    /// As many firings wait in line as there may be.
    #[error("{0}")]
    LineFull(String),
    /// The planned time lies in the past.
    #[error("the time {at} is in the past: it is now {now}")]
    Past {
        /// The planned time.
        at: Micros,
        /// The engine's time.
        now: Micros,
    },
    /// No such node.
    #[error("node '{0}' is not registered")]
    NoSuchNode(String),
    /// There is such a node already.
    #[error("node '{0}' is registered already")]
    NodeExists(String),
    /// No such record.
    #[error("{kind} '{key}' is not registered", kind = .0.name(), key = .1)]
    NoSuchRecord(RecordKind, String),
    /// There is such a record already.
    #[error("{kind} '{key}' is registered already", kind = .0.name(), key = .1)]
    RecordExists(RecordKind, String),
    /// What a job's target names cannot be found.
    #[error("{0}")]
    NoSuchTarget(String),
    /// The station is shutting down.
    #[error("the station is shutting down and takes no new work")]
    ShuttingDown,
    /// The station holds no daemon, so nothing can be run.
    #[error("no daemon is running, so nothing can run now; start one with `station serve`")]
    NoDaemon,
}
