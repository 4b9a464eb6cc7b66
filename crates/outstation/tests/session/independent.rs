//! Sessions with outstations that others made: a strict one, and one that is like many in the field.

use std::time::Duration;

use station_outstation::session::{Ask, AskEnd, Event};
use station_wire::iec104::codec::Value;
use station_wire::iec104::command::{self, Class, Expected, Feedback, Limits};
use station_wire::iec104::query;

use crate::python::Python;
use crate::setup::{CA, Opened, open, outstation};

/// A direct command of a single point, and one that is selected first; each feedback is 10,000 further.
const DIRECT: u32 = 4501;
const SELECTED: u32 = 4502;

async fn interrogated(peer: &Python) -> (Opened, AskEnd) {
    let mut outstation = outstation(std::slice::from_ref(&peer.endpoint));
    outstation.settings.clock_every = 3_600_000;
    let mut opened = open(&outstation);
    opened.event(|event| matches!(event, Event::ClockDue).then_some(())).await;
    let end = opened.event(|event| match event {
        Event::Upkept { ask: Ask::Interrogate { ca: CA, group: None }, end } => Some(*end),
        _ => None,
    });
    let end = end.await;
    (opened, end)
}

fn shown(opened: &Opened, ioa: u32) -> Option<Value> {
    opened.cache.lock().unwrap().get(CA, ioa).map(|reading| reading.value)
}

/// Switches a point on and waits for its feedback.
async fn switch_on(
    opened: &Opened,
    ioa: u32,
    select: bool,
) -> station_outstation::session::CommandEnd {
    let mut order = opened.order(ioa, select);
    order.spec.feedback = Some(Feedback {
        ca: CA,
        ioa: 10_000 + ioa,
        expected: Expected::Switched(true),
        previous: shown(opened, 10_000 + ioa),
    });
    opened.session.command(order).await
}

async fn ask(opened: &Opened, ask: Ask) -> AskEnd {
    opened.session.ask(ask, Some(opened.session.trace())).await
}

async fn is_commanded_and_asked(opened: &Opened) {
    assert_eq!(shown(opened, 10_000 + DIRECT), Some(Value::Single(false)));
    for (ioa, select) in [(DIRECT, false), (SELECTED, true)] {
        let end = switch_on(opened, ioa, select).await;
        assert_eq!(end.class, Class::Verified, "{end:?}");
        assert_eq!(end.feedback.unwrap().value, Value::Single(true));
        assert_eq!(shown(opened, 10_000 + ioa), Some(Value::Single(true)));
        let commands = end.frames.iter().filter(|frame| frame.octets.get(6) == Some(&45)).count();
        assert!(commands >= if select { 4 } else { 2 }, "{:?}", end.frames);
    }
    let read = ask(opened, Ask::Read { ca: CA, ioa: 10_000 + DIRECT }).await;
    assert_eq!((read.class, read.values), (query::Class::Complete, 1), "{read:?}");
    let counters = ask(opened, Ask::Counters { ca: CA, group: None }).await;
    assert_eq!((counters.class, counters.values), (query::Class::Complete, 3), "{counters:?}");
    assert!(matches!(shown(opened, 17_002), Some(Value::Counter { value: 2000, .. })));
    let clock = ask(opened, Ask::SyncClock { ca: CA }).await;
    assert!(clock.class == query::Class::Complete && clock.clock.is_some(), "{clock:?}");
    let test = ask(opened, Ask::Test { ca: CA }).await;
    assert_eq!(test.class, query::Class::Complete, "{test:?}");
    let group = ask(opened, Ask::Interrogate { ca: CA, group: Some(3) }).await;
    assert_eq!(group.class, query::Class::Refused, "{group:?}");
    let none = ask(opened, Ask::Interrogate { ca: CA, group: Some(17) }).await;
    assert_eq!((none.class, none.reason), (query::Class::NotSent, "invalid"));
    let unknown = opened.session.command(opened.order(4599, false)).await;
    assert_eq!(unknown.class, Class::Refused, "{unknown:?}");
}

#[tokio::test]
async fn a_strict_outstation_is_asked_and_commanded() {
    let peer = Python::start("strict", &["--points", "500"]);
    let (opened, all) = interrogated(&peer).await;
    assert_eq!(all.class, query::Class::Complete, "{all:?}");
    assert!(all.values > 500, "{all:?}");
    assert_eq!(shown(&opened, 20_007), Some(Value::Float(3.5)));
    is_commanded_and_asked(&opened).await;
    assert_eq!(opened.session.totals().asdus_ignored, 0);
    opened.session.close().await;
    assert!(opened.cache.lock().unwrap().get(CA, 20_007).unwrap().stale.is_some());
}

#[tokio::test]
async fn a_lenient_outstation_is_asked_and_commanded() {
    let peer = Python::start("lenient", &["--points", "500"]);
    let (opened, all) = interrogated(&peer).await;
    assert_eq!(all.class, query::Class::Complete, "{all:?}");
    assert!(all.values > 500, "{all:?}");
    is_commanded_and_asked(&opened).await;
    assert_eq!(opened.session.totals().asdus_ignored, 0);
}

#[tokio::test]
async fn what_a_strict_outstation_does_wrong_is_told_as_it_is() {
    let peer = Python::start("strict", &[]);
    let (opened, _) = interrogated(&peer).await;
    for (fault, class, reason) in [
        (0, Class::Refused, "negative_confirmation"),
        (2, Class::Unknown, "con_timeout"),
        (9, Class::Unknown, "mismatch"),
    ] {
        let mut order = opened.order(9001 + fault, false);
        let execute_con = Duration::from_secs(1);
        order.spec.limits = Limits { execute_con, ..Limits::default() };
        let end = opened.session.command(order).await;
        assert_eq!((end.class, end.reason), (class, reason), "{end:?}");
    }
    let mut order = opened.order(9005, false);
    order.spec.termination = command::Termination::Required;
    let end = opened.session.command(order).await;
    assert_eq!((end.class, end.reason), (Class::Unknown, "link_lost"), "{end:?}");
    // It comes back, and answers.
    let status = opened
        .session
        .until(|status| status.up.as_ref().is_some_and(|up| end.connection.as_ref() != Some(up)));
    assert!(!status.await.is_closed);
    let end = opened.session.command(opened.order(DIRECT, false)).await;
    assert_eq!(end.class, Class::Confirmed, "{end:?}");
}

#[tokio::test]
async fn changes_are_told_to_whoever_watches() {
    let peer = Python::start("strict", &["--spontaneous", "50"]);
    let (opened, _) = interrogated(&peer).await;
    let mut watch = opened.session.watch();
    let mut last = None;
    for _ in 0..3 {
        let changes = watch.recv().await.unwrap();
        let change = changes.last().unwrap();
        assert_eq!((change.ca, change.ioa), (CA, 18_001));
        assert_ne!(last, Some(change.reading.value));
        last = Some(change.reading.value);
    }
}
