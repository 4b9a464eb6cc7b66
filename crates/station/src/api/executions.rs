//! Lists, shows and cancels executions.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::json;
use station_core::engine::{Refusal, Reply, Request};
use station_core::model::{Cause, ExecutionId, JobId, Role};

use super::caller::Asker;
use super::error::ApiError;
use super::execution_view::ExecutionView;
use super::jobs;
use super::openapi::{answers, params, refusals};
use super::query::{self, Arguments, ExecutionPath};
use super::respond;
use super::view::Frame;
use crate::port::StoreError;
use crate::runtime::Handle;
use crate::store::{ExecutionFilter, Reader};

/// How much of its output is shown with an execution.
const FIRST_OUTPUT: usize = 64 << 10;

/// Lists executions, newest first.
#[utoipa::path(
    get, path = "/api/scheduler/executions",
    tag = "executions", operation_id = "listExecutions",
    params(params::Executions),
    responses(
        (status = 200, description = "A page of executions", body = ExecutionPage<'static>),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::Invalid,
    ),
)]
pub(super) async fn list(
    State(handle): State<Handle>,
    asker: Asker,
    query: Arguments,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    let job = match query.text("job_id") {
        Some(text) => {
            Some(text.parse().map_err(|_| ApiError::NotFound(query::not_found("Job", text)))?)
        }
        None => None,
    };
    let causes = [("scheduled", Cause::Scheduled), ("manual", Cause::Manual)];
    let filter = ExecutionFilter {
        job,
        statuses: query.statuses()?,
        cause: query.word("cause", &causes)?,
        limit: query.limit()?,
        cursor: query.cursor()?,
        ..ExecutionFilter::default()
    };
    respond::blocking(&handle, move |handle| {
        let reader = handle.reader();
        let page = reader.executions(&filter)?;
        let frame = jobs::frame(handle, None);
        let mut origins = Origins { reader: &reader, frame, known: BTreeMap::new() };
        let mut executions = Vec::with_capacity(page.items.len());
        for execution in &page.items {
            let (zone, kind) = origins.of(execution.id.job)?;
            executions.push(ExecutionView::new(execution, &zone).triggered_by(kind));
        }
        Ok(respond::ok(&ExecutionPage {
            success: true,
            count: executions.len(),
            executions,
            next_cursor: page.next_cursor.as_deref(),
        }))
    })
    .await
}

/// A page of executions.
#[derive(Serialize, utoipa::ToSchema)]
struct ExecutionPage<'a> {
    #[schema(schema_with = answers::success)]
    success: bool,
    count: usize,
    executions: Vec<ExecutionView<'a>>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<&'a str>,
}

/// The zones and triggers of the jobs of one page, each job read once.
struct Origins<'a> {
    reader: &'a Reader,
    frame: Frame<'a>,
    known: BTreeMap<JobId, Origin>,
}

/// The zone a job's times are shown in, and what kind of trigger it has; none that is deleted.
type Origin = (TimeZone, Option<&'static str>);

impl Origins<'_> {
    fn of(&mut self, id: JobId) -> Result<Origin, StoreError> {
        if let Some(origin) = self.known.get(&id) {
            return Ok(origin.clone());
        }
        let origin = match self.reader.job(id)? {
            Some(job) => (self.frame.zone_of(&job), Some(job.spec.trigger.kind())),
            None => (self.frame.zone.clone(), None),
        };
        self.known.insert(id, origin.clone());
        Ok(origin)
    }
}

/// Shows an execution with its attempts and the start of its output.
#[utoipa::path(
    get, path = "/api/scheduler/executions/{id}",
    tag = "executions", operation_id = "getExecution",
    params(params::ExecutionId),
    responses(
        (status = 200, description = "The execution", body = answers::OneExecution),
        refusals::Usual, refusals::NotFound,
    ),
)]
pub(super) async fn show(
    State(handle): State<Handle>,
    asker: Asker,
    ExecutionPath(id): ExecutionPath,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    respond::blocking(&handle, move |handle| {
        let reader = handle.reader();
        let execution = reader.execution(id)?.ok_or(Refusal::NoSuchExecution(id))?;
        let attempts = reader.attempts(id)?;
        let output = first_output(&reader, id)?;
        let frame = jobs::frame(handle, None);
        let mut origins = Origins { reader: &reader, frame, known: BTreeMap::new() };
        let (zone, kind) = origins.of(id.job)?;
        let view = ExecutionView::new(&execution, &zone)
            .triggered_by(kind)
            .with_detail(&execution, &attempts, &output, &zone);
        Ok(respond::ok(&json!({ "success": true, "execution": view })))
    })
    .await
}

fn first_output(reader: &Reader, id: ExecutionId) -> Result<Vec<u8>, StoreError> {
    let batches = reader.output(id, super::sse::BEFORE_ALL, FIRST_OUTPUT)?;
    let mut output = Vec::new();
    for chunk in batches.into_iter().flat_map(|batch| batch.chunks) {
        output.extend_from_slice(&chunk.bytes);
        if output.len() >= FIRST_OUTPUT {
            break;
        }
    }
    output.truncate(FIRST_OUTPUT);
    Ok(output)
}

/// Ends one execution.
#[utoipa::path(
    post, path = "/api/scheduler/executions/{id}/cancel",
    tag = "executions", operation_id = "cancelExecution",
    params(params::ExecutionId),
    responses(
        (
            status = 200,
            description = "It is cancelled, or being ended",
            body = answers::ExecutionCancelled,
        ),
        refusals::Usual, refusals::NotFound, refusals::Conflict,
    ),
)]
pub(super) async fn cancel(
    State(handle): State<Handle>,
    asker: Asker,
    ExecutionPath(execution): ExecutionPath,
) -> Result<Response, ApiError> {
    asker.require_to_change(&handle, execution.job).await?;
    let reply = handle
        .request_by(Request::CancelExecution { execution, row: None }, &asker.actor())
        .await?;
    if let Reply::Ending(execution) = reply {
        return Ok(done("Execution is being ended", execution));
    }
    let Reply::Cancelled = reply else { return Err(jobs::unexpected(reply)) };
    Ok(done("Execution cancelled", execution))
}

fn done(message: &str, execution: ExecutionId) -> Response {
    respond::ok(&json!({ "success": true, "message": message, "execution_id": execution }))
}

/// Names the jobs that run.
#[utoipa::path(
    get, path = "/api/scheduler/running",
    tag = "executions", operation_id = "listRunning",
    responses(
        (status = 200, description = "Their ids", body = answers::Running),
        refusals::Usual,
    ),
)]
pub(super) async fn running(
    State(handle): State<Handle>,
    asker: Asker,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    respond::blocking(&handle, move |handle| {
        let running = handle.reader().running_jobs()?;
        let ids: Vec<String> = running.iter().map(ToString::to_string).collect();
        Ok(respond::ok(&json!({ "success": true, "count": ids.len(), "running_jobs": ids })))
    })
    .await
}
