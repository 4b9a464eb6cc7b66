//! Jobs: what to run, where, when, under which policies, and how far they have come.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Action, Bounds, ExecutionStatus, JobId, Micros, NodeSet, Principal, Trigger};

/// A job: its specification, fixed at creation, and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// What was asked for; shared, since it never changes.
    pub spec: Arc<JobSpec>,
    /// How far it has come.
    pub state: JobState,
}

/// What was asked for. Stored as JSON, so fields added later need a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSpec {
    /// A name for people; the command's first words when none was given.
    pub name: String,
    /// A longer description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it does.
    pub action: Action,
    /// Where it does it.
    pub target: Target,
    /// When it does it.
    pub trigger: Trigger,
    /// What bounds the trigger.
    #[serde(default, skip_serializing_if = "Bounds::is_none")]
    pub bounds: Bounds,
    /// How it is carried out.
    pub policies: Policies,
    /// Labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The queue letter of at(1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<char>,
    /// Whether and to whom the output is mailed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<Mail>,
    /// When it was accepted.
    pub created_at: Micros,
    /// Who asked for it.
    pub created_by: Principal,
}

/// How far a job has come. Every field follows from the changes stored so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobState {
    /// Where it stands.
    pub status: JobStatus,
    /// When it fires next; `None` when it will not fire by itself.
    pub next_due: Option<Micros>,
    /// How many executions it has had; the last one's number.
    pub executions: u32,
    /// Retries of its latest execution so far.
    pub retries: u32,
    /// It does not fire until it is resumed.
    #[serde(default)]
    pub paused: bool,
    /// Runs its schedule has led to, those still waiting included; what `max_executions` counts.
    #[serde(default)]
    pub fired: u32,
    /// Firings accounted for so far, each by exactly one execution: the sum of the `firings` of its
    /// scheduled executions, removed ones included.
    #[serde(default)]
    pub planned: u64,
    /// What the trigger says for `next_due`, where they differ: jitter, or a step of the clock.
    #[serde(default)]
    pub nominal: Option<Micros>,
    /// It is deleted: only its executions are kept, until they expire.
    #[serde(default)]
    pub deleted: bool,
    /// What its latest firing on nodes has come to; `None` when the latest was on this machine.
    #[serde(default)]
    pub fanned: Option<Fanned>,
}

/// A firing on nodes: one execution for each node, in the order of their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fanned {
    /// The number of the first of its executions; all from there on are its.
    pub first: u32,
    /// The worst that one of them has come to, as [`ExecutionStatus::is_worse`] says; `None` while
    /// none has ended.
    pub worst: Option<ExecutionStatus>,
}

impl JobState {
    /// The state of a job that has never fired.
    #[must_use]
    pub fn new(next_due: Option<Micros>) -> Self {
        Self {
            status: JobStatus::Pending,
            next_due,
            executions: 0,
            retries: 0,
            paused: false,
            fired: 0,
            planned: 0,
            nominal: None,
            deleted: false,
            fanned: None,
        }
    }
}

/// Where a job stands: running while any execution of it runs, pending while one waits or its
/// schedule goes on, and in the end as its latest execution did; on nodes, as the worst of its
/// latest firing's executions did.
pub type JobStatus = ExecutionStatus;

/// Where a job is carried out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// This machine.
    Local,
    /// All nodes of a set, as its text names them when the job fires.
    Nodes(NodeSet),
    /// Equipment, each of which it holds for itself while it runs; by id, sorted, each once.
    Equipment(Vec<String>),
    /// The outstation of this name.
    Outstation(String),
}

impl Target {
    /// Its name, as `--on` takes it.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Local => "local".into(),
            Self::Nodes(set) => set.text().into(),
            // A sequence of commands alone.
            Self::Equipment(ids) if ids.is_empty() => "local".into(),
            Self::Equipment(ids) => ids.join(",").into(),
            Self::Outstation(name) => name.into(),
        }
    }

    /// The ids of the equipment it names.
    #[must_use]
    pub fn equipment(&self) -> &[String] {
        match self {
            Self::Equipment(ids) => ids,
            Self::Local | Self::Nodes(_) | Self::Outstation(_) => &[],
        }
    }

    /// The outstation it names, if it is one.
    #[must_use]
    pub fn outstation(&self) -> Option<&str> {
        match self {
            Self::Outstation(name) => Some(name),
            Self::Local | Self::Nodes(_) | Self::Equipment(_) => None,
        }
    }
}

