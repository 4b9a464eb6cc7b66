//! Runs a command once more on the nodes where it has not completed: `--retry-failed`.

use serde_json::{Map, Value, json};
use station_core::model::{JobId, fold};

use super::super::error::{CliError, ExitKind};
use super::super::{api, plain};
use crate::client::Station;

/// How many executions are asked for at once.
const PAGE: usize = 1000;

/// Whose failed nodes are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Those of the last `exec` on nodes.
    Last,
    /// Those of this job.
    Job(JobId),
}

/// Reads it. Serves as a clap value parser.
pub(crate) fn whose(text: &str) -> Result<Whose, String> {
    if text == "last" { Ok(Whose::Last) } else { api::job_id(text).map(Whose::Job) }
}

/// A job to be run again.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Again {
    /// The job it was.
    pub(crate) job_id: String,
    /// The nodes on which it has not completed, folded; empty when there are none.
    pub(crate) on: String,
    /// What a create request says of it, but for the target.
    pub(crate) body: Map<String, Value>,
}

impl Again {
    /// Finds it.
    pub(crate) fn find(station: &mut Station, whose: Whose, tag: &str) -> Result<Self, CliError> {
        let id = match whose {
            Whose::Job(id) => id.to_string(),
            Whose::Last => last(station, tag)?,
        };
        let path = format!("/api/scheduler/jobs/{id}");
        let answer = api::get(station, &format!("{path}?environment=true"))?;
        let job = api::part(&answer, "job");
        if api::text(job, "target") == "local" {
            let message = format!("job {id} does not run on nodes, so none of them has failed");
            return Err(CliError::new(ExitKind::Refused, message));
        }
        let on = failed(station, &id)?;
        Ok(Self { job_id: id, on, body: request(job) })
    }
}

/// The id of the job that carries the tag and was ordered last.
fn last(station: &mut Station, tag: &str) -> Result<String, CliError> {
    let ended = "completed,failed,cancelled,skipped,missed,interrupted";
    let path = format!("/api/scheduler/jobs?tag={tag}&status={ended}&limit=1");
    let answer = api::get(station, &path)?;
    match api::list(&answer, "jobs").first() {
        Some(job) => Ok(plain(api::text(job, "job_id"))),
        None => Err(CliError::new(ExitKind::NotFound, "no `station exec` on nodes is stored")
            .hint("`--retry-failed ID` names a job, `station list` shows them")),
    }
}

/// The nodes of the job's latest firing on which it has not completed.
fn failed(station: &mut Station, id: &str) -> Result<String, CliError> {
    let mut nodes = Vec::new();
    let mut latest: Option<String> = None;
    let mut cursor = String::new();
    loop {
        let path = format!("/api/scheduler/executions?job_id={id}&limit={PAGE}{cursor}");
        let page = api::get(station, &path)?;
        for execution in api::list(&page, "executions") {
            let planned = api::text(execution, "scheduled_time").to_owned();
            if *latest.get_or_insert_with(|| planned.clone()) != planned {
                return Ok(fold(nodes.iter().map(String::as_str)));
            }
            match api::text(execution, "status") {
                "completed" => {}
                status @ ("pending" | "running") => {
                    let node = plain(api::text(execution, "node"));
                    let message = format!("job {id} has not ended yet: on {node} it is {status}");
                    return Err(CliError::new(ExitKind::Refused, message)
                        .hint(format!("`station cancel {id}` ends it")));
                }
                _ => nodes.push(api::text(execution, "node").to_owned()),
            }
        }
        match api::text(&page, "next_cursor") {
            "" => {
                return Ok(fold(nodes.iter().filter(|node| !node.is_empty()).map(String::as_str)));
            }
            next => cursor = format!("&cursor={}", crate::client::encode(next)),
        }
    }
}

/// What asks for the same once more.
fn request(job: &Value) -> Map<String, Value> {
    let mut parameters = Map::new();
    for key in ["command", "argv", "env", "stdin", "sudo"] {
        if let Some(value) = api::part(job, "parameters").get(key) {
            parameters.insert(key.to_owned(), value.clone());
        }
    }
    let mut body = Map::new();
    for key in ["name", "timeout_seconds", "fanout"] {
        if let Some(value) = job.get(key) {
            body.insert(key.to_owned(), value.clone());
        }
    }
    body.insert("parameters".to_owned(), json!(parameters));
    body
}
