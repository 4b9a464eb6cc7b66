//! Makes, starts, follows, pauses, exports and removes acquisitions.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Number, Value, json};
use station_core::engine::Expect;
use station_core::model::{
    Acquisition, AcquisitionPlan, AcquisitionState, FileFormat, Micros, Record, RecordKind, Role,
};
use station_instrument::acquisition::{self, LiveAcquisition, SampleBatch};
use station_instrument::bench::{Bench, Lease};
use station_instrument::work::{self, Stop};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::body_fields::BodyFields;
use super::caller::Asker;
use super::equipment::{self, KeyPath, allowed};
use super::equipment_fields::LONGEST;
use super::error::ApiError;
use super::openapi::{about_equipment, answers, happenings, params, refusals, requests};
use super::query::Arguments;
use super::{jobs, respond, sse, stamp};
use crate::runtime::Handle;
use crate::store::RecordFilter;

/// The most acquisitions that are listed.
const MOST: usize = 10_000;
/// The most samples of one answer.
const SAMPLES: i64 = 100_000;
/// The highest rate that is asked for, in samples a second.
const HIGHEST_RATE: f64 = 1e12;
/// The most channels.
const CHANNELS: usize = 64;

/// How often it is looked whether an acquisition has begun.
const LOOKING: Duration = Duration::from_millis(10);
/// How long an answer waits for an acquisition to do as it was told.
const OBEYING: Duration = Duration::from_secs(1);
/// The silence after which a stream shows that it is still there.
const SILENCE: Duration = Duration::from_secs(15);

/// Every field of an acquisition.
const FIELDS: [&str; 9] = [
    "equipment_id",
    "duration",
    "duration_seconds",
    "sample_rate",
    "channels",
    "format",
    "export_format",
    "verb",
    "name",
];

/// An acquisition on the wire.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct AcquisitionView {
    acquisition_id: String,
    equipment_id: String,
    /// The execution it belongs to; null: it was made by hand.
    execution_id: Option<String>,
    #[schema(schema_with = answers::acquisition_states)]
    state: &'static str,
    duration_seconds: Option<f64>,
    /// Samples a second, as asked for.
    sample_rate: Option<f64>,
    channels: Vec<String>,
    #[schema(schema_with = answers::file_formats)]
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
    fn new(acquisition: &Acquisition, handle: &Handle) -> Self {
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

/// Makes an acquisition; it does not begin before it is started.
#[utoipa::path(
    post, path = "/api/acquisition/session/create",
    tag = "acquisitions", operation_id = "createAcquisition",
    request_body(content = requests::AcquisitionSessionRequest, content_type = "application/json"),
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
    let equipment = equipment::find(&handle, id).await?;
    let driver = bench.driver(&equipment)?;
    acquisition::check(&driver, &plan).map_err(|error| {
        ApiError::Bad(format!("equipment '{}': {}", equipment.id, error.message))
    })?;
    let created_at = handle.now();
    let acquisition = Acquisition {
        id: work::new_id("acq", created_at),
        equipment: equipment.id,
        execution: None,
        plan,
        state: AcquisitionState::Idle,
        created_at,
        started_at: None,
        ended_at: None,
        file: None,
        samples: 0,
        lost: 0,
        achieved_rate: None,
        error: None,
    };
    let record = Record::Acquisition(Box::new(acquisition.clone()));
    equipment::keep(&handle, record, Expect::New).await?;
    Ok(shown(&acquisition, &handle))
}

/// The equipment and the plan that a body names.
fn planned(body: &[u8]) -> Result<(String, AcquisitionPlan), ApiError> {
    let mut fields = BodyFields::read(body, &FIELDS)?;
    let id = fields.required_label("equipment_id", LONGEST);
    let duration = fields.seconds("duration_seconds").or(fields.seconds("duration"));
    let sample_rate = fields.value("sample_rate");
    let channels = fields.value("channels").unwrap_or_else(|| json!([]));
    let formats = FileFormat::ALL.map(|format| (format.name(), format));
    let format = fields.word("export_format", &formats).or(fields.word("format", &formats));
    let verb = fields.label("verb", 100);
    let rate = match sample_rate {
        None => None,
        Some(Value::Number(rate))
            if rate.as_f64().is_some_and(|rate| rate > 0.0 && rate <= HIGHEST_RATE) =>
        {
            Some(rate)
        }
        Some(_) => {
            fields.refuse("sample_rate", "must be a number of samples a second, more than 0");
            None
        }
    };
    let channels = channels_of(&channels);
    if channels.is_none() {
        fields.refuse("channels", "must be a list of at most 64 numbers or names of channels");
    }
    fields.finish()?;
    let (Some(id), Some(channels)) = (id, channels) else { return Err(ApiError::Internal) };
    let format = format.unwrap_or_default();
    Ok((
        id,
        AcquisitionPlan { duration, sample_rate: rate, channels, verb, format, detached: false },
    ))
}

