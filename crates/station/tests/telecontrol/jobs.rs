//! Jobs that do something with an outstation, as they are made, changed and run.

use serde_json::{Value, json};
use station_core::model::Role;

use crate::rig::{POINTS, Rig, ann, user};

fn rig() -> Rig {
    let rig = Rig::new();
    // Nobody answers there: jobs are made all the same.
    let body = json!({ "name": "SS1", "address": "127.0.0.1:1", "ca": 47, "points_toml": POINTS });
    assert_eq!(rig.post("/api/outstations", body).0, 200);
    rig
}

fn job(parameters: Value) -> Value {
    json!({
        "name": "nightly", "schedule_type": "outstation_command", "outstation": "SS1",
        "trigger_type": "daily", "time_of_day": "22:00", "parameters": parameters,
    })
}

const CREATE: &str = "/api/scheduler/jobs/create";

#[test]
fn a_job_is_made_and_shown_in_both_forms() {
    let rig = rig();
    let on = json!({ "command": "write", "point": "breaker-7", "value": "on", "reason": "load" });
    let (status, told) = rig.post(CREATE, job(on.clone()));
    assert_eq!(status, 200, "{told}");
    let id = told["job_id"].as_str().unwrap();
    let path = format!("/api/scheduler/jobs/{id}");
    let shown = rig.get(&path).1["job"].clone();
    assert_eq!(shown["parameters"], on);
    assert_eq!((&shown["outstation"], &shown["expiry"]), (&json!("SS1"), &json!(10)));
    assert_eq!((&shown["retries"], &shown["target"]), (&json!(0), &json!("SS1")));
    // As it is shown it can be sent.
    let (status, told) = rig.ask(&ann(), "PUT", &path, shown);
    assert_eq!(status, 200, "{told}");
    assert!(told.get("approval").is_none(), "{told}");

    let script = json!({
        "schedule_type": "script", "trigger_type": "daily", "time_of_day": "22:00",
        "parameters": { "target": "SS1", "argv": ["write", "breaker-7", "off"] },
    });
    let (status, told) = rig.post(CREATE, script);
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["job"]["schedule_type"], "outstation_command");
    assert_eq!(told["job"]["name"], "breaker-7 = off on SS1");
}

#[test]
fn what_could_never_be_sent_is_refused_and_leaves_nothing() {
    let rig = rig();
    let write =
        |point: &str, value: &str| json!({ "command": "write", "point": point, "value": value });
    let mut elsewhere = job(write("breaker-7", "on"));
    elsewhere["outstation"] = "SS2".into();
    let mut often = job(write("breaker-7", "on"));
    often["retries"] = 2.into();
    for (body, status, part) in [
        (job(write("breaker-8", "on")), 404, "did you mean 'breaker-7"),
        (job(write("breaker-7", "up")), 422, "breaker-7"),
        (job(write("level", "50")), 422, "level"),
        (job(json!({ "command": "read", "point": "nothing" })), 404, "nothing"),
        (elsewhere, 404, "SS2"),
        (often, 409, "never sent twice"),
    ] {
        let (given, told) = rig.post(CREATE, body.clone());
        assert_eq!(given, status, "{body}: {told}");
        assert!(told["detail"].to_string().contains(part), "{body}: {told}");
    }
    let (status, told) = rig.ask(&user(1001, "eve"), "POST", CREATE, job(write("level", "1")));
    assert_eq!((status, &told["reason"]), (403, &json!("not_permitted")), "{told}");
    assert_eq!(rig.get("/api/scheduler/jobs").1["count"], 0);
}

#[test]
fn whoever_may_not_command_has_no_job_do_it() {
    let rig = rig();
    let level = json!({ "command": "write", "point": "level", "value": "1" });
    let (_, told) = rig.post(CREATE, job(level));
    let path = format!("/api/scheduler/jobs/{}", told["job_id"].as_str().unwrap());
    let eve = user(1001, "eve");
    for (method, path, body) in [
        ("POST", format!("{path}/run"), Value::Null),
        ("POST", format!("{path}/resume"), Value::Null),
        ("PATCH", path.clone(), json!({ "time_of_day": "23:00" })),
        ("PATCH", path.clone(), json!({ "parameters": { "value": "2" } })),
    ] {
        let (status, told) = rig.ask(&eve, method, &path, body);
        assert_eq!(status, 403, "{method} {path}: {told}");
    }
    // In another's name nobody commands, whatever they may themselves.
    let other = json!({ "command": "write", "point": "breaker-7", "value": "on" });
    let (status, told) = rig.ask(&eve, "PATCH", &path, json!({ "parameters": other }));
    assert_eq!(status, 403, "{told}");
    assert!(told["detail"].as_str().unwrap().contains("made by ann"), "{told}");
    // To stop it takes no right to command.
    assert_eq!(rig.ask(&eve, "POST", &format!("{path}/pause"), Value::Null).0, 200);
    assert_eq!(rig.ask(&eve, "DELETE", &path, Value::Null).0, 200);
}

#[test]
fn a_job_that_takes_two_persons_asks_for_consent_once() {
    let rig = rig();
    let on = json!({ "command": "write", "point": "busbar", "value": "on" });
    let (status, told) = rig.post(CREATE, job(on));
    assert_eq!(status, 200, "{told}");
    let (id, approval) = (told["job_id"].clone(), told["approval"].clone());
    assert_eq!((&approval["job_id"], &approval["state"]), (&id, &json!("waiting")));
    assert_eq!(approval["expires_at"], Value::Null);

    let eve = user(1001, "eve");
    let second = rig.token(&eve, "second", Role::Operator);
    let path = format!("/api/approvals/{}/approve", approval["id"].as_str().unwrap());
    let (status, told) = rig.ask(&second, "POST", &path, Value::Null);
    assert_eq!((status, &told["report"]), (200, &Value::Null), "{told}");
    assert_eq!(told["approval"]["decided_by"], "token second");

    // Another command takes another consent; another time does not.
    let job = format!("/api/scheduler/jobs/{}", id.as_str().unwrap());
    let (_, told) = rig.ask(&ann(), "PATCH", &job, json!({ "time_of_day": "23:00" }));
    assert!(told.get("approval").is_none(), "{told}");
    let (_, told) = rig.ask(&ann(), "PATCH", &job, json!({ "parameters": { "value": "off" } }));
    assert_eq!(told["approval"]["value"], "off", "{told}");
    assert_eq!(rig.get("/api/approvals?state=waiting").1["count"], 1);
}
