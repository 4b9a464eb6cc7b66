//! Shows an acquisition as the JSON object clients see.

use axum::response::Response;
use serde::Serialize;
use serde_json::{Number, json};
use station_core::model::{Acquisition, Micros};

use super::openapi::{about_equipment, answers};
use super::{respond, stamp};
use crate::runtime::Handle;

/// An acquisition on the wire.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AcquisitionView {
    acquisition_id: String,
    equipment_id: String,
    /// The execution it belongs to; null: it was made by hand.
    execution_id: Option<String>,
    #[schema(schema_with = about_equipment::acquisition_states)]
    state: &'static str,
    duration_seconds: Option<f64>,
    /// Samples a second, as asked for.
    sample_rate: Option<f64>,
    channels: Vec<String>,
    #[schema(schema_with = about_equipment::file_formats)]
    format: &'static str,
    #[schema(value_type = answers::Instant)]
    created_at: String,
    #[schema(value_type = Option<answers::Instant>)]
    started_at: Option<String>,
    #[schema(value_type = Option<answers::Instant>)]
    ended_at: Option<String>,
    /// In the station's directory of acquisitions.
    file: Option<String>,
    /// Of each channel.
    samples: u64,
    lost: u64,
    /// Samples a second, as they came.
    achieved_rate: Option<f64>,
    error: Option<String>,
}

impl AcquisitionView {
    /// Shows an acquisition with its times on the clock of the station's zone.
    pub(super) fn new(acquisition: &Acquisition, handle: &Handle) -> Self {
        let show = |at: Micros| stamp::local(at, handle.zone());
        let plan = &acquisition.plan;
        Self {
            acquisition_id: acquisition.id.clone(),
            equipment_id: acquisition.equipment.clone(),
            execution_id: acquisition.execution.map(|id| id.to_string()),
            state: acquisition.state.name(),
            duration_seconds: plan.duration.map(|span| span.as_secs_f64()),
            sample_rate: plan.sample_rate.as_ref().and_then(Number::as_f64),
            channels: plan.channels.clone(),
            format: plan.format.name(),
            created_at: show(acquisition.created_at),
            started_at: acquisition.started_at.map(show),
            ended_at: acquisition.ended_at.map(show),
            file: acquisition.file.clone(),
            samples: acquisition.samples,
            lost: acquisition.lost,
            achieved_rate: acquisition.achieved_rate.as_ref().and_then(Number::as_f64),
            error: acquisition.error.clone(),
        }
    }
}

/// Answers with an acquisition.
pub(super) fn shown(acquisition: &Acquisition, handle: &Handle) -> Response {
    let view = AcquisitionView::new(acquisition, handle);
    let (id, state) = (&acquisition.id, acquisition.state.name());
    respond::ok(&json!({
        "success": true, "acquisition_id": id, "session_id": id, "status": state,
        "acquisition": view,
    }))
}
