//! list, show, cancel, history: the screens.

use serde_json::{Value, json};

use crate::support::{Fake, Line, Reply, execution, job, refusal};

fn listing() -> Fake {
    Fake::new(|what, _| {
        let hostile = "printf '\u{1b}[31m\u{202e}日本' | tee /dev/null # and much more than fits";
        let first = what.contains("cursor=").then_some(());
        let jobs = match first {
            None => json!([job("1", "pending", "echo Hello"), job("22", "failed", hostile)]),
            Some(()) => json!([job("333", "completed", "last")]),
        };
        let cursor = if first.is_none() { json!("a b") } else { json!(null) };
        Reply::Json(200, json!({"success": true, "count": 2, "jobs": jobs, "next_cursor": cursor}))
    })
}

#[test]
fn tables_read_like_the_at_stations() {
    let fake = listing();
    let page = fake.run(&["station", "list", "--status", "pending,failed", "--limit", "2"]);
    let all = fake.run(&["station", "ls", "--all"]);
    let same = fake.run(&["station", "at", "list"]);
    assert_eq!(same, fake.run(&["at", "list"]));
    let requests: Vec<_> = fake.requests().into_iter().map(|r| r.0).collect();
    let requests = requests[..3].join("\n");
    insta::assert_snapshot!(format!("{}\n{}\n{requests}", page.screen(), all.screen()));
    let mut coloured = Line::new(&["station", "list"]);
    coloured.colour = true;
    let coloured = coloured.run(fake.path()).out;
    assert!(coloured.contains("\u{1b}[31m failed  \u{1b}[0m"), "{coloured}");
    let empty = Fake::new(|_, _| Reply::Json(200, json!({"jobs": [], "next_cursor": null})));
    assert_eq!(empty.run(&["station", "list"]).ok(), "No jobs found.\n");
}

#[test]
fn json_lists_are_one_document() {
    let count = |args: &[&str]| {
        let out = listing().run(args).ok();
        assert_eq!(out.lines().count(), 1);
        let list: Value = serde_json::from_str(&out).unwrap();
        (list["count"].clone(), list["jobs"].as_array().unwrap().len(), list["next_cursor"].clone())
    };
    assert_eq!(count(&["station", "list", "--json"]), (json!(2), 2, json!("a b")));
    assert_eq!(count(&["station", "list", "--json", "--all"]), (json!(3), 3, Value::Null));
    let empty = Fake::new(|_, _| Reply::Json(200, json!({"jobs": [], "next_cursor": null})));
    let out = empty.run(&["station", "list", "--json"]).ok();
    assert_eq!(out, "{\"jobs\":[],\"count\":0,\"next_cursor\":null}\n");
}

fn showing() -> Fake {
    Fake::new(|what, _| {
        let mut shown = job("42", "failed", "df -h");
        shown["executions"] = json!([execution("42.2", "failed"), execution("42.1", "completed")]);
        if what.ends_with("?environment=true") {
            shown["parameters"]["env"] = json!({"A": "b\u{1b}", "H": {"hex": "ff"}});
        }
        let mut one = execution("42.2", "failed");
        one["output"] = json!("line\u{1b}[2J\n".repeat(25));
        one["error"] = json!("exit status 3");
        one["attempts"] = json!([
            {"number": 1, "started_at": "2027-01-31T09:22:42+00:00", "exit_code": null, "signal": 15,
             "result": {"signal": 15, "signal_name": "TERM"}, "error": "took too long"},
        ]);
        if what.contains("/executions/") {
            Reply::Json(200, json!({"execution": one}))
        } else if what.contains("/jobs/42") {
            Reply::Json(200, json!({"job": shown}))
        } else {
            refusal(404, "Job 7 not found")
        }
    })
}

#[test]
fn the_result_of_work_with_equipment_is_shown() {
    let fake = Fake::new(|_, _| {
        let mut one = execution("42.1", "completed");
        one["exit_code"] = Value::Null;
        one["result"] = json!({"measurement": {"voltage": 5.0, "note": "\u{1b}".repeat(400)}});
        Reply::Json(200, json!({"execution": one}))
    });
    let page = fake.run(&["station", "show", "42.1"]).ok();
    let line = page.lines().find(|line| line.starts_with("Result:")).unwrap();
    assert!(line.contains(r#"{"measurement":{"note":"#), "{line}");
    assert!(line.ends_with("… (--json has all of it)") && !line.contains('\u{1b}'), "{line}");
}

#[test]
fn show_tells_all() {
    let fake = showing();
    let job = fake.run(&["station", "show", "42", "--environment"]).ok();
    let execution = fake.run(&["at", "show", "42.2"]).ok();
    insta::assert_snapshot!(format!("{job}\n=====\n{execution}"));
    let document: Value =
        serde_json::from_str(&fake.run(&["station", "show", "42", "--json"]).ok()).unwrap();
    assert_eq!(
        (&document["job_id"], &document["executions"][0]["status"]),
        (&json!("42"), &json!("failed"))
    );
    let unknown = fake.run(&["station", "show", "7"]);
    assert_eq!((unknown.status, unknown.err.as_str()), (3, "station: Job 7 not found\n"));
}

#[test]
fn cancel_goes_on_after_a_refusal() {
    let fake = Fake::new(|what, _| match what {
        "POST /api/scheduler/jobs/1/cancel" => {
            Reply::Json(200, json!({"message": "Job cancelled"}))
        }
        "POST /api/scheduler/jobs/2/cancel" => refusal(409, "job 2 has ended already (completed)"),
        "POST /api/scheduler/executions/4.1/cancel" => {
            Reply::Json(200, json!({"execution_id": "4.1"}))
        }
        "POST /api/scheduler/jobs/5/cancel" => Reply::Json(200, json!({"execution_id": "5.1"})),
        _ => refusal(404, "Job 3 not found"),
    });
    insta::assert_snapshot!(fake.run(&["station", "cancel", "1", "2", "3", "4.1", "5"]).screen());
    assert_eq!(fake.run(&["at", "cancel", "3"]).status, 3);
    assert_eq!(fake.run(&["station", "rm", "1"]).status, 0);
}

#[test]
fn history_lists_executions() {
    let fake = Fake::new(|what, _| {
        if what.contains("/jobs/7") {
            return refusal(404, "Job 7 not found");
        }
        let executions = json!([execution("42.2", "failed")]);
        Reply::Json(200, json!({"executions": executions, "next_cursor": null, "count": 1}))
    });
    insta::assert_snapshot!(fake.run(&["station", "history", "42", "--limit", "5"]).ok());
    assert_eq!(fake.requests()[1].0, "GET /api/scheduler/executions?limit=5&job_id=42");
    assert_eq!(fake.run(&["station", "history", "7"]).status, 3);
    let json: Value =
        serde_json::from_str(&fake.run(&["station", "history", "--json"]).ok()).unwrap();
    assert_eq!(json["count"], 1);
}
