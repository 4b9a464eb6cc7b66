//! Registers, lists, asks, commands and removes equipment.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use serde_json::{Map, Value, json};
use station_core::engine::{Expect, Refusal, Reply, Request};
use station_core::model::{
    Call, Equipment, EquipmentKind, EquipmentTest, Record, RecordKind, Role,
};
use station_instrument::bench::{Bench, Holder, Lease};
use station_instrument::driver::{Driver, Outcome, Verb};

use super::body_fields::BodyFields;
use super::caller::Asker;
use super::equipment_view::{EquipmentView, StatusView};
use super::error::ApiError;
use super::openapi::{about_equipment, params, refusals, requests};
use super::{bench_error, equipment_fields, jobs, respond, stamp};
use crate::runtime::Handle;
use crate::store::RecordFilter;

/// How long somebody else who holds an instrument is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a request may hold an instrument.
const LEASE: Duration = Duration::from_secs(120);
/// How long announcements are listened for.
const LISTENING: Duration = Duration::from_secs(2);
/// The most equipment that is listed.
const MOST: usize = 100_000;

/// Lists equipment by id.
#[utoipa::path(
    get, path = "/api/equipment/list",
    tag = "equipment", operation_id = "listEquipment",
    responses(
        (status = 200, description = "The equipment", body = Vec<EquipmentView<'static>>),
        refusals::Usual,
    ),
)]
pub(super) async fn list(State(handle): State<Handle>, asker: Asker) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    respond::blocking(&handle, |handle| {
        let all = all(handle)?;
        let views: Vec<_> =
            all.iter().map(|equipment| EquipmentView::new(equipment, handle.zone())).collect();
        Ok(respond::ok(&views))
    })
    .await
}

/// Shows equipment.
#[utoipa::path(
    get, path = "/api/equipment/{id}",
    tag = "equipment", operation_id = "getEquipment",
    params(params::EquipmentId),
    responses(
        (status = 200, description = "The equipment", body = EquipmentView<'static>),
        refusals::Usual, refusals::NotFound,
    ),
)]
pub(super) async fn show(
    State(handle): State<Handle>,
    asker: Asker,
    KeyPath(id): KeyPath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let equipment = find(&handle, id).await?;
    Ok(respond::ok(&EquipmentView::new(&equipment, handle.zone())))
}

/// Registers equipment and, unless told otherwise, connects it: who it says it is, is stored with it.
#[utoipa::path(
    post, path = "/api/equipment/connect",
    tag = "equipment", operation_id = "connectEquipment",
    request_body(content = requests::ConnectRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "It is registered", body = about_equipment::Connected),
        refusals::Usual, refusals::BadRequest, refusals::TooLarge, refusals::Invalid,
        refusals::Conflict,
    ),
)]
pub(super) async fn connect(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Admin)?;
    let body = body.map_err(jobs::refused_body)?;
    let about = (asker.principal(), handle.now());
    let mut wanted = equipment_fields::connected(&body, bench.drivers(), about)?;
    drop(body);
    let equipment = &mut wanted.equipment;
    let known = respond::blocking(&handle, all).await?;
    if equipment.id.is_empty() {
        // A client that connects to what is registered already means that.
        let same = known
            .iter()
            .find(|one| one.resource == equipment.resource && one.kind == equipment.kind);
        if let Some(same) = same {
            bench.retry(&same.id);
            let lease = lease(&bench, same, &asker).await?;
            lease.release().await?;
            return Ok(connected(&same.id, true));
        }
        equipment.id = free_id(&known, equipment.kind);
    }
    if known.iter().any(|one| one.id == equipment.id) {
        let refusal = Refusal::RecordExists(RecordKind::Equipment, equipment.id.clone());
        return Err(ApiError::Refused(refusal));
    }
    refuse_twin(&known, equipment)?;
    if wanted.connect {
        let named = std::mem::take(&mut equipment.identity);
        equipment.identity = Bench::probe(&equipment.resource, &equipment.settings).await?;
        let serial = &named.serial;
        if !serial.is_empty() && *serial != equipment.identity.serial {
            return Err(ApiError::Conflict(format!(
                "the instrument at {} has the serial number '{}', not '{serial}'",
                equipment.resource, equipment.identity.serial
            )));
        }
    }
    let id = equipment.id.clone();
    keep(&handle, Record::Equipment(Box::new(wanted.equipment)), Expect::New).await?;
    Ok(connected(&id, wanted.connect))
}

