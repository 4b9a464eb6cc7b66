//! Asks equipment, tells it what to do, tests it, and looks for more of it.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use serde_json::{Map, Value, json};
use station_core::engine::Expect;
use station_core::model::{Call, EquipmentTest, Record, Role};
use station_instrument::bench::Bench;
use station_instrument::driver::{Driver, Verb};

use super::body_fields::BodyFields;
use super::by_hand::Intent;
use super::caller::Asker;
use super::equipment_view::{EquipmentView, StatusView};
use super::error::ApiError;
use super::openapi::{about_equipment, lab_requests, params, refusals};
use super::records::{KeyPath, allowed, equipment as find, finish, keep, lease};
use super::{bench_error, jobs, respond, stamp};
use crate::runtime::Handle;

/// How long announcements are listened for.
const LISTENING: Duration = Duration::from_secs(2);

/// Tells what is known of equipment, without asking it.
#[utoipa::path(
    get, path = "/api/equipment/{id}/status",
    tag = "equipment", operation_id = "equipmentStatus",
    params(params::EquipmentId),
    responses(
        (status = 200, description = "What is known", body = StatusView<'static>),
        refusals::Usual, refusals::NotFound, refusals::Conflict, refusals::BadRequest,
    ),
)]
pub(super) async fn status(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    KeyPath(id): KeyPath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let equipment = find(&handle, id).await?;
    let driver = bench.driver(&equipment)?;
    let status = bench.status(&equipment.id);
    Ok(respond::ok(&StatusView::new(&equipment, &status, &driver, handle.zone())))
}

/// Takes the readings that equipment of its type has.
#[utoipa::path(
    get, path = "/api/equipment/{id}/readings",
    tag = "equipment", operation_id = "equipmentReadings",
    params(params::EquipmentId),
    responses(
        (status = 200, description = "The readings", body = about_equipment::Readings),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::Conflict,
    ),
)]
pub(super) async fn readings(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    KeyPath(id): KeyPath,
) -> Result<Response, ApiError> {
    // Asking an instrument keeps others from it.
    allowed(&asker, Role::Operator)?;
    let equipment = find(&handle, id).await?;
    let driver = bench.driver(&equipment)?;
    let known = READINGS.into_iter().find(|verb| driver.verb(verb).is_ok());
    let verb = known.ok_or_else(|| {
        ApiError::Bad(format!("driver '{}' has no verb that reads", driver.name()))
    })?;
    let call = Call { equipment: None, verb: verb.to_owned(), parameters: BTreeMap::new() };
    let mut lease = lease(&bench, &equipment, &asker).await?;
    let read = lease.call(&call).await;
    let readings = finish(lease, read).await?;
    let (now, units) = (stamp::local(handle.now(), handle.zone()), units(&driver, verb));
    Ok(respond::ok(&json!({
        "equipment_id": equipment.id, "readings": readings, "units": units, "timestamp": now,
    })))
}

/// What reads without being told what, the most telling first.
const READINGS: [&str; 5] =
    ["get_readings", "get_measurements", "get_settings", "get_voltage", "get_setpoints"];

/// Carries a verb of equipment's driver out. An answer of 200 says whether that went well.
#[utoipa::path(
    post, path = "/api/equipment/{id}/command",
    tag = "equipment", operation_id = "commandEquipment",
    params(params::EquipmentId),
    request_body(content = lab_requests::CommandRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "How it went", body = about_equipment::Commanded),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::TooLarge,
        refusals::Invalid, refusals::Conflict,
    ),
)]
pub(super) async fn command(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    KeyPath(id): KeyPath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    let body = body.map_err(jobs::refused_body)?;
    let mut fields =
        BodyFields::read(&body, &["command_id", "equipment_id", "action", "parameters"])?;
    let command_id = fields.text("command_id", 255);
    let named = fields.text("equipment_id", 255);
    let verb = fields.required_label("action", 100);
    let parameters = match fields.value("parameters") {
        None => Map::new(),
        Some(Value::Object(map)) => map,
        Some(_) => {
            fields.refuse("parameters", "must be an object of parameters by name");
            Map::new()
        }
    };
    fields.finish()?;
    drop(body);
    if let Some(named) = named.filter(|named| *named != id) {
        let text = format!("equipment_id is '{}', the path names another", named.escape_debug());
        return Err(ApiError::Bad(text));
    }
    let equipment = find(&handle, id).await?;
    let verb = verb.ok_or(ApiError::Internal)?;
    let call = Call { equipment: None, verb, parameters: parameters.into_iter().collect() };
    let mut lease = lease(&bench, &equipment, &asker).await?;
    let what = json!({ "verb": call.verb, "parameters": call.parameters });
    let intent = Intent::record(&handle, &asker, (&equipment.id, "command"), what).await?;
    let did = lease.call(&call).await;
    let units = units(lease.driver(), &call.verb);
    let did = intent.outcome(finish(lease, did).await);
    let now = stamp::local(handle.now(), handle.zone());
    let (data, error) = match did {
        Ok(data) => (data, None),
        // Whoever works by hand decides what follows; a job would make it safe.
        Err(error) if !error.is_before() => {
            let left = format!("{}; {} was left as it is", error.message, equipment.id);
            (Value::Null, Some(station_instrument::Error::new(error.kind, left)))
        }
        Err(error) => (Value::Null, Some(error)),
    };
    let trouble = error.as_ref().map(|error| bench_error::name(error.kind));
    Ok(respond::ok(&json!({
        "command_id": command_id, "success": error.is_none(), "data": data, "units": units,
        "error": error.map(|error| error.message), "instrument_error": trouble, "timestamp": now,
    })))
}

