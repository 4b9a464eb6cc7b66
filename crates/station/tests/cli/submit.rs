//! `station at` and its other names: what is sent and what is shown.

use serde_json::{Value, json};

use crate::support::{Fake, Line, Reply, created, refusal};

fn taking() -> Fake {
    Fake::new(|_, _| created())
}

#[test]
fn a_job_is_sent_with_its_surroundings() {
    let fake = taking();
    let line = Line::new(&["station", "at", "now", "+", "5", "minutes", "--", "echo Hello"])
        .env("TZ", ":Europe/Berlin")
        .env("DISPLAY", ":0")
        .env("A", "b c");
    assert_eq!(line.run(fake.path()).ok(), "job 42 at 2027-01-31 10:22:42 +01:00\n");
    let mut body = fake.body();
    let dir = body["parameters"]["env"].as_object_mut().unwrap().remove("STATION_DATA_DIR");
    assert_eq!(dir, Some(json!(fake.path())));
    let expected = json!({
        "schedule_type": "script", "trigger_type": "date", "when": "now + 5 minutes",
        "conflict_policy": "queue", "retries": 3, "timezone": "Europe/Berlin",
        "parameters": {
            "command": "echo Hello", "cwd": "/srv/place", "umask": "027", "env_clear": true,
            "env": {"HOME": "/home/joe", "TZ": ":Europe/Berlin", "A": "b c"},
        },
    });
    assert_eq!(body, expected);
    assert_eq!(fake.requests()[0].0, "POST /api/scheduler/jobs/create");
}

#[test]
fn every_option_is_sent() {
    let fake = taking();
    let line = "station at --name N --tag a --tag b --tz UTC --retries 0 --retry-delay 5 \
        --timeout 2m --idle-timeout 30s --grace forever --rerun-interrupted --on local --json \
        --alarm --conflict-key disk \
        14:30 -- make -C /x";
    let out = fake.run(&line.split_whitespace().collect::<Vec<_>>()).ok();
    assert_eq!(
        serde_json::from_str::<Value>(&out).unwrap(),
        json!({"job_id": "42", "next_run": "2027-01-31T10:22:42+01:00", "note": null})
    );
    let mut body = fake.body();
    assert_eq!(body["parameters"]["argv"], json!(["make", "-C", "/x"]));
    body.as_object_mut().unwrap().remove("parameters");
    let expected = json!({
        "schedule_type": "script", "trigger_type": "date", "when": "14:30", "retries": 0,
        "conflict_policy": "queue", "on_failure_alarm": true, "conflict_key": "disk", "timezone": "UTC", "name": "N", "tags": ["a", "b"], "retry_delay_seconds": 5,
        "timeout_seconds": 120, "idle_timeout_seconds": 30, "misfire_grace_time": "forever",
        "on_interrupted": "rerun",
    });
    assert_eq!(body, expected);
}

#[test]
fn the_at_stations_own_lines_work() {
    let sent = |words: &[&str]| {
        let fake = taking();
        fake.run(words).ok();
        let body = fake.body();
        (body["when"].as_str().unwrap().to_owned(), body["parameters"]["command"].clone())
    };
    let hello = ("now + 5 minutes".to_owned(), json!("echo Hello"));
    let (now, echo) = ("now + 5 minutes", "echo Hello");
    for name in ["schedule", "add", "run"] {
        assert_eq!(sent(&["station", name, now, echo]), hello);
        assert_eq!(sent(&["station", name, "now", "+", "5", "minutes", "--", echo]), hello);
        assert_eq!(sent(&["station", "at", name, now, echo]), hello);
        assert_eq!(sent(&["at", name, now, echo]), hello);
    }
    assert_eq!(sent(&["station", "at", "now", "+", "5", "minutes", "--", echo]), hello);
    let half_past = ("14:30".to_owned(), json!("backup.sh"));
    assert_eq!(sent(&["station", "at", "14:30", "--", "backup.sh"]), half_past);
}

#[test]
fn the_command_comes_from_words_file_or_input() {
    let fake = taking();
    Line::new(&["station", "at", "now"]).stdin("echo a\necho b\n\n").run(fake.path()).ok();
    assert_eq!(fake.body()["parameters"]["command"], "echo a\necho b");
    let fake = taking();
    let file = fake.path().join("job");
    std::fs::write(&file, "echo c\n").unwrap();
    fake.run(&["station", "at", "now", "-f", file.to_str().unwrap()]).ok();
    assert_eq!(fake.body()["parameters"]["command"], "echo c");
    let missing = fake.run(&["station", "at", "now", "-f", "/none\u{7}"]);
    assert_eq!(missing.status, 2);
    assert!(missing.err.contains("/none\\x07 cannot be read"), "{}", missing.err);
    for bad in ["", " \n\t\n", "a\0"] {
        assert_eq!(Line::new(&["station", "at", "now"]).stdin(bad).run(fake.path()).status, 2);
    }
}

#[test]
fn zones_come_from_tz() {
    let zone = |tz: &str| {
        let fake = taking();
        let line = Line::new(&["station", "at", "now", "--", "x"]).env("TZ", tz);
        line.run(fake.path()).ok();
        fake.body()["timezone"].clone()
    };
    assert_eq!(zone(""), "UTC");
    assert_eq!(zone("EST5EDT"), "EST5EDT");
    assert_eq!(zone(":/etc/localtime"), Value::Null);
    assert_eq!(zone("/usr/share/zoneinfo/Asia/Tokyo"), "Asia/Tokyo");
}

#[test]
fn without_a_daemon_it_says_so() {
    let fake = Fake::inside(|_, _| created());
    let ran = fake.run(&["station", "at", "now", "--", "x"]);
    insta::assert_snapshot!(ran.screen());
}

#[test]
fn refusals_are_shown_as_they_are() {
    let time = Fake::new(|_, _| {
        let detail = "now + 5 minuets\n        ^^^^^^^ is not a unit of time\nminutes is near";
        Reply::Json(400, json!({"detail": detail, "expression_error": {"start": 8, "end": 15}}))
    });
    let past = time.run(&["station", "at", "now + 5 minuets", "--", "x"]);
    let disk = Fake::new(|_, _| refusal(503, "the disk is full"));
    let full = disk.run(&["station", "at", "now", "--", "x"]);
    let closing = Fake::new(|_, _| refusal(409, "the station is shutting down"));
    let closed = closing.run(&["station", "at", "now", "--", "x"]);
    insta::assert_snapshot!(format!("{}\n{}\n{}", past.screen(), full.screen(), closed.screen()));
}
