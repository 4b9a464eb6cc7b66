//! Connections that are lost, given up, or cannot be made.

use std::time::Duration;

use station_outstation::session::Event;
use station_wire::iec104::codec::Cause;
use station_wire::iec104::command::Class;
use tokio::time::Instant;

use crate::double::{Double, Said, asked};
use crate::setup::{open, outstation};

fn down(event: Event) -> Option<(String, bool)> {
    match event {
        Event::Down { why, was_active, .. } => Some((why, was_active)),
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_whose_connection_is_lost_is_unknown_and_never_sent_again() {
    let double = Double::listen().await;
    let opened = open(&outstation(&[double.endpoint()]));
    let mut peer = double.started().await;
    opened.up().await;
    let lose = async {
        assert_eq!(peer.next().await, Some(asked(Cause::ACTIVATION, 7, false)));
        drop(peer);
    };
    let (end, ()) = tokio::join!(opened.session.command(opened.order(7, false)), lose);
    assert_eq!((end.class, end.reason), (Class::Unknown, "link_lost"));
    let first = end.connection.unwrap();
    let mut peer = double.started().await;
    let again = opened.up().await.up.unwrap();
    assert_ne!(first.id, again.id);
    // All that is said on the new connection is what is said in the end.
    tokio::time::sleep(Duration::from_secs(9)).await;
    opened.session.close().await;
    assert_eq!(peer.next().await, Some(Said::Stopped));
}

#[tokio::test(start_paused = true)]
async fn without_a_connection_nothing_is_sent_and_nothing_waits() {
    let double = Double::listen().await;
    let opened = open(&outstation(&[double.endpoint()]));
    let mut peer = double.accept().await;
    let end = opened.session.command(opened.order(7, false)).await;
    assert_eq!((end.class, end.reason), (Class::NotSent, "link_down"));
    assert!(end.message.starts_with("there is no connection to SS1: "), "{}", end.message);
    assert_eq!(peer.next().await, Some(Said::Started));
    opened.up().await;
    opened.session.close().await;
    assert_eq!(peer.next().await, Some(Said::Stopped));
    let end = opened.session.command(opened.order(7, false)).await;
    assert_eq!((end.class, end.reason), (Class::NotSent, "closed"));
}

#[tokio::test(start_paused = true)]
async fn an_outstation_that_does_not_answer_tests_is_given_up() {
    let double = Double::listen().await;
    let mut opened = open(&outstation(&[double.endpoint()]));
    let mut peer = double.started().await;
    opened.up().await;
    let quiet = tokio::time::timeout(Duration::from_secs(1), peer.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    peer.acknowledges = false;
    let begun = Instant::now();
    let mute = tokio::spawn(async move { peer.next().await });
    let (why, was_active) = opened.event(down).await;
    assert!(was_active);
    assert_eq!(why, "the peer did not confirm TESTFR within t1");
    // t3 and t1, less the second that had gone by.
    assert_eq!(begun.elapsed().as_secs(), 34);
    assert_eq!(mute.await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn an_outstation_that_does_not_start_is_given_up() {
    let double = Double::listen().await;
    let mut opened = open(&outstation(&[double.endpoint()]));
    let _peer = double.accept().await;
    let begun = Instant::now();
    let (why, was_active) = opened.event(down).await;
    assert!(was_active);
    assert_eq!(why, "the peer did not confirm STARTDT within t1");
    assert_eq!(begun.elapsed().as_secs(), 15);
}

#[tokio::test(start_paused = true)]
async fn attempts_become_rarer_and_are_counted() {
    let double = Double::listen().await;
    let endpoint = double.endpoint();
    drop(double);
    let mut opened = open(&outstation(std::slice::from_ref(&endpoint)));
    let begun = Instant::now();
    for expected in 1..=8 {
        let (attempts, why) = opened
            .event(|event| match event {
                Event::Unreachable { attempts, why, security: false, .. } => Some((attempts, why)),
                _ => None,
            })
            .await;
        assert_eq!(attempts, expected);
        assert!(why.starts_with(&format!("{endpoint} cannot be reached: ")), "{why}");
    }
    // 1, 2, 4 … 32 and 60 s, each less a quarter at most.
    let waited = begun.elapsed();
    assert!(waited > Duration::from_secs(92) && waited < Duration::from_secs(124), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_wakes_for_the_tests_of_its_link_alone() {
    let double = Double::listen().await;
    let opened = open(&outstation(&[double.endpoint()]));
    let mut peer = double.started().await;
    let quiet = tokio::time::timeout(Duration::from_secs(60), peer.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    let before = opened.session.totals();
    let quiet = tokio::time::timeout(Duration::from_secs(200), peer.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    let after = opened.session.totals();
    let tests = after.frames_sent - before.frames_sent;
    assert_eq!((tests, after.frames_received - before.frames_received), (10, 10));
    // For t3, for the answer, and when t1 would have been over: a timer is not set back for what came.
    assert_eq!(after.wakes - before.wakes, 30);
}

#[tokio::test(start_paused = true)]
async fn connections_come_from_the_address_that_is_bound_or_not_at_all() {
    let double = Double::listen().await;
    let mut outstation = outstation(&[double.endpoint()]);
    outstation.bind = Some("127.0.0.9".to_owned());
    let opened = open(&outstation);
    let _peer = double.started().await;
    let local = opened.up().await.up.unwrap().local;
    assert_eq!(local.ip().to_string(), "127.0.0.9");
    // One that nobody here has.
    outstation.bind = Some("192.0.2.1".to_owned());
    let mut opened = open(&outstation);
    let why = opened
        .event(|event| match event {
            Event::Unreachable { why, .. } => Some(why),
            _ => None,
        })
        .await;
    assert!(why.contains("connections cannot come from 192.0.2.1"), "{why}");
}
