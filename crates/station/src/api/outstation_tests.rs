//! Tests of jobs with outstations, as they are read from create requests.

use std::time::Duration;

use serde_json::json;
use station_core::model::{
    Action, Control, Grace, JobId, JobState, OutstationSettings, Target, Write,
};

use super::tests::with;
use super::*;

fn registered(name: &str) -> Option<Arc<Outstation>> {
    let by = Principal::Unix { uid: 0, name: None };
    (name == "SS1").then(|| {
        Arc::new(Outstation {
            name: name.to_owned(),
            endpoints: vec!["127.0.0.1:2404".to_owned()],
            bind: None,
            ca: 47,
            tls: None,
            settings: OutstationSettings { expiry: 7_000, ..OutstationSettings::default() },
            points: Vec::new(),
            created_at: Micros(0),
            created_by: by,
            modified_at: Micros(0),
        })
    })
}

fn read(body: &Value, stored: Option<&Job>) -> Result<Draft, ApiError> {
    let zones = jiff::tz::db();
    let around = Surroundings {
        now: Micros::from("2027-01-31T10:00:00Z".parse::<jiff::Timestamp>().unwrap()),
        zone: &TimeZone::UTC,
        zones,
        environment: &[],
        principal: &Principal::Unix { uid: 1000, name: Some("ann".to_owned()) },
        outstations: &registered,
    };
    let body = body.to_string();
    match stored {
        None => create(body.as_bytes(), &around),
        Some(job) => change(body.as_bytes(), Stored { job, context: None }, &around),
    }
}

fn wish(parameters: &Value) -> Value {
    with(&json!({
        "schedule_type": "outstation_command", "outstation": "SS1", "parameters": parameters,
    }))
}

fn write(point: &str, value: &str) -> Control {
    let (point, value) = (point.to_owned(), value.to_owned());
    Control::Write(Write { point, value, select: false, reason: None, ticket: None })
}

fn done(draft: &Draft) -> &Control {
    assert_eq!(draft.spec.target, Target::Outstation("SS1".to_owned()));
    let Action::Outstation(control) = &draft.spec.action else { panic!("{draft:?}") };
    control
}

#[test]
fn every_command_is_read_in_both_forms() {
    let group = Control::Interrogate { group: Some(2) };
    for (parameters, argv, wanted) in [
        (
            json!({ "command": "write", "point": "breaker-7", "value": "off" }),
            json!(["write", "breaker-7", "off"]),
            write("breaker-7", "off"),
        ),
        (
            json!({ "command": "write", "point": "setpoint", "value": -12.5 }),
            json!(["write", "setpoint", "-12.5"]),
            write("setpoint", "-12.5"),
        ),
        (
            json!({ "command": "interrogate", "group": 2 }),
            json!(["interrogate", "--group", "2"]),
            group,
        ),
        (
            json!({ "command": "read", "point": "bus" }),
            json!(["read", "bus"]),
            Control::Read { point: "bus".to_owned() },
        ),
        (json!({ "command": "sync_clock" }), json!(["sync-clock"]), Control::SyncClock),
        (json!({ "command": "test" }), json!(["test"]), Control::Test),
    ] {
        let draft = read(&wish(&parameters), None).unwrap();
        assert_eq!(*done(&draft), wanted);
        let script = with(&json!({ "parameters": { "target": "SS1", "argv": argv } }));
        let draft = read(&script, None).unwrap();
        assert_eq!(*done(&draft), wanted);
        // What it does once, soon, or not at all.
        let policies = &draft.spec.policies;
        assert_eq!(policies.grace, Grace::Within(Duration::from_secs(7)), "the outstation's own");
        assert_eq!((policies.retries, policies.coalesce, policies.timeout), (0, false, None));
    }
    let line = with(&json!({
        "parameters": { "target": "SS1", "command": "write breaker-7 off --reason 'two words'" },
    }));
    let draft = read(&line, None).unwrap();
    let Control::Write(write) = done(&draft) else { panic!("{draft:?}") };
    assert_eq!(write.reason.as_deref(), Some("two words"));
}

