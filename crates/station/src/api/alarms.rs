//! Lists, counts, acknowledges and clears alarms.

use std::borrow::Cow;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::json;
use station_core::engine::{Refusal, Reply, Request};
use station_core::model::{Alarm, AlarmId, AlarmState, JobId, Principal, Role, Severity};

use super::caller::Asker;
use super::error::ApiError;
use super::field::{self, Faults, Place};
use super::json::Json;
use super::openapi::{happenings, params, refusals, requests};
use super::query::{self, Arguments};
use super::{body, jobs, respond, stamp};
use crate::alarm_view::AlarmView;
use crate::runtime::Handle;
use crate::store::AlarmFilter;

/// The longest note, in characters.
const LONGEST_NOTE: usize = 2000;
/// The longest name of who acknowledges, in characters.
const LONGEST_NAME: usize = 200;
/// What stands before a job's number in the name of its alarms.
const SOURCE: &str = "scheduler.";

/// Lists alarms, newest first.
#[utoipa::path(
    get, path = "/api/alarms/events",
    tag = "alarms", operation_id = "listAlarms",
    params(params::Alarms),
    responses(
        (status = 200, description = "Alarms", body = happenings::AlarmPage),
        refusals::Usual, refusals::BadRequest, refusals::Invalid,
    ),
)]
pub(super) async fn list(
    State(handle): State<Handle>,
    asker: Asker,
    query: Arguments,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    // Suppressed alarms are the client's business, and none of ours are.
    let states = [
        ("active", Some(AlarmState::Active)),
        ("acknowledged", Some(AlarmState::Acknowledged)),
        ("cleared", Some(AlarmState::Cleared)),
        ("suppressed", None),
    ];
    let state = query.word("state", &states)?;
    let severities = Severity::ALL.map(|severity| (severity.name(), severity));
    let severity = query.word("severity", &severities)?;
    let limit = query.limit()?;
    let equipment = query.text("equipment_id").map(str::to_owned);
    if state == Some(None) {
        return Ok(events(&handle, &[]));
    }
    let states = state.flatten().into_iter().collect();
    answer(&handle, AlarmFilter { states, severity, job: None, equipment, limit }).await
}

/// Lists alarms nobody has looked at.
#[utoipa::path(
    get, path = "/api/alarms/events/active",
    tag = "alarms", operation_id = "listActiveAlarms",
    params(params::Limit),
    responses(
        (status = 200, description = "Alarms", body = happenings::AlarmPage),
        refusals::Usual, refusals::BadRequest, refusals::Invalid,
    ),
)]
pub(super) async fn active(
    State(handle): State<Handle>,
    asker: Asker,
    query: Arguments,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    let limit = query.limit()?;
    let states = vec![AlarmState::Active];
    answer(&handle, AlarmFilter { states, limit, ..AlarmFilter::default() }).await
}

async fn answer(handle: &Handle, filter: AlarmFilter) -> Result<Response, ApiError> {
    respond::blocking(handle, move |handle| Ok(events(handle, &handle.reader().alarms(&filter)?)))
        .await
}

fn events(handle: &Handle, alarms: &[Alarm]) -> Response {
    let events: Vec<AlarmView<'_>> = alarms.iter().map(|alarm| view(handle, alarm)).collect();
    respond::ok(&json!({ "success": true, "count": events.len(), "events": events }))
}

/// An alarm with its times on the station's clock.
pub(super) fn view<'a>(handle: &Handle, alarm: &'a Alarm) -> AlarmView<'a> {
    AlarmView::new(alarm, |at| stamp::local(at, handle.zone()))
}

fn event(handle: &Handle, alarm: &Alarm) -> Response {
    respond::ok(&json!({ "success": true, "event": view(handle, alarm) }))
}

/// Shows an alarm.
#[utoipa::path(
    get, path = "/api/alarms/events/{id}",
    tag = "alarms", operation_id = "getAlarm",
    params(params::AlarmId),
    responses(
        (status = 200, description = "The alarm", body = happenings::OneAlarm),
        refusals::Usual, refusals::NotFound,
    ),
)]
pub(super) async fn show(
    State(handle): State<Handle>,
    asker: Asker,
    AlarmPath(text): AlarmPath,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    let id = event_id(&text)?;
    respond::blocking(&handle, move |handle| {
        let alarm = handle.reader().alarm(id)?.ok_or(Refusal::NoSuchAlarm(id))?;
        Ok(event(handle, &alarm))
    })
    .await
}

