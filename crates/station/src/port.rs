//! The only traits between the runtime and the outside: what runs commands, stores and notifies.

use std::time::Duration;

use station_core::audit::{Checkpoint, Entry, Head, Outstanding};
use station_core::engine::{Change, Snapshot};
use station_core::model::{
    Alarm, AlarmId, CommandLine, ContextHash, Control, End, Equipment, Execution, ExecutionId,
    Expiry, InstrumentAction, Job, JobId, Kill, Mail, Micros, Node, OutputCap, OutputChunk,
    OutputSummary, Principal, ProcessRecord, Profile, Record, RecordKind, Remains, ShellContext,
    Usage,
};

/// One attempt to be carried out by a link.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// The execution it belongs to.
    pub execution: ExecutionId,
    /// The attempt's number, from 1.
    pub attempt: u32,
    /// Where, unless on this machine.
    pub node: Option<Box<Node>>,
    /// The command.
    pub command: CommandLine,
    /// Its surroundings.
    pub context: ShellContext,
    /// What it reads on standard input; empty when `None`.
    pub stdin: Option<Vec<u8>>,
    /// It runs as root, by sudo(8); on nodes only.
    pub sudo: bool,
    /// How much of its output is kept.
    pub cap: OutputCap,
    /// After how long without output an [`RunEvent::Idle`] is sent.
    pub idle_timeout: Option<Duration>,
}

/// One attempt to do something with equipment.
#[derive(Clone, Debug)]
pub struct OperateRequest {
    /// The execution it belongs to.
    pub execution: ExecutionId,
    /// The attempt's number, from 1.
    pub attempt: u32,
    /// What is done.
    pub action: Box<InstrumentAction>,
    /// The equipment it holds for itself.
    pub equipment: Vec<Equipment>,
    /// The profile that is applied first.
    pub profile: Option<Profile>,
    /// All nodes, when its commands name some.
    pub nodes: Vec<Node>,
    /// How much of its output is kept.
    pub cap: OutputCap,
    /// After how long without output an [`RunEvent::Idle`] is sent.
    pub idle_timeout: Option<Duration>,
}

/// The one attempt to do something with an outstation.
#[derive(Clone, Debug)]
pub struct CommandRequest {
    /// The execution it belongs to.
    pub execution: ExecutionId,
    /// What is done.
    pub control: Control,
    /// The outstation's name.
    pub outstation: String,
    /// Who made the job: on whose behalf it is.
    pub by: Principal,
    /// Until when a command may be sent (CLOCK_MONOTONIC and CLOCK_REALTIME); to be checked right
    /// before it is.
    pub expires: Expiry,
    /// How much of its output is kept.
    pub cap: OutputCap,
}

/// What a link reports of a run. Exactly one `Ended` comes, last.
#[derive(Debug)]
pub enum RunEvent {
    /// The process exists and has lasted a while: told of so that a later daemon can find it.
    Started(ProcessRecord),
    /// Output to be stored; `stored` is resolved (or dropped) once it is, and no more is sent before.
    Output {
        /// The chunks, in order.
        chunks: Vec<OutputChunk>,
        /// Told when they are durable.
        stored: tokio::sync::oneshot::Sender<()>,
    },
    /// There was no output for the idle timeout. Sent once.
    Idle,
    /// The run is over.
    Ended(RunEnd),
}

/// The end of a run.
#[derive(Clone, Debug)]
pub struct RunEnd {
    /// How the process ended.
    pub end: End,
    /// Why it could not be started or watched, in a sentence for people.
    pub error: Option<String>,
    /// What came of it besides output: a JSON document.
    pub result: Option<String>,
    /// What it used.
    pub usage: Usage,
    /// What was read in all, and what of it was not kept.
    pub output: OutputSummary,
    /// The last chunks, not sent before.
    pub chunks: Vec<OutputChunk>,
    /// Whether its output was still held open by another process when the run was ended.
    pub leaked: bool,
    /// What became of its processes on its node, when they were told to end.
    pub kill: Option<Kill>,
    /// Its node could not be reached, so it has not begun.
    pub unreachable: bool,
}

/// Where a link sends a run's events.
pub trait RunSink: Send + Sync {
    /// Takes one event; never blocks.
    fn send(&self, execution: ExecutionId, event: RunEvent);
}

/// A signal to a run's process group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopSignal {
    /// SIGTERM: please end.
    Terminate,
    /// SIGKILL: end now.
    Kill,
}

/// The transport to targets: carries out attempts and reports them to the sink it was made with.
pub trait Link: Send + Sync {
    /// Starts a run; every outcome, also failure to start, comes back as one [`RunEvent::Ended`].
    fn start(&self, request: RunRequest);

    /// Starts a run with equipment; as [`Link::start`].
    fn operate(&self, request: OperateRequest);

    /// Starts a run that does something with an outstation; as [`Link::start`].
    fn command(&self, request: CommandRequest);

    /// Signals a run's process group; false when it is not running here any more.
    fn signal(&self, execution: ExecutionId, signal: StopSignal) -> bool;

    /// Kills all runs at once.
    fn kill_all(&self);

    /// Finds and ends what a killed daemon left behind here, or on a node: asks, waits for the grace, kills. Then
    /// `report` is told of each run what was left of it.
    fn end_survivors(
        &self,
        node: Option<Box<Node>>,
        runs: Vec<(ExecutionId, Option<ProcessRecord>)>,
        grace: Duration,
        report: SurvivorReport,
    );

    /// Brings equipment that runs of a killed daemon held into its safe state. Then `report` is told
    /// of each run what came of that.
    fn make_safe(&self, runs: Vec<OperateRequest>, report: SurvivorReport);

