//! Commands points of outstations by hand, and asks outstations for values, counters, the time.
//!
//! ```text
//! write ─▶ desk ─┬─▶ report                                         200
//!                ├─▶ two persons are needed ─▶ a request is kept     202
//!                └─▶ refused                                        403, 404, 409, 422
//! ```

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use station_core::engine::Expect;
use station_core::model::{Approval, ApprovalState, Control, Expiry, Node, Record, Role, Write};
use station_outstation::desk::{ControlRequest, Outstations, Refused};

use super::body_fields::BodyFields;
use super::caller::Asker;
use super::changes::Changing;
use super::error::ApiError;
use super::openapi::{about_outstations, outstation_requests, params, refusals};
use super::outstation_records::{Desk, allowed, told};
use super::outstation_shown::ApprovalView;
use super::records;
use super::records::KeyPath;
use super::{jobs, respond};
use crate::outstation_words::{COUNTER_GROUPS, GROUPS, LONGEST_REASON};
use crate::runtime::{self, Handle};

/// The fields of a command to a point.
pub(super) const WRITE_FIELDS: [&str; 8] =
    ["point", "value", "select", "reason", "ticket", "break_glass", "dry_run", "expiry"];

/// The longest value, in characters.
pub(super) const LONGEST_VALUE: usize = 100;

/// A command that is later than this is not sent.
pub(super) const EXPIRY_LIMIT: Duration = Duration::from_secs(60);

/// Commands a point, and answers what became of that. Where two persons are needed, a request for the
/// consent of somebody else is kept, and nothing is sent.
#[utoipa::path(
    post, path = "/api/outstations/{name}/write",
    tag = "outstations", operation_id = "writePoint",
    params(params::OutstationName),
    request_body(content = outstation_requests::WriteRequest, content_type = "application/json"),
    responses(
        (
            status = 200, description = "What became of it; status says whether it was done",
            body = about_outstations::CommandReport,
        ),
        (
            status = 202, description = "Somebody else has to agree first",
            body = about_outstations::ApprovalAnswer,
        ),
        refusals::UsualOfControl, refusals::BadRequest, refusals::TooLarge,
    ),
)]
pub(super) async fn write(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    Extension(changing): Extension<Arc<Changing>>,
    asker: Asker,
    KeyPath(name): KeyPath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    let body = body.map_err(jobs::refused_body)?;
    let Wanted { write, break_glass, dry_run, expiry } = read_write(&body)?;
    drop(body);
    let mut request = ControlRequest::new(name, Control::Write(write.clone()), asker.actor());
    request.break_glass = break_glass;
    request.may_break_glass = asker.require(Role::Admin).is_ok();
    request.dry_run = dry_run;
    request.expires = expiry.map(|span| {
        let now = runtime::both_clocks();
        Expiry::new(now.wall, span, now)
    });
    let outstation = request.outstation.clone();
    let refused = match desk.control(request).await {
        Ok(report) => return Ok(respond::ok(&told(&handle, &report)?)),
        Err(refused) => refused,
    };
    if dry_run || !refused.needs_approval() {
        return Err(refused.into());
    }
    let _alone = changing.alone().await;
    let waiting = waiting(&desk, &outstation, &write, &asker);
    let approval = match (waiting, refused.proposal.clone()) {
        (Some(waiting), _) => waiting,
        (None, Some(proposal)) => ask(&handle, &desk, &asker, *proposal).await?,
        (None, None) => return Err(refused.into()),
    };
    let seconds = approval.expires_at.map(|end| end.since(handle.now()).as_secs());
    let within = seconds.map(|seconds| format!(" within {seconds} s")).unwrap_or_default();
    let answer = json!({
        "success": true,
        "message": format!("Nothing was sent: somebody else has to approve request {}{within}", approval.id),
        "approval": ApprovalView::new(&approval, handle.zone()),
    });
    Ok(respond::json(StatusCode::ACCEPTED, &answer))
}

/// The request of theirs that waits for consent to just this.
fn waiting(desk: &Outstations, outstation: &str, write: &Write, asker: &Asker) -> Option<Approval> {
    desk.approvals().into_iter().find(|approval| {
        approval.state == ApprovalState::Waiting
            && approval.job.is_none()
            && approval.outstation == outstation
            && approval.write == *write
            && approval.requested_by == *asker.principal()
    })
}

/// Keeps a request for consent, under a name of its own.
pub(super) async fn ask(
    handle: &Handle,
    desk: &Outstations,
    asker: &Asker,
    proposal: Approval,
) -> Result<Approval, ApiError> {
    let approval = Approval { id: desk.next_approval(), ..proposal };
    let record = Record::Approval(Box::new(approval.clone()));
    records::keep(handle, asker, record, Expect::New).await?;
    Ok(approval)
}

/// What a body asks to be written, and how.
struct Wanted {
    write: Write,
    /// Why it cannot wait for the consent of somebody else.
    break_glass: Option<String>,
    dry_run: bool,
    expiry: Option<Duration>,
}

fn read_write(body: &[u8]) -> Result<Wanted, ApiError> {
    let mut fields = BodyFields::read(body, &WRITE_FIELDS)?;
    let point = fields.required_label("point", Node::LONGEST_NAME);
    let value = fields.required_value("value");
    let value = match value.map(|value| value_text(&value)) {
        None => None,
        Some(Ok(text)) => Some(text),
        Some(Err(why)) => {
            fields.refuse("value", why);
            None
        }
    };
    let select = fields.boolean("select").unwrap_or(false);
    let reason = fields.label("reason", LONGEST_REASON);
    let ticket = fields.label("ticket", LONGEST_REASON);
    let break_glass = fields.label("break_glass", LONGEST_REASON);
    let dry_run = fields.boolean("dry_run").unwrap_or(false);
    let expiry = fields.seconds("expiry");
    if expiry.is_some_and(|span| span >= EXPIRY_LIMIT) {
        fields.refuse("expiry", TOO_LONG);
    }
    fields.finish()?;
    let (Some(point), Some(value)) = (point, value) else { return Err(ApiError::Internal) };
    let write = Write { point, value, select, reason, ticket };
    Ok(Wanted { write, break_glass, dry_run, expiry })
}