#[test]
fn what_does_not_go_with_outstations_is_refused() {
    let on = json!({ "command": "write", "point": "b", "value": "on" });
    let but = |field: &str, value: Value| {
        let mut body = wish(&on);
        body[field] = value;
        body
    };
    for (body, status, part) in [
        (but("retries", 3.into()), 409, "never sent twice"),
        (but("misfire_grace_time", 300.into()), 409, "no grace can be given"),
        (but("coalesce", true.into()), 409, "not combined"),
        (but("on_interrupted", "rerun".into()), 409, "cut off"),
        (but("fanout", 2.into()), 409, "fan-out"),
        (but("expiry", 60.into()), 422, "less than 60 seconds"),
        (but("equipment_id", "psu".into()), 400, "a job with an outstation has none"),
        (but("outstation", Value::Null), 400, "outstation is required"),
        (but("outstation", "a/b".into()), 400, "cannot be the name"),
        (wish(&json!({ "command": "wirte" })), 422, "Input should be 'write'"),
        (wish(&json!({ "command": "write", "point": "b" })), 422, "Field required"),
        (wish(&json!({ "command": "test", "point": "b" })), 422, "does not go with"),
        (wish(&json!({ "command": "interrogate", "group": 17 })), 422, "from 1 to 16"),
        (wish(&json!({ "command": "test", "piont": "b" })), 400, "did you mean 'point'?"),
        (with(&json!({ "outstation": "SS1" })), 400, "outstation is for jobs"),
        (with(&json!({ "expiry": 5 })), 400, "expiry is for jobs"),
        (
            with(&json!({ "parameters": { "target": "SS1", "argv": ["test"], "cwd": "/" } })),
            400,
            "parameters.cwd says how a command runs on a machine",
        ),
        (
            with(&json!({ "parameters": { "target": "SS1", "argv": ["reboot"] } })),
            400,
            "cannot be done with an outstation",
        ),
    ] {
        let error = read(&body, None).expect_err(&body.to_string());
        let told = error.body()["detail"].to_string();
        assert_eq!(error.status().as_u16(), status, "{body}: {told}");
        assert!(told.contains(part), "{body}: {told}");
    }
    // A script on nodes stays one, and what says no more than holds anyway is let pass.
    let nodes = with(&json!({ "parameters": { "target": "rack1", "argv": ["test"] } }));
    assert!(matches!(read(&nodes, None).unwrap().spec.target, Target::Nodes(_)));
    let mut shown = wish(&on);
    shown["retries"] = 0.into();
    shown["coalesce"] = false.into();
    shown["misfire_grace_time"] = 20.into();
    shown["expiry"] = 20.into();
    let policies = read(&shown, None).unwrap().spec.policies;
    assert_eq!(policies.grace, Grace::Within(Duration::from_secs(20)));
}

#[test]
fn a_change_keeps_what_it_does_not_name() {
    let full = json!({ "command": "write", "point": "b", "value": "on", "reason": "r" });
    let mut body = wish(&full);
    body["expiry"] = 20.into();
    let spec = read(&body, None).unwrap().spec;
    let job = Job { id: JobId(7), spec: spec.into(), state: JobState::new(None) };
    let changed = |body: Value| read(&body, Some(&job)).unwrap();

    let draft = changed(json!({ "parameters": { "value": "off" } }));
    let Control::Write(write) = done(&draft) else { panic!("{draft:?}") };
    assert_eq!((write.value.as_str(), write.reason.as_deref()), ("off", Some("r")));
    assert_eq!(draft.spec.policies.grace, Grace::Within(Duration::from_secs(20)));

    let draft = changed(json!({ "name": "other", "expiry": null }));
    assert_eq!(draft.spec.action, job.spec.action);
    assert_eq!(draft.spec.policies.grace, Grace::Within(Duration::from_secs(7)));

    // Another command takes nothing over.
    let draft = changed(json!({ "parameters": { "command": "read", "point": "c" } }));
    assert_eq!(*done(&draft), Control::Read { point: "c".to_owned() });

    let draft = changed(json!({ "outstation": "SS2" }));
    assert_eq!(draft.spec.target, Target::Outstation("SS2".to_owned()));
}
