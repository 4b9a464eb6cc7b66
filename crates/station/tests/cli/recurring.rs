//! every, cron, daily, weekly, monthly and edit: what is sent and what is shown.

use serde_json::{Value, json};

use crate::support::{Fake, Line, Ran, Reply, refusal};

/// A station that takes jobs, and tells their plans.
fn taking() -> Fake {
    Fake::new(|what, body| match what {
        "POST /api/scheduler/jobs/create" => Reply::Json(
            200,
            json!({
                "success": true, "job_id": "42", "note": "2027-03-28 02:00 clocks\u{1b} go forward",
                "next_run": match body["enabled"] == json!(false) {
                    true => Value::Null,
                    false => json!("2027-01-31T10:22:42.000000+01:00"),
                },
            }),
        ),
        "POST /api/scheduler/jobs/42/run" => {
            Reply::Json(200, json!({"success": true, "execution_id": "42.1"}))
        }
        _ => Reply::Json(
            200,
            json!({
                "description": "every 5m, in Europe/Berlin",
                "fires": [
                    "2027-01-31T10:22:42.000000+01:00",
                    "2027-01-31T10:27:42.000000+01:00",
                    "2027-01-31T10:32:42.500000+01:00",
                ],
                "clock_changes": [],
            }),
        ),
    })
}

/// What is sent, but for what belongs to the command.
fn sent(line: &str) -> Value {
    let fake = taking();
    // A bar stands for a blank inside an argument.
    let words: Vec<String> = line.split(' ').map(|word| word.replace('|', " ")).collect();
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.insert(0, "station");
    words.extend(["--", "true"]);
    assert_eq!(fake.run(&words).status, 0, "{line}");
    let mut body = fake.requests().remove(0).1;
    assert_eq!(body["parameters"]["command"], "true");
    let body = body.as_object_mut().unwrap();
    body.remove("parameters");
    assert_eq!(body.remove("schedule_type"), Some(json!("script")));
    assert_eq!(body.remove("timeout_seconds"), Some(Value::Null), "{line}: no limit, as in cron");
    Value::Object(body.clone())
}

#[test]
fn each_kind_is_sent_as_its_trigger() {
    let sent = |line, expected: Value| assert_eq!(sent(line), expected, "{line}");
    sent("every 5m", json!({"trigger_type": "interval", "interval_seconds": 300}));
    sent(
        "every 500ms --now",
        json!({"trigger_type": "interval", "interval_seconds": 0.5, "run_at_start": true}),
    );
    sent(
        "cron */5|*|*|*|*",
        json!({"trigger_type": "cron", "cron_expression": "*/5 * * * *", "cron_seconds": false}),
    );
    sent(
        "cron --seconds */5|*|*|*|*|*",
        json!({"trigger_type": "cron", "cron_expression": "*/5 * * * * *", "cron_seconds": true}),
    );
    sent("daily 9:30", json!({"trigger_type": "daily", "time_of_day": "09:30:00"}));
    sent(
        "weekly Sunday 17:30:15",
        json!({"trigger_type": "weekly", "day_of_week": 6, "time_of_day": "17:30:15"}),
    );
    sent(
        "monthly 31 00:00",
        json!({"trigger_type": "monthly", "day_of_month": 31, "time_of_day": "00:00:00"}),
    );
}

