//! Tests of jobs with equipment: what is read of them, what stays when they are changed, and that
//! what is shown of them can be sent again.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, json};
use station_core::model::{
    AcquisitionPlan, Action, Call, EquipmentTest, FileFormat, InstrumentAction, JobId, JobState,
    Policies, Target, Work,
};

use super::tests::run;
use super::*;
use crate::api::instrument_view;

fn body(kind: &str, parameters: &Value) -> Value {
    json!({
        "name": "n", "schedule_type": kind, "equipment_id": "psu_1", "when": "now",
        "parameters": parameters,
    })
}

fn accept(body: &Value) -> Draft {
    run(body.to_string().as_bytes()).unwrap_or_else(|error| panic!("{body}: {:?}", error.body()))
}

fn refuse(body: &Value) -> (u16, String) {
    let error = run(body.to_string().as_bytes()).expect_err(&body.to_string());
    (error.status().as_u16(), error.body()["detail"].to_string())
}

fn action(draft: &Draft) -> &InstrumentAction {
    let Action::Instrument(action) = &draft.spec.action else { panic!("{:?}", draft.spec) };
    action
}

fn call(verb: &str, parameters: Value) -> Call {
    let parameters = serde_json::from_value(parameters).unwrap();
    Call { equipment: None, verb: verb.to_owned(), parameters }
}

/// The job that a request makes.
fn job(body: &Value) -> Job {
    Job { id: JobId(1), spec: Arc::new(accept(body).spec), state: JobState::new(None) }
}

/// Changes a job in part.
fn changed(job: &Job, body: &Value) -> Result<Draft, ApiError> {
    let zones = jiff::tz::db();
    let around = Surroundings {
        now: job.spec.created_at,
        zone: &TimeZone::UTC,
        zones,
        environment: &[],
        principal: &job.spec.created_by,
        outstations: &|_| None,
    };
    change(body.to_string().as_bytes(), Stored { job, context: None }, &around)
}

fn plan() -> AcquisitionPlan {
    AcquisitionPlan {
        duration: Some(Duration::from_secs(60)),
        sample_rate: Some(1000.into()),
        channels: vec!["CH1".to_owned(), "CH2".to_owned()],
        verb: None,
        format: FileFormat::Npy,
        detached: false,
    }
}

#[test]
fn lablinks_words_and_ours_mean_the_same() {
    for parameters in [
        json!({ "duration": 60, "sample_rate": 1000, "channels": [1, 2], "format": "npy" }),
        json!({
            "duration_seconds": "60", "sample_rate": "1000", "channels": ["CH1", "ch2"],
            "export_format": "npy", "wait": true, "verb": null, "on_release": [],
        }),
        json!({
            "duration": 60, "duration_seconds": 60.0, "sample_rate": 1000, "channels": ["1", 2],
            "format": "npy", "export_format": "npy", "client": { "x": 1 },
        }),
    ] {
        let draft = accept(&body("acquisition", &parameters));
        assert_eq!(action(&draft).work, Work::Acquisition(plan()), "{parameters}");
        assert_eq!(draft.spec.target, Target::Equipment(vec!["psu_1".to_owned()]));
        // Nothing limits an attempt unless it is said.
        assert_eq!(draft.spec.policies, Policies::default());
    }
}

#[test]
fn each_type_has_its_parameters() {
    let work = |kind, parameters| action(&accept(&body(kind, &parameters))).work.clone();
    let nothing = AcquisitionPlan {
        duration: None,
        sample_rate: None,
        channels: Vec::new(),
        verb: Some("get_current".to_owned()),
        format: FileFormat::Csv,
        detached: true,
    };
    let parameters = json!({ "wait": false, "verb": "get_current" });
    assert_eq!(work("acquisition", parameters), Work::Acquisition(nothing));
    assert_eq!(work("state_capture", json!({})), Work::StateCapture);
    let get = call("get_voltage", json!({}));
    assert_eq!(work("measurement", json!({ "command": "get_voltage" })), Work::Measurement(get));
    let set = json!({ "command": "set_current", "parameters": { "value": 2.5, "channel": 2 } });
    let call = call("set_current", json!({ "value": 2.5, "channel": 2 }));
    assert_eq!(work("command", set), Work::Command(call));
    for (name, test) in
        [("connection", EquipmentTest::Connection), ("self_test", EquipmentTest::SelfTest)]
    {
        let parameters = json!({ "test_name": name });
        assert_eq!(work("equipment_test", parameters), Work::EquipmentTest { test });
    }
}

