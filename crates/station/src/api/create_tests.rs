//! Tests of the create request: what is accepted, and what each bad input is told.

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;
use std::time::Duration;

use station_core::model::{
    Action, CommandLine, Condition, Conflict, Grace, IntentKind, Mail, MailWhen, OnInterrupted,
    Policies, Trigger,
};

use super::*;

const NOW: &str = "2027-01-31T10:00:00Z";

pub(super) fn run(body: &[u8]) -> Result<Draft, ApiError> {
    let zones = jiff::tz::db();
    let zone = zones.get("Europe/Berlin").unwrap();
    let around = Surroundings {
        now: Micros::from(NOW.parse::<Timestamp>().unwrap()),
        zone: &zone,
        zones,
        environment: &[(b"PATH".to_vec(), b"/bin".to_vec())],
        principal: &Principal::Unix { uid: 1000, name: Some("ann".to_owned()) },
        outstations: &|_| None,
    };
    create(body, &around)
}

/// A good request with some fields replaced, added or (null) removed.
pub(super) fn with(changes: &Value) -> Value {
    let mut body = json!({
        "name": "n",
        "schedule_type": "script",
        "trigger_type": "date",
        "run_date": "2027-02-01T12:00:00",
        "parameters": { "command": "echo hi" },
    });
    for (key, value) in changes.as_object().unwrap() {
        if value == "<absent>" {
            body.as_object_mut().unwrap().remove(key);
        } else {
            body[key] = value.clone();
        }
    }
    body
}

pub(super) fn with_parameters(parameters: &Value) -> Value {
    with(&json!({ "parameters": parameters }))
}

pub(super) fn accept(body: &Value) -> Draft {
    run(body.to_string().as_bytes()).unwrap_or_else(|error| panic!("{body}: {error:?}"))
}

pub(super) fn refuse(body: &Value) -> (u16, Value) {
    let error = run(body.to_string().as_bytes()).expect_err(&body.to_string());
    (error.status().as_u16(), error.body())
}

#[test]
fn defaults_are_the_contracts() {
    let draft = accept(&with(&json!({})));
    let spec = draft.spec;
    assert_eq!(spec.name, "n");
    let Action::Command { command, context, stdin, sudo } = &spec.action else { panic!() };
    assert_eq!(command, &CommandLine::Shell("echo hi".to_owned()));
    assert_eq!((context, stdin, *sudo), (&None, &None, false));
    assert_eq!(draft.context, None);
    let timeout = Some(Duration::from_secs(3600));
    assert_eq!(spec.policies, Policies { timeout, ..Policies::default() });
    assert_eq!(draft.enabled, Some(true));
    assert_eq!((spec.queue, spec.mail, spec.tags.len()), (None, None, 0));
    assert_eq!(spec.created_by.label(), "ann");
    let Trigger::Date(date) = spec.trigger else { panic!("{:?}", spec.trigger) };
    assert_eq!(date.at.to_string(), "2027-02-01T11:00:00Z");
    assert_eq!(date.zone, "Europe/Berlin");
    let intent = date.intent.unwrap();
    assert_eq!(intent.expression, "2027-02-01T12:00:00");
    let (datetime, zone) = ("2027-02-01T12:00:00".to_owned(), "Europe/Berlin".to_owned());
    assert_eq!(intent.kind, IntentKind::Civil { datetime, zone });
}

