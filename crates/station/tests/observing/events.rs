//! Events over WebSockets and as server-sent events, each from a real client.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use axum::Extension;
use serde_json::{Value, json};
use station::access::Caller;
use station_core::model::Principal;
use tungstenite::{Message, WebSocket};

use super::site::{PATIENCE, Site};

/// Serves a site over TCP, as an administrator; its port.
fn serve(site: &Site) -> u16 {
    let ann = Caller::local(Principal::Unix { uid: 1000, name: Some("ann".into()) });
    let router = site.router.clone().layer(Extension(ann));
    let listener = site.block(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    site.runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
    port
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn socket(port: u16) -> WebSocket<TcpStream> {
    let url = format!("ws://127.0.0.1:{port}/ws");
    tungstenite::client(url, connect(port)).unwrap().0
}

/// The next message that is not the library's own business.
fn next(socket: &mut WebSocket<TcpStream>) -> Value {
    loop {
        if let Message::Text(text) = socket.read().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

/// Messages up to the one of this type.
fn until(socket: &mut WebSocket<TcpStream>, kind: &str) -> Vec<Value> {
    let mut seen = Vec::new();
    loop {
        seen.push(next(socket));
        if seen.last().unwrap()["type"] == kind {
            return seen;
        }
    }
}

#[test]
fn a_socket_is_told_what_happens() {
    let site = Site::new();
    let port = serve(&site);
    let mut socket = socket(port);
    socket.send(Message::text(r#"{"type":"ping"}"#)).unwrap();
    assert_eq!(next(&mut socket), json!({ "type": "pong" }));
    socket.send(Message::text("not JSON")).unwrap();
    assert_eq!(next(&mut socket)["type"], "error");

    let job = site.job("exit 3", json!({ "retries": 0, "on_failure_alarm": true }));
    let seen = until(&mut socket, "alarm_raised");
    let kinds: Vec<&str> = seen.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["job_created", "job_started", "job_failed", "alarm_raised"]);
    let created = json!({
        "job_id": job, "name": "sample", "schedule_type": "script", "trigger_type": "date",
        "enabled": true,
    });
    assert_eq!(seen[0]["data"], created);
    assert_eq!(seen[1]["data"]["execution_id"], format!("{job}.1"));
    assert!(seen[1]["data"]["started_at"].is_string());
    assert!(seen[2]["data"]["failed_at"].is_string());
    assert!(seen[2]["data"]["error"].is_string());
    assert_eq!(seen[3]["data"]["alarm_id"], format!("scheduler.{job}"));

    let good = site.job("true", json!({}));
    let done = until(&mut socket, "job_completed").pop().unwrap();
    assert_eq!(done["data"]["job_id"], good);
    assert_eq!(done["data"]["result"], "success");
    assert_eq!(site.ask("DELETE", &format!("/api/scheduler/jobs/{good}"), None).0, 200);
    let gone = until(&mut socket, "job_deleted").pop().unwrap();
    assert_eq!(gone["data"], json!({ "job_id": good }));
}

#[test]
fn a_long_run_starts_once() {
    let site = Site::new();
    let mut socket = socket(serve(&site));
    // Longer than it takes until its process is recorded; and it puts something out.
    site.job("echo here; sleep 0.2; echo there", json!({}));
    let seen = until(&mut socket, "job_completed");
    assert_eq!(seen.iter().filter(|event| event["type"] == "job_started").count(), 1, "{seen:?}");
}

#[test]
fn too_large_a_message_ends_the_socket() {
    let site = Site::new();
    let mut socket = socket(serve(&site));
    socket.send(Message::text("x".repeat(100_000))).unwrap();
    while let Ok(message) = socket.read() {
        assert!(!message.is_text(), "{message}");
    }
}

#[test]
fn no_more_than_64_listen() {
    let site = Site::new();
    let port = serve(&site);
    let sockets: Vec<_> = (0..64).map(|_| socket(port)).collect();
    let url = format!("ws://127.0.0.1:{port}/ws");
    match tungstenite::client(url, connect(port)) {
        Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
            assert_eq!(answer.status().as_u16(), 429);
        }
        other => panic!("{other:?}"),
    }
    drop(sockets);
}

#[test]
fn a_stream_is_told_what_happens_with_ids() {
    let site = Site::new();
    let mut stream = connect(serve(&site));
    let head = "GET /api/events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 12345\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    // It was away, so it may have missed something.
    assert!(lines.any(|line| line == "event: lagged"));
    site.job("true", json!({}));
    let seen: Vec<String> = lines.by_ref().take_while(|l| l != "event: job_completed").collect();
    let ids: Vec<&str> = seen.iter().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert_eq!(ids, ["1", "2", "3"]);
    let data = lines.next().unwrap();
    let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(data["data"]["result"], "success");
}