/// Says that an alarm is known.
#[utoipa::path(
    post, path = "/api/alarms/events/acknowledge",
    tag = "alarms", operation_id = "acknowledgeAlarm",
    request_body(content = requests::AcknowledgeRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The alarm", body = happenings::AlarmChanged),
        refusals::Usual, refusals::BadRequest, refusals::NotFound, refusals::TooLarge,
        refusals::Invalid, refusals::Conflict,
    ),
)]
pub(super) async fn acknowledge(
    State(handle): State<Handle>,
    asker: Asker,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    asker.require(Role::Operator)?;
    let body = body.map_err(jobs::refused_body)?;
    let Acknowledgment { event_id: text, by, note } = read(&body)?;
    drop(body);
    let alarm = event_id(&text)?;
    let by = shown_by(by, asker.principal());
    let request = Request::Acknowledge { alarm, by, note, row: None };
    let reply = handle.request_by(request, &asker.actor()).await?;
    let Reply::Alarm(alarm) = reply else { return Err(jobs::unexpected(reply)) };
    Ok(changed(&handle, "Alarm acknowledged", &alarm))
}

/// Says that an alarm is over.
#[utoipa::path(
    post, path = "/api/alarms/{id}/clear",
    tag = "alarms", operation_id = "clearAlarm",
    params(params::AlarmName),
    responses(
        (status = 200, description = "The alarm", body = happenings::AlarmChanged),
        refusals::Usual, refusals::NotFound, refusals::Conflict,
    ),
)]
pub(super) async fn clear(
    State(handle): State<Handle>,
    asker: Asker,
    AlarmPath(text): AlarmPath,
) -> Result<Response, ApiError> {
    asker.require(Role::Operator)?;
    let alarm = match text.strip_prefix(SOURCE) {
        Some(job) => latest_of(&handle, &text, job).await?,
        None => event_id(&text)?,
    };
    let reply = handle.request_by(Request::Clear { alarm, row: None }, &asker.actor()).await?;
    let Reply::Alarm(alarm) = reply else { return Err(jobs::unexpected(reply)) };
    Ok(changed(&handle, "Alarm cleared", &alarm))
}

fn changed(handle: &Handle, message: &str, alarm: &Alarm) -> Response {
    let event = view(handle, alarm);
    respond::ok(&json!({ "success": true, "message": message, "event": event }))
}

/// The latest alarm of a job: the only one of it that may not be cleared yet.
async fn latest_of(handle: &Handle, text: &str, job: &str) -> Result<AlarmId, ApiError> {
    let unknown = || ApiError::NotFound(query::not_found("Alarm", text));
    let job: JobId = job.parse().map_err(|_| unknown())?;
    let filter = AlarmFilter { job: Some(job), limit: 1, ..AlarmFilter::default() };
    let read = move |handle: &Handle| Ok(handle.reader().alarms(&filter)?);
    let found = respond::blocking(handle, read).await?;
    found.first().map(|alarm| alarm.id).ok_or_else(unknown)
}

/// Counts alarms.
#[utoipa::path(
    get, path = "/api/alarms/statistics",
    tag = "alarms", operation_id = "getAlarmStatistics",
    responses(
        (status = 200, description = "The counts", body = happenings::AlarmStatistics),
        refusals::Usual,
    ),
)]
pub(super) async fn statistics(
    State(handle): State<Handle>,
    asker: Asker,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    respond::blocking(&handle, move |handle| {
        let counted = handle.reader().alarm_statistics()?;
        let state = |state| counted.by_state.get(&state).copied().unwrap_or(0);
        let severities = |counts: &std::collections::BTreeMap<Severity, u64>| {
            let named = counts.iter().map(|(severity, n)| (severity.name().to_owned(), json!(n)));
            named.collect::<serde_json::Map<_, _>>()
        };
        Ok(respond::ok(&json!({ "success": true, "statistics": {
            "total_events": counted.total,
            "active": state(AlarmState::Active),
            "acknowledged": state(AlarmState::Acknowledged),
            "cleared": state(AlarmState::Cleared),
            "suppressed": 0,
            "by_severity": severities(&counted.by_severity),
            "open_by_severity": severities(&counted.open_by_severity),
            "notices_owed": counted.notices_owed,
        }})))
    })
    .await
}

/// What names an alarm in a path.
pub(super) struct AlarmPath(String);

impl<S: Send + Sync> FromRequestParts<S> for AlarmPath {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        // A path that is not UTF-8 cannot be decoded; it names no alarm either.
        let text = match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(text)) => text,
            Err(_) => "?".to_owned(),
        };
        Ok(Self(text))
    }
}

