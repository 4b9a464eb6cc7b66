//! The bench with instruments that others wrote: sinstruments' pressure and temperature controllers,
//! with their quirks, and scpipy.

use serde_json::json;
use station_core::model::{EquipmentKind, EquipmentTest, Work};
use station_instrument::bench::{Bench, BenchConfig};
use station_instrument::work::{Stop, WorkOutcome, WorkRequest, carry_out};

use crate::peers::Peers;
use crate::rig::{PATIENCE, Paper, call, equipment, holder, scpi};

/// A pressure controller (its replies echo the header, `*OPC?` answers NACK) and a temperature
/// controller (readings of `.......` mean none).
fn laboratory(directory: &tempfile::TempDir) -> Peers {
    let config = directory.path().join("laboratory.yml");
    let text = "devices:\n\
         - {class: Pace, package: gepace.simulator, name: pace, transports: [\
         {type: tcp, url: '127.0.0.1:0'}, {type: serial, url: PACE}]}\n\
         - {class: CryoCon, package: cryocon.simulator, name: cryo, transports: [\
         {type: tcp, url: '127.0.0.1:0'}, {type: serial, url: CRYO}]}\n";
    let line = |name: &str| directory.path().join(name).display().to_string();
    let text = text.replace("PACE", &line("pace")).replace("CRYO", &line("cryo"));
    std::fs::write(&config, text).unwrap();
    Peers::sinstruments(&config)
}

#[tokio::test]
async fn controllers_are_known_by_their_identity_and_measured() {
    let directory = tempfile::tempdir().unwrap();
    let peers = laboratory(&directory);
    let bench = Bench::new(BenchConfig::default());
    for (device, link, driver, model) in [
        ("pace", "tcp", "gepace", "PACE5000"),
        ("cryo", "tcp", "cryocon", "24C"),
        ("pace", "serial", "gepace", "PACE5000"),
        ("cryo", "serial", "cryocon", "24C"),
    ] {
        let mut found = equipment(device, EquipmentKind::Multimeter, peers.resource(device, link));
        found.id = format!("{device}_{link}");
        found.identity = Bench::probe(&found.resource, &found.settings).await.unwrap();
        assert!(found.identity.model.contains(model), "{:?}", found.identity);
        assert_eq!(bench.driver(&found).unwrap().name(), driver);
        let mut lease = bench.lease(&found, holder("a test"), PATIENCE).await.unwrap();
        let tested = lease.test(EquipmentTest::Connection).await.unwrap();
        assert_eq!(tested["passed"], json!(true));
        let state = lease.capture().await.unwrap();
        assert!(state.values().any(|value| !value.is_null()), "{state:?}");
        lease.release().await.unwrap();

        let verb = bench.driver(&found).unwrap();
        let verb = verb.verbs().find(|verb| !verb.outcomes().is_empty()).unwrap().name().to_owned();
        let request = WorkRequest {
            label: "execution 1.1".to_owned(),
            execution: None,
            action: station_core::model::InstrumentAction {
                work: Work::Measurement(call(&verb, &[])),
                profile: None,
                on_release: Vec::new(),
            },
            equipment: vec![found],
            profile: None,
        };
        let (_stopper, stop) = Stop::new();
        let end = carry_out(&bench, request, std::sync::Arc::new(Paper::default()), stop).await;
        match end.outcome {
            WorkOutcome::Done => assert!(end.result.unwrap()["measurement"].is_object()),
            // A channel without a sensor has none, and that is said.
            WorkOutcome::Failed | WorkOutcome::NotStarted | WorkOutcome::Unknown => {
                assert!(end.error.unwrap().contains("the instrument has no reading"), "{verb}");
            }
        }
    }
}

#[tokio::test]
async fn a_late_reply_of_scpipy_is_not_the_next_ones() {
    let peers = Peers::scpipy();
    let bench = Bench::new(BenchConfig::default());
    let slow = equipment("slow", EquipmentKind::Multimeter, peers.resource("scpipy", "tcp"));
    let mut lease = bench.lease(&slow, holder("a test"), PATIENCE).await.unwrap();
    lease.call(&scpi("SLOW?")).await.unwrap_err();
    let reply = lease.call(&scpi("*IDN?")).await.unwrap();
    assert!(!reply["reply"].as_str().unwrap().contains("LATE"), "{reply}");
    drop(lease);
    let mut lease = bench.lease(&slow, holder("next"), PATIENCE).await.unwrap();
    let reply = lease.call(&scpi("*IDN?")).await.unwrap();
    assert!(!reply["reply"].as_str().unwrap().contains("LATE"), "{reply}");
}
