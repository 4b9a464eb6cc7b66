//! Golden tests of jobs and executions as clients see them.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use station_core::model::{
    Attempt, Bounds, Cause, ClockRule, Conflict, ContextHash, DateTrigger, End, Exclusion,
    Execution, ExecutionId, GapRule, Intent, IntentKind, JobId, JobSpec, JobState, Kill, MailWhen,
    OutputSummary, Policies, Principal, ProcessRecord, Target, Trigger, Usage, WeeklyTrigger,
};

use super::*;

pub(in super::super) fn at(text: &str) -> Micros {
    Micros::from(text.parse::<Timestamp>().unwrap())
}

/// A job due on 2027-07-01 at noon in Berlin.
pub(in super::super) fn job() -> Job {
    Job {
        id: JobId(42),
        spec: Arc::new(JobSpec {
            name: "backup".to_owned(),
            description: None,
            action: Action::Command {
                command: CommandLine::Shell("tar c /srv".to_owned()),
                context: Some(ContextHash("00".to_owned())),
                stdin: None,
                sudo: false,
            },
            target: Target::Local,
            trigger: Trigger::Date(DateTrigger {
                at: at("2027-07-01T10:00:00Z"),
                zone: "Europe/Berlin".to_owned(),
                intent: Some(Intent { expression: "noon".to_owned(), kind: IntentKind::Elapsed }),
            }),
            policies: Policies {
                retries: 3,
                retry_delay: Duration::from_millis(1500),
                timeout: Some(Duration::from_secs(3600)),
                ..Policies::default()
            },
            bounds: Bounds::default(),
            tags: vec!["nightly".to_owned()],
            queue: Some('a'),
            mail: Some(Mail { to: "ann".to_owned(), when: MailWhen::Output }),
            created_at: at("2027-06-30T22:00:00.25Z"),
            created_by: Principal::Unix { uid: 1000, name: Some("ann".to_owned()) },
        }),
        state: JobState::new(Some(at("2027-07-01T10:00:00Z"))),
    }
}

/// Its first execution, running since a quarter of a second after noon.
pub(in super::super) fn execution() -> Execution {
    Execution {
        status: ExecutionStatus::Running,
        started: Some(at("2027-07-01T10:00:00.25Z")),
        attempt: 1,
        process: Some(ProcessRecord {
            pid: 77,
            start_ticks: 1,
            boot_id: String::new(),
            mark: None,
        }),
        ..Execution::new(
            ExecutionId { job: JobId(42), n: 1 },
            Cause::Scheduled,
            at("2027-07-01T10:00:00Z"),
        )
    }
}

/// Gives a frame at an instant.
pub(in super::super) fn framed<T>(
    now: &str,
    held: Option<&'static str>,
    f: impl FnOnce(&Frame<'_>) -> T,
) -> T {
    let zones = jiff::tz::db();
    f(&Frame { now: at(now), zone: &TimeZone::UTC, zones, held })
}

fn shown(job: &Job, now: &str, held: Option<&'static str>) -> Value {
    framed(now, held, |frame| json!(JobView::new(job, frame, Detail::default())))
}

#[test]
fn a_job_has_every_field() {
    assert_eq!(
        shown(&job(), "2027-07-01T00:00:00Z", None),
        serde_json::from_str::<Value>(
            r#"{
            "job_id": "42", "name": "backup", "description": null, "schedule_type": "script",
            "equipment_id": null, "outstation": null, "expiry": null, "trigger_type": "date",
            "cron_expression": null,
            "interval_seconds": null, "interval_minutes": null, "interval_hours": null,
            "interval_days": null, "run_date": "2027-07-01T12:00:00.000000+02:00",
            "time_of_day": null, "day_of_week": null, "day_of_month": null,
            "parameters": { "command": "tar c /srv", "target": "local" },
            "enabled": true, "max_instances": 1, "misfire_grace_time": 300, "coalesce": true,
            "start_date": null, "end_date": null, "max_executions": null, "tags": ["nightly"],
            "profile_id": null, "on_failure_alarm": false, "conflict_policy": "skip",
            "timezone": "Europe/Berlin", "created_at": "2027-07-01T00:00:00.250000+02:00",
            "created_by": "ann", "status": "pending", "command": "tar c /srv",
            "target": "local", "expression": "noon",
            "planned_time": "2027-07-01T12:00:00.000000+02:00",
            "next_run": "2027-07-01T12:00:00.000000+02:00", "waiting": null,
            "execution_count": 0, "retry_count": 0, "fired": 0, "planned": 0, "retries": 3, "retry_delay_seconds": 1.5,
            "timeout_seconds": 3600, "idle_timeout_seconds": null, "on_interrupted": "keep",
            "condition": null, "conflict_key": null, "queue_limit": 100, "fanout": null, "cron_seconds": null,
            "dst_gap": null, "dst_overlap": null, "jitter_seconds": 0, "exclude": [],
            "queue": "a", "mail": { "to": "ann", "when": "output" }
        }"#
        )
        .unwrap()
    );
}

