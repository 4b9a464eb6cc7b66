//! Offers the station over HTTP: LabLink's scheduler API, kept as its guide promises it, and ours.
//!
//! ```text
//! bytes ─▶ json (borrowed values) ─▶ types, script (typed fields, faults) ─▶ create (JobSpec) ─▶ engine
//! rows  ─▶ view, execution_view (pure) ─▶ bytes          rows ─▶ sse (a state machine) ─▶ stream ─▶ bytes
//! ```
//!
//! The server puts a [`station_core::model::Principal`] into each request's extensions; requests
//! that change something are refused without one.

mod acquisition_fields;
mod acquisition_view;
mod acquisitions;
mod alarms;
mod approvals;
mod audit;
mod bench_error;
mod body;
mod body_fields;
mod by_hand;
mod call_fields;
mod caller;
mod changes;
mod context;
mod counted;
mod create;
mod doing;
mod equipment;
mod equipment_ask;
mod equipment_fields;
mod equipment_view;
mod error;
mod event_view;
mod events;
mod execution_view;
mod executions;
mod field;
mod figures;
mod health;
mod instant;
mod instrument_calls;
mod instrument_check;
mod instrument_fields;
mod instrument_view;
mod job_fields;
mod jobs;
mod json;
mod near_miss;
mod node_fields;
mod node_test;
mod node_view;
mod nodes;
mod openapi;
mod outstation_command;
mod outstation_consent;
mod outstation_error;
mod outstation_fields;
mod outstation_job;
mod outstation_look;
mod outstation_points;
mod outstation_records;
mod outstation_settings;
mod outstation_shown;
mod outstation_view;
mod outstations;
mod pages;
mod plan;
mod policies;
mod profiles;
mod query;
mod records;
mod respond;
mod samples;
mod schedule;
mod script;
mod sequence_fields;
mod simulate;
mod sse;
mod sse_firing;
mod stamp;
mod states;
mod stream;
mod tags;
mod timing;
mod timing_fields;
mod timing_view;
mod tokens;
mod trigger_type;
mod types;
mod view;
mod why;
mod work_view;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{delete, get, patch, post, put};
use axum::{Extension, Router, middleware};
use station_instrument::bench::Bench;
use station_outstation::desk::Outstations;

use self::changes::Changing;
use self::error::ApiError;
pub use self::openapi::document;
use self::pages::Pages;
use crate::runtime::Handle;

/// The largest request body, in bytes.
pub const MAX_BODY: usize = 4 << 20;

/// Every path of the API. A new resource is one file and its lines here.
pub fn router(handle: Handle, bench: Bench, outstations: Outstations) -> Router {
    Router::new()
        .merge(lab())
        .merge(telecontrol())
        .route("/api", get(health::about))
        .route("/health", get(health::health))
        .route("/api/openapi.json", get(openapi::serve))
        .route("/api/scheduler/jobs", get(jobs::list))
        .route("/api/scheduler/jobs/create", post(jobs::create))
        .route("/api/scheduler/jobs/{id}", get(jobs::show).put(changes::replace))
        .route("/api/scheduler/jobs/{id}", patch(changes::merge).delete(changes::delete))
        .route("/api/scheduler/jobs/{id}/cancel", post(jobs::cancel))
        .route("/api/scheduler/jobs/{id}/run", post(jobs::run))
        .route("/api/scheduler/jobs/{id}/pause", post(changes::pause))
        .route("/api/scheduler/jobs/{id}/resume", post(changes::resume))
        .route("/api/scheduler/jobs/{id}/fires", get(schedule::fires))
        .route("/api/scheduler/jobs/{id}/explain", get(schedule::explain))
        .route("/api/scheduler/schedule/preview", post(schedule::preview))
        .route("/api/scheduler/jobs/{id}/output", get(stream::of_job))
        .route("/api/scheduler/executions", get(executions::list))
        .route("/api/scheduler/executions/{id}", get(executions::show))
        .route("/api/scheduler/executions/{id}/cancel", post(executions::cancel))
        .route("/api/scheduler/executions/{id}/output", get(stream::of_execution))
        .route("/api/scheduler/running", get(executions::running))
        .route("/api/scheduler/jobs/{id}/history", get(figures::history))
        .route("/api/scheduler/jobs/{id}/why", get(why::why))
        .route("/api/scheduler/statistics", get(figures::statistics))
        .route("/api/scheduler/history/prune", post(figures::prune))
        .route("/api/alarms/events", get(alarms::list))
        .route("/api/alarms/events/active", get(alarms::active))
        .route("/api/alarms/events/acknowledge", post(alarms::acknowledge))
        .route("/api/alarms/events/{id}", get(alarms::show))
        .route("/api/alarms/statistics", get(alarms::statistics))
        .route("/api/alarms/{id}/clear", post(alarms::clear))
        .route("/api/audit", get(audit::list))
        .route("/api/audit/head", get(audit::head))
        .route("/api/audit/export", get(audit::export))
        .route("/api/audit/{seq}", get(audit::show))
        .route("/api/tokens", get(tokens::list).post(tokens::create))
        .route("/api/tokens/{id}", delete(tokens::revoke))
        .route("/api/nodes", get(nodes::list).post(nodes::create))
        .route("/api/nodes/{name}", get(nodes::show).patch(nodes::change).delete(nodes::remove))
        .route("/api/nodes/{name}/test", post(nodes::test))
        .route("/api/events", get(events::stream))
        .route("/ws", get(events::socket))
        .route("/api/scheduler/simulate", get(simulate::simulate))
        .fallback(async || ApiError::NotFound("Not Found".to_owned()))
        .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
        .layer(Extension(Arc::<Pages>::default()))
        .layer(Extension(Arc::<Changing>::default()))
        .layer(Extension(bench))
        .layer(Extension(outstations))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(handle.clone(), counted::count))
        .with_state(handle)
}

