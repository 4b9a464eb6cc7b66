//! The answers to requests that are not granted, by what can go wrong with them.

#![expect(dead_code, reason = "described here, never made: errors are written in `api::error`")]

use std::collections::BTreeMap;

use utoipa::openapi::header::Header;
use utoipa::openapi::{Content, RefOr, Response};
use utoipa::{IntoResponses, ToSchema};

use super::kind;
use crate::api::error::{ExpressionError, Fault};

/// Why a request is not granted.
#[derive(ToSchema)]
pub(super) struct Problem {
    /// A sentence.
    detail: String,
}

/// What is wrong with the form of a request.
#[derive(ToSchema)]
pub(super) struct Faults {
    /// All faults, the first fifty at most.
    detail: Vec<Fault>,
}

/// Why the store cannot be read or written.
#[derive(ToSchema)]
pub(super) struct StoreProblem {
    /// A sentence.
    detail: String,
    /// The kind of trouble.
    #[schema(schema_with = store_errors)]
    store_error: Option<String>,
}

/// Why a request is not granted as things stand, with an instrument or otherwise.
#[derive(ToSchema)]
pub(super) struct InstrumentProblem {
    /// A sentence.
    detail: String,
    /// The sort of trouble with an instrument, where it is one.
    #[schema(schema_with = instrument_errors)]
    instrument_error: Option<String>,
}

/// Why something is not done with an outstation: nothing was sent.
#[derive(ToSchema)]
pub(super) struct DeskProblem {
    /// A sentence; or of a malformed request, the faults of its fields.
    #[schema(schema_with = sentence_or_faults)]
    detail: (),
    /// Why, as a word: `interlock`, `tagged`, `not_permitted` …
    #[schema(nullable = false)]
    reason: Option<String>,
    /// What the refusal is called in the audit trail.
    #[schema(nullable = false)]
    correlation: Option<String>,
}

fn sentence_or_faults() -> kind::Node {
    kind::any_of([kind::text(), kind::list(kind::named("Fault"), None)])
}

/// Points that cannot be used.
#[derive(ToSchema)]
pub(super) struct PointsProblem {
    /// A line for each fault.
    detail: String,
    /// Each fault of a point with its line, where the points are what is wrong.
    #[schema(value_type = Option<Vec<Object>>, nullable = false)]
    faults: Option<Vec<()>>,
}

/// Why a request is not granted, with the place in a time expression that was not understood.
#[derive(ToSchema)]
pub(super) struct ExpressionProblem {
    /// A sentence, or several lines that show the place.
    detail: String,
    /// The place and the reason.
    #[schema(nullable = false)]
    expression_error: Option<ExpressionError>,
}

fn store_errors() -> kind::Node {
    let kinds = ["full", "read_only", "foreign", "newer", "damaged", "busy", "io", "invalid"];
    kind::words(kinds).into()
}

fn instrument_errors() -> kind::Node {
    let kinds = [
        "refused",
        "busy",
        "unreachable",
        "timeout",
        "lost",
        "reply",
        "instrument",
        "identity",
        "local",
        "stopped",
    ];
    kind::words(kinds).into()
}

/// Why a time expression was not understood.
pub(in crate::api) fn expression_kinds() -> kind::Node {
    kind::words(["past", "syntax", "range", "zone", "too_far"]).into()
}

/// Refusals that some routes have: a name, and the statuses with what they mean and hold.
macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = [$($status:literal $says:literal $schema:literal),*];)*) => {$(
        $(#[$doc])*
        pub(in crate::api) enum $name {}

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([$((stringify!($status).to_owned(), response($status, $says, $schema))),*])
            }
        }
    )*};
}

refusals! {
    /// What any request may be answered.
    Usual = [
        401 "No token, or none that is good" "Problem",
        403 "The caller's role does not reach, or a page of another origin asks" "Problem",
        421 "The Host is no name of the station" "Problem",
        429 "Too many wrong tokens, requests or listeners" "Problem",
        500 "A defect of the program; the log has more" "Problem",
        503 "The store cannot be read or written, or too many connections are open" "StoreProblem"
    ];
    /// What any request may be answered that has to do with the commands of outstations.
    UsualOfControl = [
        401 "No token, or none that is good" "Problem",
        403 "The role does not reach, or they may not command the point" "DeskProblem",
        404 "There is no such outstation, point or request" "DeskProblem",
        409 "Refused as things stand; nothing was sent" "DeskProblem",
        421 "The Host is no name of the station" "Problem",
        422 "Fields are missing, or the value is none of the point's" "DeskProblem",
        429 "Too many wrong tokens, requests or listeners" "Problem",
        500 "A defect of the program; the log has more" "Problem",
        503 "The store cannot be written, so that nothing is sent" "StoreProblem"
    ];
    /// Points make no sense.
    BadPoints = [400 "It is understood and cannot be granted" "PointsProblem"];
    /// An argument makes no sense.
    BadRequest = [400 "It is understood and cannot be granted" "StoreProblem"];
    /// What is asked for makes no sense.
    BadBody = [400 "It is understood and cannot be granted" "ExpressionProblem"];
    /// It is not there.
    NotFound = [404 "There is none" "Problem"];
    /// There is no such outstation, point or request for consent.
    NotAtDesk = [404 "There is none" "DeskProblem"];
    /// It is refused as things stand.
    Conflict = [409 "Refused as things stand: ended already, running already, shutting down" "InstrumentProblem"];
    /// The body is too large.
    TooLarge = [413 "The body has more than 4 MiB" "Problem"];
    /// The form is wrong.
    Invalid = [422 "Fields or arguments are missing or of the wrong type" "Faults"];
}

fn response(status: u16, says: &str, schema: &'static str) -> RefOr<Response> {
    let content = Content::new(Some(kind::named(schema)));
    let response = Response::builder().description(says).content("application/json", content);
    let header = |kind| Header::new(kind::Node::from(kind));
    RefOr::T(
        match status {
            401 => response.header("WWW-Authenticate", header(kind::words(["Bearer"]))),
            429 => response.header("Retry-After", header(kind::text().pattern("^[0-9]+$"))),
            _ => response,
        }
        .build(),
    )
}
