//! A station in this process, on a directory of its own, asked through its router.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use axum::{Extension, Router};
use serde_json::Value;
use station::access::Caller;
use station::daemon::{Options, Station};
use station::runtime::{Event, Mode};
use station_core::model::{ExecutionStatus, Principal, Role};
use tokio::sync::broadcast::Receiver;
use tower::ServiceExt;

/// How long anything may take on a busy machine before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Site {
    pub(crate) station: Station,
    pub(crate) router: Router,
    pub(crate) runtime: tokio::runtime::Runtime,
    _dir: tempfile::TempDir,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// One with this configuration.
    pub(crate) fn with(configuration: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("test.toml");
        std::fs::write(&file, configuration).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&file, mode).unwrap();
        let data = dir.path().join("data");
        let options = Options::load(data, Some(&file)).unwrap();
        station::daemon::prepare(&options).unwrap();
        let runtime = station::daemon::tokio_runtime().unwrap();
        let station = runtime.block_on(async { Station::open(&options, Mode::Daemon) }).unwrap();
        let router = station.router();
        Self { station, router, runtime, _dir: dir }
    }

    pub(crate) fn block<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await.unwrap() })
    }

    /// Asks as this principal; status and body.
    pub(crate) fn ask_as(
        &self,
        principal: Principal,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let local = matches!(principal, Principal::Unix { .. });
        let role = if local { Role::Admin } else { Role::Viewer };
        let anonymous = principal == Principal::Anonymous;
        self.ask_with(Caller { principal, role, anonymous, source: None }, method, path, body)
    }

    /// Asks as this caller; status and body.
    pub(crate) fn ask_with(
        &self,
        caller: Caller,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let request = Request::builder().method(method).uri(path).body(Body::from(body)).unwrap();
        let router = self.router.clone().layer(Extension(caller));
        let response = self.block(router.oneshot(request)).unwrap();
        let status = response.status().as_u16();
        let bytes = self.block(axum::body::to_bytes(response.into_body(), usize::MAX)).unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// Follows a stream as this principal.
    pub(crate) fn stream_as(&self, principal: Principal, path: &str) -> Body {
        let caller = Caller { principal, role: Role::Viewer, anonymous: false, source: None };
        let router = self.router.clone().layer(Extension(caller));
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = self.block(router.oneshot(request)).unwrap();
        assert_eq!(response.status().as_u16(), 200, "{path}");
        response.into_body()
    }

    pub(crate) fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let ann = Principal::Unix { uid: 1000, name: Some("ann".into()) };
        self.ask_as(ann, method, path, body)
    }

    /// Asks for what must be there.
    pub(crate) fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask("GET", path, None);
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Asks for what must be granted.
    pub(crate) fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask("POST", path, Some(body));
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Creates a script job due at once; its id.
    pub(crate) fn job(&self, command: &str, more: Value) -> String {
        let mut body = serde_json::json!({
            "name": "sample", "schedule_type": "script", "when": "now",
            "parameters": { "command": command },
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post("/api/scheduler/jobs/create", body)["job_id"].as_str().unwrap().to_owned()
    }

    /// Waits until an execution of any job has ended; in which status.
    pub(crate) fn ended(&self, events: &mut Receiver<Arc<Event>>) -> ExecutionStatus {
        loop {
            let event = self.block(events.recv()).unwrap();
            if let station::runtime::Happening::Ended(execution) = &event.what {
                return execution.status;
            }
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.station.handle.shut_down(Duration::ZERO);
        self.block(self.station.handle.stopped());
    }
}