#[test]
fn a_profile_and_what_is_done_afterwards_belong_to_it() {
    let release = json!([
        { "verb": "set_output", "parameters": { "enabled": false } },
        { "equipment": "psu_1", "command": "clear", "parameters": null },
    ]);
    let mut asked = body("state_capture", &json!({ "on_release": release }));
    asked["profile_id"] = json!("safe");
    let draft = accept(&asked);
    let release = vec![call("set_output", json!({ "enabled": false })), call("clear", json!({}))];
    let expected = InstrumentAction {
        work: Work::StateCapture,
        profile: Some("safe".to_owned()),
        on_release: release,
    };
    assert_eq!(action(&draft), &expected);
    assert_eq!((draft.enabled, draft.extras.len()), (Some(true), 0));
}

#[test]
fn steps_say_of_which_equipment_they_are() {
    let steps = json!([
        { "at": "0s", "verb": "set_voltage", "parameters": { "voltage": 5 } },
        { "at": "1s", "equipment": "dmm_1", "verb": "get_voltage" },
    ]);
    let release = json!([{ "verb": "set_output", "parameters": { "enabled": false } }]);
    let parameters = json!({ "tick_ms": 20, "steps": steps, "on_release": release });
    let draft = accept(&body("sequence", &parameters));
    let both = Target::Equipment(vec!["dmm_1".to_owned(), "psu_1".to_owned()]);
    assert_eq!(draft.spec.target, both);
    let Work::Sequence(sequence) = &action(&draft).work else { panic!() };
    assert_eq!((sequence.tick, sequence.steps.len()), (Duration::from_millis(20), 2));
    assert_eq!(action(&draft).on_release[0].equipment.as_deref(), Some("psu_1"));

    let text = "[[step]]\nat = \"10ms\"\nequipment = \"x\"\nscpi = \"OUTP ON\"\n";
    let mut asked = body("sequence", &json!({ "toml": text }));
    asked["equipment_id"] = json!(null);
    assert_eq!(accept(&asked).spec.target, Target::Equipment(vec!["x".to_owned()]));
    asked["equipment_id"] = json!("y");
    assert!(refuse(&asked).1.contains("equipment_id 'y' is for steps that name no equipment"));
}

#[test]
fn what_is_shown_can_be_sent_again_and_makes_the_same() {
    for (kind, parameters) in [
        ("acquisition", json!({ "duration": 0.5, "sample_rate": 2.5, "channels": [1, "A"] })),
        ("acquisition", json!({ "format": "json", "wait": false, "verb": "get_voltage" })),
        (
            "state_capture",
            json!({ "on_release": [{ "verb": "scpi", "parameters": { "text": "*CLS" } }] }),
        ),
        ("measurement", json!({ "command": "get_voltage", "parameters": { "channel": "CH1" } })),
        ("command", json!({ "command": "set_current", "parameters": { "value": 2.5 } })),
        (
            "command",
            json!({ "command": "scpi", "parameters": { "text": "SYST:ERR?", "x": [1, { "y": null }] } }),
        ),
        ("equipment_test", json!({ "test_name": "self_test" })),
        (
            "sequence",
            json!({
                "tick_ms": 10,
                "steps": [
                    { "at": 1.5, "verb": "set_voltage", "parameters": { "voltage": 5 } },
                    { "at": "2s", "loop": { "count": 10, "every": "500ms", "steps": [
                        { "at": 0, "equipment": "dmm", "verb": "get_voltage" },
                    ] } },
                    { "at": "8s", "verb": "set_voltage", "ramp": {
                        "parameter": "voltage", "from": 0, "to": 5, "count": 50, "every": "32ms",
                    } },
                    { "at": "9s", "hold": { "verb": "get_voltage", "above": 4.9, "timeout": "5s" } },
                    { "at": "10s", "scpi": "OUTP ON" },
                    { "at": "11s", "run": "echo hi", "on": "local", "timeout": "10s" },
                ],
                "on_release": [{ "verb": "set_output", "parameters": { "enabled": false } }],
            }),
        ),
    ] {
        let draft = accept(&body(kind, &parameters));
        let shown = instrument_view::parameters(action(&draft));
        let mut again = body(kind, &Value::Object(shown.clone()));
        again["equipment_id"] = json!(instrument_view::only(&draft.spec.target));
        let again = accept(&again);
        assert_eq!(again.spec.action, draft.spec.action, "{kind}: {shown:?}");
        assert_eq!(again.spec.target, draft.spec.target, "{kind}");
        assert_eq!(instrument_view::parameters(action(&again)), shown);
        if kind != "sequence" {
            // What was said is told as it was said.
            let said = |(name, value): (&String, &Value)| shown.get(name) == Some(value);
            assert!(parameters.as_object().unwrap().iter().all(said), "{parameters} {shown:?}");
        }
    }
}

