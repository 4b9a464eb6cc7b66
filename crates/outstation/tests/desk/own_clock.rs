//! The clocks that the station sets by itself: recorded as what people ask for, and held back by the same.

use std::sync::atomic::Ordering;

use station_core::audit::{Kind, Status};
use station_core::model::{ControlSwitch, Micros, Outstation, Record};
use station_outstation::desk::{Connect, Outstations};

use crate::book::{Book, Disk};
use crate::raw::{Raw, good};
use crate::rig::{Rig, clock, operator, options, outstation, singles};

/// C_CS_NA_1.
const CLOCK: u8 = 103;

fn with_clock(raw: &Raw) -> Outstation {
    let mut outstation = outstation(&raw.endpoint, singles([4501]));
    outstation.settings.clock_every = 3_600_000;
    outstation
}

#[tokio::test]
async fn it_has_an_intent_and_an_outcome() {
    let raw = Raw::listen(good).await;
    let rig = Rig::up(with_clock(&raw)).await;
    let outcome = rig.book.until(Kind::Outcome, 1).await.remove(0);
    let intent = rig.book.all(Kind::Intent).remove(0);
    assert_eq!((intent.correlation, &intent.by), (outcome.correlation, &outcome.by));
    assert_eq!((intent.action.as_str(), intent.by.principal), ("sync_clock", None));
    assert_eq!(outcome.status, Status::Confirmed);
    assert!(!outcome.telecontrol.unwrap().frames.is_empty());
    assert_eq!(raw.heard(CLOCK), 1);
    assert_eq!(rig.desk.status("SS1").unwrap().clock_set.unwrap().class, "complete");
}

/// A desk in a state in which no clock may be set, and what it recorded of that.
async fn refused(prepare: impl FnOnce(&Outstations, &Book)) -> &'static str {
    let raw = Raw::listen(good).await;
    let book = Book::new();
    let desk = Outstations::new(book.clone(), options(clock, Connect::Always));
    prepare(&desk, &book);
    desk.kept(&Record::Outstation(Box::new(with_clock(&raw))));
    let rig = Rig { desk, book, outstation: with_clock(&raw) };
    let standing = rig.until(|status| status.interrogated.is_some() && status.clock_set.is_some());
    let view = standing.await.clock_set.unwrap();
    assert_eq!(raw.heard(CLOCK), 0, "{}", view.sentence);
    assert_eq!(raw.heard(100), 1, "monitoring goes on");
    assert!(rig.book.all(Kind::Intent).is_empty());
    view.class
}

#[tokio::test]
async fn it_is_not_set_while_control_is_stopped() {
    let stopped = ControlSwitch { stopped: true, reason: None, by: operator(), at: Micros(0) };
    assert_eq!(refused(|desk, _| desk.kept(&Record::Control(stopped))).await, "not_sent");
}

#[tokio::test]
async fn it_is_not_set_while_ours_is_in_doubt() {
    let unsynchronised = |book: &Book| book.synchronised.store(false, Ordering::Relaxed);
    assert_eq!(refused(|_, book| unsynchronised(book)).await, "not_sent");
}

#[tokio::test]
async fn it_is_not_set_while_that_cannot_be_recorded() {
    let full = |book: &Book| {
        book.disk.send_replace(Disk::Full);
    };
    assert_eq!(refused(|_, book| full(book)).await, "not_sent");
}
