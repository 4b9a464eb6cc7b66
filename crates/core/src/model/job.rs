//! Jobs: what to run, where, when, under which policies, and how far they have come.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Action, ExecutionStatus, JobId, Micros, Trigger};

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
}

/// Where a one-off job stands. It mirrors its latest execution once it has fired.
pub type JobStatus = ExecutionStatus;

/// Where a job is carried out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// This machine.
    Local,
}

impl Target {
    /// Its name, as `--on` takes it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Local => "local",
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
}

/// How late a one-off may start after the station was down.
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

/// Who asked: a Unix user, later an API token or a schedule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// A user of this machine.
    Unix {
        /// The user id.
        uid: u32,
        /// The user's name, when it could be found.
        name: Option<String>,
    },
}

impl Principal {
    /// The name shown for it.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Unix { name: Some(name), .. } => name.clone(),
            Self::Unix { uid, name: None } => format!("uid {uid}"),
        }
    }
}
