//! pause, resume, delete, stats, alarms, tokens, pruning, and recurring jobs in lists and pages.

use serde_json::{Value, json};

use crate::support::{Fake, Reply, execution, job, refusal};

#[test]
fn several_jobs_are_handled_one_by_one() {
    let fake = Fake::new(|what, _| match what {
        "POST /api/scheduler/jobs/1/pause" | "DELETE /api/scheduler/jobs/1" => {
            Reply::Json(200, json!({"success": true, "message": "done"}))
        }
        "DELETE /api/scheduler/jobs/1?history=delete"
        | "POST /api/scheduler/jobs/1/resume"
        | "POST /api/scheduler/jobs/4/resume" => Reply::Json(200, json!({"success": true})),
        "GET /api/scheduler/jobs/1" => {
            Reply::Json(200, json!({"job": {"next_run": "2027-01-31T10:22:42+01:00"}}))
        }
        "GET /api/scheduler/jobs/4" => Reply::Json(200, json!({"job": {"next_run": null}})),
        what if what.contains("/jobs/2") => {
            refusal(409, "job 2 has already ended: it is completed")
        }
        _ => refusal(404, "Job 3 not found"),
    });
    let lines = [
        &["station", "pause", "1", "2", "3"][..],
        &["station", "resume", "3", "1", "4"],
        &["station", "delete", "1", "2"],
        &["station", "delete", "--history", "1"],
    ];
    let screens: Vec<String> = lines.iter().map(|line| fake.run(line).screen()).collect();
    insta::assert_snapshot!(screens.join("\n"));
    for line in [&["station", "pause"][..], &["station", "resume", "x"], &["station", "delete"]] {
        assert_eq!(fake.run(line).status, 2, "{line:?}");
    }
}

/// A recurring job as the station tells it.
fn recurring(id: &str, status: &str, enabled: bool) -> Value {
    let mut job = job(id, status, "./poll.sh");
    let more = json!({
        "trigger_type": "cron", "cron_expression": "*/5 * * * *", "expression": "*/5 * * * *",
        "enabled": enabled, "planned_time": "2027-01-31T09:25:00+00:00",
        "next_run": if enabled { json!("2027-01-31T09:25:00+00:00") } else { Value::Null },
        "conflict_policy": "replace", "max_instances": 3, "queue_limit": 100, "coalesce": false,
        "max_executions": 9, "fired": 4, "planned": 5, "start_date": null,
        "end_date": "2027-12-31T22:59:59+00:00", "jitter_seconds": 10, "dst_gap": "run_after",
        "exclude": ["2027-12-24..2027-12-26", "2027-05-01"], "conflict_key": "disk",
        "on_failure_alarm": true, "timeout_seconds": null,
    });
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    job
}

#[test]
fn lists_have_a_column_for_schedules() {
    let fake = Fake::new(|what, _| {
        let jobs = match what.ends_with("&enabled=false") {
            true => json!([recurring("3", "pending", false)]),
            false => json!([
                job("1", "pending", "echo once"),
                recurring("2", "pending", true),
                recurring("3", "pending", false),
                recurring("4", "running", false),
            ]),
        };
        Reply::Json(200, json!({"jobs": jobs, "next_cursor": null}))
    });
    let all = fake.run(&["station", "list"]).ok();
    let paused = fake.run(&["station", "list", "--status", "paused"]).ok();
    insta::assert_snapshot!(format!("{all}\n{paused}"));
    let mixed = fake.run(&["station", "list", "--status", "paused,failed"]);
    assert_eq!(mixed.status, 2);
    assert!(mixed.err.contains("paused goes by itself"), "{}", mixed.err);
}

fn firings(id: &str, status: &str, count: u64, error: Value) -> Value {
    let mut one = execution(id, status);
    one["trigger_info"] = json!({
        "cause": "scheduled", "firings": count, "first_planned": "2027-01-31T09:07:42+00:00",
    });
    one["error"] = error;
    one
}

