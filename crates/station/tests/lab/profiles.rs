//! Profiles.

use serde_json::{Value, json};
use station_instrument::simulate::Model;

use crate::rig::Lab;

fn charge() -> Value {
    json!({
        "name": "charge 12 V", "equipment_type": "power_supply", "tags": ["battery"],
        "settings": { "voltage": 12.6, "current": 2, "output": true },
    })
}

#[test]
fn a_profile_is_made_shown_changed_applied_and_removed() {
    let mut lab = Lab::with_psu();
    let (status, told) = lab.ask("POST", "/api/profiles/create", charge());
    assert_eq!((status, &told["success"]), (201, &json!(true)), "{told}");
    let path = "/api/profiles/charge%2012%20V";
    let shown = lab.get(path);
    assert_eq!(told["profile"], shown);
    assert_eq!(shown["settings"], charge()["settings"]);
    assert_eq!(lab.get("/api/profiles/list")["profiles"], json!([shown]));
    assert_eq!(lab.get("/api/profiles/list?equipment_type=multimeter")["count"], 0);
    lab.post(&format!("{path}/apply/psu"), Value::Null);
    let told = lab.command("psu", "get_setpoints", json!({}));
    assert_eq!(told["data"]["voltage"], 12.6, "{told}");
    assert_eq!(told["data"]["enabled"], true, "{told}");
    let (status, told) = lab.ask("PUT", path, json!({ "settings": { "voltage": 3.3 } }));
    assert_eq!((status, &told["profile"]["tags"]), (200, &json!(["battery"])), "{told}");
    assert_eq!(told["profile"]["settings"], json!({ "voltage": 3.3 }));
    let meter = lab.simulate(Model::Dmm, &[]);
    lab.connect("dmm", "multimeter", &meter);
    let refused = lab.refused("POST", &format!("{path}/apply/dmm"), Value::Null);
    assert_eq!(refused.0, 400, "{refused:?}");
    assert!(refused.1.contains("power_supply, not multimeter"), "{refused:?}");
    assert_eq!(lab.ask("DELETE", path, Value::Null).0, 200);
    assert_eq!(lab.refused("GET", path, Value::Null).0, 404);
}

#[test]
fn settings_may_be_verbs_in_their_order() {
    let lab = Lab::with_psu();
    let body = json!({
        "name": "two", "equipment_type": "power_supply",
        "settings": [
            { "verb": "set_voltage", "parameters": { "voltage": 2, "channel": 2 } },
            { "action": "set_voltage", "parameters": { "voltage": 1 } },
        ],
        "commit": { "verb": "save_state", "parameters": { "slot": 1 } },
    });
    let (status, told) = lab.ask("POST", "/api/profiles/create", body);
    assert_eq!(status, 201, "{told}");
    assert_eq!(told["profile"]["settings"][1]["verb"], "set_voltage");
    lab.post("/api/profiles/two/apply/psu", Value::Null);
    let second = lab.command("psu", "get_setpoints", json!({ "channel": 2 }));
    assert_eq!(second["data"]["voltage"], 2.0, "{second}");
    assert_eq!(lab.get("/api/equipment/psu/status")["writes_last_hour"], 1);
}

#[test]
fn a_profile_that_cannot_be_applied_is_not_made() {
    let lab = Lab::new();
    for (more, status, says) in [
        (json!({ "settings": { "volatge": 5 } }), 400, "did you mean 'voltage'?"),
        (json!({ "settings": { "voltage": "5;OUTP ON" } }), 400, "voltage"),
        (json!({ "settings": [{ "verb": "set_volts" }] }), 400, "set_volts"),
        (json!({ "settings": [{ "parameters": {} }] }), 400, "settings[0] names no verb"),
        (json!({ "settings": 5 }), 400, "settings must be a list"),
        (json!({ "commit": { "verb": "nosuch" } }), 400, "nosuch"),
        (json!({ "equipment_type": "toaster" }), 422, "equipment_type"),
        (json!({ "name": "" }), 422, "name"),
        (json!({ "name": "list" }), 422, "name"),
        (json!({ "tags": vec!["x"; 65] }), 422, "tags"),
        (json!({ "setings": {} }), 400, "did you mean 'settings'?"),
    ] {
        let mut body = charge();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let refused = lab.refused("POST", "/api/profiles/create", body);
        assert_eq!((refused.0, refused.1.contains(says)), (status, true), "{more} {refused:?}");
    }
    assert_eq!(lab.get("/api/profiles/list")["count"], 0);
    lab.post("/api/profiles/create", charge());
    assert_eq!(lab.refused("POST", "/api/profiles/create", charge()).0, 409);
}

#[test]
fn a_write_beyond_the_budget_is_refused_before_anything_is_set() {
    let lab = Lab::with_psu();
    let (_, told) = lab.ask("PATCH", "/api/equipment/psu", json!({ "write_budget": 1 }));
    assert_eq!(told["settings"]["write_budget"], 1);
    let mut body = charge();
    body["commit"] = json!({ "verb": "save_state", "parameters": { "slot": 1 } });
    lab.post("/api/profiles/create", body);
    let path = "/api/profiles/charge%2012%20V/apply/psu";
    lab.post(path, Value::Null);
    assert_eq!(lab.command("psu", "set_voltage", json!({ "voltage": 1 }))["success"], true);
    let (status, told) = lab.ask("POST", path, Value::Null);
    assert_eq!((status, &told["instrument_error"]), (409, &json!("refused")), "{told}");
    let told = lab.command("psu", "get_setpoints", json!({}));
    assert_eq!(told["data"]["voltage"], 1.0, "{told}");
    assert_eq!(lab.get("/api/equipment/psu/status")["writes_last_hour"], 1);
}
