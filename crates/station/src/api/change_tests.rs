//! Tests of what a change leaves as it is, and what it makes different.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use station_core::model::{
    Action, Bounds, ClockRule, CommandLine, Condition, Conflict, CronTrigger, DateTrigger,
    Exclusion, GapRule, Grace, Intent, IntentKind, IntervalTrigger, JobId, JobState, Mail,
    MailWhen, MonthlyTrigger, OnInterrupted, OverlapRule, Policies, Target, Trigger,
};

use super::*;
use crate::api::context;

const NOW: &str = "2027-01-31T10:00:00Z";

fn at(text: &str) -> Micros {
    Micros::from(text.parse::<Timestamp>().unwrap())
}

/// A job that says everything, nothing of it as by default.
pub(super) fn job() -> Job {
    let spec = JobSpec {
        name: "backup".to_owned(),
        description: Some("all of it".to_owned()),
        action: Action::Command {
            command: CommandLine::Shell("tar c /srv".to_owned()),
            context: Some(context::hash(&surroundings())),
            stdin: Some(b"in".to_vec()),
            sudo: false,
        },
        target: Target::Local,
        trigger: Trigger::Cron(CronTrigger {
            expression: "30 2 * * *".to_owned(),
            seconds: false,
            zone: "Europe/Berlin".to_owned(),
            clock: ClockRule { gap: Some(GapRule::Skip), overlap: Some(OverlapRule::Both) },
        }),
        bounds: Bounds {
            start: Some(at("2027-01-01T00:00:00.000001Z")),
            end: Some(at("2028-01-01T00:00:00Z")),
            max_executions: Some(9),
            jitter: Duration::from_micros(1_000_001),
            exclude: vec![Exclusion {
                from: "2027-02-01T00:00:00".parse().unwrap(),
                to: "2027-02-01T12:00:00.5".parse().unwrap(),
            }],
        },
        policies: Policies {
            fanout: None,
            retries: 3,
            retry_delay: Duration::from_micros(300_000_000_000_001),
            timeout: None,
            idle_timeout: Some(Duration::from_secs(5)),
            grace: Grace::Forever,
            on_interrupted: OnInterrupted::Rerun,
            condition: Some(Condition::LoadBelow(150)),
            conflict: Conflict::Queue,
            max_instances: 2,
            queue_limit: 7,
            conflict_key: Some("psu".to_owned()),
            coalesce: false,
            alarm: true,
        },
        tags: vec!["nightly".to_owned()],
        queue: Some('c'),
        mail: Some(Mail { to: "ann".to_owned(), when: MailWhen::Always }),
        created_at: at("2026-12-31T00:00:00Z"),
        created_by: Principal::Unix { uid: 7, name: Some("ann".to_owned()) },
    };
    Job { id: JobId(42), spec: Arc::new(spec), state: JobState::new(None) }
}

pub(super) fn surroundings() -> ShellContext {
    ShellContext {
        cwd: Some(b"/srv/\xff".to_vec()),
        umask: Some(0o27),
        env: Some(vec![(b"A".to_vec(), b"1".to_vec())]),
        nice: 4,
    }
}

pub(super) fn changed_from(job: &Job, body: &Value) -> Result<Draft, ApiError> {
    let zones = jiff::tz::db();
    let around = Surroundings {
        now: at(NOW),
        zone: &TimeZone::UTC,
        zones,
        environment: &[(b"PATH".to_vec(), b"/bin".to_vec())],
        principal: &Principal::Unix { uid: 0, name: None },
        outstations: &|_| None,
    };
    let context = surroundings();
    change(body.to_string().as_bytes(), Stored { job, context: Some(&context) }, &around)
}

fn changed(body: &Value) -> Draft {
    changed_from(&job(), body).unwrap_or_else(|error| panic!("{body}: {error:?}"))
}

/// Asserts that a change makes exactly this of the job.
fn assert_makes(body: &Value, expected: impl FnOnce(&mut JobSpec)) {
    let mut spec = (*job().spec).clone();
    expected(&mut spec);
    assert_eq!(changed(body).spec, spec, "{body}");
}