#[test]
fn a_recurring_job_shows_its_trigger_and_its_bounds() {
    let mut job = job();
    let spec = Arc::make_mut(&mut job.spec);
    spec.trigger = Trigger::Weekly(WeeklyTrigger {
        day: 1,
        time: "08:00".parse().unwrap(),
        zone: "Europe/Berlin".to_owned(),
        clock: ClockRule { gap: Some(GapRule::Skip), overlap: None },
    });
    spec.bounds = Bounds {
        start: Some(at("2027-01-01T00:00:00Z")),
        end: None,
        max_executions: Some(3),
        jitter: Duration::from_millis(500),
        exclude: vec![Exclusion {
            from: "2027-12-24T00:00:00".parse().unwrap(),
            to: "2027-12-27T00:00:00".parse().unwrap(),
        }],
    };
    spec.policies.conflict = Conflict::CancelRunning;
    job.state = JobState { paused: true, fired: 2, planned: 5, ..JobState::new(None) };
    let shown = shown(&job, "2027-07-02T00:00:00Z", None);
    for (field, value) in [
        ("trigger_type", json!("weekly")),
        ("day_of_week", json!(1)),
        ("time_of_day", json!("08:00:00")),
        ("run_date", Value::Null),
        ("planned_time", Value::Null),
        ("expression", Value::Null),
        ("dst_gap", json!("skip")),
        ("dst_overlap", Value::Null),
        ("start_date", json!("2027-01-01T01:00:00.000000+01:00")),
        ("end_date", Value::Null),
        ("max_executions", json!(3)),
        ("jitter_seconds", json!(0.5)),
        ("exclude", json!(["2027-12-24..2027-12-26"])),
        ("conflict_policy", json!("cancel_running")),
        ("enabled", json!(false)),
        ("next_run", Value::Null),
        ("waiting", Value::Null),
        ("fired", json!(2)),
        ("planned", json!(5)),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
}

#[test]
fn every_field_of_the_contract_is_shown() {
    let shown = shown(&job(), "2027-07-01T00:00:00Z", None);
    for field in super::super::types::JOB_FIELDS {
        let ours = matches!(field, "when" | "when_mode" | "run_at_start");
        assert!(ours || shown.get(field).is_some(), "{field}");
    }
}

#[test]
fn the_environment_is_shown_only_when_asked_for() {
    let job = job();
    let context = ShellContext {
        cwd: Some(b"/srv/\xff".to_vec()),
        umask: Some(0o22),
        env: Some(vec![(b"TOKEN".to_vec(), b"s3cret".to_vec()), (b"B".to_vec(), vec![0xff])]),
        nice: 5,
    };
    let parameters = |environment| {
        framed("2027-07-01T00:00:00Z", None, |frame| {
            let detail = Detail { context: Some(&context), environment, executions: None };
            json!(JobView::new(&job, frame, detail))["parameters"].clone()
        })
    };
    assert_eq!(
        parameters(false),
        json!({ "command": "tar c /srv", "target": "local", "umask": "022", "nice": 5,
                "cwd": { "hex": "2f7372762fff" } })
    );
    let all = parameters(true);
    assert_eq!(all["env"], json!({ "TOKEN": "s3cret", "B": { "hex": "ff" } }));
    assert_eq!(all["env_clear"], true);
}

#[test]
fn waiting_says_why() {
    let waiting = |job: &Job, now: &str, held| shown(job, now, held)["waiting"].clone();
    let (before, after) = ("2027-07-01T09:59:59Z", "2027-07-01T10:00:01Z");
    let mut job = job();
    assert_eq!(waiting(&job, before, Some("held")), Value::Null);
    assert_eq!(waiting(&job, after, Some("held")), "held");
    assert_eq!(waiting(&job, after, None), "waiting for a free slot");
    Arc::make_mut(&mut job.spec).policies.condition = Some(Condition::LoadBelow(150));
    let sentence = "waiting for the load average to fall below 1.5";
    assert_eq!(waiting(&job, after, None), sentence);
    let mut on_equipment = job.clone();
    let spec = Arc::make_mut(&mut on_equipment.spec);
    (spec.policies.condition, spec.target) = (None, Target::Equipment(vec!["psu".into()]));
    let sentence = "waiting for a free slot, or for 'psu' to be free";
    assert_eq!(waiting(&on_equipment, after, None), sentence);
    job.state = JobState { next_due: None, executions: 1, retries: 1, ..job.state };
    assert_eq!(waiting(&job, after, None), "waiting for its next attempt (retry 2)");
    job.state.paused = true;
    assert_eq!(waiting(&job, after, None), Value::Null);
    job.state = JobState { paused: false, status: ExecutionStatus::Running, ..job.state };
    assert_eq!(waiting(&job, after, None), Value::Null);
}

#[test]
fn a_lost_zone_falls_back_on_the_stations() {
    let mut job = job();
    let Trigger::Date(date) = &mut Arc::make_mut(&mut job.spec).trigger else { panic!() };
    date.zone = "Mars/Base".to_owned();
    let shown = shown(&job, "2027-07-01T00:00:00Z", None);
    assert_eq!(shown["run_date"], "2027-07-01T10:00:00.000000+00:00");
}

#[test]
fn what_work_with_equipment_has_come_to_is_its_result() {
    let mut one = execution();
    one.status = ExecutionStatus::Completed;
    one.end = Some(End::Done);
    one.result = Some(r#"{"measurement":{"voltage":5.0,"unit":"V"}}"#.to_owned());
    let shown = json!(ExecutionView::new(&one, &TimeZone::UTC));
    assert_eq!(shown["result"], json!({ "measurement": { "voltage": 5.0, "unit": "V" } }));
    assert_eq!((&shown["exit_code"], &shown["signal"]), (&Value::Null, &Value::Null));
    // What was done before it went wrong is told too.
    (one.end, one.error) = (Some(End::Failed), Some("psu: no answer".to_owned()));
    let shown = json!(ExecutionView::new(&one, &TimeZone::UTC));
    assert!(shown["result"].is_object() && shown["error"].is_string(), "{shown}");
    one.result = None;
    assert_eq!(json!(ExecutionView::new(&one, &TimeZone::UTC))["result"], Value::Null);
}

#[test]
fn an_execution_has_every_field() {
    let zone = jiff::tz::db().get("Europe/Berlin").unwrap();
    let mut one = execution();
    let running = json!(ExecutionView::new(&one, &zone));
    assert_eq!(running["pid"], 77);
    assert_eq!(running["duration_seconds"], Value::Null);
    assert_eq!(running["result"], Value::Null);
    one.status = ExecutionStatus::Completed;
    one.ended = Some(at("2027-07-01T10:00:02.75Z"));
    one.end = Some(End::Exit(0));
    one.usage = Usage { user_micros: 1_500_000, system_micros: 0, max_rss_bytes: 4096 };
    one.output = OutputSummary { bytes: 9, lines: 2, dropped_bytes: 0, dropped_lines: 0 };
    assert_eq!(
        json!(ExecutionView::new(&one, &zone)),
        json!({
            "execution_id": "42.1", "job_id": "42", "node": null, "status": "completed",
            "started_at": "2027-07-01T12:00:00.250000+02:00",
            "completed_at": "2027-07-01T12:00:02.750000+02:00",
            "duration_seconds": 2.5, "result": { "exit_code": 0 }, "error": null,
            "output": null, "scheduled_time": "2027-07-01T12:00:00.000000+02:00",
            "actual_time": "2027-07-01T12:00:00.250000+02:00",
            "trigger_info": {
                "type": null, "cause": "scheduled", "firings": 1, "first_planned": null, "attempt": 1,
            }, "attempt": 1, "retry_at": null,
            "late_seconds": 0.25, "exit_code": 0, "signal": null, "cpu_user_seconds": 1.5,
            "cpu_system_seconds": 0.0, "max_rss_bytes": 4096, "kill": null, "output_bytes": 9,
            "output_lines": 2, "dropped_bytes": 0, "dropped_lines": 0, "pid": null,
        })
    );
    one.end = Some(End::Signal(15));
    one.node = Some("rack1".to_owned());
    one.kill = Some(Kill::KillFailed);
    let ended = json!(ExecutionView::new(&one, &zone));
    assert_eq!(ended["result"], json!({ "signal": 15, "signal_name": "TERM" }));
    assert_eq!((&ended["node"], &ended["kill"]), (&json!("rack1"), &json!("kill-failed")));
    assert_eq!((&ended["exit_code"], &ended["signal"]), (&Value::Null, &json!(15)));
}

#[test]
fn one_execution_is_shown_with_output_and_attempts() {
    let zone = TimeZone::UTC;
    let mut one = execution();
    one.attempt = 2;
    let earlier = Attempt {
        number: 1,
        started: at("2027-07-01T10:00:00.25Z"),
        ended: Some(at("2027-07-01T10:00:01.25Z")),
        end: Some(End::Exit(7)),
        error: None,
        usage: Usage::default(),
    };
    let view = ExecutionView::new(&one, &zone).with_detail(&one, &[earlier], b"a\xffb", &zone);
    let shown = json!(view);
    assert_eq!(shown["output"], "a\u{FFFD}b");
    assert_eq!(shown["attempts"][0]["exit_code"], 7);
    assert_eq!(shown["attempts"][0]["duration_seconds"], 1.0);
    assert_eq!(shown["attempts"][1]["attempt"], 2);
    assert_eq!(shown["attempts"][1]["started_at"], Value::Null);
    assert_eq!(shown["attempts"].as_array().unwrap().len(), 2);
}
