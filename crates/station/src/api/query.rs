//! Reads query strings and the ids in paths, with faults in the words clients know.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use station_core::model::{ExecutionId, ExecutionStatus, JobId, Micros};

use super::error::ApiError;
use super::field::{self, Faults, Place};
use super::instant::{self, Clock};
use super::json::Json;

/// The most rows of one page.
const LONGEST_PAGE: i64 = 1000;

/// The rows of a page when nothing is said.
const PAGE: usize = 100;

/// The firings told when nothing is said.
const FIRINGS: usize = 10;

/// The longest cursor that is looked at.
const LONGEST_CURSOR: usize = 500;

/// The arguments of a query string. An empty argument counts as absent.
pub(super) struct Arguments {
    given: Vec<(String, String)>,
}

impl Arguments {
    /// The last value of an argument.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let last = self.given.iter().rev().find(|(given, _)| given == name)?;
        Some(last.1.as_str()).filter(|value| !value.is_empty())
    }

    /// A boolean; absent counts as `None`.
    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, ApiError> {
        self.read(name, field::boolean)
    }

    /// The number of rows of a page.
    pub(super) fn limit(&self) -> Result<usize, ApiError> {
        let limit = self.read("limit", |json, at, faults| {
            field::integer(json, (1, LONGEST_PAGE), at, faults)
        })?;
        Ok(limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE))
    }

    /// How many firings are told.
    pub(super) fn firings(&self) -> Result<usize, ApiError> {
        let n =
            self.read("n", |json, at, faults| field::integer(json, (1, LONGEST_PAGE), at, faults))?;
        Ok(n.and_then(|n| usize::try_from(n).ok()).unwrap_or(FIRINGS))
    }

    /// How many of something, from 1.
    pub(super) fn count(&self, name: &str, most: i64) -> Result<Option<usize>, ApiError> {
        let n = self.read(name, |json, at, faults| field::integer(json, (1, most), at, faults))?;
        Ok(n.and_then(|n| usize::try_from(n).ok()))
    }

    /// An instant. A `+` that was not escaped is a space in a query, and never means one there.
    pub(super) fn instant(&self, name: &str, clock: Clock<'_>) -> Result<Option<Micros>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let text = match text.rsplit_once(' ') {
            Some((time, offset)) if time.contains('T') => format!("{time}+{offset}"),
            Some(_) | None => text.to_owned(),
        };
        let read = instant::read((Place::QUERY, name), &text, clock)?;
        Ok(Some(Micros::from(read.at)))
    }

    /// Where the next page begins.
    pub(super) fn cursor(&self) -> Result<Option<String>, ApiError> {
        match self.text("cursor") {
            Some(text) if text.len() > LONGEST_CURSOR => {
                Err(ApiError::Bad("cursor is none that the station gave".to_owned()))
            }
            cursor => Ok(cursor.map(ToOwned::to_owned)),
        }
    }

    /// Statuses, separated by commas; none means all.
    pub(super) fn statuses(&self) -> Result<Vec<ExecutionStatus>, ApiError> {
        self.words("status", &ExecutionStatus::ALL.map(|status| (status.name(), status)))
    }

    /// Several words, separated by commas; none means all.
    pub(super) fn words<T: Copy + PartialEq>(
        &self,
        name: &str,
        words: &[(&'static str, T)],
    ) -> Result<Vec<T>, ApiError> {
        let mut faults = Faults::default();
        let mut found = Vec::new();
        for given in self.text(name).unwrap_or_default().split(',') {
            let given = given.trim();
            match words.iter().find(|(word, _)| *word == given) {
                Some((_, meant)) if !found.contains(meant) => found.push(*meant),
                Some(_) => {}
                None if given.is_empty() => {}
                None => {
                    let known = field::one_of(words.iter().map(|(word, _)| *word));
                    let shown: String = given.chars().take(100).collect();
                    faults.add("enum", Place::QUERY.field(name), known, shown.into());
                }
            }
        }
        faults.into_result()?;
        Ok(found)
    }

    /// One of several words.
    pub(super) fn word<T: Copy>(
        &self,
        name: &str,
        words: &[(&'static str, T)],
    ) -> Result<Option<T>, ApiError> {
        self.read(name, |json, at, faults| field::word(json, words, at, faults))
    }

    fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Json<'_>, Place<'_>, &mut Faults) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let mut faults = Faults::default();
        let value = read(&Json::Text(text.into()), Place::QUERY.field(name), &mut faults);
        faults.into_result()?;
        Ok(value)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Arguments {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let given = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|error| ApiError::Bad(format!("the query string is malformed: {error}")))?;
        Ok(Self { given: given.0 })
    }
}

/// The job a path names; a text that is no id names none.
pub(super) struct JobPath(pub(super) JobId);

impl<S: Send + Sync> FromRequestParts<S> for JobPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        id("Job", parts, state).await.map(Self)
    }
}