fn event_id(text: &str) -> Result<AlarmId, ApiError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let id = text.parse().ok().filter(|_| digits);
    id.map(AlarmId).ok_or_else(|| ApiError::NotFound(query::not_found("Alarm", text)))
}

#[derive(Debug, PartialEq)]
struct Acknowledgment {
    event_id: String,
    by: Option<String>,
    note: Option<String>,
}

fn read(text: &[u8]) -> Result<Acknowledgment, ApiError> {
    let (mut event_id, mut by, mut note) = (None, None, None);
    let (mut faults, mut named, at) = (Faults::default(), false, Place::BODY);
    for (name, value) in body::object(text, &["event_id", "acknowledged_by", "note"])? {
        match name.as_ref() {
            "event_id" => {
                named = true;
                // Ids are opaque strings; a number is one that lost its quotes.
                event_id = if let Json::Int(id) = value {
                    Some(id.to_string())
                } else {
                    let given = field::text(value, at.field("event_id"), &mut faults);
                    given.map(Cow::into_owned)
                };
            }
            "acknowledged_by" => {
                by = field::label(value, LONGEST_NAME, at.field("acknowledged_by"), &mut faults);
            }
            "note" => {
                let at = at.field("note");
                let given = field::text(value, at, &mut faults);
                if given.as_ref().is_some_and(|text| text.chars().nth(LONGEST_NOTE).is_some()) {
                    let why = format!("must be at most {LONGEST_NOTE} characters long");
                    faults.value(at, &why, serde_json::Value::Null);
                }
                note = given.filter(|text| !text.is_empty()).map(Cow::into_owned);
            }
            _ => {}
        }
    }
    if !named {
        faults.missing(at.field("event_id"));
    }
    faults.into_result()?;
    Ok(Acknowledgment { event_id: event_id.unwrap_or_default(), by, note })
}

/// Who acknowledged: the name that was given, and beside it who the station knows it was.
fn shown_by(given: Option<String>, principal: &Principal) -> String {
    let known = principal.label();
    match given {
        Some(given) if given != known => format!("{given} ({known})"),
        Some(_) | None => known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acknowledgments_are_read() {
        let all = br#"{"event_id":"7","acknowledged_by":"operator1","note":"seen","extra":1}"#;
        let read_all = read(all).unwrap();
        assert_eq!(read_all.event_id, "7");
        assert_eq!(read_all.by.as_deref(), Some("operator1"));
        assert_eq!(read_all.note.as_deref(), Some("seen"));
        let least = read(br#"{"event_id":7,"acknowledged_by":null,"note":""}"#).unwrap();
        assert_eq!(least, Acknowledgment { event_id: "7".into(), by: None, note: None });
    }

    #[test]
    fn wrong_acknowledgments_are_told() {
        let long = format!(r#"{{"event_id":"7","note":"{}"}}"#, "x".repeat(2001));
        for (body, kind, field) in [
            ("{}", "missing", "event_id"),
            (r#"{"event_id":null}"#, "missing", "event_id"),
            (r#"{"event_id":["7"]}"#, "string_type", "event_id"),
            (r#"{"event_id":"7","note":3}"#, "string_type", "note"),
            (r#"{"event_id":"7","acknowledged_by":" "}"#, "value_error", "acknowledged_by"),
            (&long, "value_error", "note"),
        ] {
            let error = read(body.as_bytes()).unwrap_err();
            assert_eq!(error.status().as_u16(), 422, "{body}");
            assert_eq!(error.body()["detail"][0]["type"], kind, "{body}");
            assert_eq!(error.body()["detail"][0]["loc"][1], field, "{body}");
        }
        let error = read(br#"{"event_id":"7","notee":"x"}"#).unwrap_err();
        assert_eq!(error.body()["detail"], "unknown field 'notee': did you mean 'note'?");
        for wrong in ["", "x", "-1", "+1", "1.5", "99999999999999999999"] {
            assert_eq!(event_id(wrong).unwrap_err().status().as_u16(), 404, "{wrong}");
        }
    }

    #[test]
    fn whoever_acknowledges_stands_beside_the_name_they_give() {
        let ann = Principal::Unix { uid: 1000, name: Some("ann".into()) };
        assert_eq!(shown_by(None, &ann), "ann");
        assert_eq!(shown_by(Some("ann".into()), &ann), "ann");
        assert_eq!(shown_by(Some("operator1".into()), &ann), "operator1 (ann)");
    }
}
