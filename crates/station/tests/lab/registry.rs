//! The registry: what is connected, listed, changed, tested and removed.

use serde_json::{Value, json};
use station_instrument::simulate::Model;

use crate::rig::Lab;

#[test]
fn equipment_is_connected_listed_and_shown_as_the_contract_has_it() {
    let mut lab = Lab::new();
    let resource = lab.simulate(Model::Psu, &[]);
    let body = json!({
        "resource_string": resource, "equipment_type": "power_supply", "model": "whatever",
    });
    let told = lab.post("/api/equipment/connect", body.clone());
    let expected = json!({ "equipment_id": "power_supply_1", "status": "connected" });
    assert_eq!(told, expected);
    // Who connects to what is registered already means that.
    assert_eq!(lab.post("/api/equipment/connect", body), expected);
    let other = lab.simulate(Model::Dmm, &[]);
    lab.connect("bench.meter", "multimeter", &other);
    let all = lab.get("/api/equipment/list");
    let ids: Vec<&Value> = all.as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, [&json!("bench.meter"), &json!("power_supply_1")]);
    let mut one = lab.get("/api/equipment/power_supply_1");
    assert_eq!(all[1], one);
    let shown = json!({
        "id": "power_supply_1", "type": "power_supply", "model": "SIM-PSU3",
        "serial_number": "SIM0001", "connection_type": "tcp", "resource_string": resource,
        "nickname": null, "driver": null, "created_by": "ann",
    });
    for (field, value) in shown.as_object().unwrap() {
        assert_eq!(one[field].take(), *value, "{field}");
    }
    assert!(one["manufacturer"].as_str().is_some_and(|maker| !maker.is_empty()), "{one}");
}

