//! Changes, pauses, resumes and deletes jobs.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use serde_json::json;
use station_core::engine::{Refusal, Reply, Request};
use station_core::model::{ExecutionStatus, JobId};
use station_instrument::bench::Bench;
use station_outstation::desk::Outstations;
use tokio::sync::{Mutex, MutexGuard};

use super::caller::Asker;
use super::create::{self, Draft, Stored};
use super::error::ApiError;
use super::openapi::{answers, params, refusals, requests};
use super::outstation_records::Desk;
use super::query::{Arguments, JobPath};
use super::{jobs, outstation_consent, respond};
use crate::runtime::Handle;
use crate::store::ExecutionFilter;

/// How many executions are removed in one request to the engine, so that others get their turn.
const PORTION: usize = 500;

/// Held while a job is read, changed and stored, so that of two changes at once neither is lost.
#[derive(Debug, Default)]
pub(super) struct Changing(Mutex<()>);

impl Changing {
    /// Waits until no other change is under way, and holds up the next ones.
    pub(super) async fn alone(&self) -> MutexGuard<'_, ()> {
        self.0.lock().await
    }
}

/// Whether a request says everything of a job, or only what becomes different.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    Whole,
    Part,
}

/// Replaces what a job is asked to do.
#[utoipa::path(
    put, path = "/api/scheduler/jobs/{id}",
    tag = "jobs", operation_id = "replaceJob",
    params(params::JobId),
    request_body(content = requests::JobRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The job", body = jobs::Accepted<'static>),
        refusals::Usual, refusals::BadBody, refusals::NotFound, refusals::TooLarge,
        refusals::Invalid, refusals::Conflict,
    ),
)]
pub(super) async fn replace(
    State(handle): State<Handle>,
    Extension(changing): Extension<Arc<Changing>>,
    Extension(bench): Extension<Bench>,
    Extension(desk): Desk,
    asker: Asker,
    JobPath(id): JobPath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    asker.require_to_change(&handle, id).await?;
    let body = body.map_err(jobs::refused_body)?;
    update(&handle, (&changing, bench, desk), asker, id, (body, Extent::Whole)).await
}

/// Changes a job in part: a null makes a field the default again.
#[utoipa::path(
    patch, path = "/api/scheduler/jobs/{id}",
    tag = "jobs", operation_id = "changeJob",
    params(params::JobId),
    request_body(content = requests::JobChange, content_type = "application/json"),
    responses(
        (status = 200, description = "The job", body = jobs::Accepted<'static>),
        refusals::Usual, refusals::BadBody, refusals::NotFound, refusals::TooLarge,
        refusals::Invalid, refusals::Conflict,
    ),
)]
pub(super) async fn merge(
    State(handle): State<Handle>,
    Extension(changing): Extension<Arc<Changing>>,
    Extension(bench): Extension<Bench>,
    Extension(desk): Desk,
    asker: Asker,
    JobPath(id): JobPath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    asker.require_to_change(&handle, id).await?;
    let body = body.map_err(jobs::refused_body)?;
    update(&handle, (&changing, bench, desk), asker, id, (body, Extent::Part)).await
}

async fn update(
    handle: &Handle,
    (changing, bench, desk): (&Changing, Bench, Outstations),
    asker: Asker,
    id: JobId,
    (body, extent): (Bytes, Extent),
) -> Result<Response, ApiError> {
    let _alone = changing.alone().await;
    let (by, asking, known) = (asker.actor(), asker.clone(), desk.clone());
    let (draft, needs_consent) = respond::blocking(handle, move |handle| {
        let reader = handle.reader();
        let job = reader.job(id)?.ok_or(Refusal::NoSuchJob(id))?;
        let context = match extent {
            Extent::Part => jobs::stored_context(&reader, &job)?,
            Extent::Whole => None,
        };
        let lookup = |name: &str| known.get(name);
        let around = jobs::surroundings(handle, asker.principal(), &lookup);
        let mut draft = match extent {
            Extent::Part => {
                let stored = Stored { job: &job, context: context.as_ref() };
                create::change(&body, stored, &around)?
            }
            Extent::Whole => create::create(&body, &around)?,
        };
        asker.require_for(&draft.spec.action)?;
        let kept = draft.spec.action == job.spec.action && draft.spec.target == job.spec.target;
        // A job can be renamed, paused or put off also while its equipment is not registered.
        if !kept {
            draft.check(handle, &bench)?;
        }
        draft.spec.created_at = job.spec.created_at;
        draft.spec.created_by = job.spec.created_by.clone();
        let specs = (&*job.spec, &draft.spec);
        let needs_consent = outstation_consent::check_change(specs, &known, asker.principal())?;
        Ok((draft, needs_consent))
    })
    .await?;
    let Draft { spec, context, enabled, note, .. } = draft;
    let request = Request::Update {
        job: id,
        row: None,
        spec: Box::new(spec),
        context: context.filter(|(hash, _)| !handle.has_stored(hash)),
        paused: enabled.map(|enabled| !enabled),
    };
    let reply = handle.request_by(request, &by).await?;
    let Reply::Updated(job) = reply else { return Err(jobs::unexpected(reply)) };
    let approval = if needs_consent {
        outstation_consent::ask_for_job(handle, &desk, &asking, &job).await?
    } else {
        None
    };
    let told = jobs::Told { message: "Job updated successfully", note: note.as_deref() };
    Ok(jobs::accepted(handle, &job, told, approval.as_ref()))
}

