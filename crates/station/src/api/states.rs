//! Captures, lists, compares and restores the states of equipment.

use std::collections::BTreeSet;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Map, Value, json};
use station_core::engine::Expect;
use station_core::model::{Equipment, EquipmentState, Micros, Record, RecordKind, Role};
use station_instrument::bench::Bench;
use station_instrument::work;

use super::body_fields::BodyFields;
use super::by_hand::Intent;
use super::caller::Asker;
use super::equipment_fields::LONGEST;
use super::error::ApiError;
use super::openapi::{about_equipment, answers, lab_requests, params, refusals};
use super::query::Arguments;
use super::records::{self, KeyPath, allowed, finish, lease};
use super::{jobs, respond, stamp};
use crate::runtime::Handle;
use crate::store::RecordFilter;

/// A state on the wire.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct StateView<'a> {
    state_id: &'a str,
    equipment_id: &'a str,
    name: Option<&'a str>,
    #[schema(value_type = answers::Instant)]
    timestamp: String,
    /// The execution that captured it; null: somebody by hand.
    execution_id: Option<String>,
    /// The driver whose names the settings have.
    driver: &'a str,
    manufacturer: &'a str,
    model: &'a str,
    serial_number: &'a str,
    firmware_version: &'a str,
    /// By name; null where the instrument had none to tell.
    #[schema(value_type = Value)]
    settings: Value,
}

impl<'a> StateView<'a> {
    fn new(state: &'a EquipmentState, handle: &Handle) -> Self {
        let show = |at: Micros| stamp::local(at, handle.zone());
        Self {
            state_id: &state.id,
            equipment_id: &state.equipment,
            name: state.name.as_deref(),
            timestamp: show(state.taken_at),
            execution_id: state.execution.map(|id| id.to_string()),
            driver: &state.driver,
            manufacturer: &state.identity.manufacturer,
            model: &state.identity.model,
            serial_number: &state.identity.serial,
            firmware_version: &state.identity.firmware,
            settings: json!(state.settings),
        }
    }
}

/// Reads every readable setting of equipment, and keeps them.
#[utoipa::path(
    post, path = "/api/state/capture",
    tag = "states", operation_id = "captureState",
    request_body(content = lab_requests::CaptureRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The state", body = about_equipment::OneState),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::TooLarge,
        refusals::Invalid, refusals::Conflict,
    ),
)]
pub(super) async fn capture(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    let body = body.map_err(jobs::refused_body)?;
    let mut fields = BodyFields::read(&body, &["equipment_id", "name"])?;
    let id = fields.required_label("equipment_id", LONGEST);
    let name = fields.label("name", LONGEST);
    fields.finish()?;
    drop(body);
    let equipment = records::equipment(&handle, id.ok_or(ApiError::Internal)?).await?;
    let mut lease = lease(&bench, &equipment, &asker).await?;
    let captured = work::captured(&mut lease, || handle.now(), (None, name)).await;
    let state = finish(lease, captured).await?;
    records::keep(&handle, &asker, Record::State(Box::new(state.clone())), Expect::New).await?;
    Ok(shown(&state, &handle))
}

/// Shows a state.
#[utoipa::path(
    get, path = "/api/state/{id}",
    tag = "states", operation_id = "getState",
    params(params::StateId),
    responses(
        (status = 200, description = "The state", body = about_equipment::OneState),
        refusals::Usual, refusals::NotFound,
    ),
)]
pub(super) async fn show(
    State(handle): State<Handle>,
    asker: Asker,
    KeyPath(id): KeyPath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let state = find(&handle, id).await?;
    Ok(shown(&state, &handle))
}

/// Removes a state.
#[utoipa::path(
    delete, path = "/api/state/{id}",
    tag = "states", operation_id = "removeState",
    params(params::StateId),
    responses(
        (status = 200, description = "It is gone", body = about_equipment::Done),
        refusals::Usual, refusals::NotFound,
    ),
)]
pub(super) async fn remove(
    State(handle): State<Handle>,
    asker: Asker,
    KeyPath(id): KeyPath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    records::forget(&handle, &asker, RecordKind::State, id).await?;
    Ok(respond::ok(&json!({ "success": true, "message": "State removed" })))
}

