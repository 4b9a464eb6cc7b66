//! Redundant pairs: one connection carries data, the other is tested and takes over.

use station_outstation::session::Event;
use station_wire::iec104::codec::Cause;
use station_wire::iec104::command::Class;

use crate::double::{Double, Said, asked};
use crate::setup::{Opened, open, outstation};

async fn pair() -> (Double, Double, Opened) {
    let (first, second) = (Double::listen().await, Double::listen().await);
    let opened = open(&outstation(&[first.endpoint(), second.endpoint()]));
    (first, second, opened)
}

#[tokio::test(start_paused = true)]
async fn the_preferred_carries_data_and_the_other_takes_over() {
    let (first, second, opened) = pair().await;
    let mut standby = second.accept().await;
    let peer = first.started().await;
    let status =
        opened.session.until(|status| status.up.is_some() && status.standby.is_some()).await;
    assert_eq!(status.up.unwrap().endpoint, first.endpoint());
    assert_eq!(status.standby.unwrap().endpoint, second.endpoint());
    drop(peer);
    assert_eq!(standby.next().await, Some(Said::Started));
    let status = opened
        .session
        .until(|status| status.up.as_ref().is_some_and(|up| up.endpoint == second.endpoint()));
    assert!(!status.await.is_closed);
    let answer = async {
        assert_eq!(standby.next().await, Some(asked(Cause::ACTIVATION, 7, false)));
        standby.confirm(7, false).await;
    };
    let (end, ()) = tokio::join!(opened.session.command(opened.order(7, false)), answer);
    assert_eq!(end.class, Class::Confirmed);
    // The first comes back as the other one, and is not started.
    let _first = first.accept().await;
    let status = opened.session.until(|status| status.standby.is_some()).await;
    assert_eq!(status.standby.unwrap().endpoint, first.endpoint());
}

#[tokio::test(start_paused = true)]
async fn the_other_is_started_when_the_preferred_does_not_answer() {
    let (first, second, mut opened) = pair().await;
    drop(first);
    let _peer = second.started().await;
    let up = opened.event(|event| match event {
        Event::Up(connection) => Some(connection.endpoint.clone()),
        _ => None,
    });
    assert_eq!(up.await, second.endpoint());
}

#[tokio::test(start_paused = true)]
async fn data_moves_to_the_other_when_that_is_asked_for() {
    let (first, second, opened) = pair().await;
    let mut standby = second.accept().await;
    let mut peer = first.started().await;
    opened.session.until(|status| status.up.is_some() && status.standby.is_some()).await;
    opened.session.switch_over();
    assert_eq!(peer.next().await, Some(Said::Stopped));
    assert_eq!(standby.next().await, Some(Said::Started));
    let moved = opened
        .session
        .until(|status| status.up.as_ref().is_some_and(|up| up.endpoint == second.endpoint()));
    assert_eq!(moved.await.standby.unwrap().endpoint, first.endpoint());
}