/// The names of channels: `2` is `CH2`.
pub(super) fn channels_of(value: &Value) -> Option<Vec<String>> {
    let list = value.as_array().filter(|list| list.len() <= CHANNELS)?;
    list.iter()
        .map(|channel| match channel {
            Value::Number(number) => {
                number.as_u64().filter(|n| (1..=999).contains(n)).map(|n| format!("CH{n}"))
            }
            Value::String(name) => {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let good = !name.is_empty() && name.len() <= 32 && name.chars().all(plain);
                good.then(|| name.clone())
            }
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        })
        .collect()
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
    let equipment = equipment::find(&handle, acquisition.equipment.clone()).await?;
    let lease = equipment::lease_without_limit(&bench, &equipment, &asker).await?;
    // Another request may have started it while the equipment was waited for.
    let acquisition = find(&handle, &bench, acquisition.id).await?;
    if let Err(refused) = startable(&acquisition) {
        lease.release().await?;
        return Err(refused);
    }
    let id = acquisition.id.clone();
    let mut task = tokio::spawn(run(bench.clone(), lease, acquisition));
    loop {
        tokio::select! {
            ended = &mut task => {
                ended.map_err(|_| ApiError::Internal)??;
                break;
            }
            () = tokio::time::sleep(LOOKING) => {}
        }
        // One that could not begin is at its end in a moment: then it is told why.
        if let Some(live) = bench.acquisitions().live(&id)
            && !matches!(live.snapshot().state, AcquisitionState::Idle | AcquisitionState::Error)
        {
            return Ok(shown(&live.snapshot(), &handle));
        }
    }
    Ok(shown(&find(&handle, &bench, id).await?, &handle))
}

/// Refuses an acquisition that was started already.
fn startable(acquisition: &Acquisition) -> Result<(), ApiError> {
    if acquisition.state == AcquisitionState::Idle {
        return Ok(());
    }
    let (id, state) = (&acquisition.id, acquisition.state.name());
    Err(ApiError::Conflict(format!("acquisition '{id}' cannot be started: it is {state}")))
}

/// Takes the samples, and gives the equipment back.
async fn run(
    bench: Bench,
    mut lease: Lease,
    acquisition: Acquisition,
) -> Result<(), station_instrument::Error> {
    // It is stopped by its id, and by nobody else.
    let (_nobody, never) = Stop::new();
    let ran = bench.acquisitions().run(&bench, &mut lease, acquisition, &never).await;
    if let Err(error) = &ran {
        tracing::warn!(%error, "an acquisition went wrong");
    }
    if let Err(error) = lease.release().await {
        tracing::warn!(%error, "equipment could not be given back in order");
    }
    ran.map(drop)
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
    control(&handle, &bench, &asker, id, (LiveAcquisition::pause, is_so)).await
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
    control(&handle, &bench, &asker, id, (LiveAcquisition::resume, is_so)).await
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
    // It is over when it is not among the live any more.
    control(&handle, &bench, &asker, id, (LiveAcquisition::stop, |_| false)).await
}

/// What is told to an acquisition under way.
type Act = fn(&LiveAcquisition);

async fn control(
    handle: &Handle,
    bench: &Bench,
    asker: &Asker,
    id: String,
    (act, is_so): (Act, fn(AcquisitionState) -> bool),
) -> Result<Response, ApiError> {
    allowed(asker, Role::Operator)?;
    if let Some(live) = bench.acquisitions().live(&id) {
        act(&live);
        // A sample that is being taken is waited for, but not for long.
        let obeyed = async {
            while bench.acquisitions().live(&id).is_some() && !is_so(live.snapshot().state) {
                tokio::time::sleep(LOOKING).await;
            }
        };
        tokio::time::timeout(OBEYING, obeyed).await.ok();
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
    request_body(content = requests::ExportRequest, content_type = "application/json"),
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
    equipment::forget(&handle, RecordKind::Acquisition, id).await?;
    Ok(respond::ok(&json!({ "success": true, "message": "Acquisition removed" })))
}

/// An acquisition as it stands; one that is under way as its run sees it.
async fn find(handle: &Handle, bench: &Bench, id: String) -> Result<Acquisition, ApiError> {
    if let Some(live) = bench.acquisitions().live(&id) {
        return Ok(live.snapshot());
    }
    let found = equipment::record(handle, RecordKind::Acquisition, id).await?;
    let Record::Acquisition(acquisition) = found else { return Err(ApiError::Internal) };
    Ok(*acquisition)
}

fn shown(acquisition: &Acquisition, handle: &Handle) -> Response {
    let view = AcquisitionView::new(acquisition, handle);
    let (id, state) = (&acquisition.id, acquisition.state.name());
    respond::ok(&json!({
        "success": true, "acquisition_id": id, "session_id": id, "status": state,
        "acquisition": view,
    }))
}
