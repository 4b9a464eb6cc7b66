//! Looks at outstations: how each stands, what its points show, and that as it changes.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};
use station_core::model::{Record, RecordKind, Role};
use station_outstation::desk::{Outstations, ValueView, Watched};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::caller::Asker;
use super::error::ApiError;
use super::openapi::{about_outstations, happenings, params, refusals};
use super::outstation_records::{Desk, all, allowed, find, told, unknown};
use super::outstation_shown::TagView;
use super::query::Arguments;
use super::records::KeyPath;
use super::{respond, sse};
use crate::runtime::Handle;

/// After how long without a change a comment is sent.
const SILENCE: Duration = Duration::from_secs(15);

/// Tells how an outstation stands: its link, what was done to keep it, what is tagged.
#[utoipa::path(
    get, path = "/api/outstations/{name}/status",
    tag = "outstations", operation_id = "outstationStatus",
    params(params::OutstationName),
    responses(
        (status = 200, description = "How it stands", body = about_outstations::OutstationStatus),
        refusals::Usual, refusals::NotAtDesk,
    ),
)]
pub(super) async fn status(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    asker: Asker,
    KeyPath(name): KeyPath,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let status = desk.status(&name).ok_or_else(|| unknown(&desk, &name))?;
    let mut answer = told(&handle, &status)?;
    let (tags, stopped) = respond::blocking(&handle, move |handle| {
        let tags = all(handle, RecordKind::Tag)?;
        let its = tags.iter().filter_map(|record| {
            let Record::Tag(tag) = record else { return None };
            (tag.outstation == name).then(|| TagView::new(tag, handle.zone()))
        });
        let stopped = all(handle, RecordKind::Control)?
            .iter()
            .any(|record| matches!(record, Record::Control(switch) if switch.stopped));
        Ok((json!(its.collect::<Vec<_>>()), stopped))
    })
    .await?;
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("tagged".to_owned(), tags);
        fields.insert("control_stopped".to_owned(), stopped.into());
    }
    Ok(respond::ok(&answer))
}

/// Tells what the points of an outstation show, as it was told last. Of a point that is commanded that is
/// what its feedback shows.
#[utoipa::path(
    get, path = "/api/outstations/{name}/values",
    tag = "outstations", operation_id = "outstationValues",
    params(params::OutstationName, params::Points),
    responses(
        (status = 200, description = "The values", body = about_outstations::Values),
        refusals::Usual, refusals::NotAtDesk, refusals::Conflict,
    ),
)]
pub(super) async fn values(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    asker: Asker,
    KeyPath(name): KeyPath,
    query: Arguments,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let values = look(&desk, &name, &wanted(&query))?;
    let values = told(&handle, &values)?;
    let count = values.as_array().map_or(0, Vec::len);
    Ok(respond::ok(&json!({ "outstation": name, "count": count, "values": values })))
}

/// The points that are asked for; none: all.
fn wanted(query: &Arguments) -> Vec<String> {
    let names = query.text("point").unwrap_or_default().split(',').map(str::trim);
    names.filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect()
}

fn look(desk: &Outstations, name: &str, points: &[String]) -> Result<Vec<ValueView>, ApiError> {
    if points.is_empty() {
        return desk.values(name).ok_or_else(|| unknown(desk, name));
    }
    points.iter().map(|point| Ok(desk.value(name, point)?)).collect()
}

/// Streams the values of an outstation's points, all of them first and then as they change, as
/// server-sent events.
#[utoipa::path(
    get, path = "/api/outstations/{name}/watch",
    tag = "outstations", operation_id = "watchOutstation",
    params(params::OutstationName, params::Points),
    responses(
        (
            status = 200,
            description = "Server-sent events: `values`; `missed` where the client is too slow; \
                           `closed` at the end, when the outstation is removed or reached in another \
                           way",
            body = happenings::ValueEvent,
            content_type = "text/event-stream",
        ),
        refusals::Usual, refusals::NotAtDesk, refusals::Conflict,
    ),
    security(("bearer" = []), ("query" = [])),
)]
pub(super) async fn watch(
    State(handle): State<Handle>,
    Extension(desk): Desk,
    asker: Asker,
    KeyPath(name): KeyPath,
    query: Arguments,
) -> Result<Response, ApiError> {
    allowed(&asker, Role::Viewer)?;
    let outstation = find(&handle, &desk, name).await?;
    let points = wanted(&query);
    // What is told under the name of its feedback is looked up once.
    let watched: BTreeSet<String> = look(&desk, &outstation.name, &points)?
        .into_iter()
        .filter_map(|view| view.feedback.or(view.point))
        .collect();
    let only = (!points.is_empty()).then_some(watched);
    let (sender, receiver) = mpsc::channel(16);
    tokio::spawn(async move {
        let reader = Feed { handle: &handle, desk: &desk, name: &outstation.name, points, only };
        asker.while_good(&handle, reader.run(sender)).await;
    });
    let mut response = Response::new(Body::from_stream(ReceiverStream::new(receiver)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

type Frames = mpsc::Sender<Result<Bytes, Infallible>>;

/// What one client watches.
struct Feed<'a> {
    handle: &'a Handle,
    desk: &'a Outstations,
    name: &'a str,
    /// The points that were asked for.
    points: Vec<String>,
    /// The names under which they are told; `None`: all.
    only: Option<BTreeSet<String>>,
}

impl Feed<'_> {
    async fn run(self, to: Frames) {
        // Before the values are looked at, so that no change falls between.
        let watch = self.desk.watch(self.name);
        let first = look(self.desk, self.name, &self.points).unwrap_or_default();
        if !self.send(first, &to).await {
            return;
        }
        if let Some(mut watch) = watch {
            loop {
                let next = tokio::select! {
                    next = watch.next() => next,
                    () = self.handle.stopped() => return,
                    () = to.closed() => return,
                    () = tokio::time::sleep(SILENCE) => {
                        if to.send(Ok(Bytes::from_static(sse::KEEP_ALIVE))).await.is_err() {
                            return;
                        }
                        continue;
                    }
                };
                let goes_on = match next {
                    Some(Watched::Values(values)) => self.send(self.of_interest(values), &to).await,
                    Some(Watched::Missed(batches)) => {
                        to.send(Ok(event("missed", &json!({ "batches": batches })))).await.is_ok()
                    }
                    None => break,
                };
                if !goes_on {
                    return;
                }
            }
        }
        // Who has gone does not want to know.
        to.send(Ok(event("closed", &json!({ "outstation": self.name })))).await.ok();
    }

    fn of_interest(&self, values: Vec<ValueView>) -> Vec<ValueView> {
        let Some(only) = &self.only else { return values };
        let is_one = |view: &ValueView| view.point.as_ref().is_some_and(|name| only.contains(name));
        values.into_iter().filter(is_one).collect()
    }

    /// Sends values, if there are any; whether anybody reads on.
    async fn send(&self, values: Vec<ValueView>, to: &Frames) -> bool {
        if values.is_empty() {
            return true;
        }
        let Ok(values) = told(self.handle, &values) else { return false };
        let data = json!({ "outstation": self.name, "values": values });
        to.send(Ok(event("values", &data))).await.is_ok()
    }
}

fn event(name: &str, data: &Value) -> Bytes {
    format!("event: {name}\ndata: {data}\n\n").into()
}
