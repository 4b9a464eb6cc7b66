//! The budget of writes: counted before anything is sent, refused beyond it, free again in an hour.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use station_core::model::{
    Call, EquipmentKind, Micros, Profile, ProfileSettings, Record, RecordKind,
};
use station_instrument::ErrorKind;
use station_instrument::simulate::Model;

use station_instrument::bench::{Bench, BenchConfig};

use crate::rig::{PATIENCE, Rig, call, holder, scpi};

fn writes(rig: &Rig) -> usize {
    match rig.keeper.all(RecordKind::Wear).as_slice() {
        [Record::Wear(wear)] => wear.writes.len(),
        [] => 0,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn writes_are_counted_and_refused_beyond_the_budget() {
    let mut rig = Rig::new(Model::Psu);
    rig.equipment.settings.write_budget = Some(3);
    let mut lease = rig.lease().await;
    lease.call(&scpi("*sav 1")).await.unwrap();
    lease.call(&call("save_state", &[("slot", json!(1))])).await.unwrap();
    lease.call(&scpi("VOLT 2;*SAV 2")).await.unwrap();
    assert_eq!(writes(&rig), 3);
    assert_eq!(rig.bench.status("psu").writes_last_hour, 3);
    assert_eq!(rig.tell("SIM:WEAR?").await.as_deref(), Some("3"));

    rig.paper.clear();
    for refused in [scpi("MEM:STAT:DEF X,1"), call("save_state", &[("slot", json!(1))])] {
        let error = lease.call(&refused).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Refused);
        assert!(error.message.contains("was written 3 times within the last hour"), "{error}");
        assert!(
            error.message.contains("its budget is 3 an hour: it can be written again at 20"),
            "{error}"
        );
        assert!(error.message.contains("Z; nothing was sent"), "{error}");
    }
    assert!(rig.paper.sent().is_empty());
    assert_eq!(writes(&rig), 3);
    lease.call(&scpi("*RCL 1")).await.unwrap();

    // Another station's life later they count as well.
    let reborn = Bench::new(BenchConfig::default());
    reborn.attach(rig.keeper.clone());
    lease.release().await.unwrap();
    let mut lease = reborn.lease(&rig.equipment, holder("reborn"), PATIENCE).await.unwrap();
    let error = lease.call(&scpi("*SAV 1")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused, "{error}");
    drop(lease);
    let mut lease = rig.lease().await;

    rig.keeper.pass(Duration::from_secs(3601));
    assert_eq!(rig.bench.status("psu").writes_last_hour, 0);
    lease.call(&scpi("*SAV 1")).await.unwrap();
    assert_eq!(writes(&rig), 1);
}

#[tokio::test]
async fn each_write_of_a_message_counts() {
    let mut rig = Rig::new(Model::Psu);
    rig.equipment.settings.write_budget = Some(3);
    let mut lease = rig.lease().await;
    lease.call(&scpi("*SAV 1;*SAV 2")).await.unwrap();
    assert_eq!(writes(&rig), 2);
    rig.paper.clear();
    let error = lease.call(&scpi("*SAV 1;*SAV 2")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(rig.paper.sent().is_empty());
    lease.call(&scpi("*SAV 1")).await.unwrap();
    assert_eq!(rig.tell("SIM:WEAR?").await.as_deref(), Some("3"));
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_lock_the_memory() {
    const HOUR: Duration = Duration::from_secs(3600);
    let mut rig = Rig::new(Model::Psu);
    rig.equipment.settings.write_budget = Some(1);
    // The clock was a day ahead when the budget was spent.
    rig.keeper.pass(24 * HOUR);
    let mut lease = rig.lease().await;
    lease.call(&scpi("*SAV 1")).await.unwrap();
    rig.keeper.set_back();
    let error = lease.call(&scpi("*SAV 1")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused, "{error}");
    rig.keeper.pass(HOUR + Duration::from_secs(1));
    lease.call(&scpi("*SAV 1")).await.unwrap();
}

#[tokio::test]
async fn a_profile_is_committed_once_at_its_end_or_not_begun() {
    let mut rig = Rig::new(Model::Psu);
    rig.equipment.settings.write_budget = Some(1);
    let named =
        BTreeMap::from([("voltage".to_owned(), json!(4)), ("output".to_owned(), json!(true))]);
    let profile = profile(ProfileSettings::Named(named), Some(scpi("*SAV 5")));
    let mut lease = rig.lease().await;
    lease.apply(&profile).await.unwrap();
    let sent = rig.paper.sent();
    assert!(sent.first().unwrap().starts_with("VOLT 4") || sent[0].starts_with("INST"), "{sent:?}");
    assert_eq!(sent.iter().filter(|line| line.starts_with("*SAV")).count(), 1);
    assert_eq!(sent.last().unwrap(), "*SAV 5");
    assert_eq!(rig.tell("OUTP?").await.as_deref(), Some("1"));

    rig.paper.clear();
    let error = lease.apply(&profile).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(error.message.contains("the profile 'bench' was not applied"), "{error}");
    assert!(rig.paper.sent().is_empty(), "not even its settings");
}

#[tokio::test]
async fn a_profile_that_cannot_be_meant_sends_nothing() {
    let rig = Rig::new(Model::Psu);
    let mut lease = rig.lease().await;
    let good = call("set_voltage", &[("voltage", json!(1))]);
    let named = |name: &str| ProfileSettings::Named(BTreeMap::from([(name.to_owned(), json!(1))]));
    let mut other = profile(named("voltage"), None);
    other.kind = EquipmentKind::Multimeter;
    for (bad, says) in [
        (profile(named("volage"), None), "voltage"),
        (
            profile(ProfileSettings::Calls(vec![good.clone(), call("nonsense", &[])]), None),
            "nonsense",
        ),
        (
            profile(ProfileSettings::Calls(vec![good.clone(), scpi("*SAV 1")]), None),
            "only the profile's commit",
        ),
        (profile(ProfileSettings::Calls(vec![good]), Some(call("nonsense", &[]))), "nonsense"),
        (other, "multimeter"),
    ] {
        let error = lease.apply(&bad).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid, "{error}");
        assert!(error.message.contains(says), "{error}");
    }
    assert!(rig.paper.sent().is_empty());
    assert_eq!(writes(&rig), 0);
}

fn profile(settings: ProfileSettings, commit: Option<Call>) -> Profile {
    Profile {
        name: "bench".to_owned(),
        description: String::new(),
        kind: EquipmentKind::PowerSupply,
        model: String::new(),
        settings,
        commit,
        tags: Vec::new(),
        created_at: Micros(0),
        modified_at: Micros(0),
    }
}
