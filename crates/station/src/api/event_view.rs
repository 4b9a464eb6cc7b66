//! Shows an event as the JSON object clients are sent.

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use station_core::model::{Execution, ExecutionStatus, Job, Micros};

use super::stamp;
use crate::alarm_view::AlarmView;
use crate::runtime::Happening;

/// An event's type, and what it says.
pub(super) struct EventView {
    /// The type.
    pub(super) kind: &'static str,
    /// What it says.
    pub(super) data: Value,
}

impl EventView {
    /// Shows what happened, on the clock of the station's zone.
    pub(super) fn new(what: &Happening, zone: &TimeZone) -> Self {
        let (kind, data) = match what {
            Happening::JobCreated(job) => ("job_created", of_job(job)),
            Happening::JobUpdated(job) => ("job_updated", of_job(job)),
            Happening::JobDeleted(job) => ("job_deleted", json!({ "job_id": job.to_string() })),
            Happening::Started(execution) => ("job_started", started(execution, zone)),
            Happening::Ended(execution) => ended(execution, zone),
            Happening::AlarmRaised(alarm) => ("alarm_raised", of_alarm(alarm, zone)),
            Happening::AlarmUpdated(alarm) => ("alarm_updated", of_alarm(alarm, zone)),
        };
        Self { kind, data }
    }

    /// Says that a listener was too slow and has missed events; how many, if that is known.
    pub(super) fn lagged(missed: Option<u64>) -> Self {
        Self { kind: "lagged", data: json!({ "missed": missed }) }
    }

    /// The whole message.
    pub(super) fn message(&self) -> String {
        json!({ "type": self.kind, "data": self.data }).to_string()
    }
}

fn of_job(job: &Job) -> Value {
    json!({
        "job_id": job.id.to_string(),
        "name": job.spec.name,
        "schedule_type": job.spec.action.kind(),
        "trigger_type": job.spec.trigger.kind(),
        "enabled": !job.state.paused,
    })
}

fn of_alarm(alarm: &station_core::model::Alarm, zone: &TimeZone) -> Value {
    let view = AlarmView::new(alarm, |at| stamp::local(at, zone));
    serde_json::to_value(view).unwrap_or_default()
}

fn started(execution: &Execution, zone: &TimeZone) -> Value {
    json!({
        "job_id": execution.id.job.to_string(),
        "execution_id": execution.id,
        "node": execution.node,
        "started_at": stamp::local(execution.started.unwrap_or(execution.planned), zone),
    })
}

fn ended(execution: &Execution, zone: &TimeZone) -> (&'static str, Value) {
    let (kind, when) = match execution.status {
        ExecutionStatus::Completed => ("job_completed", "completed_at"),
        ExecutionStatus::Cancelled => ("job_cancelled", "cancelled_at"),
        ExecutionStatus::Skipped => ("job_skipped", "skipped_at"),
        ExecutionStatus::Missed => ("job_missed", "missed_at"),
        ExecutionStatus::Interrupted => ("job_interrupted", "interrupted_at"),
        // The first two never end.
        ExecutionStatus::Pending | ExecutionStatus::Running | ExecutionStatus::Failed => {
            ("job_failed", "failed_at")
        }
    };
    let show = |at: Micros| stamp::local(at, zone);
    let mut data = json!({
        "job_id": execution.id.job.to_string(),
        "execution_id": execution.id,
        "node": execution.node,
        "scheduled_time": show(execution.planned),
    });
    if let Value::Object(data) = &mut data {
        data.insert(when.to_owned(), show(execution.ended.unwrap_or(execution.planned)).into());
        if execution.status == ExecutionStatus::Completed {
            data.insert("result".to_owned(), "success".into());
        } else {
            data.insert("error".to_owned(), execution.error.clone().into());
        }
    }
    (kind, data)
}
