//! Alarms: what went wrong and is to be looked at by somebody; and the notices sent about them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ExecutionId, JobId, Micros};

/// Names an alarm event: a small ascending number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AlarmId(pub i64);

impl fmt::Display for AlarmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An alarm event. A job, or a topic of the station's own, has at most one that is not cleared; what
/// happens further adds to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// Its number.
    pub id: AlarmId,
    /// The job it is about; `None`: it is the station's own, about its topic.
    pub job: Option<JobId>,
    /// What it is about, when it is about no job: `outstation.SS1.link`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The job's name then; empty without one, as the kind is.
    pub job_name: String,
    /// What kind of job it is, as the API names it.
    pub schedule_type: String,
    /// The equipment of the job, by id, several joined by commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equipment_id: Option<String>,
    /// Where it stands.
    pub state: AlarmState,
    /// How bad it is.
    pub severity: Severity,
    /// What happened, in a sentence.
    pub message: String,
    /// The latest execution it is about, when it is about a job.
    pub execution: Option<ExecutionId>,
    /// What that execution failed with.
    pub error: Option<String>,
    /// The instant that execution was planned for; without one, when it was raised last.
    pub scheduled: Micros,
    /// When it was raised.
    pub triggered_at: Micros,
    /// When the latest failure, or the latest that was told, was added to it.
    pub last_at: Micros,
    /// How many failures it stands for.
    pub occurrences: u32,
    /// When it was acknowledged.
    pub acknowledged_at: Option<Micros>,
    /// By whom.
    pub acknowledged_by: Option<String>,
    /// What they said.
    pub note: Option<String>,
    /// When it was cleared.
    pub cleared_at: Option<Micros>,
}

impl Alarm {
    /// What raised it; all events of one source have this name in common.
    #[must_use]
    pub fn source(&self) -> String {
        match self.job {
            Some(job) => Self::source_of(job),
            None => Self::source_about(self.topic.as_deref().unwrap_or_default()),
        }
    }

    /// The source of a job's alarms.
    #[must_use]
    pub fn source_of(job: JobId) -> String {
        format!("scheduler.{job}")
    }

    /// The source of the station's own alarms about a topic.
    #[must_use]
    pub fn source_about(topic: &str) -> String {
        format!("station.{topic}")
    }
}

/// Where an alarm event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmState {
    /// Nobody has looked at it.
    Active,
    /// Somebody knows of it.
    Acknowledged,
    /// It is over.
    Cleared,
}

impl AlarmState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Active, Self::Acknowledged, Self::Cleared];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Acknowledged => "acknowledged",
            Self::Cleared => "cleared",
        }
    }
}

/// How bad an alarm is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// To be watched.
    Warning,
    /// Something failed.
    Error,
    /// Something is in danger.
    Critical,
}

impl Severity {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Warning, Self::Error, Self::Critical];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
        }
    }
}

/// A message about an alarm that is owed to one channel until it is delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The alarm.
    pub alarm: AlarmId,
    /// The channel's name in the configuration.
    pub channel: String,
    /// Since when it is owed.
    pub since: Micros,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// When it is tried next.
    pub next_at: Micros,
    /// Why the last try failed.
    pub error: Option<String>,
}