#[test]
fn everything_can_be_said() {
    let draft = accept(&json!({
        "schedule_type": "script", "when": "now", "timezone": "UTC",
        "description": "d\nd", "tags": ["a", "b", "a"],
        "retries": "3", "retry_delay_seconds": 0, "timeout_seconds": 1.5,
        "idle_timeout_seconds": 60, "misfire_grace_time": "forever",
        "on_interrupted": "rerun", "condition": { "load_below": 1.5 }, "queue": "b",
        "mail": { "to": "ann", "when": "always" },
        "equipment_id": null, "profile_id": "", "enabled": false, "max_instances": "3",
        "coalesce": "false", "conflict_policy": "cancel_running", "on_failure_alarm": true,
        "conflict_key": "psu", "queue_limit": 0, "cron_expression": "", "cron_seconds": false,
        "interval_hours": null, "exclude": [], "jitter_seconds": 0,
        "x_client": { "deep": [1, 2] },
        "parameters": {
            "argv": ["/bin/echo", "", "ä"], "target": "local", "cwd": { "hex": "2fFF" },
            "umask": "022", "env": { "A": "1", "B": { "hex": "ff" } }, "env_clear": true,
            "stdin": "in", "nice": 5, "timeout": 1.5,
        },
    }));
    let spec = &draft.spec;
    assert_eq!(spec.name, "/bin/echo  ä");
    assert_eq!(spec.tags, ["a", "b"]);
    assert_eq!(spec.policies.retries, 3);
    assert_eq!(spec.policies.retry_delay, Duration::ZERO);
    assert_eq!(spec.policies.timeout, Some(Duration::from_millis(1500)));
    assert_eq!(spec.policies.grace, Grace::Forever);
    assert_eq!(spec.policies.on_interrupted, OnInterrupted::Rerun);
    assert_eq!(spec.policies.condition, Some(Condition::LoadBelow(150)));
    assert_eq!(draft.enabled, Some(false));
    let policies = &spec.policies;
    assert_eq!((policies.max_instances, policies.queue_limit), (3, 0));
    assert_eq!((policies.coalesce, policies.alarm), (false, true));
    assert_eq!(policies.conflict, Conflict::CancelRunning);
    assert_eq!(policies.conflict_key.as_deref(), Some("psu"));
    assert!(spec.bounds.is_none());
    assert_eq!(spec.queue, Some('b'));
    assert_eq!(spec.mail, Some(Mail { to: "ann".into(), when: MailWhen::Always }));
    let (hash, context) = draft.context.as_ref().unwrap();
    assert_eq!(context.cwd.as_deref(), Some(&b"/\xff"[..]));
    assert_eq!((context.umask, context.nice), (Some(0o22), 5));
    let env = vec![(b"A".to_vec(), b"1".to_vec()), (b"B".to_vec(), b"\xff".to_vec())];
    assert_eq!(context.env.as_ref(), Some(&env));
    let Action::Command { context, stdin, .. } = &spec.action else { panic!() };
    assert_eq!(context.as_ref(), Some(hash));
    assert_eq!(stdin.as_deref(), Some(&b"in"[..]));
}

#[test]
fn a_limit_can_be_lifted() {
    let timeout = |body: &Value| accept(body).spec.policies.timeout;
    assert_eq!(timeout(&with(&json!({ "timeout_seconds": null }))), None);
    let inner = json!({ "command": "x", "timeout": null });
    assert_eq!(timeout(&with_parameters(&inner)), None);
    let inner = json!({ "command": "x", "timeout": 7 });
    assert_eq!(timeout(&with_parameters(&inner)), Some(Duration::from_secs(7)));
}

#[test]
fn a_name_is_made_from_the_command() {
    let named = |command: &str| {
        let parameters = json!({ "command": command });
        accept(&with(&json!({ "name": "<absent>", "parameters": parameters }))).spec.name
    };
    assert_eq!(named("  echo hi"), "echo hi");
    assert_eq!(named("a\n\tb"), "a  b");
    assert_eq!(named(&"ä".repeat(60)), "ä".repeat(50));
}

#[test]
fn the_environment_is_added_to_the_stations() {
    let draft = accept(&with_parameters(&json!({ "command": "x", "env": { "A": "1" } })));
    let env = draft.context.unwrap().1.env.unwrap();
    let expected = [(b"A".to_vec(), b"1".to_vec()), (b"PATH".to_vec(), b"/bin".to_vec())];
    assert_eq!(env, expected);
}

