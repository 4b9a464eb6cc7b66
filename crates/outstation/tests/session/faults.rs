//! What is sent against the protocol below a command: the connection is closed where the frames cannot
//! be trusted any more, and goes on where only one message was wrong.

use station_outstation::session::Event;
use station_wire::iec104::command::Class;
use station_wire::iec104::query;

use crate::python::Python;
use crate::setup::{CA, Opened, open, outstation};

/// A session with an outstation that has a fault, with short times.
fn with(fault: &str, first_sequence_one: bool) -> (Python, Opened) {
    let peer = Python::start("raw", &["--fault", fault]);
    let mut outstation = outstation(std::slice::from_ref(&peer.endpoint));
    let settings = &mut outstation.settings;
    (settings.t1, settings.t2, settings.t3) = (1_500, 1_000, 1_000);
    settings.first_sequence_one = first_sequence_one;
    let opened = open(&outstation);
    (peer, opened)
}

async fn why_down(opened: &mut Opened) -> String {
    opened
        .event(|event| match event {
            Event::Down { why, .. } => Some(why),
            _ => None,
        })
        .await
}

/// How the interrogation at the beginning ends.
async fn interrogation(opened: &mut Opened) -> query::Class {
    opened
        .event(|event| match event {
            Event::Upkept { end, .. } => Some(end.class),
            Event::Down { why, .. } => panic!("{why}"),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn frames_that_cannot_be_trusted_close_the_connection() {
    for (fault, said) in [
        ("wrong-ns", "the peer sent an I frame with N(S) 5 where 0 was next"),
        ("repeated-ns", "the peer sent an I frame with N(S) 0 where 1 was next"),
        ("wrong-nr", "the peer acknowledged with N(R) 100 where 0 to "),
        ("bad-start", "a frame begins with the octet 69 where 68 should stand"),
        ("short-length", "a frame announces 3 octets"),
        ("oversized", "a frame announces 254 octets"),
        ("no-asdu", "a frame announces 4 octets"),
        ("bad-control", "a frame has the control octets 0f 00 00 00"),
        ("truncated-close", "closed the connection"),
        ("close", "closed the connection"),
        ("reset", "broke: Connection reset by peer"),
        ("close-on-connect", "closed the connection"),
        ("starts-at-one", "the peer sent an I frame with N(S) 1 where 0 was next"),
    ] {
        let (_peer, mut opened) = with(fault, false);
        let why = why_down(&mut opened).await;
        assert!(why.contains(said), "{fault}: {why}");
    }
    // What follows completes the frame that was cut, and then there is no start octet.
    let (_peer, mut opened) = with("truncated", false);
    why_down(&mut opened).await;
}

#[tokio::test]
async fn silence_closes_the_connection_after_t1() {
    for (fault, said) in [
        ("silent", "the peer did not confirm STARTDT within t1"),
        ("no-startdt-con", "the peer did not confirm STARTDT within t1"),
        ("no-testfr-con", "the peer did not confirm TESTFR within t1"),
        ("no-ack", "the peer did not acknowledge an I frame within t1"),
    ] {
        let (_peer, mut opened) = with(fault, false);
        assert_eq!(why_down(&mut opened).await, said, "{fault}");
    }
}

#[tokio::test]
async fn messages_that_cannot_be_read_are_left_out_and_counted() {
    for (fault, ignored) in [
        ("short-asdu", 1),
        ("long-asdu", 1),
        ("unknown-type", 1),
        ("unknown-cause", 0),
        ("foreign-ca", 0),
        ("bad-time", 0),
        ("early-i", 0),
        ("octets", 0),
        ("glued", 0),
    ] {
        let (_peer, mut opened) = with(fault, false);
        assert_eq!(interrogation(&mut opened).await, query::Class::Complete, "{fault}");
        let end = opened.session.command(opened.order(4501, false)).await;
        assert_eq!(end.class, Class::Confirmed, "{fault}: {end:?}");
        assert_eq!(opened.session.totals().asdus_ignored, ignored, "{fault}");
    }
    let (_peer, mut opened) = with("no-objects", false);
    assert_eq!(interrogation(&mut opened).await, query::Class::Complete);
}

#[tokio::test]
async fn an_outstation_that_counts_from_one_is_taken_where_that_is_known() {
    let (_peer, mut opened) = with("starts-at-one", true);
    assert_eq!(interrogation(&mut opened).await, query::Class::Complete);
}

#[tokio::test]
async fn a_session_closes_whether_or_not_the_outstation_agrees() {
    for fault in ["no-stopdt-con", "late-i"] {
        let (_peer, mut opened) = with(fault, false);
        assert_eq!(interrogation(&mut opened).await, query::Class::Complete, "{fault}");
        opened.session.close().await;
        assert!(opened.session.status().is_closed);
        // Also what came after all was said to be old is.
        let reading = opened.cache.lock().unwrap().get(CA, 14_501).unwrap();
        assert!(reading.stale.is_some(), "{fault}: {reading:?}");
    }
}
