//! A station in this process, asked through its router: real engine, real store, real commands.

mod equipment;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use station::access::Caller;
use station::daemon::{Options, Station};
use station::runtime::Mode;
use station_core::model::Principal;
use tower::ServiceExt;

/// A station that fires, in a directory of its own.
pub(crate) struct Site {
    router: Router,
    station: Station,
    runtime: tokio::runtime::Runtime,
    _dir: tempfile::TempDir,
}

impl Site {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runtime = station::daemon::tokio_runtime().unwrap();
        let inside = runtime.enter();
        let station = Station::open(&Options::new(dir.path().to_owned()), Mode::Daemon).unwrap();
        drop(inside);
        let router = station.router();
        Self { router, station, runtime, _dir: dir }
    }

    /// Asks as the user the station runs as.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        self.ask_as(&local(), method, path, body)
    }

    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        self.ask("GET", path, &Value::Null)
    }

    /// Asks as somebody.
    pub(crate) fn ask_as(
        &self,
        caller: &Caller,
        method: &str,
        path: &str,
        body: Bytes,
    ) -> (u16, Value) {
        self.runtime.block_on(send(self.router.clone(), caller.clone(), method, path, body))
    }

    /// Asks several things at once.
    pub(crate) fn ask_at_once(&self, asked: &[(&str, &str, Value)]) -> Vec<(u16, Value)> {
        self.runtime.block_on(async {
            let tasks: Vec<_> = asked
                .iter()
                .map(|(method, path, body)| {
                    let (method, path) = ((*method).to_owned(), (*path).to_owned());
                    let (router, body) = (self.router.clone(), body.to_string().into());
                    tokio::spawn(async move { send(router, local(), &method, &path, body).await })
                })
                .collect();
            let mut answers = Vec::new();
            for task in tasks {
                answers.push(task.await.unwrap());
            }
            answers
        })
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.station.handle.shut_down(std::time::Duration::ZERO);
        self.runtime.block_on(self.station.handle.stopped());
    }
}

/// The user the station runs as.
pub(crate) fn local() -> Caller {
    Caller::local(Principal::Unix { uid: 0, name: Some("ann".to_owned()) })
}

async fn send(
    router: Router,
    caller: Caller,
    method: &str,
    path: &str,
    body: Bytes,
) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .extension(caller)
        .body(Body::from(body))
        .unwrap();
    let answer = router.oneshot(request).await.unwrap();
    let status: StatusCode = answer.status();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status.as_u16(), serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}
