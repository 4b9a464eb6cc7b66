//! Creates, lists, shows, cancels and runs jobs.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use station_core::engine::{Refusal, Reply, Request};
use station_core::model::{Action, Job, Principal};

use super::create::{self, Draft, Surroundings};
use super::error::ApiError;
use super::execution_view::ExecutionView;
use super::query::{Arguments, JobPath};
use super::respond;
use super::view::{Detail, Frame, JobView};
use crate::port::StoreError;
use crate::runtime::{Handle, Mode, Status};
use crate::store::{ExecutionFilter, JobFilter, JobOrder, Reader};

/// How many of a job's executions are shown with it.
const LATEST: usize = 10;

/// Who asks, as the server found out from the connection.
pub(super) type Caller = Option<Extension<Principal>>;

#[derive(Serialize)]
struct Created<'a> {
    success: bool,
    job_id: String,
    message: &'static str,
    next_run: Option<&'a str>,
    note: Option<&'a str>,
    job: &'a JobView<'a>,
}

/// `POST /api/scheduler/jobs/create`
pub(super) async fn create(
    State(handle): State<Handle>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let Some(Extension(principal)) = caller else { return Err(ApiError::Forbidden) };
    let body = body.map_err(refused_body)?;
    let around = Surroundings {
        now: handle.now(),
        zone: handle.zone(),
        zones: handle.zones(),
        environment: handle.environment(),
        principal: &principal,
    };
    let Draft { spec, context, note } = create::create(&body, &around)?;
    drop(body);
    let context = context.filter(|(hash, _)| !handle.has_stored(hash));
    // Whether its time is in the past was judged above; what passes on the way does not count.
    let request = Request::Create { spec: Box::new(spec), context, immediate: true, paused: false };
    match handle.request(request).await? {
        Reply::Created(job) => {
            let view = JobView::new(&job, &frame(&handle, None), Detail::default());
            Ok(respond::ok(&Created {
                success: true,
                job_id: job.id.to_string(),
                message: "Job created successfully",
                next_run: view.next_run(),
                note: note.as_deref(),
                job: &view,
            }))
        }
        #[expect(clippy::wildcard_enum_match_arm, reason = "TEMP")]
        other => Err(unexpected(other)),
    }
}

fn refused_body(rejection: BytesRejection) -> ApiError {
    let response = rejection.into_response();
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::TooLarge
    } else {
        ApiError::Bad("the request body could not be read to its end".to_owned())
    }
}

/// `GET /api/scheduler/jobs`
pub(super) async fn list(
    State(handle): State<Handle>,
    query: Arguments,
) -> Result<Response, ApiError> {
    let orders = [("agenda", false), ("id", true)];
    let filter = JobFilter {
        statuses: query.statuses()?,
        enabled: None,
        ids: Vec::new(),
        tag: query.text("tag").map(ToOwned::to_owned),
        order: match query.word("order", &orders)? {
            Some(true) => JobOrder::Id,
            Some(false) | None => JobOrder::Agenda,
        },
        limit: query.limit()?,
        cursor: query.cursor()?,
    };
    if query.boolean("enabled")? == Some(false) {
        // No job of this version can be disabled.
        let none: [(); 0] = [];
        return Ok(respond::ok(
            &json!({ "success": true, "count": 0, "jobs": none, "next_cursor": null }),
        ));
    }
    respond::blocking(&handle, move |handle| {
        let page = handle.reader().jobs(&filter)?;
        let status = handle.status();
        let frame = frame(handle, Some(&status));
        let jobs: Vec<JobView<'_>> =
            page.items.iter().map(|job| JobView::new(job, &frame, Detail::default())).collect();
        Ok(respond::ok(&JobPage {
            success: true,
            count: jobs.len(),
            jobs,
            next_cursor: page.next_cursor.as_deref(),
        }))
    })
    .await
}

#[derive(Serialize)]
struct JobPage<'a> {
    success: bool,
    count: usize,
    jobs: Vec<JobView<'a>>,
    next_cursor: Option<&'a str>,
}

/// `GET /api/scheduler/jobs/{id}`
pub(super) async fn show(
    State(handle): State<Handle>,
    JobPath(id): JobPath,
    query: Arguments,
) -> Result<Response, ApiError> {
    let environment = query.boolean("environment")?.unwrap_or(false);
    respond::blocking(&handle, move |handle| {
        let reader = handle.reader();
        let job = reader.job(id)?.ok_or(Refusal::NoSuchJob(id))?;
        let latest = ExecutionFilter { job: Some(id), limit: LATEST, ..ExecutionFilter::default() };
        let executions = reader.executions(&latest)?.items;
        let context = stored_context(&reader, &job)?;
        let status = handle.status();
        let frame = frame(handle, Some(&status));
        let zone = frame.zone_of(&job);
        let detail = Detail {
            context: context.as_ref(),
            environment,
            executions: Some(executions.iter().map(|one| ExecutionView::new(one, &zone)).collect()),
        };
        let job = JobView::new(&job, &frame, detail);
        Ok(respond::ok(&OneJob { success: true, job }))
    })
    .await
}

#[derive(Serialize)]
struct OneJob<'a> {
    success: bool,
    job: JobView<'a>,
}

fn stored_context(
    reader: &Reader,
    job: &Job,
) -> Result<Option<station_core::model::ShellContext>, StoreError> {
    let Action::Command { context, .. } = &job.spec.action;
    match context {
        Some(hash) => reader.context(hash),
        None => Ok(None),
    }
}

/// `POST /api/scheduler/jobs/{id}/cancel`
pub(super) async fn cancel(
    State(handle): State<Handle>,
    caller: Caller,
    JobPath(job): JobPath,
) -> Result<Response, ApiError> {
    known(caller)?;
    match handle.request(Request::Cancel { job, row: None }).await? {
        Reply::Cancelled => {
            Ok(respond::ok(&json!({ "success": true, "message": "Job cancelled" })))
        }
        Reply::Ending(execution) => Ok(respond::ok(&json!({
            "success": true,
            "message": "Job is being ended",
            "execution_id": execution,
        }))),
        #[expect(clippy::wildcard_enum_match_arm, reason = "TEMP")]
        other => Err(unexpected(other)),
    }
}

/// `POST /api/scheduler/jobs/{id}/run`
pub(super) async fn run(
    State(handle): State<Handle>,
    caller: Caller,
    JobPath(job): JobPath,
) -> Result<Response, ApiError> {
    known(caller)?;
    match handle.request(Request::RunNow { job, row: None }).await? {
        Reply::Running(execution) => Ok(respond::ok(&json!({
            "success": true,
            "execution_id": execution,
            "message": "Job triggered",
        }))),
        #[expect(clippy::wildcard_enum_match_arm, reason = "TEMP")]
        other => Err(unexpected(other)),
    }
}

/// Refuses callers of whom the connection does not say who they are.
pub(super) fn known(caller: Caller) -> Result<Principal, ApiError> {
    caller.map(|Extension(principal)| principal).ok_or(ApiError::Forbidden)
}

/// A refusal, or an answer to another question.
pub(super) fn unexpected(reply: Reply) -> ApiError {
    match reply {
        Reply::Refused(refusal) => ApiError::Refused(refusal),
        #[expect(clippy::wildcard_enum_match_arm, reason = "TEMP")]
        _ => {
            tracing::error!(?reply, "the engine answered another question than was asked");
            ApiError::Internal
        }
    }
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
