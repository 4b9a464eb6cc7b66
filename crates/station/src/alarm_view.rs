//! Shows an alarm as the JSON object clients see: the same in answers, events and notices.
//! What belongs to a job is null in the station's own.

use serde::Serialize;
use station_core::model::{Alarm, ExecutionId, Micros};

/// An alarm on the wire: the fields LabLink's clients know. What belongs to readings of an
/// instrument is null.
#[derive(Serialize)]
pub struct AlarmView<'a> {
    event_id: String,
    alarm_id: String,
    state: &'static str,
    severity: &'static str,
    message: &'a str,
    equipment_id: Option<&'a str>,
    parameter: Option<()>,
    value: Option<()>,
    threshold: Option<()>,
    triggered_at: String,
    acknowledged_at: Option<String>,
    acknowledged_by: Option<&'a str>,
    acknowledgment_note: Option<&'a str>,
    cleared_at: Option<String>,
    additional_data: Details<'a>,
}

#[derive(Serialize)]
struct Details<'a> {
    job_id: Option<String>,
    job_name: Option<&'a str>,
    execution_id: Option<ExecutionId>,
    error: Option<&'a str>,
    equipment_id: Option<&'a str>,
    schedule_type: Option<&'a str>,
    scheduled_time: Option<String>,
    occurrences: u32,
    /// What raised it, when no job did.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

impl<'a> AlarmView<'a> {
    /// Shows an alarm, with its times written by `show`.
    pub fn new(alarm: &'a Alarm, show: impl Fn(Micros) -> String) -> Self {
        let of_job = alarm.job.is_some();
        Self {
            event_id: alarm.id.to_string(),
            alarm_id: alarm.source(),
            state: alarm.state.name(),
            severity: alarm.severity.name(),
            message: &alarm.message,
            equipment_id: alarm.equipment_id.as_deref(),
            parameter: None,
            value: None,
            threshold: None,
            triggered_at: show(alarm.triggered_at),
            acknowledged_at: alarm.acknowledged_at.map(&show),
            acknowledged_by: alarm.acknowledged_by.as_deref(),
            acknowledgment_note: alarm.note.as_deref(),
            cleared_at: alarm.cleared_at.map(&show),
            additional_data: Details {
                job_id: alarm.job.map(|job| job.to_string()),
                job_name: of_job.then_some(&*alarm.job_name),
                execution_id: alarm.execution,
                error: alarm.error.as_deref(),
                equipment_id: alarm.equipment_id.as_deref(),
                schedule_type: of_job.then_some(&*alarm.schedule_type),
                scheduled_time: of_job.then(|| show(alarm.scheduled)),
                occurrences: alarm.occurrences,
                source: (!of_job).then(|| alarm.source()),
            },
        }
    }
}
