use jiff::tz::TimeZone;
use rusqlite::Connection;

use super::*;

/// As LabLink makes it.
const SCHEMA: &str = "
    CREATE TABLE scheduled_jobs (
        job_id TEXT PRIMARY KEY, name TEXT NOT NULL, description TEXT, schedule_type TEXT NOT NULL,
        equipment_id TEXT, trigger_type TEXT NOT NULL, cron_expression TEXT,
        interval_seconds INTEGER, interval_minutes INTEGER, interval_hours INTEGER,
        interval_days INTEGER, run_date TEXT, time_of_day TEXT, day_of_week INTEGER,
        day_of_month INTEGER, parameters TEXT, enabled INTEGER DEFAULT 1,
        max_instances INTEGER DEFAULT 1, misfire_grace_time INTEGER DEFAULT 300,
        coalesce INTEGER DEFAULT 1, start_date TEXT, end_date TEXT, max_executions INTEGER,
        created_at TEXT NOT NULL, created_by TEXT, tags TEXT, profile_id TEXT,
        on_failure_alarm INTEGER DEFAULT 0, conflict_policy TEXT DEFAULT 'skip');
    CREATE TABLE job_execution_counts (
        job_id TEXT PRIMARY KEY, execution_count INTEGER DEFAULT 0, last_updated TEXT);";