#[test]
fn a_change_leaves_what_it_does_not_name() {
    let release = json!([{ "verb": "clear" }]);
    let mut asked = body(
        "acquisition",
        &json!({ "duration": 60, "sample_rate": 1000, "channels": [1, 2], "format": "npy", "on_release": release }),
    );
    asked["profile_id"] = json!("fast");
    let job = job(&asked);
    let after = |change: Value| {
        let draft = changed(&job, &change).unwrap_or_else(|error| panic!("{:?}", error.body()));
        let shown = instrument_view::parameters(action(&draft));
        (draft, Value::Object(shown))
    };
    let (same, shown) = after(json!({ "name": "other" }));
    assert_eq!((&same.spec.action, &same.spec.target), (&job.spec.action, &job.spec.target));
    assert_eq!(shown, asked["parameters"]);
    let mut expected = shown.clone();
    for (field, value) in
        [("duration", json!(5)), ("channels", json!([3])), ("format", json!("csv"))]
    {
        expected[field] = value;
    }
    let change = json!({ "duration_seconds": 5, "channels": [3], "format": null });
    assert_eq!(after(json!({ "parameters": change })).1, expected);
    let (moved, shown) = after(json!({ "equipment_id": "scope", "profile_id": null }));
    assert_eq!(moved.spec.target, Target::Equipment(vec!["scope".to_owned()]));
    assert_eq!((&action(&moved).profile, shown), (&None, asked["parameters"].clone()));
}

#[test]
fn another_verb_does_not_keep_the_parameters_of_the_one_before() {
    let job =
        job(&body("command", &json!({ "command": "set_current", "parameters": { "value": 1 } })));
    let after = |parameters: Value| {
        let draft = changed(&job, &json!({ "parameters": parameters })).unwrap();
        Value::Object(instrument_view::parameters(action(&draft)))
    };
    let set = |value: i32| json!({ "command": "set_current", "parameters": { "value": value } });
    assert_eq!(after(json!({ "parameters": { "value": 2 } })), set(2));
    assert_eq!(after(json!({})), set(1));
    assert_eq!(after(json!({ "command": "clear" })), json!({ "command": "clear" }));
}

