//! What is not sent, and why: the peer's journal shows that it was not.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use station_core::audit::{FrameDirection, Kind, Status};
use station_core::model::{
    ControlSwitch, Expiry, Micros, Mono, Now, Record, RecordKind, Tag, Write,
};

use crate::book::Disk;
use crate::peer::Peer;
use crate::rig::{Rig, clock, ended, operator, outstation, pair, request, singles, with, write};

/// A rig with two direct points, of which the second is commanded last to show what was operated before.
async fn rig() -> (Peer, Rig) {
    let peer = Peer::strict(&["--late", "1"]).await;
    let mut points = pair(4501, "C_SC_NA_1", "M_SP_NA_1").to_vec();
    points.extend(singles([5801, 9002, 9202]));
    let points = with(points, 5801, |_| ());
    let rig = Rig::up(outstation(&peer.endpoint, points)).await;
    (peer, rig)
}

/// Shows that the peer has operated nothing until now.
async fn nothing_was_operated(peer: &mut Peer, rig: &Rig) {
    let report = rig.write(4501, "on").await;
    assert_eq!(ended(&report), ("verified", "feedback"), "{report:?}");
    assert_eq!(peer.operated().await, "4501 ON", "something else was operated before");
}

fn switch(stopped: bool) -> Record {
    let reason = stopped.then(|| "storm".to_owned());
    Record::Control(ControlSwitch { stopped, reason, by: operator(), at: Micros(0) })
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_sent() {
    let (mut peer, rig) = rig().await;
    rig.book.disk.send_replace(Disk::Full);
    let refused = rig.write(4501, "off").await.unwrap_err();
    assert_eq!(refused.reason, "unrecorded");
    assert!(refused.sentence.contains("the disk is full"), "{refused}");
    assert_eq!(rig.book.alarms.lock().unwrap().len(), 1);
    let refused = rig.desk.control(sync_clock()).await.unwrap_err();
    assert_eq!(refused.reason, "unrecorded");
    rig.book.disk.send_replace(Disk::Works);
    nothing_was_operated(&mut peer, &rig).await;
}

fn sync_clock() -> station_outstation::desk::ControlRequest {
    let by = station_core::audit::Actor::of(operator());
    station_outstation::desk::ControlRequest::new(
        "SS1",
        station_core::model::Control::SyncClock,
        by,
    )
}

#[tokio::test]
async fn an_outcome_that_cannot_be_recorded_is_told() {
    let (mut peer, rig) = rig().await;
    // The answer takes a second, in which the disk fills up.
    let desk = rig.desk.clone();
    let command = tokio::spawn(async move { desk.control(request(write(4501, "on"))).await });
    rig.book.until(Kind::Intent, 1).await;
    rig.book.disk.send_replace(Disk::Full);
    let report = command.await.unwrap().unwrap();
    assert_eq!(peer.operated().await, "4501 ON");
    assert_eq!(report.class, "verified");
    assert!(report.unrecorded.unwrap().contains("the disk is full"));
    let outcomes = rig.book.all(Kind::Outcome);
    assert_eq!(outcomes.len(), 1, "it is handed in for later");
}

#[tokio::test]
async fn a_stop_counts_at_once_also_between_selection_and_execution() {
    let (mut peer, rig) = rig().await;
    let before = rig.desk.status("SS1").unwrap().counters.frames_sent;
    let desk = rig.desk.clone();
    // Its selection is confirmed after a second.
    let wish = request(Write { select: true, ..write(9202, "on") });
    let command = tokio::spawn(async move { desk.control(wish).await });
    rig.book.until(Kind::Intent, 1).await;
    rig.until(|status| status.counters.frames_sent > before).await;
    rig.desk.kept(&switch(true));
    let report = command.await.unwrap();
    assert_eq!(ended(&report), ("not_sent", "control_stopped"), "{report:?}");
    let outcome = rig.book.all(Kind::Outcome).remove(0);
    let told = outcome.telecontrol.unwrap();
    let sent = told.frames.iter().filter(|frame| frame.dir == FrameDirection::Sent);
    let causes: Vec<&str> = sent.filter_map(|frame| frame.hex.get(12..18)).collect();
    // Type, number, cause: activation, and its withdrawal.
    assert_eq!(
        causes.iter().filter(|cause| cause.starts_with("2d01")).collect::<Vec<_>>(),
        [&"2d0106", &"2d0108"]
    );
    let refused = rig.write(4501, "on").await;
    assert_eq!(ended(&refused), ("not_sent", "control_stopped"));
    assert_eq!(rig.desk.control(sync_clock()).await.unwrap_err().reason, "control_stopped");
    assert_eq!(rig.book.all(Kind::Refused).len(), 2);
    rig.desk.kept(&switch(false));
    nothing_was_operated(&mut peer, &rig).await;
}

fn tag() -> Record {
    Record::Tag(Tag {
        outstation: "SS1".to_owned(),
        point: "c4501".to_owned(),
        reason: "people at the line".to_owned(),
        by: operator(),
        at: Micros(0),
    })
}

#[tokio::test]
async fn a_tag_keeps_others_off_until_it_is_taken_off() {
    let (mut peer, rig) = rig().await;
    rig.desk.kept(&tag());
    let refused = rig.write(4501, "off").await.unwrap_err();
    assert_eq!(refused.reason, "tagged");
    let recorded = rig.book.all(Kind::Refused).remove(0);
    assert_eq!((recorded.correlation, recorded.status), (refused.correlation, Status::Failed));
    rig.desk.removed(RecordKind::Tag, "SS1/c4501");
    nothing_was_operated(&mut peer, &rig).await;
}

#[tokio::test]
async fn a_tag_that_comes_while_the_intent_is_written_counts() {
    let (mut peer, rig) = rig().await;
    let (handed, desk) = (rig.book.handed(), rig.desk.clone());
    rig.book.disk.send_replace(Disk::Hangs);
    let command = tokio::spawn(async move { desk.control(request(write(4501, "off"))).await });
    rig.book.until_handed(handed).await;
    rig.desk.kept(&tag());
    rig.book.disk.send_replace(Disk::Works);
    let report = command.await.unwrap();
    assert_eq!(ended(&report), ("not_sent", "tagged"));
    rig.desk.removed(RecordKind::Tag, "SS1/c4501");
    nothing_was_operated(&mut peer, &rig).await;
}

/// How far the clocks of the next test are ahead, in microseconds.
static AHEAD: AtomicU64 = AtomicU64::new(0);

fn ahead() -> Now {
    let (now, ahead) = (clock(), AHEAD.load(Ordering::SeqCst));
    let wall = Micros(now.wall.0 + i64::try_from(ahead).unwrap());
    Now { wall, mono: Mono(now.mono.0 + ahead) }
}

#[tokio::test]
async fn what_expires_while_the_intent_is_written_is_not_sent() {
    let mut peer = Peer::strict(&[]).await;
    let points = pair(4501, "C_SC_NA_1", "M_SP_NA_1").into();
    let rig = Rig::with(outstation(&peer.endpoint, points), ahead).await;
    let now = ahead();
    let wish = |expires| {
        let mut wish = request(write(4501, "off"));
        wish.expires = Some(expires);
        wish
    };
    let past = Expiry { wall: now.wall, mono: Mono(now.mono.0 - 1) };
    let refused = rig.desk.control(wish(past)).await;
    assert_eq!(ended(&refused), ("not_sent", "expired"));
    let (handed, desk) = (rig.book.handed(), rig.desk.clone());
    rig.book.disk.send_replace(Disk::Hangs);
    let soon = wish(Expiry::new(now.wall, Duration::from_secs(30), now));
    let command = tokio::spawn(async move { desk.control(soon).await });
    rig.book.until_handed(handed).await;
    AHEAD.store(31_000_000, Ordering::SeqCst);
    rig.book.disk.send_replace(Disk::Works);
    let report = command.await.unwrap();
    assert_eq!(ended(&report), ("not_sent", "expired"), "{report:?}");
    assert_eq!(rig.book.all(Kind::Outcome).len(), 1);
    nothing_was_operated(&mut peer, &rig).await;
}

#[tokio::test]
async fn a_caller_who_goes_away_first_takes_the_command_along() {
    let (mut peer, rig) = rig().await;
    let (handed, desk) = (rig.book.handed(), rig.desk.clone());
    rig.book.disk.send_replace(Disk::Hangs);
    let command = tokio::spawn(async move { desk.control(request(write(4501, "off"))).await });
    rig.book.until_handed(handed).await;
    command.abort();
    assert!(command.await.unwrap_err().is_cancelled());
    rig.book.disk.send_replace(Disk::Works);
    let outcome = rig.book.until(Kind::Outcome, 1).await.remove(0);
    assert_eq!(outcome.telecontrol.unwrap().reason.as_deref(), Some("cancelled"));
    nothing_was_operated(&mut peer, &rig).await;
}

#[tokio::test]
async fn a_caller_who_goes_away_later_leaves_an_outcome() {
    let (mut peer, rig) = rig().await;
    let desk = rig.desk.clone();
    // It answers after a second, which is too late.
    let command = tokio::spawn(async move { desk.control(request(write(9002, "on"))).await });
    let before = rig.desk.status("SS1").unwrap().counters.frames_sent;
    rig.book.until(Kind::Intent, 1).await;
    rig.until(|status| status.counters.frames_sent > before).await;
    command.abort();
    let outcome = rig.book.until(Kind::Outcome, 1).await.remove(0);
    assert_eq!(outcome.telecontrol.unwrap().reason.as_deref(), Some("con_timeout"));
    rig.book.until(Kind::Late, 1).await;
    assert_eq!(peer.operated().await, "9002 ON");
}

#[tokio::test]
async fn a_point_takes_one_command_at_a_time() {
    let (_peer, rig) = rig().await;
    let desk = rig.desk.clone();
    let first = tokio::spawn(async move { desk.control(request(write(9002, "on"))).await });
    rig.book.until(Kind::Intent, 1).await;
    let second = rig.write(9002, "on").await;
    assert_eq!(ended(&second), ("not_sent", "in_flight"), "{second:?}");
    assert_eq!(first.await.unwrap().unwrap().class, "unknown");
    assert_eq!(rig.desk.status("SS1").unwrap().in_flight, 0);
}

#[tokio::test]
async fn an_outstation_takes_as_many_commands_as_it_says() {
    let peer = Peer::strict(&["--late", "1"]).await;
    let mut outstation = outstation(&peer.endpoint, singles([4501, 9002]));
    outstation.settings.parallel = 1;
    let rig = Rig::up(outstation).await;
    let desk = rig.desk.clone();
    let first = tokio::spawn(async move { desk.control(request(write(9002, "on"))).await });
    rig.book.until(Kind::Intent, 1).await;
    let refused = rig.write(4501, "on").await.unwrap_err();
    assert_eq!(refused.reason, "in_flight");
    assert!(refused.sentence.contains("it takes 1 at once"), "{refused}");
    first.await.unwrap().unwrap();
    assert_eq!(rig.write(4501, "on").await.unwrap().class, "verified");
}

#[tokio::test]
async fn a_rate_counts_what_was_sent_also_before_the_start() {
    let mut peer = Peer::strict(&[]).await;
    let points = with(singles([4501, 9001]), 4501, |command| command.per_hour = Some(2));
    let points = with(points, 9001, |command| command.per_hour = Some(1));
    let rig = Rig::up(outstation(&peer.endpoint, points)).await;
    let earlier = Micros(clock().wall.0 - 60_000_000);
    rig.desk.restore(Vec::new(), vec![("SS1".to_owned(), "c4501".to_owned(), earlier)]);
    assert_eq!(rig.write(4501, "on").await.unwrap().class, "verified");
    assert_eq!(peer.operated().await, "4501 ON");
    assert_eq!(ended(&rig.write(4501, "off").await), ("not_sent", "rate_exceeded"));
    assert_eq!(rig.write(9001, "on").await.unwrap().class, "refused");
    assert_eq!(ended(&rig.write(9001, "on").await), ("not_sent", "rate_exceeded"), "it was sent");
    // Removing the outstation and registering it anew gives no new room.
    rig.desk.removed(RecordKind::Outstation, "SS1");
    assert_eq!(ended(&rig.write(4501, "off").await), ("not_sent", "unknown_outstation"));
    rig.desk.kept(&Record::Outstation(Box::new(rig.outstation.clone())));
    rig.until(|status| status.link == "up").await;
    assert_eq!(ended(&rig.write(4501, "off").await), ("not_sent", "rate_exceeded"));
}

#[tokio::test]
async fn an_interlock_is_judged_by_what_the_outstation_shows() {
    let mut peer = Peer::strict(&[]).await;
    let points = with(singles([4501, 9011]), 4501, |command| {
        command.interlock = Some("f9011 == on".to_owned());
    });
    let rig = Rig::up(outstation(&peer.endpoint, points)).await;
    assert_eq!(ended(&rig.write(4501, "on").await), ("not_sent", "interlock"));
    assert_eq!(rig.write(9011, "on").await.unwrap().class, "verified");
    assert_eq!(rig.write(4501, "on").await.unwrap().class, "verified");
    assert_eq!(
        (peer.operated().await, peer.operated().await),
        ("9011 ON".into(), "4501 ON".into())
    );
}