#[test]
fn pages_tell_policies_ledger_and_firings() {
    let fake = Fake::new(|what, _| {
        let executions = json!([
            firings("42.3", "completed", 4, Value::Null),
            firings("42.2", "skipped", 1, json!("Job already running (conflict_policy=skip)")),
            firings("42.1", "missed", 12, json!("missed: the station was down")),
        ]);
        if what.ends_with("/why") {
            let ledger =
                json!({"planned": 17, "ran": 1, "combined": 3, "skipped": 1, "missed": 12});
            Reply::Json(200, json!({ "ledger": ledger }))
        } else if what.contains("/executions/") {
            Reply::Json(200, json!({"execution": executions[0]}))
        } else if what.contains("/executions?") {
            Reply::Json(200, json!({"executions": executions, "next_cursor": null}))
        } else {
            let mut shown = recurring("42", "pending", true);
            shown["executions"] = executions;
            Reply::Json(200, json!({ "job": shown }))
        }
    });
    let job = fake.run(&["station", "show", "42"]).ok();
    let execution = fake.run(&["station", "show", "42.3"]).ok();
    insta::assert_snapshot!(format!("{job}\n=====\n{execution}"));
    fake.run(&["station", "history", "--status", "skipped,missed"]).ok();
    let asked = fake.requests().last().unwrap().0.clone();
    assert_eq!(asked, "GET /api/scheduler/executions?limit=100&status=skipped,missed");
    assert_eq!(fake.run(&["station", "history", "--status", "paused"]).status, 2);
}

#[test]
fn old_executions_are_pruned() {
    let fake = Fake::new(|_, body| {
        let deleted = if body["days"] == json!(0) { 1 } else { 17 };
        Reply::Json(200, json!({"success": true, "deleted": deleted}))
    });
    assert_eq!(fake.run(&["station", "history", "prune"]).ok(), "17 executions deleted\n");
    assert_eq!(
        fake.run(&["station", "history", "prune", "--days", "0"]).ok(),
        "1 execution deleted\n"
    );
    let json = fake.run(&["station", "history", "prune", "--days", "7", "--json"]).ok();
    assert_eq!(json, "{\"deleted\":17}\n");
    let requests = fake.requests();
    let expected = ("POST /api/scheduler/history/prune".to_owned(), json!({"days": 30}));
    assert_eq!(requests[0], expected);
    for bad in [&["--days", "-1"][..], &["--days", "x"], &["42"]] {
        let ran = fake.run(&[&["station", "history", "prune"], bad].concat());
        assert_eq!(ran.status, 2, "{bad:?}");
    }
    assert_eq!(fake.requests().len(), 3);
}

#[test]
fn figures_are_told() {
    let figures = json!({
        "total_jobs": 7, "active_jobs": 4, "disabled_jobs": 1, "ended_jobs": 2,
        "running_executions": 1, "total_executions_today": 12, "successful_today": 9,
        "failed_today": 1, "cancelled_today": 0, "skipped_today": 2, "missed_today": 0,
        "interrupted_today": 0, "by_type": {"script": 7, "measurement": 0},
        "upcoming_jobs": [
            {"job_id": "3", "job_name": "po\u{1b}ll", "next_run": "2027-01-31T10:22:42+01:00"},
        ],
    });
    let answer = figures.clone();
    let fake = Fake::new(move |_, _| Reply::Json(200, json!({ "statistics": answer })));
    insta::assert_snapshot!(fake.run(&["station", "stats"]).ok());
    let json: Value =
        serde_json::from_str(&fake.run(&["station", "stats", "--json"]).ok()).unwrap();
    assert_eq!(json, figures);
}

