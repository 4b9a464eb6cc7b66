//! Makes, lists, starts, pauses and stops acquisitions.

use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use serde_json::json;
use station_core::engine::Expect;
use station_core::model::{Acquisition, AcquisitionState, Record, RecordKind, Role};
use station_instrument::acquisition::{self, LiveAcquisition};
use station_instrument::bench::Bench;
use station_instrument::work::{self, After, Stop};

use super::acquisition_fields::planned;
use super::acquisition_view::{AcquisitionView, shown};
use super::by_hand::Intent;
use super::caller::Asker;
use super::error::ApiError;
use super::openapi::{about_equipment, lab_requests, params, refusals};
use super::query::Arguments;
use super::records::{self, KeyPath, allowed};
use super::{jobs, respond};
use crate::runtime::Handle;
use crate::store::RecordFilter;

/// The most acquisitions that are listed.
const MOST: usize = 10_000;
/// How long an answer waits for an acquisition to do as it was told.
const OBEYING: Duration = Duration::from_secs(1);
/// What the audit trail calls a stop.
const STOP: &str = "stop_acquisition";

/// Makes an acquisition; it does not begin before it is started.
#[utoipa::path(
    post, path = "/api/acquisition/session/create",
    tag = "acquisitions", operation_id = "createAcquisition",
    request_body(content = lab_requests::AcquisitionSessionRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "It is made", body = about_equipment::OneAcquisition),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::TooLarge,
        refusals::Invalid, refusals::Conflict,
    ),
)]
pub(super) async fn create(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    let body = body.map_err(jobs::refused_body)?;
    let (id, plan) = planned(&body)?;
    drop(body);
    let equipment = records::equipment(&handle, id).await?;
    let driver = bench.driver(&equipment)?;
    acquisition::check(&driver, &plan).map_err(|error| {
        ApiError::Bad(format!("equipment '{}': {}", equipment.id, error.message))
    })?;
    let created_at = handle.now();
    let id = work::new_id("acq", created_at);
    let acquisition = Acquisition::new(id, equipment.id, None, plan, created_at);
    let record = Record::Acquisition(Box::new(acquisition.clone()));
    records::keep(&handle, &asker, record, Expect::New).await?;
    Ok(shown(&acquisition, &handle))
}

/// Starts an acquisition: it holds its equipment until it is over.
#[utoipa::path(
    post, path = "/api/acquisition/session/{id}/start",
    tag = "acquisitions", operation_id = "startAcquisition",
    params(params::AcquisitionId),
    responses(
        (status = 200, description = "It has begun", body = about_equipment::OneAcquisition),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::Conflict,
    ),
)]
pub(super) async fn start(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    KeyPath(id): KeyPath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    let acquisition = find(&handle, &bench, id).await?;
    startable(&acquisition)?;
    let equipment = records::equipment(&handle, acquisition.equipment.clone()).await?;
    let lease = records::lease_without_limit(&bench, &equipment, &asker).await?;
    // Another request may have started it while the equipment was waited for.
    let acquisition = find(&handle, &bench, acquisition.id).await?;
    if let Err(refused) = startable(&acquisition) {
        lease.release().await?;
        return Err(refused);
    }
    let told = told(&handle, &asker, &acquisition, "start_acquisition").await;
    let intent = match told {
        Ok(intent) => intent,
        Err(refused) => {
            lease.release().await?;
            return Err(refused);
        }
    };
    let (_nobody, never) = Stop::new();
    let begun = work::begin_acquisition(&bench, lease, acquisition, (After::Release, &never)).await;
    let begun = intent.outcome(begun.map_err(|(error, _)| error))?;
    Ok(shown(&begun, &handle))
}

/// Records what is to be done with an acquisition.
async fn told(
    handle: &Handle,
    asker: &Asker,
    acquisition: &Acquisition,
    action: &str,
) -> Result<Intent, ApiError> {
    let what = json!({ "acquisition": acquisition.id });
    Intent::record(handle, asker, (&acquisition.equipment, action), what).await
}

/// Refuses an acquisition that was started already.
fn startable(acquisition: &Acquisition) -> Result<(), ApiError> {
    if acquisition.state == AcquisitionState::Idle {
        return Ok(());
    }
    let (id, state) = (&acquisition.id, acquisition.state.name());
    Err(ApiError::Conflict(format!("acquisition '{id}' cannot be started: it is {state}")))
}

/// Takes no more samples until it is resumed.
#[utoipa::path(
    post, path = "/api/acquisition/session/{id}/pause",
    tag = "acquisitions", operation_id = "pauseAcquisition",
    params(params::AcquisitionId),
    responses(
        (status = 200, description = "It is paused", body = about_equipment::OneAcquisition),
        refusals::Usual, refusals::NotFound, refusals::Conflict,
    ),
)]
pub(super) async fn pause(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    KeyPath(id): KeyPath,
) -> Result<Response, ApiError> {
    let is_so = |state| state == AcquisitionState::Paused;
    let told = ("pause_acquisition", LiveAcquisition::pause as Act);
    control(&handle, &bench, &asker, id, (told, is_so)).await
}

