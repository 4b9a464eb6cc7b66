//! Faults: each gives one clear error, and the next holder has none of it.

use std::time::Duration;

use serde_json::json;
use station_core::model::Identity;
use station_instrument::ErrorKind;
use station_instrument::simulate::Model;

use crate::rig::{PATIENCE, Rig, call, holder, scpi};

fn read() -> station_core::model::Call {
    call("get_voltage", &[])
}

fn set() -> station_core::model::Call {
    call("set_voltage", &[("voltage", json!(3))])
}

/// The next holder reads, and gets its own reply.
async fn next_is_well(rig: &Rig) {
    rig.fault("NONE").await;
    let mut lease = rig.lease().await;
    assert!(lease.call(&read()).await.unwrap()["voltage"].is_number());
    let reply = lease.call(&scpi("*IDN?")).await.unwrap();
    assert!(reply["reply"].as_str().unwrap().contains("SIM-"), "{reply}");
    lease.release().await.unwrap();
}

#[tokio::test]
async fn a_silent_instrument() {
    let rig = Rig::new(Model::Psu);
    let mut lease = rig.lease().await;
    rig.fault("silent").await;
    let error = lease.call(&read()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(error.message.starts_with("equipment 'psu': get_voltage: "), "{error}");
    assert!(error.message.contains("did not answer"), "{error}");
    drop(lease);

    // Nobody waits for it again and again.
    let taken = rig.bench.lease(&rig.equipment, holder("another"), Duration::ZERO).await;
    let error = taken.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
    assert!(error.message.contains("does not answer as it should"), "{error}");
    let taken = rig.bench.lease(&rig.equipment, holder("another"), PATIENCE).await;
    let error = taken.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Refused, "{error}");
    assert!(error.message.starts_with("equipment 'psu': not tried again before "), "{error}");
    let status = rig.bench.status("psu");
    assert!(status.skipped_until.is_some() && status.error.is_some());
    assert_eq!(status.health_score, 0);

    tokio::time::sleep(rig.bench.config().probe_interval).await;
    next_is_well(&rig).await;
    let status = rig.bench.status("psu");
    assert_eq!((status.skipped_until, status.error), (None, None));
}

#[tokio::test]
async fn a_late_reply() {
    let rig = Rig::new(Model::Psu);
    let mut lease = rig.lease().await;
    rig.fault("late,450,1").await;
    let error = lease.call(&read()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    // The same holder goes on: the late reply is not taken for the next one's.
    let reply = lease.call(&scpi("*IDN?")).await.unwrap();
    assert!(reply["reply"].as_str().unwrap().contains("SIM-PSU3"), "{reply}");
    lease.release().await.unwrap();
    next_is_well(&rig).await;
}

#[tokio::test]
async fn half_a_block() {
    let rig = Rig::new(Model::Scope);
    let mut lease = rig.lease().await;
    rig.fault("half-block,ON,1").await;
    let wave = call("get_waveform", &[("channel", json!(1))]);
    let error = lease.call(&wave).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    assert!(error.message.contains("bytes of its reply"), "{error}");
    lease.call(&wave).await.unwrap();
    lease.release().await.unwrap();
}

#[tokio::test]
async fn a_connection_dropped_midway() {
    let rig = Rig::new(Model::Psu);
    // What may have been done already is not done again.
    let mut lease = rig.lease().await;
    rig.fault("drop,ON,1").await;
    let error = lease.call(&scpi("VOLT 2;VOLT?")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Lost, "{error}");
    assert_eq!(rig.paper.sent(), ["VOLT 2;VOLT?"]);
    // What does no harm is, once.
    lease.call(&read()).await.unwrap();
    rig.paper.clear();
    rig.fault("drop,ON,1").await;
    assert!(lease.call(&read()).await.unwrap()["voltage"].is_number());
    assert_eq!(rig.paper.sent(), ["MEAS:VOLT?", "MEAS:VOLT?"]);
    rig.fault("drop,ON,2").await;
    let error = lease.call(&read()).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Lost | ErrorKind::Unreachable), "{error}");
    drop(lease);
    tokio::time::sleep(rig.bench.config().probe_interval).await;
    next_is_well(&rig).await;
}

#[tokio::test]
async fn another_instrument_after_a_reconnect() {
    let mut rig = Rig::new(Model::Psu);
    let mut lease = rig.lease().await;
    let known = lease.identity().clone();
    rig.fault("wrong-identity").await;
    rig.fault("drop,ON,1").await;
    let error = lease.call(&read()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Identity, "{error}");
    assert!(error.message.contains(&known.serial), "{error}");
    lease.release().await.unwrap();

    // The registry knows it, too.
    rig.equipment.identity = Identity { firmware: String::new(), ..known };
    let taken = rig.bench.lease(&rig.equipment, holder("next"), PATIENCE).await;
    let error = taken.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Identity, "{error}");
    assert!(
        error.message.contains("it is another instrument: 'Stationmaster,SIM-PSU3,"),
        "{error}"
    );
    let status = rig.bench.status("psu");
    assert!(!status.connected && status.error.unwrap().contains("another instrument"));
    next_is_well(&rig).await;
}

