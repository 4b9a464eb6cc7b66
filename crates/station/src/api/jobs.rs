//! Creates, lists, shows, cancels and runs jobs.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use station_core::engine::{Refusal, Reply, Request};
use station_core::model::{
    Action, Approval, ExecutionStatus, Job, Outstation, Principal, Role, ShellContext,
};
use station_instrument::bench::Bench;

use super::caller::Asker;
use super::create::{self, Draft, Surroundings};
use super::error::ApiError;
use super::execution_view::ExecutionView;
use super::openapi::{answers, params, refusals, requests};
use super::outstation_records::Desk;
use super::outstation_shown::ApprovalView;
use super::pages::Pages;
use super::query::{Arguments, JobPath};
use super::view::{Detail, Frame, JobView};
use super::{outstation_consent, respond};
use crate::port::StoreError;
use crate::runtime::{Handle, Mode, Status};
use crate::store::{ExecutionFilter, JobFilter, JobOrder, Reader};

/// How many of a job's executions are shown with it.
const LATEST: usize = 10;

/// A job that was created or changed.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Accepted<'a> {
    #[schema(schema_with = answers::success)]
    success: bool,
    job_id: String,
    message: &'static str,
    #[schema(value_type = Option<answers::Instant>)]
    next_run: Option<&'a str>,
    /// A remark on its times.
    note: Option<&'a str>,
    #[schema(value_type = JobView<'static>)]
    job: &'a JobView<'a>,
    /// Somebody else has to agree to what it commands before it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    approval: Option<ApprovalView<'a>>,
}

/// Schedules a job.
#[utoipa::path(
    post, path = "/api/scheduler/jobs/create",
    tag = "jobs", operation_id = "createJob",
    request_body(content = requests::JobRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The job", body = Accepted<'static>),
        refusals::Usual, refusals::BadBody, refusals::NotFound, refusals::TooLarge,
        refusals::Invalid, refusals::Conflict,
    ),
)]
pub(super) async fn create(
    State(handle): State<Handle>,
    Extension(bench): Extension<Bench>,
    Extension(desk): Desk,
    asker: Asker,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    asker.require(Role::Operator)?;
    let body = body.map_err(refused_body)?;
    let lookup = |name: &str| desk.get(name);
    let draft = create::create(&body, &surroundings(&handle, asker.principal(), &lookup))?;
    drop(body);
    asker.require_for(&draft.spec.action)?;
    let draft = match draft.spec.action {
        // Nothing is looked up for a command.
        Action::Command { .. } | Action::Outstation(_) => draft,
        Action::Instrument(_) => {
            respond::blocking(&handle, move |handle| {
                draft.check(handle, &bench)?;
                Ok(draft)
            })
            .await?
        }
    };
    let needs_consent = outstation_consent::check(&draft.spec, &desk, asker.principal())?;
    let Draft { spec, context, enabled, note, .. } = draft;
    let context = context.filter(|(hash, _)| !handle.has_stored(hash));
    // Whether its time is in the past was judged above; what passes on the way does not count.
    let request = Request::Create {
        spec: Box::new(spec),
        context,
        immediate: true,
        paused: enabled == Some(false),
    };
    let reply = handle.request_by(request, &asker.actor()).await?;
    let Reply::Created(job) = reply else { return Err(unexpected(reply)) };
    let mut approval = None;
    if needs_consent {
        match outstation_consent::ask_for_job(&handle, &desk, &asker, &job).await {
            Ok(asked) => approval = asked,
            Err(error) => {
                // Without it the job could never do anything.
                let request = Request::Delete { job: job.id, row: None, history: true };
                handle.request_by(request, &asker.actor()).await?;
                return Err(error);
            }
        }
    }
    let told = Told { message: "Job created successfully", note: note.as_deref() };
    Ok(accepted(&handle, &job, told, approval.as_ref()))
}

/// The answer to a request that left this job.
pub(super) fn accepted(
    handle: &Handle,
    job: &Job,
    told: Told<'_>,
    approval: Option<&Approval>,
) -> Response {
    let Told { message, note } = told;
    let view = JobView::new(job, &frame(handle, None), Detail::default());
    let (job_id, next_run) = (job.id.to_string(), view.next_run());
    let approval = approval.map(|approval| ApprovalView::new(approval, handle.zone()));
    respond::ok(&Accepted { success: true, job_id, message, next_run, note, job: &view, approval })
}

