//! States: captured, compared, restored.

use serde_json::{Value, json};

use crate::rig::Lab;

fn capture(lab: &Lab, name: Value) -> Value {
    let body = json!({ "equipment_id": "psu", "name": name });
    let told = lab.post("/api/state/capture", body);
    assert_eq!(told["success"], true, "{told}");
    told
}

#[test]
fn a_state_is_captured_compared_and_restored() {
    let lab = Lab::with_psu();
    lab.command("psu", "set_voltage", json!({ "voltage": 5 }));
    let first = capture(&lab, json!("before"));
    assert_eq!(first["state"]["settings"]["voltage"], 5.0, "{first}");
    assert_eq!(first["state"]["model"], "SIM-PSU3");
    // Capturing only reads: nothing is written to the instrument's memory.
    assert_eq!(lab.get("/api/equipment/psu/status")["writes_last_hour"], 0);
    lab.command("psu", "set_voltage", json!({ "voltage": 7.5 }));
    let second = capture(&lab, Value::Null);
    let ids = (first["state_id"].clone(), second["state_id"].clone());
    assert_ne!(ids.0, ids.1);
    let listed = lab.get("/api/state/list/psu");
    assert_eq!((&listed["count"], &listed["states"][0]["state_id"]), (&json!(2), &ids.1));
    assert_eq!(lab.get("/api/state/list/psu?limit=1")["count"], 1);
    let path = format!("/api/state/{}", ids.0.as_str().unwrap());
    assert_eq!(lab.get(&path)["state"], first["state"]);
    let compared =
        lab.post("/api/state/compare", json!({ "state_id_1": ids.0, "state_id_2": ids.1 }));
    assert_eq!(compared["identical"], false);
    let expected = json!({ "setting": "voltage", "from": 5.0, "to": 7.5, "unit": "V" });
    assert_eq!(compared["differences"], json!([expected]));
    let restored = lab.post("/api/state/restore", json!({ "state_id": ids.0 }));
    assert!(restored["applied"].as_array().unwrap().contains(&json!("voltage")), "{restored}");
    let third = capture(&lab, Value::Null);
    let body = json!({ "state_id_1": ids.0, "state_id_2": third["state_id"] });
    assert_eq!(lab.post("/api/state/compare", body)["identical"], true);
    assert_eq!(lab.ask("DELETE", &path, Value::Null).0, 200);
    assert_eq!(lab.refused("GET", &path, Value::Null).0, 404);
}

#[test]
fn states_that_there_are_not_are_refused() {
    let lab = Lab::with_psu();
    for (path, body, status) in [
        ("/api/state/capture", json!({ "equipment_id": "nosuch" }), 404),
        ("/api/state/capture", json!({}), 422),
        ("/api/state/restore", json!({ "state_id": "nosuch" }), 404),
        ("/api/state/compare", json!({ "state_id_1": "a" }), 422),
        ("/api/state/compare", json!({ "state_id_1": "a", "state_id_2": "b" }), 404),
    ] {
        let refused = lab.refused("POST", path, body.clone());
        assert_eq!(refused.0, status, "{path} {body} {refused:?}");
    }
    assert_eq!(lab.get("/api/state/list/psu")["count"], 0);
    assert_eq!(lab.refused("GET", "/api/state/list/-", Value::Null).0, 404);
}
