//! Calls the station and reads its documents.

use serde_json::Value;
use station_core::model::{ExecutionId, JobId};

use super::error::CliError;
use crate::client::{Answer, Station};

/// What people name on the command line: a job, or one of its executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// `42`.
    Job(JobId),
    /// `42.3`.
    Execution(ExecutionId),
}

impl Subject {
    /// Its path in the API.
    pub(crate) fn path(self) -> String {
        match self {
            Self::Job(id) => format!("/api/scheduler/jobs/{id}"),
            Self::Execution(id) => format!("/api/scheduler/executions/{id}"),
        }
    }

    /// Its name in sentences.
    pub(crate) fn label(self) -> String {
        match self {
            Self::Job(id) => format!("job {id}"),
            Self::Execution(id) => format!("execution {id}"),
        }
    }
}

/// Reads a subject. Serves as a clap value parser.
pub(crate) fn subject(text: &str) -> Result<Subject, String> {
    text.parse()
        .map(Subject::Job)
        .or_else(|_| text.parse().map(Subject::Execution))
        .map_err(|_| "ids are a job's number (42) or an execution's (42.3)".to_owned())
}

/// Reads a job's number. Serves as a clap value parser.
pub(crate) fn job_id(text: &str) -> Result<JobId, String> {
    text.parse().map_err(|_| "a job's id is its number, such as 42".to_owned())
}

/// Gets a document.
pub(crate) fn get(station: &mut Station, path: &str) -> Result<Value, CliError> {
    read(&station.transport().call("GET", path, None)?)
}

/// Posts a request.
pub(crate) fn post(
    station: &mut Station,
    path: &str,
    body: Option<&Value>,
) -> Result<Value, CliError> {
    read(&station.transport().call("POST", path, body)?)
}

/// Puts a document in the place of what a path names.
pub(crate) fn put(station: &mut Station, path: &str, body: &Value) -> Result<Value, CliError> {
    read(&station.transport().call("PUT", path, Some(body))?)
}

/// Changes what a path names.
pub(crate) fn patch(station: &mut Station, path: &str, body: &Value) -> Result<Value, CliError> {
    read(&station.transport().call("PATCH", path, Some(body))?)
}

/// Deletes what a path names.
pub(crate) fn delete(station: &mut Station, path: &str) -> Result<Value, CliError> {
    read(&station.transport().call("DELETE", path, None)?)
}

fn read(answer: &Answer) -> Result<Value, CliError> {
    if !(200..300).contains(&answer.status) {
        return Err(CliError::from_answer(answer));
    }
    serde_json::from_slice(&answer.body).map_err(|_| {
        CliError::new(
            super::error::ExitKind::Station,
            "what answers there does not speak the station's language: the answer is not JSON",
        )
    })
}

/// A text of a document; empty when it is absent, null or not a text.
pub(crate) fn text<'a>(document: &'a Value, key: &str) -> &'a str {
    document.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A whole number of a document.
pub(crate) fn number(document: &Value, key: &str) -> Option<u64> {
    document.get(key).and_then(Value::as_u64)
}

/// A list of a document; empty when it is absent.
pub(crate) fn list<'a>(document: &'a Value, key: &str) -> &'a [Value] {
    document.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A part of a document; null when it is absent.
pub(crate) fn part<'a>(document: &'a Value, key: &str) -> &'a Value {
    document.get(key).unwrap_or(&Value::Null)
}
