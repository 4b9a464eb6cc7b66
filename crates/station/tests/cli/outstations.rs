//! `station outstation`: what is asked of the station, and what is shown.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Fake, Line, Reply, created, refusal};

const POINTS: &str = "\
[[point]]
name = \"breaker-7-position\"
ioa = 1007
type = \"M_DP_NA_1\"

[[point]]
name = \"breaker-7\"
ioa = 5007
type = \"C_DC_NA_1\"
description = \"Circuit breaker of feeder 7\"
[point.command]
feedback = \"breaker-7-position\"
select = true
per_hour = 6
may = [\"user:anna\"]
approval = 600
interlock = \"breaker-7-position == on\"
";

fn points() -> Value {
    json!([
        { "name": "breaker-7-position", "ioa": 1007, "type": "M_DP_NA_1" },
        {
            "name": "breaker-7", "ioa": 5007, "type": "C_DC_NA_1",
            "description": "Circuit breaker of feeder 7",
            "command": {
                "feedback": "breaker-7-position", "select": true, "qualifier": 0, "range": null,
                "termination": "optional", "per_hour": 6, "may": ["user:anna"], "hours": [],
                "approval": 600, "interlock": "breaker-7-position == on",
            },
        },
    ])
}

fn outstation() -> Value {
    json!({
        "name": "SS1", "endpoints": ["127.0.0.1:2404", "127.0.0.1:2405"], "bind": null, "ca": 47,
        "originator": 3,
        "tls": { "authority": "/srv/ca.pem", "certificate": "/srv/us.pem", "key": "/srv/us.key" },
        "settings": {
            "t0": 30000, "t1": 15000, "t2": 10000, "t3": 20000, "k": 12, "w": 8, "originator": 3,
            "first_sequence_one": true, "time_tagged": false, "zone": "Europe/Berlin",
            "clock_every": 3_600_000, "interrogate_every": 0, "select_timeout": 5000,
            "execute_timeout": 10000, "term_timeout": 60000, "select_window": 10000,
            "feedback_timeout": 1500, "expiry": 10000, "parallel": 1, "fresh": 60000,
        },
        "points": 2, "commandable": 1, "created_at": "2027-01-31T09:17:42.25+00:00",
        "created_by": "joe", "modified_at": "2027-01-31T09:18:42+00:00",
    })
}

fn status(link: &str) -> Value {
    let mut status = json!({
        "outstation": "SS1", "link": link, "since": "2027-01-31T09:17:42+00:00",
        "endpoints": [
            { "endpoint": "127.0.0.1:2404", "state": "active" },
            { "endpoint": "127.0.0.1:2405", "state": "standby" },
        ],
        "points": 2, "known": 1, "in_flight": 1,
        "interrogated": {
            "at": "2027-01-31T09:17:43+00:00", "class": "complete", "sentence": "it is complete",
            "values": 20,
        },
        "clock_set": {
            "at": "2027-01-31T09:17:43+00:00", "class": "refused", "sentence": "SS1 refuses it",
            "values": 0,
        },
        "counters": {
            "frames_received": 12, "frames_sent": 8, "octets_received": 2048, "octets_sent": 80,
            "asdus_ignored": 1, "connections": 2, "values_dropped": 0,
        },
        "tagged": [tag()], "control_stopped": true,
    });
    match link {
        "up" => {
            status["connection"] = json!({
                "id": "SS1-1", "local": "127.0.0.1:40000", "peer": "127.0.0.1:2404",
                "since": "2027-01-31T09:17:42+00:00",
            });
        }
        _ => status["why"] = json!("nobody answers at 127.0.0.1:2404\u{1b}[2J"),
    }
    status
}

fn down() -> Value {
    let mut status = status("down");
    status["outstation"] = json!("SS2");
    status
}

fn tag() -> Value {
    json!({
        "outstation": "SS1", "point": "breaker-7", "reason": "men at work\u{1b}[2J", "by": "anna",
        "at": "2027-01-31T09:22:42+00:00",
    })
}

fn values() -> Value {
    json!({ "outstation": "SS1", "count": 3, "values": [
        {
            "point": "breaker-7-position", "ca": 47, "ioa": 1007, "type": "M_DP_NA_1", "value": "on",
            "raw": "02", "source": "spontaneous", "tagged": "2027-01-31 10:22:41.998",
            "received_at": "2027-01-31T09:22:42.004+00:00", "age_ms": 2500,
        },
        {
            "ca": 47, "ioa": 2001, "type": "M_ME_TF_1", "unit": "kV", "value": "12.5",
            "quality": ["NT", "SB"], "source": "interrogation", "doubt": "the outstation says it is old",
            "received_at": "2027-01-31T09:22:42.005+00:00", "age_ms": 2499,
        },
        { "point": "earth-switch", "ca": 47, "ioa": 1008, "type": "M_SP_NA_1", "value": null, "source": "none" },
    ] })
}

fn approval(state: &str) -> Value {
    json!({
        "id": "3", "outstation": "SS1", "point": "breaker-7", "value": "off", "select": true,
        "reason": "work on feeder 7", "ticket": "W-4711", "job_id": null, "previous": "on",
        "requested_by": "joe", "requested_at": "2027-01-31T09:22:42+00:00",
        "expires_at": "2027-01-31T09:32:42+00:00", "state": state, "decided_by": null,
        "decided_at": null, "note": null,
    })
}

fn report(class: &str, status: &str, sentence: &str) -> Value {
    json!({
        "outstation": "SS1", "point": "breaker-7", "command": "write", "class": class,
        "status": status, "reason": "feedback", "sentence": sentence,
        "previous": { "value": "on", "raw": "02", "source": "spontaneous", "age_ms": 2500 },
        "new": { "value": "off", "raw": "01" },
        "feedback": { "value": "off", "raw": "01", "source": "return", "age_ms": 12 },
        "grade": "high", "correlation": "c-12", "local": "127.0.0.1:40000",
        "peer": "127.0.0.1:2404", "started_at": "2027-01-31T09:22:42+00:00",
        "ended_at": "2027-01-31T09:22:42.1+00:00",
    })
}

fn asked(command: &str, class: &str, values: Value) -> Value {
    let confirmed = if class == "complete" { "confirmed" } else { "failed" };
    json!({
        "outstation": "SS1", "command": command, "class": class, "status": confirmed,
        "reason": class, "sentence": "SS1 says so", "values": values, "correlation": "c-13",
    })
}

/// How the point takes a command.
fn written(body: &Value) -> Reply {
    let refused = |status, reason: &str, detail: &str| {
        Reply::Json(status, json!({ "detail": detail, "reason": reason, "correlation": "c-11" }))
    };
    match (body["point"].as_str().unwrap(), body["value"].as_str().unwrap()) {
        ("breaker-7", "off") if body["dry_run"] == true => {
            let mut told = report("not_sent", "", "it would be sent; nothing was");
            let fields = told.as_object_mut().unwrap();
            fields.retain(|name, _| {
                !["status", "grade", "correlation", "feedback"].contains(&name.as_str())
            });
            fields.insert("dry_run".to_owned(), json!(true));
            fields.insert("octets".to_owned(), json!(["2e0106002f00", "2e0106002f01"]));
            Reply::Json(200, told)
        }
        ("breaker-7", "off") => {
            Reply::Json(200, report("verified", "confirmed", "breaker-7-position shows off"))
        }
        ("breaker-7", "on") => {
            let mut told =
                report("unknown", "failed", "the link was lost\u{1b}[2J before it was confirmed");
            told["unrecorded"] = json!("the disk is full");
            Reply::Json(200, told)
        }
        ("breaker-7", _) => refused(422, "bad_value", "SS1/breaker-7 takes on or off"),
        ("two", _) => Reply::Json(
            202,
            json!({ "success": true, "message": "request 3", "approval": approval("waiting") }),
        ),
        ("tagged", _) => refused(409, "tagged", "SS1/tagged is tagged by anna"),
        ("cut-off", _) => refused(409, "link_down", "there is no link to SS1"),
        ("others", _) => refused(403, "not_permitted", "joe may not command SS1/others"),
        ("audited", _) => refused(503, "unrecorded", "it could not be recorded"),
        _ => refused(404, "unknown_point", "SS1 has no point 'nosuch'"),
    }
}

/// A station with one outstation.
fn furnished() -> Fake {
    Fake::new(|what, body| match what {
        "GET /api/outstations" => {
            let mut second = outstation();
            second["name"] = json!("SS2");
            second["tls"] = Value::Null;
            Reply::Json(200, json!({ "count": 2, "outstations": [outstation(), second] }))
        }
        "GET /api/outstations/SS1" | "PATCH /api/outstations/SS1" | "POST /api/outstations" => {
            let mut told = outstation();
            if body["endpoints"].is_array() && body["points"].is_null() {
                told["points"] = json!(0);
            }
            Reply::Json(200, json!({ "success": true, "outstation": told }))
        }
        "DELETE /api/outstations/SS1" => Reply::Json(200, json!({ "success": true })),
        "GET /api/outstations/SS1/status" => Reply::Json(200, status("up")),
        "GET /api/outstations/SS2/status" => Reply::Json(200, down()),
        "GET /api/outstations/SS1/points" => {
            Reply::Json(200, json!({ "outstation": "SS1", "count": 2, "points": points() }))
        }
        "PUT /api/outstations/SS1/points" => {
            Reply::Json(200, json!({ "success": true, "outstation": "SS1", "count": 2 }))
        }
        "GET /api/outstations/SS1/values" => Reply::Json(200, values()),
        "GET /api/outstations/SS1/values?point=nosuch" => {
            Reply::Json(200, json!({ "outstation": "SS1", "count": 0, "values": [] }))
        }
        "POST /api/outstations/SS1/write" => written(body),
        "POST /api/outstations/SS1/interrogate" => {
            Reply::Json(200, asked("interrogate", "complete", json!(20)))
        }
        "POST /api/outstations/SS1/counters" => {
            Reply::Json(200, asked("counters", "incomplete", json!(1)))
        }
        "POST /api/outstations/SS1/read" => {
            let mut told = asked("read", "complete", Value::Null);
            told["point"] = body["point"].clone();
            told["feedback"] = values()["values"][1].clone();
            Reply::Json(200, told)
        }
        "POST /api/outstations/SS1/sync-clock" => {
            let mut told = asked("sync_clock", "complete", Value::Null);
            told["clock"] = json!("2027-01-31 10:22:40.125");
            Reply::Json(200, told)
        }
        "POST /api/outstations/SS1/test" => {
            Reply::Json(200, asked("test", "unanswered", Value::Null))
        }
        "GET /api/approvals?state=waiting" => {
            Reply::Json(200, json!({ "count": 1, "approvals": [approval("waiting")] }))
        }
        "GET /api/approvals?state=expired" => {
            Reply::Json(200, json!({ "count": 0, "approvals": [] }))
        }
        "POST /api/approvals/3/approve" => Reply::Json(
            200,
            json!({
                "success": true, "message": "agreed", "approval": approval("approved"),
                "report": report("verified", "confirmed", "breaker-7-position shows off"),
            }),
        ),
        "POST /api/approvals/4/approve" => Reply::Json(
            200,
            json!({ "success": true, "approval": approval("approved"), "report": null }),
        ),
        "POST /api/approvals/5/approve" => Reply::Json(
            403,
            json!({ "detail": "joe asked for it, and cannot agree to it", "reason": "self_approval" }),
        ),
        "POST /api/approvals/3/reject" => {
            Reply::Json(200, json!({ "success": true, "approval": approval("rejected") }))
        }
        "GET /api/tags" | "GET /api/tags?outstation=SS1" => {
            Reply::Json(200, json!({ "count": 1, "tags": [tag()] }))
        }
        "GET /api/tags?outstation=SS2" => Reply::Json(200, json!({ "count": 0, "tags": [] })),
        "PUT /api/outstations/SS1/points/breaker-7/tag" => {
            Reply::Json(200, json!({ "success": true, "tag": tag() }))
        }
        "DELETE /api/outstations/SS1/points/breaker-7/tag" => {
            Reply::Json(200, json!({ "success": true }))
        }
        "GET /api/control" => {
            Reply::Json(200, json!({ "stopped": false, "reason": null, "by": null, "at": null }))
        }
        "POST /api/control/stop" => Reply::Json(
            200,
            json!({
                "stopped": true, "reason": body["reason"], "by": "anna",
                "at": "2027-01-31T09:22:42+00:00",
            }),
        ),
        "POST /api/control/start" => Reply::Json(
            200,
            json!({
                "stopped": false, "reason": body["reason"], "by": "anna",
                "at": "2027-01-31T09:22:42+00:00",
            }),
        ),
        _ => refusal(404, "outstation 'nosuch' is not registered"),
    })
}

fn screens(fake: &Fake, lines: &[&str]) -> String {
    crate::equipment::screens(fake, "outstation", lines)
}

#[test]
fn outstations_are_listed_shown_and_watched() {
    let fake = furnished();
    let lines = [
        "list",
        "show SS1",
        "show nosuch",
        "status",
        "status SS1",
        "status SS2",
        "points SS1",
        "values SS1",
        "values SS1/nosuch",
        "rm SS1 nosuch",
    ];
    insta::assert_snapshot!(screens(&fake, &lines));
    assert_eq!(fake.run(&["station", "outstation", "points", "SS1", "--export"]).ok(), POINTS);
    let told = fake.run(&["station", "outstation", "status", "--json"]).ok();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((told["count"].as_u64(), &told["outstations"][1]), (Some(2), &down()));
    let nobody = Fake::new(|_, _| Reply::Json(200, json!({ "count": 0, "outstations": [] })));
    let none = nobody.run(&["station", "outstation", "ls"]).ok();
    assert_eq!(none, "No outstations found.\n");
}

#[test]
fn commands_and_questions_tell_what_came_of_them() {
    let fake = furnished();
    let lines = [
        "write SS1/breaker-7 off --select --ticket W-4711",
        "write SS1/breaker-7 off --dry-run",
        "write SS1/breaker-7 on",
        "write SS1/breaker-7 on --json",
        "write SS1/breaker-7 -5",
        "write SS1/two off",
        "write SS1/two off --json",
        "write SS1/tagged off",
        "write SS1/cut-off off",
        "write SS1/others off",
        "write SS1/audited off",
        "write SS1/nosuch off",
        "write SS1 off",
        "interrogate SS1 --group 2",
        "interrogate SS1 --group 17",
        "counters SS1",
        "read SS1/bus-voltage",
        "sync-clock SS1",
        "test SS1",
        "test SS1 --json",
    ];
    insta::assert_snapshot!(screens(&fake, &lines));
    let requests = fake.requests();
    assert_eq!(
        requests[0].1,
        json!({ "point": "breaker-7", "value": "off", "select": true, "ticket": "W-4711" })
    );
    assert_eq!(requests[4].1["value"], "-5");
    assert_eq!(requests[12].1, json!({ "group": 2 }));
}

#[test]
fn two_persons_tags_and_the_switch() {
    let fake = furnished();
    let lines = [
        "approvals",
        "approvals --state expired",
        "approvals --state asleep",
        "approve 3 --note agreed",
        "approve 4",
        "approve 5",
        "approve 6",
        "reject 3",
        "tag SS1/breaker-7 men at work",
        "tag SS1/breaker-7",
        "tags SS1",
        "tags SS2",
        "untag SS1/breaker-7",
        "control status",
        "control stop storm over the bay",
        "control start",
    ];
    insta::assert_snapshot!(screens(&fake, &lines));
    let bodies: Vec<Value> =
        fake.requests().into_iter().map(|(_, body)| body).filter(|body| !body.is_null()).collect();
    assert_eq!(bodies[0], json!({ "note": "agreed" }));
    assert!(bodies.contains(&json!({ "reason": "men at work" })));
    assert!(bodies.contains(&json!({ "reason": "storm over the bay" })));
}

#[test]
fn an_outstation_is_registered_with_its_points_and_settings() {
    let fake = furnished();
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = file("ss1.toml", POINTS);
    let add =
        ["station", "outstation", "add", "SS1", "127.0.0.1:2404", "127.0.0.1:2405", "--ca", "47"];
    let tls = [
        "--tls-ca",
        "ca.pem",
        "--tls-cert",
        "/srv/us.pem",
        "--tls-key",
        "us.key",
        "--tls-pin",
        "ab",
    ];
    let more = [
        "--originator",
        "3",
        "--bind",
        "127.0.0.2",
        "--time-tagged",
        "--zone",
        "Europe/Berlin",
        "--set",
        "t1=20s",
        "--set",
        "interrogate-every=1h",
        "--points",
        &good,
    ];
    let told = fake.run(&[&add[..], &tls, &more].concat()).ok();
    assert_eq!(told, "SS1 is registered: 2 points, 1 to command\n");
    let body = fake.body();
    assert_eq!(
        body,
        json!({
            "name": "SS1", "endpoints": ["127.0.0.1:2404", "127.0.0.1:2405"], "ca": 47,
            "originator": 3, "bind": "127.0.0.2",
            "tls": {
                "authority": "/srv/place/ca.pem", "certificate": "/srv/us.pem",
                "key": "/srv/place/us.key", "pins": ["ab"],
            },
            "settings": {
                "t1": 20_000, "interrogate_every": 3_600_000, "time_tagged": true,
                "zone": "Europe/Berlin",
            },
            "points": points(),
        })
    );
    let pointless = fake.run(&add);
    assert_eq!(pointless.status, 0);
    assert!(
        pointless.err.contains("station outstation points SS1 --set FILE"),
        "{}",
        pointless.err
    );

    let set = |more: &[&str]| {
        let ran = fake.run(&[&["station", "outstation", "set", "SS1"], more].concat());
        (ran.ok(), fake.requests().pop().unwrap())
    };
    let (told, request) =
        set(&["--bind", "none", "--no-tls", "--no-time-tagged", "--set", "expiry=default"]);
    assert_eq!(told, "SS1 is changed\n");
    assert_eq!(request.0, "PATCH /api/outstations/SS1");
    let settings = json!({ "expiry": null, "time_tagged": false });
    assert_eq!(request.1, json!({ "bind": null, "tls": null, "settings": settings }));

    let load = fake.run(&["station", "outstation", "points", "SS1", "--set", &good]).ok();
    assert_eq!(load, "SS1 has these now: 2 points, 1 to command\n");
    let sent = fake.requests().pop().unwrap();
    assert_eq!(sent, ("PUT /api/outstations/SS1/points".to_owned(), json!({ "points": points() })));
}

#[test]
fn mistakes_are_told_before_anything_is_asked() {
    let fake = furnished();
    let dir = tempfile::tempdir().unwrap();
    let bad = dir.path().join("bad.toml");
    fs::write(&bad, POINTS.replace("1007", "0").replace("select = true", "selct = true")).unwrap();
    let bad = bad.to_str().unwrap();
    let add = ["station", "outstation", "add", "SS1", "127.0.0.1", "--ca", "47"];
    let lines: [&[&str]; 8] = [
        &["--tls-ca", "ca.pem"],
        &["--tls-pin", "ab"],
        &["--ca", "65535"],
        &["--bind", "here"],
        &["--set", "t1=15000"],
        &["--set", "t9=15s"],
        &["--points", bad],
        &["--points", "/nonexistent/ss1.toml"],
    ];
    let mut all = String::new();
    for line in lines {
        let words = if line[0] == "--ca" { &add[..5] } else { &add[..] };
        let ran = fake.run(&[words, line].concat());
        all.push_str(&format!("$ {}\n{}\n", line.join(" "), ran.screen()));
        assert_eq!(ran.status, 2, "{line:?}");
    }
    all.push_str(&fake.run(&["station", "outstation", "points", "SS1", "--set", bad]).screen());
    insta::assert_snapshot!(all.replace(dir.path().to_str().unwrap(), "DIR"));
    assert_eq!(fake.run(&["station", "outstation", "set", "SS1"]).status, 2);
    assert!(fake.requests().is_empty());
}

#[test]
fn values_are_watched_across_changes_until_an_interruption() {
    let opened = std::sync::atomic::AtomicUsize::new(0);
    let fake = Fake::new(move |what, _| match what {
        "GET /api/outstations/SS1/watch" => {
            match opened.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                0 | 1 => Reply::Events(vec![
                    ("values", values()),
                    ("missed", json!({ "batches": 2 })),
                    ("closed", json!({})),
                ]),
                _ => Reply::Events(vec![("closed", json!({}))]),
            }
        }
        "GET /api/outstations/SS1/watch?point=breaker-7" => Reply::Silence,
        _ => refusal(404, "outstation 'SS9' is not registered"),
    });
    let watched = fake.run(&["station", "outstation", "watch", "SS1"]);
    insta::assert_snapshot!(watched.screen());
    let gone = fake.run(&["station", "outstation", "watch", "SS9"]);
    assert_eq!(gone.status, 3);
    let mut line = Line::new(&["station", "outstation", "watch", "SS1/breaker-7"]);
    line.interrupt = true;
    let ran = line.run(fake.path());
    assert_eq!((ran.status, ran.err.as_str()), (130, ""));
}