/// Why an expiry is refused.
pub(super) const TOO_LONG: &str =
    "must be less than 60 seconds: what is later than that was meant for another moment";

/// The value of a point as people write it, whatever JSON writes it as.
pub(super) fn value_text(value: &Value) -> Result<String, &'static str> {
    match value {
        Value::Bool(true) => Ok("on".to_owned()),
        Value::Bool(false) => Ok("off".to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        Value::String(text) if text.trim().is_empty() => Err("must not be empty"),
        Value::String(text) if text.chars().nth(LONGEST_VALUE).is_some() => {
            Err("must be at most 100 characters long")
        }
        Value::String(text) if text.chars().any(char::is_control) => {
            Err("must not contain control characters")
        }
        Value::String(text) => Ok(text.clone()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err("must be a text such as on, off or 12.5, a number, true or false")
        }
    }
}

/// Asks an outstation for all its values, or those of a group.
#[utoipa::path(
    post, path = "/api/outstations/{name}/interrogate",
    tag = "outstations", operation_id = "interrogate",
    params(params::OutstationName),
    request_body(content = Option<outstation_requests::GroupRequest>, content_type = "application/json"),
    responses(
        (status = 200, description = "What came of it", body = about_outstations::CommandReport),
        refusals::UsualOfControl, refusals::BadRequest, refusals::TooLarge,
    ),
)]
pub(super) async fn interrogate(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    asker: Asker,
    KeyPath(name): KeyPath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let group = group(&asker, body, GROUPS)?;
    question(&handle, &desk, &asker, name, Control::Interrogate { group }).await
}

/// Asks an outstation for all its counters, or those of a group.
#[utoipa::path(
    post, path = "/api/outstations/{name}/counters",
    tag = "outstations", operation_id = "interrogateCounters",
    params(params::OutstationName),
    request_body(content = Option<outstation_requests::CounterGroupRequest>, content_type = "application/json"),
    responses(
        (status = 200, description = "What came of it", body = about_outstations::CommandReport),
        refusals::UsualOfControl, refusals::BadRequest, refusals::TooLarge,
    ),
)]
pub(super) async fn counters(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    asker: Asker,
    KeyPath(name): KeyPath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let group = group(&asker, body, COUNTER_GROUPS)?;
    question(&handle, &desk, &asker, name, Control::Counters { group }).await
}

fn group(
    asker: &Asker,
    body: Result<Bytes, BytesRejection>,
    groups: RangeInclusive<u8>,
) -> Result<Option<u8>, ApiError> {
    allowed(asker, Role::Operator)?;
    let body = body.map_err(jobs::refused_body)?;
    let mut fields = BodyFields::read_or_empty(&body, &["group"])?;
    let limits = (i64::from(*groups.start()), i64::from(*groups.end()));
    let group = fields.integer("group", limits);
    fields.finish()?;
    Ok(group.and_then(|group| u8::try_from(group).ok()))
}

/// Asks an outstation for one value.
#[utoipa::path(
    post, path = "/api/outstations/{name}/read",
    tag = "outstations", operation_id = "readPoint",
    params(params::OutstationName),
    request_body(content = outstation_requests::ReadRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "What came of it", body = about_outstations::CommandReport),
        refusals::UsualOfControl, refusals::BadRequest, refusals::TooLarge,
    ),
)]
pub(super) async fn read(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    asker: Asker,
    KeyPath(name): KeyPath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    let body = body.map_err(jobs::refused_body)?;
    let mut fields = BodyFields::read(&body, &["point"])?;
    let point = fields.required_label("point", Node::LONGEST_NAME);
    fields.finish()?;
    let point = point.ok_or(ApiError::Internal)?;
    drop(body);
    question(&handle, &desk, &asker, name, Control::Read { point }).await
}

/// Sets an outstation's clock by ours.
#[utoipa::path(
    post, path = "/api/outstations/{name}/sync-clock",
    tag = "outstations", operation_id = "syncClock",
    params(params::OutstationName),
    responses(
        (status = 200, description = "What came of it", body = about_outstations::CommandReport),
        refusals::UsualOfControl,
    ),
)]
pub(super) async fn sync_clock(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    asker: Asker,
    KeyPath(name): KeyPath,
) -> Result<Response, ApiError> {
    question(&handle, &desk, &asker, name, Control::SyncClock).await
}

/// Sends an outstation a test command, which changes nothing.
#[utoipa::path(
    post, path = "/api/outstations/{name}/test",
    tag = "outstations", operation_id = "testOutstation",
    params(params::OutstationName),
    responses(
        (status = 200, description = "What came of it", body = about_outstations::CommandReport),
        refusals::UsualOfControl,
    ),
)]
pub(super) async fn test(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    asker: Asker,
    KeyPath(name): KeyPath,
) -> Result<Response, ApiError> {
    question(&handle, &desk, &asker, name, Control::Test).await
}

async fn question(
    handle: &Handle,
    desk: &Outstations,
    asker: &Asker,
    name: String,
    control: Control,
) -> Result<Response, ApiError> {
    allowed(asker, Role::Operator)?;
    let asked = desk.control(ControlRequest::new(name, control, asker.actor())).await;
    let report = asked.map_err(|refused: Refused| ApiError::from(refused))?;
    Ok(respond::ok(&told(handle, &report)?))
}
