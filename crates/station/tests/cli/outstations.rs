//! `station outstation`: what is asked of the station, and what is shown.

mod double;

use std::fs;

use serde_json::{Value, json};

use self::double::{POINTS, approval, down, furnished, outstation, points, values};
use crate::support::{Fake, Line, Reply, created, refusal};

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
    // Nor caught up on one by one.
    let daily = ["station", "daily", "22:00", "--on", "SS1", "--no-coalesce"];
    let refused = fake.run(&[&daily[..], &["--", "write", "breaker-7", "off"]].concat());
    assert_eq!(refused.status, 4, "{refused:?}");
    assert!(refused.err.contains("leave --no-coalesce out"), "{refused:?}");

    let nodes = Fake::new(|what, _| match what {
        "POST /api/scheduler/jobs/create" => created(),
        _ => refusal(404, "outstation 'rack1' is not registered"),
    });
    nodes.run(&["station", "at", "22:00", "--on", "rack1", "--", "uname", "-r"]).ok();
    assert_eq!(nodes.body()["retries"], 3);
}