/// How a job is carried out when things are late, fail or take too long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policies {
    /// How many more attempts follow a failed one.
    pub retries: u32,
    /// The wait before the first retry; doubles with each further one.
    pub retry_delay: Duration,
    /// Wall-time limit of an attempt.
    pub timeout: Option<Duration>,
    /// Limit on the time without any output.
    pub idle_timeout: Option<Duration>,
    /// How late the job may still start after the station was down.
    pub grace: Grace,
    /// What happens to a run that was cut off.
    #[serde(default)]
    pub on_interrupted: OnInterrupted,
    /// What must hold besides the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// What happens to a firing while a run it conflicts with is active.
    #[serde(default)]
    pub conflict: Conflict,
    /// How many runs may be active at once under [`Conflict::Replace`].
    #[serde(default = "one")]
    pub max_instances: u32,
    /// How many firings may wait in line under [`Conflict::Queue`].
    #[serde(default = "Policies::queue_limit")]
    pub queue_limit: u32,
    /// What it must not share with another job's run: an instrument, an outstation, any name.
    /// Without one, a job conflicts with itself alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict_key: Option<String>,
    /// On how many nodes it may run at once; `None`: on all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fanout: Option<u32>,
    /// Firings that are late within the grace are combined into one run.
    #[serde(default = "yes")]
    pub coalesce: bool,
    /// A run that fails, or a firing that is missed, raises an alarm.
    #[serde(default)]
    pub alarm: bool,
}

impl Policies {
    /// How many firings wait in line at most unless the job says otherwise.
    #[must_use]
    pub fn queue_limit() -> u32 {
        100
    }
}

impl Default for Policies {
    /// Those of the API: no retries, 300 seconds of grace, coalesced, one run at a time.
    fn default() -> Self {
        Self {
            retries: 0,
            retry_delay: Duration::from_secs(10),
            timeout: None,
            idle_timeout: None,
            grace: Grace::Within(Duration::from_secs(300)),
            on_interrupted: OnInterrupted::Keep,
            condition: None,
            conflict: Conflict::Skip,
            max_instances: 1,
            queue_limit: Self::queue_limit(),
            conflict_key: None,
            fanout: None,
            coalesce: true,
            alarm: false,
        }
    }
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

/// What happens to a firing while a run it conflicts with is active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conflict {
    /// It is recorded as skipped.
    #[default]
    Skip,
    /// It waits in line, durably.
    Queue,
    /// It runs beside the others, up to `max_instances`; beyond that it is skipped.
    Replace,
    /// The active run is ended, then it starts.
    CancelRunning,
}

impl Conflict {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Skip, Self::Queue, Self::Replace, Self::CancelRunning];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Queue => "queue",
            Self::Replace => "replace",
            Self::CancelRunning => "cancel_running",
        }
    }
}

/// How late a firing may start after the station was down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grace {
    /// Up to this long after its planned time.
    Within(Duration),
    /// However late, as atd does.
    Forever,
}

/// What happens to a run that was cut off by a crash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnInterrupted {
    /// It stays `interrupted`: what it did is not known.
    #[default]
    Keep,
    /// It is run again as a new attempt.
    Rerun,
}

/// What must hold, besides the time, before a job starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// The 1-minute load average is below this many hundredths (batch(1): 150).
    LoadBelow(u32),
}

/// Whether and to whom a job's output is mailed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The recipient, a local user as a rule.
    pub to: String,
    /// In which case.
    pub when: MailWhen,
}

/// In which case a mail is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailWhen {
    /// When there was output.
    Output,
    /// Always (`at -m`).
    Always,
}