#[test]
fn what_is_not_named_stays() {
    let draft = changed(&json!({}));
    assert_eq!(draft.spec, *job().spec);
    assert_eq!((draft.enabled, draft.context, draft.note), (None, None, None));
    assert_eq!(changed(&json!({ "enabled": false })).enabled, Some(false));
    assert_makes(&json!({ "name": "new" }), |spec| spec.name = "new".to_owned());
    assert_makes(&json!({ "tags": [] }), |spec| spec.tags = Vec::new());
    assert_makes(&json!({ "retries": 1 }), |spec| spec.policies.retries = 1);
    assert_makes(&json!({ "coalesce": true }), |spec| spec.policies.coalesce = true);
    assert_makes(&json!({ "conflict_policy": "skip", "schedule_type": "script" }), |spec| {
        spec.policies.conflict = Conflict::Skip;
    });
    assert_makes(&json!({ "timeout_seconds": 5 }), |spec| {
        spec.policies.timeout = Some(Duration::from_secs(5));
    });
}

#[test]
fn null_is_the_default_again() {
    let all = JOB_FIELDS.iter().filter(|field| {
        !crate::api::timing::TIMING_FIELDS.contains(field)
            && !matches!(**field, "name" | "schedule_type" | "parameters" | "timeout_seconds")
    });
    let body: Value = all.map(|field| ((*field).to_owned(), Value::Null)).collect();
    assert_makes(&body, |spec| {
        spec.description = None;
        spec.policies = Policies { fanout: None, timeout: None, ..Policies::default() };
        (spec.tags, spec.queue, spec.mail) = (Vec::new(), None, None);
    });
    let named = changed(&json!({ "name": null })).spec.name;
    assert_eq!(named, "tar c /srv");
    let bounds = json!({
        "start_date": null, "end_date": null, "max_executions": null, "jitter_seconds": null,
        "exclude": null,
    });
    assert_makes(&bounds, |spec| spec.bounds = Bounds::default());
}

#[test]
fn a_trigger_is_changed_in_part() {
    let cron = |spec: &mut JobSpec, change: &dyn Fn(&mut CronTrigger)| {
        let Trigger::Cron(cron) = &mut spec.trigger else { panic!() };
        change(cron);
    };
    assert_makes(&json!({ "cron_expression": "0 4 * * *" }), |spec| {
        cron(spec, &|cron| cron.expression = "0 4 * * *".to_owned());
    });
    assert_makes(&json!({ "dst_gap": null }), |spec| cron(spec, &|cron| cron.clock.gap = None));
    assert_makes(&json!({ "timezone": "Asia/Tokyo" }), |spec| {
        cron(spec, &|cron| cron.zone = "Asia/Tokyo".to_owned());
    });
    assert_makes(&json!({ "max_executions": 10 }), |spec| spec.bounds.max_executions = Some(10));
    assert_makes(
        &json!({ "trigger_type": "monthly", "day_of_month": 5, "time_of_day": "04:00" }),
        |spec| {
            let clock = ClockRule { gap: Some(GapRule::Skip), overlap: Some(OverlapRule::Both) };
            let (zone, time) = ("Europe/Berlin".to_owned(), "04:00".parse().unwrap());
            spec.trigger = Trigger::Monthly(MonthlyTrigger { day: 5, time, zone, clock });
        },
    );
    assert_makes(&json!({ "trigger_type": "interval", "interval_hours": 1 }), |spec| {
        spec.trigger = Trigger::Interval(IntervalTrigger {
            every: Duration::from_secs(3600),
            first: at("2027-01-31T11:00:00Z"),
            zone: "Europe/Berlin".to_owned(),
        });
    });
}