#[test]
fn each_value_is_a_document() {
    let fake = Fake::new(|_, _| {
        let one = json!({ "outstation": "SS1", "values": [values()["values"][0]] });
        Reply::Events(vec![("values", one), ("missed", json!({ "batches": 2 }))])
    });
    let ran = fake.run(&["station", "outstation", "watch", "SS1", "--json"]);
    assert_eq!(ran.status, 5);
    let lines: Vec<Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["event"], "value");
    assert_eq!((&lines[0]["outstation"], &lines[0]["value"]), (&json!("SS1"), &json!("on")));
    assert_eq!(lines[1], json!({ "event": "missed", "batches": 2 }));
}

#[test]
fn jobs_for_outstations_are_not_retried_by_themselves() {
    let fake = Fake::new(|what, body| match what {
        "GET /api/outstations/SS1" => Reply::Json(200, json!({ "outstation": outstation() })),
        "POST /api/scheduler/jobs/create" if body.get("retries").is_some() => {
            refusal(409, "commands to outstations are never retried")
        }
        "POST /api/scheduler/jobs/create" => Reply::Json(
            200,
            json!({
                "success": true, "job_id": "42", "next_run": "2027-01-31T22:00:00+01:00",
                "note": null, "approval": approval("waiting"),
            }),
        ),
        _ => refusal(404, "outstation 'rack1' is not registered"),
    });
    let at = ["station", "at", "22:00", "--on", "SS1"];
    let words = ["--expiry", "5s", "--", "write", "breaker-7", "off", "--select"];
    let ran = fake.run(&[&at[..], &words].concat());
    insta::assert_snapshot!(ran.screen());
    let body = fake.body();
    assert_eq!(body["expiry"], 5);
    assert_eq!(body["parameters"]["target"], "SS1");
    assert_eq!(body["parameters"]["argv"], json!(["write", "breaker-7", "off", "--select"]));
    let told = fake.run(&[&at[..], &["--json"], &words].concat()).ok();
    assert!(told.contains("\"approval\":{"), "{told}");
    let refused = fake.run(&[&at[..], &["--retries", "2"], &words].concat());
    assert_eq!(refused.status, 4, "{refused:?}");

    let nodes = Fake::new(|what, _| match what {
        "POST /api/scheduler/jobs/create" => created(),
        _ => refusal(404, "outstation 'rack1' is not registered"),
    });
    nodes.run(&["station", "at", "22:00", "--on", "rack1", "--", "uname", "-r"]).ok();
    assert_eq!(nodes.body()["retries"], 3);
}
