//! Outstations that mean ill: what they send over and over fills neither memory nor records.

use station_outstation::session::Event;
use station_wire::iec104::codec::{Cause, TypeId, Value};
use station_wire::iec104::command::Class;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::double::{Double, asked};
use crate::setup::{Opened, open, outstation};

async fn lost(opened: &mut Opened) -> String {
    let down = opened.event(|event| match event {
        Event::Down { why, .. } => Some(why),
        _ => None,
    });
    down.await
}

#[tokio::test(start_paused = true)]
async fn who_tests_without_end_and_reads_nothing_is_not_listened_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut opened = open(&outstation(&[listener.local_addr().unwrap().to_string()]));
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut start = [0; 6];
    stream.read_exact(&mut start).await.unwrap();
    stream.write_all(&[0x68, 4, 0x0b, 0, 0, 0]).await.unwrap();
    let tests = [0x68, 4, 0x43, 0, 0, 0].repeat(10_000);
    // It ends once the session has closed the connection, and never if that keeps all answers.
    while stream.write_all(&tests).await.is_ok() {}
    let why = lost(&mut opened).await;
    assert!(why.contains("t1"), "{why}");
    // Everything that it answered waits in the kernel, but for a little.
    let totals = opened.session.totals();
    assert!(totals.octets_received <= totals.octets_sent + (128 << 10), "{totals:?}");
}

#[tokio::test(start_paused = true)]
async fn who_is_restarted_without_end_is_hung_up_on() {
    let double = Double::listen().await;
    let mut opened = open(&outstation(&[double.endpoint()]));
    let mut peer = double.started().await;
    opened.up().await;
    for _ in 0..300 {
        peer.say(TypeId::M_EI_NA_1, Cause::INITIALISED, 0, Value::Initialised(0)).await;
        peer.take_acknowledgements();
    }
    let (mut restarts, mut asked) = (0, 0);
    let why = opened.event(|event| match event {
        Event::Restarted { .. } => {
            restarts += 1;
            None
        }
        Event::Upkept { .. } => {
            asked += 1;
            None
        }
        Event::Down { why, .. } => Some(why),
        _ => None,
    });
    assert_eq!(why.await, "it said more than 256 times within a minute that it was restarted");
    assert_eq!(restarts, 256);
    assert!(asked <= 2, "one is under way, one waits: {asked}");
}

#[tokio::test(start_paused = true)]
async fn what_comes_late_without_end_is_told_a_few_times() {
    let double = Double::listen().await;
    let mut opened = open(&outstation(&[double.endpoint()]));
    let mut peer = double.started().await;
    opened.up().await;
    let order = opened.order(7, false);
    let outstation = async {
        assert_eq!(peer.next().await, Some(asked(Cause::ACTIVATION, 7, false)));
        peer.confirm(7, false).await;
    };
    let (end, ()) = tokio::join!(opened.session.command(order), outstation);
    assert_eq!(end.class, Class::Confirmed);
    for _ in 0..50 {
        peer.confirm(7, false).await;
        peer.take_acknowledgements();
    }
    drop(peer);
    let mut late = 0;
    let down = opened.event(|event| match event {
        Event::Late { .. } => {
            late += 1;
            None
        }
        Event::Down { .. } => Some(()),
        _ => None,
    });
    down.await;
    assert_eq!(late, 8);
}
