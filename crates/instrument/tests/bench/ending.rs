//! Endings: what follows work that failed, was stopped or was cut off, and what is said of it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use station_core::model::{
    Acquisition, Call, EquipmentKind, Micros, Profile, ProfileSettings, Record, RecordKind, Work,
};
use station_instrument::bench::Holder;
use station_instrument::simulate::Model;
use station_instrument::work::{
    After, Stop, WorkOutcome, WorkRequest, begin_acquisition, carry_out, make_safe,
};
use station_instrument::{Error, ErrorKind};

use crate::rig::{PATIENCE, Rig, call, holder, scpi, until};
use crate::working::{acquisition_plan, run};

fn on() -> Call {
    call("set_output", &[("enabled", json!(true))])
}

fn releasing(rig: &Rig, work: Work, on_release: &[Call]) -> WorkRequest {
    let mut request = rig.request(work);
    request.action.on_release = on_release.to_vec();
    request
}

#[tokio::test]
async fn on_release_follows_work_that_was_done() {
    let rig = Rig::new(Model::Psu);
    let end = run(&rig, releasing(&rig, Work::Command(on()), &[scpi("VOLT 1")])).await;
    assert_eq!((end.outcome, end.error), (WorkOutcome::Done, None));
    assert_eq!(rig.paper.sent(), ["OUTP ON", "VOLT 1"]);
    assert_eq!(
        rig.tell("OUTP?").await.as_deref(),
        Some("1"),
        "nothing went wrong: it stays as it is"
    );

    let end =
        run(&rig, releasing(&rig, Work::Command(on()), &[scpi("NONSENSE"), scpi("VOLT 2")])).await;
    assert_eq!(end.outcome, WorkOutcome::Failed);
    let error = end.error.unwrap();
    assert!(error.contains("on_release (scpi) failed: equipment 'psu'"), "{error}");
    assert!(error.ends_with("equipment 'psu' was brought into its safe state"), "{error}");
    assert_eq!(end.result.unwrap()["command"], json!("set_output"));
    assert!(
        rig.paper.sent().contains(&"VOLT 2".to_owned()),
        "the calls after it are made all the same"
    );
    assert_eq!(rig.tell("OUTP?").await.as_deref(), Some("0"));
}

