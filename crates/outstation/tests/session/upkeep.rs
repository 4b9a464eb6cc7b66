//! What a session asks of itself, and questions that have to wait their turn.

use std::time::Duration;

use station_outstation::session::{Ask, Event};
use station_wire::iec104::codec::{Cause, TypeId, Value};
use station_wire::iec104::query::Class;
use tokio::time::Instant;

use crate::double::{Double, Said};
use crate::setup::{CA, open, outstation};

const ALL: Ask = Ask::Interrogate { ca: CA, group: None };

fn upkept(event: Event) -> Option<Class> {
    match event {
        Event::Upkept { ask, end } => {
            assert_eq!(ask, ALL);
            Some(end.class)
        }
        _ => None,
    }
}

#[tokio::test(start_paused = true)]
async fn an_outstation_that_was_restarted_is_asked_anew() {
    let double = Double::listen().await;
    let mut opened = open(&outstation(&[double.endpoint()]));
    let mut peer = double.started().await;
    tokio::select! {
        class = opened.event(upkept) => assert_eq!(class, Class::Complete),
        said = peer.next() => panic!("{said:?}"),
    }
    let answers = tokio::spawn(async move {
        peer.say(TypeId::M_SP_NA_1, Cause::SPONTANEOUS, 1, Value::Single(true)).await;
        peer.say(TypeId::M_EI_NA_1, Cause::INITIALISED, 0, Value::Initialised(2)).await;
        peer.next().await
    });
    let restarted = opened.event(|event| match event {
        Event::Restarted { ca, coi } => Some((ca, coi)),
        _ => None,
    });
    assert_eq!(restarted.await, (CA, 2));
    let reading = opened.cache.lock().unwrap().get(CA, 1).unwrap();
    assert!(reading.value == Value::Single(true) && reading.stale.is_some(), "{reading:?}");
    assert_eq!(opened.event(upkept).await, Class::Complete);
    opened.session.close().await;
    assert_eq!(answers.await.unwrap(), Some(Said::Stopped));
}

#[tokio::test(start_paused = true)]
async fn all_values_are_asked_for_every_so_often() {
    let double = Double::listen().await;
    let mut outstation = outstation(&[double.endpoint()]);
    outstation.settings.interrogate_every = 3_600_000;
    let mut opened = open(&outstation);
    let mut peer = double.started().await;
    let begun = Instant::now();
    let _answers = tokio::spawn(async move { peer.next().await });
    for _ in 0..3 {
        assert_eq!(opened.event(upkept).await, Class::Complete);
    }
    assert_eq!(begun.elapsed().as_secs(), 7200);
}

#[tokio::test(start_paused = true)]
async fn the_same_question_waits_until_the_first_is_answered() {
    let double = Double::listen().await;
    let mut opened = open(&outstation(&[double.endpoint()]));
    let mut peer = double.started().await;
    opened.up().await;
    let ask = |ask| opened.session.ask(ask, Some(opened.session.trace()));
    // One is under way already: the session's own.
    let gone = tokio::time::timeout(Duration::from_secs(1), ask(ALL)).await;
    assert!(gone.is_err());
    let answers = tokio::spawn(async move { peer.next().await });
    let (first, second) = tokio::join!(ask(ALL), ask(ALL));
    assert_eq!((first.class, second.class), (Class::Complete, Class::Complete));
    let asked = |frames: &[station_outstation::session::TapFrame]| {
        frames.iter().filter(|frame| frame.octets.get(6..9) == Some(&[100, 1, 6])).count()
    };
    assert_eq!((asked(&first.frames), asked(&second.frames)), (1, 2));
    assert_eq!(opened.event(upkept).await, Class::Complete);
    opened.session.close().await;
    assert_eq!(answers.await.unwrap(), Some(Said::Stopped));
}