#[test]
fn the_parts_of_the_parameters_are_changed_one_by_one() {
    let parts = |body: Value| {
        let draft = changed(&json!({ "parameters": body }));
        let Action::Command { command, stdin, .. } = draft.spec.action else { panic!() };
        (command, stdin, draft.context.unwrap().1)
    };
    let (command, stdin, context) = parts(json!({ "command": "true" }));
    assert_eq!(command, CommandLine::Shell("true".to_owned()));
    assert_eq!((stdin.as_deref(), context), (Some(&b"in"[..]), surroundings()));
    let (command, stdin, context) = parts(json!({ "cwd": "/", "stdin": null, "umask": null }));
    assert_eq!(command, CommandLine::Shell("tar c /srv".to_owned()));
    let expected = ShellContext { cwd: Some(b"/".to_vec()), umask: None, ..surroundings() };
    assert_eq!((stdin, context), (None, expected));
    let (_, _, context) = parts(json!({ "env": { "B": "2" } }));
    let env = vec![(b"B".to_vec(), b"2".to_vec()), (b"PATH".to_vec(), b"/bin".to_vec())];
    assert_eq!(context.env, Some(env));
    let (command, ..) = parts(json!({ "argv": ["ls"] }));
    assert_eq!(command, CommandLine::Argv(vec!["ls".to_owned()]));
}

#[test]
fn what_a_change_cannot_be_is_refused() {
    for (body, status, told) in [
        (json!({ "cron_expression": null }), 422, "cron_expression"),
        (json!({ "trigger_type": "daily" }), 422, "time_of_day"),
        (json!({ "parameters": { "command": null } }), 422, "command"),
        (json!({ "retries": "x" }), 422, "retries"),
        (json!({ "time_of_day": "04:00" }), 400, "time_of_day belongs to trigger_type"),
        (json!({ "retrys": 1 }), 400, "did you mean 'retries'?"),
        (json!({ "command": "true" }), 400, "field 'command' belongs inside 'parameters'"),
        (json!({ "timeout": 5 }), 400, "field 'timeout' belongs inside 'parameters'"),
        (json!({ "paused": true }), 400, "did you mean 'enabled'?"),
        (json!({ "end_date": "2027-01-01" }), 400, "end_date"),
        (json!({ "schedule_type": "measurement" }), 400, "cannot become 'measurement' by itself"),
        (
            json!({ "schedule_type": "measurement", "parameters": { "command": "get_voltage" } }),
            400,
            "equipment_id is required",
        ),
        (json!({ "equipment_id": "psu" }), 400, "equipment_id is for jobs that work with"),
        (json!([]), 422, "dictionary"),
    ] {
        let error = changed_from(&job(), &body).unwrap_err();
        let text = error.body().to_string();
        assert_eq!(error.status().as_u16(), status, "{body}: {text}");
        assert!(text.contains(told), "{body}: {text}");
    }
}

#[test]
fn a_time_that_was_is_kept_but_not_asked_for_again() {
    let mut job = job();
    let date = DateTrigger {
        at: at("2027-01-01T11:00:00Z"),
        zone: "Europe/Berlin".to_owned(),
        intent: Some(Intent {
            expression: "noon".to_owned(),
            kind: IntentKind::Civil {
                datetime: "2027-01-01T12:00:00".to_owned(),
                zone: "Europe/Berlin".to_owned(),
            },
        }),
    };
    let spec = Arc::make_mut(&mut job.spec);
    (spec.trigger, spec.bounds) = (Trigger::Date(date.clone()), Bounds::default());
    let kept = changed_from(&job, &json!({ "description": null })).unwrap();
    assert_eq!(kept.spec.trigger, Trigger::Date(date));
    let error = changed_from(&job, &json!({ "timezone": "UTC" })).unwrap_err();
    assert!(error.body()["detail"].as_str().unwrap().contains("in the past"), "{error:?}");
    // A reading of the clock is meant in the new zone.
    let Trigger::Date(date) = &mut Arc::make_mut(&mut job.spec).trigger else { panic!() };
    date.at = at("2027-03-01T11:00:00Z");
    date.intent.as_mut().unwrap().kind = IntentKind::Civil {
        datetime: "2027-03-01T12:00:00".to_owned(),
        zone: "Europe/Berlin".to_owned(),
    };
    let moved = changed_from(&job, &json!({ "timezone": "Asia/Tokyo" })).unwrap();
    let Trigger::Date(date) = moved.spec.trigger else { panic!() };
    assert_eq!(date.at.to_string(), "2027-03-01T03:00:00Z");
}