#[tokio::test]
async fn an_instrument_that_others_hold() {
    let rig = Rig::new(Model::Psu);
    rig.fault("busy,all").await;
    let taken = rig.bench.lease(&rig.equipment, holder("a job"), Duration::ZERO).await;
    let error = taken.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
    assert!(error.message.starts_with("equipment 'psu': "), "{error}");
    assert!(error.message.ends_with("(another client may hold it)"), "{error}");
    tokio::time::sleep(rig.bench.config().probe_interval).await;
    // It is let go of while somebody has patience.
    rig.fault("busy,all,1").await;
    let mut lease = rig.lease().await;
    lease.call(&read()).await.unwrap();
}

#[tokio::test]
async fn a_power_cycle_in_the_middle_of_a_job() {
    let rig = Rig::new(Model::Psu);
    let mut lease = rig.lease().await;
    lease.call(&set()).await.unwrap();
    rig.fault("power-cycle").await;
    let error = lease.call(&scpi("VOLT 4")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Identity, "{error}");
    assert_eq!(error.message, "equipment 'psu': it was switched off and on: its settings are gone");
    lease.release().await.unwrap();
    // Between jobs it is no error: the next one begins with its own settings.
    rig.fault("power-cycle").await;
    next_is_well(&rig).await;
}

#[tokio::test]
async fn an_error_queue_that_overflows() {
    let rig = Rig::new(Model::Psu);
    let mut lease = rig.lease().await;
    rig.fault("error-flood,ON,1").await;
    let error = lease.call(&set()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Instrument, "{error}");
    assert!(error.message.contains("-350"), "{error}");
    drop(lease);
    next_is_well(&rig).await;
}

#[tokio::test]
async fn what_nobody_asked_for_is_thrown_away_and_counted() {
    let rig = Rig::new(Model::Psu);
    let mut lease = rig.lease().await;
    // It comes in time to be seen before the next question, ...
    rig.fault("unasked,ON,1").await;
    lease.read(&set()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(lease.call(&read()).await.unwrap()["voltage"].as_f64().unwrap() < 0.5);
    // ... or is taken for its answer, and seen to be none.
    rig.fault("unasked,ON,1").await;
    if let Err(error) = lease.call(&set()).await {
        assert_eq!(error.kind, ErrorKind::Reply, "{error}");
    }
    assert!(lease.call(&read()).await.unwrap()["voltage"].as_f64().unwrap() < 0.5);
    lease.release().await.unwrap();
    assert!(rig.bench.status("psu").desyncs >= 1);
    next_is_well(&rig).await;
}

#[tokio::test]
async fn a_call_that_is_cut_off() {
    let rig = Rig::new(Model::Psu);
    let mut lease = rig.lease().await;
    rig.fault("late,200,1").await;
    let cut = tokio::time::timeout(Duration::from_millis(20), lease.call(&scpi("*OPT?"))).await;
    assert!(cut.is_err());
    // In the same lease, and in the next one.
    let reply = lease.call(&scpi("*IDN?")).await.unwrap();
    assert!(reply["reply"].as_str().unwrap().contains("SIM-PSU3"), "{reply}");
    rig.fault("late,200,1").await;
    let cut = tokio::time::timeout(Duration::from_millis(20), lease.call(&scpi("*OPT?"))).await;
    assert!(cut.is_err());
    drop(lease);
    next_is_well(&rig).await;
}

#[tokio::test]
async fn after_a_power_cycle_behind_a_lost_connection_nothing_is_switched_on() {
    let mut rig = Rig::new(Model::Psu);
    let cutter = Cutter::before(&rig.equipment.resource).await;
    rig.equipment.resource = cutter.resource.clone();
    let mut lease = rig.lease().await;
    lease.call(&set()).await.unwrap();
    // The link alone: it is made anew, and nobody has to know.
    cutter.cut().await;
    lease.call(&set()).await.unwrap();

    cutter.cut().await;
    rig.fault("power-cycle,1").await;
    let on = call("set_output", &[("enabled", json!(true))]);
    let error = lease.call(&on).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Identity, "{error}");
    assert!(error.message.contains("switched off and on: its settings are gone"), "{error}");
    assert_eq!(
        rig.tell("OUTP?").await.as_deref(),
        Some("0"),
        "not with other limits than were set"
    );
    // It is told once.
    lease.call(&on).await.unwrap();
    lease.release().await.unwrap();
    next_is_well(&rig).await;
}

/// Stands before an instrument, and cuts its connections.
struct Cutter {
    resource: String,
    open: std::sync::Arc<std::sync::Mutex<tokio::task::JoinSet<()>>>,
}

impl Cutter {
    async fn before(resource: &str) -> Self {
        let port: u16 = resource.split("::").nth(2).unwrap().parse().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let open = std::sync::Arc::<std::sync::Mutex<tokio::task::JoinSet<()>>>::default();
        let opened = open.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                opened.lock().unwrap().spawn(async move {
                    let mut far =
                        tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                    tokio::io::copy_bidirectional(&mut near, &mut far).await.ok();
                });
            }
        });
        Self { resource: format!("TCPIP0::127.0.0.1::{own}::SOCKET"), open }
    }

    async fn cut(&self) {
        let mut cut = std::mem::take(&mut *self.open.lock().unwrap());
        cut.shutdown().await;
    }
}
