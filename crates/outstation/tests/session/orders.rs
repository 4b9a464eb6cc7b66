//! Commands: sent once, at the right time, or not at all.

use std::time::Duration;

use station_core::audit::FrameDirection;
use station_outstation::session::Event;
use station_wire::iec104::codec::Cause;
use station_wire::iec104::command::Class;

use crate::double::{Double, asked};
use crate::setup::{Opened, now, open, outstation, tagged};

/// A double and a session with it.
async fn pair(
    change: impl FnOnce(&mut station_core::model::Outstation),
) -> (crate::double::Peer, Opened) {
    let double = Double::listen().await;
    let mut outstation = outstation(&[double.endpoint()]);
    change(&mut outstation);
    let mut opened = open(&outstation);
    let mut peer = double.started().await;
    let upkept = opened.event(|event| matches!(event, Event::Upkept { .. }).then_some(()));
    tokio::select! {
        () = upkept => (peer, opened),
        said = peer.next() => panic!("{said:?}"),
    }
}

/// Lets one frame wait for its acknowledgement at most, so that the second has to wait.
fn narrow(outstation: &mut station_core::model::Outstation) {
    (outstation.settings.k, outstation.settings.w) = (1, 1);
}

#[tokio::test(start_paused = true)]
async fn a_command_is_confirmed_and_its_frames_are_told() {
    let (mut peer, opened) = pair(|_| ()).await;
    let outstation = async {
        assert_eq!(peer.next().await, Some(asked(Cause::ACTIVATION, 7, false)));
        peer.confirm(7, false).await;
    };
    let (end, ()) = tokio::join!(opened.session.command(opened.order(7, false)), outstation);
    assert_eq!((end.class, end.reason), (Class::Confirmed, "confirmation"));
    let connection = end.connection.unwrap();
    assert_eq!(opened.session.status().up.unwrap(), connection);
    assert!(connection.local.ip().is_loopback() && connection.local != connection.peer);
    let commands = |direction| {
        let mine = end.frames.iter().filter(|frame| frame.octets.get(6) == Some(&45));
        mine.filter(|frame| frame.direction == direction).count()
    };
    assert_eq!((commands(FrameDirection::Sent), commands(FrameDirection::Received)), (1, 1));
    assert!(end.frames.windows(2).all(|pair| pair[0].n + 1 == pair[1].n), "{:?}", end.frames);
}

#[tokio::test(start_paused = true)]
async fn a_command_that_expires_while_it_waits_is_not_sent() {
    let (mut peer, opened) = pair(narrow).await;
    let first = tokio::spawn({
        let (session, order) = (opened.session.clone(), opened.order(7, false));
        async move { session.command(order).await }
    });
    peer.acknowledges = false;
    assert_eq!(peer.next().await, Some(asked(Cause::ACTIVATION, 7, false)));
    let end = opened.session.command(opened.order(8, false)).await;
    assert_eq!((end.class, end.reason), (Class::NotSent, "expired"));
    // There is room for it now, and it must not be taken up again.
    peer.acknowledge().await;
    peer.confirm(7, false).await;
    assert_eq!(first.await.unwrap().class, Class::Unknown, "10 s were over for it as well");
    let third = tokio::spawn({
        let (session, order) = (opened.session.clone(), opened.order(9, false));
        async move { session.command(order).await }
    });
    assert_eq!(peer.next().await, Some(asked(Cause::ACTIVATION, 9, false)));
    third.abort();
}

