//! Leases: turns, patience, expiry, idle connections, the end of all use.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use station_core::model::EquipmentKind;
use station_instrument::ErrorKind;
use station_instrument::bench::{Bench, Holder};
use station_instrument::simulate::Model;

use crate::rig::{PATIENCE, Rig, call, equipment, holder, scpi, until};

#[tokio::test]
async fn others_wait_in_turn_or_are_told_who_holds_it() {
    let rig = Rig::new(Model::Psu);
    let first = rig.lease().await;
    let taken = rig.bench.lease(&rig.equipment, holder("second"), Duration::from_millis(20)).await;
    let error = taken.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Busy);
    assert!(error.message.starts_with("equipment 'psu': it is held by a test since 20"), "{error}");
    assert_eq!(rig.bench.status("psu").holder.unwrap().0, "a test");

    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = Vec::new();
    for n in 0..4 {
        let (bench, equipment, order) = (rig.bench.clone(), rig.equipment.clone(), order.clone());
        waiting.push(tokio::spawn(async move {
            let lease = bench.lease(&equipment, holder(&n.to_string()), PATIENCE).await.unwrap();
            order.lock().unwrap().push(n);
            lease.release().await.unwrap();
        }));
        // In the queue before the next one asks.
        tokio::task::yield_now().await;
    }
    first.release().await.unwrap();
    for waiting in waiting {
        waiting.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3]);
}

#[tokio::test]
async fn a_lease_expires_and_the_session_goes_to_the_next() {
    let rig = Rig::new(Model::Psu);
    let limit = Some(Duration::from_millis(150));
    let limited = Holder { label: "admin (API)".to_owned(), limit };
    let mut first = rig.bench.lease(&rig.equipment, limited.clone(), PATIENCE).await.unwrap();
    first.call(&call("set_voltage", &[("voltage", json!(2))])).await.unwrap();
    // It takes only one client: the next one has the same connection.
    rig.fault("busy,all").await;
    let mut second = rig.lease().await;
    let error = first.call(&call("get_voltage", &[])).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Busy);
    assert!(error.message.contains("has expired"), "{error}");
    assert_eq!(first.session().ask("*IDN?").await.unwrap_err().kind, ErrorKind::Busy);
    assert!(first.release().await.is_ok());
    second.call(&call("get_voltage", &[])).await.unwrap();
    second.release().await.unwrap();

    // An operation that takes longer is cut off.
    let mut third = rig.bench.lease(&rig.equipment, limited, PATIENCE).await.unwrap();
    rig.fault("late,250,1").await;
    let error = third.call(&scpi("*OPT?")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Busy);
    assert!(error.message.contains("expired in the middle of an operation"), "{error}");
    rig.fault("NONE").await;
    let reply = rig.lease().await.call(&scpi("*IDN?")).await.unwrap();
    assert!(reply["reply"].as_str().unwrap().contains("SIM-PSU3"), "{reply}");
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_outputs_stay_as_they_are() {
    let rig = Rig::with(Model::Psu, |config| config.idle_close = Duration::from_millis(30));
    let mut lease = rig.lease().await;
    lease.call(&call("set_output", &[("enabled", json!(true))])).await.unwrap();
    // While it is held, it is not idle.
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert!(rig.bench.status("psu").connected);
    lease.release().await.unwrap();
    until(|| !rig.bench.status("psu").connected).await;
    assert_eq!(rig.tell("OUTP?").await.as_deref(), Some("1"));
    rig.lease().await.call(&call("get_voltage", &[])).await.unwrap();
}

#[tokio::test]
async fn disconnecting_makes_it_safe_first() {
    let rig = Rig::new(Model::Psu);
    let mut lease = rig.lease().await;
    lease.call(&call("set_output", &[("enabled", json!(true))])).await.unwrap();
    lease.release().await.unwrap();
    rig.bench.disconnect(&rig.equipment).await.unwrap();
    assert_eq!(rig.tell("OUTP?").await.as_deref(), Some("0"));
    assert!(!rig.bench.status("psu").connected);

    let mut left = rig.equipment.clone();
    left.settings.safe_state = Some(false);
    rig.tell("OUTP ON").await;
    rig.bench.disconnect(&left).await.unwrap();
    assert_eq!(rig.tell("OUTP?").await.as_deref(), Some("1"));

    rig.fault("silent").await;
    let error = rig.bench.disconnect(&rig.equipment).await.unwrap_err();
    assert!(error.message.contains("NOT known to be in its safe state"), "{error}");
}