/// Makes a store with these rows of columns and values, and reads it.
fn found(rows: &[&[(&str, &str)]]) -> Found {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("scheduler.db");
    let store = Connection::open(&file).unwrap();
    store.execute_batch(SCHEMA).unwrap();
    for (number, row) in rows.iter().enumerate() {
        let mut columns = vec![
            ("job_id", format!("'job_{number}'")),
            ("name", format!("'Job {number}'")),
            ("created_at", "'2026-01-01T00:00:00'".to_owned()),
        ];
        columns.extend(row.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
        let values: Vec<_> = columns.iter().map(|(_, value)| value.as_str()).collect();
        let insert = format!(
            "INSERT INTO scheduled_jobs ({}) VALUES ({})",
            names.join(", "),
            values.join(", ")
        );
        store.execute_batch(&insert).unwrap();
    }
    store.execute_batch("INSERT INTO job_execution_counts VALUES ('job_0', 4, NULL)").unwrap();
    drop(store);
    read(&file, &options()).unwrap()
}

fn options() -> Options {
    let now = "2027-01-01T00:00:00Z".parse().unwrap();
    let clock = Clock { name: None, zone: TimeZone::UTC, now };
    Options { name: "scheduler.db".to_owned(), clock }
}

const SCRIPT: [(&str, &str); 3] = [
    ("schedule_type", "'script'"),
    ("trigger_type", "'cron'"),
    ("parameters", r#"'{"command": "make report"}'"#),
];

fn script<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    SCRIPT.iter().copied().chain(more.iter().copied()).collect()
}

#[test]
fn a_script_keeps_its_fields() {
    let row = script(&[
        ("cron_expression", "'0 9-17 * * 1-5'"),
        ("description", "'what it does'"),
        ("enabled", "0"),
        ("tags", r#"'["a", "b"]'"#),
        ("max_executions", "10"),
        ("on_failure_alarm", "1"),
        ("conflict_policy", "'queue'"),
        ("start_date", "'2026-01-01T00:00:00'"),
    ]);
    let found = found(&[&row]);
    assert_eq!(found.refused, []);
    let print = &found.jobs[0].fingerprint;
    let expected = json!({
        "name": "Job 0", "description": "what it does", "schedule_type": "script",
        "trigger_type": "cron", "cron_expression": "0 9-17 * * 2-6", "enabled": false,
        "max_instances": 1, "misfire_grace_time": 300, "coalesce": true, "max_executions": 6,
        "on_failure_alarm": true, "conflict_policy": "queue",
        "start_date": "2026-01-01T00:00:00", "parameters": {"command": "make report"},
        "tags": ["a", "b", "lablink", "lablink:scheduler.db", print],
    });
    assert_eq!(found.jobs[0].request, expected);
    assert_eq!(found.jobs[0].place, "job job_0");
    let remarks: Vec<_> = found.remarks.iter().map(|remark| remark.text.as_str()).collect();
    assert_eq!(
        remarks,
        [
            "4 of its 10 runs are done; the others are left to it",
            "there 0 meant Monday in a day of week: '0 9-17 * * 1-5' becomes '0 9-17 * * 2-6'",
        ]
    );
}

#[test]
fn what_makes_no_sense_here_is_refused() {
    let cron = ("cron_expression", "'0 0 * * *'");
    let rows: [Vec<(&str, &str)>; 7] = [
        script(&[cron, ("equipment_id", "'power_supply_1'")]),
        vec![("schedule_type", "'state_capture'"), ("trigger_type", "'daily'")],
        script(&[cron, ("profile_id", "'high_res'")]),
        vec![("schedule_type", "'script'"), ("trigger_type", "'cron'"), ("parameters", "'[]'")],
        vec![("schedule_type", "'script'"), ("trigger_type", "'cron'"), cron],
        script(&[("cron_expression", "'0 0 13 * 4'")]),
        vec![("schedule_type", "'dance'"), ("trigger_type", "'daily'"), ("equipment_id", "'x'")],
    ];
    let rows: Vec<&[(&str, &str)]> = rows.iter().map(Vec::as_slice).collect();
    let found = found(&rows);
    assert_eq!(found.jobs, []);
    let reasons: Vec<_> = found.refused.iter().map(|one| one.reason.as_str()).collect();
    for (reason, word) in reasons.iter().zip([
        "names the equipment 'power_supply_1'",
        "schedule_type 'state_capture' need an equipment",
        "names the profile 'high_res'",
        "not a JSON object",
        "name no command",
        "both to hold",
        "schedule_type 'dance' is not known here",
    ]) {
        assert!(reason.contains(word), "{reasons:?}");
    }
    assert_eq!(reasons.len(), 7);
    assert_eq!(found.refused[0].place, "job job_0");
    assert_eq!(found.refused[0].text, "Job 0");
}

#[test]
fn work_with_equipment_is_kept_where_there_is_such_equipment() {
    let hourly = |more: &[(&'static str, &'static str)]| -> Vec<(&'static str, &'static str)> {
        [("trigger_type", "'interval'"), ("interval_hours", "1")]
            .into_iter()
            .chain(more.iter().copied())
            .collect()
    };
    let rows = [
        hourly(&[
            ("schedule_type", "'measurement'"),
            ("equipment_id", "'psu_1'"),
            ("parameters", r#"'{"command": "get_voltage"}'"#),
        ]),
        hourly(&[
            ("schedule_type", "'state_capture'"),
            ("equipment_id", "'psu_1'"),
            ("profile_id", "'safe'"),
        ]),
        hourly(&[("schedule_type", "'state_capture'"), ("equipment_id", "'psu_2'")]),
        hourly(&[
            ("schedule_type", "'acquisition'"),
            ("equipment_id", "'psu_1'"),
            ("profile_id", "'fast'"),
            ("max_executions", "9"),
        ]),
    ];
    let rows: Vec<&[(&str, &str)]> = rows.iter().map(Vec::as_slice).collect();
    let mut found = found(&rows);
    assert!(needs_equipment(&found) && found.refused.is_empty(), "{found:?}");
    let named = |id: &str| BTreeSet::from([id.to_owned()]);
    keep_registered(&mut found, &named("psu_1"), &named("safe"));
    let kept: Vec<_> = found.jobs.iter().map(|job| job.place.as_str()).collect();
    assert_eq!(kept, ["job job_0", "job job_1"]);
    let request = &found.jobs[0].request;
    assert_eq!(request["equipment_id"], "psu_1");
    assert_eq!(request["parameters"], json!({ "command": "get_voltage" }));
    let request = &found.jobs[1].request;
    assert_eq!((&request["profile_id"], &request["parameters"]), (&json!("safe"), &json!({})));
    let reasons: Vec<_> = found.refused.iter().map(|one| one.reason.as_str()).collect();
    assert!(reasons[0].contains("the equipment 'psu_2', which is not registered"), "{reasons:?}");
    assert!(reasons[1].contains("the profile 'fast', which is not here"), "{reasons:?}");
    assert_eq!((reasons.len(), found.remarks.len()), (2, 0));
}

#[test]
fn what_will_not_run_again_is_counted() {
    let cron = ("cron_expression", "'0 0 * * *'");
    let date = |at| {
        vec![
            ("schedule_type", "'script'"),
            ("trigger_type", "'date'"),
            ("parameters", r#"'{"command": "x"}'"#),
            ("run_date", at),
        ]
    };
    let found = found(&[
        &script(&[cron, ("max_executions", "4")]),
        &date("'2026-12-31T23:59:59'"),
        &date("'2027-01-01T00:00:01'"),
        &script(&[cron, ("end_date", "'2026-06-01T00:00:00'")]),
    ]);
    assert_eq!(found.left, [("ended".to_owned(), 3)]);
    assert_eq!(found.jobs.len(), 1);
    assert_eq!(found.jobs[0].request["run_date"], "2027-01-01T00:00:01");
}

#[test]
fn stores_without_counts_or_newer_columns_are_read_too() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("old.db");
    let store = Connection::open(&file).unwrap();
    store
        .execute_batch(
            "CREATE TABLE scheduled_jobs (job_id, name, schedule_type, trigger_type, interval_days,
                                          parameters);
             INSERT INTO scheduled_jobs VALUES ('j', 'n', 'script', 'interval', 2,
                                                '{\"command\": \"x\"}')",
        )
        .unwrap();
    drop(store);
    let found = read(&file, &options()).unwrap();
    assert_eq!(found.jobs[0].request["interval_days"], 2);
    let error = read(dir.path(), &options()).unwrap_err();
    assert!(error.to_string().contains("directory"));
}
