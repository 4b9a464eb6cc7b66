//! Alarms and events, as clients see them.

#![expect(dead_code, reason = "described here, never made: these are written elsewhere")]

use serde::Serialize;
use station_core::model::Severity;
use utoipa::ToSchema;

use super::answers::{self, Instant, TriggerKind};
use super::kind::{self, Node};

/// What somebody should know of.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Alarm {
    /// Its id: a number.
    event_id: String,
    /// What raised it: `scheduler.` and the job's id.
    alarm_id: String,
    #[schema(schema_with = states)]
    state: String,
    #[schema(schema_with = severities)]
    severity: String,
    /// What happened, in a sentence.
    message: String,
    /// The equipment of the job; several are joined by commas.
    equipment_id: Option<String>,
    #[schema(schema_with = answers::null)]
    parameter: (),
    #[schema(schema_with = answers::null)]
    value: (),
    #[schema(schema_with = answers::null)]
    threshold: (),
    triggered_at: Instant,
    acknowledged_at: Option<Instant>,
    /// By whom: the name that was given, and beside it who the station knows it was.
    acknowledged_by: Option<String>,
    acknowledgment_note: Option<String>,
    cleared_at: Option<Instant>,
    additional_data: AlarmDetails,
}

/// The latest failure behind an alarm.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct AlarmDetails {
    /// Null, as its name, its kind, its execution and its time, when the alarm is the station's own.
    job_id: Option<String>,
    job_name: Option<String>,
    execution_id: Option<String>,
    error: Option<String>,
    /// The equipment of the job; several are joined by commas.
    equipment_id: Option<String>,
    schedule_type: Option<String>,
    scheduled_time: Option<Instant>,
    /// How many failures it stands for.
    occurrences: u32,
    /// What raised it, when no job did: `station.` and what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

fn states() -> Node {
    kind::words(["active", "acknowledged", "cleared"]).into()
}

fn severities() -> Node {
    kind::words(Severity::ALL.map(Severity::name)).into()
}

/// A list of alarms.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct AlarmPage {
    #[schema(schema_with = answers::success)]
    success: bool,
    count: u64,
    events: Vec<Alarm>,
}

/// An alarm.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct OneAlarm {
    #[schema(schema_with = answers::success)]
    success: bool,
    event: Alarm,
}

/// An alarm that was acknowledged or cleared.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct AlarmChanged {
    #[schema(schema_with = answers::success)]
    success: bool,
    message: String,
    event: Alarm,
}

/// How many alarms there are.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct AlarmStatistics {
    #[schema(schema_with = answers::success)]
    success: bool,
    statistics: AlarmCounts,
}

/// Alarms by state and severity.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct AlarmCounts {
    total_events: u64,
    active: u64,
    acknowledged: u64,
    cleared: u64,
    /// Always 0.
    suppressed: u64,
    by_severity: Severities,
    /// Those that are not cleared.
    open_by_severity: Severities,
    /// Notices that are yet to be delivered.
    notices_owed: u64,
}

/// A count for each severity.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Severities {
    info: u64,
    warning: u64,
    error: u64,
    critical: u64,
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub(in crate::api) enum Event {
    JobCreated(JobEvent),
    JobUpdated(JobEvent),
    JobDeleted {
        job_id: String,
    },
    /// Once for each execution, at its first attempt.
    JobStarted {
        job_id: String,
        execution_id: String,
        /// The node it is for.
        node: Option<String>,
        started_at: Instant,
    },
    JobCompleted {
        job_id: String,
        execution_id: String,
        /// The node it is for.
        node: Option<String>,
        scheduled_time: Instant,
        completed_at: Instant,
        result: String,
    },
    /// After the last attempt.
    JobFailed {
        job_id: String,
        execution_id: String,
        /// The node it is for.
        node: Option<String>,
        scheduled_time: Instant,
        failed_at: Instant,
        error: Option<String>,
    },
    JobCancelled {
        job_id: String,
        execution_id: String,
        /// The node it is for.
        node: Option<String>,
        scheduled_time: Instant,
        cancelled_at: Instant,
        error: Option<String>,
    },
    JobSkipped {
        job_id: String,
        execution_id: String,
        /// The node it is for.
        node: Option<String>,
        scheduled_time: Instant,
        skipped_at: Instant,
        error: Option<String>,
    },
    JobMissed {
        job_id: String,
        execution_id: String,
        /// The node it is for.
        node: Option<String>,
        scheduled_time: Instant,
        missed_at: Instant,
        error: Option<String>,
    },
    JobInterrupted {
        job_id: String,
        execution_id: String,
        /// The node it is for.
        node: Option<String>,
        scheduled_time: Instant,
        interrupted_at: Instant,
        error: Option<String>,
    },
    AlarmRaised(Alarm),
    AlarmUpdated(Alarm),
    /// So many events were not told; null when their number is not known.
    Lagged {
        missed: Option<u64>,
    },
}

/// A job that was created or changed.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct JobEvent {
    job_id: String,
    name: String,
    schedule_type: String,
    trigger_type: TriggerKind,
    enabled: bool,
}

/// One of the server-sent events that tell what happens.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct SentEvent {
    #[schema(nullable = false)]
    id: Option<String>,
    /// The event's type.
    event: String,
    /// An `Event` as one line of JSON.
    data: String,
}

/// An event of a stream of samples.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct SampleEvent {
    /// `missed` says how many batches came too fast for the listener; the last is `status`.
    #[schema(schema_with = sample_events)]
    event: String,
    /// What it says, as one line of JSON.
    data: String,
}

fn sample_events() -> Node {
    kind::words(["samples", "missed", "status"]).into()
}

/// An event of a stream of values.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct ValueEvent {
    /// `missed` says how many batches came too fast for the listener; the last is `closed`.
    #[schema(schema_with = value_events)]
    event: String,
    /// What it says, as one line of JSON.
    data: String,
}

fn value_events() -> Node {
    kind::words(["values", "missed", "closed"]).into()
}

/// One of the server-sent events that an output is streamed in.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct OutputEvent {
    /// The last is `end` or `error`.
    #[schema(schema_with = output_events)]
    event: String,
    /// What it says, as one line of JSON.
    data: String,
}

fn output_events() -> Node {
    kind::words(["output", "execution", "end", "error"]).into()
}