/// The units of what a verb reads, by name; none of one that there is not.
fn units(driver: &Driver, verb: &str) -> Map<String, Value> {
    driver.verb(verb).map(Verb::units).unwrap_or_default()
}

/// Tests equipment: whether it can be reached and is the one registered, or its own self-test.
#[utoipa::path(
    post, path = "/api/equipment/{id}/test",
    tag = "equipment", operation_id = "testEquipment",
    params(params::EquipmentId),
    request_body(content = Option<lab_requests::EquipmentTestRequest>, content_type = "application/json"),
    responses(
        (status = 200, description = "How it went", body = about_equipment::Tested),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::TooLarge,
        refusals::Invalid, refusals::Conflict,
    ),
)]
pub(super) async fn test(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    KeyPath(id): KeyPath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    let body = body.map_err(jobs::refused_body)?;
    let mut fields = BodyFields::read_or_empty(&body, &["test_name"])?;
    let words = [("connection", EquipmentTest::Connection), ("self_test", EquipmentTest::SelfTest)];
    let test = fields.word("test_name", &words).unwrap_or(EquipmentTest::Connection);
    fields.finish()?;
    drop(body);
    let equipment = find(&handle, id).await?;
    bench.retry(&equipment.id);
    let mut lease = lease(&bench, &equipment, &asker).await?;
    let tested = lease.test(test).await;
    let result = finish(lease, tested).await?;
    let answer = json!({ "success": true, "equipment_id": equipment.id, "result": result });
    Ok(respond::ok(&answer))
}

/// Asks equipment who it is, and stores that.
#[utoipa::path(
    post, path = "/api/equipment/{id}/identify",
    tag = "equipment", operation_id = "identifyEquipment",
    params(params::EquipmentId),
    responses(
        (status = 200, description = "The equipment", body = EquipmentView<'static>),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::Conflict,
    ),
)]
pub(super) async fn identify(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    KeyPath(id): KeyPath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Admin)?;
    let mut equipment = find(&handle, id).await?;
    // As one whose identity is not known: it may have been exchanged.
    equipment.identity = station_core::model::Identity::default();
    bench.retry(&equipment.id);
    let lease = lease(&bench, &equipment, &asker).await?;
    equipment.identity = lease.identity().clone();
    lease.release().await?;
    keep(&handle, &asker, Record::Equipment(Box::new(equipment.clone())), Expect::There).await?;
    Ok(respond::ok(&EquipmentView::new(&equipment, handle.zone())))
}

/// Looks for instruments that announce themselves on the network.
#[utoipa::path(
    post, path = "/api/equipment/discover",
    tag = "equipment", operation_id = "discoverEquipment",
    responses(
        (status = 200, description = "What was found", body = about_equipment::Discovered),
        refusals::Usual, refusals::Conflict,
    ),
)]
pub(super) async fn discover(asker: Asker) -> Result<Response, ApiError> {
    allowed(&asker, Role::Admin)?;
    // Without a network there is nothing to be found.
    let (found, note) = match station_instrument::discover::discover(LISTENING).await {
        Ok(found) => (found, None),
        Err(error) => (Vec::new(), Some(error.message)),
    };
    let devices: Vec<Value> = found
        .iter()
        .map(|one| {
            json!({
                "resource_string": one.resource, "name": one.name,
                "manufacturer": one.manufacturer, "model": one.model,
                "serial_number": one.serial, "firmware_version": one.firmware,
            })
        })
        .collect();
    Ok(respond::ok(&json!({ "devices": devices, "note": note })))
}
