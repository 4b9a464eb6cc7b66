//! Streams what happens, as server-sent events or over a WebSocket.
//!
//! Nothing is kept for those who are not there: who comes back after a break is told that events
//! may have been missed, and looks at the lists.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};
use station_core::model::Role;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;

use super::caller::Asker;
use super::error::ApiError;
use super::event_view::EventView;
use super::openapi::{happenings, params, refusals};
use super::sse;
use crate::runtime::{Event, Handle};

/// After how long without anything to say something is said.
const SILENCE: Duration = Duration::from_secs(15);
/// After how long without a word of its own a WebSocket's client counts as gone.
const GONE: Duration = Duration::from_secs(60);
/// The largest message a client may send, in bytes.
const LARGEST: usize = 16 << 10;
/// How long a client may take to accept one message.
const PATIENCE: Duration = Duration::from_secs(30);

type Events = Receiver<Arc<Event>>;

/// Streams what happens from now on, as server-sent events.
///
/// The data of each is an `Event`, as one line of JSON.
#[utoipa::path(
    get, path = "/api/events",
    tag = "events", operation_id = "followEvents",
    params(params::LastEvent),
    responses(
        (
            status = 200,
            description = "Server-sent events",
            body = happenings::SentEvent,
            content_type = "text/event-stream",
        ),
        refusals::Usual,
    ),
    security(("bearer" = []), ("query" = [])),
)]
pub(super) async fn stream(
    State(handle): State<Handle>,
    asker: Asker,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    let events = listen(&handle)?;
    let (sender, receiver) = mpsc::channel(16);
    let mut first = sse::KEEP_ALIVE.to_vec();
    let came_back = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    if came_back.is_some_and(|id| id != handle.latest_event().to_string()) {
        frame(None, &EventView::lagged(None), &mut first);
    }
    tokio::spawn(async move {
        asker.while_good(&handle, feed(&handle, events, first, sender)).await;
    });
    let mut response = Response::new(Body::from_stream(ReceiverStream::new(receiver)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn listen(handle: &Handle) -> Result<Events, ApiError> {
    handle.listen().ok_or_else(|| {
        ApiError::Crowded("too many clients listen for events already; try again later".to_owned())
    })
}

async fn feed(
    handle: &Handle,
    mut events: Events,
    first: Vec<u8>,
    sender: mpsc::Sender<Result<Bytes, Infallible>>,
) {
    let mut frames = first;
    loop {
        if sender.send(Ok(Bytes::from(std::mem::take(&mut frames)))).await.is_err() {
            return;
        }
        tokio::select! {
            event = events.recv() => match event {
                Ok(event) => {
                    let view = EventView::new(&event.what, handle.zone());
                    frame(Some(event.id), &view, &mut frames);
                }
                Err(RecvError::Lagged(missed)) => {
                    frame(None, &EventView::lagged(Some(missed)), &mut frames);
                }
                Err(RecvError::Closed) => return,
            },
            () = handle.stopped() => return,
            () = sender.closed() => return,
            () = tokio::time::sleep(SILENCE) => frames.extend_from_slice(sse::KEEP_ALIVE),
        }
    }
}

/// Appends an event. JSON has no raw line feeds, so its data is one line.
fn frame(id: Option<u64>, view: &EventView, frames: &mut Vec<u8>) {
    if let Some(id) = id {
        frames.extend_from_slice(format!("id: {id}\n").as_bytes());
    }
    let text = format!("event: {}\ndata: {}\n\n", view.kind, view.message());
    frames.extend_from_slice(text.as_bytes());
}

/// Streams what happens from now on, over a WebSocket.
///
/// Each message is an `Event`. `{"type": "ping"}` is answered `{"type": "pong"}`.
#[utoipa::path(
    get, path = "/ws",
    tag = "events", operation_id = "openSocket",
    responses(
        (status = 101, description = "The connection is a WebSocket now"),
        refusals::Usual, refusals::BadRequest,
    ),
    security(("bearer" = []), ("query" = [])),
)]
pub(super) async fn socket(
    State(handle): State<Handle>,
    asker: Asker,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    asker.require(Role::Viewer)?;
    let upgrade = upgrade.map_err(|error| {
        ApiError::Bad(format!("/ws is for WebSockets; /api/events streams the same: {error}"))
    })?;
    let events = listen(&handle)?;
    Ok(upgrade.max_message_size(LARGEST).max_frame_size(LARGEST).on_upgrade(async move |socket| {
        asker.while_good(&handle, serve(socket, &handle, events)).await;
    }))
}

async fn serve(mut socket: WebSocket, handle: &Handle, mut events: Events) {
    let mut heard = Instant::now();
    loop {
        let message = tokio::select! {
            event = events.recv() => match event {
                Ok(event) => {
                    Message::from(EventView::new(&event.what, handle.zone()).message())
                }
                Err(RecvError::Lagged(missed)) => {
                    Message::from(EventView::lagged(Some(missed)).message())
                }
                Err(RecvError::Closed) => return,
            },
            received = socket.recv() => {
                // Too large a message, or a broken connection.
                let Some(Ok(received)) = received else { return };
                heard = Instant::now();
                match received {
                    Message::Text(text) => Message::from(answer(text.as_bytes())),
                    Message::Binary(bytes) => Message::from(answer(&bytes)),
                    // Pings are answered by the library.
                    Message::Ping(_) | Message::Pong(_) => continue,
                    Message::Close(_) => return,
                }
            },
            () = handle.stopped() => return,
            () = tokio::time::sleep(SILENCE) => {
                if heard.elapsed() > GONE {
                    return;
                }
                Message::Ping(Bytes::new())
            }
        };
        match tokio::time::timeout(PATIENCE, socket.send(message)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

/// What a client's message is answered with.
fn answer(text: &[u8]) -> String {
    let error = |detail: &str| json!({ "type": "error", "data": { "detail": detail } });
    let answer = match serde_json::from_slice::<Value>(text) {
        Err(_) => error("the message is not JSON; {\"type\":\"ping\"} is one"),
        Ok(message) => match message.get("type").and_then(Value::as_str) {
            Some("ping") => json!({ "type": "pong" }),
            // Older clients name what they want; they are sent everything.
            Some("subscribe" | "unsubscribe" | "pong") => json!({ "type": "ok" }),
            Some(other) => {
                let other: String = other.chars().take(50).collect();
                error(&format!("'{other}' is not a type of message; 'ping' is one"))
            }
            None => error("the message has no 'type'; {\"type\":\"ping\"} has one"),
        },
    };
    answer.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_answered_one_by_one() {
        assert_eq!(answer(br#"{"type":"ping"}"#), r#"{"type":"pong"}"#);
        let deep = b"[".repeat(10_000);
        for wrong in [&b"nope"[..], b"", b"\xff", b"{}", b"[]", br#"{"type":7}"#, &deep] {
            let told: Value = serde_json::from_str(&answer(wrong)).unwrap();
            assert_eq!(told["type"], "error");
        }
        let told: Value = serde_json::from_str(&answer(br#"{"type":"dance"}"#)).unwrap();
        assert_eq!(told["data"]["detail"], "'dance' is not a type of message; 'ping' is one");
    }
}
