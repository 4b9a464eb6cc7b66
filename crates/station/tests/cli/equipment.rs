//! `station equipment`: what is asked of the station, and what is shown.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Fake, Reply, refusal};

fn equipment(id: &str, kind: &str) -> Value {
    json!({
        "id": id, "type": kind, "manufacturer": "Rigol", "model": "DP832", "serial_number": "A1",
        "connection_type": "tcp", "resource_string": "TCPIP0::10.0.0.7::5025::SOCKET",
        "nickname": null, "firmware_version": "00.01.16", "driver": null,
        "settings": { "terminator": "\r\n", "io_timeout": 1.5, "baud": null, "safe_state": null },
        "created_at": "2027-01-31T09:17:42.25+00:00", "created_by": "joe",
    })
}

fn state(id: &str, name: Value) -> Value {
    json!({
        "state_id": id, "equipment_id": "psu", "name": name, "driver": "rigol_dp800",
        "timestamp": "2027-01-31T09:22:42+00:00", "execution_id": "42.3",
        "settings": { "voltage": 5.0, "output": true, "text": "a\u{1b}[2J" },
    })
}

/// A station with a power supply in trouble and a meter.
fn furnished() -> Fake {
    Fake::new(|what, body| match what {
        "GET /api/equipment/list" => {
            let mut meter = equipment("dmm", "multimeter");
            meter["nickname"] = json!("the old\u{1b}[2J one");
            Reply::Json(200, json!([meter, equipment("psu", "power_supply")]))
        }
        "GET /api/equipment/psu" => Reply::Json(200, equipment("psu", "power_supply")),
        "GET /api/equipment/psu/status" => Reply::Json(
            200,
            json!({
                "id": "psu", "connected": false, "error": "nobody answers at 10.0.0.7:5025",
                "firmware_version": null, "health_score": 40, "driver": "rigol_dp800",
                "capabilities": { "verbs": ["set_voltage", "scpi"], "settings": ["voltage"] },
                "last_error_messages": ["-222,\"Data out of range\"", "timeout"],
                "holder": "execution 42.3", "held_since": "2027-01-31T09:22:42+00:00",
                "desyncs": 2, "skipped_until": "2027-01-31T09:23:42+00:00", "writes_last_hour": 1,
            }),
        ),
        "POST /api/equipment/connect" => Reply::Json(200, json!({ "equipment_id": "psu" })),
        "POST /api/equipment/psu/command" => Reply::Json(200, commanded(body)),
        "GET /api/equipment/psu/readings" => Reply::Json(
            200,
            json!({
                "readings": { "current": 0.5, "voltage": 5.0, "mode": "CV" },
                "units": { "current": "A", "voltage": "V" },
            }),
        ),
        "POST /api/equipment/psu/test" => Reply::Json(
            200,
            json!({ "result": { "passed": false, "reason": "it answers '3' to *TST?" } }),
        ),
        "POST /api/equipment/discover" => Reply::Json(
            200,
            json!({ "note": null, "devices": [{
                "resource_string": "TCPIP0::10.0.0.7::INSTR", "name": "a\u{1b}[2J",
                "manufacturer": "Rigol", "model": "DP832", "serial_number": null,
            }] }),
        ),
        "GET /api/state/list/psu" => Reply::Json(
            200,
            json!({ "states": [state("s-2", Value::Null), state("s-1", json!("before"))] }),
        ),
        "GET /api/state/s-1" => Reply::Json(200, json!({ "state": state("s-1", Value::Null) })),
        "POST /api/state/compare" => Reply::Json(
            200,
            json!({ "differences": [
                { "setting": "voltage", "from": 5.0, "to": null, "unit": "V" },
                { "setting": "output", "from": true, "to": false, "unit": null },
            ] }),
        ),
        "POST /api/state/restore" => Reply::Json(
            200,
            json!({ "equipment_id": "psu", "applied": ["voltage"], "skipped": ["text"] }),
        ),
        "DELETE /api/equipment/psu" => Reply::Json(200, json!({ "success": true })),
        "PATCH /api/equipment/psu" => Reply::Json(200, equipment("psu", "power_supply")),
        "POST /api/equipment/dmm/test" => Reply::Json(
            409,
            json!({ "detail": "equipment 'dmm': nobody answers", "instrument_error": "unreachable" }),
        ),
        "GET /api/equipment/dmm/readings" => Reply::Json(
            409,
            json!({ "detail": "equipment 'dmm' is held by ann", "instrument_error": "busy" }),
        ),
        _ => refusal(404, "equipment 'nosuch' is not registered"),
    })
}

/// How the power supply carries a verb out.
fn commanded(body: &Value) -> Value {
    let fails = |trouble: &str, error: &str| json!({ "success": false, "data": null, "error": error, "instrument_error": trouble });
    let went_well =
        |data: Value| json!({ "success": true, "data": data, "units": { "voltage": "V" } });
    match body["action"].as_str().unwrap() {
        "scpi" => went_well(json!({ "reply": "5.0\u{1b}[2J" })),
        "get_voltage" => went_well(json!({ "voltage": 5.0 })),
        "set_voltage" => went_well(Value::Null),
        "set_output" => fails("instrument", "equipment 'psu': -222,\"Data out of range\""),
        "run" => fails("busy", "equipment 'psu' is held by execution 42.3"),
        _ => fails("invalid", "equipment 'psu': there is no verb 'set_volts'"),
    }
}

