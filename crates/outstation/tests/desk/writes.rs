//! Commands of all types to both peers: verified, with the previous value.

use station_core::audit::{FrameDirection, Kind, Status};
use station_core::model::{Point, Termination};

use crate::peer::Peer;
use crate::rig::{Rig, outstation, pair, request, write};

/// The types, with a value to command, and what is told of the value before and after.
const TYPES: [(u32, &str, &str, &str, &str, &str); 7] = [
    (45, "C_SC_NA_1", "M_SP_NA_1", "on", "off", "on"),
    (46, "C_DC_NA_1", "M_DP_NA_1", "on", "off", "on"),
    (47, "C_RC_NA_1", "M_ST_NA_1", "higher", "0", "1"),
    (48, "C_SE_NA_1", "M_ME_NA_1", "0.25", "0", "0.25"),
    (49, "C_SE_NB_1", "M_ME_NB_1", "-1", "0", "-1"),
    (50, "C_SE_NC_1", "M_ME_NC_1", "0.5", "0", "0.5"),
    (51, "C_BO_NA_1", "M_BO_NA_1", "0xdeadbeef", "0x00000000", "0xdeadbeef"),
];

/// The points of all types, with a time tag or without.
fn points(tagged: bool, termination: Termination) -> Vec<Point> {
    let mut points = Vec::new();
    for (type_id, kind, feedback, ..) in TYPES {
        let base = (if tagged { type_id + 13 } else { type_id }) * 100;
        points.extend(pair(base + 1, kind, feedback));
        if type_id != 51 {
            points.extend(pair(base + 2, kind, feedback));
        }
    }
    for command in points.iter_mut().filter_map(|point| point.command.as_mut()) {
        command.termination = termination;
    }
    points
}

async fn every_type(mut peer: Peer, tagged: bool, termination: Termination) {
    let mut outstation = outstation(&peer.endpoint, points(tagged, termination));
    outstation.settings.time_tagged = tagged;
    let rig = Rig::up(outstation).await;
    for (type_id, _, _, value, before, after) in TYPES {
        let base = (if tagged { type_id + 13 } else { type_id }) * 100;
        for select in [false, true] {
            let ioa = base + if select { 2 } else { 1 };
            if select && type_id == 51 {
                let refused = rig.select(base + 1, value).await.unwrap_err();
                assert_eq!(refused.reason, "select_not_possible", "{refused}");
                continue;
            }
            let report =
                if select { rig.select(ioa, value).await } else { rig.write(ioa, value).await };
            let report = report.unwrap();
            let what = format!("{ioa}: {report:?}");
            assert_eq!((report.class, report.reason), ("verified", "feedback"), "{what}");
            assert_eq!(report.status, Some(Status::Confirmed), "{what}");
            assert_eq!(report.previous.unwrap().value.as_deref(), Some(before), "{what}");
            assert_eq!(report.new.unwrap().value.as_deref(), Some(value), "{what}");
            assert_eq!(report.feedback.unwrap().value.as_deref(), Some(after), "{what}");
            assert_eq!(report.grade.as_deref(), Some("high"), "{what}");
            assert!(peer.operated().await.starts_with(&format!("{ioa} ")), "{what}");
            let recorded = rig.book.of(&format!("outstation SS1/c{ioa}"));
            let kinds: Vec<Kind> = recorded.iter().map(|draft| draft.kind).collect();
            assert_eq!(kinds, [Kind::Intent, Kind::Outcome], "{what}");
            assert_eq!(recorded[0].correlation, recorded[1].correlation);
            let told = recorded[1].telecontrol.as_ref().unwrap();
            assert_eq!(told.time_tag.is_some(), tagged, "{what}");
            assert_eq!(told.select, select);
            assert_eq!(told.peer.as_deref(), Some(peer.endpoint.as_str()));
            let sent = told.frames.iter().filter(|frame| frame.dir == FrameDirection::Sent);
            let header =
                format!("{type_id:02x}", type_id = if tagged { type_id + 13 } else { type_id });
            let commands = sent.filter(|frame| frame.hex.get(12..14) == Some(header.as_str()));
            assert_eq!(commands.count(), if select { 2 } else { 1 }, "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_strict_one_is_commanded() {
    every_type(Peer::strict(&[]).await, false, Termination::Required).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_strict_one_is_commanded_with_time_tags() {
    every_type(Peer::strict(&[]).await, true, Termination::Required).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lenient_one_is_commanded() {
    every_type(Peer::lenient(&[]).await, false, Termination::Optional).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lenient_one_is_commanded_with_time_tags() {
    every_type(Peer::lenient(&[]).await, true, Termination::Optional).await;
}

#[tokio::test]
async fn the_previous_value_is_that_of_the_moment() {
    let peer = Peer::strict(&[]).await;
    let mut outstation = outstation(&peer.endpoint, pair(4501, "C_SC_NA_1", "M_SP_NA_1").into());
    // Everything is too old at once, and is read anew before each command.
    outstation.settings.fresh = 0;
    let rig = Rig::up(outstation).await;
    let values = ["on", "off", "off", "on"];
    let mut shown = Vec::new();
    for value in values {
        let report = rig.write(4501, value).await.unwrap();
        let previous = report.previous.unwrap();
        shown.push((previous.value.unwrap(), previous.source.unwrap()));
    }
    let read = |value: &str| (value.to_owned(), "read".to_owned());
    assert_eq!(shown, ["off", "on", "off", "off"].map(read));
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_sent_and_sends_nothing() {
    let mut peer = Peer::strict(&[]).await;
    let mut points = pair(4502, "C_SC_NA_1", "M_SP_NA_1").to_vec();
    points.extend(pair(4501, "C_SC_NA_1", "M_SP_NA_1"));
    let rig = Rig::up(outstation(&peer.endpoint, points)).await;
    let mut wish = request(write(4502, "on"));
    if let station_core::model::Control::Write(write) = &mut wish.control {
        write.select = true;
    }
    wish.dry_run = true;
    let report = rig.desk.control(wish).await.unwrap();
    assert_eq!(report.octets, ["2d0106002f0096110081", "2d0106002f0096110001"]);
    assert_eq!((report.dry_run, report.class, report.status), (true, "not_sent", None));
    assert_eq!(report.previous.unwrap().value.as_deref(), Some("off"));
    assert!(rig.book.of("outstation SS1/c4502").is_empty());
    rig.write(4501, "on").await.unwrap();
    assert_eq!(peer.operated().await, "4501 ON", "nothing was operated before");
}
