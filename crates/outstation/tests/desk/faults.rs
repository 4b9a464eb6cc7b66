//! The faults of outstations: each ends in its class, with the reason.

use station_core::audit::{Kind, Status};
use station_core::model::{Termination, Write};

use crate::peer::Peer;
use crate::rig::{Rig, ended, outstation, request, singles, with, write};

/// The fault points of strict.py, and how a command to each ends.
const FAULTS: [(u32, &str, &str); 13] = [
    (0, "refused", "negative_confirmation"),
    (1, "unknown", "con_timeout"),
    (2, "unknown", "con_timeout"),
    (3, "unknown", "term_timeout"),
    (5, "refused", "negative_termination"),
    (6, "completed", "feedback_timeout"),
    (7, "verified", "feedback"),
    (8, "verified", "feedback"),
    (9, "unknown", "mismatch"),
    (10, "verified", "feedback"),
    (11, "unknown", "term_timeout"),
    (12, "unknown", "con_timeout"),
    (13, "completed", "feedback_timeout"),
];

/// The fault after which the connection is lost.
const CLOSE: u32 = 4;

/// The faults of a selection that is answered wrongly.
const SELECTIONS: [(u32, &str, &str); 7] = [
    (0, "refused", "negative_confirmation"),
    (1, "verified", "feedback"),
    (2, "not_sent", "select_con_timeout"),
    (7, "verified", "feedback"),
    (8, "verified", "feedback"),
    (9, "not_sent", "mismatch"),
    (10, "verified", "feedback"),
];

/// Commands points at once, and tells how each ended.
async fn all(rig: &Rig, ioas: Vec<u32>, select: bool) -> Vec<(&'static str, &'static str)> {
    let commands: Vec<_> = ioas
        .into_iter()
        .map(|ioa| {
            let desk = rig.desk.clone();
            let wish = request(Write { select, ..write(ioa, "on") });
            tokio::spawn(async move { desk.control(wish).await })
        })
        .collect();
    let mut ends = Vec::new();
    for command in commands {
        ends.push(ended(&command.await.unwrap()));
    }
    ends
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_ends_in_its_class() {
    let peer = Peer::strict(&["--late", "1.5"]).await;
    let points = FAULTS.iter().flat_map(|(n, ..)| [9001 + n, 9101 + n]);
    let points = points.chain(SELECTIONS.map(|(n, ..)| 9201 + n));
    let rig = Rig::up(outstation(&peer.endpoint, singles(points))).await;
    let wanted = FAULTS.map(|(_, class, reason)| (class, reason));
    let direct = all(&rig, FAULTS.map(|(n, ..)| 9001 + n).into(), false).await;
    assert_eq!(direct, wanted, "direct");
    let executed = all(&rig, FAULTS.map(|(n, ..)| 9101 + n).into(), true).await;
    assert_eq!(executed, wanted, "executed after a selection");
    let selected = all(&rig, SELECTIONS.map(|(n, ..)| 9201 + n).into(), true).await;
    assert_eq!(selected, SELECTIONS.map(|(_, class, reason)| (class, reason)), "selected");
    // The one that answers late does so after its outcome.
    let late = rig.book.until(Kind::Late, 1).await;
    let outcome =
        rig.book.of(&late[0].subject).into_iter().find(|draft| draft.kind == Kind::Outcome);
    assert_eq!(late[0].correlation, outcome.unwrap().correlation);
    assert_eq!(late[0].telecontrol.as_ref().unwrap().frames.len(), 1);
    let (intents, outcomes) = (rig.book.all(Kind::Intent), rig.book.all(Kind::Outcome));
    assert_eq!((intents.len(), outcomes.len()), (33, 33));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_confirmed_on_a_lost_connection_is_in_doubt() {
    let peer = Peer::strict(&[]).await;
    let points = with(singles([9001 + CLOSE, 9101 + CLOSE]), 9101 + CLOSE, |command| {
        command.termination = Termination::Optional;
    });
    let rig = Rig::up(outstation(&peer.endpoint, points)).await;
    let report = rig.write(9001 + CLOSE, "on").await;
    assert_eq!(ended(&report), ("unknown", "link_lost"), "its end must be told, and was not");
    assert!(rig.book.alarms.lock().unwrap().iter().any(|alarm| alarm.contains("c9005")));
    rig.until(|status| status.link == "up" && status.counters.connections == 2).await;
    rig.until(|status| status.interrogated.is_some()).await;
    let report = rig.select(9101 + CLOSE, "on").await;
    assert_eq!(ended(&report), ("confirmed", "link_lost"));
    let recorded = rig.book.of("outstation SS1/c9005");
    assert_eq!(recorded.len(), 2, "it was not sent again: {recorded:?}");
    assert_eq!(recorded[1].status, Status::Failed);
    assert!(rig.book.all(Kind::Link).iter().any(|draft| draft.action == "down"));
}