/// What is said of a job beside it.
pub(super) struct Told<'a> {
    /// What was done.
    pub(super) message: &'static str,
    /// A remark on its times.
    pub(super) note: Option<&'a str>,
}

/// What requests are read against at this moment.
pub(super) fn surroundings<'a>(
    handle: &'a Handle,
    principal: &'a Principal,
    outstations: &'a (dyn Fn(&str) -> Option<Arc<Outstation>> + Sync),
) -> Surroundings<'a> {
    Surroundings {
        now: handle.now(),
        zone: handle.zone(),
        zones: handle.zones(),
        environment: handle.environment(),
        principal,
        outstations,
    }
}

/// Tells why a body could not be read.
pub(super) fn refused_body(rejection: BytesRejection) -> ApiError {
    let response = rejection.into_response();
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::TooLarge
    } else {
        ApiError::Bad("the request body could not be read to its end".to_owned())
    }
}

/// Lists jobs.
#[utoipa::path(
    get, path = "/api/scheduler/jobs",
    tag = "jobs", operation_id = "listJobs",
    params(params::Jobs),
    responses(
        (status = 200, description = "A page of jobs", body = JobPage<'static>),
        refusals::Usual, refusals::BadRequest, refusals::Invalid,
    ),
)]
pub(super) async fn list(
    State(handle): State<Handle>,
    Extension(pages): Extension<Arc<Pages>>,
    asker: Asker,
    RawQuery(raw): RawQuery,
    query: Arguments,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    let status = handle.status();
    let held = held(&status);
    let raw = raw.unwrap_or_default();
    // Before the page is read, so that it is never taken for newer than it is.
    let generation = handle.reader().generation();
    if let Some(body) = pages.find(&raw, generation, held, handle.now()) {
        return Ok(respond::stored(body));
    }
    let orders = [("agenda", false), ("id", true)];
    let filter = JobFilter {
        statuses: query.statuses()?,
        ids: Vec::new(),
        tag: query.text("tag").map(ToOwned::to_owned),
        enabled: query.boolean("enabled")?,
        order: match query.word("order", &orders)? {
            Some(true) => JobOrder::Id,
            Some(false) | None => JobOrder::Agenda,
        },
        limit: query.limit()?,
        cursor: query.cursor()?,
    };
    respond::blocking(&handle, move |handle| {
        let page = handle.reader().jobs(&filter)?;
        let frame = frame(handle, Some(&status));
        let jobs: Vec<JobView<'_>> =
            page.items.iter().map(|job| JobView::new(job, &frame, Detail::default())).collect();
        let body = respond::body(&JobPage {
            success: true,
            count: jobs.len(),
            jobs,
            next_cursor: page.next_cursor.as_deref(),
        })?;
        // A job that becomes due is shown to wait from then on.
        let waits = |job: &Job| job.state.next_due.filter(|at| *at > frame.now);
        let pending = |job: &&Job| job.state.status == ExecutionStatus::Pending;
        let until = page.items.iter().filter(pending).filter_map(waits).min();
        pages.keep(raw, generation, held, (frame.now, until), body.clone());
        Ok(respond::stored(body))
    })
    .await
}

/// A page of jobs.
#[derive(Serialize, utoipa::ToSchema)]
struct JobPage<'a> {
    #[schema(schema_with = answers::success)]
    success: bool,
    count: usize,
    jobs: Vec<JobView<'a>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<&'a str>,
}

/// Shows a job with its latest ten executions.
#[utoipa::path(
    get, path = "/api/scheduler/jobs/{id}",
    tag = "jobs", operation_id = "getJob",
    params(params::JobId, params::Environment),
    responses(
        (status = 200, description = "The job", body = OneJob<'static>),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::Invalid,
    ),
)]
pub(super) async fn show(
    State(handle): State<Handle>,
    asker: Asker,
    JobPath(id): JobPath,
    query: Arguments,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    let environment = query.boolean("environment")?.unwrap_or(false);
    if environment {
        // It can hold secrets.
        asker.require_to_change(&handle, id).await?;
    }
    respond::blocking(&handle, move |handle| {
        let reader = handle.reader();
        let job = reader.job(id)?.ok_or(Refusal::NoSuchJob(id))?;
        let latest = ExecutionFilter { job: Some(id), limit: LATEST, ..ExecutionFilter::default() };
        let executions = reader.executions(&latest)?.items;
        let context = stored_context(&reader, &job)?;
        let status = handle.status();
        let frame = frame(handle, Some(&status));
        let zone = frame.zone_of(&job);
        let kind = Some(job.spec.trigger.kind());
        let shown = executions.iter().map(|one| ExecutionView::new(one, &zone).triggered_by(kind));
        let executions = Some(shown.collect());
        let detail = Detail { context: context.as_ref(), environment, executions };
        let job = JobView::new(&job, &frame, detail);
        Ok(respond::ok(&OneJob { success: true, job }))
    })
    .await
}

