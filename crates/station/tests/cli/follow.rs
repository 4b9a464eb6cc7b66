//! Waiting, streaming and interrupting: at --wait, exec, run-now --wait, logs.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::support::{Fake, Line, Ran, Reply, created, execution, job};

fn output(stream: &str, text: &str) -> (&'static str, Value) {
    let time = "2027-01-31T09:22:42.000123Z";
    (
        "output",
        json!({"execution_id": "42.1", "attempt": 1, "stream": stream, "time": time, "text": text}),
    )
}

fn end(status: &str) -> (&'static str, Value) {
    let execution = execution("42.1", status);
    (
        "end",
        json!({"execution_id": "42.1", "status": status, "execution": execution, "job": job("42", status, "x")}),
    )
}

fn running(status: &'static str) -> impl Fn(&str, &Value) -> Reply + Send + Sync + 'static {
    move |what, _| match what {
        "POST /api/scheduler/jobs/create" => created(),
        "POST /api/scheduler/jobs/42/run" => Reply::Json(200, json!({"execution_id": "42.1"})),
        "POST /adopted" => Reply::Json(200, json!({})),
        _ if what.contains("/output?follow=") => {
            let mut retrying = execution("42.1", "pending");
            retrying["attempt"] = json!(1);
            retrying["retry_at"] = json!("2027-01-31T10:22:52+01:00");
            let hex = json!({"execution_id": "42.1", "stream": "stdout", "hex": "68c3a90a"});
            Reply::Events(vec![
                output("stdout", "one\n"),
                output("stderr", "two\n"),
                ("execution", retrying),
                output("station", "attempt 2"),
                ("output", hex),
                output("stdout", "no end"),
                end(status),
            ])
        }
        other => panic!("{other}"),
    }
}

#[test]
fn lines_come_apart_and_the_status_tells() {
    let good = Fake::new(running("completed"));
    let ran = good.run(&["station", "at", "--wait", "now", "--", "x"]);
    let bad = Fake::new(running("failed"));
    let failed = bad.run(&["station", "exec", "--", "x"]);
    let missed = Fake::new(running("missed")).run(&["station", "run-now", "42", "--wait"]);
    assert_eq!((ran.status, failed.status, missed.status), (0, 1, 1));
    insta::assert_snapshot!([ran, failed, missed].map(|r| r.screen()).join("\n"));
}

#[test]
fn json_is_one_document_a_line() {
    let names = |args: &[&str]| -> Vec<String> {
        let ran = Fake::new(running("completed")).run(args);
        let lines = ran.out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.map(|l| l["event"].as_str().unwrap_or("-").to_owned()).collect()
    };
    let output = ["output"; 5];
    assert_eq!(names(&["station", "exec", "--json", "--", "x"]), [&output[..], &["end"]].concat());
    let at = names(&["station", "at", "--wait", "--json", "now", "--", "x"]);
    assert_eq!(at, [&["-"], &output[..], &["end"]].concat());
}

#[test]
fn exec_orders_a_run_now() {
    let fake = Fake::new(running("completed"));
    let mut line = Line::new(&["station", "exec", "--stdin", "--timeout", "5", "--", "cat", "-n"]);
    line.stdin = b"in\xff".to_vec();
    assert_eq!(line.run(fake.path()).status, 0);
    let body = fake.body();
    assert_eq!((&body["when"], &body["timeout_seconds"]), (&json!("now"), &json!(5)));
    assert_eq!(body["parameters"]["stdin"], json!({"hex": "696eff"}));
    assert_eq!(body["parameters"]["argv"], json!(["cat", "-n"]));
}

#[test]
fn without_a_daemon_the_job_is_adopted() {
    let fake = Fake::inside(running("completed"));
    let ran = fake.run(&["station", "at", "--wait", "now", "--", "x"]);
    assert_eq!(ran.status, 0);
    assert_eq!(fake.requests()[1], ("POST /adopted".to_owned(), json!("42")));
    assert!(!ran.err.contains("nothing will run"), "{}", ran.err);
}

fn interrupted(args: &[&str], inside: bool) -> (Ran, Vec<String>) {
    let cancelled = AtomicBool::new(false);
    let replies = move |what: &str, body: &Value| match what {
        "POST /api/scheduler/jobs/42/cancel" => {
            cancelled.store(true, Ordering::SeqCst);
            Reply::Json(200, json!({"execution_id": "42.1"}))
        }
        _ if what.contains("/output?") && !cancelled.load(Ordering::SeqCst) => Reply::Silence,
        _ => running("cancelled")(what, body),
    };
    let fake = if inside { Fake::inside(replies) } else { Fake::new(replies) };
    let mut line = Line::new(args);
    line.interrupt = true;
    let ran = line.run(fake.path());
    (ran, fake.requests().into_iter().map(|r| r.0).collect())
}

#[test]
fn an_interruption_leaves_a_daemons_job_alone() {
    let (ran, requests) = interrupted(&["station", "at", "--wait", "now", "--", "x"], false);
    assert!(!requests.iter().any(|r| r.contains("cancel")), "{requests:?}");
    insta::assert_snapshot!(ran.screen());
}

#[test]
fn an_interruption_of_exec_cancels() {
    let (ran, requests) = interrupted(&["station", "exec", "--", "x"], false);
    assert_eq!(ran.status, 130, "{ran:?} {requests:?}");
    assert!(requests.iter().any(|r| r == "POST /api/scheduler/jobs/42/cancel"), "{requests:?}");
}

#[test]
fn an_interruption_without_a_daemon_cancels() {
    let (ran, requests) = interrupted(&["station", "at", "--wait", "now", "--", "x"], true);
    assert_eq!(ran.status, 130, "{ran:?} {requests:?}");
    assert!(requests.iter().any(|r| r == "POST /api/scheduler/jobs/42/cancel"), "{requests:?}");
}

#[test]
fn logs_are_raw_stamped_or_of_one_stream() {
    let fake = Fake::new(running("failed"));
    let raw = fake.run(&["station", "logs", "42"]);
    assert_eq!((raw.status, raw.out.as_str()), (0, "one\nhé\nno end"));
    assert_eq!(raw.err, "two\nstation: attempt 2\n");
    let only = fake.run(&["station", "logs", "42.1", "--stream", "stderr", "-f"]);
    assert_eq!(
        (only.out.as_str(), only.err.as_str()),
        (
            "",
            "two\nstation: attempt 1 failed with exit status 3; the next follows at 2027-01-31 10:22:52 +01:00\n"
        )
    );
    let stamped = fake.run(&["station", "logs", "-t", "42"]).out;
    assert!(stamped.starts_with("2027-01-31 10:22:42.000123 one\n"), "{stamped}");
    let requests: Vec<_> = fake.requests().into_iter().map(|r| r.0).collect();
    assert_eq!(requests[0], "GET /api/scheduler/jobs/42/output?follow=false");
    assert_eq!(requests[1], "GET /api/scheduler/executions/42.1/output?follow=true");
    let pending = Fake::new(|_, _| {
        let data = json!({"execution_id": null, "status": "pending", "execution": null, "job": job("42", "pending", "x")});
        Reply::Events(vec![("end", data)])
    });
    let ran = pending.run(&["station", "logs", "42"]);
    assert_eq!(ran.err, "job 42 has not run yet: it is due at 2027-01-31 09:22:42 +00:00\n");
}

#[test]
fn a_stream_that_breaks_off_is_an_error() {
    let fake = Fake::new(|_, _| Reply::Events(vec![output("stdout", "one\n")]));
    let ran = fake.run(&["station", "logs", "-f", "42"]);
    assert_eq!((ran.status, ran.out.as_str()), (5, "one\n"));
}
