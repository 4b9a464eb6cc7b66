//! Verbs and readings.

use serde_json::{Value, json};
use station_instrument::simulate::Model;

use crate::rig::Lab;

#[test]
fn a_verb_is_carried_out_and_answered_as_the_contract_has_it() {
    let lab = Lab::with_psu();
    let body = json!({
        "command_id": "c-1", "equipment_id": "psu", "action": "set_voltage",
        "parameters": { "voltage": 5.0, "channel": 1 },
    });
    let mut told = lab.post("/api/equipment/psu/command", body);
    assert!(told["timestamp"].take().as_str().unwrap().contains('T'));
    let expected = json!({
        "command_id": "c-1", "success": true, "data": null, "units": {}, "error": null,
        "instrument_error": null, "timestamp": null,
    });
    assert_eq!(told, expected);
    let told = lab.command("psu", "get_setpoints", json!({}));
    assert_eq!(told["data"]["voltage"], 5.0, "{told}");
    let told = lab.command("psu", "get_voltage", json!({}));
    assert_eq!(told["units"], json!({ "voltage": "V" }), "{told}");
    let told = lab.get("/api/equipment/psu/readings");
    assert_eq!(told["equipment_id"], "psu");
    assert!(told["readings"]["voltage"].is_number(), "{told}");
    assert_eq!(told["units"], json!({ "current": "A", "voltage": "V" }), "{told}");
}

#[test]
fn what_cannot_be_meant_is_said_and_never_sent() {
    let lab = Lab::with_psu();
    for (verb, parameters, says) in [
        ("set_volatge", json!({ "voltage": 5 }), "did you mean 'set_voltage'?"),
        ("set_voltage", json!({}), "voltage"),
        ("set_voltage", json!({ "voltag": 5 }), "voltag"),
        ("set_voltage", json!({ "voltage": "5;*RST" }), "voltage"),
        ("set_voltage", json!({ "voltage": 5, "channel": "1;*RST" }), "channel"),
        ("set_current", json!({ "current": -1 }), "current"),
        ("set_output", json!({ "enabled": "perhaps" }), "enabled"),
    ] {
        let told = lab.command("psu", verb, parameters.clone());
        assert_eq!(
            (&told["success"], &told["instrument_error"]),
            (&json!(false), &json!("invalid")),
            "{told}"
        );
        assert!(told["error"].as_str().unwrap().contains(says), "{verb} {parameters}: {told}");
    }
    let status = lab.get("/api/equipment/psu/status");
    assert_eq!((&status["desyncs"], &status["health_score"]), (&json!(0), &json!(100)), "{status}");
}

#[test]
fn what_the_instrument_refuses_is_told_and_does_not_poison_the_next() {
    let lab = Lab::with_psu();
    let told = lab.command("psu", "set_voltage", json!({ "voltage": 1000 }));
    assert_eq!((&told["success"], &told["data"]), (&json!(false), &Value::Null));
    assert_eq!(told["instrument_error"], "instrument", "{told}");
    assert!(told["error"].as_str().unwrap().contains("-222"), "{told}");
    assert_eq!(lab.command("psu", "set_voltage", json!({ "voltage": 1 }))["success"], true);
}

#[test]
fn a_request_that_makes_no_sense_is_refused() {
    let lab = Lab::with_psu();
    let path = "/api/equipment/psu/command";
    for (body, status, says) in [
        (json!({ "parameters": {} }), 422, "action"),
        (json!({ "action": "get_voltage", "parameters": [1] }), 422, "parameters"),
        (json!({ "action": "get_voltage", "equipment_id": "dmm" }), 400, "the path names another"),
        (json!({ "action": "get_voltage", "parameter": {} }), 400, "did you mean 'parameters'?"),
    ] {
        let refused = lab.refused("POST", path, body.clone());
        assert_eq!((refused.0, refused.1.contains(says)), (status, true), "{body} {refused:?}");
    }
    let body = json!({ "action": "get_voltage" });
    assert_eq!(lab.refused("POST", "/api/equipment/nosuch/command", body).0, 404);
}

#[test]
fn a_silent_instrument_is_given_up_in_time_and_found_again() {
    let mut lab = Lab::new();
    let resource = lab.simulate(Model::Dmm, &[]);
    lab.connect("dmm", "multimeter", &resource);
    let told = lab.ask("PATCH", "/api/equipment/dmm", json!({ "io_timeout": 0.3 }));
    assert_eq!(told.0, 200, "{}", told.1);
    let unanswered = json!({ "text": "VOLT:DC:RANG 10", "expect_reply": true });
    let told = lab.command("dmm", "scpi", unanswered);
    assert_eq!(
        (&told["success"], &told["instrument_error"]),
        (&json!(false), &json!("timeout")),
        "{told}"
    );
    let told = lab.command("dmm", "get_voltage", json!({}));
    assert_eq!(told["success"], true, "{told}");
}
