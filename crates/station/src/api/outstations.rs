//! Registers, lists, changes and removes outstations.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use serde_json::json;
use station_core::engine::Expect;
use station_core::model::{Outstation, Record, RecordKind, Role};

use super::caller::Asker;
use super::changes::Changing;
use super::error::ApiError;
use super::openapi::{about_outstations, outstation_requests, params, refusals};
use super::outstation_records::{Desk, all, allowed, find};
use super::outstation_shown::OutstationView;
use super::records;
use super::records::KeyPath;
use super::{jobs, outstation_fields, respond};
use crate::runtime::Handle;

/// Lists outstations by name, without their points.
#[utoipa::path(
    get, path = "/api/outstations",
    tag = "outstations", operation_id = "listOutstations",
    responses(
        (status = 200, description = "The outstations", body = about_outstations::Outstations),
        refusals::Usual,
    ),
)]
pub(super) async fn list(State(handle): State<Handle>, asker: Asker) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    respond::blocking(&handle, |handle| {
        let records = all(handle, RecordKind::Outstation)?;
        let found = records.iter().filter_map(|record| {
            if let Record::Outstation(outstation) = record { Some(&**outstation) } else { None }
        });
        let views: Vec<_> =
            found.map(|outstation| OutstationView::new(outstation, handle.zone())).collect();
        Ok(respond::ok(&json!({ "success": true, "count": views.len(), "outstations": views })))
    })
    .await
}

/// Shows an outstation.
#[utoipa::path(
    get, path = "/api/outstations/{name}",
    tag = "outstations", operation_id = "getOutstation",
    params(params::OutstationName),
    responses(
        (status = 200, description = "The outstation", body = about_outstations::OneOutstation),
        refusals::Usual, refusals::NotAtDesk,
    ),
)]
pub(super) async fn show(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    asker: Asker,
    KeyPath(name): KeyPath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let outstation = find(&handle, &desk, name).await?;
    Ok(shown(&handle, &outstation, None))
}

/// Registers an outstation. It is connected to from then on.
#[utoipa::path(
    post, path = "/api/outstations",
    tag = "outstations", operation_id = "createOutstation",
    request_body(content = outstation_requests::OutstationRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "It is registered", body = about_outstations::OutstationKept),
        refusals::Usual, refusals::BadPoints, refusals::TooLarge, refusals::Invalid,
        refusals::Conflict,
    ),
)]
pub(super) async fn create(
    State(handle): State<Handle>,
    Extension(changing): Extension<Arc<Changing>>,
    asker: Asker,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Admin)?;
    let body = body.map_err(jobs::refused_body)?;
    let outstation = outstation_fields::created(&body, (asker.principal(), handle.now()))?;
    drop(body);
    let _alone = changing.alone().await;
    let record = Record::Outstation(Box::new(outstation.clone()));
    records::keep(&handle, &asker, record, Expect::New).await?;
    Ok(shown(&handle, &outstation, Some("Outstation registered")))
}

/// Changes an outstation in part; a null makes a field the default again. Its session is opened anew
/// where it is reached in another way.
#[utoipa::path(
    patch, path = "/api/outstations/{name}",
    tag = "outstations", operation_id = "changeOutstation",
    params(params::OutstationName),
    request_body(
        content = outstation_requests::OutstationChangeRequest, content_type = "application/json",
    ),
    responses(
        (status = 200, description = "It is changed", body = about_outstations::OutstationKept),
        refusals::Usual, refusals::BadPoints, refusals::NotAtDesk, refusals::TooLarge,
        refusals::Invalid,
    ),
)]
pub(super) async fn change(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    Extension(changing): Extension<Arc<Changing>>,
    asker: Asker,
    KeyPath(name): KeyPath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Admin)?;
    let body = body.map_err(jobs::refused_body)?;
    let _alone = changing.alone().await;
    let mut outstation = find(&handle, &desk, name).await?;
    outstation_fields::change(&body, &mut outstation)?;
    drop(body);
    outstation.modified_at = handle.now();
    let record = Record::Outstation(Box::new(outstation.clone()));
    records::keep(&handle, &asker, record, Expect::There).await?;
    Ok(shown(&handle, &outstation, Some("Outstation changed")))
}

/// Removes an outstation, and closes the session with it. Tags at its points stay.
#[utoipa::path(
    delete, path = "/api/outstations/{name}",
    tag = "outstations", operation_id = "removeOutstation",
    params(params::OutstationName),
    responses(
        (status = 200, description = "It is gone", body = about_outstations::Done),
        refusals::Usual, refusals::NotAtDesk,
    ),
)]
pub(super) async fn remove(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    Extension(changing): Extension<Arc<Changing>>,
    asker: Asker,
    KeyPath(name): KeyPath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Admin)?;
    let _alone = changing.alone().await;
    let outstation = find(&handle, &desk, name).await?;
    records::forget(&handle, &asker, RecordKind::Outstation, outstation.name).await?;
    Ok(respond::ok(&json!({ "success": true, "message": "Outstation removed" })))
}

fn shown(handle: &Handle, outstation: &Outstation, message: Option<&str>) -> Response {
    let view = OutstationView::new(outstation, handle.zone());
    let mut answer = json!({ "success": true, "outstation": view });
    if let (Some(message), Some(fields)) = (message, answer.as_object_mut()) {
        fields.insert("message".to_owned(), message.into());
    }
    respond::ok(&answer)
}
