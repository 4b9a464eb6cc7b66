//! What keeps commands from being sent: tags at single points, and the switch of all commands.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;
use station_core::engine::Expect;
use station_core::model::{ControlSwitch, Principal, Record, RecordKind, Role, Tag};
use station_core::near::{hint, shown};

use super::body_fields::BodyFields;
use super::caller::Asker;
use super::changes::Changing;
use super::error::ApiError;
use super::openapi::{about_outstations, outstation_requests, params, refusals};
use super::outstation_records::{Desk, all, allowed, find, is_name};
use super::outstation_shown::{SwitchView, TagView};
use super::query::Arguments;
use super::records;
use super::{jobs, respond};
use crate::outstation_words::LONGEST_REASON;
use crate::runtime::Handle;

/// Lists tags, by outstation and point.
#[utoipa::path(
    get, path = "/api/tags",
    tag = "outstations", operation_id = "listTags",
    params(params::TaggedOutstation),
    responses(
        (status = 200, description = "The tags", body = about_outstations::Tags),
        refusals::Usual,
    ),
)]
pub(super) async fn list(
    State(handle): State<Handle>,
    asker: Asker,
    query: Arguments,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let wanted = query.text("outstation").map(ToOwned::to_owned);
    respond::blocking(&handle, move |handle| {
        let records = all(handle, RecordKind::Tag)?;
        let tags = records
            .iter()
            .filter_map(|record| if let Record::Tag(tag) = record { Some(tag) } else { None });
        let its = |tag: &&Tag| wanted.as_ref().is_none_or(|name| *name == tag.outstation);
        let views: Vec<_> = tags.filter(its).map(|tag| TagView::new(tag, handle.zone())).collect();
        Ok(respond::ok(&json!({ "success": true, "count": views.len(), "tags": views })))
    })
    .await
}

/// Tags a point: nobody may command it, by hand or by a job, until the tag is taken off.
#[utoipa::path(
    put, path = "/api/outstations/{name}/points/{point}/tag",
    tag = "outstations", operation_id = "tagPoint",
    params(params::OutstationAndPoint),
    request_body(content = outstation_requests::ReasonRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "It is tagged", body = about_outstations::Tagged),
        refusals::Usual, refusals::BadRequest, refusals::NotAtDesk, refusals::TooLarge,
        refusals::Invalid,
    ),
)]
pub(super) async fn put(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    Extension(changing): Extension<Arc<Changing>>,
    asker: Asker,
    PointPath(name, point): PointPath,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    let reason = reason(body)?;
    let _alone = changing.alone().await;
    let outstation = find(&handle, &desk, name).await?;
    let Some(found) = outstation.points.iter().find(|one| one.name == point) else {
        let near = hint(&point, outstation.points.iter().map(|one| one.name.as_str()));
        let text = format!("{} has no point '{}'{near}", outstation.name, shown(&point));
        return Err(ApiError::NotFound(text));
    };
    // Its tag would keep nobody from the breaker whose position it shows.
    if found.command.is_none() {
        let by = outstation.points.iter().find(|one| {
            one.command.as_ref().is_some_and(|rules| rules.feedback.as_ref() == Some(&point))
        });
        let hint = by.map(|by| format!(": '{}' has it as its feedback", by.name));
        return Err(ApiError::Bad(format!(
            "{}/{point} is only watched, and tagging it would keep nobody from anything; tag the \
             point that is commanded{}",
            outstation.name,
            hint.unwrap_or_default()
        )));
    }
    let by = asker.principal().clone();
    let tag = Tag { outstation: outstation.name, point, reason, by, at: handle.now() };
    records::keep(&handle, &asker, Record::Tag(tag.clone()), Expect::Either).await?;
    Ok(respond::ok(&json!({
        "success": true, "message": "Point tagged", "tag": TagView::new(&tag, handle.zone()),
    })))
}

/// Takes the tag off a point.
#[utoipa::path(
    delete, path = "/api/outstations/{name}/points/{point}/tag",
    tag = "outstations", operation_id = "untagPoint",
    params(params::OutstationAndPoint),
    responses(
        (status = 200, description = "It is off", body = about_outstations::Done),
        refusals::Usual, refusals::NotAtDesk,
    ),
)]
pub(super) async fn remove(
    State(handle): State<Handle>,
    Extension(changing): Extension<Arc<Changing>>,
    asker: Asker,
    PointPath(name, point): PointPath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    let not_tagged =
        || ApiError::NotFound(format!("{}/{} is not tagged", shown(&name), shown(&point)));
    if !is_name(&name) || !is_name(&point) {
        return Err(not_tagged());
    }
    let _alone = changing.alone().await;
    let key = Tag::key(&name, &point);
    match records::forget(&handle, &asker, RecordKind::Tag, key).await {
        Err(ApiError::Refused(_)) => Err(not_tagged()),
        Err(error) => Err(error),
        Ok(()) => Ok(respond::ok(&json!({ "success": true, "message": "Tag taken off" }))),
    }
}

