//! A station in this process, asked as different people.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use station::access::Caller;
use station::daemon::{Options, Station};
use station::runtime::Mode;
use station_core::model::{Principal, Role};
use tower::ServiceExt;

/// How long anything may take on a busy machine before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The points of the strict peer that the tests use: a direct single command, one that takes two
/// persons, a set point, and what nobody of the tests may command.
pub(crate) const POINTS: &str = r#"
[[point]]
name = "breaker-7"
ioa = 4501
type = "C_SC_NA_1"
[point.command]
feedback = "breaker-7-state"
may = ["*"]

[[point]]
name = "breaker-7-state"
ioa = 14501
type = "M_SP_NA_1"

[[point]]
name = "busbar"
ioa = 4601
type = "C_DC_NA_1"
[point.command]
feedback = "busbar-state"
may = ["user:ann", "token:shift"]
approval = 600

[[point]]
name = "busbar-state"
ioa = 14601
type = "M_DP_NA_1"

[[point]]
name = "level"
ioa = 5001
type = "C_SE_NC_1"
[point.command]
feedback = "level-state"
may = ["user:ann"]
range = [-10, 10]
interlock = "breaker-7-state == off"

[[point]]
name = "level-state"
ioa = 15001
type = "M_ME_NC_1"
unit = "kV"
"#;

pub(crate) struct Rig {
    router: Router,
    pub(crate) station: Station,
    runtime: tokio::runtime::Runtime,
    _dir: tempfile::TempDir,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runtime = station::daemon::tokio_runtime().unwrap();
        let options = Options::new(dir.path().to_owned());
        let station = runtime.block_on(async { Station::open(&options, Mode::Daemon) }).unwrap();
        let router = station::api::router(
            station.handle.clone(),
            station.bench.clone(),
            station.outstations.clone(),
        );
        Self { router, station, runtime, _dir: dir }
    }

    /// One with the outstation SS1 at an endpoint, and the link to it up.
    pub(crate) fn with(endpoint: &str) -> Self {
        let rig = Self::new();
        let body = json!({
            "name": "SS1", "address": endpoint, "ca": 47, "points_toml": POINTS,
            "settings": { "feedback_timeout": 3000 },
        });
        assert_eq!(rig.post("/api/outstations", body).0, 200);
        rig.until("the link is up", || {
            let (_, status) = rig.get("/api/outstations/SS1/status");
            status["link"] == "up" && status["interrogated"]["class"] == "complete"
        });
        rig
    }

    /// Looks again until something holds.
    pub(crate) fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let started = Instant::now();
        while !holds() {
            assert!(started.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
            self.runtime.block_on(async { tokio::time::sleep(Duration::from_millis(20)).await });
        }
    }

    pub(crate) fn get(&self, path: &str) -> (u16, Value) {
        self.ask(&ann(), "GET", path, Value::Null)
    }

    pub(crate) fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(&ann(), "POST", path, body)
    }

    pub(crate) fn ask(&self, by: &Caller, method: &str, path: &str, body: Value) -> (u16, Value) {
        let bytes = if body.is_null() { Bytes::new() } else { body.to_string().into() };
        let (status, _, bytes) = self.send(by, method, path, &[], bytes);
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    /// Asks with headers; the status, what the answer is in, and the answer.
    pub(crate) fn send(
        &self,
        by: &Caller,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> (u16, String, Bytes) {
        let mut request = Request::builder().method(method).uri(path).extension(by.clone());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.into())).unwrap();
        let router = self.router.clone();
        self.runtime.block_on(async move {
            let answer = router.oneshot(request).await.unwrap();
            let status = answer.status().as_u16();
            let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap());
            let kind = kind.unwrap_or_default().to_owned();
            (status, kind, answer.into_body().collect().await.unwrap().to_bytes())
        })
    }

    /// The first part of an answer that does not end.
    pub(crate) fn first_of(&self, path: &str) -> String {
        let request = Request::builder().uri(path).extension(ann()).body(Body::empty()).unwrap();
        let router = self.router.clone();
        self.runtime.block_on(async move {
            let mut body = router.oneshot(request).await.unwrap().into_body();
            let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
            String::from_utf8(frame.to_vec()).unwrap()
        })
    }

    /// A token that somebody made, and who holds it.
    pub(crate) fn token(&self, by: &Caller, name: &str, role: Role) -> Caller {
        let body = json!({ "name": name, "role": role.name() });
        let (status, made) = self.ask(by, "POST", "/api/tokens", body);
        assert_eq!(status, 200, "{made}");
        let id = made["id"].as_str().unwrap().to_owned();
        holder(&id, name, role)
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.runtime.block_on(self.station.outstations.close());
        self.station.handle.shut_down(Duration::ZERO);
        self.runtime.block_on(self.station.handle.stopped());
    }
}

/// A user of this machine.
pub(crate) fn user(uid: u32, name: &str) -> Caller {
    Caller::local(Principal::Unix { uid, name: Some(name.to_owned()) })
}

/// The user who registers and commands.
pub(crate) fn ann() -> Caller {
    user(1000, "ann")
}

/// Whoever holds a token.
pub(crate) fn holder(id: &str, name: &str, role: Role) -> Caller {
    let principal = Principal::Token { id: id.to_owned(), name: name.to_owned() };
    Caller { principal, role, anonymous: false, source: None }
}