#[tokio::test]
async fn work_that_fails_ends_in_the_safe_state_unless_that_is_forbidden() {
    let mut rig = Rig::new(Model::Psu);
    rig.tell("OUTP ON").await;
    let failing = Work::Command(scpi("VOLT 9999"));
    let end = run(&rig, rig.request(failing.clone())).await;
    assert_eq!(end.outcome, WorkOutcome::Failed);
    let error = end.error.unwrap();
    assert!(error.contains("-222") && error.ends_with("brought into its safe state"), "{error}");
    assert_eq!(rig.tell("OUTP?").await.as_deref(), Some("0"));

    rig.equipment.settings.safe_state = Some(false);
    rig.tell("OUTP ON").await;
    let end = run(&rig, rig.request(failing)).await;
    assert!(end.error.unwrap().ends_with("was left as it is, as its settings say"));
    assert_eq!(rig.tell("OUTP?").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn work_that_sends_nothing_changes_nothing() {
    let mut rig = Rig::new(Model::Psu);
    rig.tell("OUTP ON").await;
    let bad = call("set_voltage", &[("voltage", json!("5;*RST"))]);
    let end = run(&rig, rig.request(Work::Command(bad))).await;
    assert_eq!((end.outcome, end.result), (WorkOutcome::NotStarted, None));
    rig.equipment.settings.write_budget = Some(0);
    let end = run(&rig, rig.request(Work::Command(scpi("*SAV 1")))).await;
    assert_eq!(end.outcome, WorkOutcome::NotStarted);
    assert!(end.error.unwrap().contains("never written with that budget"));
    assert_eq!(rig.tell("OUTP?").await.as_deref(), Some("1"));
    assert!(rig.paper.sent().is_empty());

    let (stopper, stop) = Stop::new();
    stopper.ask();
    let end =
        carry_out(&rig.bench, rig.request(Work::Command(on())), rig.paper.clone(), stop).await;
    assert_eq!(end.outcome, WorkOutcome::NotStarted);
}

#[tokio::test]
async fn an_instrument_that_cannot_be_made_safe_is_said_not_to_be() {
    let rig = Rig::new(Model::Psu);
    rig.lease().await.release().await.unwrap();
    rig.fault("silent,4").await;
    let end =
        run(&rig, rig.request(Work::Command(call("set_voltage", &[("voltage", json!(2))])))).await;
    assert_eq!(end.outcome, WorkOutcome::Unknown, "{end:?}");
    let error = end.error.unwrap();
    assert!(error.contains("equipment 'psu' is NOT known to be in its safe state: "), "{error}");
}

#[tokio::test]
async fn a_power_cycle_fails_the_job_and_the_instrument_is_made_safe() {
    let rig = Rig::new(Model::Psu);
    rig.lease().await.release().await.unwrap();
    rig.fault("power-cycle,4").await;
    let end = run(&rig, rig.request(Work::Command(on()))).await;
    let error = end.error.unwrap();
    assert!(error.contains("it was switched off and on: its settings are gone"), "{error}");
    assert_eq!(end.outcome, WorkOutcome::Failed);
    assert!(error.ends_with("equipment 'psu' was brought into its safe state"), "{error}");
}

#[tokio::test]
async fn the_profile_comes_first_and_without_it_the_work_is_left_out() {
    let rig = Rig::new(Model::Psu);
    let mut request = releasing(&rig, Work::Command(on()), &[scpi("CURR 1")]);
    let settings = |volts| ProfileSettings::Calls(vec![scpi(&format!("VOLT {volts}"))]);
    let profile = |volts| Profile {
        name: "bench".to_owned(),
        description: String::new(),
        kind: EquipmentKind::PowerSupply,
        model: String::new(),
        settings: settings(volts),
        commit: None,
        tags: Vec::new(),
        created_at: Micros(0),
        modified_at: Micros(0),
    };
    request.profile = Some(profile(3));
    let end = run(&rig, request.clone()).await;
    assert_eq!((end.outcome, end.error), (WorkOutcome::Done, None));
    assert_eq!(rig.paper.sent(), ["VOLT 3", "OUTP ON", "CURR 1"]);

    rig.paper.clear();
    request.profile = Some(profile(9999));
    let end = run(&rig, request.clone()).await;
    assert_eq!(end.outcome, WorkOutcome::Failed);
    let error = end.error.unwrap();
    assert!(
        error.contains("the profile 'bench' was not applied") && error.contains("-222"),
        "{error}"
    );
    assert_eq!(rig.paper.sent(), ["VOLT 9999", "CURR 1", "OUTP OFF"]);

    let mut other = profile(1);
    other.kind = EquipmentKind::Multimeter;
    request.profile = Some(other);
    let end = run(&rig, request).await;
    assert_eq!(end.outcome, WorkOutcome::NotStarted);
    assert!(end.error.unwrap().contains("is for equipment of the type multimeter"));
}

#[tokio::test]
async fn a_stop_ends_a_load_test_with_its_input_off() {
    let rig = Rig::new(Model::Load);
    let test = call("run_load_test", &[("duration", json!(600)), ("current", json!(1))]);
    let request = releasing(&rig, Work::Command(test), &[scpi("CURR 0.1")]);
    let (stopper, stop) = Stop::new();
    let (bench, paper) = (rig.bench.clone(), Arc::clone(&rig.paper));
    let working = tokio::spawn(async move { carry_out(&bench, request, paper, stop).await });
    until(|| rig.paper.sent().iter().any(|line| line.starts_with("MEAS"))).await;
    assert_eq!(rig.tell("INP?").await.as_deref(), Some("1"));
    stopper.ask();
    let end = working.await.unwrap();
    assert_eq!(end.outcome, WorkOutcome::Unknown);
    let error = end.error.unwrap();
    assert!(error.starts_with("equipment 'load': run_load_test: it was stopped"), "{error}");
    assert!(error.ends_with("equipment 'load' was brought into its safe state"), "{error}");
    assert_eq!(rig.tell("INP?").await.as_deref(), Some("0"));
    let sent = rig.paper.sent();
    let off = sent.iter().position(|line| line.starts_with("INP 0") || line.starts_with("INP OFF"));
    let release = sent.iter().position(|line| line == "CURR 0.1");
    assert!(off.unwrap() < release.unwrap(), "{sent:?}");
}

#[tokio::test]
async fn a_load_test_that_is_dropped_is_ended_also_if_nobody_comes_next() {
    let rig = Rig::new(Model::Load);
    let test = call("run_load_test", &[("duration", json!(600)), ("current", json!(1))]);
    let mut lease = rig.lease().await;
    let cut = tokio::time::timeout(Duration::from_millis(300), lease.call(&test)).await;
    assert!(cut.is_err());
    assert_eq!(rig.tell("INP?").await.as_deref(), Some("1"));
    drop(lease);
    becomes(&rig, "INP?", "0").await;
    rig.lease().await.call(&call("get_readings", &[])).await.unwrap();

    // Nor does it matter that the lease expired meanwhile.
    let limit = Some(Duration::from_millis(300));
    let limited = Holder { label: "admin (API)".to_owned(), limit };
    let mut lease = rig.bench.lease(&rig.equipment, limited, PATIENCE).await.unwrap();
    assert_eq!(lease.call(&test).await.unwrap_err().kind, ErrorKind::Busy);
    drop(lease);
    becomes(&rig, "INP?", "0").await;
}

#[tokio::test]
async fn work_that_is_killed_is_followed_by_its_release_all_the_same() {
    let rig = Rig::new(Model::Load);
    let test = call("run_load_test", &[("duration", json!(600)), ("current", json!(1))]);
    let request = releasing(&rig, Work::Command(test), &[scpi("CURR 0.1")]);
    let (_stopper, stop) = Stop::new();
    let (bench, paper) = (rig.bench.clone(), Arc::clone(&rig.paper));
    let working = tokio::spawn(async move { carry_out(&bench, request, paper, stop).await });
    until(|| rig.paper.sent().iter().any(|line| line.starts_with("MEAS"))).await;
    working.abort();
    assert!(working.await.unwrap_err().is_cancelled());
    // Nobody else has it before that is done.
    let mut lease = rig.lease().await;
    assert_eq!(rig.tell("INP?").await.as_deref(), Some("0"));
    assert_eq!(rig.tell("CURR?").await.unwrap().parse(), Ok(0.1));
    lease.call(&call("get_readings", &[])).await.unwrap();
}

#[tokio::test]
async fn a_measurement_that_sets_something_may_have_done_so() {
    let rig = Rig::new(Model::Psu);
    rig.lease().await.release().await.unwrap();
    rig.fault("silent,4,1").await;
    let end = run(&rig, rig.request(Work::Measurement(call("get_voltage", &[])))).await;
    assert_eq!(end.outcome, WorkOutcome::Failed, "{end:?}");
    let mut request = rig.request(Work::Measurement(scpi("OUTP ON;VOLT?")));
    request.equipment[0].settings.safe_state = Some(false);
    let lease = rig.bench.lease(&request.equipment[0], holder("b"), PATIENCE).await;
    lease.unwrap().release().await.unwrap();
    rig.fault("silent,4,1").await;
    let end = run(&rig, request).await;
    assert_eq!(end.outcome, WorkOutcome::Unknown, "{end:?}");
    assert_eq!(rig.tell("OUTP?").await.as_deref(), Some("1"));
}

/// Waits until the instrument answers so.
async fn becomes(rig: &Rig, query: &str, answer: &str) {
    let waiting = async {
        while rig.tell(query).await.as_deref() != Some(answer) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
}

#[tokio::test]
async fn after_a_crash_it_is_released_and_made_safe() {
    let rig = Rig::new(Model::Psu);
    rig.tell("OUTP ON").await;
    let request = releasing(&rig, Work::Command(on()), &[scpi("VOLT 0.5")]);
    assert!(make_safe(&rig.bench, request.clone(), rig.paper.clone()).await.unwrap());
    assert_eq!(rig.tell("OUTP?").await.as_deref(), Some("0"));
    assert_eq!(rig.paper.sent(), ["VOLT 0.5", "OUTP OFF"]);

    // One that is gone does not keep the other from being made safe, nor gets it its calls.
    rig.tell("OUTP ON").await;
    rig.paper.clear();
    let mut gone = rig.equipment.clone();
    gone.id = "gone".to_owned();
    gone.resource = "TCPIP0::nonsense".to_owned();
    let mut both = request;
    both.equipment.insert(0, gone);
    let error = make_safe(&rig.bench, both, rig.paper.clone()).await.unwrap_err();
    assert!(error.message.starts_with("equipment 'gone': the resource"), "{error}");
    assert!(error.message.contains("it names no equipment"), "{error}");
    assert_eq!(rig.tell("OUTP?").await.as_deref(), Some("0"));
    assert_eq!(rig.paper.sent(), ["OUTP OFF"]);
}

#[tokio::test]
async fn after_a_crash_what_has_no_safe_state_is_not_said_to_be_in_it() {
    let meter = Rig::new(Model::Dmm);
    let request = releasing(&meter, Work::StateCapture, &[]);
    assert!(!make_safe(&meter.bench, request, meter.paper.clone()).await.unwrap());
    let mut supply = Rig::new(Model::Psu);
    supply.equipment.settings.safe_state = Some(false);
    supply.tell("OUTP ON").await;
    let request = releasing(&supply, Work::StateCapture, &[]);
    assert!(!make_safe(&supply.bench, request, supply.paper.clone()).await.unwrap());
    assert_eq!(supply.tell("OUTP?").await.as_deref(), Some("1"));
}

#[tokio::test]
async fn work_that_is_dropped_leaves_nothing_to_the_next_holder() {
    let rig = Rig::new(Model::Psu);
    rig.lease().await.release().await.unwrap();
    // The reply to *IDN?, *ESR? and SYST:ERR? comes; that to the measurement only later.
    rig.fault("silent,4,1").await;
    let (bench, paper) = (rig.bench.clone(), Arc::clone(&rig.paper));
    let request = rig.request(Work::Measurement(call("get_voltage", &[])));
    let (_stopper, stop) = Stop::new();
    let working = tokio::spawn(async move { carry_out(&bench, request, paper, stop).await });
    until(|| rig.paper.sent() == ["MEAS:VOLT?"]).await;
    working.abort();
    assert!(working.await.unwrap_err().is_cancelled());
    until(|| rig.bench.status("psu").holder.is_none()).await;
    let mut lease = rig.lease().await;
    let reply = lease.call(&scpi("*IDN?")).await.unwrap();
    assert!(reply["reply"].as_str().unwrap().contains("SIM-PSU3"), "{reply}");
}

/// Switches the output on, and begins an acquisition that lasts until it is stopped.
async fn begin(rig: &Rig, after: After, stop: &Stop) -> Result<Acquisition, (Error, WorkOutcome)> {
    let mut lease = rig.lease().await;
    lease.call(&on()).await.unwrap();
    let plan = acquisition_plan(None, true);
    let new = Acquisition::new("acq-1".to_owned(), "psu".to_owned(), None, plan, Micros(0));
    begin_acquisition(&rig.bench, lease, new, (after, stop)).await
}

#[tokio::test]
async fn an_acquisition_that_is_stopped_before_it_has_begun_ends_as_stopped_work_does() {
    let rig = Rig::new(Model::Psu);
    let (stopper, stop) = Stop::new();
    stopper.ask();
    let call = Call { equipment: Some("psu".to_owned()), ..scpi("VOLT 1") };
    let (error, outcome) = begin(&rig, After::Work(vec![call]), &stop).await.unwrap_err();
    assert_eq!((error.kind, outcome), (ErrorKind::Stopped, WorkOutcome::Unknown));
    assert_eq!(
        error.message,
        "the acquisition was stopped before it had begun; \
         equipment 'psu' was brought into its safe state"
    );
    assert!(rig.tell("VOLT?").await.unwrap().starts_with('1'));
    assert_eq!(rig.tell("OUTP?").await.as_deref(), Some("0"));
    assert_eq!(rig.bench.status("psu").holder, None);
    let kept = rig.keeper.all(RecordKind::Acquisition);
    let Some(Record::Acquisition(kept)) = kept.last() else { panic!("{kept:?}") };
    assert_eq!(kept.state.name(), "stopped");
}

#[tokio::test]
async fn an_acquisition_that_cannot_begin_is_followed_by_the_safe_state_unless_it_is_by_hand() {
    let rig = Rig::new(Model::Psu);
    // Where its file would be there is no directory.
    std::fs::remove_dir(rig.directory.path()).unwrap();
    std::fs::write(rig.directory.path(), "").unwrap();
    let (_stopper, stop) = Stop::new();
    for (after, output) in [(After::Release, "1"), (After::Work(Vec::new()), "0")] {
        let (error, outcome) = begin(&rig, after, &stop).await.unwrap_err();
        assert_eq!((error.kind, outcome), (ErrorKind::Local, WorkOutcome::Failed), "{error}");
        assert_eq!(rig.tell("OUTP?").await.as_deref(), Some(output), "{error}");
        assert_eq!(rig.bench.status("psu").holder, None);
    }
    std::fs::remove_file(rig.directory.path()).unwrap();
}