/// Tells whether anything may be commanded.
#[utoipa::path(
    get, path = "/api/control",
    tag = "outstations", operation_id = "controlSwitch",
    responses(
        (status = 200, description = "The switch", body = SwitchView<'static>),
        refusals::Usual,
    ),
)]
pub(super) async fn switch(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    asker: Asker,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    Ok(respond::ok(&SwitchView::new(desk.switch().as_ref(), handle.zone())))
}

/// Stops all commands to outstations, by people and by jobs. Monitoring goes on.
#[utoipa::path(
    post, path = "/api/control/stop",
    tag = "outstations", operation_id = "stopControl",
    request_body(content = outstation_requests::StopRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "Nothing is sent any more", body = about_outstations::Switched),
        refusals::Usual, refusals::BadRequest, refusals::TooLarge, refusals::Invalid,
    ),
)]
pub(super) async fn stop(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    asker: Asker,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    let reason = stop_reason(body)?;
    let stopped = throw(&handle, &asker, (true, reason.clone())).await;
    if stopped.is_err() {
        // It cannot be stored, and whoever asks is told so; until the station stops it holds all the same.
        let by = asker.principal().clone();
        let switch = ControlSwitch { stopped: true, reason, by, at: handle.now() };
        desk.kept(&Record::Control(switch));
    }
    stopped
}

/// Lets commands be sent again, each as far as it is permitted. That takes somebody with a name.
#[utoipa::path(
    post, path = "/api/control/start",
    tag = "outstations", operation_id = "startControl",
    request_body(content = outstation_requests::ReasonRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "Commands are sent again", body = about_outstations::Switched),
        refusals::Usual, refusals::BadRequest, refusals::TooLarge, refusals::Invalid,
    ),
)]
pub(super) async fn start(
    State(handle): State<Handle>,
    asker: Asker,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Operator)?;
    if let nameless @ (Principal::Unix { name: None, .. } | Principal::Anonymous) =
        asker.principal()
    {
        return Err(ApiError::Denied(format!(
            "{} has no name that the trail could hold; a user or a token with a name starts control",
            nameless.label()
        )));
    }
    throw(&handle, &asker, (false, Some(reason(body)?))).await
}

/// Throws the switch. Nothing is waited for: the dispatcher tells the desk before it answers, and of two
/// who throw it at once the second last.
async fn throw(
    handle: &Handle,
    asker: &Asker,
    (stopped, reason): (bool, Option<String>),
) -> Result<Response, ApiError> {
    let by = asker.principal().clone();
    let switch = ControlSwitch { stopped, reason, by, at: handle.now() };
    records::keep(handle, asker, Record::Control(switch.clone()), Expect::Either).await?;
    let mut answer = json!(SwitchView::new(Some(&switch), handle.zone()));
    let message = if stopped { "Control stopped" } else { "Control started" };
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("success".to_owned(), true.into());
        fields.insert("message".to_owned(), message.into());
    }
    Ok(respond::ok(&answer))
}

/// Who has to stop everything need not think of a reason.
fn stop_reason(body: Result<Bytes, BytesRejection>) -> Result<Option<String>, ApiError> {
    let body = body.map_err(jobs::refused_body)?;
    let mut fields = BodyFields::read(&body, &["reason"])?;
    let reason = fields.label("reason", LONGEST_REASON);
    fields.finish()?;
    Ok(reason)
}

fn reason(body: Result<Bytes, BytesRejection>) -> Result<String, ApiError> {
    let body = body.map_err(jobs::refused_body)?;
    let mut fields = BodyFields::read(&body, &["reason"])?;
    let reason = fields.required_label("reason", LONGEST_REASON);
    fields.finish()?;
    reason.ok_or(ApiError::Internal)
}

/// What names a point in a path.
pub(super) struct PointPath(String, String);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for PointPath {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<Self, ApiError> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        // A path that is not UTF-8 cannot be decoded; it names nothing either.
        Ok(path.map_or_else(
            |_| Self("?".to_owned(), "?".to_owned()),
            |Path((name, point))| Self(name, point),
        ))
    }
}