/// What has to do with instruments.
fn lab() -> Router<Handle> {
    Router::new()
        .route("/api/equipment/list", get(equipment::list))
        .route("/api/equipment/connect", post(equipment::connect))
        .route("/api/equipment/disconnect/{id}", post(equipment::disconnect))
        .route("/api/equipment/discover", post(equipment_ask::discover))
        .route("/api/equipment/{id}", get(equipment::show).patch(equipment::change))
        .route("/api/equipment/{id}", delete(equipment::remove))
        .route("/api/equipment/{id}/status", get(equipment_ask::status))
        .route("/api/equipment/{id}/readings", get(equipment_ask::readings))
        .route("/api/equipment/{id}/command", post(equipment_ask::command))
        .route("/api/equipment/{id}/test", post(equipment_ask::test))
        .route("/api/equipment/{id}/identify", post(equipment_ask::identify))
        .route("/api/profiles/list", get(profiles::list))
        .route("/api/profiles/create", post(profiles::create))
        .route("/api/profiles/{name}", get(profiles::show).put(profiles::replace))
        .route("/api/profiles/{name}", delete(profiles::remove))
        .route("/api/profiles/{name}/apply/{equipment_id}", post(profiles::apply))
        .route("/api/state/capture", post(states::capture))
        .route("/api/state/restore", post(states::restore))
        .route("/api/state/compare", post(states::compare))
        .route("/api/state/list/{equipment_id}", get(states::list))
        .route("/api/state/{id}", get(states::show).delete(states::remove))
        .route("/api/acquisition/session/create", post(acquisitions::create))
        .route("/api/acquisition/session/{id}", delete(samples::remove))
        .route("/api/acquisition/session/{id}/start", post(acquisitions::start))
        .route("/api/acquisition/session/{id}/stop", post(acquisitions::stop))
        .route("/api/acquisition/session/{id}/pause", post(acquisitions::pause))
        .route("/api/acquisition/session/{id}/resume", post(acquisitions::resume))
        .route("/api/acquisition/session/{id}/status", get(acquisitions::status))
        .route("/api/acquisition/session/{id}/data", get(samples::data))
        .route("/api/acquisition/session/{id}/stream", get(samples::stream))
        .route("/api/acquisition/sessions", get(acquisitions::list))
        .route("/api/acquisition/export", post(samples::export))
}

/// What has to do with outstations.
fn telecontrol() -> Router<Handle> {
    Router::new()
        .route("/api/outstations", get(outstations::list).post(outstations::create))
        .route("/api/outstations/{name}", get(outstations::show).patch(outstations::change))
        .route("/api/outstations/{name}", delete(outstations::remove))
        .route("/api/outstations/{name}/points", get(outstation_points::show))
        .route("/api/outstations/{name}/points", put(outstation_points::replace))
        .route("/api/outstations/{name}/points/{point}/tag", put(tags::put).delete(tags::remove))
        .route("/api/outstations/{name}/status", get(outstation_look::status))
        .route("/api/outstations/{name}/values", get(outstation_look::values))
        .route("/api/outstations/{name}/watch", get(outstation_look::watch))
        .route("/api/outstations/{name}/write", post(outstation_command::write))
        .route("/api/outstations/{name}/interrogate", post(outstation_command::interrogate))
        .route("/api/outstations/{name}/counters", post(outstation_command::counters))
        .route("/api/outstations/{name}/read", post(outstation_command::read))
        .route("/api/outstations/{name}/sync-clock", post(outstation_command::sync_clock))
        .route("/api/outstations/{name}/test", post(outstation_command::test))
        .route("/api/approvals", get(approvals::list))
        .route("/api/approvals/{id}", get(approvals::show))
        .route("/api/approvals/{id}/approve", post(approvals::approve))
        .route("/api/approvals/{id}/reject", post(approvals::reject))
        .route("/api/tags", get(tags::list))
        .route("/api/control", get(tags::switch))
        .route("/api/control/stop", post(tags::stop))
        .route("/api/control/start", post(tags::start))
}

/// Reads the body of a create request as a station in UTC would at the given time, and tells the
/// status it would be refused with. Nothing is stored: this is the parser by itself, for fuzzing.
///
/// # Errors
/// The HTTP status of the refusal.
pub fn check_create(body: &[u8], now: station_core::model::Micros) -> Result<(), u16> {
    let around = create::Surroundings {
        now,
        zone: &jiff::tz::TimeZone::UTC,
        zones: jiff::tz::db(),
        environment: &[],
        outstations: &|_| None,
        principal: &station_core::model::Principal::Unix { uid: 0, name: None },
    };
    create::create(body, &around).map(drop).map_err(|error| error.status().as_u16())
}
