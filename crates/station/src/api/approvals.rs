//! Requests for the consent of somebody else, where two persons are needed: shown, approved, rejected.
//!
//! ```text
//! approve ─▶ kept as approved ─┬─▶ by hand: sent at once ─▶ report, or why not
//!                              └─▶ of a job: sent when it fires
//! ```

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use serde_json::{Value, json};
use station_core::audit::Actor;
use station_core::engine::Expect;
use station_core::model::{Approval, Control, Principal, Record, Role, Token};
use station_core::near::shown;
use station_outstation::desk::{ControlRequest, Outstations, Refused};

use super::body_fields::BodyFields;
use super::caller::Asker;
use super::changes::Changing;
use super::error::ApiError;
use super::openapi::{about_outstations, outstation_requests, params, refusals};
use super::outstation_records::{Desk, allowed, told};
use super::outstation_shown::{ApprovalView, STATES};
use super::query::Arguments;
use super::records;
use super::records::KeyPath;
use super::{jobs, respond};
use crate::runtime::Handle;

/// The longest note, in characters.
pub(super) const LONGEST_NOTE: usize = 500;

/// Lists requests for consent, the oldest first.
#[utoipa::path(
    get, path = "/api/approvals",
    tag = "outstations", operation_id = "listApprovals",
    params(params::ApprovalState),
    responses(
        (status = 200, description = "The requests", body = about_outstations::Approvals),
        refusals::Usual, refusals::Invalid,
    ),
)]
pub(super) async fn list(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    asker: Asker,
    query: Arguments,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let state = query.word("state", &STATES)?;
    let all = desk.approvals();
    let wanted = all.iter().filter(|approval| state.is_none_or(|state| approval.state == state));
    let views: Vec<_> = wanted.map(|one| ApprovalView::new(one, handle.zone())).collect();
    Ok(respond::ok(&json!({ "success": true, "count": views.len(), "approvals": views })))
}

/// Shows a request for consent.
#[utoipa::path(
    get, path = "/api/approvals/{id}",
    tag = "outstations", operation_id = "getApproval",
    params(params::ApprovalId),
    responses(
        (status = 200, description = "The request", body = about_outstations::OneApproval),
        refusals::Usual, refusals::NotAtDesk,
    ),
)]
pub(super) async fn show(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    asker: Asker,
    KeyPath(id): KeyPath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let found = desk.approvals().into_iter().find(|approval| approval.id == id);
    let approval = found.ok_or_else(|| {
        ApiError::from(Refused {
            reason: "unknown_approval",
            sentence: format!("there is no request '{}' for consent", shown(&id)),
            proposal: None,
            correlation: None,
        })
    })?;
    let view = ApprovalView::new(&approval, handle.zone());
    Ok(respond::ok(&json!({ "success": true, "approval": view })))
}

/// Agrees to a command. One by hand is sent at once, and the answer says what became of it. Only holders
/// of named tokens agree, never who asked, nor by a token that they issued.
#[utoipa::path(
    post, path = "/api/approvals/{id}/approve",
    tag = "outstations", operation_id = "approve",
    params(params::ApprovalId),
    request_body(content = Option<outstation_requests::NoteRequest>, content_type = "application/json"),
    responses(
        (status = 200, description = "What became of it", body = about_outstations::Approved),
        refusals::UsualOfControl, refusals::BadRequest, refusals::TooLarge,
    ),
)]
pub(super) async fn approve(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    Extension(changing): Extension<Arc<Changing>>,
    asker: Asker,
    KeyPath(id): KeyPath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let approval = decide((&handle, &desk, &changing), &asker, (id, true), body).await?;
    let shown = json!(ApprovalView::new(&approval, handle.zone()));
    if approval.job.is_some() {
        return Ok(respond::ok(&json!({
            "success": true, "message": "Approved; it is sent when its job fires",
            "approval": shown, "report": null,
        })));
    }
    match send(&handle, &desk, &asker, &approval).await {
        Ok(report) => Ok(respond::ok(&json!({
            "success": true, "message": "Approved", "approval": shown, "report": report,
        }))),
        // It was agreed to all the same: whoever reads this is told both.
        Err(error) => {
            let mut body = error.body();
            if let Some(fields) = body.as_object_mut() {
                fields.insert("approval".to_owned(), shown);
            }
            Ok(respond::json(error.status(), &body))
        }
    }
}