/// The execution a path names; a text that is no id names none.
pub(super) struct ExecutionPath(pub(super) ExecutionId);

impl<S: Send + Sync> FromRequestParts<S> for ExecutionPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        id("Execution", parts, state).await.map(Self)
    }
}

async fn id<T: FromStr, S: Send + Sync>(
    what: &str,
    parts: &mut Parts,
    state: &S,
) -> Result<T, ApiError> {
    // A path that is not UTF-8 cannot be decoded; it is no id either.
    let text = match Path::<String>::from_request_parts(parts, state).await {
        Ok(Path(text)) => text,
        Err(_) => "?".to_owned(),
    };
    text.parse().map_err(|_| ApiError::NotFound(not_found(what, &text)))
}

/// What is said of an id that is none: it is quoted, and cut when long.
pub(super) fn not_found(what: &str, text: &str) -> String {
    let shown: String = text.chars().take(100).flat_map(char::escape_debug).collect();
    format!("{what} '{shown}' not found")
}

#[cfg(test)]
impl Arguments {
    /// These arguments.
    pub(super) fn of(list: &[(&str, &str)]) -> Self {
        let given = list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Self { given }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(list: &[(&str, &str)]) -> Arguments {
        Arguments::of(list)
    }

    #[test]
    fn arguments_are_read() {
        let query =
            arguments(&[("limit", "5"), ("status", "failed, running,failed,"), ("tag", "")]);
        assert_eq!(query.limit(), Ok(5));
        let statuses = vec![ExecutionStatus::Failed, ExecutionStatus::Running];
        assert_eq!(query.statuses(), Ok(statuses));
        assert_eq!(query.text("tag"), None);
        assert_eq!(query.boolean("follow"), Ok(None));
        assert_eq!(arguments(&[("follow", "True")]).boolean("follow"), Ok(Some(true)));
        assert_eq!(arguments(&[]).limit(), Ok(PAGE));
    }

    #[test]
    fn wrong_arguments_name_themselves() {
        for (name, value, kind) in [
            ("limit", "x", "int_parsing"),
            ("limit", "0", "value_error"),
            ("limit", "-1", "value_error"),
            ("limit", "99999999999999999999", "int_parsing"),
            ("status", "done", "enum"),
            ("follow", "maybe", "bool_parsing"),
        ] {
            let query = arguments(&[(name, value)]);
            let error = match name {
                "limit" => query.limit().unwrap_err(),
                "status" => query.statuses().unwrap_err(),
                _ => query.boolean(name).unwrap_err(),
            };
            let body = error.body();
            assert_eq!(body["detail"][0]["type"], kind, "{name}={value}");
            assert_eq!(body["detail"][0]["loc"], serde_json::json!(["query", name]));
            assert_eq!(body["detail"][0]["input"], value);
        }
        assert!(arguments(&[("cursor", &"x".repeat(501))]).cursor().is_err());
    }

    #[test]
    fn ids_that_are_none_are_quoted() {
        assert_eq!(not_found("Job", "x"), "Job 'x' not found");
        assert_eq!(not_found("Job", "\u{1b}"), "Job '\\u{1b}' not found");
    }
}