#[test]
fn a_type_changes_only_with_what_it_is_to_do() {
    let job = job(&body("measurement", &json!({ "command": "get_voltage" })));
    let error = changed(&job, &json!({ "schedule_type": "script" })).unwrap_err();
    let told = error.body()["detail"].to_string();
    assert!(told.contains("schedule_type cannot become 'script' by itself"), "{told}");
    let change = json!({ "schedule_type": "script", "parameters": { "command": "true" } });
    let script = changed(&job, &change).unwrap();
    assert_eq!((script.spec.action.kind(), &script.spec.target), ("script", &Target::Local));
    let change = json!({ "schedule_type": "state_capture", "parameters": {} });
    let capture = changed(&job, &change).unwrap();
    assert_eq!(
        (&action(&capture).work, &capture.spec.target),
        (&Work::StateCapture, &job.spec.target)
    );
    let script = Job { spec: Arc::new(script.spec), ..job };
    let change = json!({ "schedule_type": "command", "parameters": { "command": "clear" } });
    assert!(changed(&script, &change).is_err());
    let back = changed(&script, &{
        let mut change = change;
        change["equipment_id"] = json!("psu_1");
        change
    });
    assert_eq!(back.unwrap().spec.action.kind(), "command");
}

#[test]
fn faults_name_their_place() {
    for (kind, parameters, status, told) in [
        ("acquisition", json!({ "duration": 0 }), 422, "must be more than 0 seconds"),
        (
            "acquisition",
            json!({ "duration": 1, "duration_seconds": 2 }),
            422,
            "mean the same and differ",
        ),
        ("acquisition", json!({ "sample_rate": -1 }), 422, "must be more than 0"),
        ("acquisition", json!({ "sample_rate": "fast" }), 422, "samples a second"),
        ("acquisition", json!({ "channels": 1 }), 422, "list_type"),
        ("acquisition", json!({ "channels": [0] }), 422, "must be from 1"),
        ("acquisition", json!({ "channels": [1, "CH1"] }), 422, "channel CH1 is named twice"),
        ("acquisition", json!({ "format": "xls" }), 422, "'csv', 'json' or 'npy'"),
        ("acquisition", json!({ "durations": 5 }), 400, "did you mean 'duration'?"),
        ("acquisition", json!({ "rate": 5 }), 400, "did you mean 'sample_rate'?"),
        ("acquisition", json!({ "retries": 5 }), 400, "belongs beside 'parameters'"),
        ("measurement", json!({}), 422, "Field required"),
        (
            "measurement",
            json!({ "comand": "get_voltage", "command": "x" }),
            400,
            "did you mean 'command'?",
        ),
        ("measurement", json!({ "command": 7 }), 422, "string_type"),
        ("command", json!({ "command": "x", "parameters": [1] }), 422, "dict_type"),
        ("equipment_test", json!({}), 422, "test_name"),
        ("equipment_test", json!({ "test_name": "smoke" }), 422, "'connection' or 'self_test'"),
        ("state_capture", json!({ "on_release": [{}] }), 422, "\"verb\""),
        (
            "state_capture",
            json!({ "on_release": [{ "verb": "a", "command": "b" }] }),
            422,
            "give one of them",
        ),
        (
            "state_capture",
            json!({ "on_release": [{ "verb": "a", "params": {} }] }),
            422,
            "is not known",
        ),
        (
            "state_capture",
            json!({ "on_release": [{ "verb": "a", "equipment": "dmm" }] }),
            400,
            "this job has 'psu_1' alone",
        ),
        ("state_capture", json!({ "on_release": {} }), 422, "list_type"),
        ("sequence", json!({}), 422, "steps"),
        ("sequence", json!({ "toml": "x = ", "steps": [] }), 422, "give it alone"),
        ("sequence", json!({ "toml": "[[step]]\nat = 1\n" }), 422, "toml"),
        ("sequence", json!({ "steps": [{ "at": 1 }] }), 422, "steps"),
    ] {
        let (given, detail) = refuse(&body(kind, &parameters));
        assert_eq!(given, status, "{kind} {parameters}: {detail}");
        assert!(detail.contains(told), "{kind} {parameters}: {detail}");
    }
    let mut outside = body("acquisition", &json!({}));
    outside["duration"] = json!(5);
    assert_eq!(refuse(&outside).1, "\"field 'duration' belongs inside 'parameters'\"");
    let long: Map<String, Value> = (0..65).map(|n| (n.to_string(), json!(n))).collect();
    assert_eq!(refuse(&body("command", &json!({ "command": "x", "parameters": long }))).0, 422);
}
