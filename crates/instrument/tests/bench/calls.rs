//! Calls: verbs and their results, bad input, what the instrument reports.

use serde_json::{Value, json};
use station_core::model::Call;
use station_instrument::ErrorKind;
use station_instrument::simulate::Model;

use crate::rig::{Rig, call, scpi};

#[tokio::test]
async fn a_verb_is_sent_and_what_it_reads_comes_by_name() {
    let rig = Rig::new(Model::Psu);
    let mut lease = rig.lease().await;
    assert_eq!(lease.identity().model, "SIM-PSU3");
    let set = call("set_voltage", &[("voltage", json!(5))]);
    assert_eq!(lease.call(&set).await.unwrap(), Value::Null);
    assert_eq!(rig.paper.sent(), ["VOLT 5"]);
    let on = call("set_output", &[("enabled", json!(true))]);
    lease.call(&on).await.unwrap();
    let read = lease.call(&call("get_setpoints", &[])).await.unwrap();
    assert_eq!(read["voltage"], json!(5.0));
    assert_eq!(read["enabled"], json!(true));
    let read = lease.read(&call("get_voltage", &[])).await.unwrap();
    assert!((read["voltage"].as_f64().unwrap() - 5.0).abs() < 0.1, "{read}");
    let reply = lease.call(&scpi("VOLT?;CURR?")).await.unwrap();
    assert!(reply["reply"].as_str().unwrap().starts_with("5"), "{reply}");
    lease.release().await.unwrap();
    let status = rig.bench.status("psu");
    assert!(status.connected && status.holder.is_none());
    assert_eq!((status.health_score, status.desyncs), (100, 0));
}

#[tokio::test]
async fn bad_input_is_refused_before_anything_is_sent() {
    let rig = Rig::new(Model::Psu);
    let mut lease = rig.lease().await;
    let elsewhere = Call { equipment: Some("other".to_owned()), ..call("get_voltage", &[]) };
    for (bad, says) in [
        (call("set_voltge", &[("voltage", json!(5))]), "set_voltage"),
        (call("set_voltage", &[]), "voltage"),
        (call("set_voltage", &[("voltage", json!("5;OUTP ON"))]), "voltage"),
        (call("set_voltage", &[("voltage", json!("5\nOUTP ON"))]), "voltage"),
        (call("set_current", &[("current", json!(-1))]), "current"),
        (call("set_voltage", &[("voltage", json!(5)), ("volts", json!(5))]), "volts"),
        (scpi("VOLT 5\nOUTP ON"), "text"),
        (elsewhere, "'other'"),
    ] {
        let error = lease.call(&bad).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid, "{error}");
        assert!(error.message.starts_with("equipment 'psu': "), "{error}");
        assert!(error.message.contains(says), "{error}");
    }
    assert_eq!(rig.paper.lines(), Vec::<String>::new());
    assert!(rig.bench.status("psu").last_errors.is_empty());
    lease.call(&call("get_voltage", &[])).await.unwrap();
}

#[tokio::test]
async fn all_errors_the_instrument_reports_are_in_the_sentence() {
    let rig = Rig::new(Model::Psu);
    let mut lease = rig.lease().await;
    let error = lease.call(&scpi(":VOLT 9999;:NONSENSE")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Instrument);
    assert!(
        error.message.starts_with("equipment 'psu': scpi: the instrument reports -222"),
        "{error}"
    );
    assert!(error.message.contains("; -113"), "{error}");
    // A question that is none is not answered: its own error says more than its silence.
    let error = lease.call(&scpi("NONSENSE?")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Instrument);
    assert!(error.message.contains("-113"), "{error}");
    lease.call(&call("get_voltage", &[])).await.unwrap();
    let status = rig.bench.status("psu");
    assert_eq!(status.last_errors.len(), 2);
    assert!(status.health_score < 100);
}

#[tokio::test]
async fn what_was_reported_before_a_lease_is_not_the_holders() {
    let rig = Rig::new(Model::Psu);
    rig.lease().await.release().await.unwrap();
    rig.tell("NONSENSE").await;
    let mut lease = rig.lease().await;
    lease.call(&call("get_voltage", &[])).await.unwrap();
}

#[tokio::test]
async fn a_waveform_comes_as_values() {
    let rig = Rig::new(Model::Scope);
    let mut lease = rig.lease().await;
    let read = lease.call(&call("get_waveform", &[("channel", json!(1))])).await.unwrap();
    let wave = read.as_object().unwrap().values().next().unwrap();
    let values = wave["values"].as_array().unwrap();
    assert!(values.len() >= 100, "{}", values.len());
    assert!(values.iter().all(Value::is_number));
    assert!(wave["time_increment"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn a_long_reply_is_taken_down_in_part() {
    let rig = Rig::new(Model::Psu);
    let mut lease = rig.lease().await;
    let text = vec!["*IDN?"; 400].join(";");
    let reply = lease.call(&scpi(&text)).await.unwrap();
    let whole = reply["reply"].as_str().unwrap().to_owned();
    assert!(whole.len() > 8000, "{}", whole.len());
    let lines = rig.paper.lines();
    let line = lines.iter().find(|line| line.starts_with("< ")).unwrap();
    assert!(line.ends_with(&format!("… ({} bytes)", whole.len())) && line.len() < 4200, "{line}");
}
