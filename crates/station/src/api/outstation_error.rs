//! What the outstations' desk refuses, and what is wrong with points, as answers.

use axum::http::StatusCode;
use serde_json::{Value, json};
use station_outstation::desk::Refused;
use station_outstation::points::{Fault, PointsError};

/// No more faults of points than this are told at once.
const MOST_FAULTS: usize = 50;

/// The status of a refusal, by its word: what does not exist, who may not, what is none of the point's
/// values; everything else is in the way now, and may not be later.
pub(super) fn status(reason: &str) -> StatusCode {
    match reason {
        "unknown_outstation" | "unknown_point" | "unknown_approval" => StatusCode::NOT_FOUND,
        "not_permitted" | "self_approval" | "approver_not_permitted" => StatusCode::FORBIDDEN,
        "bad_value" | "out_of_range" | "select_not_possible" | "not_commandable" => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        "unrecorded" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::CONFLICT,
    }
}

/// The body of a refusal.
pub(super) fn body(refused: &Refused) -> Value {
    let mut body = json!({ "detail": refused.sentence, "reason": refused.reason });
    if let (Some(fields), Some(correlation)) = (body.as_object_mut(), &refused.correlation) {
        fields.insert("correlation".to_owned(), correlation.as_str().into());
    }
    body
}

/// The body of what is wrong with points: a line for each fault.
pub(super) fn points(error: &PointsError) -> Value {
    let told = || error.faults.iter().take(MOST_FAULTS);
    let mut lines: Vec<String> = told().map(ToString::to_string).collect();
    let more = error.faults.len().saturating_sub(MOST_FAULTS);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    let fault = |fault: &Fault| json!({ "line": fault.line, "message": fault.message });
    let faults: Vec<Value> = told().map(fault).collect();
    json!({ "detail": lines.join("\n"), "faults": faults })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_a_status_by_their_word() {
        for (reason, wanted) in [
            ("unknown_point", 404),
            ("not_permitted", 403),
            ("self_approval", 403),
            ("out_of_range", 422),
            ("unrecorded", 503),
            ("interlock", 409),
            ("link_down", 409),
            ("one of a later version", 409),
        ] {
            assert_eq!(status(reason).as_u16(), wanted, "{reason}");
        }
    }

    #[test]
    fn many_faults_are_told_in_part() {
        let fault = |line| Fault { line: Some(line), message: "it is odd".to_owned() };
        let told = points(&PointsError { faults: (1..=60).map(fault).collect() });
        assert_eq!(told["faults"].as_array().unwrap().len(), MOST_FAULTS);
        let detail = told["detail"].as_str().unwrap();
        assert!(detail.starts_with("line 1: it is odd\nline 2: "), "{detail}");
        assert!(detail.ends_with("\nand 10 more"), "{detail}");
    }
}
