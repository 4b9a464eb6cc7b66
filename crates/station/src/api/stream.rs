//! Streams the output of an execution, live or stored, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use station_core::engine::Refusal;
use station_core::model::{ExecutionId, JobId, Role};
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio_stream::wrappers::ReceiverStream;

use super::caller::Asker;
use super::error::ApiError;
use super::jobs;
use super::openapi::{happenings, params, refusals};
use super::query::{Arguments, ExecutionPath, JobPath};
use super::respond;
use super::sse::{self, Follower, Look, Next, Position};
use super::sse_firing::{FiringFollower, FiringLook, Wanted};
use crate::port::StoreError;
use crate::runtime::Handle;
use crate::store::Reader;

/// How much output is read at once. At most three times as many bytes are held for one client, or
/// six times that if every byte has to be escaped.
const BATCH: usize = 256 << 10;

/// After how long without anything to say a comment is sent.
const SILENCE: Duration = Duration::from_secs(15);

type Sender = mpsc::Sender<Result<Bytes, Infallible>>;

/// Streams the output of a job's latest execution; of a job on nodes, of all executions of its
/// latest firing.
///
/// Events are `output`, `execution`, and last `end` or `error`; the data of each is a line of JSON.
#[utoipa::path(
    get, path = "/api/scheduler/jobs/{id}/output",
    tag = "executions", operation_id = "followJob",
    params(params::JobId, params::Follow),
    responses(
        (
            status = 200,
            description = "Server-sent events",
            body = happenings::OutputEvent,
            content_type = "text/event-stream",
        ),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::Invalid,
    ),
)]
pub(super) async fn of_job(
    State(handle): State<Handle>,
    asker: Asker,
    JobPath(id): JobPath,
    query: Arguments,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    let follow = query.boolean("follow")?.unwrap_or(false);
    respond::blocking(&handle, move |handle| {
        handle.reader().job(id)?.ok_or(Refusal::NoSuchJob(id)).map_err(ApiError::from)
    })
    .await?;
    Ok(start(handle, asker, id, Follower::new(Position::Latest(id), follow)))
}

/// Streams the output of an execution, in the same form.
#[utoipa::path(
    get, path = "/api/scheduler/executions/{id}/output",
    tag = "executions", operation_id = "followExecution",
    params(params::ExecutionId, params::Follow),
    responses(
        (
            status = 200,
            description = "Server-sent events",
            body = happenings::OutputEvent,
            content_type = "text/event-stream",
        ),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::Invalid,
    ),
)]
pub(super) async fn of_execution(
    State(handle): State<Handle>,
    asker: Asker,
    ExecutionPath(id): ExecutionPath,
    query: Arguments,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    let follow = query.boolean("follow")?.unwrap_or(false);
    respond::blocking(&handle, move |handle| {
        handle.reader().execution(id)?.ok_or(Refusal::NoSuchExecution(id)).map_err(ApiError::from)
    })
    .await?;
    Ok(start(handle, asker, id.job, Follower::new(Position::At(id, sse::BEFORE_ALL), follow)))
}