#[test]
fn what_cannot_be_registered_is_not() {
    let mut lab = Lab::new();
    let resource = lab.simulate(Model::Psu, &[]);
    let psu = |more: Value| {
        let mut body = json!({
            "resource_string": resource, "equipment_type": "power_supply", "equipment_id": "psu",
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let path = "/api/equipment/connect";
    for (more, status, says) in [
        (json!({ "serial_number": "SIM9" }), 409, "serial number 'SIM0001', not 'SIM9'"),
        (json!({ "resource_string": Lab::nobody() }), 409, "127.0.0.1"),
        (json!({ "resource_string": "TCPIP0::h::SOCKT" }), 400, "TCPIP0::h::SOCKT"),
        (json!({ "equipment_id": "a b" }), 400, "'a b' is no id of equipment"),
        (json!({ "equipment_id": "discover" }), 400, "'discover' is no id of equipment"),
        (json!({ "driver": "nosuch" }), 400, "there is no driver 'nosuch'"),
        (json!({ "driver": "rigol_dm3058" }), 400, "multimeter, not power_supply"),
        (json!({ "equipment_typ": "x" }), 400, "did you mean 'equipment_type'?"),
        (json!({ "equipment_type": "toaster" }), 422, "equipment_type"),
        (json!({ "baud": 1 }), 422, "baud"),
        (json!({ "io_timeout": 100_000 }), 422, "86400"),
        (json!({ "terminator": "nul" }), 422, "terminator"),
    ] {
        let refused = lab.refused("POST", path, psu(more.clone()));
        assert_eq!(refused.0, status, "{more} {refused:?}");
        assert!(refused.1.contains(says), "{more} {refused:?}");
    }
    assert_eq!(lab.get("/api/equipment/list"), json!([]));
    lab.post(path, psu(json!({})));
    let twice = lab.refused("POST", path, psu(json!({})));
    assert_eq!(twice.0, 409, "{twice:?}");
    assert!(twice.1.contains("psu"), "{twice:?}");
    let unknown = lab.refused("GET", "/api/equipment/nosuch", Value::Null);
    assert_eq!(unknown.0, 404, "{unknown:?}");
    assert!(unknown.1.contains("nosuch"), "{unknown:?}");
}

#[test]
fn what_is_not_there_is_registered_without_being_connected_and_its_trouble_is_told() {
    let lab = Lab::new();
    let body = json!({
        "resource_string": Lab::nobody(), "equipment_type": "multimeter", "equipment_id": "dmm",
        "connect": false,
    });
    let told = lab.post("/api/equipment/connect", body);
    assert_eq!(told, json!({ "equipment_id": "dmm", "status": "registered" }));
    let status = lab.get("/api/equipment/dmm/status");
    assert_eq!((&status["connected"], &status["error"]), (&json!(false), &Value::Null));
    let (code, told) = lab.ask("POST", "/api/equipment/dmm/test", json!({}));
    assert_eq!((code, &told["instrument_error"]), (409, &json!("unreachable")), "{told}");
    let status = lab.get("/api/equipment/dmm/status");
    assert!(status["error"].is_string() && status["skipped_until"].is_string(), "{status}");
    assert!(!status["last_error_messages"].as_array().unwrap().is_empty(), "{status}");
    // Left alone for a while, and said so; who tests it says that it may be there again.
    let (code, told) = lab.ask("GET", "/api/equipment/dmm/readings", Value::Null);
    assert_eq!((code, &told["instrument_error"]), (409, &json!("refused")), "{told}");
    let (code, told) = lab.ask("POST", "/api/equipment/dmm/test", json!({}));
    assert_eq!((code, &told["instrument_error"]), (409, &json!("unreachable")), "{told}");
    let gone = lab.ask("DELETE", "/api/equipment/dmm", Value::Null);
    assert_eq!(gone.0, 200, "{}", gone.1);
    assert_eq!(lab.get("/api/equipment/list"), json!([]));
}

#[test]
fn status_tests_and_identity_are_told() {
    let lab = Lab::with_psu();
    let status = lab.get("/api/equipment/psu/status");
    assert_eq!(
        (&status["id"], &status["health_score"], &status["driver"]),
        (&json!("psu"), &json!(100), &json!("generic_power_supply"))
    );
    let able = &status["capabilities"];
    let has = |key: &str, name: &str| able[key].as_array().unwrap().contains(&json!(name));
    assert!(has("verbs", "set_voltage") && has("settings", "voltage"), "{status}");
    assert!(status["firmware_version"].is_string(), "{status}");
    let told = lab.post("/api/equipment/psu/test", Value::Null);
    assert_eq!(
        (&told["success"], &told["result"]["passed"]),
        (&json!(true), &json!(true)),
        "{told}"
    );
    assert_eq!(lab.get("/api/equipment/psu/status")["connected"], true);
    let told = lab.post("/api/equipment/psu/test", json!({ "test_name": "self_test" }));
    assert_eq!(told["result"]["passed"], true, "{told}");
    let told = lab.post("/api/equipment/psu/identify", Value::Null);
    assert_eq!((&told["model"], &told["id"]), (&json!("SIM-PSU3"), &json!("psu")), "{told}");
    let told = lab.post("/api/equipment/disconnect/psu", Value::Null);
    assert_eq!(told, json!({ "equipment_id": "psu", "status": "disconnected" }));
    assert_eq!(lab.get("/api/equipment/psu/status")["connected"], false);
}

#[test]
fn equipment_is_changed_in_part() {
    let lab = Lab::with_psu();
    let change = |body: Value| lab.ask("PATCH", "/api/equipment/psu", body);
    let (status, told) =
        change(json!({ "nickname": "left", "io_timeout": 1.5, "safe_state": false }));
    assert_eq!(status, 200, "{told}");
    let settings = &told["settings"];
    assert_eq!((&told["nickname"], &settings["io_timeout"]), (&json!("left"), &json!(1.5)));
    assert_eq!((&settings["safe_state"], &told["model"]), (&json!(false), &json!("SIM-PSU3")));
    let (_, told) = change(json!({ "nickname": null }));
    assert_eq!((&told["nickname"], &told["settings"]["io_timeout"]), (&Value::Null, &json!(1.5)));
    // Who is at another address is not known.
    let (_, told) = change(json!({ "resource_string": Lab::nobody() }));
    assert_eq!(told["model"], "", "{told}");
    for (body, status) in
        [(json!({}), 400), (json!({ "nicknam": "x" }), 400), (json!({ "baud": 0 }), 422)]
    {
        assert_eq!(change(body.clone()).0, status, "{body}");
    }
}

#[test]
fn disconnecting_leaves_the_outputs_off_unless_told_otherwise() {
    let lab = Lab::with_psu();
    let on = |lab: &Lab| {
        assert_eq!(lab.command("psu", "set_output", json!({ "enabled": true }))["success"], true);
        lab.post("/api/equipment/disconnect/psu", Value::Null);
        lab.scpi("psu", "OUTP?")
    };
    let off = on(&lab);
    lab.ask("PATCH", "/api/equipment/psu", json!({ "safe_state": false }));
    let left = on(&lab);
    assert_eq!(
        (off.to_string().contains('0'), left.to_string().contains('1')),
        (true, true),
        "{off} {left}"
    );
}

#[test]
fn looking_around_answers_a_list_also_where_nobody_announces_himself() {
    let lab = Lab::new();
    let told = lab.post("/api/equipment/discover", Value::Null);
    assert!(told["devices"].is_array(), "{told}");
}
