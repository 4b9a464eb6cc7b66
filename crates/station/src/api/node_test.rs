//! Tries whether nodes can be reached: a job that runs `true` on them, watched to its end and deleted.
//!
//! It goes the way of every other job, so what it tells is what the others will meet.

use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use station_core::engine::{Refusal, Reply, Request};
use station_core::model::{End, Execution, ExecutionStatus, JobId};

use super::caller::Asker;
use super::create;
use super::error::ApiError;
use super::openapi::answers;
use super::{changes, jobs, respond, stamp};
use crate::runtime::{Handle, Mode};
use crate::store::ExecutionFilter;

/// How long the command may take on a node.
const TIMEOUT: Duration = Duration::from_secs(30);

/// After how long those that have not ended are given up: they have not got their turn.
const PATIENCE: Duration = Duration::from_secs(120);

/// How it went on one node.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct NodeResult {
    node: String,
    /// Whether the command ran there.
    reachable: bool,
    /// Whether it ran and succeeded.
    ok: bool,
    /// From the start of the connection to the end of the command.
    duration_seconds: Option<f64>,
    #[schema(value_type = Option<answers::Status>)]
    status: &'static str,
    /// Why it did not.
    error: Option<String>,
}

impl NodeResult {
    /// Whether the command ran there.
    pub(super) fn is_reachable(&self) -> bool {
        self.reachable
    }

    fn new(execution: &Execution) -> Self {
        let ran = matches!(execution.end, Some(End::Exit(_) | End::Signal(_)));
        let ended = execution.started.zip(execution.ended);
        let silent = "it did not get its turn: as much as may run there runs already";
        Self {
            node: execution.node.clone().unwrap_or_default(),
            reachable: ran,
            ok: execution.status == ExecutionStatus::Completed,
            duration_seconds: ended.map(|(from, to)| stamp::seconds_between(from, to)),
            status: execution.status.name(),
            error: match execution.status.is_final() {
                true => execution.error.clone(),
                false => Some(silent.to_owned()),
            },
        }
    }
}

/// Runs the test on so many nodes; how it went on each, in order of their names.
///
/// It is carried to its end and cleared away also when the caller goes meanwhile.
pub(super) async fn run(
    handle: Handle,
    asker: Asker,
    set: String,
    nodes: usize,
) -> Result<Vec<NodeResult>, ApiError> {
    if handle.status().mode != Mode::Daemon {
        return Err(Refusal::NoDaemon.into());
    }
    let task = tokio::spawn(async move {
        let job = start(&handle, &asker, &set).await?;
        let results = tokio::time::timeout(PATIENCE, ended(&handle, job, nodes)).await;
        let results = match results {
            Ok(results) => results,
            Err(_) => executions(&handle, job, nodes).await,
        };
        clear_away(&handle, &asker, job).await?;
        Ok(results?.iter().map(NodeResult::new).collect())
    });
    task.await.map_err(|error| {
        tracing::error!(%error, "the test of nodes did not come to an end");
        ApiError::Internal
    })?
}

async fn start(handle: &Handle, asker: &Asker, set: &str) -> Result<JobId, ApiError> {
    let body = json!({
        "name": "test of nodes", "schedule_type": "script", "when": "now",
        "timeout_seconds": TIMEOUT.as_secs(), "conflict_policy": "queue",
        "parameters": { "command": "true", "target": set },
    });
    let body = body.to_string();
    let draft =
        create::create(body.as_bytes(), &jobs::surroundings(handle, asker.principal(), &|_| None))?;
    let spec = Box::new(draft.spec);
    let request = Request::Create { spec, context: None, immediate: true, paused: false };
    let reply = handle.request_by(request, &asker.actor()).await?;
    let Reply::Created(job) = reply else { return Err(jobs::unexpected(reply)) };
    Ok(job.id)
}

/// Waits until all of its executions have ended.
async fn ended(handle: &Handle, job: JobId, nodes: usize) -> Result<Vec<Execution>, ApiError> {
    let mut changed = handle.watch(job);
    loop {
        changed.mark_unchanged();
        let over = respond::blocking(handle, move |handle| {
            let job = handle.reader().job(job)?.ok_or(Refusal::NoSuchJob(job))?;
            Ok(job.state.status.is_final())
        });
        if over.await? {
            return executions(handle, job, nodes).await;
        }
        tokio::select! {
            change = changed.changed() => if change.is_err() { return Err(Refusal::ShuttingDown.into()) },
            () = handle.stopped() => return Err(Refusal::ShuttingDown.into()),
        }
    }
}

async fn executions(handle: &Handle, job: JobId, nodes: usize) -> Result<Vec<Execution>, ApiError> {
    respond::blocking(handle, move |handle| {
        // Nodes that were registered meanwhile are tried as well.
        let limit = nodes.saturating_add(1000);
        let filter = ExecutionFilter { job: Some(job), limit, ..ExecutionFilter::default() };
        let mut found = handle.reader().executions(&filter)?.items;
        found.reverse();
        Ok(found)
    })
    .await
}

async fn clear_away(handle: &Handle, asker: &Asker, job: JobId) -> Result<(), ApiError> {
    // What still waits or runs is ended; its rows go when they expire.
    let all_over = changes::forget(handle, asker, job).await.is_ok();
    let mut reply = handle
        .request_by(Request::Delete { job, row: None, history: all_over }, &asker.actor())
        .await?;
    if let Reply::Refused(Refusal::StillRunning(_)) = reply {
        reply = handle
            .request_by(Request::Delete { job, row: None, history: false }, &asker.actor())
            .await?;
    }
    if reply == Reply::Deleted { Ok(()) } else { Err(jobs::unexpected(reply)) }
}