#[test]
fn values_of_variables_are_never_echoed() {
    let secret = json!({ "command": "x", "env": { "TOKEN": 123_456_789, "B": ["hush-hush"] } });
    let (status, body) = refuse(&with_parameters(&secret));
    assert_eq!(status, 422);
    let text = body.to_string();
    assert!(!text.contains("123456789") && !text.contains("hush"), "{text}");
}

#[test]
fn all_faults_are_told_at_once() {
    let (status, body) = refuse(&json!({ "name": "", "retries": "x" }));
    assert_eq!(status, 422);
    assert_eq!(
        body,
        json!({ "detail": [
            { "type": "value_error", "loc": ["body", "name"],
              "msg": "Value error, must not be empty", "input": "" },
            { "type": "int_parsing", "loc": ["body", "retries"], "input": "x",
              "msg": "Input should be a valid integer, unable to parse string as an integer" },
            { "type": "missing", "loc": ["body", "schedule_type"],
              "msg": "Field required", "input": null },
            { "type": "missing", "loc": ["body", "trigger_type"],
              "msg": "Field required", "input": null },
        ] })
    );
}

#[test]
fn reasons_against_the_meaning_are_sentences() {
    let table = [
        (json!({ "retires": 3 }), "unknown field 'retires': did you mean 'retries'?"),
        (json!({ "timeout": 3 }), "field 'timeout' belongs inside 'parameters'"),
        (
            json!({ "parameters": { "comand": "x" } }),
            "unknown field 'parameters.comand': did you mean 'command'?",
        ),
        (
            json!({ "parameters": { "command": "x", "retries": 1 } }),
            "field 'parameters.retries' belongs beside 'parameters', not inside",
        ),
        (
            json!({ "condition": { "load_belo": 1, "load_below": 1 } }),
            "unknown field 'load_belo': did you mean 'load_below'?",
        ),
        (
            json!({ "schedule_type": "measurement", "parameters": { "command": "get_voltage" } }),
            "equipment_id is required for jobs of schedule_type 'measurement'",
        ),
        (
            json!({
                "schedule_type": "outstation_command", "equipment_id": "x",
                "parameters": { "command": "test" },
            }),
            "equipment_id is for jobs that work with equipment; a job with an outstation has none",
        ),
        (
            json!({ "equipment_id": "psu" }),
            "equipment_id is for jobs that work with equipment; a script job has none",
        ),
        (
            json!({ "profile_id": "p" }),
            "profile_id is for jobs that work with equipment; a script job has none",
        ),
        (
            json!({ "cron_expression": "* * * * *" }),
            "cron_expression belongs to trigger_type 'cron', not to 'date'; leave it out",
        ),
        (
            json!({ "timezone": "Europe/Berln" }),
            "time zone 'Europe/Berln' is not known; did you mean Europe/Berlin?",
        ),
        (
            json!({ "timezone": "Mars/Base" }),
            "time zone 'Mars/Base' is not known; give an IANA name such as Europe/Berlin, or a \
             POSIX TZ string with its rule such as CET-1CEST,M3.5.0,M10.5.0/3",
        ),
        (
            json!({ "run_date": "2027-01-31T10:59:59" }),
            "run_date 2027-01-31T10:59:59+01:00 is in the past: it is now \
             2027-01-31T11:00:00+01:00",
        ),
        (json!({ "when": "now" }), "the request has both when and run_date; give one"),
        (
            json!({ "parameters": { "command": "x", "argv": ["x"] } }),
            "`parameters` has both `command` and `argv`; give one of them",
        ),
        (
            json!({ "parameters": { "command": "x", "target": "lab-7", "cwd": "/srv" } }),
            "parameters.cwd says how a command runs on this machine, not on nodes: begin the \
             command with `cd DIRECTORY && `",
        ),
        (
            json!({ "parameters": { "command": "x", "sudo": true } }),
            "parameters.sudo is for commands on nodes; here begin the command with `sudo `",
        ),
        (
            json!({ "timeout_seconds": 5, "parameters": { "command": "x", "timeout": 6 } }),
            "timeout_seconds and parameters.timeout differ; give one of them",
        ),
    ];
    for (changes, detail) in table {
        assert_eq!(refuse(&with(&changes)), (400, json!({ "detail": detail })), "{changes}");
    }
}