#[test]
fn alarms_are_listed_acknowledged_and_cleared() {
    let fake = Fake::new(|what, _| {
        if what.starts_with("GET") {
            let event = json!({
                "event_id": "3", "alarm_id": "scheduler.42", "state": "active",
                "severity": "error", "message": "Scheduled job 'po\u{1b}ll' failed",
                "triggered_at": "2027-01-31T10:22:42+01:00", "acknowledgment_note": null,
                "additional_data": {"execution_id": "42.7", "occurrences": 5},
            });
            let events = if what.contains("cleared") { json!([]) } else { json!([event]) };
            return Reply::Json(200, json!({ "events": events }));
        }
        match what.contains("/9/") {
            true => refusal(404, "Alarm 9 not found"),
            false => Reply::Json(200, json!({"success": true})),
        }
    });
    let list = fake.run(&["station", "alarm", "list"]).screen();
    let none = fake.run(&["station", "alarm", "ls", "--state", "cleared", "--severity", "error"]);
    let ack = fake.run(&["station", "alarm", "ack", "3", "4", "--note", "seen"]).screen();
    let clear = fake.run(&["station", "alarm", "clear", "9", "3"]).screen();
    insta::assert_snapshot!([list, none.screen(), ack, clear].join("\n"));
    let requests = fake.requests();
    assert_eq!(requests[1].0, "GET /api/alarms/events?limit=100&state=cleared&severity=error");
    let note = json!({"event_id": "3", "note": "seen"});
    assert_eq!(requests[2], ("POST /api/alarms/events/acknowledge".to_owned(), note));
    assert_eq!(requests[5].0, "POST /api/alarms/3/clear");
    let json: Value =
        serde_json::from_str(&fake.run(&["station", "alarm", "list", "--json"]).ok()).unwrap();
    assert_eq!((&json["count"], &json["events"][0]["event_id"]), (&json!(1), &json!("3")));
    for bad in [
        &["list", "--state", "open"][..],
        &["list", "--severity", "bad"],
        &["ack"],
        &["ack", "0"],
        &["clear", "scheduler.42"],
        &[],
    ] {
        assert_eq!(fake.run(&[&["station", "alarm"], bad].concat()).status, 2, "{bad:?}");
    }
}

#[test]
fn a_new_token_stands_alone_on_standard_output() {
    let fake = Fake::new(|what, body| match what {
        "POST /api/tokens" => {
            let end = body["expires_in_seconds"].as_u64().map(|_| "2027-05-01T10:22:42+01:00");
            let mut answer = body.clone();
            let more = json!({"token": "stm_secret", "id": "ab12", "expires_at": end});
            answer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            Reply::Json(200, answer)
        }
        "GET /api/tokens" => {
            let token = json!({
                "id": "ab12", "name": "ci\u{1b}", "role": "operator", "created_by": "joe",
                "created_at": "2027-01-31T10:22:42+01:00", "expires_at": null,
                "revoked_at": "2027-02-01T10:22:42+01:00", "valid": false,
            });
            Reply::Json(200, json!({ "tokens": [token] }))
        }
        "DELETE /api/tokens/ab12" => Reply::Json(200, json!({"success": true})),
        _ => refusal(404, "Token '../x' not found"),
    });
    let create = ["station", "token", "create", "--role"];
    let ninety =
        fake.run(&[&create[..], &["operator", "--expires", "90d", "--name", "ci"]].concat());
    let endless = fake.run(&[&create[..], &["viewer", "--expires", "never"]].concat());
    let list = fake.run(&["station", "token", "list"]);
    let revoke = fake.run(&["station", "token", "revoke", "ab12", "../x"]);
    let screens = [&ninety, &endless, &list, &revoke].map(|ran| ran.screen());
    insta::assert_snapshot!(screens.join("\n"));
    assert_eq!(ninety.out, "stm_secret\n");
    let requests = fake.requests();
    let body = json!({"name": "ci", "role": "operator", "expires_in_seconds": 7_776_000});
    assert_eq!(requests[0].1, body);
    assert_eq!(requests[1].1, json!({"name": "viewer", "role": "viewer"}));
    assert_eq!(requests[4].0, "DELETE /api/tokens/..%2Fx");
    for bad in [
        &["create"][..],
        &["create", "--role", "root"],
        &["create", "--role", "viewer", "--expires", "soon"],
        &["create", "--role", "viewer", "--expires", "0"],
        &["revoke"],
    ] {
        assert_eq!(fake.run(&[&["station", "token"], bad].concat()).status, 2, "{bad:?}");
    }
}

#[test]
fn a_mistyped_command_is_told_the_one_that_was_meant() {
    let fake = Fake::new(|_, _| refusal(500, "nothing should be asked"));
    let typo = fake.run(&["station", "crn"]);
    assert!(typo.err.contains("cron"), "{}", typo.err);
}
