//! Shows, streams, exports and removes the samples of acquisitions.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};
use station_core::model::{Acquisition, FileFormat, RecordKind, Role};
use station_instrument::acquisition::{self, SampleBatch};
use station_instrument::bench::Bench;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::acquisition_view::AcquisitionView;
use super::acquisitions::find;
use super::body_fields::BodyFields;
use super::caller::Asker;
use super::equipment_fields::LONGEST;
use super::error::ApiError;
use super::openapi::{about_equipment, happenings, lab_requests, params, refusals};
use super::query::Arguments;
use super::records::{KeyPath, allowed, forget};
use super::{jobs, respond, sse};
use crate::runtime::Handle;

/// The most samples of one answer.
const SAMPLES: i64 = 100_000;
/// The silence after which a stream shows that it is still there.
const SILENCE: Duration = Duration::from_secs(15);

/// Shows the newest samples of an acquisition.
#[utoipa::path(
    get, path = "/api/acquisition/session/{id}/data",
    tag = "acquisitions", operation_id = "acquisitionData",
    params(params::AcquisitionId, params::Samples),
    responses(
        (status = 200, description = "The samples", body = about_equipment::Samples),
        refusals::Usual, refusals::NotFound, refusals::Invalid, refusals::Conflict,
    ),
)]
pub(super) async fn data(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    KeyPath(id): KeyPath,
    query: Arguments,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let samples = query.count("num_samples", SAMPLES)?.unwrap_or(1000);
    let acquisition = find(&handle, &bench, id).await?;
    let batch = match bench.acquisitions().live(&acquisition.id) {
        Some(live) => live.latest(samples),
        None if acquisition.file.is_none() => SampleBatch::default(),
        None => {
            let (directory, of) = (bench.config().directory.clone(), acquisition.clone());
            respond::blocking(&handle, move |_| {
                Ok(acquisition::read_file(&directory, &of, samples)?)
            })
            .await?
        }
    };
    let mut answer = batch_json(&batch);
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("success".to_owned(), true.into());
        fields.insert("acquisition_id".to_owned(), acquisition.id.into());
    }
    Ok(respond::ok(&answer))
}

/// A batch as JSON: a number that is none is null.
fn batch_json(batch: &SampleBatch) -> Value {
    json!({
        "first": batch.first, "channels": batch.columns, "times": batch.times,
        "values": batch.values,
    })
}