#[test]
fn every_option_is_sent() {
    let fake = taking();
    let off = fake.path().join("off");
    std::fs::write(&off, "2027-12-24..2027-12-26\n").unwrap();
    let line = format!(
        "station daily 02:30 --count 9 --start 2027-03-01T00:00 --end 2027-03-31 --conflict replace \
         --max-instances 3 --queue-limit 7 --conflict-key disk --no-coalesce --jitter 10s \
         --exclude {} --exclude 2027-05-01 --dst-gap skip --dst-overlap both --alarm --paused \
         --name N --tag a --tag b --tz Europe/Berlin --retries 2 --retry-delay 5 --timeout 2m \
         --idle-timeout none --grace forever --rerun-interrupted --on local -- make -C /x",
        off.display()
    );
    let ran = fake.run(&line.split_whitespace().collect::<Vec<_>>());
    assert_eq!(ran.status, 0, "{ran:?}");
    let mut body = fake.requests().remove(0).1;
    assert_eq!(body["parameters"]["argv"], json!(["make", "-C", "/x"]));
    body.as_object_mut().unwrap().remove("parameters");
    let expected = json!({
        "schedule_type": "script", "trigger_type": "daily", "time_of_day": "02:30:00",
        "enabled": false, "max_executions": 9, "start_date": "2027-02-28T23:00:00Z",
        "end_date": "2027-03-31T21:59:59.999999Z", "conflict_policy": "replace",
        "max_instances": 3, "queue_limit": 7, "conflict_key": "disk", "coalesce": false,
        "jitter_seconds": 10, "dst_gap": "skip", "dst_overlap": "both", "on_failure_alarm": true,
        "exclude": [
            "2027-05-01T00:00:00..2027-05-02T00:00:00",
            "2027-12-24T00:00:00..2027-12-27T00:00:00",
        ],
        "name": "N", "tags": ["a", "b"], "timezone": "Europe/Berlin", "retries": 2,
        "retry_delay_seconds": 5, "timeout_seconds": 120, "idle_timeout_seconds": null,
        "misfire_grace_time": "forever", "on_interrupted": "rerun",
    });
    assert_eq!(body, expected);
    assert!(ran.out.starts_with("job 42 is paused: `station resume 42` lets it fire\n"), "{ran:?}");
}

#[test]
fn a_new_job_is_told_with_its_plan() {
    let fake = taking();
    let plain = fake.run(&["station", "every", "5m", "--", "true"]);
    let now = fake.run(&[
        "station",
        "cron",
        "*/5 * * * *",
        "--now",
        "--max-instances",
        "2",
        "--",
        "true",
    ]);
    let inside = Fake::inside(|what, _| match what {
        "POST /api/scheduler/jobs/create" => crate::support::created(),
        _ => refusal(503, "the disk is full"),
    });
    let untold = inside.run(&["station", "daily", "10:00", "--", "true"]);
    let stuck = inside.run(&["station", "daily", "10:00", "--now", "--", "true"]);
    insta::assert_snapshot!([plain, now, untold, stuck].map(|ran: Ran| ran.screen()).join("\n"));
    let asked: Vec<_> = fake.requests().into_iter().map(|request| request.0).collect();
    assert_eq!(asked.last().unwrap(), "POST /api/scheduler/jobs/42/run");
    let out = fake.run(&["station", "every", "5m", "--json", "--", "true"]).ok();
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&document["job_id"], &document["description"], &document["fires"][1]),
        (
            &json!("42"),
            &json!("every 5m, in Europe/Berlin"),
            &json!("2027-01-31T10:27:42.000000+01:00")
        )
    );
}

#[test]
fn the_command_comes_from_a_file_or_standard_input_too() {
    let fake = taking();
    let script = fake.path().join("script");
    std::fs::write(&script, "echo a\necho b\n").unwrap();
    let file = script.to_str().unwrap();
    assert_eq!(fake.run(&["station", "every", "5m", "-f", file]).status, 0);
    let ran = Line::new(&["station", "every", "5m"]).stdin("echo c\n").run(fake.path());
    assert_eq!(ran.status, 0);
    let commands: Vec<_> = fake
        .requests()
        .iter()
        .filter_map(|(_, body)| Some(body["parameters"]["command"].as_str()?.to_owned()))
        .collect();
    assert_eq!(commands, ["echo a\necho b", "echo c"]);
}

#[test]
fn bad_options_end_with_status_2_before_anything_is_asked() {
    let fake = Fake::new(|_, _| refusal(500, "nothing should be asked"));
    let mut told = String::new();
    for line in [
        "every",
        "every soon",
        "every -5m",
        "cron",
        "cron --sconds @daily",
        "daily 25:00",
        "daily 9",
        "weekly funday 9:00",
        "weekly 1 9:00",
        "monthly 32 9:00",
        "monthly 31",
        "every 5m --count 0",
        "every 5m --count many",
        "every 5m --start tomorow",
        "every 5m --end 2027-02-30",
        "every 5m --exclude 2027-02-30",
        "every 5m --exclude 2027-12-26..2027-12-24",
        "every 5m --exclude /nowhere/off.ics",
        "every 5m --conflict wait",
        "every 5m --max-instances 0",
        "every 5m --queue-limit -1",
        "every 5m --jitter long",
        "every 5m --dst-gap later",
        "every 5m --dst-overlap twice",
        "every 5m --now --paused",
        "every 5m --tz Mars/Olympus",
        "every 5m --grace never",
        "every 5m --timeout never",
        "edit 3 --cron @daily --every 5m",
        "edit 3 --seconds",
        "edit 3 --alarm --no-alarm",
        "edit 3 --coalesce --no-coalesce",
        "edit x --name N",
    ] {
        let mut words: Vec<&str> = line.split(' ').collect();
        words.insert(0, "station");
        words.extend(["--", "true"]);
        let ran = fake.run(&words);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{line}: {ran:?}");
        let said: Vec<&str> = ran.err.lines().take_while(|l| !l.starts_with("Usage")).collect();
        told.push_str(&format!("$ station {line}\n{}\n", said.join("\n").trim_end()));
    }
    insta::assert_snapshot!(told);
    assert!(fake.requests().is_empty());
}