/// Takes samples again.
#[utoipa::path(
    post, path = "/api/acquisition/session/{id}/resume",
    tag = "acquisitions", operation_id = "resumeAcquisition",
    params(params::AcquisitionId),
    responses(
        (status = 200, description = "It goes on", body = about_equipment::OneAcquisition),
        refusals::Usual, refusals::NotFound, refusals::Conflict,
    ),
)]
pub(super) async fn resume(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    KeyPath(id): KeyPath,
) -> Result<Response, ApiError> {
    let is_so = |state| state != AcquisitionState::Paused;
    let told = ("resume_acquisition", LiveAcquisition::resume as Act);
    control(&handle, &bench, &asker, id, (told, is_so)).await
}

/// Ends an acquisition; what was taken stays.
#[utoipa::path(
    post, path = "/api/acquisition/session/{id}/stop",
    tag = "acquisitions", operation_id = "stopAcquisition",
    params(params::AcquisitionId),
    responses(
        (status = 200, description = "It ends", body = about_equipment::OneAcquisition),
        refusals::Usual, refusals::NotFound, refusals::Conflict,
    ),
)]
pub(super) async fn stop(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    KeyPath(id): KeyPath,
) -> Result<Response, ApiError> {
    let told = (STOP, LiveAcquisition::stop as Act);
    // It is over when it is not among the live any more.
    control(&handle, &bench, &asker, id, (told, |_| false)).await
}

/// What is told to an acquisition under way.
type Act = fn(&LiveAcquisition);
/// The same, with its name in the audit trail.
type Named = (&'static str, Act);

async fn control(
    handle: &Handle,
    bench: &Bench,
    asker: &Asker,
    id: String,
    ((action, act), is_so): (Named, fn(AcquisitionState) -> bool),
) -> Result<Response, ApiError> {
    allowed(asker, Role::Operator)?;
    if let Some(live) = bench.acquisitions().live(&id) {
        let intent = told(handle, asker, &live.snapshot(), action).await;
        // What goes on without a record is worse than a stop without one.
        let intent = match intent {
            Err(refused) if action != STOP => return Err(refused),
            intent => intent,
        };
        act(&live);
        // A sample that is being taken is waited for, but not for long.
        tokio::time::timeout(OBEYING, live.until(is_so)).await.ok();
        intent?.outcome(Ok(()))?;
        return Ok(shown(&find(handle, bench, id).await?, handle));
    }
    let acquisition = find(handle, bench, id).await?;
    let (id, state) = (&acquisition.id, acquisition.state.name());
    Err(ApiError::Conflict(format!("acquisition '{id}' is not under way: it is {state}")))
}

/// Shows where an acquisition stands.
#[utoipa::path(
    get, path = "/api/acquisition/session/{id}/status",
    tag = "acquisitions", operation_id = "acquisitionStatus",
    params(params::AcquisitionId),
    responses(
        (status = 200, description = "The acquisition", body = about_equipment::OneAcquisition),
        refusals::Usual, refusals::NotFound,
    ),
)]
pub(super) async fn status(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    KeyPath(id): KeyPath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let acquisition = find(&handle, &bench, id).await?;
    Ok(shown(&acquisition, &handle))
}

/// Lists acquisitions, those under way with what they have come to.
#[utoipa::path(
    get, path = "/api/acquisition/sessions",
    tag = "acquisitions", operation_id = "listAcquisitions",
    params(params::EquipmentOf),
    responses(
        (status = 200, description = "The acquisitions", body = about_equipment::Acquisitions),
        refusals::Usual,
    ),
)]
pub(super) async fn list(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    query: Arguments,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let equipment = query.text("equipment_id").map(ToOwned::to_owned);
    respond::blocking(&handle, move |handle| {
        let filter = RecordFilter { kind: RecordKind::Acquisition, equipment, limit: MOST };
        let records = handle.reader().records(&filter)?;
        let sessions: Vec<AcquisitionView> = records
            .iter()
            .filter_map(|record| {
                if let Record::Acquisition(acquisition) = record { Some(acquisition) } else { None }
            })
            .map(|acquisition| match bench.acquisitions().live(&acquisition.id) {
                Some(live) => AcquisitionView::new(&live.snapshot(), handle),
                None => AcquisitionView::new(acquisition, handle),
            })
            .collect();
        let count = sessions.len();
        Ok(respond::ok(&json!({ "success": true, "count": count, "sessions": sessions })))
    })
    .await
}

/// An acquisition as it stands; one that is under way as its run sees it.
pub(super) async fn find(
    handle: &Handle,
    bench: &Bench,
    id: String,
) -> Result<Acquisition, ApiError> {
    if let Some(live) = bench.acquisitions().live(&id) {
        return Ok(live.snapshot());
    }
    let found = records::record(handle, RecordKind::Acquisition, id).await?;
    let Record::Acquisition(acquisition) = found else { return Err(ApiError::Internal) };
    Ok(*acquisition)
}