#[tokio::test]
async fn several_are_taken_all_or_none_and_nobody_waits_for_another_for_ever() {
    let rig = Rig::new(Model::Psu);
    let other = Rig::new(Model::Dmm);
    let both = [rig.equipment.clone(), other.equipment.clone()];
    let turned = [other.equipment.clone(), rig.equipment.clone()];
    let take = |bench: Bench, all: [station_core::model::Equipment; 2]| async move {
        for _ in 0..10 {
            let leases = bench.lease_all(&all, holder("pairs"), PATIENCE).await.unwrap();
            assert_eq!(leases[0].equipment().id, all[0].id);
            for lease in leases {
                lease.release().await.unwrap();
            }
        }
    };
    let one = tokio::spawn(take(rig.bench.clone(), both.clone()));
    let two = tokio::spawn(take(rig.bench.clone(), turned));
    one.await.unwrap();
    two.await.unwrap();

    let held = rig.lease().await;
    let taken = rig.bench.lease_all(&both, holder("pairs"), Duration::from_millis(50)).await;
    assert_eq!(taken.unwrap_err().kind, ErrorKind::Busy);
    let free = rig.bench.lease(&other.equipment, holder("free"), Duration::ZERO).await;
    assert!(free.is_ok(), "the first was let go of again");
    drop(held);
    let twice = [both[0].clone(), both[0].clone()];
    let taken = rig.bench.lease_all(&twice, holder("twice"), PATIENCE).await;
    assert_eq!(taken.unwrap_err().kind, ErrorKind::Invalid);
}

#[tokio::test]
async fn who_cannot_be_reached_is_left_alone_for_a_while() {
    let rig = Rig::new(Model::Psu);
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    let dead =
        equipment("dead", EquipmentKind::Multimeter, &format!("TCPIP0::127.0.0.1::{port}::SOCKET"));
    let error = rig.bench.lease(&dead, holder("a"), Duration::ZERO).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable);
    let reason = error.message.trim_start_matches("equipment 'dead': ").to_owned();
    let error = rig.bench.lease(&dead, holder("b"), PATIENCE).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(error.message.contains(&reason), "{error}");

    // Once it is back, and the time is over, it is taken again.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("TCPIP0::127.0.0.1::{}::SOCKET", free.local_addr().unwrap().port());
    drop(free);
    let back = station_instrument::simulate::SimulatorOptions {
        model: Model::Dmm,
        listen: format!("127.0.0.1:{port}").parse().unwrap(),
        ..Default::default()
    };
    let _back = station_instrument::simulate::Simulator::start(back).unwrap();
    tokio::time::sleep(rig.bench.config().probe_interval).await;
    rig.bench.lease(&dead, holder("c"), PATIENCE).await.unwrap();
    assert_eq!(rig.bench.status("dead").skipped_until, None);

    // Registered anew, it is tried at once.
    let mut moved = rig.equipment.clone();
    moved.resource.clone_from(&nobody);
    let taken = rig.bench.lease(&moved, holder("d"), Duration::ZERO).await;
    assert_eq!(taken.unwrap_err().kind, ErrorKind::Unreachable);
    rig.lease().await.release().await.unwrap();
    assert_eq!(rig.bench.status("psu").error, None);
}

