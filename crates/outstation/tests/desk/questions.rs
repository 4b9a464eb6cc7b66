//! Everything but writes.

use station_core::audit::{Actor, Kind};
use station_core::model::Control;
use station_outstation::desk::{ControlRequest, Outstations, Refused, Report, Watched};

use crate::peer::Peer;
use crate::rig::{Rig, ended, operator, options, outstation, singles};

fn request(control: Control) -> ControlRequest {
    ControlRequest::new("SS1", control, Actor::of(operator()))
}

async fn ask(rig: &Rig, control: Control) -> Result<Report, Refused> {
    rig.desk.control(request(control)).await
}

#[tokio::test]
async fn values_are_asked_for_and_read() {
    let peer = Peer::strict(&["--points", "100"]).await;
    let rig = Rig::up(outstation(&peer.endpoint, singles([4501]))).await;
    let report = ask(&rig, Control::Interrogate { group: None }).await.unwrap();
    assert_eq!(report.class, "complete", "{report:?}");
    assert!(report.values.unwrap() > 100);
    let report = ask(&rig, Control::Counters { group: None }).await.unwrap();
    assert_eq!((report.class, report.values), ("complete", Some(3)));
    let report = ask(&rig, Control::Read { point: "f4501".to_owned() }).await.unwrap();
    let read = report.feedback.unwrap();
    assert_eq!((read.value.as_deref(), read.source.as_deref()), (Some("off"), Some("read")));
    let refused = ask(&rig, Control::Interrogate { group: Some(3) }).await;
    assert_eq!(ended(&refused), ("refused", "negative_confirmation"));
    let kinds: Vec<Kind> = rig.book.of("outstation SS1").iter().map(|draft| draft.kind).collect();
    assert_eq!(kinds, [Kind::Link, Kind::Done, Kind::Done, Kind::Done]);
    let unknown = ask(&rig, Control::Read { point: "f4502".to_owned() }).await.unwrap_err();
    assert_eq!(unknown.reason, "unknown_point");
    assert!(unknown.sentence.contains("did you mean 'f4501'?"), "{unknown}");
}

#[tokio::test]
async fn the_clock_and_tests_are_recorded_before_they_are_sent() {
    let peer = Peer::strict(&[]).await;
    let rig = Rig::up(outstation(&peer.endpoint, singles([4501]))).await;
    for control in [Control::SyncClock, Control::Test] {
        let report = ask(&rig, control).await.unwrap();
        assert_eq!(report.class, "complete", "{report:?}");
    }
    let recorded = rig.book.of("outstation SS1");
    let kinds: Vec<Kind> = recorded.iter().map(|draft| draft.kind).collect();
    assert_eq!(kinds, [Kind::Link, Kind::Intent, Kind::Outcome, Kind::Intent, Kind::Outcome]);
    assert!(!recorded[2].telecontrol.as_ref().unwrap().frames.is_empty());
    rig.book.synchronised.store(false, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(ended(&ask(&rig, Control::SyncClock).await), ("not_sent", "clock_unsynchronised"));
}

#[tokio::test]
async fn values_are_told_and_watched() {
    let peer = Peer::strict(&[]).await;
    let rig = Rig::up(outstation(&peer.endpoint, singles([4501]))).await;
    let mut watch = rig.desk.watch("SS1").unwrap();
    rig.write(4501, "on").await.unwrap();
    let Some(Watched::Values(changed)) = watch.next().await else { panic!("nothing changed") };
    assert_eq!(changed[0].point.as_deref(), Some("f4501"));
    assert_eq!((changed[0].sample.value.as_deref(), changed[0].doubt), (Some("on"), None));
    let shown = rig.desk.value("SS1", "c4501").unwrap();
    assert_eq!((shown.point.as_deref(), shown.feedback.as_deref()), (Some("c4501"), Some("f4501")));
    assert_eq!(shown.sample.source.as_deref(), Some("return"));
    assert_eq!(rig.desk.values("SS1").unwrap().len(), 1);
    drop(peer);
    rig.until(|status| status.link == "down").await;
    let doubt = rig.desk.value("SS1", "f4501").unwrap().doubt;
    assert_eq!(doubt, Some("the link was lost since it was told"));
    assert_eq!(ended(&rig.write(4501, "on").await), ("not_sent", "link_down"));
}

#[tokio::test]
async fn without_a_daemon_an_outstation_is_connected_to_when_it_is_needed() {
    let mut peer = Peer::strict(&[]).await;
    let book = crate::book::Book::new();
    let options = options(crate::rig::clock, station_outstation::desk::Connect::OnDemand);
    let desk = Outstations::new(book.clone(), options);
    let outstation = outstation(&peer.endpoint, singles([4501]));
    desk.kept(&station_core::model::Record::Outstation(Box::new(outstation)));
    assert_eq!(desk.status("SS1").unwrap().link, "off");
    let report = desk.control(crate::rig::request(crate::rig::write(4501, "on"))).await.unwrap();
    assert_eq!((report.class, report.grade.as_deref()), ("verified", Some("high")));
    assert_eq!(peer.operated().await, "4501 ON");
    desk.close().await;
    assert_eq!(desk.status("SS1").unwrap().link, "off");
}
