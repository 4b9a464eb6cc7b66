//! Executions: firings carried out, attempt by attempt, and how they ended.

use serde::{Deserialize, Serialize};

use super::{ExecutionId, Kill, Micros, OutputSummary};

/// Where an execution stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionStatus {
    /// Waiting: for a free slot, or for its next attempt.
    Pending,
    /// Its process is being started or runs.
    Running,
    /// Ended with exit status 0.
    Completed,
    /// Ended otherwise, could not be started, or ran out of time.
    Failed,
    /// Ended because somebody asked.
    Cancelled,
    /// Not run: a policy of its job said so.
    Skipped,
    /// Not run: its time passed while the station could not run it, by more than the grace.
    Missed,
    /// Cut off by the station's end or crash; what it did is not known.
    Interrupted,
}

impl ExecutionStatus {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Running,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Skipped,
        Self::Missed,
        Self::Interrupted,
    ];

    /// Its name on the wire and in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
            Self::Missed => "missed",
            Self::Interrupted => "interrupted",
        }
    }

    /// The status of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether a firing that came to both of these came to this one rather than to the other:
    /// failed, then interrupted, missed, cancelled, skipped, completed.
    #[must_use]
    pub fn is_worse(self, other: Self) -> bool {
        self.badness() > other.badness()
    }

    fn badness(self) -> u8 {
        match self {
            Self::Pending | Self::Running => 0,
            Self::Completed => 1,
            Self::Skipped => 2,
            Self::Cancelled => 3,
            Self::Missed => 4,
            Self::Interrupted => 5,
            Self::Failed => 6,
        }
    }

    /// Whether nothing more will happen to it.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Running)
    }
}

/// Why an execution exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Its job's trigger fired.
    Scheduled,
    /// Somebody asked for a run now.
    Manual,
}

/// One firing carried out (or recorded as not carried out).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// `JOB.N`.
    pub id: ExecutionId,
    /// Why it exists.
    pub cause: Cause,
    /// The instant it was planned for; the last one when it stands for several firings.
    pub planned: Micros,
    /// How many firings of the schedule it accounts for: more than one when late ones were
    /// combined, or missed in a row; none when it was run by hand.
    #[serde(default = "one")]
    pub firings: u32,
    /// The first of them, when there are several.
    #[serde(default)]
    pub first_planned: Option<Micros>,
    /// The node it is for, when its job is carried out on nodes.
    #[serde(default)]
    pub node: Option<String>,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// When its first attempt was started.
    pub started: Option<Micros>,
    /// When it ended for good.
    pub ended: Option<Micros>,
    /// Number of the current or last attempt, from 1; 0 before the first.
    pub attempt: u32,
    /// When the next attempt is due, while one is awaited.
    pub retry_at: Option<Micros>,
    /// Why the station told the current attempt to end, once it did.
    #[serde(default)]
    pub stop: Option<Reason>,
    /// The process of the current attempt, once known.
    pub process: Option<ProcessRecord>,
    /// How the last attempt ended.
    pub end: Option<End>,
    /// What became of its processes on its node, when the station told them to end.
    #[serde(default)]
    pub kill: Option<Kill>,
    /// Why it did not run or how it went wrong, in a sentence for people.
    pub error: Option<String>,
    /// What came of the last attempt besides output: a JSON document.
    #[serde(default)]
    pub result: Option<String>,
    /// CPU and memory of the last attempt.
    pub usage: Usage,
    /// What was captured over all attempts.
    pub output: OutputSummary,
}

impl Execution {
    /// One that has not begun, for one firing.
    #[must_use]
    pub fn new(id: ExecutionId, cause: Cause, planned: Micros) -> Self {
        Self {
            id,
            cause,
            planned,
            firings: 1,
            first_planned: None,
            node: None,
            status: ExecutionStatus::Pending,
            started: None,
            ended: None,
            attempt: 0,
            retry_at: None,
            stop: None,
            process: None,
            end: None,
            kill: None,
            error: None,
            result: None,
            usage: Usage::default(),
            output: OutputSummary::default(),
        }
    }
}

fn one() -> u32 {
    1
}

/// One try at running an execution's command; every one is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its number, from 1.
    pub number: u32,
    /// When its start was made durable.
    pub started: Micros,
    /// When it ended; `None` while it runs.
    pub ended: Option<Micros>,
    /// How it ended.
    pub end: Option<End>,
    /// What went wrong, in a sentence for people.
    pub error: Option<String>,
    /// CPU and memory it used.
    pub usage: Usage,
}

/// Identifies a process beyond the reuse of its pid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessRecord {
    /// The process id, also its process group's.
    pub pid: i32,
    /// Its start time in clock ticks since boot (field 22 of `/proc/PID/stat`); 0 when unknown.
    pub start_ticks: u64,
    /// The kernel's boot id, since ticks count from boot.
    pub boot_id: String,
    /// The mark of the guard it runs under on its node, where `pid` counts; the other fields are
    /// empty then.
    #[serde(default)]
    pub mark: Option<String>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The process exited with this code.
    Exit(i32),
    /// The process was ended by this signal.
    Signal(i32),
    /// The process could not be started.
    NotStarted,
    /// It is not known how the process ended.
    Unknown,
    /// What has no process was done.
    Done,
    /// What has no process was begun, and went wrong.
    Failed,
}

impl End {
    /// Whether what was asked was done (by a command: exit status 0).
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(self, Self::Exit(0) | Self::Done)
    }
}

/// Why the station ended a run itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Somebody cancelled it.
    Cancel,
    /// A newer firing takes its place (`cancel_running`).
    Replaced,
    /// Its wall-time limit passed.
    Timeout,
    /// It put nothing out for too long.
    IdleTimeout,
    /// The station is shutting down.
    Shutdown,
}

/// What a process used, as wait4(2) tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// CPU time in user mode, in microseconds.
    pub user_micros: u64,
    /// CPU time in the kernel, in microseconds.
    pub system_micros: u64,
    /// Peak resident memory in bytes; 0 when unknown.
    pub max_rss_bytes: u64,
}