fn connected(id: &str, is: bool) -> Response {
    let status = if is { "connected" } else { "registered" };
    respond::ok(&json!({ "equipment_id": id, "status": status }))
}

/// Refuses an instrument that is registered under another id: leases and the budget of writes are an
/// instrument's, whatever it is called.
fn refuse_twin(known: &[Equipment], equipment: &Equipment) -> Result<(), ApiError> {
    let twin =
        known.iter().find(|one| one.resource == equipment.resource && one.id != equipment.id);
    twin.map_or(Ok(()), |twin| {
        let (resource, id) = (&equipment.resource, &twin.id);
        Err(ApiError::Conflict(format!("{resource} is registered already, as '{id}'")))
    })
}

/// The first id of a kind that is not taken: `power_supply_1`.
fn free_id(known: &[Equipment], kind: EquipmentKind) -> String {
    let name = |n: usize| format!("{}_{n}", kind.name());
    let free = (1..).map(name).find(|id| known.iter().all(|one| one.id != *id));
    free.unwrap_or_else(|| name(0))
}

/// Changes equipment in part; a null makes a field the default again.
#[utoipa::path(
    patch, path = "/api/equipment/{id}",
    tag = "equipment", operation_id = "changeEquipment",
    params(params::EquipmentId),
    request_body(content = requests::EquipmentChangeRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The equipment", body = EquipmentView<'static>),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::TooLarge,
        refusals::Invalid,
    ),
)]
pub(super) async fn change(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    KeyPath(id): KeyPath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Admin)?;
    let body = body.map_err(jobs::refused_body)?;
    let mut equipment = find(&handle, id).await?;
    let before = equipment.clone();
    equipment_fields::change(&body, &mut equipment, bench.drivers())?;
    drop(body);
    if equipment.resource != before.resource {
        refuse_twin(&respond::blocking(&handle, all).await?, &equipment)?;
        // Who is there is learned at the next connection.
        equipment.identity = station_core::model::Identity::default();
    }
    keep(&handle, Record::Equipment(Box::new(equipment.clone())), Expect::There).await?;
    Ok(respond::ok(&EquipmentView::new(&equipment, handle.zone())))
}

/// Brings equipment into its safe state and closes the connection to it. It stays registered.
#[utoipa::path(
    post, path = "/api/equipment/disconnect/{id}",
    tag = "equipment", operation_id = "disconnectEquipment",
    params(params::EquipmentId),
    responses(
        (status = 200, description = "It is disconnected", body = about_equipment::Disconnected),
        refusals::Usual, refusals::NotFound, refusals::Conflict,
    ),
)]
pub(super) async fn disconnect(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    KeyPath(id): KeyPath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    let equipment = find(&handle, id).await?;
    bench.disconnect(&equipment).await?;
    Ok(respond::ok(&json!({ "equipment_id": equipment.id, "status": "disconnected" })))
}

/// Removes equipment, once it is in its safe state if it is connected.
#[utoipa::path(
    delete, path = "/api/equipment/{id}",
    tag = "equipment", operation_id = "removeEquipment",
    params(params::EquipmentId),
    responses(
        (status = 200, description = "It is gone", body = about_equipment::Removed),
        refusals::Usual, refusals::NotFound, refusals::Conflict,
    ),
)]
pub(super) async fn remove(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    KeyPath(id): KeyPath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Admin)?;
    let equipment = find(&handle, id).await?;
    if bench.status(&equipment.id).connected {
        bench.disconnect(&equipment).await?;
    }
    forget(&handle, RecordKind::Equipment, equipment.id.clone()).await?;
    bench.forget(&equipment.id);
    let message = "Equipment removed";
    Ok(respond::ok(&json!({ "success": true, "equipment_id": equipment.id, "message": message })))
}

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
    request_body(content = requests::CommandRequest, content_type = "application/json"),
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
    let did = lease.call(&call).await;
    let units = units(lease.driver(), &call.verb);
    let did = finish(lease, did).await;
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

/// The units of what a verb reads, by name.
fn units(driver: &Driver, verb: &str) -> Map<String, Value> {
    let outcomes = driver.verb(verb).map(Verb::outcomes).unwrap_or_default();
    let unit = |one: &Outcome| Some((one.name.clone(), one.unit.as_deref()?.into()));
    outcomes.iter().filter_map(unit).collect()
}

