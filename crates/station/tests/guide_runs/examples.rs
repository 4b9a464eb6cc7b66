//! Every example, created and run, on each sort of instruments.

use serde_json::{Value, json};

use crate::lablink::{Row, renewed, rows};
use crate::laboratory::Laboratory;
use crate::outcome::check;

/// Creates every example and runs it to its end.
fn run_all(laboratory: &Laboratory) {
    for Row { at, body, answer, .. } in rows() {
        let job = laboratory.create(&renewed(&body));
        let execution = laboratory.end(&laboratory.run(&job));
        assert_eq!(execution["status"], "completed", "{at}: {execution}");
        assert_eq!(execution["error"], Value::Null, "{at}: {execution}");
        if answer == "runs" {
            assert_eq!(execution["result"], json!({ "exit_code": 0 }), "{at}");
        } else {
            check(laboratory, &at, &body, &execution);
        }
    }
    let active = laboratory.lab.get("/api/alarms/events/active");
    assert_eq!(active["events"], json!([]), "nothing has failed");
}

#[test]
fn every_example_runs_on_the_simulator() {
    run_all(&Laboratory::simulated());
}

#[test]
fn every_example_runs_on_instruments_of_sinstruments() {
    run_all(&Laboratory::of_peers(&[]));
}

#[test]
fn every_example_runs_with_the_power_supply_on_a_serial_line() {
    run_all(&Laboratory::of_peers(&["power_supply_1"]));
}

#[test]
fn durations_of_acquisitions_and_verbs_pass_at_the_pace_of_the_station() {
    let laboratory = Laboratory::simulated();
    let job = laboratory.create(&json!({
        "name": "polled", "schedule_type": "acquisition", "equipment_id": "multimeter_1",
        "parameters": { "duration": 60, "sample_rate": 20, "format": "csv" }, "when": "2099-01-01",
    }));
    let execution = laboratory.end(&laboratory.run(&job));
    let result = &execution["result"];
    // A second of it has passed, at the rate that was asked for.
    let count = |field: &str| result[field].as_u64().unwrap();
    assert_eq!(count("samples") + count("lost"), 20, "{execution}");
    assert!(count("samples") > 0, "{execution}");
}
