//! `station acquisition`: what is asked of the station, and what is shown.

use serde_json::{Value, json};

use crate::equipment::screens;
use crate::support::{Fake, Line, Reply, refusal};

fn acquisition(id: &str, state: &str) -> Value {
    let failed = state == "error";
    json!({
        "acquisition_id": id, "equipment_id": "psu", "execution_id": null, "state": state,
        "duration_seconds": if failed { Value::Null } else { json!(90.0) }, "sample_rate": 10,
        "channels": ["CH1", "CH2"], "format": "csv", "created_at": "2027-01-31T09:17:42.25+00:00",
        "started_at": "2027-01-31T09:22:42+00:00", "ended_at": null, "file": format!("{id}.csv"),
        "samples": 25, "lost": 1, "achieved_rate": 9.98765,
        "error": if failed { json!("the connection was lost\u{1b}[2J") } else { Value::Null },
    })
}

fn one(id: &str, state: &str) -> Value {
    json!({ "acquisition_id": id, "status": state, "acquisition": acquisition(id, state) })
}

fn batch() -> Value {
    json!({
        "first": 7, "channels": ["CH1", "CH2"], "times": [0.5, 1.0],
        "values": [[1.25, null], [1.0, -2.5e-7]],
    })
}

fn replies(what: &str, body: &Value) -> Reply {
    let (method, path) = what.split_once(' ').unwrap();
    let state = |id: &str| if id == "bad" { "error" } else { "stopped" };
    let Some(path) = path.strip_prefix("/api/acquisition/") else {
        return refusal(404, "no such path");
    };
    let words: Vec<&str> = path.split('/').collect();
    match (method, words.as_slice()) {
        ("GET", ["sessions"]) => {
            let all = [acquisition("acq-1", "acquiring"), acquisition("bad", "error")];
            Reply::Json(200, json!({ "sessions": all }))
        }
        ("GET", ["sessions?equipment_id=dmm"]) => Reply::Json(200, json!({ "sessions": [] })),
        ("POST", ["export"]) => Reply::Json(200, json!({ "file": "/data/acq-1.npy" })),
        ("POST", ["session", "create"]) if body["equipment_id"] == "nosuch" => {
            refusal(404, "equipment 'nosuch' is not registered")
        }
        ("POST", ["session", "create"]) => Reply::Json(200, one("acq-2", "idle")),
        ("POST", ["session", "acq-3", "start"]) => Reply::Json(
            409,
            json!({ "detail": "equipment 'psu' is held by ann", "instrument_error": "busy" }),
        ),
        (_, ["session", "psu" | "nosuch", ..]) => refusal(404, "acquisition 'psu' not found"),
        ("GET", ["session", "late", "stream"]) => {
            Reply::Events(vec![("status", acquisition("late", "idle"))])
        }
        ("GET", ["session", id, "stream"]) => Reply::Events(vec![
            ("samples", batch()),
            ("missed", json!({ "batches": 2 })),
            ("samples", batch()),
            ("status", acquisition(id, state(id))),
        ]),
        ("GET", ["session", _, "data?num_samples=2"]) => Reply::Json(200, batch()),
        ("DELETE", ["session", _]) => Reply::Json(200, json!({ "success": true })),
        (_, ["session", id, _]) => Reply::Json(200, one(id, "acquiring")),
        _ => refusal(404, "no such path"),
    }
}

#[test]
fn acquisitions_are_listed_shown_followed_and_ended() {
    let lines = [
        "list",
        "list dmm",
        "show acq-1",
        "create psu --duration 1m",
        "start acq-1",
        "start psu",
        "start acq-3",
        "start nosuch",
        "pause acq-1",
        "resume acq-1",
        "stop acq-1",
        "stop bad",
        "follow acq-1",
        "follow acq-1 --json",
        "follow bad",
        "follow late",
        "data acq-1 -n 2",
        "export acq-1 --format npy",
        "rm acq-1",
        "start psu --rate 0",
        "export acq-1 --format xls",
    ];
    insta::assert_snapshot!(screens(&Fake::new(replies), "acquisition", &lines));
}

#[test]
fn an_acquisition_is_made_and_started_in_one_go() {
    let fake = Fake::new(replies);
    let line = "station acquisition start psu --duration 1h --rate 10 --channels 1,CH2 --format npy \
                --verb get_voltage";
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(fake.run(&words).ok(), "acq-2\n");
    let asked: Vec<String> = fake.requests().into_iter().map(|(what, _)| what).collect();
    let expected =
        ["POST /api/acquisition/session/create", "POST /api/acquisition/session/acq-2/start"];
    assert_eq!(asked, expected);
    let body = json!({
        "equipment_id": "psu", "duration_seconds": 3600.0, "sample_rate": 10.0,
        "channels": [1, "CH2"], "format": "npy", "verb": "get_voltage",
    });
    assert_eq!(fake.body(), body);
}

#[test]
fn what_was_made_for_a_start_that_is_refused_is_not_left_behind() {
    let fake = Fake::new(|what, body| match what {
        "POST /api/acquisition/session/acq-2/start" => refusal(409, "equipment 'psu' is held"),
        _ => replies(what, body),
    });
    let ran = fake.run(&["station", "acquisition", "start", "psu", "--rate", "10"]);
    assert_eq!((ran.status, ran.err.as_str()), (4, "station: equipment 'psu' is held\n"));
    assert_eq!(fake.requests().pop().unwrap().0, "DELETE /api/acquisition/session/acq-2");
}

#[test]
fn without_a_daemon_the_start_stays_to_the_end_and_an_interruption_stops_it() {
    let inside = Fake::inside(replies);
    let ran = inside.run(&["station", "acquisition", "start", "acq-1"]);
    let said = "no daemon runs: this command takes the samples, until the end\n\
                acquisition acq-1 is over: 25 samples, 1 lost, in acq-1.csv\n";
    assert_eq!((ran.status, ran.out.as_str(), ran.err.as_str()), (0, "acq-1\n", said));
    let stopped = std::sync::atomic::AtomicBool::new(false);
    let inside = Fake::inside(move |what, body| match what {
        "POST /api/acquisition/session/acq-1/stop" => {
            stopped.store(true, std::sync::atomic::Ordering::SeqCst);
            replies(what, body)
        }
        "GET /api/acquisition/session/acq-1/stream"
            if !stopped.load(std::sync::atomic::Ordering::SeqCst) =>
        {
            Reply::Silence
        }
        _ => replies(what, body),
    });
    let mut line = Line::new(&["station", "acquisition", "start", "acq-1"]);
    (line.interrupt, line.patient) = (true, true);
    let ran = line.run(inside.path());
    assert_eq!((ran.status, ran.out.as_str()), (130, "acq-1\n"), "{}", ran.err);
    assert!(
        ran.err.ends_with(
            "station: interrupted: acquisition acq-1 is over: 25 samples, 1 lost, in acq-1.csv\n"
        ),
        "{}",
        ran.err
    );
}

#[test]
fn who_follows_and_interrupts_lets_it_go_on() {
    let fake = Fake::new(|_, _| Reply::Silence);
    let mut line = Line::new(&["station", "acquisition", "follow", "acq-1"]);
    line.interrupt = true;
    let ran = line.run(fake.path());
    assert_eq!((ran.status, ran.out.as_str()), (130, ""));
    assert_eq!(
        ran.err,
        "station: interrupted: acquisition acq-1 goes on without being watched\n\
         hint: `station acquisition stop acq-1` ends it\n"
    );
}