#[test]
fn a_time_expression_is_refused_with_its_place() {
    for when in ["14:3o tomorow", "2020-01-01T00:00:00Z", ""] {
        let (status, body) = refuse(&with(&json!({ "run_date": null, "when": when })));
        assert_eq!(status, 400, "{when}");
        let fault = &body["expression_error"];
        let message = fault["message"].as_str().unwrap();
        assert!(body["detail"].as_str().unwrap().contains(message), "{body}");
        let (start, end) = (fault["start"].as_u64().unwrap(), fault["end"].as_u64().unwrap());
        assert!(start <= end && usize::try_from(end).unwrap() <= when.len(), "{body}");
        assert!(fault["kind"].is_string() && body["detail"].is_string(), "{body}");
    }
}

#[test]
fn an_expression_is_kept_beside_its_instant() {
    let draft = accept(&with(&json!({ "run_date": null, "when": "now + 5 seconds" })));
    let Trigger::Date(date) = draft.spec.trigger else { panic!("{draft:?}") };
    assert_eq!(date.at.to_string(), "2027-01-31T10:00:05Z");
    assert_eq!(date.intent.unwrap().expression, "now + 5 seconds");
}

#[test]
fn bodies_that_are_no_object_are_told_so() {
    let deep = "[".repeat(100_000);
    let deeper = "{\"a\":".repeat(100_000);
    let bad = b"{\"name\":\"\xff\"}";
    for (body, kind) in [
        (&b""[..], "missing"),
        (b"nope", "json_invalid"),
        (b"{\"a\":1,}", "json_invalid"),
        (b"{} {}", "json_invalid"),
        (b"{\"retries\":NaN}", "json_invalid"),
        (b"{\"retries\":1e999}", "json_invalid"),
        (bad, "json_invalid"),
        (deep.as_bytes(), "json_invalid"),
        (deeper.as_bytes(), "json_invalid"),
        (b"[]", "model_attributes_type"),
        (b"\"x\"", "model_attributes_type"),
    ] {
        let error = run(body).unwrap_err();
        assert_eq!(error.status().as_u16(), 422);
        assert_eq!(error.body()["detail"][0]["type"], kind);
        assert_eq!(error.body()["detail"][0]["loc"][0], "body");
    }
    let many: String = (0..101).map(|n| format!("\"extra_{n}_xxxxxx\":1,")).collect();
    let error = run(format!("{{{many}\"a\":1}}").as_bytes()).unwrap_err();
    assert_eq!(error.status().as_u16(), 400);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        proptest::sample::select(vec![
            "now",
            "script",
            "date",
            "local",
            "5",
            "forever",
            "2028-01-01"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let keys = proptest::sample::select(
            [&SCRIPT_FIELDS[..], &["hex", "load_below", "to", "when", "x"]].concat(),
        );
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((keys, inner), 0..6).prop_map(|entries| {
                entries.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_field_gives_a_job_or_a_reason(
        fields in proptest::collection::vec(
            (proptest::sample::select(JOB_FIELDS.to_vec()), any_json()), 0..5),
        good in any::<bool>(),
    ) {
        let changes: Value = fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        let body = if good { with(&changes) } else { changes };
        match run(body.to_string().as_bytes()) {
            Ok(draft) => prop_assert!(!draft.spec.name.is_empty()),
            Err(error) => {
                let status = error.status().as_u16();
                prop_assert!(status == 400 || status == 422, "{status} {body}");
                prop_assert!(!error.body()["detail"].is_null());
            }
        }
    }

    #[test]
    fn any_bytes_give_a_reason(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let status = run(&body).unwrap_err().status().as_u16();
        prop_assert!(status == 400 || status == 422);
    }
}

#[path = "create_fault_tests.rs"]
mod faults;
