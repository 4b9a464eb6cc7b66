//! Registers, lists, changes and removes equipment.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use serde_json::json;
use station_core::engine::{Expect, Refusal};
use station_core::model::{Equipment, EquipmentKind, Record, RecordKind, Role};
use station_instrument::bench::Bench;

use super::by_hand::Intent;
use super::caller::Asker;
use super::equipment_view::EquipmentView;
use super::error::ApiError;
use super::openapi::{about_equipment, lab_requests, params, refusals};
use super::records::{KeyPath, all, allowed, equipment as find, forget, keep, lease};
use super::{equipment_fields, jobs, respond};
use crate::runtime::Handle;

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
    request_body(content = lab_requests::ConnectRequest, content_type = "application/json"),
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
    keep(&handle, &asker, Record::Equipment(Box::new(wanted.equipment)), Expect::New).await?;
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
    request_body(content = lab_requests::EquipmentChangeRequest, content_type = "application/json"),
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
    keep(&handle, &asker, Record::Equipment(Box::new(equipment.clone())), Expect::There).await?;
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
    let_go(&handle, &bench, &asker, &equipment).await?;
    Ok(respond::ok(&json!({ "equipment_id": equipment.id, "status": "disconnected" })))
}

/// Brings equipment into its safe state, by hand, and closes the connection to it. That does not wait
/// for a trail that cannot be written; whoever asks is told.
async fn let_go(
    handle: &Handle,
    bench: &Bench,
    asker: &Asker,
    equipment: &Equipment,
) -> Result<(), ApiError> {
    let what = json!("safe state");
    let intent = Intent::record(handle, asker, (&equipment.id, "disconnect"), what).await;
    let did = bench.disconnect(equipment).await;
    match intent {
        Ok(intent) => Ok(intent.outcome(did)?),
        Err(unrecorded) => did.map_err(ApiError::from).and(Err(unrecorded)),
    }
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
        let_go(&handle, &bench, &asker, &equipment).await?;
    }
    forget(&handle, &asker, RecordKind::Equipment, equipment.id.clone()).await?;
    bench.forget(&equipment.id);
    let message = "Equipment removed";
    Ok(respond::ok(&json!({ "success": true, "equipment_id": equipment.id, "message": message })))
}