/// Lists the states of equipment, the newest first.
#[utoipa::path(
    get, path = "/api/state/list/{equipment_id}",
    tag = "states", operation_id = "listStates",
    params(params::StatesOf, params::Limit),
    responses(
        (status = 200, description = "The states", body = about_equipment::States),
        refusals::Usual, refusals::Invalid, refusals::NotFound,
    ),
)]
pub(super) async fn list(
    State(handle): State<Handle>,
    asker: Asker,
    KeyPath(id): KeyPath,
    query: Arguments,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let limit = query.limit()?;
    if !Equipment::is_id(&id) {
        return Err(records::unknown(RecordKind::Equipment, &id));
    }
    respond::blocking(&handle, move |handle| {
        let filter = RecordFilter { kind: RecordKind::State, equipment: Some(id), limit };
        let records = handle.reader().records(&filter)?;
        let states: Vec<StateView<'_>> = records
            .iter()
            .filter_map(|record| {
                if let Record::State(state) = record {
                    Some(StateView::new(state, handle))
                } else {
                    None
                }
            })
            .collect();
        Ok(respond::ok(&json!({ "success": true, "count": states.len(), "states": states })))
    })
    .await
}

/// Tells in which settings two states differ.
#[utoipa::path(
    post, path = "/api/state/compare",
    tag = "states", operation_id = "compareStates",
    request_body(content = lab_requests::CompareRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "What differs", body = about_equipment::Compared),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::TooLarge,
        refusals::Invalid,
    ),
)]
pub(super) async fn compare(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let body = body.map_err(jobs::refused_body)?;
    let mut fields = BodyFields::read(&body, &["state_id_1", "state_id_2"])?;
    let ids = (
        fields.required_label("state_id_1", LONGEST),
        fields.required_label("state_id_2", LONGEST),
    );
    fields.finish()?;
    drop(body);
    let (Some(first), Some(second)) = ids else { return Err(ApiError::Internal) };
    let first = find(&handle, first).await?;
    let second = find(&handle, second).await?;
    let driver = bench.drivers().named(&second.driver);
    let unit = |name: &str| {
        let driver = driver.as_ref()?;
        let setting = driver.settings().iter().find(|setting| setting.name() == name)?;
        setting.unit().map(ToOwned::to_owned)
    };
    let names: BTreeSet<&String> = first.settings.keys().chain(second.settings.keys()).collect();
    let differences: Vec<Value> = names
        .into_iter()
        .map(|name| (name, first.settings.get(name), second.settings.get(name)))
        .filter(|(_, from, to)| from != to)
        .map(|(name, from, to)| json!({ "setting": name, "from": from, "to": to, "unit": unit(name) }))
        .collect();
    Ok(respond::ok(&json!({
        "success": true, "state_id_1": first.id, "state_id_2": second.id,
        "identical": differences.is_empty(), "differences": differences,
    })))
}

/// Sets equipment as it was in a state.
#[utoipa::path(
    post, path = "/api/state/restore",
    tag = "states", operation_id = "restoreState",
    request_body(content = lab_requests::RestoreRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "What was set", body = about_equipment::Restored),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::TooLarge,
        refusals::Invalid, refusals::Conflict,
    ),
)]
pub(super) async fn restore(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    let body = body.map_err(jobs::refused_body)?;
    let mut fields = BodyFields::read(&body, &["state_id", "equipment_id"])?;
    let id = fields.required_label("state_id", LONGEST);
    let to = fields.label("equipment_id", LONGEST);
    fields.finish()?;
    drop(body);
    let state = find(&handle, id.ok_or(ApiError::Internal)?).await?;
    let to = to.unwrap_or_else(|| state.equipment.clone());
    let equipment = records::equipment(&handle, to).await?;
    let mut lease = lease(&bench, &equipment, &asker).await?;
    let what = json!({ "state": state.id });
    let intent = Intent::record(&handle, &asker, (&equipment.id, "restore_state"), what).await?;
    let restored = lease.restore(&state.settings).await;
    let restored = intent.outcome(finish(lease, restored).await)?;
    let mut answer = Map::new();
    answer.insert("success".to_owned(), true.into());
    answer.insert("state_id".to_owned(), state.id.into());
    answer.insert("equipment_id".to_owned(), equipment.id.into());
    answer.insert("applied".to_owned(), restored.applied.into());
    answer.insert("skipped".to_owned(), restored.skipped.into());
    Ok(respond::ok(&answer))
}

async fn find(handle: &Handle, id: String) -> Result<EquipmentState, ApiError> {
    let found = records::record(handle, RecordKind::State, id).await?;
    let Record::State(state) = found else { return Err(ApiError::Internal) };
    Ok(*state)
}

fn shown(state: &EquipmentState, handle: &Handle) -> Response {
    let view = StateView::new(state, handle);
    let id = &state.id;
    let timestamp = stamp::local(state.taken_at, handle.zone());
    respond::ok(&json!({
        "success": true, "state_id": id, "timestamp": timestamp, "state": view,
    }))
}