#[tokio::test(start_paused = true)]
async fn a_command_that_is_too_late_already_is_not_sent() {
    let (mut peer, opened) = pair(|_| ()).await;
    let mut order = opened.order(7, false);
    order.expires = now().mono;
    let end = opened.session.command(order).await;
    assert_eq!((end.class, end.reason), (Class::NotSent, "expired"));
    opened.session.close().await;
    assert_eq!(peer.next().await, Some(crate::double::Said::Stopped));
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_before_it_is_sent_leaves_nothing() {
    let (mut peer, mut opened) = pair(narrow).await;
    let first = opened.order(7, false);
    let (session, second) = (opened.session.clone(), opened.order(8, false));
    let first = tokio::spawn(async move { session.command(first).await });
    peer.acknowledges = false;
    assert_eq!(peer.next().await, Some(asked(Cause::ACTIVATION, 7, false)));
    let waiting = opened.session.command(second);
    let gave_up = tokio::time::timeout(Duration::from_secs(1), waiting).await;
    assert!(gave_up.is_err());
    peer.acknowledge().await;
    peer.confirm(7, false).await;
    assert_eq!(first.await.unwrap().class, Class::Confirmed);
    opened.session.close().await;
    assert_eq!(peer.next().await, Some(crate::double::Said::Stopped));
    while let Ok(event) = opened.events.try_recv() {
        assert!(!matches!(event, Event::Ended { .. }), "{event:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_later_is_told_by_an_event() {
    let (mut peer, mut opened) = pair(|_| ()).await;
    let (session, order) = (opened.session.clone(), opened.order(7, false));
    let caller = tokio::spawn(async move { session.command(order).await });
    assert_eq!(peer.next().await, Some(asked(Cause::ACTIVATION, 7, false)));
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    peer.confirm(7, false).await;
    let ended = opened.event(|event| match event {
        Event::Ended { correlation, end } => Some((correlation, end.class, end.frames.len())),
        _ => None,
    });
    let (correlation, class, frames) = ended.await;
    assert_eq!((correlation.as_str(), class), ("to 7", Class::Confirmed));
    assert!(frames >= 2);
}

#[tokio::test(start_paused = true)]
async fn what_comes_late_is_told_with_its_frame() {
    let (mut peer, mut opened) = pair(|_| ()).await;
    let order = opened.order(7, false);
    let outstation = async {
        assert_eq!(peer.next().await, Some(asked(Cause::ACTIVATION, 7, false)));
        tokio::time::sleep(Duration::from_secs(11)).await;
        peer.confirm(7, false).await;
    };
    let (end, ()) = tokio::join!(opened.session.command(order), outstation);
    assert_eq!((end.class, end.reason), (Class::Unknown, "con_timeout"));
    let late = opened.event(|event| match event {
        Event::Late { correlation, kind, frame, .. } => Some((correlation, kind, frame)),
        _ => None,
    });
    let (correlation, kind, frame) = late.await;
    assert_eq!((correlation.as_str(), kind), ("to 7", "act_con"));
    assert_eq!(frame.octets.get(6..9), Some([45, 1, 7].as_slice()));
}

#[tokio::test(start_paused = true)]
async fn what_is_said_against_a_command_keeps_it_from_being_sent() {
    let (mut peer, opened) = pair(|_| ()).await;
    let mut order = opened.order(7, false);
    order.recheck = Box::new(|| Err(tagged()));
    let end = opened.session.command(order).await;
    assert_eq!((end.class, end.reason), (Class::NotSent, "tagged"));
    assert_eq!(end.message, "SS1/breaker-7 is tagged: do not operate");
    opened.session.close().await;
    assert_eq!(peer.next().await, Some(crate::double::Said::Stopped));
}

#[tokio::test(start_paused = true)]
async fn what_changes_after_the_selection_takes_it_back() {
    let (mut peer, opened) = pair(|_| ()).await;
    let mut order = opened.order(7, true);
    let mut looks = 0;
    order.recheck = Box::new(move || {
        looks += 1;
        if looks < 2 { Ok(()) } else { Err(tagged()) }
    });
    let outstation = async {
        assert_eq!(peer.next().await, Some(asked(Cause::ACTIVATION, 7, true)));
        peer.confirm(7, true).await;
        assert_eq!(peer.next().await, Some(asked(Cause::DEACTIVATION, 7, true)));
        let value =
            station_wire::iec104::codec::Value::SingleCommand { on: true, qu: 0, select: true };
        let type_id = station_wire::iec104::codec::TypeId::C_SC_NA_1;
        peer.say(type_id, Cause::DEACTIVATION_CON, 7, value).await;
    };
    let (end, ()) = tokio::join!(opened.session.command(order), outstation);
    assert_eq!((end.class, end.reason), (Class::NotSent, "tagged"));
}

#[tokio::test(start_paused = true)]
async fn two_commands_to_one_point_do_not_overlap() {
    let (mut peer, opened) = pair(|_| ()).await;
    let outstation = async {
        assert_eq!(peer.next().await, Some(asked(Cause::ACTIVATION, 7, false)));
        let end = opened.session.command(opened.order(7, false)).await;
        assert_eq!((end.class, end.reason), (Class::NotSent, "in_flight"));
        peer.confirm(7, false).await;
    };
    let (end, ()) = tokio::join!(opened.session.command(opened.order(7, false)), outstation);
    assert_eq!(end.class, Class::Confirmed);
}