/// Answers with a stream fed by a task that ends with the stream or when the client is gone.
fn start(handle: Handle, asker: Asker, job: JobId, follower: Follower) -> Response {
    let (sender, receiver) = mpsc::channel(1);
    let changes = handle.watch(job);
    tokio::spawn(async move {
        asker.while_good(&handle, feed(&handle, changes, follower, sender)).await;
    });
    let mut response = Response::new(Body::from_stream(ReceiverStream::new(receiver)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Who decides what is sent next.
enum Reading {
    /// One execution is read.
    One(Follower),
    /// All executions of a firing are.
    All(FiringFollower),
}

impl Reading {
    /// Looks at the store and appends the frames that follow.
    fn turn(&mut self, handle: &Handle, frames: &mut Vec<u8>) -> Result<Next, StoreError> {
        let status = handle.status();
        let frame = jobs::frame(handle, Some(&status));
        match self {
            Self::One(follower) => {
                let look = look(&handle.reader(), follower.position())?;
                Ok(follower.step(&look, &frame, frames))
            }
            Self::All(follower) => {
                let look = look_at_all(&handle.reader(), follower)?;
                Ok(follower.step(&look, &frame, frames))
            }
        }
    }
}

async fn feed(
    handle: &Handle,
    mut changes: watch::Receiver<u64>,
    follower: Follower,
    sender: Sender,
) {
    let follow = follower.follows();
    let mut reading = Reading::One(follower);
    loop {
        // Seen before the look: what changes during it makes the wait below return at once.
        changes.mark_unchanged();
        let step = respond::blocking(handle, move |handle| {
            let mut frames = Vec::new();
            let next = reading.turn(handle, &mut frames)?;
            Ok((reading, frames, next))
        })
        .await;
        let (advanced, frames, next) = match step {
            Ok(step) => step,
            Err(error) => return fail(&error, &sender).await,
        };
        reading = advanced;
        if !frames.is_empty() && sender.send(Ok(Bytes::from(frames))).await.is_err() {
            return;
        }
        match next {
            Next::Look => {}
            Next::ReadAll(firing) => reading = Reading::All(FiringFollower::new(firing, follow)),
            Next::Wait => {
                if !changed(handle, &mut changes, &sender).await {
                    return;
                }
            }
            Next::End => return,
        }
    }
}

/// Waits for a change, with a comment now and then; false when the client or the station is gone.
async fn changed(handle: &Handle, changes: &mut watch::Receiver<u64>, sender: &Sender) -> bool {
    loop {
        tokio::select! {
            biased;
            change = changes.changed() => return change.is_ok(),
            () = handle.stopped() => return false,
            () = sender.closed() => return false,
            () = tokio::time::sleep(SILENCE) => {
                if sender.send(Ok(Bytes::from_static(sse::KEEP_ALIVE))).await.is_err() {
                    return false;
                }
            }
        }
    }
}

async fn fail(error: &ApiError, sender: &Sender) {
    let mut frames = Vec::new();
    let body = error.body();
    let detail = body.get("detail").and_then(serde_json::Value::as_str);
    sse::put_error(detail.unwrap_or("the output could not be read"), &mut frames);
    if sender.send(Ok(Bytes::from(frames))).await.is_err() {
        tracing::debug!("a client left before it could be told that its stream failed");
    }
}

/// Looks at the store: the execution's row before its output, the job after both.
fn look(reader: &Reader, position: Position) -> Result<Look, StoreError> {
    match position {
        Position::Latest(id) => {
            let job = reader.job(id)?;
            let n = job.as_ref().map_or(0, |job| job.state.executions);
            let execution =
                if n == 0 { None } else { reader.execution(ExecutionId { job: id, n })? };
            Ok(Look { job, execution, output: Vec::new() })
        }
        Position::At(id, after) => {
            let execution = reader.execution(id)?;
            let output = reader.output(id, after, BATCH)?;
            let job = reader.job(id.job)?;
            Ok(Look { job, execution, output })
        }
    }
}

/// Looks at all executions of a firing: their rows before their output, the job after both.
fn look_at_all(reader: &Reader, follower: &FiringFollower) -> Result<FiringLook, StoreError> {
    let firing = follower.firing();
    let runs = reader.firing(&firing, follower.from())?;
    let mut rows = Vec::new();
    for id in follower.news(&runs) {
        rows.extend(reader.execution(id)?);
    }
    let numbers = follower.numbers(&runs);
    let (output, seen, more) = match follower.wanted() {
        Wanted::Begin => (Vec::new(), reader.output_begin(firing.job, numbers)?, false),
        Wanted::Of(id, after) => {
            let output = reader.output(id, after, BATCH)?;
            (output.into_iter().map(|batch| (id, batch)).collect(), after, false)
        }
        Wanted::OfAll(after) => {
            let found = reader.output_of_all(firing.job, numbers, after, BATCH)?;
            (found.rows, found.seen, found.more)
        }
    };
    Ok(FiringLook { job: reader.job(firing.job)?, runs, rows, output, seen, more })
}
