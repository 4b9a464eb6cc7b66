//! Sequences against simulated instruments.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use station_instrument::ErrorKind;
use station_instrument::sequence::{parse, run};
use station_instrument::simulate::Model;
use station_instrument::work::{Stage, Stop};

use crate::rig::{Commands, Rig};

const RAMP: &str = r#"
tick_ms = 4

[[step]]
equipment = "psu"
verb = "set_voltage"
ramp = { parameter = "voltage", from = 0, to = 5, count = 6, every = "8ms" }

[[step]]
at = "4ms"
equipment = "psu"
verb = "set_output"
parameters = { enabled = true }

[[step]]
at = "20ms"
equipment = "dmm"
loop = { count = 3, every = "8ms", steps = [{ equipment = "dmm", verb = "get_voltage" }] }

[[step]]
at = "44ms"
run = "true"

[[step]]
at = "48ms"
equipment = "psu"
hold = { verb = "get_voltage", above = 4.9, below = 5.1, timeout = "5s" }

[[step]]
at = "48ms"
equipment = "psu"
scpi = "VOLT?"
parameters = { expect_reply = true }
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instruments_and_a_command_are_taken_through_a_sequence() {
    let mut rig = Rig::new();
    let mut leases = [rig.lease(Model::Psu, &[]).await, rig.lease(Model::Dmm, &[]).await];
    let text = RAMP.replacen("equipment = \"dmm\"\nloop", "loop", 1);
    let (sequence, _) = parse(&text).unwrap();
    let commands = Arc::new(Commands::default());
    let stage: Arc<dyn Stage> = commands.clone();
    let (_stopper, stop) = Stop::new();
    let report = run(&mut leases, &stage, &sequence, &stop).await.unwrap();
    assert_eq!((report.steps, report.planned, report.failed), (13, 13, None));
    assert_eq!(*commands.run.lock().unwrap(), ["local: true"]);
    assert!(
        report.jitter.p50_us <= report.jitter.p99_us
            && report.jitter.p99_us <= report.jitter.max_us
    );
    let steps: Vec<&str> = report.readings.iter().map(|reading| reading.step.as_str()).collect();
    assert_eq!(steps, ["3#1.1", "3#2.1", "3#3.1", "5", "6"]);
    assert!(report.readings.windows(2).all(|pair| pair[0].at <= pair[1].at));
    let set = report.readings[4].value.as_object().unwrap().values().next().unwrap();
    let set: f64 =
        set.as_str().map_or_else(|| set.as_f64().unwrap(), |text| text.trim().parse().unwrap());
    assert_eq!(set, 5.0, "the last value of the ramp is exact");
    for lease in leases {
        lease.release().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_the_instrument_ends_it_with_the_step() {
    let mut rig = Rig::new();
    let mut leases = [rig.lease(Model::Psu, &[]).await];
    let text = "[[step]]\nverb = 'get_voltage'\n[[step]]\nat = '20ms'\nscpi = 'BOGUS 1'\n\
                [[step]]\nat = '10m'\nverb = 'get_voltage'\n";
    let (sequence, _) = parse(text).unwrap();
    let stage: Arc<dyn Stage> = Arc::new(Commands::default());
    let (_stopper, stop) = Stop::new();
    let (error, report) = run(&mut leases, &stage, &sequence, &stop).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Instrument);
    assert!(error.message.starts_with("step 2 (at 32ms): equipment 'psu': "), "{error}");
    assert!(error.message.contains("-113"), "{error}");
    assert_eq!((report.steps, report.planned), (1, 3));
    assert_eq!(report.failed.unwrap().at, "32ms");
    // The next holder finds it in step.
    let [mut lease] = leases;
    assert!(lease.session().ask("*IDN?").await.unwrap().contains(','));
    lease.release().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_when_a_later_step_cannot_be_meant() {
    let mut rig = Rig::new();
    let mut leases = [rig.lease(Model::Psu, &[]).await];
    let stage: Arc<dyn Stage> = Arc::new(Commands::default());
    let (_stopper, stop) = Stop::new();
    for (step, why) in [
        (json!({ "verb": "set_volts" }), "set_voltage"),
        (json!({ "verb": "set_current", "parameters": { "current": -1 } }), "current"),
        (json!({ "verb": "set_voltage", "parameters": { "voltage": "5;*RST" } }), "voltage"),
        (json!({ "equipment": "dmm", "verb": "get_voltage" }), "'dmm' is not held"),
    ] {
        let mut late = step;
        late["at"] = json!("1h");
        let set = json!({ "verb": "set_voltage", "parameters": { "voltage": 7 } });
        let steps: Value = json!({ "steps": [set, late] });
        let (sequence, _) = station_instrument::sequence::from_value(&steps).unwrap();
        let (error, report) = run(&mut leases, &stage, &sequence, &stop).await.unwrap_err();
        assert_eq!((error.kind, report.planned), (ErrorKind::Invalid, 0));
        assert!(error.message.starts_with("step 2: ") && error.message.contains(why), "{error}");
    }
    let [mut lease] = leases;
    let set: f64 = lease.session().ask("VOLT?").await.unwrap().trim().parse().unwrap();
    assert_eq!(set, 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_stopped_between_ticks() {
    let mut rig = Rig::new();
    let mut leases = [rig.lease(Model::Psu, &[]).await];
    let text = "[[step]]\nverb = 'get_voltage'\n[[step]]\nat = '10m'\nverb = 'get_voltage'\n";
    let (sequence, _) = parse(text).unwrap();
    let stage: Arc<dyn Stage> = Arc::new(Commands::default());
    let (stopper, stop) = Stop::new();
    let stopping = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        stopper.ask();
    });
    let (error, report) = run(&mut leases, &stage, &sequence, &stop).await.unwrap_err();
    stopping.await.unwrap();
    assert_eq!((error.kind, report.steps), (ErrorKind::Stopped, 1));
    assert_eq!(error.message, "the sequence was stopped after 1 of 2 steps");
}
