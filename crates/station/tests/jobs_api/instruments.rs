//! Jobs with equipment: checked against what is registered and what its driver knows, shown, changed.

use axum::body::Bytes;
use serde_json::{Value, json};
use station::access::Caller;
use station_core::model::{EquipmentKind, Principal, Role};

use crate::router::Site;
use crate::{JOBS, create, job, listed, with};

/// A station with some equipment.
fn lab() -> Site {
    let site = Site::new();
    for (id, kind) in [
        ("psu", EquipmentKind::PowerSupply),
        ("scope", EquipmentKind::Oscilloscope),
        ("dmm", EquipmentKind::Multimeter),
    ] {
        site.register(id, kind);
    }
    site.make_profile("fast", EquipmentKind::Oscilloscope);
    site
}

fn of(kind: &str, equipment: &str, parameters: &Value) -> Value {
    json!({
        "name": kind, "schedule_type": kind, "equipment_id": equipment,
        "trigger_type": "daily", "time_of_day": "03:00", "timezone": "UTC",
        "parameters": parameters,
    })
}

fn refused(site: &Site, body: &Value) -> (u16, String) {
    let (status, told) = site.ask("POST", &format!("{JOBS}/create"), body);
    let detail = &told["detail"];
    (status, detail.as_str().map_or_else(|| detail.to_string(), ToOwned::to_owned))
}

#[test]
fn jobs_with_equipment_are_created_shown_and_sent_again() {
    let site = lab();
    let set = json!({ "command": "set_voltage", "parameters": { "value": 5, "channel": 2 } });
    let steps = json!([
        { "at": "0s", "equipment": "psu", "verb": "set_output", "parameters": { "enabled": true } },
        { "at": "1s", "equipment": "dmm", "verb": "get_voltage" },
    ]);
    for (body, command, target) in [
        (
            of(
                "acquisition",
                "scope",
                &json!({ "duration": 60, "sample_rate": 1000, "channels": [1, 2] }),
            ),
            "acquisition on scope for 60 s",
            "scope",
        ),
        (of("state_capture", "psu", &json!({})), "state capture on psu", "psu"),
        (
            of("measurement", "dmm", &json!({ "command": "get_voltage" })),
            "get_voltage on dmm",
            "dmm",
        ),
        (of("command", "psu", &set), "set_voltage channel=2 value=5 on psu", "psu"),
        (
            of("equipment_test", "psu", &json!({ "test_name": "self_test" })),
            "self-test on psu",
            "psu",
        ),
        (
            with(&of("sequence", "", &json!({ "steps": steps })), &json!({ "equipment_id": null })),
            "sequence of 2 steps on dmm,psu",
            "dmm,psu",
        ),
    ] {
        let id = create(&site, &body);
        let shown = job(&site, &id);
        for field in ["name", "schedule_type", "equipment_id"] {
            assert_eq!(shown[field], body[field], "{field}: {shown}");
        }
        assert_eq!((&shown["command"], &shown["target"]), (&json!(command), &json!(target)));
        let defaults = [&shown["retries"], &shown["timeout_seconds"], &shown["conflict_policy"]];
        assert_eq!(defaults, [&json!(0), &Value::Null, &json!("skip")]);
        // As it was shown it can be sent again, and nothing becomes different by that.
        for method in ["PUT", "PATCH"] {
            let (status, told) = site.ask(method, &format!("{JOBS}/{id}"), &shown);
            assert_eq!(status, 200, "{told}");
            assert_eq!(job(&site, &id), shown);
        }
        let (_, why) = site.get(&format!("{JOBS}/{id}/why"));
        assert_eq!(why["success"], true, "{why}");
    }
    let (_, figures) = site.get("/api/scheduler/statistics");
    let types = &figures["statistics"]["by_type"];
    assert_eq!((&types["measurement"], &types["sequence"]), (&json!(1), &json!(1)), "{figures}");
}