/// Deletes a job; its history is kept until it expires, unless that is to go too.
#[utoipa::path(
    delete, path = "/api/scheduler/jobs/{id}",
    tag = "jobs", operation_id = "deleteJob",
    params(params::JobId, params::Deletion),
    responses(
        (status = 200, description = "It is gone", body = answers::Done),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::Conflict,
        refusals::Invalid,
    ),
)]
pub(super) async fn delete(
    State(handle): State<Handle>,
    asker: Asker,
    JobPath(job): JobPath,
    query: Arguments,
) -> Result<Response, ApiError> {
    asker.require_to_change(&handle, job).await?;
    let history = query.word("history", &[("keep", false), ("delete", true)])?.unwrap_or(false);
    if history {
        forget(&handle, &asker, job).await?;
    }
    let reply =
        handle.request_by(Request::Delete { job, row: None, history }, &asker.actor()).await?;
    let Reply::Deleted = reply else { return Err(jobs::unexpected(reply)) };
    Ok(done("Job deleted successfully"))
}

/// Removes the ended executions of a job that is to go with them, a portion at a time: hundreds of
/// thousands at once would hold up all other jobs. Nothing of a job with a run goes: the engine
/// refuses to delete it.
pub(super) async fn forget(handle: &Handle, asker: &Asker, job: JobId) -> Result<(), ApiError> {
    loop {
        let executions = respond::blocking(handle, move |handle| {
            let reader = handle.reader();
            let live = ExecutionFilter {
                job: Some(job),
                statuses: vec![ExecutionStatus::Pending, ExecutionStatus::Running],
                limit: 1,
                ..ExecutionFilter::default()
            };
            let runs = !reader.executions(&live)?.items.is_empty();
            Ok(if runs { Vec::new() } else { reader.ended_of(job, PORTION)? })
        })
        .await?;
        if executions.is_empty() {
            return Ok(());
        }
        let reply = handle.request_by(Request::Forget { executions }, &asker.actor()).await?;
        let Reply::Forgotten(_) = reply else { return Err(jobs::unexpected(reply)) };
    }
}

/// Lets a job fire no more until it is resumed.
#[utoipa::path(
    post, path = "/api/scheduler/jobs/{id}/pause",
    tag = "jobs", operation_id = "pauseJob",
    params(params::JobId),
    responses(
        (status = 200, description = "It is paused", body = answers::Done),
        refusals::Usual, refusals::NotFound, refusals::Conflict,
    ),
)]
pub(super) async fn pause(
    State(handle): State<Handle>,
    asker: Asker,
    JobPath(job): JobPath,
) -> Result<Response, ApiError> {
    asker.require_to_change(&handle, job).await?;
    let reply = handle.request_by(Request::Pause { job, row: None }, &asker.actor()).await?;
    let Reply::Updated(_) = reply else { return Err(jobs::unexpected(reply)) };
    Ok(done("Job paused"))
}

/// Lets a job fire again, from now on.
#[utoipa::path(
    post, path = "/api/scheduler/jobs/{id}/resume",
    tag = "jobs", operation_id = "resumeJob",
    params(params::JobId),
    responses(
        (status = 200, description = "It fires again", body = answers::Done),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::Conflict,
    ),
)]
pub(super) async fn resume(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    asker: Asker,
    JobPath(job): JobPath,
) -> Result<Response, ApiError> {
    asker.require_to_change(&handle, job).await?;
    outstation_consent::check_stored(&handle, &desk, &asker, job).await?;
    let reply = handle.request_by(Request::Resume { job, row: None }, &asker.actor()).await?;
    let Reply::Updated(_) = reply else { return Err(jobs::unexpected(reply)) };
    Ok(done("Job resumed"))
}

fn done(message: &str) -> Response {
    respond::ok(&json!({ "success": true, "message": message }))
}
