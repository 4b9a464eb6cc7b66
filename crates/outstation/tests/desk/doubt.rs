//! After a command of which nobody knows what became of it; and ends of operations that need not be told.

use std::sync::atomic::{AtomicU64, Ordering};

use station_core::audit::Kind;
use station_core::model::{Micros, Mono, Now, Record, RecordKind, Termination};

use crate::peer::Peer;
use crate::rig::{Rig, clock, ended, outstation, singles, with};

/// How far the clock is ahead, in microseconds.
static AHEAD: AtomicU64 = AtomicU64::new(0);

fn ahead() -> Now {
    let (now, ahead) = (clock(), AHEAD.load(Ordering::SeqCst));
    Now { wall: Micros(now.wall.0 + i64::try_from(ahead).unwrap()), mono: Mono(now.mono.0 + ahead) }
}

#[tokio::test]
async fn the_point_is_held_until_no_late_answer_could_be_taken_for_the_next_ones() {
    let peer = Peer::strict(&[]).await;
    let mut outstation = outstation(&peer.endpoint, singles([9003, 4501]));
    outstation.settings.term_timeout = 30_000;
    let rig = Rig::with(outstation, ahead).await;
    assert_eq!(ended(&rig.write(9003, "on").await), ("unknown", "con_timeout"));
    let refused = rig.write(9003, "off").await.unwrap_err();
    assert_eq!(refused.reason, "in_doubt");
    assert!(refused.sentence.contains("held for 30 s more"), "{refused}");
    assert_eq!(rig.write(4501, "on").await.unwrap().class, "verified", "others are not held");
    AHEAD.store(31_000_000, Ordering::SeqCst);
    assert_eq!(ended(&rig.write(9003, "on").await), ("unknown", "con_timeout"));
    // Over a new connection no answer to the old one can come.
    rig.desk.removed(RecordKind::Outstation, "SS1");
    rig.desk.kept(&Record::Outstation(Box::new(rig.outstation.clone())));
    rig.until(|status| status.link == "up").await;
    assert_eq!(ended(&rig.write(9003, "on").await), ("unknown", "con_timeout"));
}

#[tokio::test]
async fn the_feedback_ends_the_doubt() {
    let peer = Peer::strict(&["--late", "1"]).await;
    let mut outstation = outstation(&peer.endpoint, singles([9002]));
    outstation.settings.term_timeout = 30_000;
    let rig = Rig::up(outstation).await;
    // It answers and operates after a second, which is too late.
    assert_eq!(ended(&rig.write(9002, "on").await), ("unknown", "con_timeout"));
    assert_eq!(ended(&rig.write(9002, "on").await), ("not_sent", "in_doubt"));
    rig.book.until(Kind::Late, 1).await;
    let shows = |rig: &Rig| {
        let values = rig.desk.values("SS1").unwrap_or_default();
        let is_on = |value: &station_outstation::desk::ValueView| {
            value.ioa == 19_002 && value.sample.value.as_deref() == Some("on")
        };
        values.iter().any(is_on)
    };
    rig.until(|_| shows(&rig)).await;
    let next = rig.write(9002, "off").await;
    assert_eq!(ended(&next), ("unknown", "con_timeout"), "it was sent");
}

#[tokio::test]
async fn an_end_that_need_not_be_told_is_waited_for_where_it_was() {
    let peer = Peer::strict(&[]).await;
    let points = with(singles([4501]), 4501, |command| {
        command.termination = Termination::Optional;
    });
    let rig = Rig::up(outstation(&peer.endpoint, points)).await;
    let mut late = 0;
    for value in ["on", "off", "on", "off"] {
        assert_eq!(rig.write(4501, value).await.unwrap().class, "verified");
        // What comes late was told by the time that a question was answered.
        let read = station_core::model::Control::Read { point: "f4501".to_owned() };
        let by = station_core::audit::Actor::of(crate::rig::operator());
        let ask = station_outstation::desk::ControlRequest::new("SS1", read, by);
        rig.desk.control(ask).await.unwrap();
        late = rig.book.all(Kind::Late).len();
    }
    assert!(late <= 1, "only the first could be one of its own: {late}");
    let outcome = rig.book.all(Kind::Outcome).pop().unwrap();
    let frames = outcome.telecontrol.unwrap().frames;
    // Type 45, one object, cause 10.
    assert!(frames.iter().any(|frame| frame.hex.get(12..18) == Some("2d010a")), "{frames:?}");
}