#[test]
fn what_is_not_registered_or_not_known_is_refused() {
    let site = lab();
    let voltage = json!({ "command": "get_voltage" });
    let command = |verb: &str, parameters: Value| {
        of("command", "psu", &json!({ "command": verb, "parameters": parameters }))
    };
    let profiled = |kind, equipment, parameters: Value, profile| {
        with(&of(kind, equipment, &parameters), &json!({ "profile_id": profile }))
    };
    let released = |call: Value| of("state_capture", "psu", &json!({ "on_release": [call] }));
    let sequence = |step: Value| of("sequence", "psu", &json!({ "steps": [step] }));
    for (body, told) in [
        (of("measurement", "psu_2", &voltage), "equipment 'psu_2' is not registered"),
        (profiled("state_capture", "psu", json!({}), "slow"), "profile 'slow' is not registered"),
        (
            profiled("state_capture", "psu", json!({}), "fast"),
            "profile 'fast' is for equipment of the type oscilloscope; 'psu' is of the type \
             power_supply",
        ),
        (of("measurement", "psu", &json!({ "command": "get_voltagee" })), "psu: the driver"),
        (command("set_voltage", json!({})), "psu: "),
        (command("set_current", json!({ "value": -1 })), "psu: "),
        (command("set_voltage", json!({ "value": "5;OUTP ON" })), "psu: "),
        (command("set_voltage", json!({ "value": 5, "chanel": 1 })), "psu: "),
        (command("scpi", json!({ "text": "*RST\n*CLS" })), "psu: "),
        (
            of(
                "command",
                "psu",
                &json!({ "command": "set_voltage", "value": 5, "parameters": { "voltage": 5 } }),
            ),
            "field 'parameters.value' belongs inside 'parameters.parameters', with the parameters \
             of 'set_voltage'",
        ),
        (
            of("measurement", "psu", &json!({ "command": "get_voltage", "channel": 2 })),
            "field 'parameters.channel' belongs inside 'parameters.parameters'",
        ),
        (
            of(
                "measurement",
                "psu",
                &json!({ "command": "set_output", "parameters": { "value": true } }),
            ),
            "psu: 'set_output' reads nothing that could be measured; what reads is ",
        ),
        (
            of("acquisition", "scope", &json!({ "channels": [9] })),
            "scope: there is no channel 'CH9'; it has CH1 to CH4",
        ),
        (of("acquisition", "dmm", &json!({ "verb": "reset" })), "dmm: 'reset' reads nothing"),
        (released(json!({ "verb": "of" })), "parameters.on_release[0]: psu: the driver"),
        (
            sequence(
                json!({ "at": "0s", "verb": "set_voltage", "parameters": { "voltage": "x" } }),
            ),
            "step 1: psu: ",
        ),
        (
            sequence(json!({ "at": "0s", "loop": { "count": 2, "every": "1s", "steps": [
                { "at": "0s", "verb": "nothing" },
            ] } })),
            "step 1.1: psu: the driver",
        ),
        (
            sequence(json!({ "at": "0s", "verb": "set_current", "ramp": {
                "parameter": "current", "from": 1, "to": -1, "count": 3, "every": "1s",
            } })),
            "step 1: psu: ",
        ),
        (
            with(
                &sequence(json!({ "at": "0s", "verb": "clear" })),
                &json!({ "equipment_id": null }),
            ),
            "names no equipment",
        ),
    ] {
        let (status, detail) = refused(&site, &body);
        assert_eq!(status, 400, "{body}: {detail}");
        assert!(detail.contains(told), "{body}: {detail}");
    }
    assert_eq!(listed(&site, ""), [""; 0]);
}

#[test]
fn what_a_change_makes_of_a_job_is_checked_too() {
    let site = lab();
    let id = create(&site, &of("measurement", "dmm", &json!({ "command": "get_voltage" })));
    let before = job(&site, &id);
    let path = format!("{JOBS}/{id}");
    for (change, told) in [
        (json!({ "equipment_id": "x" }), "equipment 'x' is not registered"),
        (json!({ "equipment_id": null }), "equipment_id is required"),
        (json!({ "equipment_id": "scope" }), "scope: the driver"),
        (json!({ "profile_id": "fast" }), "profile 'fast' is for equipment of the type"),
        (json!({ "parameters": { "command": "jump" } }), "dmm: the driver"),
        (json!({ "schedule_type": "script" }), "schedule_type cannot become 'script' by itself"),
        (json!({ "command": "get_current" }), "field 'command' belongs inside 'parameters'"),
    ] {
        let (status, answer) = site.ask("PATCH", &path, &change);
        let detail = answer["detail"].to_string();
        assert!(status == 400 && detail.contains(told), "{change}: {status} {detail}");
    }
    assert_eq!(job(&site, &id), before);
    let change = json!({ "equipment_id": "psu", "parameters": { "parameters": { "channel": 2 } } });
    assert_eq!(site.ask("PATCH", &path, &change).0, 200);
    let after = job(&site, &id);
    assert_eq!(after["command"], "get_voltage channel=2 on psu");
    assert_eq!(
        (&after["equipment_id"], &after["created_at"]),
        (&json!("psu"), &before["created_at"])
    );
}

#[test]
fn work_with_equipment_needs_an_operator_with_a_name() {
    let site = lab();
    let body = of("measurement", "dmm", &json!({ "command": "get_voltage" }));
    let id = create(&site, &body);
    let token = Principal::Token { id: "1".to_owned(), name: "lab".to_owned() };
    let anonymous = Caller {
        principal: Principal::Anonymous,
        role: Role::Operator,
        anonymous: true,
        source: None,
    };
    for (caller, allowed) in [
        (
            Caller {
                principal: token.clone(),
                role: Role::Operator,
                anonymous: false,
                source: None,
            },
            true,
        ),
        (Caller { principal: token, role: Role::Viewer, anonymous: false, source: None }, false),
        (anonymous, false),
    ] {
        for (method, path, body) in [
            ("POST", format!("{JOBS}/create"), body.to_string()),
            ("PATCH", format!("{JOBS}/{id}"), "{}".to_owned()),
            ("PATCH", format!("{JOBS}/{id}"), r#"{"enabled":false}"#.to_owned()),
        ] {
            let (status, told) = site.ask_as(&caller, method, &path, Bytes::from(body));
            assert_eq!(status, if allowed { 200 } else { 403 }, "{caller:?} {told}");
        }
    }
}