/// A job.
#[derive(Serialize, utoipa::ToSchema)]
struct OneJob<'a> {
    #[schema(schema_with = answers::success)]
    success: bool,
    job: JobView<'a>,
}

/// The stored surroundings of a job.
pub(super) fn stored_context(
    reader: &Reader,
    job: &Job,
) -> Result<Option<ShellContext>, StoreError> {
    match &job.spec.action {
        Action::Command { context: Some(hash), .. } => reader.context(hash),
        Action::Command { context: None, .. } | Action::Instrument(_) | Action::Outstation(_) => {
            Ok(None)
        }
    }
}

/// Cancels a job, pending or running.
#[utoipa::path(
    post, path = "/api/scheduler/jobs/{id}/cancel",
    tag = "jobs", operation_id = "cancelJob",
    params(params::JobId),
    responses(
        (status = 200, description = "It is cancelled, or being ended", body = answers::Cancelled),
        refusals::Usual, refusals::NotFound, refusals::Conflict,
    ),
)]
pub(super) async fn cancel(
    State(handle): State<Handle>,
    asker: Asker,
    JobPath(job): JobPath,
) -> Result<Response, ApiError> {
    asker.require_to_change(&handle, job).await?;
    let reply = handle.request_by(Request::Cancel { job, row: None }, &asker.actor()).await?;
    if let Reply::Ending(execution) = reply {
        return Ok(respond::ok(&json!({
            "success": true,
            "message": "Job is being ended",
            "execution_id": execution,
        })));
    }
    let Reply::Cancelled = reply else { return Err(unexpected(reply)) };
    Ok(respond::ok(&json!({ "success": true, "message": "Job cancelled" })))
}

/// Runs a job now, besides its time.
#[utoipa::path(
    post, path = "/api/scheduler/jobs/{id}/run",
    tag = "jobs", operation_id = "runJob",
    params(params::JobId),
    responses(
        (status = 200, description = "The execution", body = answers::Triggered),
        refusals::Usual, refusals::NotFound, refusals::Conflict,
    ),
)]
pub(super) async fn run(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    asker: Asker,
    JobPath(job): JobPath,
) -> Result<Response, ApiError> {
    asker.require_to_change(&handle, job).await?;
    outstation_consent::check_stored(&handle, &desk, &asker, job).await?;
    let reply = handle.request_by(Request::RunNow { job, row: None }, &asker.actor()).await?;
    let Reply::Running(execution) = reply else { return Err(unexpected(reply)) };
    Ok(respond::ok(&json!({
        "success": true,
        "execution_id": execution,
        "message": "Job triggered",
    })))
}

/// A refusal, or an answer to another question.
pub(super) fn unexpected(reply: Reply) -> ApiError {
    if let Reply::Refused(refusal) = reply {
        return ApiError::Refused(refusal);
    }
    tracing::error!(?reply, "the engine answered another question than was asked");
    ApiError::Internal
}

/// What views are made against at this moment. Without a status nothing is said to be held.
pub(super) fn frame<'a>(handle: &'a Handle, status: Option<&Status>) -> Frame<'a> {
    Frame {
        now: handle.now(),
        zone: handle.zone(),
        zones: handle.zones(),
        held: status.and_then(held),
    }
}

/// Why the station starts nothing at this moment.
fn held(status: &Status) -> Option<&'static str> {
    if status.draining {
        return Some("the station is shutting down and starts nothing more");
    }
    if status.clock_held {
        return Some("waiting for the clock to be synchronised");
    }
    if status.store_trouble.is_some() {
        return Some("the store cannot be written, so nothing is started");
    }
    match status.mode {
        Mode::Daemon => None,
        Mode::Embedded => Some("waiting for a daemon: the embedded station runs another job alone"),
        Mode::Offline => Some("no daemon is running; start one with `station serve`"),
    }
}
