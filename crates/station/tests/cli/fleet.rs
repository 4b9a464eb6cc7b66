//! `exec` on nodes: lines behind names, gathered outputs, JSON, interruptions, and trying again.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::support::{Fake, Line, Ran, Reply, created, job};

fn id(n: u32) -> String {
    format!("42.{n}")
}

fn output(n: u32, stream: &str, text: &str) -> (&'static str, Value) {
    let node = format!("rack{n}");
    let time = "2027-01-31T09:22:42.000123Z";
    (
        "output",
        json!({"execution_id": id(n), "node": node, "attempt": 1, "stream": stream, "time": time, "text": text}),
    )
}

fn execution(n: u32, status: &str, error: Value) -> (&'static str, Value) {
    let node = format!("rack{n}");
    let planned = "2027-01-31T09:22:42+00:00";
    (
        "execution",
        json!({"execution_id": id(n), "job_id": "42", "node": node, "status": status, "attempt": 1,
            "error": error, "retry_at": null, "exit_code": null, "signal": null, "kill": null,
            "scheduled_time": planned, "dropped_bytes": 0}),
    )
}

fn end(status: &str, counts: Value) -> (&'static str, Value) {
    let firing =
        json!({"scheduled_time": "2027-01-31T09:22:42+00:00", "executions": 5, "counts": counts});
    (
        "end",
        json!({"execution_id": null, "status": status, "execution": null, "firing": firing,
            "job": job("42", status, "x")}),
    )
}

/// Five nodes: 1, 2 and 5 put out the same, 3 fails, 4 cannot be reached.
fn five() -> Vec<(&'static str, Value)> {
    let mut events: Vec<_> = (1..=5).map(|n| execution(n, "pending", Value::Null)).collect();
    events.extend([
        execution(1, "running", Value::Null),
        output(1, "stdout", "6.1\nno"),
        execution(2, "running", Value::Null),
        output(2, "stdout", "6.1\n"),
        output(3, "stderr", "no such\x1b[2J file\n"),
        output(2, "stdout", "no end"),
        output(1, "stdout", " end"),
        execution(1, "completed", Value::Null),
        execution(2, "completed", Value::Null),
        execution(3, "failed", json!("exited with status 2")),
        execution(4, "failed", json!("rack4: unreachable: connection refused")),
        output(5, "stdout", "6.1\nno end"),
        execution(5, "completed", Value::Null),
        end("failed", json!({"completed": 3, "failed": 2})),
    ]);
    events
}

fn station(what: &str, _: &Value) -> Reply {
    let stored = |n, stream, text: &str| {
        Reply::Events(vec![output(n, stream, text), end("completed", json!({}))])
    };
    match what {
        "POST /api/scheduler/jobs/create" => created(),
        "GET /api/scheduler/executions/42.1/output?follow=false" => {
            stored(1, "stdout", "6.1\nno end")
        }
        "GET /api/scheduler/executions/42.3/output?follow=false" => {
            stored(3, "stderr", "no such\x1b[2J file\n")
        }
        _ if what.contains("/jobs/42/output?follow=") => Reply::Events(five()),
        "GET /health" => Reply::Json(200, json!({"mode": "daemon"})),
        other => panic!("{other}"),
    }
}

const EXEC: [&str; 6] = ["station", "exec", "--on", "rack[1-5]", "--", "x"];

#[test]
fn lines_stand_behind_their_nodes_name() {
    let ran = Fake::new(station).run(&EXEC);
    insta::assert_snapshot!(ran.screen());
}

#[test]
fn equal_outputs_are_gathered_and_every_node_is_named_once() {
    let ran = Fake::new(station).run(&["station", "exec", "-b", "--on", "rack[1-5]", "--", "x"]);
    insta::assert_snapshot!(ran.screen());
}

#[test]
fn a_terminal_has_clean_lines_progress_and_a_summary() {
    let fake = Fake::new(station);
    let mut line = Line::new(&EXEC);
    line.err_terminal = true;
    let mut ran = line.run(fake.path());
    // What it took is not the same each time.
    ran.err = ran
        .err
        .split_inclusive("\x1b[K")
        .flat_map(|part| part.split_inclusive('\n'))
        .map(timeless)
        .collect();
    insta::assert_snapshot!(ran.screen().replace('\r', "<CR>").replace('\x1b', "<ESC>"));
}

/// A line of progress, or of the summary, without the time it took.
fn timeless(line: &str) -> String {
    let cut = match (line.contains(" done"), line.starts_with("5 nodes: ")) {
        (true, _) => line.rfind(", "),
        (false, true) => line.rfind(" in "),
        (false, false) => None,
    };
    match cut.and_then(|cut| line.split_at_checked(cut)) {
        Some((before, after)) => {
            let end = after.find(['\r', '\n']).unwrap_or(after.len());
            format!("{before} TIME{}", after.get(end..).unwrap())
        }
        None => line.to_owned(),
    }
}

