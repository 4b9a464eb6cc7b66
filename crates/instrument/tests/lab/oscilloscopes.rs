//! Oscilloscopes: a record of the instrument's own into a file.

use std::time::Duration;

use serde_json::Number;
use station_core::model::{AcquisitionState, FileFormat};
use station_instrument::acquisition::read_file;
use station_instrument::simulate::Model;
use station_instrument::work::Stop;

use crate::rig::{Rig, acquisition};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_record_comes_with_its_own_times_and_rate() {
    let mut rig = Rig::new();
    let mut lease = rig.lease(Model::Scope, &[]).await;
    // The second channel is off, as after *RST.
    let (_stopper, stop) = Stop::new();
    let mut wanted =
        acquisition("wave", "scope", 1000, Some(Duration::from_secs(20)), FileFormat::Npy);
    wanted.plan.channels = vec!["CH1".to_owned(), "CH2".to_owned()];
    let done = rig.bench.acquisitions().run(&rig.bench, &mut lease, wanted, &stop).await.unwrap();
    assert_eq!((done.state, done.lost), (AcquisitionState::Stopped, 0));
    let rate: f64 = lease.session().ask(":ACQ:SRAT?").await.unwrap().trim().parse().unwrap();
    assert_eq!(done.achieved_rate.as_ref().and_then(Number::as_f64), Some(rate));
    let preamble = lease.session().ask(":WAV:PRE?").await.unwrap();
    let fields: Vec<f64> = preamble.split(',').map(|field| field.trim().parse().unwrap()).collect();

    let all = read_file(&rig.directory(), &done, usize::MAX).unwrap();
    assert_eq!((all.len() as f64, all.len() as u64), (fields[2], done.samples));
    assert_eq!(all.columns, ["CH1", "CH2"]);
    assert!((all.times[0] - fields[5]).abs() < 1e-12, "from the trigger");
    assert!((all.times[1] - all.times[0] - fields[4]).abs() < fields[4] * 1e-6);
    let swing = |values: &[f64]| {
        values.iter().copied().fold(f64::MIN, f64::max)
            - values.iter().copied().fold(f64::MAX, f64::min)
    };
    assert!(swing(&all.values[0]) > 0.1, "a signal is on the first channel");
    lease.release().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_trigger_it_ends_and_is_not_left_armed() {
    // Five minutes pass in 300 ms.
    let mut rig = Rig::with_pace(1000);
    let mut lease = rig.lease(Model::Scope, &[]).await;
    lease.session().send(":TRIG:SWE NORM;:TRIG:EDG:LEV 9").await.unwrap();
    let (_stopper, stop) = Stop::new();
    let wanted =
        acquisition("none", "scope", 1000, Some(Duration::from_secs(300)), FileFormat::Csv);
    let run = rig.bench.acquisitions().run(&rig.bench, &mut lease, wanted, &stop).await;
    let error = run.expect_err("nothing triggers it").message;
    assert!(error.starts_with("equipment 'scope': no trigger within 300ms"), "{error}");
    let kept = rig.kept("none");
    assert_eq!((kept.state, kept.samples, kept.error), (AcquisitionState::Error, 0, Some(error)));
    assert_eq!(lease.session().ask(":TRIG:STAT?").await.unwrap().trim(), "STOP");
    lease.release().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_for_a_trigger_it_is_paused_armed_again_and_stopped() {
    let mut rig = Rig::new();
    let mut lease = rig.lease(Model::Scope, &[]).await;
    lease.session().send(":TRIG:SWE NORM;:TRIG:EDG:LEV 9").await.unwrap();
    let (bench, acquisitions) = (rig.bench.clone(), rig.bench.acquisitions().clone());
    let running = tokio::spawn(async move {
        let (_stopper, stop) = Stop::new();
        let wanted = acquisition("wait", "scope", 1000, None, FileFormat::Csv);
        bench.acquisitions().run(&bench, &mut lease, wanted, &stop).await
    });
    let reached = async |state| loop {
        match acquisitions.live("wait") {
            Some(live) if live.snapshot().state == state => break live,
            Some(_) | None => tokio::task::yield_now().await,
        }
    };
    let live = reached(AcquisitionState::WaitingTrigger).await;
    live.pause();
    reached(AcquisitionState::Paused).await;
    live.resume();
    reached(AcquisitionState::WaitingTrigger).await;
    live.stop();
    let done = running.await.unwrap().unwrap();
    assert_eq!((done.state, done.samples, rig.kept("wait")), (AcquisitionState::Stopped, 0, done));
}
