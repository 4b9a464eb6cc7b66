//! The trail over HTTP: a real station, asked through its router.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use http_body_util::BodyExt;
use serde_json::Value;
use station::access::Caller;
use station::audit::verify_file;
use station::daemon::{Options, Station};
use station::runtime::Mode;
use station_core::model::Role;
use tower::ServiceExt;

use super::*;

struct Site {
    router: Router,
    station: Station,
    runtime: tokio::runtime::Runtime,
    dir: tempfile::TempDir,
}

impl Site {
    /// A station with so many records that somebody else than the tests has asked for.
    fn new(records: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runtime = station::daemon::tokio_runtime().unwrap();
        let inside = runtime.enter();
        let station = Station::open(&Options::new(dir.path().to_owned()), Mode::Daemon).unwrap();
        drop(inside);
        let router = station::api::router(
            station.handle.clone(),
            station.bench.clone(),
            station.outstations.clone(),
        );
        let site = Self { router, station, runtime, dir };
        let drafts = (0..records).map(|n| {
            let told = told(&[(u64::try_from(n).unwrap(), true, 5, "680443000000")]);
            let of = Draft::done(Actor::station(), "outstation SS1/breaker-7", "write");
            Draft { telecontrol: Some(Box::new(told)), ..of }
        });
        site.runtime.block_on(site.station.handle.record(drafts.collect())).unwrap();
        site
    }

    fn ask(&self, caller: &Caller, method: &str, path: &str) -> (u16, String, Bytes) {
        let request = Request::builder().method(method).uri(path).extension(caller.clone());
        let request = request.body(Body::empty()).unwrap();
        self.runtime.block_on(async {
            let answer = self.router.clone().oneshot(request).await.unwrap();
            let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap());
            let (status, kind) = (answer.status().as_u16(), kind.unwrap_or_default().to_owned());
            // A body that is cut off is none.
            let body = answer.into_body().collect().await.map(|body| body.to_bytes());
            (status, kind, body.unwrap_or_default())
        })
    }

    fn get(&self, path: &str) -> (u16, Value) {
        let (status, _, body) = self.ask(&viewer(), "GET", path);
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.station.handle.shut_down(std::time::Duration::ZERO);
        self.runtime.block_on(self.station.handle.stopped());
    }
}

/// Somebody who may look and no more.
fn viewer() -> Caller {
    let principal = Principal::Unix { uid: 1001, name: Some("auditor".to_owned()) };
    Caller { principal, role: Role::Viewer, anonymous: false, source: None }
}

fn seqs(answer: &Value) -> Vec<u64> {
    let records = answer["records"].as_array().unwrap();
    records.iter().map(|record| record["seq"].as_u64().unwrap()).collect()
}

#[test]
fn records_are_listed_newest_first_in_pages_and_shown_whole() {
    let site = Site::new(5);
    let (status, first) = site.get("/api/audit?outstation=SS1&limit=3");
    assert_eq!(status, 200, "{first}");
    let newest = seqs(&first)[0];
    assert_eq!(seqs(&first), [newest, newest - 1, newest - 2]);
    assert_eq!(first["records"][0]["telecontrol"]["frame_count"], 1);
    assert_eq!(first["records"][0]["telecontrol"]["frames"], Value::Null);
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, second) = site.get(&format!("/api/audit?outstation=SS1&limit=3&cursor={cursor}"));
    assert_eq!(seqs(&second), [newest - 3, newest - 4]);
    assert_eq!(second["next_cursor"], Value::Null);

    let (status, shown) = site.get(&format!("/api/audit/{newest}"));
    assert_eq!(status, 200);
    let record = &shown["record"];
    assert_eq!(record["telecontrol"]["frames"][0]["hex"], "680443000000");
    assert_eq!(record["hash"].as_str().unwrap().len(), 64);
    let (_, head) = site.get("/api/audit/head");
    assert_eq!((&head["seq"], &head["hash"]), (&record["seq"], &record["hash"]));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let site = Site::new(1);
    for (path, status) in [
        ("/api/audit/0", 404),
        ("/api/audit/99", 404),
        ("/api/audit/x", 404),
        ("/api/audit/+1", 404),
        ("/api/audit?kind=done,odd", 422),
        ("/api/audit?status=verified", 422),
        ("/api/audit?class=good", 422),
        ("/api/audit?since=nwo", 422),
        ("/api/audit?cursor=x", 400),
        ("/api/audit?job=x", 404),
        ("/api/audit/export?format=xml", 422),
        (
            "/api/audit?kind=done&status=confirmed,failed&class=verified&since=1971-01-01T00:00:00Z",
            200,
        ),
    ] {
        assert_eq!(site.get(path).0, status, "{path}");
    }
}

#[test]
fn nobody_can_write_and_who_has_no_name_cannot_read() {
    let site = Site::new(1);
    let root = Caller::local(Principal::Unix { uid: 0, name: None });
    for path in ["/api/audit", "/api/audit/1", "/api/audit/head", "/api/audit/export"] {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            assert_eq!(site.ask(&root, method, path).0, 405, "{method} {path}");
        }
        let nobody = Caller { anonymous: true, principal: Principal::Anonymous, ..viewer() };
        assert_eq!(site.ask(&nobody, "GET", path).0, 403, "{path}");
    }
}

#[test]
fn an_export_comes_whole_and_can_be_verified() {
    let site = Site::new(500);
    let (status, kind, lines) = site.ask(&viewer(), "GET", "/api/audit/export");
    assert_eq!((status, kind.as_str()), (200, "application/jsonl"));
    let path = site.dir.path().join("export");
    std::fs::write(&path, &lines).unwrap();
    let report = verify_file(&path, None, &[]).unwrap();
    assert_eq!((&report.fault, report.head), (&None, site.station.handle.tail().head()));
    let (_, kind, capture) = site.ask(&viewer(), "GET", "/api/audit/export?format=pcap");
    assert_eq!(kind, "application/vnd.tcpdump.pcap");
    // The file's head, three packets that open the connection, and one for each frame.
    assert_eq!(capture.len(), 24 + 3 * (16 + 40) + 500 * (16 + 46));
    let (_, kind, table) =
        site.ask(&viewer(), "GET", "/api/audit/export?format=csv&outstation=SS1");
    assert_eq!(kind, "text/csv; charset=utf-8");
    assert_eq!(table.iter().filter(|octet| **octet == b'\n').count(), 501);
}

#[test]
fn an_export_that_is_cut_off_does_not_pass_for_a_whole_one() {
    let site = Site::new(1000);
    // The token was revoked meanwhile.
    let principal = Principal::Token { id: "1".to_owned(), name: "gone".to_owned() };
    let gone = Caller { principal, ..viewer() };
    let (status, _, body) = site.ask(&gone, "GET", "/api/audit/export");
    assert_eq!((status, body), (200, Bytes::new()));
}