/// Tests equipment: whether it can be reached and is the one registered, or its own self-test.
#[utoipa::path(
    post, path = "/api/equipment/{id}/test",
    tag = "equipment", operation_id = "testEquipment",
    params(params::EquipmentId),
    request_body(content = Option<requests::EquipmentTestRequest>, content_type = "application/json"),
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
    keep(&handle, Record::Equipment(Box::new(equipment.clone())), Expect::There).await?;
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

/// Equipment stands for machines in the world: it is never for callers without a name.
pub(super) fn allowed(asker: &Asker, role: Role) -> Result<(), ApiError> {
    asker.require_named("whatever has to do with equipment")?;
    asker.require(role)
}

/// The equipment of an id.
pub(super) async fn find(handle: &Handle, id: String) -> Result<Equipment, ApiError> {
    let found = record(handle, RecordKind::Equipment, id.clone()).await?;
    let Record::Equipment(equipment) = found else {
        return Err(unknown(RecordKind::Equipment, &id));
    };
    Ok(*equipment)
}

/// A record; refused when there is none.
pub(super) async fn record(
    handle: &Handle,
    kind: RecordKind,
    key: String,
) -> Result<Record, ApiError> {
    respond::blocking(handle, move |handle| {
        handle.reader().record(kind, &key)?.ok_or_else(|| unknown(kind, &key))
    })
    .await
}

pub(super) fn unknown(kind: RecordKind, key: &str) -> ApiError {
    let shown: String =
        key.chars().take(Equipment::LONGEST_ID).flat_map(char::escape_debug).collect();
    ApiError::Refused(Refusal::NoSuchRecord(kind, shown))
}

/// All equipment.
pub(super) fn all(handle: &Handle) -> Result<Vec<Equipment>, ApiError> {
    let filter = RecordFilter { kind: RecordKind::Equipment, equipment: None, limit: MOST };
    let records = handle.reader().records(&filter)?;
    let equipment =
        |record| if let Record::Equipment(equipment) = record { Some(*equipment) } else { None };
    Ok(records.into_iter().filter_map(equipment).collect())
}

/// Takes equipment for one request.
pub(super) async fn lease(
    bench: &Bench,
    equipment: &Equipment,
    asker: &Asker,
) -> Result<Lease, ApiError> {
    let label = format!("{} (by hand)", asker.principal().label());
    let holder = Holder { label, limit: Some(LEASE) };
    Ok(bench.lease(equipment, holder, PATIENCE).await?)
}

/// Takes equipment for as long as the caller's task goes on.
pub(super) async fn lease_without_limit(
    bench: &Bench,
    equipment: &Equipment,
    asker: &Asker,
) -> Result<Lease, ApiError> {
    let label = format!("{} (by hand)", asker.principal().label());
    Ok(bench.lease(equipment, Holder { label, limit: None }, PATIENCE).await?)
}

/// Gives equipment back, and tells what came of it; the first thing that went wrong counts.
pub(super) async fn finish<T>(
    lease: Lease,
    did: Result<T, station_instrument::Error>,
) -> Result<T, station_instrument::Error> {
    let released = lease.release().await;
    let did = did?;
    released.map(|()| did)
}

/// Keeps a record.
pub(super) async fn keep(handle: &Handle, record: Record, expect: Expect) -> Result<(), ApiError> {
    let request = Request::Keep { record: Box::new(record), expect, there: false };
    kept(handle.request(request).await?)
}

/// Removes a record.
pub(super) async fn forget(handle: &Handle, kind: RecordKind, key: String) -> Result<(), ApiError> {
    kept(handle.request(Request::Remove { kind, key, there: false }).await?)
}

fn kept(reply: Reply) -> Result<(), ApiError> {
    if reply == Reply::RecordKept { Ok(()) } else { Err(jobs::unexpected(reply)) }
}

/// What names something in a path.
pub(super) struct KeyPath(pub(super) String);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for KeyPath {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<Self, ApiError> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        // A path that is not UTF-8 cannot be decoded; it names nothing either.
        Ok(Self(path.map_or_else(|_| "?".to_owned(), |path| path.0)))
    }
}