#[test]
fn json_is_one_event_a_line() {
    let ran =
        Fake::new(station).run(&["station", "exec", "--json", "--on", "rack[1-5]", "--", "x"]);
    let lines: Vec<Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = five().into_iter().map(|(name, _)| name).collect();
    let seen: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!((ran.status, seen), (1, told));
    assert_eq!((&lines[6]["node"], &lines[6]["text"]), (&json!("rack1"), &json!("6.1\nno")));
    assert_eq!(ran.err, "rack3: exited with status 2\nrack4: unreachable: connection refused\n");
}

#[test]
fn what_is_ordered_goes_to_nodes_without_this_places_surroundings() {
    let fake = Fake::new(station);
    let mut line = Line::new(&[
        "station",
        "exec",
        "--on",
        "@lab!rack3",
        "--fanout",
        "5",
        "--timeout",
        "2m",
        "--sudo",
        "--env",
        "A=1=2",
        "--env",
        "B=",
        "--stdin",
        "--",
        "cat",
        "-n",
    ]);
    line.stdin = b"in\xff".to_vec();
    line.run(fake.path());
    let body = fake.body();
    let expected = json!({
        "schedule_type": "script", "trigger_type": "date", "when": "now", "retries": 0,
        "timeout_seconds": 120, "fanout": 5, "tags": ["exec"],
        "parameters": {
            "argv": ["cat", "-n"], "stdin": {"hex": "696eff"}, "target": "@lab!rack3", "sudo": true,
            "env": {"A": "1=2", "B": ""},
        },
    });
    assert_eq!(body, expected);
}

#[test]
fn a_script_is_sent_to_its_interpreter() {
    let fake = Fake::new(station);
    let file = fake.path().join("check.py");
    std::fs::write(&file, "#!/usr/bin/env python3\nprint(1)\n").unwrap();
    let file = file.to_str().unwrap();
    fake.run(&["station", "exec", "--on", "rack1", "--script", file, "--", "-v", "x"]);
    let body = fake.body();
    assert_eq!(body["parameters"]["argv"], json!(["/usr/bin/env", "python3", "-", "-v", "x"]));
    assert_eq!(body["parameters"]["stdin"], "#!/usr/bin/env python3\nprint(1)\n");
    assert_eq!((&body["name"], &body["fanout"]), (&json!("check.py"), &json!(64)));
}

#[test]
fn mistakes_are_named() {
    let fake = Fake::new(|what, _| panic!("{what}"));
    let refused = |line: &str| {
        let ran = fake.run(&line.split_whitespace().collect::<Vec<_>>());
        assert_eq!(ran.status, 2, "{line}: {ran:?}");
        ran.err
    };
    let all: String = [
        "station exec --gather -- x",
        "station exec --fanout 3 -- x",
        "station exec --sudo -- x",
        "station exec --on rack1 --env A -- x",
        "station exec --on rack1 --fanout 0 -- x",
        "station exec --on rack1 -b --json -- x",
        "station exec --on= -- x",
        "station exec --on rack[3-1] -- x",
        "station exec --on rack1 --script /none -- x",
        "station exec --on rack1 --retry-failed 7",
        "station exec --retry-failed 7.1",
        "station exec --on rack1",
    ]
    .map(|line| format!("$ {line}\n{}", refused(line)))
    .concat();
    insta::assert_snapshot!(all);
}

/// A run that does not end until it is cancelled; then each node says what became of it.
fn interrupted(patient: bool) -> (Ran, Vec<String>) {
    let cancelled = AtomicBool::new(false);
    let fake = Fake::new(move |what, body| match what {
        "POST /api/scheduler/jobs/42/cancel" => {
            cancelled.store(true, Ordering::SeqCst);
            Reply::Json(200, json!({"execution_id": "42.1"}))
        }
        _ if what.contains("/output?") && !(patient && cancelled.load(Ordering::SeqCst)) => {
            Reply::Silence
        }
        _ if what.contains("/output?") => Reply::Events(vec![
            execution(
                1,
                "cancelled",
                json!("cancelled after 2 s; its processes on rack1 are gone"),
            ),
            execution(
                2,
                "cancelled",
                json!("cancelled after 2 s; its processes on rack2 are gone"),
            ),
            execution(3, "running", Value::Null),
            output(3, "stdout", "half a l"),
            execution(
                3,
                "cancelled",
                json!("cancelled after 2 s; rack3 cannot be reached any more"),
            ),
            end("cancelled", json!({"cancelled": 3})),
        ]),
        _ => station(what, body),
    });
    let mut line = Line::new(&EXEC);
    (line.interrupt, line.patient) = (true, patient);
    let ran = line.run(fake.path());
    (ran, fake.requests().into_iter().map(|request| request.0).collect())
}