/// Sends what was agreed to, for whoever asked for it.
async fn send(
    handle: &Handle,
    desk: &Outstations,
    approver: &Asker,
    approval: &Approval,
) -> Result<Value, ApiError> {
    let Approval { id, outstation, write, requested_by, .. } = approval;
    // Their token may have been revoked since.
    if let Principal::Token { id: token, name } = requested_by {
        let found = token_of(handle, token.clone()).await?;
        let now = handle.now();
        if !found.is_some_and(|token| token.is_valid(now) && token.role >= Role::Operator) {
            let sentence = format!(
                "request {id} was asked for with the token '{}', which is not good for commands any \
                 more; nothing was sent",
                shown(name)
            );
            let (reason, proposal, correlation) = ("not_permitted", None, None);
            return Err(ApiError::from(Refused { reason, sentence, proposal, correlation }));
        }
    }
    // It is sent from where it was agreed to; from where it was asked for stands with the request.
    let Actor { principal: agrees, method, source, .. } = approver.actor();
    let by = Actor { method, source, approver: agrees, ..Actor::of(requested_by.clone()) };
    let mut request = ControlRequest::new(outstation.clone(), Control::Write(write.clone()), by);
    request.approval = Some(id.clone());
    let report = desk.control(request).await?;
    told(handle, &report)
}

/// Rejects a command: it is not sent.
#[utoipa::path(
    post, path = "/api/approvals/{id}/reject",
    tag = "outstations", operation_id = "reject",
    params(params::ApprovalId),
    request_body(content = Option<outstation_requests::NoteRequest>, content_type = "application/json"),
    responses(
        (status = 200, description = "It is rejected", body = about_outstations::ApprovalAnswer),
        refusals::UsualOfControl, refusals::BadRequest, refusals::TooLarge,
    ),
)]
pub(super) async fn reject(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    Extension(changing): Extension<Arc<Changing>>,
    asker: Asker,
    KeyPath(id): KeyPath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let approval = decide((&handle, &desk, &changing), &asker, (id, false), body).await?;
    let view = ApprovalView::new(&approval, handle.zone());
    Ok(respond::ok(&json!({ "success": true, "message": "Rejected", "approval": view })))
}

/// Decides on a request, and keeps that.
async fn decide(
    (handle, desk, changing): (&Handle, &Outstations, &Changing),
    asker: &Asker,
    (id, agrees): (String, bool),
    body: Result<Bytes, BytesRejection>,
) -> Result<Approval, ApiError> {
    allowed(asker, Role::Operator)?;
    let body = body.map_err(jobs::refused_body)?;
    let mut fields = BodyFields::read_or_empty(&body, &["note"])?;
    let note = fields.label("note", LONGEST_NOTE);
    fields.finish()?;
    drop(body);
    let token = match asker.principal() {
        Principal::Token { id, .. } => token_of(handle, id.clone()).await?,
        Principal::Unix { .. } | Principal::Anonymous => None,
    };
    // Of two who decide at once, the second finds it decided.
    let _alone = changing.alone().await;
    let approval = desk.decide(&id, &asker.actor(), token.as_ref(), agrees, note)?;
    let record = Record::Approval(Box::new(approval.clone()));
    records::keep(handle, asker, record, Expect::There).await?;
    Ok(approval)
}

async fn token_of(handle: &Handle, id: String) -> Result<Option<Token>, ApiError> {
    respond::blocking(handle, move |handle| Ok(handle.reader().token(&id)?)).await
}