/// Streams samples as they are taken, as server-sent events, until the acquisition is over.
#[utoipa::path(
    get, path = "/api/acquisition/session/{id}/stream",
    tag = "acquisitions", operation_id = "followAcquisition",
    params(params::AcquisitionId),
    responses(
        (
            status = 200,
            description = "Server-sent events: `samples`, and at the end `status`",
            body = happenings::SampleEvent,
            content_type = "text/event-stream",
        ),
        refusals::Usual, refusals::NotFound,
    ),
    security(("bearer" = []), ("query" = [])),
)]
pub(super) async fn stream(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    KeyPath(id): KeyPath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let acquisition = find(&handle, &bench, id).await?;
    let (sender, receiver) = mpsc::channel(16);
    tokio::spawn(async move {
        asker.while_good(&handle, feed(&handle, &bench, acquisition, sender)).await;
    });
    let mut response = Response::new(Body::from_stream(ReceiverStream::new(receiver)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

type Frames = mpsc::Sender<Result<Bytes, Infallible>>;

async fn feed(handle: &Handle, bench: &Bench, acquisition: Acquisition, to: Frames) {
    let id = acquisition.id.clone();
    if let Some(live) = bench.acquisitions().live(&id) {
        let mut batches = live.follow();
        if to.send(Ok(Bytes::from_static(sse::KEEP_ALIVE))).await.is_err() {
            return;
        }
        loop {
            let frame = tokio::select! {
                batch = batches.recv() => match batch {
                    Ok(batch) => event("samples", &batch_json(&batch)),
                    Err(RecvError::Lagged(batches)) => {
                        event("missed", &json!({ "batches": batches }))
                    }
                    Err(RecvError::Closed) => break,
                },
                () = handle.stopped() => return,
                () = to.closed() => return,
                () = tokio::time::sleep(SILENCE) => Bytes::from_static(sse::KEEP_ALIVE),
            };
            if to.send(Ok(frame)).await.is_err() {
                return;
            }
        }
    }
    let ended = find(handle, bench, id).await.unwrap_or(acquisition);
    let view = json!(AcquisitionView::new(&ended, handle));
    // Who has gone does not want to know.
    to.send(Ok(event("status", &view))).await.ok();
}

fn event(name: &str, data: &Value) -> Bytes {
    format!("event: {name}\ndata: {data}\n\n").into()
}

/// Writes the samples of an acquisition that is over in another form.
#[utoipa::path(
    post, path = "/api/acquisition/export",
    tag = "acquisitions", operation_id = "exportAcquisition",
    request_body(content = lab_requests::ExportRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The file", body = about_equipment::Exported),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::TooLarge,
        refusals::Invalid, refusals::Conflict,
    ),
)]
pub(super) async fn export(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    let body = body.map_err(jobs::refused_body)?;
    let mut fields = BodyFields::read(&body, &["acquisition_id", "session_id", "format"])?;
    let also = fields.label("session_id", LONGEST);
    let id = match also {
        Some(id) => Some(id),
        None => fields.required_label("acquisition_id", LONGEST),
    };
    let formats = FileFormat::ALL.map(|format| (format.name(), format));
    let format = fields.required_word("format", &formats);
    fields.finish()?;
    drop(body);
    let (Some(id), Some(format)) = (id, format) else { return Err(ApiError::Internal) };
    let acquisition = find(&handle, &bench, id).await?;
    if bench.acquisitions().live(&acquisition.id).is_some() {
        let id = &acquisition.id;
        return Err(ApiError::Conflict(format!("acquisition '{id}' is still under way")));
    }
    let (directory, of) = (bench.config().directory.clone(), acquisition.clone());
    let exported =
        respond::blocking(&handle, move |_| Ok(acquisition::export(&directory, &of, format)?));
    let file = exported.await?;
    Ok(respond::ok(&json!({
        "success": true, "acquisition_id": acquisition.id, "format": format.name(),
        "file": file.to_string_lossy(),
    })))
}

/// Removes an acquisition that is not under way, and its files.
#[utoipa::path(
    delete, path = "/api/acquisition/session/{id}",
    tag = "acquisitions", operation_id = "removeAcquisition",
    params(params::AcquisitionId),
    responses(
        (status = 200, description = "It is gone", body = about_equipment::Done),
        refusals::Usual, refusals::NotFound, refusals::Conflict,
    ),
)]
pub(super) async fn remove(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    asker: Asker,
    KeyPath(id): KeyPath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    let acquisition = find(&handle, &bench, id).await?;
    if bench.acquisitions().live(&acquisition.id).is_some() {
        let id = &acquisition.id;
        let text = format!("acquisition '{id}' is still under way; stop it first");
        return Err(ApiError::Conflict(text));
    }
    // The files first: on a full disk the record can only be removed when they are gone. If it then
    // stays after all, it can be removed again.
    let directory = bench.config().directory.clone();
    let id = acquisition.id.clone();
    respond::blocking(&handle, move |_| {
        for format in FileFormat::ALL {
            let file = directory.join(format!("{}.{}", acquisition.id, format.name()));
            if let Err(error) = std::fs::remove_file(&file)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(%error, file = %file.display(), "a file of samples is left");
            }
        }
        Ok(())
    })
    .await?;
    forget(&handle, &asker, RecordKind::Acquisition, id).await?;
    Ok(respond::ok(&json!({ "success": true, "message": "Acquisition removed" })))
}
