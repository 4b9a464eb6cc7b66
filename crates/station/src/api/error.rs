//! Turns everything that can go wrong with an API request into a status and a JSON body.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use station_core::engine::Refusal;
use station_core::when::{WhenError, WhenErrorKind};
use station_instrument::ErrorKind;
use station_outstation::desk::Refused;
use station_outstation::points::PointsError;

use super::{bench_error, outstation_error, respond};
use crate::access::Denied;
use crate::port::{StoreError, StoreErrorKind};

/// Why a request is not answered as asked.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ApiError {
    /// Fields are missing, malformed or ill-typed.
    Invalid(Vec<Fault>),
    /// The request is well formed and cannot be granted, for the reason in the sentence.
    Bad(String),
    /// A time expression was not understood.
    Expression(Box<ExpressionFault>),
    /// The caller's connection does not say who it is.
    Forbidden,
    /// The caller may not do this, for the reason in the sentence.
    Denied(String),
    /// Too many do this at once, as the sentence says.
    Crowded(String),
    /// Something is in no state for what was asked, as the sentence says.
    Conflict(String),
    /// There is no such thing.
    NotFound(String),
    /// The path exists, but not for this method.
    MethodNotAllowed,
    /// The body is larger than [`super::MAX_BODY`].
    TooLarge,
    /// The engine refused.
    Refused(Refusal),
    /// An instrument, or whoever holds it, is in no state for what was asked; or that cannot be meant.
    Instrument(station_instrument::Error),
    /// The outstations' desk refused.
    Desk(Box<Refused>),
    /// Points of an outstation cannot be used.
    Points(Box<PointsError>),
    /// The store cannot be read or written.
    Store(StoreError),
    /// A defect of the program.
    Internal,
}

/// One field at fault, in the form LabLink's clients know.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub(super) struct Fault {
    /// The sort of fault: `missing`, `int_parsing`, `value_error` and so on.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// The way to the field, from `body` or `query`.
    pub(super) loc: Vec<Step>,
    /// What is wrong, in words.
    pub(super) msg: String,
    /// What was given; null when it is missing, long or may be secret.
    #[schema(value_type = Value)]
    pub(super) input: Value,
}

/// One step of the way to a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(super) enum Step {
    /// Into a field of an object.
    Field(String),
    /// To an element of a list, or to a byte of the text.
    Index(usize),
}

/// A time expression that was not understood, with the place of the fault.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct ExpressionFault {
    detail: String,
    expression_error: ExpressionError,
}

/// Where a time expression was not understood, and why.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub(super) struct ExpressionError {
    /// The first byte at fault.
    start: usize,
    /// The byte after the last.
    end: usize,
    message: String,
    hint: Option<String>,
    #[schema(schema_with = super::openapi::refusals::expression_kinds)]
    kind: &'static str,
}

impl ApiError {
    /// A refused time expression, rendered over several lines.
    pub(super) fn expression(text: &str, error: &WhenError) -> Self {
        let span = error.span();
        Self::Expression(Box::new(ExpressionFault {
            detail: error.render(text),
            expression_error: ExpressionError {
                start: span.start,
                end: span.end,
                message: error.message().to_owned(),
                hint: error.hint().map(ToOwned::to_owned),
                kind: expression_kind(error.kind()),
            },
        }))
    }

