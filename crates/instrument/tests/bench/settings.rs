//! States: every setting read, and brought back; and tests of equipment.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use station_core::model::{EquipmentTest, Identity};
use station_instrument::ErrorKind;
use station_instrument::simulate::Model;

use crate::rig::{Rig, call};

#[tokio::test]
async fn what_is_captured_can_be_brought_back() {
    let rig = Rig::new(Model::Psu);
    let mut lease = rig.lease().await;
    lease.call(&call("set_voltage", &[("voltage", json!(3))])).await.unwrap();
    lease.call(&call("set_output", &[("enabled", json!(true))])).await.unwrap();
    let state = lease.capture().await.unwrap();
    assert_eq!((&state["voltage"], &state["output"]), (&json!(3.0), &json!(true)));
    assert!(!rig.paper.sent().iter().any(|line| line.contains("*SAV")));

    lease.call(&call("reset", &[])).await.unwrap();
    assert_eq!(lease.capture().await.unwrap()["output"], json!(false));
    let mut wanted = state.clone();
    wanted.insert("current".to_owned(), Value::Null);
    let restored = lease.restore(&wanted).await.unwrap();
    assert_eq!(restored.skipped, ["current"]);
    assert_eq!(restored.applied.last().map(String::as_str), Some("output"));
    let now = lease.capture().await.unwrap();
    assert_eq!((&now["voltage"], &now["output"]), (&json!(3.0), &json!(true)));

    let error =
        lease.restore(&BTreeMap::from([("volage".to_owned(), json!(1))])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
}

#[tokio::test]
async fn what_cannot_be_read_is_null_and_a_silent_instrument_an_error() {
    let rig = Rig::new(Model::Psu);
    let mut lease = rig.lease().await;
    rig.fault("silent,1,1").await;
    let state = lease.capture().await.unwrap();
    assert_eq!(state.values().filter(|value| value.is_null()).count(), 1, "{state:?}");
    rig.fault("silent").await;
    let error = lease.capture().await.unwrap_err();
    assert!(error.message.starts_with("equipment 'psu': "), "{error}");
}

#[tokio::test]
async fn equipment_is_tested() {
    let mut rig = Rig::new(Model::Load);
    let mut lease = rig.lease().await;
    let result = lease.test(EquipmentTest::Connection).await.unwrap();
    assert_eq!(
        (&result["passed"], &result["identity"]["model"]),
        (&json!(true), &json!("SIM-LOAD1"))
    );
    let result = lease.test(EquipmentTest::SelfTest).await.unwrap();
    assert_eq!(result, json!({ "test": "self_test", "passed": true, "answer": "0" }));
    assert_eq!(rig.paper.sent(), ["*TST?"]);
    lease.release().await.unwrap();

    rig.equipment.identity = Identity { serial: "another".to_owned(), ..Identity::default() };
    let taken =
        rig.bench.lease(&rig.equipment, crate::rig::holder("x"), crate::rig::PATIENCE).await;
    assert_eq!(taken.unwrap_err().kind, ErrorKind::Identity);
}
