//! `station audit`: screens, requests, what is written where.

use serde_json::{Value, json};

use crate::support::{Fake, Reply, refusal};

fn record() -> Value {
    json!({
        "seq": 12, "kind": "outcome", "local": "2026-11-20T14:37:42.123456+01:00",
        "clock": { "synchronised": true, "error_us": 250 },
        "by": {
            "principal": { "unix": { "uid": 1000, "name": "ann" } },
            "method": "socket", "source": "unix:4711", "reason": "line 4\u{1b}[2J",
        },
        "correlation": "command 3", "subject": "outstation SS1/breaker-7", "action": "write",
        "status": "confirmed", "previous": "00", "hash": "ab",
        "telecontrol": {
            "outstation": "SS1", "point": "breaker-7", "ca": 47, "ioa": 4501, "originator": 0,
            "type_id": "C_SC_NA_1", "select": true, "qualifier": 0, "local": "10.0.0.5:50123",
            "peer": "10.0.0.9:2404", "connection": "c1", "class": "verified", "grade": "high",
            "previous": { "value": "off", "raw": "00", "source": "spontaneous", "age_ms": 120 },
            "new": { "value": "on", "raw": "01" },
            "frames": [
                { "n": 4, "dir": "sent", "t_ns": 1_795_181_862_123_456_789_i64,
                  "hex": "680e000000002d0106002f0095110081" },
                { "n": 5, "dir": "received", "t_ns": 1_795_181_862_133_000_000_i64,
                  "hex": "680e000002002d0107002f0095110081" },
                { "n": 6, "dir": "received", "t_ns": 1_795_181_862_233_000_000_i64, "hex": "6804" },
            ],
        },
    })
}

#[test]
fn records_are_listed() {
    let fake = Fake::new(|_, _| {
        let plain = json!({
            "seq": 11, "kind": "done", "local": "2026-11-20T14:00:00.000000+01:00",
            "by": {}, "subject": "job 4", "action": "delete", "status": "confirmed",
        });
        let page = json!({ "records": [record(), plain], "next_cursor": null });
        Reply::Json(200, page)
    });
    let ran = fake.run(&[
        "station",
        "audit",
        "list",
        "--outstation",
        "SS1",
        "--kind",
        "outcome,done",
        "--since",
        "2027-01-31T06:00:00+01:00",
        "--job",
        "4",
    ]);
    insta::assert_snapshot!(ran.ok());
    assert_eq!(
        fake.requests()[0].0,
        "GET /api/audit?limit=100&outstation=SS1&kind=outcome,done&since=2027-01-31T06%3A00%3A00%2B01%3A00&job=4"
    );
}

#[test]
fn a_record_is_a_sheet_with_its_frames_in_words() {
    let fake = Fake::new(|_, _| Reply::Json(200, json!({ "success": true, "record": record() })));
    insta::assert_snapshot!(fake.run(&["station", "audit", "show", "12"]).ok());
    assert_eq!(fake.requests()[0].0, "GET /api/audit/12");
}

#[test]
fn what_is_proven_is_said_and_a_broken_trail_is_a_failure() {
    let fake = Fake::new(|_, _| refusal(500, "nothing should be asked"));
    let mut screens = String::new();
    for (arguments, status) in [
        (&[][..], 0),
        (&["--witness", "w"], 0),
        (&["--file", "e"], 1),
        (&["--file", "e", "--json"], 1),
        (&["--json"], 0),
        (&["--key", "12"], 2),
    ] {
        let line = [&["station", "audit", "verify"], arguments].concat();
        let ran = fake.run(&line);
        assert_eq!(ran.status, status, "{arguments:?}");
        screens.push_str(&format!("$ {}\n{}\n", line.join(" "), ran.screen()));
    }
    insta::assert_snapshot!(screens);
}

#[test]
fn an_export_is_written_once_and_whole() {
    let fake = Fake::new(|path, _| {
        if path.contains("pcap") {
            return refusal(403, "the audit trail needs a token");
        }
        Reply::Json(200, json!("the trail"))
    });
    let run = |arguments: &[&str]| fake.run(&[&["station", "audit", "export"], arguments].concat());
    assert_eq!(run(&["--jsonl"]).ok(), "\"the trail\"");
    let path = fake.path().join("trail.csv");
    let file = path.to_str().unwrap();
    let written = run(&["--csv", "-o", file, "--class", "unknown"]).ok();
    assert_eq!(written, format!("11 B written to {file}\n"));
    assert_eq!(fake.requests()[1].0, "GET /api/audit/export?format=csv&class=unknown");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "\"the trail\"");
    let again = run(&["--jsonl", "-o", file]);
    assert_eq!(again.status, 4);
    assert!(again.err.contains("exists already"), "{}", again.err);

    let refused = fake.path().join("trail.pcap");
    assert_eq!(run(&["--pcap", "-o", refused.to_str().unwrap()]).status, 4);
    assert!(!refused.exists());
    assert_eq!(run(&["--pcap", "--csv"]).status, 2);
    assert_eq!(run(&[]).status, 2);
}

#[test]
fn the_key_is_told_when_there_is_one() {
    let signed = Fake::new(|_, _| Reply::Json(200, json!({ "public_key": "cd" })));
    assert_eq!(signed.run(&["station", "audit", "key"]).ok(), "cd\n");
    let unsigned = Fake::new(|_, _| Reply::Json(200, json!({ "public_key": null })));
    assert_eq!(unsigned.run(&["station", "audit", "key"]).status, 3);
}
