//! Work: the job types and what they give, also when they cannot.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use station_core::model::{
    AcquisitionPlan, Call, EquipmentTest, FileFormat, RecordKind, Sequence, SequenceStep, StepKind,
    Work,
};
use station_instrument::simulate::Model;
use station_instrument::work::{Stop, WorkEnd, WorkOutcome, WorkRequest, carry_out};

use crate::rig::{Rig, call, scpi};

pub(crate) async fn run(rig: &Rig, request: WorkRequest) -> WorkEnd {
    let (_stopper, stop) = Stop::new();
    // As a task: the station runs it so.
    let (bench, paper) = (rig.bench.clone(), Arc::clone(&rig.paper));
    tokio::spawn(async move { carry_out(&bench, request, paper, stop).await }).await.unwrap()
}

pub(crate) fn done(end: WorkEnd) -> Value {
    assert_eq!((end.outcome, end.error.as_deref()), (WorkOutcome::Done, None));
    end.result.unwrap()
}

#[tokio::test]
async fn a_measurement_is_a_reading_with_its_unit() {
    let rig = Rig::new(Model::Psu);
    let result = done(run(&rig, rig.request(Work::Measurement(call("get_voltage", &[])))).await);
    assert!(result["measurement"]["voltage"].is_number(), "{result}");
    assert_eq!(result["measurement"]["unit"], json!("V"));
    let result = done(run(&rig, rig.request(Work::Measurement(call("get_readings", &[])))).await);
    let measurement = &result["measurement"];
    assert!(measurement["voltage"].is_number() && measurement["current"].is_number());
    assert_eq!(measurement["units"], json!({ "current": "A", "voltage": "V" }));

    let no_reading = rig.request(Work::Measurement(call("reset", &[])));
    let end = run(&rig, no_reading).await;
    assert_eq!(end.outcome, WorkOutcome::Failed);
    assert!(end.error.unwrap().contains("reset reads nothing"));
}

#[tokio::test]
async fn a_command_gives_what_it_reads_or_null() {
    let rig = Rig::new(Model::Load);
    let set = call("set_current", &[("value", json!(2.5))]);
    let result = done(run(&rig, rig.request(Work::Command(set))).await);
    assert_eq!(result, json!({ "command": "set_current", "result": null }));
    assert!(rig.tell("CURR?").await.unwrap().starts_with("2.5"));
    let result = done(run(&rig, rig.request(Work::Command(scpi("CURR?")))).await);
    assert!(result["result"]["reply"].as_str().unwrap().starts_with("2.5"), "{result}");
}

#[tokio::test]
async fn a_state_is_kept() {
    let rig = Rig::new(Model::Psu);
    let result = done(run(&rig, rig.request(Work::StateCapture)).await);
    let kept = rig.keeper.all(RecordKind::State);
    let [station_core::model::Record::State(state)] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!(result["state_id"], json!(state.id));
    assert_eq!(result["timestamp"], json!(state.taken_at.to_string()));
    assert_eq!(state.execution.unwrap().to_string(), "42.3");
    assert_eq!((state.equipment.as_str(), state.driver.as_str()), ("psu", "generic_power_supply"));
    assert!(state.settings.contains_key("voltage"));
}

#[tokio::test]
async fn equipment_tests_pass_or_fail() {
    let mut rig = Rig::new(Model::Psu);
    for (test, name) in
        [(EquipmentTest::Connection, "connection"), (EquipmentTest::SelfTest, "self_test")]
    {
        let result = done(run(&rig, rig.request(Work::EquipmentTest { test })).await);
        assert_eq!((&result["test"], &result["passed"]), (&json!(name), &json!(true)));
    }
    rig.equipment.identity.serial = "another".to_owned();
    let test = Work::EquipmentTest { test: EquipmentTest::Connection };
    let end = run(&rig, rig.request(test)).await;
    assert_eq!(end.outcome, WorkOutcome::Failed);
    assert_eq!(end.result.unwrap()["passed"], json!(false));
    assert!(end.error.unwrap().contains("another instrument"));
}

#[tokio::test]
async fn a_sequence_reports_its_steps() {
    let rig = Rig::new(Model::Psu);
    let step = |millis, what| SequenceStep { at: Duration::from_millis(millis), what };
    let named = |call: Call| Call { equipment: Some("psu".to_owned()), ..call };
    let sequence = Sequence {
        tick: Duration::from_millis(4),
        steps: vec![
            step(0, StepKind::Call(named(call("set_voltage", &[("voltage", json!(2))])))),
            step(8, StepKind::Call(named(call("get_setpoints", &[])))),
        ],
    };
    let result = done(run(&rig, rig.request(Work::Sequence(sequence))).await);
    assert_eq!((&result["steps"], &result["planned"]), (&json!(2), &json!(2)));
    assert!(result["jitter"]["p99_us"].is_number());
    assert_eq!(result["readings"][0]["value"]["voltage"], json!(2.0));
}

pub(crate) fn acquisition_plan(duration: Option<Duration>, detached: bool) -> AcquisitionPlan {
    AcquisitionPlan {
        duration,
        sample_rate: Some(100.into()),
        channels: Vec::new(),
        verb: None,
        format: FileFormat::Csv,
        detached,
    }
}

fn plan(duration: Option<Duration>, detached: bool) -> Work {
    Work::Acquisition(acquisition_plan(duration, detached))
}

#[tokio::test]
async fn an_acquisition_leaves_a_file() {
    let rig = Rig::new(Model::Dmm);
    let result = done(run(&rig, rig.request(plan(Some(Duration::from_millis(200)), false))).await);
    assert_eq!(result["status"], json!("stopped"));
    assert_eq!(result["requested_rate"], json!(100));
    let samples = result["samples"].as_u64().unwrap();
    assert!(samples + result["lost"].as_u64().unwrap() >= 19, "{result}");
    let file = rig.directory.path().join(result["file"].as_str().unwrap());
    let text = std::fs::read_to_string(file).unwrap();
    assert_eq!(u64::try_from(text.lines().count()).unwrap(), samples + 1);
}

#[tokio::test]
async fn an_acquisition_can_be_left_to_itself() {
    let rig = Rig::new(Model::Dmm);
    let result = done(run(&rig, rig.request(plan(None, true))).await);
    let id = result["acquisition_id"].as_str().unwrap().to_owned();
    assert_eq!(rig.bench.status("dmm").holder.unwrap().0, "execution 42.3");
    let live = rig.bench.acquisitions().live(&id).unwrap();
    live.stop();
    crate::rig::until(|| rig.bench.status("dmm").holder.is_none()).await;
    assert!(rig.bench.acquisitions().live(&id).is_none());
    rig.lease().await.call(&call("get_voltage", &[])).await.unwrap();
}
