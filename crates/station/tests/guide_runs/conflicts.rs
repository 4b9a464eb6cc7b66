//! The guide's policies for runs that meet, where the runs hold an instrument.

use serde_json::{Value, json};

use crate::laboratory::Laboratory;

/// A load test of a day.
fn load_test(current: f64, more: Value) -> Value {
    let mut body = json!({
        "name": format!("load {current}"), "schedule_type": "command", "equipment_id": "load_1",
        "trigger_type": "daily", "time_of_day": "03:00",
        "parameters": {
            "command": "run_load_test", "parameters": { "duration": 86400, "current": current },
        },
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

impl Laboratory {
    fn status(&self, execution: &str) -> String {
        let told = self.lab.get(&format!("/api/scheduler/executions/{execution}"));
        told["execution"]["status"].as_str().unwrap().to_owned()
    }

    /// Waits until the load draws so much.
    fn until_drawn(&self, current: f64) {
        self.wait_for(&format!("{current} A to be drawn"), || {
            let drawn = self.number_past("load_1", "MEAS:CURR?");
            ((drawn - current).abs() < 0.05).then_some(())
        });
    }

    /// Cancels an execution, and waits for its end.
    fn cancel(&self, execution: &str) -> Value {
        self.lab.post(&format!("/api/scheduler/executions/{execution}/cancel"), Value::Null);
        self.end(execution)
    }
}

#[test]
fn skip_leaves_a_firing_out_while_the_instrument_is_in_use() {
    let laboratory = Laboratory::simulated_at(1);
    let often = json!({
        "trigger_type": "interval", "time_of_day": null, "interval_seconds": 1,
        "conflict_policy": "skip",
    });
    let job = laboratory.create(&load_test(1.0, often));
    laboratory.until_drawn(1.0);
    let skipped = laboratory.wait_for("a firing to be skipped", || {
        let path = format!("/api/scheduler/executions?job_id={job}&limit=100");
        let listed = laboratory.lab.get(&path);
        let all = listed["executions"].as_array().unwrap();
        all.iter().find(|execution| execution["status"] == "skipped").cloned()
    });
    assert_eq!(skipped["error"], "Job already running (conflict_policy=skip)");
    // By hand it is refused for the same reason.
    let path = format!("/api/scheduler/jobs/{job}/run");
    assert_eq!(laboratory.lab.refused("POST", &path, Value::Null).0, 409);
    laboratory.lab.post(&format!("/api/scheduler/jobs/{job}/pause"), Value::Null);
    let ended = laboratory.cancel(&format!("{job}.1"));
    assert_eq!(ended["status"], "cancelled", "{ended}");
    assert!(!laboratory.is_on_past("load_1", "INP?"), "what was cancelled leaves it off");
}

#[test]
fn queue_waits_until_the_instrument_is_free() {
    let laboratory = Laboratory::simulated_at(1);
    let job = laboratory.create(&load_test(1.0, json!({ "conflict_policy": "queue" })));
    let first = laboratory.run(&job);
    laboratory.until_drawn(1.0);
    let second = laboratory.run(&job);
    assert_eq!((&*laboratory.status(&first), &*laboratory.status(&second)), ("running", "pending"));
    assert_eq!(laboratory.cancel(&first)["status"], "cancelled");
    laboratory
        .wait_for("the second to run", || (laboratory.status(&second) == "running").then_some(()));
    laboratory.until_drawn(1.0);
    assert_eq!(laboratory.cancel(&second)["status"], "cancelled");
    assert!(!laboratory.is_on_past("load_1", "INP?"));
}

#[test]
fn replace_takes_more_runs_which_wait_for_the_instrument() {
    let laboratory = Laboratory::simulated_at(1);
    let policy = json!({ "conflict_policy": "replace", "max_instances": 2 });
    let job = laboratory.create(&load_test(1.0, policy));
    let first = laboratory.run(&job);
    laboratory.until_drawn(1.0);
    let second = laboratory.run(&job);
    // It may run beside the first, but the instrument is the first one's until that is over.
    assert_eq!((&*laboratory.status(&first), &*laboratory.status(&second)), ("running", "pending"));
    let path = format!("/api/scheduler/jobs/{job}/run");
    let refused = laboratory.lab.refused("POST", &path, Value::Null);
    assert_eq!(refused.0, 409, "{refused:?}");
    let holder = laboratory.lab.get("/api/equipment/load_1/status")["holder"].clone();
    assert!(holder.as_str().unwrap().contains(&first), "{holder}");
    assert_eq!(laboratory.cancel(&first)["status"], "cancelled");
    laboratory.until_drawn(1.0);
    let holder = laboratory.lab.get("/api/equipment/load_1/status")["holder"].clone();
    assert!(holder.as_str().unwrap().contains(&second), "{holder}");
    assert_eq!(laboratory.cancel(&second)["status"], "cancelled");
    assert!(!laboratory.is_on_past("load_1", "INP?"));
}

#[test]
fn two_jobs_on_one_instrument_wait_for_each_other() {
    let laboratory = Laboratory::simulated();
    let minute = |current: f64| {
        let mut body = load_test(current, json!({}));
        body["parameters"]["parameters"]["duration"] = json!(60);
        laboratory.create(&body)
    };
    let jobs = [1.0, 2.0].map(minute);
    let executions = jobs.each_ref().map(|job| laboratory.run(job));
    for (execution, current) in executions.iter().zip([1.0, 2.0]) {
        let ended = laboratory.end(execution);
        assert_eq!(ended["status"], "completed", "{ended}");
        // Not once was the other's current drawn.
        let readings = ended["result"]["result"]["current"].as_array().unwrap().clone();
        assert!(!readings.is_empty());
        for reading in readings {
            assert!((reading.as_f64().unwrap() - current).abs() < 0.05, "{ended}");
        }
    }
}
