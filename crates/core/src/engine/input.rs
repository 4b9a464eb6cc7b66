//! Inputs: everything that can happen to the engine, one at a time.

use std::time::Duration;

use super::request::Request;
use crate::model::{
    Alarm, AlarmId, End, Execution, ExecutionId, Job, Kill, Micros, Node, NodeHealth, Notice,
    OutputChunk, OutputSummary, ProcessRecord, Remains, Usage,
};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Somebody asks for something.
    Request(Request),
    /// A run's process exists.
    Started {
        /// The run.
        execution: ExecutionId,
        /// Its process.
        process: ProcessRecord,
    },
    /// A run put something out.
    Output {
        /// The run.
        execution: ExecutionId,
        /// What it put out.
        chunks: Vec<OutputChunk>,
    },
    /// A run put nothing out for its idle timeout.
    Idle {
        /// The run.
        execution: ExecutionId,
    },
    /// A run is over.
    Ended {
        /// The run.
        execution: ExecutionId,
        /// How it ended.
        report: Box<EndReport>,
    },
    /// What the last daemon left behind is gone.
    SurvivorsEnded {
        /// Each run, and what was left of it.
        runs: Vec<(ExecutionId, Remains)>,
    },
    /// The rows asked for by [`super::Effect::Load`].
    Loaded {
        /// The jobs in the order of due time and id.
        jobs: Vec<Job>,
        /// Whether more are stored beyond the last of them.
        more: bool,
    },
    /// The time-zone database is not of the version the jobs were planned with.
    ZonesChanged {
        /// The version it is of.
        version: String,
    },
    /// The machine was started since the last daemon ran.
    Booted {
        /// The kernel's name of this boot.
        boot: String,
    },
    /// The jobs asked for by [`super::Effect::LoadPlanned`].
    Planned {
        /// The jobs, by number.
        jobs: Vec<Job>,
        /// Whether there are more beyond the last of them.
        more: bool,
    },
    /// Ended executions older than the retention, at most as many as were asked for.
    Expired {
        /// The executions, with the bytes of output each holds.
        executions: Vec<(ExecutionId, u64)>,
        /// Whether there are more.
        more: bool,
    },
    /// A notice was delivered, or could not be.
    Notified {
        /// The alarm.
        alarm: AlarmId,
        /// The channel.
        channel: String,
        /// Why it could not be delivered.
        error: Option<String>,
    },
    /// The 1-minute load average, in hundredths.
    Load(u32),
    /// The oldest stored outputs with their sizes.
    OldestOutputs(Vec<(ExecutionId, u64)>),
    /// A mail was sent or given up.
    Mailed {
        /// The execution it was about.
        execution: ExecutionId,
        /// Why it could not be sent.
        error: Option<String>,
    },
    /// A deadline has come, or nothing at all: a tick is idempotent.
    Tick,
    /// The system clock is synchronised and can be trusted.
    ClockSynchronised,
    /// Stop taking work, let runs end within the limit, then interrupt them.
    Shutdown {
        /// How long runs may go on.
        limit: Duration,
    },
}

/// How a run ended, as its link tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndReport {
    /// How the process ended.
    pub end: End,
    /// What went wrong, in a sentence for people.
    pub error: Option<String>,
    /// What became of its processes on its node, when the station told them to end.
    pub kill: Option<Kill>,
    /// Its node could not be reached, so it has not begun.
    pub unreachable: bool,
    /// What came of it besides output: a JSON document.
    pub result: Option<String>,
    /// What it used.
    pub usage: Usage,
    /// What was read of its output.
    pub output: OutputSummary,
    /// The last of its output.
    pub chunks: Vec<OutputChunk>,
}

/// What the store holds when the engine starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The highest job number ever given; 0 for none.
    pub last_job: i64,
    /// Bytes of output stored.
    pub output_bytes: u64,
    /// The newest instant recorded anywhere: a clock that shows less is wrong.
    pub newest: Option<Micros>,
    /// Executions that have not ended, with their jobs.
    pub live: Vec<(Job, Execution)>,
    /// The first pending jobs in the order of due time and id.
    pub due: Vec<Job>,
    /// Whether more are pending beyond the last of them.
    pub more: bool,
    /// Executions about which a mail is owed, with their jobs.
    pub mails: Vec<(Job, Execution)>,
    /// The version of the time-zone database the jobs were planned with.
    pub zones: Option<String>,
    /// The boot of the machine for which what waits for one has fired.
    pub boot: Option<String>,
    /// The highest alarm number ever given; 0 for none.
    pub last_alarm: i64,
    /// Alarms that are not cleared.
    pub alarms: Vec<Alarm>,
    /// All nodes, and what is known of them.
    pub nodes: Vec<(Node, Option<NodeHealth>)>,
    /// All outstations by name, and how many runs each may have at once.
    pub outstations: Vec<(String, u32)>,
    /// Notices that are owed, with their alarms.
    pub notices: Vec<(Notice, Alarm)>,
}