/// A station whose job 42 is in Berlin.
fn changing() -> Fake {
    Fake::new(|what, _| match what {
        "GET /api/scheduler/jobs/42" => {
            Reply::Json(200, json!({"job": {"timezone": "Europe/Berlin"}}))
        }
        "PATCH /api/scheduler/jobs/42" => Reply::Json(
            200,
            json!({"job_id": "42", "next_run": "2027-01-31T10:22:42+01:00", "note": "mind", "job": {}}),
        ),
        "PATCH /api/scheduler/jobs/43" => {
            Reply::Json(200, json!({"next_run": null, "job": {"enabled": false}}))
        }
        _ => refusal(404, "Job 7 not found"),
    })
}

#[test]
fn only_what_is_given_is_changed() {
    let patch = |line: &str| {
        let fake = changing();
        let words: Vec<String> = line.split(' ').map(|word| word.replace('|', " ")).collect();
        let mut all = vec!["station", "edit", "42"];
        all.extend(words.iter().map(String::as_str));
        let ran = fake.run(&all);
        assert_eq!((ran.status, ran.err.as_str()), (0, "note: mind\n"), "{line}: {ran:?}");
        assert_eq!(ran.out, "job 42 changed, next at 2027-01-31 10:22:42 +01:00\n");
        fake.body()
    };
    assert_eq!(patch("--name N"), json!({"name": "N"}));
    assert_eq!(
        patch("--cron 0|9|*|*|*"),
        json!({"trigger_type": "cron", "cron_expression": "0 9 * * *", "cron_seconds": false})
    );
    assert_eq!(
        patch("--weekly fri|9:00 --tz UTC"),
        json!({"trigger_type": "weekly", "day_of_week": 4, "time_of_day": "09:00:00", "timezone": "UTC"})
    );
    assert_eq!(
        patch("--at 14:30|tomorrow"),
        json!({"trigger_type": "date", "when": "14:30 tomorrow"})
    );
    assert_eq!(
        patch("--start none --end 2027-06-01T12:00 --count none --exclude none --timeout none"),
        json!({
            "start_date": null, "end_date": "2027-06-01T10:00:00Z", "max_executions": null,
            "exclude": [], "timeout_seconds": null,
        })
    );
    assert_eq!(
        patch("--coalesce --no-alarm --keep-interrupted --conflict cancel_running"),
        json!({
            "coalesce": true, "on_failure_alarm": false, "on_interrupted": "keep",
            "conflict_policy": "cancel_running",
        })
    );
    assert_eq!(patch("-- echo|x")["parameters"]["command"], "echo x");
}

#[test]
fn an_edit_says_what_becomes_of_the_job() {
    let fake = changing();
    let paused = fake.run(&["station", "edit", "43", "--tz", "UTC", "--name", "N"]).ok();
    assert_eq!(paused, "job 43 changed, and paused as before\n");
    let json = fake.run(&["station", "edit", "42", "--name", "N", "--json"]).ok();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["job_id"], &json["note"]), (&json!("42"), &json!("mind")));
    let unknown = fake.run(&["station", "edit", "7", "--name", "N"]);
    assert_eq!((unknown.status, unknown.err.as_str()), (3, "station: Job 7 not found\n"));
    let nothing = fake.run(&["station", "edit", "42"]);
    assert_eq!(nothing.status, 2);
    assert!(nothing.err.contains("nothing to change"), "{}", nothing.err);
}
