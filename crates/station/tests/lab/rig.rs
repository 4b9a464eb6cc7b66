//! A station in this process with simulated instruments beside it.

use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use station::access::Caller;
use station::daemon::{Options, Station};
use station::runtime::Mode;
use station_core::model::{Principal, Role};
use station_instrument::simulate::{Fault, Model, Simulator, SimulatorOptions};
use tower::ServiceExt;

/// How long anything may take on a busy machine before a test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct Lab {
    router: Router,
    station: Station,
    pub(crate) simulators: Vec<Simulator>,
    pub(crate) runtime: tokio::runtime::Runtime,
    dir: tempfile::TempDir,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    /// One that is started with other options than the usual ones.
    pub(crate) fn with(change: impl FnOnce(&mut Options)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runtime = station::daemon::tokio_runtime().unwrap();
        let mut options = Options::new(dir.path().to_owned());
        change(&mut options);
        let station = runtime.block_on(async { Station::open(&options, Mode::Daemon) }).unwrap();
        let router = station.router();
        Self { router, station, simulators: Vec::new(), runtime, dir }
    }

    /// With a power supply that is registered as `psu`.
    pub(crate) fn with_psu() -> Self {
        let mut lab = Self::new();
        let resource = lab.simulate(Model::Psu, &[]);
        lab.connect("psu", "power_supply", &resource);
        lab
    }

    /// Switches an instrument on, with faults as the command line has them; its resource string.
    pub(crate) fn simulate(&mut self, model: Model, faults: &[&str]) -> String {
        let faults: Vec<Fault> = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        let options = SimulatorOptions { model, faults, ..SimulatorOptions::default() };
        let simulator = self.runtime.block_on(async { Simulator::start(options) }).unwrap();
        let resource = simulator.resources().remove(0);
        self.simulators.push(simulator);
        resource
    }

    /// A resource string at which nobody answers.
    pub(crate) fn nobody() -> String {
        // The port is free again as soon as this returns, and nobody has been told of it.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("TCPIP0::127.0.0.1::{}::SOCKET", listener.local_addr().unwrap().port())
    }

    pub(crate) fn connect(&self, id: &str, kind: &str, resource: &str) {
        let told = self.post(
            "/api/equipment/connect",
            json!({ "resource_string": resource, "equipment_type": kind, "equipment_id": id }),
        );
        assert_eq!(told, json!({ "equipment_id": id, "status": "connected" }));
    }

    /// Carries a verb out; the whole answer.
    pub(crate) fn command(&self, id: &str, verb: &str, parameters: Value) -> Value {
        let body = json!({ "action": verb, "parameters": parameters });
        self.post(&format!("/api/equipment/{id}/command"), body)
    }

    /// Sends a text to the first instrument and gives its answer, past the station.
    pub(crate) fn scpi(&self, id: &str, text: &str) -> Value {
        let told = self.command(id, "scpi", json!({ "text": text }));
        assert_eq!(told["success"], true, "{told}");
        told["data"].clone()
    }

    pub(crate) fn ask(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let ann = Principal::Unix { uid: 0, name: Some("ann".to_owned()) };
        self.ask_as(&Caller::local(ann), method, path, body)
    }

    pub(crate) fn ask_as(
        &self,
        caller: &Caller,
        method: &str,
        path: &str,
        body: Value,
    ) -> (u16, Value) {
        let (status, bytes) = self.bytes(caller, method, path, body);
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    fn bytes(&self, caller: &Caller, method: &str, path: &str, body: Value) -> (u16, Bytes) {
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = Request::builder().method(method).uri(path).extension(caller.clone());
        let request = request.body(body).unwrap();
        let router = self.router.clone();
        self.runtime.block_on(async {
            let answer = async {
                let answer = router.oneshot(request).await.unwrap();
                let status = answer.status().as_u16();
                (status, answer.into_body().collect().await.unwrap().to_bytes())
            };
            tokio::time::timeout(PATIENCE, answer).await.unwrap()
        })
    }

    /// Follows a stream of events to its end.
    pub(crate) fn stream(&self, path: &str) -> Vec<(String, Value)> {
        let ann = Principal::Unix { uid: 0, name: Some("ann".to_owned()) };
        let (status, bytes) = self.bytes(&Caller::local(ann), "GET", path, Value::Null);
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert_eq!(status, 200, "{text}");
        let event = |block: &str| {
            let (name, data) = block.strip_prefix("event: ")?.split_once("\ndata: ")?;
            Some((name.to_owned(), serde_json::from_str(data).unwrap()))
        };
        text.split("\n\n").filter_map(event).collect()
    }

    /// Asks for what must be there.
    pub(crate) fn get(&self, path: &str) -> Value {
        let (status, told) = self.ask("GET", path, Value::Null);
        assert_eq!(status, 200, "{path}: {told}");
        told
    }

    /// Asks for what must be granted.
    pub(crate) fn post(&self, path: &str, body: Value) -> Value {
        let (status, told) = self.ask("POST", path, body);
        assert!((200..300).contains(&status), "{path}: {status} {told}");
        told
    }

    /// Asks for what must be refused; the status and the sentence.
    #[track_caller]
    pub(crate) fn refused(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        let (status, told) = self.ask(method, path, body);
        assert!(status >= 400, "{method} {path}: {told}");
        let detail = &told["detail"];
        let text = detail.as_str().map_or_else(|| detail.to_string(), ToOwned::to_owned);
        (status, text)
    }

    pub(crate) fn directory(&self) -> PathBuf {
        self.dir.path().to_owned()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.station.handle.shut_down(Duration::ZERO);
        self.runtime.block_on(async {
            self.station.bench.shut_down().await;
            self.station.handle.stopped().await;
        });
    }
}

/// Somebody with a token, in a role.
pub(crate) fn token(role: Role) -> Caller {
    let principal = Principal::Token { id: "1".to_owned(), name: "lab".to_owned() };
    Caller { principal, role, anonymous: false, source: None }
}
