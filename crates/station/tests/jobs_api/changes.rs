//! What a change leaves as it is, and what it makes different.

use serde_json::{Value, json};

use crate::router::Site;
use crate::{JOBS, create, daily, job, listed, with};

#[test]
fn a_patch_changes_what_it_names_and_a_put_everything() {
    let site = Site::new();
    let id = create(&site, &with(&daily(), &json!({ "retries": 2, "start_date": "2027-01-01" })));
    let path = format!("{JOBS}/{id}");
    let before = job(&site, &id);
    let patch = json!({ "time_of_day": "04:30", "max_executions": 7, "enabled": false });
    let (status, told) = site.ask("PATCH", &path, &patch);
    assert_eq!((status, &told["message"]), (200, &json!("Job updated successfully")), "{told}");
    assert_eq!((&told["job_id"], &told["next_run"]), (&json!(id), &Value::Null));
    let after = job(&site, &id);
    for (field, value) in before.as_object().unwrap() {
        let expected = match field.as_str() {
            "time_of_day" => json!("04:30:00"),
            "max_executions" => json!(7),
            "enabled" => json!(false),
            "next_run" | "planned_time" => continue,
            _ => value.clone(),
        };
        assert_eq!(after[field], expected, "{field}");
    }
    let resumed = site.ask("PATCH", &path, &json!({ "enabled": true })).1;
    assert!(resumed["next_run"].as_str().unwrap().contains("T04:30:00"), "{resumed}");
    let parameters = json!({ "parameters": { "command": "false" } });
    assert_eq!(site.ask("PATCH", &path, &parameters).0, 200);
    let (_, told) = site.get(&format!("{path}?environment=true"));
    let kept = &told["job"]["parameters"];
    assert_eq!(
        (&kept["command"], &kept["cwd"], &kept["env"]["A"]),
        (&json!("false"), &json!("/"), &json!("1"))
    );

    let (status, told) = site.ask(
        "PUT",
        &path,
        &json!({
            "name": "other", "schedule_type": "script", "trigger_type": "interval",
            "interval_hours": 4, "parameters": { "command": "true" },
        }),
    );
    assert_eq!(status, 200, "{told}");
    let whole = job(&site, &id);
    for (field, value) in [
        ("name", json!("other")),
        ("interval_hours", json!(4)),
        ("time_of_day", Value::Null),
        ("max_executions", Value::Null),
        ("start_date", Value::Null),
        ("retries", json!(0)),
        ("tags", json!([])),
        ("created_by", before["created_by"].clone()),
    ] {
        assert_eq!(whole[field], value, "{field}");
    }
    assert_eq!(listed(&site, "?tag=a"), [""; 0]);
}

#[test]
fn a_job_can_be_sent_back_as_it_was_shown() {
    let site = Site::new();
    for changes in [
        json!({ "dst_gap": "skip", "exclude": ["2027-12-24..2027-12-26"], "max_executions": 9 }),
        json!({ "trigger_type": "weekly", "day_of_week": 6, "end_date": "2999-01-01" }),
        json!({ "trigger_type": "monthly", "day_of_month": 31, "misfire_grace_time": "forever" }),
        json!({ "trigger_type": "cron", "cron_expression": "@daily", "time_of_day": null }),
        json!({ "trigger_type": "date", "run_date": "2999-01-01T00:00:00", "time_of_day": null,
                "condition": { "load_below": 1.5 }, "mail": { "to": "ann" }, "queue": "b" }),
        json!({ "enabled": false, "timeout_seconds": null, "conflict_key": "psu" }),
    ] {
        let id = create(&site, &with(&daily(), &changes));
        let path = format!("{JOBS}/{id}");
        let shown = || {
            let (_, told) = site.get(&format!("{path}?environment=true"));
            told["job"].clone()
        };
        let mut before = shown();
        for method in ["PUT", "PATCH"] {
            let (status, told) = site.ask(method, &path, &before);
            assert_eq!(status, 200, "{method} {told}");
            let mut after = shown();
            // A date that is sent with its offset is meant as an instant.
            for job in [&mut before, &mut after] {
                if job["trigger_type"] == "date" {
                    job["expression"] = Value::Null;
                }
            }
            assert_eq!(after, before, "{method}");
        }
    }
}

#[test]
fn a_job_is_told_to_run_now_by_a_change() {
    let site = Site::new();
    let later = json!({ "trigger_type": null, "time_of_day": null, "when": "now + 1 hour" });
    let now = with(&later, &json!({ "when": "now" }));
    let whole = with(&daily(), &now);
    for (method, change) in [("PATCH", json!({ "when": "now" })), ("PUT", whole)] {
        let id = create(&site, &with(&daily(), &later));
        let (status, told) = site.ask(method, &format!("{JOBS}/{id}"), &change);
        assert_eq!(status, 200, "{method}: {told}");
        assert_eq!(job(&site, &id)["execution_count"], 1, "{method}");
        // What had passed before it was asked for is refused as ever.
        let past = json!({ "trigger_type": "date", "run_date": "2020-01-01T00:00:00" });
        let change = if method == "PUT" { with(&daily(), &with(&now, &past)) } else { past };
        let change = with(&change, &json!({ "when": null }));
        let (status, told) = site.ask(method, &format!("{JOBS}/{id}"), &change);
        assert!(status == 400 && told.to_string().contains("in the past"), "{method}: {told}");
    }
}

#[test]
fn of_two_changes_at_once_neither_is_lost() {
    let site = Site::new();
    let id = create(&site, &daily());
    let path = format!("{JOBS}/{id}");
    let changes: Vec<(&str, Value)> = vec![
        ("name", json!("n")),
        ("description", json!("d")),
        ("retries", json!(5)),
        ("tags", json!(["x"])),
        ("max_instances", json!(4)),
        ("conflict_key", json!("psu")),
    ];
    let asked: Vec<_> = changes
        .iter()
        .map(|(field, value)| ("PATCH", path.as_str(), json!({ *field: value })))
        .collect();
    for (status, told) in site.ask_at_once(&asked) {
        assert_eq!(status, 200, "{told}");
    }
    let job = job(&site, &id);
    for (field, value) in changes {
        assert_eq!(job[field], value, "{field}");
    }
}
