//! What must have come of each example that is done with equipment.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::laboratory::Laboratory;

/// Looks at what came of an example, by where it stands in the guide.
pub(crate) fn check(laboratory: &Laboratory, at: &str, body: &Value, execution: &Value) {
    let result = &execution["result"];
    let sent = sent(execution);
    match at {
        "Quick Start 1" => near(&result["measurement"], 5.0, 0.05),
        "Job Types 3" | "Alarm Integration" => {
            let id = body["equipment_id"].as_str().unwrap();
            near(&result["measurement"], laboratory.number_past(id, "MEAS:VOLT:DC?"), 0.05);
        }
        "Quick Start 2" | "Example 2" => {
            assert_eq!((&result["test"], &result["passed"]), (&json!("connection"), &json!(true)));
        }
        "Job Types 5" => {
            assert_eq!((&result["test"], &result["passed"]), (&json!("self_test"), &json!(true)));
            assert!(sent.iter().any(|line| line == "*TST?"), "{sent:?}");
        }
        "Job Types 2" | "Example 1" => {
            let state = state(laboratory, result);
            assert_eq!(
                (&state["settings"]["voltage"], &state["settings"]["output"]),
                (&json!(5.0), &json!(true))
            );
        }
        "Integration: With Profiles" => {
            // What is captured is what the profile has set.
            let state = state(laboratory, result);
            assert_eq!(
                (&state["settings"]["voltage"], &state["settings"]["current"]),
                (&json!(7.5), &json!(0.5))
            );
            assert_eq!(laboratory.number_past("power_supply_1", "VOLT?"), 7.5);
            in_order(&sent, &["CURR 0.5", "VOLT 7.5", "VOLT?"]);
        }
        "Job Types 4" => {
            assert_eq!(result, &json!({ "command": "set_current", "result": null }));
            assert_eq!(laboratory.number_past("load_1", "CURR?"), 2.5);
        }
        "Example 4" => load_test(laboratory, result, &sent),
        "Job Types 1" => {
            assert_eq!(step(&record(laboratory, body, result)), 1e-5);
        }
        "Integration: With Acquisition System" => {
            record(laboratory, body, result);
        }
        "Equipment Profile Integration" => {
            assert_eq!(step(&record(laboratory, body, result)), 2e-6);
            in_order(&sent, &[":TIM:SCAL 0.0002", ":CHAN1:SCAL 0.5"]);
            assert_eq!(laboratory.number_past("oscilloscope_1", ":TIM:SCAL?"), 2e-4);
        }
        "Example 3" => {
            assert_eq!(step(&record(laboratory, body, result)), 1e-8);
            // The rate is the instrument's own, and said to be.
            assert_eq!(result["requested_rate"], 1_000_000);
            assert_eq!(result["achieved_rate"].as_f64(), Some(1e9));
        }
        _ => panic!("{at}: nobody looks at it"),
    }
}

/// The messages that were sent, in their order.
fn sent(execution: &Value) -> Vec<String> {
    let output = execution["output"].as_str().unwrap();
    let message = |line: &str| Some(line.split_once(" > ")?.1.to_owned());
    output.lines().filter_map(message).collect()
}

#[track_caller]
fn in_order(sent: &[String], wanted: &[&str]) {
    let mut rest = sent.iter();
    for message in wanted {
        assert!(rest.any(|line| line == message), "{message} is not in its place: {sent:?}");
    }
}

/// A reading of a voltage with its unit.
#[track_caller]
fn near(measurement: &Value, value: f64, within: f64) {
    let voltage = measurement["voltage"].as_f64().unwrap();
    assert!((voltage - value).abs() < within * value.abs(), "{measurement}, not {value}");
    assert_eq!(measurement["unit"], "V");
}

/// The state that was captured, as it is shown; it is listed too.
fn state(laboratory: &Laboratory, result: &Value) -> Value {
    let id = result["state_id"].as_str().unwrap();
    assert!(result["timestamp"].is_string(), "{result}");
    let listed = laboratory.lab.get("/api/state/list/power_supply_1");
    let states = listed["states"].as_array().unwrap();
    assert!(states.iter().any(|state| state["state_id"] == id), "{listed}");
    laboratory.lab.get(&format!("/api/state/{id}"))["state"].clone()
}

/// The current was drawn all the time, and only then.
fn load_test(laboratory: &Laboratory, result: &Value, sent: &[String]) {
    assert_eq!(result["command"], "run_load_test");
    let currents = result["result"]["current"].as_array().unwrap();
    // One each second of the sixty, if the machine was never late.
    assert!((2..=60).contains(&currents.len()), "{result}");
    assert!(
        currents.iter().all(|current| (current.as_f64().unwrap() - 5.0).abs() < 0.1),
        "{result}"
    );
    in_order(sent, &["FUNC CURR", "CURR 5", "INP ON", "MEAS:CURR?", "MEAS:CURR?", "INP OFF"]);
    assert!(!laboratory.is_on_past("load_1", "INP?"));
}

/// The record of an oscilloscope: whole, of the channels that were asked for, in its file; the
/// samples.
fn record(laboratory: &Laboratory, body: &Value, result: &Value) -> Value {
    assert_eq!((&result["status"], &result["lost"]), (&json!("stopped"), &json!(0)), "{result}");
    let samples = result["samples"].as_u64().unwrap();
    assert_eq!(samples, 1200, "a screen of them: {result}");
    let numbers = match body["parameters"]["channels"].as_array() {
        Some(numbers) => numbers.clone(),
        None => vec![json!(1)],
    };
    let columns: Vec<Value> = numbers.iter().map(|number| json!(format!("CH{number}"))).collect();
    let id = result["acquisition_id"].as_str().unwrap();
    let session = format!("/api/acquisition/session/{id}");
    let shown = laboratory.lab.get(&format!("{session}/status"))["acquisition"].clone();
    assert_eq!((&shown["state"], &shown["samples"]), (&json!("stopped"), &json!(samples)));
    let data = laboratory.lab.get(&format!("{session}/data?num_samples=100000"));
    assert_eq!(data["channels"], json!(columns), "{shown}");
    let values = data["values"].as_array().unwrap();
    for column in values {
        let column: Vec<f64> =
            column.as_array().unwrap().iter().filter_map(Value::as_f64).collect();
        assert_eq!(column.len() as u64, samples);
    }
    // A signal is on the first.
    let first = values[0].as_array().unwrap();
    assert!(first.iter().any(|value| *value != first[0]), "a flat line");
    file(laboratory, result, &columns, samples);
    data
}

/// The file has a line of names and one for each sample.
fn file(laboratory: &Laboratory, result: &Value, columns: &[Value], samples: u64) {
    let file: PathBuf = result["file"].as_str().unwrap().into();
    assert_eq!(file.extension().unwrap(), "csv");
    let path = laboratory.lab.directory().join("acquisitions").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let names: Vec<&str> = columns.iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(text.lines().next().unwrap(), format!("time,{}", names.join(",")));
    assert_eq!(text.lines().count() as u64, samples + 1);
}

/// The time from one sample to the next, in seconds.
fn step(data: &Value) -> f64 {
    let time = |n: usize| data["times"][n].as_f64().unwrap();
    format!("{:.3e}", (time(1000) - time(0)) / 1000.0).parse().unwrap()
}