#[test]
fn equipment_is_listed_shown_and_asked() {
    let fake = furnished();
    let lines = [
        "list",
        "show psu",
        "show nosuch",
        "status psu",
        "readings psu",
        "readings dmm",
        "call psu get_voltage",
        "call psu set_voltage voltage=5",
        "call psu set_output enabled=on",
        "call psu set_output enabled=on --json",
        "call psu set_volts",
        "call psu run",
        "call psu set_voltage 5",
        "send psu VOLT?",
        "test psu --self",
        "test dmm",
        "discover",
        "rm psu nosuch",
        "rm psu nosuch --json",
    ];
    insta::assert_snapshot!(screens(&fake, "equipment", &lines));
    let nobody = Fake::new(|_, _| Reply::Json(200, json!([])));
    assert_eq!(nobody.run(&["station", "equipment", "list"]).ok(), "No equipment found.\n");
}

/// The screens of some lines of one command.
pub(crate) fn screens(fake: &Fake, command: &str, lines: &[&str]) -> String {
    let mut all = String::new();
    for line in lines {
        let words: Vec<&str> = ["station", command].into_iter().chain(line.split(' ')).collect();
        all.push_str(&format!("$ station {command} {line}\n{}\n", fake.run(&words).screen()));
    }
    all
}

#[test]
fn states_are_listed_shown_compared_and_restored() {
    let fake = furnished();
    let lines =
        ["state list psu", "state show s-1", "state compare s-1 s-2", "state restore s-1 --to psu"];
    insta::assert_snapshot!(screens(&fake, "equipment", &lines));
    let (path, body) = fake.requests().pop().unwrap();
    assert_eq!(path, "POST /api/state/restore");
    assert_eq!(body, json!({ "state_id": "s-1", "equipment_id": "psu" }));
}

#[test]
fn what_is_given_of_an_instrument_is_asked_for() {
    let fake = furnished();
    let resource = "ASRL/dev/ttyUSB0::INSTR";
    let line = "--type power_supply --model DP832 --serial A1 --driver rigol_dp800 --nickname left \
                --no-connect --baud 9600 --terminator crlf --connect-timeout 2s --io-timeout 1.5s \
                --opc-timeout 1m --idle-close 10s --write-budget 5 --no-safe-state";
    let words: Vec<&str> = ["station", "equipment", "add", "psu", resource]
        .into_iter()
        .chain(line.split_whitespace())
        .collect();
    fake.run(&words).ok();
    let expected = json!({
        "equipment_id": "psu", "resource_string": resource, "equipment_type": "power_supply",
        "model": "DP832", "serial_number": "A1", "driver": "rigol_dp800", "nickname": "left",
        "connect": false, "baud": 9600, "terminator": "crlf", "connect_timeout": 2.0,
        "io_timeout": 1.5, "opc_timeout": 60.0, "idle_close": 10.0, "write_budget": 5,
        "safe_state": false,
    });
    assert_eq!(fake.body(), expected);
    let fake = furnished();
    let edit = ["station", "equipment", "edit", "psu", "--driver", "none", "--safe-state"];
    assert_eq!(fake.run(&edit).ok(), "psu is changed\n");
    assert_eq!(fake.body(), json!({ "driver": null, "safe_state": true }));
    let fake = furnished();
    fake.run(&["station", "equipment", "send", "psu", "OUTP ON", "--no-reply"]).ok();
    let parameters = json!({ "text": "OUTP ON", "expect_reply": false });
    assert_eq!(fake.body(), json!({ "action": "scpi", "parameters": parameters }));
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_asked() {
    let fake = furnished();
    let lines = [
        "add psu TCPIP0::h::5025::SOCKET",
        "add psu TCPIP0::h::5025::SOCKET --type toaster",
        "add psu TCPIP0::h::5025::SOCKET --type multimeter --terminator nul",
        "add psu TCPIP0::h::5025::SOCKET --type multimeter --io-timeout soon",
        "edit psu",
        "send psu VOLT? --expect-reply --no-reply",
    ];
    insta::assert_snapshot!(screens(&fake, "equipment", &lines));
    assert_eq!(fake.requests(), []);
}

#[test]
fn drivers_are_listed_shown_and_checked_without_a_station() {
    let dir = tempfile::tempdir().unwrap();
    let good = dir.path().join("good.toml");
    let text = "kind = \"power_supply\"\ntitle = \"Mine\"\nextends = \"generic_power_supply\"\n\
                match = { manufacturer = \"ACME\", model = \"P1\" }\n";
    fs::write(&good, text).unwrap();
    let bad = dir.path().join("bad.toml");
    fs::write(&bad, "kind = \"toaster\"\ntitle = 5\n\n[verb.toast]\nsnd = \"TOAST\"\n").unwrap();
    let run = |words: &[&str]| crate::support::Line::new(words).run(dir.path()).screen();
    let driver = |what: &str, name: &str| run(&["station", "equipment", "driver", what, name]);
    let here = dir.path().to_str().unwrap();
    let screens = [
        driver("show", "generic_multimeter"),
        driver("show", "nosuch"),
        driver("check", good.to_str().unwrap()),
        driver("check", bad.to_str().unwrap()),
        driver("check", &format!("{here}/none.toml")),
    ];
    insta::assert_snapshot!(screens.join("\n").replace(here, "DIR"));
    let list = run(&["station", "equipment", "driver", "list", "--json"]);
    assert!(list.contains("generic_power_supply"), "{list}");
}