    /// The HTTP status.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Bad(_) | Self::Expression(_) => StatusCode::BAD_REQUEST,
            Self::Forbidden | Self::Denied(_) => StatusCode::FORBIDDEN,
            Self::Crowded(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Refused(refusal) => refusal_status(refusal),
            Self::Instrument(error) if error.kind == ErrorKind::Invalid => StatusCode::BAD_REQUEST,
            Self::Instrument(_) => StatusCode::CONFLICT,
            Self::Desk(refused) => outstation_error::status(refused.reason),
            Self::Points(_) => StatusCode::BAD_REQUEST,
            Self::Store(error) if error.kind == StoreErrorKind::Invalid => StatusCode::BAD_REQUEST,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The JSON body.
    pub(super) fn body(&self) -> Value {
        match self {
            Self::Invalid(faults) => json!({ "detail": faults }),
            Self::Expression(fault) => json!(fault),
            Self::Store(error) => {
                json!({ "detail": error.message, "store_error": store_kind(error.kind) })
            }
            Self::Bad(text)
            | Self::Crowded(text)
            | Self::Conflict(text)
            | Self::NotFound(text)
            | Self::Denied(text) => json!({ "detail": text }),
            Self::Refused(refusal) => json!({ "detail": refusal.to_string() }),
            Self::Instrument(error) if error.kind == ErrorKind::Invalid => {
                json!({ "detail": error.message })
            }
            Self::Instrument(error) => json!({
                "detail": error.message, "instrument_error": bench_error::name(error.kind),
            }),
            Self::Desk(refused) => outstation_error::body(refused),
            Self::Points(error) => outstation_error::points(error),
            Self::Forbidden => json!({
                "detail": "the connection does not say which user is asking"
            }),
            Self::MethodNotAllowed => json!({ "detail": "Method Not Allowed" }),
            Self::TooLarge => json!({
                "detail": format!(
                    "the request body is larger than {} MiB, the most the station accepts",
                    super::MAX_BODY >> 20
                )
            }),
            Self::Internal => json!({ "detail": "Internal Server Error" }),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        Self::Desk(Box::new(refused))
    }
}

impl From<PointsError> for ApiError {
    fn from(error: PointsError) -> Self {
        Self::Points(Box::new(error))
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = respond::json(self.status(), &self.body());
        if let Self::Denied(why) = self {
            response.extensions_mut().insert(Denied(why));
        }
        response
    }
}

fn refusal_status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::NoSuchJob(_)
        | Refusal::NoSuchExecution(_)
        | Refusal::NoSuchAlarm(_)
        | Refusal::NothingRaised(_)
        | Refusal::NoSuchNode(_)
        | Refusal::NoSuchRecord(..)
        | Refusal::NoSuchTarget(_) => StatusCode::NOT_FOUND,
        Refusal::Past { .. } | Refusal::NeverFires { .. } | Refusal::Unschedulable(_) => {
            StatusCode::BAD_REQUEST
        }
        Refusal::AlreadyEnded { .. }
        | Refusal::NotRunning(_)
        | Refusal::AlreadyRunning { .. }
        | Refusal::KeyInUse { .. }
        | Refusal::LineFull(_)
        | Refusal::StillRunning(_)
        | Refusal::TargetInUse(_)
        | Refusal::CommandInUse(_)
        | Refusal::AlarmCleared(_)
        | Refusal::NodeExists(_)
        | Refusal::RecordExists(..)
        | Refusal::ShuttingDown
        | Refusal::NoDaemon => StatusCode::CONFLICT,
    }
}

/// The name of a kind of store trouble on the wire.
fn store_kind(kind: StoreErrorKind) -> &'static str {
    match kind {
        StoreErrorKind::Full => "full",
        StoreErrorKind::ReadOnly => "read_only",
        StoreErrorKind::Foreign => "foreign",
        StoreErrorKind::Newer => "newer",
        StoreErrorKind::Damaged => "damaged",
        StoreErrorKind::Busy => "busy",
        StoreErrorKind::Io => "io",
        StoreErrorKind::Invalid => "invalid",
    }
}

fn expression_kind(kind: WhenErrorKind) -> &'static str {
    match kind {
        WhenErrorKind::Past => "past",
        WhenErrorKind::Syntax => "syntax",
        WhenErrorKind::Range => "range",
        WhenErrorKind::Zone => "zone",
        WhenErrorKind::TooFar => "too_far",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use station_core::model::{ExecutionId, JobId, Micros};

    #[test]
    fn refusals_have_their_status() {
        let execution = ExecutionId { job: JobId(42), n: 1 };
        let table = [
            (Refusal::NoSuchJob(JobId(42)), 404, "Job 42 not found"),
            (Refusal::NoSuchExecution(execution), 404, "Execution 42.1 not found"),
            (Refusal::NotRunning(execution), 409, "execution 42.1 is not running"),
            (
                Refusal::AlreadyEnded { job: JobId(42), status: "completed" },
                409,
                "job 42 has already ended: it is completed",
            ),
            (
                Refusal::Past { at: Micros(0), now: Micros(1_000_000) },
                400,
                "the time 1970-01-01T00:00:00Z is in the past: it is now 1970-01-01T00:00:01Z",
            ),
        ];
        for (refusal, status, detail) in table {
            let error = ApiError::from(refusal);
            assert_eq!(error.status().as_u16(), status);
            assert_eq!(error.body(), json!({ "detail": detail }));
        }
        assert_eq!(ApiError::from(Refusal::ShuttingDown).status().as_u16(), 409);
        assert_eq!(ApiError::from(Refusal::NoDaemon).status().as_u16(), 409);
    }

    #[test]
    fn store_trouble_names_its_kind() {
        let error = ApiError::from(StoreError {
            kind: StoreErrorKind::ReadOnly,
            message: "/x/station.db cannot be written".to_owned(),
        });
        assert_eq!(error.status().as_u16(), 503);
        assert_eq!(
            error.body(),
            json!({ "detail": "/x/station.db cannot be written", "store_error": "read_only" })
        );
    }

    #[test]
    fn faults_have_the_shape_clients_know() {
        let error = ApiError::Invalid(vec![Fault {
            kind: "missing",
            loc: vec![Step::Field("body".into()), Step::Field("name".into()), Step::Index(3)],
            msg: "Field required".into(),
            input: Value::Null,
        }]);
        assert_eq!(error.status().as_u16(), 422);
        assert_eq!(
            error.body(),
            json!({ "detail": [
                { "type": "missing", "loc": ["body", "name", 3],
                  "msg": "Field required", "input": null }
            ] })
        );
    }
}