    /// A record was kept. It is durable, and whoever asked for it is told after this returns: what it
    /// forbids must not begin any more then. Never blocks.
    fn kept(&self, _record: &Record) {}

    /// A record was removed; as [`Link::kept`].
    fn removed(&self, _kind: RecordKind, _key: &str) {}

    /// All runs are over and no more come: closes what is open and then tells so. What it records of
    /// that until then is still stored.
    fn close(&self, closed: Box<dyn FnOnce() + Send>) {
        closed();
    }
}

/// Takes for each run what was left of it.
pub type SurvivorReport = Box<dyn FnOnce(Vec<(ExecutionId, Remains)>) + Send>;

/// A durable store: changes are folded into tables, in rounds.
///
/// One writer owns it. A round is `apply`… then `commit`; reads on the writer see the round so far.
pub trait Store: Send {
    /// Which store it is: a name given at its creation, never another's.
    fn id(&self) -> &str;

    /// What the engine needs to start: at most `window` due jobs.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn snapshot(&mut self, window: usize) -> Result<Snapshot, StoreError>;

    /// One job, also one that is deleted while something of it is kept.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn job(&mut self, id: JobId) -> Result<Option<Job>, StoreError>;

    /// Pending jobs at or after a position in the order of due time and id, and whether there are
    /// more beyond the last.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn due_from(
        &mut self,
        from: (Micros, JobId),
        limit: usize,
    ) -> Result<(Vec<Job>, bool), StoreError>;

    /// Jobs that will fire, by number after this one, all or only those that recur; and whether
    /// there are more beyond the last.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn planned_from(
        &mut self,
        after: JobId,
        recurring: bool,
        limit: usize,
    ) -> Result<(Vec<Job>, bool), StoreError>;

    /// Executions that ended before a time, the oldest first, each with the bytes of output it holds,
    /// and whether there are more.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn expired(
        &mut self,
        before: Micros,
        limit: usize,
    ) -> Result<(Vec<(ExecutionId, u64)>, bool), StoreError>;

    /// One alarm.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn alarm(&mut self, id: AlarmId) -> Result<Option<Alarm>, StoreError>;

    /// A record.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn record(&mut self, kind: RecordKind, key: &str) -> Result<Option<Record>, StoreError>;

    /// A stored context.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn context(&mut self, hash: &ContextHash) -> Result<Option<ShellContext>, StoreError>;

    /// The oldest executions that have stored output and have ended, until `bytes` are reached.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn oldest_outputs(&mut self, bytes: u64) -> Result<Vec<(ExecutionId, u64)>, StoreError>;

    /// Folds changes into the open round, opening one if there is none.
    ///
    /// # Errors
    /// When they cannot be written; the round must then be rolled back.
    fn apply(&mut self, changes: &[Change]) -> Result<(), StoreError>;

    /// Puts entries behind the audit trail, in the open round, opening one if there is none; answers
    /// where the trail ends then.
    ///
    /// # Errors
    /// When they cannot be written; the round must then be rolled back.
    fn append(&mut self, entries: Vec<Entry>) -> Result<Head, StoreError>;

    /// Whether there is an intent of this correlation without an outcome.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn is_open(&mut self, correlation: &str) -> Result<bool, StoreError>;

    /// The intents without an outcome, in the order of the trail.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn outstanding(&mut self) -> Result<Vec<Outstanding>, StoreError>;

    /// Where the audit trail ends, with the open round.
    fn head(&self) -> Head;

    /// Keeps a checkpoint of the audit trail, in the open round, opening one if there is none.
    ///
    /// # Errors
    /// When it cannot be written; the round must then be rolled back.
    fn keep_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError>;

    /// Makes the open round durable (fsynced). Without an open round it does nothing.
    ///
    /// # Errors
    /// When it cannot be made durable; nothing of the round is then stored.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Forgets the open round.
    fn rollback(&mut self);

    /// Writes something that changes nothing, durably: whether a store in trouble works again.
    /// No round may be open.
    ///
    /// # Errors
    /// When it cannot be written.
    fn probe(&mut self) -> Result<(), StoreError>;
}

/// Why the store cannot do what is asked, as a sentence that names the file and the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// What kind of trouble it is.
    pub kind: StoreErrorKind,
    /// The sentence.
    pub message: String,
}

/// What kind of trouble a store has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// No space left; worth trying again later.
    Full,
    /// It cannot be written (permissions, read-only file system).
    ReadOnly,
    /// It is not a store of ours.
    Foreign,
    /// It was written by a newer program.
    Newer,
    /// It is damaged.
    Damaged,
    /// Another program holds it.
    Busy,
    /// What is asked for cannot be done (a cursor that is none, a file in the way); the store
    /// itself is well.
    Invalid,
    /// Anything else the disk or the library reports.
    Io,
}

impl StoreError {
    /// Trouble without a kind of its own.
    #[must_use]
    pub fn io(message: String) -> Self {
        Self { kind: StoreErrorKind::Io, message }
    }
}

/// Something to tell somebody about an ended execution.
#[derive(Clone, Debug)]
pub struct Letter {
    /// The execution.
    pub execution: Execution,
    /// The job's name.
    pub name: String,
    /// To whom, and when.
    pub mail: Mail,
    /// What it put out on either stream, up to a limit.
    pub output: Vec<u8>,
}

/// Tells people what happened.
pub trait Notifier: Send + Sync {
    /// Sends a letter. Blocks.
    ///
    /// # Errors
    /// A sentence that says why it could not be sent.
    fn notify(&self, letter: &Letter) -> Result<(), String>;

    /// Tells of an alarm over the channel of this name, once. Blocks.
    ///
    /// # Errors
    /// A sentence that says why it could not be delivered.
    fn alert(&self, channel: &str, alarm: &Alarm) -> Result<(), String>;
}