#[tokio::test]
async fn drivers_are_found_without_asking() {
    let rig = Rig::new(Model::Psu);
    let mut asked = rig.equipment.clone();
    assert_eq!(rig.bench.driver(&asked).unwrap().name(), "generic_power_supply");
    asked.identity.manufacturer = "RIGOL TECHNOLOGIES".to_owned();
    asked.identity.model = "DP832".to_owned();
    assert!(rig.bench.driver(&asked).unwrap().name().starts_with("rigol_dp8"));
    asked.driver = Some("generic_multimeter".to_owned());
    let error = rig.bench.driver(&asked).unwrap_err();
    assert!(error.message.contains("is for equipment of the type multimeter"), "{error}");
    asked.driver = Some("nonsense".to_owned());
    let error = rig.bench.driver(&asked).unwrap_err();
    assert!(error.message.contains("generic_power_supply"), "{error}");
    assert!(!rig.bench.status("psu").connected);
}

#[tokio::test]
async fn it_is_asked_who_it_is_without_being_registered() {
    let rig = Rig::new(Model::Dmm);
    let found = Bench::probe(&rig.equipment.resource, &rig.equipment.settings).await.unwrap();
    assert_eq!((found.model.as_str(), found.serial.as_str()), ("SIM-DMM6", "SIM0001"));
    let error = Bench::probe("TCPIP0::nonsense", &rig.equipment.settings).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Invalid);
}

#[tokio::test]
async fn what_is_registered_anew_has_no_past_but_what_is_in_use_stays() {
    let rig = Rig::new(Model::Psu);
    let mut gone = rig.equipment.clone();
    gone.resource = "TCPIP0::127.0.0.1::1::SOCKET".to_owned();
    rig.bench.lease(&gone, holder("a test"), Duration::ZERO).await.unwrap_err();
    let status = rig.bench.status("psu");
    assert!(status.error.is_some() && status.skipped_until.is_some(), "{status:?}");
    rig.bench.forget("psu");
    let status = rig.bench.status("psu");
    assert_eq!((status.error, status.skipped_until, status.health_score), (None, None, 100));

    let lease = rig.lease().await;
    rig.bench.forget("psu");
    let taken = rig.bench.lease(&rig.equipment, holder("second"), Duration::from_millis(20)).await;
    assert_eq!(taken.unwrap_err().kind, ErrorKind::Busy);
    lease.release().await.unwrap();
}

#[tokio::test]
async fn the_end_of_all_use() {
    let rig = Rig::new(Model::Psu);
    let mut lease = rig.lease().await;
    lease.call(&call("set_output", &[("enabled", json!(true))])).await.unwrap();
    lease.release().await.unwrap();
    rig.bench.shut_down().await;
    assert_eq!(rig.tell("OUTP?").await.as_deref(), Some("0"));
    assert!(!rig.bench.status("psu").connected);
    let taken = rig.bench.lease(&rig.equipment, holder("late"), PATIENCE).await;
    assert!(taken.unwrap_err().message.contains("the station is stopping"));
}

#[tokio::test]
async fn at_the_end_of_all_use_only_what_is_connected_or_says_so_is_made_safe() {
    for (wanted, output) in [(None, "1"), (Some(true), "0")] {
        let mut rig = Rig::with(Model::Psu, |config| config.idle_close = Duration::from_millis(10));
        rig.equipment.settings.safe_state = wanted;
        rig.lease().await.release().await.unwrap();
        until(|| !rig.bench.status("psu").connected).await;
        rig.tell("OUTP ON").await;
        rig.bench.shut_down().await;
        assert_eq!(rig.tell("OUTP?").await.as_deref(), Some(output), "{wanted:?}");
    }
}

#[tokio::test]
async fn who_waited_while_all_use_ended_gets_nothing_any_more() {
    let rig = Rig::new(Model::Psu);
    let first = rig.lease().await;
    let (bench, equipment) = (rig.bench.clone(), rig.equipment.clone());
    let waiting = tokio::spawn(async move {
        bench.lease(&equipment, holder("waiting"), PATIENCE).await.map(drop)
    });
    tokio::task::yield_now().await;
    let bench = rig.bench.clone();
    let ending = tokio::spawn(async move { bench.shut_down().await });
    tokio::task::yield_now().await;
    first.release().await.unwrap();
    let error = waiting.await.unwrap().unwrap_err();
    assert!(error.message.contains("the station is stopping"), "{error}");
    ending.await.unwrap();
    assert!(!rig.bench.status("psu").connected);
}