#[test]
fn an_interruption_cancels_on_all_nodes_and_says_what_became_of_each() {
    let (ran, requests) = interrupted(true);
    assert!(requests.iter().any(|r| r == "POST /api/scheduler/jobs/42/cancel"), "{requests:?}");
    insta::assert_snapshot!(ran.screen());
}

#[test]
fn a_second_interruption_does_not_wait() {
    let (ran, requests) = interrupted(false);
    assert!(requests.iter().any(|r| r == "POST /api/scheduler/jobs/42/cancel"), "{requests:?}");
    let said = "station: interrupted: job 42 is being cancelled; \
        it is not known yet whether its processes there have ended\n";
    assert_eq!((ran.status, ran.err.as_str()), (130, said));
}

/// What is stored of a job that failed on some nodes.
fn stored(failed: &'static [u32]) -> impl Fn(&str, &Value) -> Reply + Send + Sync + 'static {
    move |what, body| match what {
        _ if what.starts_with("GET /api/scheduler/jobs?tag=exec&status=completed,") => {
            Reply::Json(200, json!({"jobs": [job("41", "failed", "x")]}))
        }
        "GET /api/scheduler/jobs/41?environment=true" => {
            let mut job = job("41", "failed", "x");
            job["target"] = json!("rack[1-9]");
            job["fanout"] = json!(3);
            job["timeout_seconds"] = json!(null);
            job["parameters"] = json!({"argv": ["make", "x"], "target": "rack[1-9]", "stdin": {"hex": "ff"},
                "env": {"A": "1"}, "env_clear": true, "sudo": true});
            Reply::Json(200, json!({"job": job}))
        }
        "GET /api/scheduler/executions?job_id=41&limit=1000" => {
            let page: Vec<Value> = (4..=9).rev().map(|n| told(n, failed)).collect();
            Reply::Json(200, json!({"executions": page, "next_cursor": "n4"}))
        }
        "GET /api/scheduler/executions?job_id=41&limit=1000&cursor=n4" => {
            let mut page: Vec<Value> = (1..=3).rev().map(|n| told(n, failed)).collect();
            let mut earlier = told(20, &[20]);
            earlier["scheduled_time"] = json!("2026-01-31T09:22:42+00:00");
            page.push(earlier);
            Reply::Json(200, json!({"executions": page, "next_cursor": null}))
        }
        _ => station(what, body),
    }
}

fn told(n: u32, failed: &[u32]) -> Value {
    let status = if failed.contains(&n) { "failed" } else { "completed" };
    execution(n, status, Value::Null).1
}

#[test]
fn what_failed_is_tried_again_there_alone() {
    for line in
        [&["station", "exec", "--retry-failed"][..], &["station", "exec", "--retry-failed", "41"]]
    {
        let fake = Fake::new(stored(&[2, 5, 6]));
        let ran = fake.run(line);
        assert!(ran.err.starts_with("station: job 41 once more, on rack[2,5-6]\n"), "{ran:?}");
        let body = fake.body();
        let expected = json!({"argv": ["make", "x"], "target": "rack[2,5-6]", "stdin": {"hex": "ff"},
            "env": {"A": "1"}, "sudo": true});
        assert_eq!(body["parameters"], expected);
        assert_eq!((&body["fanout"], &body["timeout_seconds"]), (&json!(3), &Value::Null));
        assert_eq!((&body["when"], &body["tags"]), (&json!("now"), &json!(["exec"])));
    }
    let fake = Fake::new(stored(&[]));
    let ran = fake.run(&["station", "exec", "--retry-failed"]);
    let said = "job 41 has completed on all its nodes: there is nothing to retry\n";
    assert_eq!((ran.status, ran.err.as_str()), (0, said));
}

#[test]
fn logs_of_a_job_on_nodes_name_them() {
    let fake = Fake::new(station);
    let ran = fake.run(&["station", "logs", "42"]);
    assert_eq!(
        ran.out,
        "rack1: 6.1\nrack2: 6.1\nrack5: 6.1\nrack1: no end\nrack2: no end\nrack5: no end\n"
    );
    assert_eq!(ran.err, "rack3: no such\x1b[2J file\n");
    let stamped = fake.run(&["station", "logs", "-t", "42"]).out;
    assert!(stamped.starts_with("2027-01-31 10:22:42.000123 rack1: 6.1\n"), "{stamped}");
}
