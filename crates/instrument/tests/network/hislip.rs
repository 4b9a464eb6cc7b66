//! HiSLIP: our client against our server.

use std::time::Duration;

use station_instrument::ErrorKind;
use station_instrument::transport::hislip::Hislip;
use station_instrument::transport::{Cleared, Transport as _};
use tokio::time::timeout;

use super::bench::{LIMIT, MOMENT, Served, ask, block, failure, give_up, read, serve_hislip, soon};

async fn connect(served: &Served) -> Hislip {
    Hislip::connect("127.0.0.1", served.address.port(), "hislip0", LIMIT).await.unwrap()
}

#[tokio::test]
async fn queries_are_answered_byte_for_byte() {
    let served = serve_hislip(9).await;
    let mut link = connect(&served).await;
    assert_eq!(ask(&mut link, b"*IDN?\n").await.unwrap(), b"ACME,Echo,1,1.0\n");
    link.send(b"VOLT 5\r\n").await.unwrap();
    let every: Vec<u8> = (0..=255).collect();
    let message = [b"ECHO? ", every.as_slice(), b"\n"].concat();
    assert_eq!(ask(&mut link, &message).await.unwrap(), [every.as_slice(), b"\n"].concat());
    assert_eq!(served.seen().0[..2], ["*IDN?", "VOLT 5"]);
    assert_eq!(link.stale_replies(), 0);
    assert!(link.has_end());
}

#[tokio::test]
async fn blocks_go_both_ways_in_many_frames() {
    let served = serve_hislip(9).await;
    let mut link = connect(&served).await;
    let reply = ask(&mut link, b"BLOCK? 10000000\n").await.unwrap();
    assert!(reply == [block(10_000_000).as_slice(), b"\n"].concat());
    let message = [b"ECHO? ".as_slice(), &block(5_000_000), b"\n"].concat();
    let reply = ask(&mut link, &message).await.unwrap();
    assert!(reply == message[6..]);
}

#[tokio::test]
async fn clients_do_not_get_each_others_replies() {
    let served = serve_hislip(9).await;
    let mut links = Vec::new();
    for _ in 0..4 {
        links.push(connect(&served).await);
    }
    for turn in 0..5 {
        for (at, link) in links.iter_mut().enumerate() {
            link.send(format!("ECHO? {turn}.{at}").as_bytes()).await.unwrap();
        }
        for (at, link) in links.iter_mut().enumerate().rev() {
            assert_eq!(read(link).await.unwrap(), format!("{turn}.{at}\n").into_bytes());
        }
    }
}

#[tokio::test]
async fn a_full_instrument_is_busy_until_a_client_leaves() {
    let served = serve_hislip(1).await;
    let first = connect(&served).await;
    let port = served.address.port();
    let second = Hislip::connect("127.0.0.1", port, "hislip0", LIMIT).await;
    let (kind, text) = failure(second);
    assert_eq!(kind, ErrorKind::Busy);
    assert!(text.ends_with("cannot be opened: it serves as many clients as it can"), "{text}");
    drop(first);
    soon(async {
        while Hislip::connect("127.0.0.1", port, "hislip0", LIMIT).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_there_is_told_with_the_address() {
    let (listener, address) = super::bench::listen().await;
    drop(listener);
    let outcome = Hislip::connect("127.0.0.1", address.port(), "hislip0", LIMIT).await;
    let (kind, text) = failure(outcome);
    assert_eq!(kind, ErrorKind::Unreachable);
    assert!(
        text.contains("cannot be reached at 127.0.0.1, port") && text.contains("refused"),
        "{text}"
    );
}

#[tokio::test]
async fn a_device_clear_after_giving_up_brings_both_sides_in_step() {
    let served = serve_hislip(9).await;
    let mut link = connect(&served).await;
    for turn in 1..4 {
        link.send(b"SILENT?").await.unwrap();
        give_up(&mut link).await;
        assert_eq!(soon(link.clear()).await, Ok(Cleared::Done));
        assert_eq!(ask(&mut link, b"ECHO? right").await.unwrap(), b"right\n");
        assert_eq!(served.seen().1, turn);
    }
}

#[tokio::test]
async fn a_reply_left_halfway_does_not_reach_the_next_query() {
    let served = serve_hislip(9).await;
    let mut link = connect(&served).await;
    link.send(b"BLOCK? 10000000").await.unwrap();
    let mut part = Vec::new();
    assert_eq!(soon(link.receive(&mut part)).await, Ok(false));
    assert_eq!(soon(link.clear()).await, Ok(Cleared::Done));
    assert_eq!(ask(&mut link, b"ECHO? right").await.unwrap(), b"right\n");
}

#[tokio::test]
async fn a_device_clear_may_itself_be_left_halfway() {
    let served = serve_hislip(9).await;
    let mut link = connect(&served).await;
    link.send(b"BLOCK? 3000000").await.unwrap();
    // Polled only once each: stopped at its first wait, then at whatever comes next.
    for _ in 0..5 {
        timeout(Duration::ZERO, link.clear()).await.ok();
    }
    assert_eq!(soon(link.clear()).await, Ok(Cleared::Done));
    assert_eq!(ask(&mut link, b"ECHO? right").await.unwrap(), b"right\n");
}

#[tokio::test]
async fn a_message_left_halfway_is_not_carried_out() {
    let served = serve_hislip(9).await;
    let (mut owner, mut link) = (connect(&served).await, connect(&served).await);
    owner.lock(Duration::ZERO).await.unwrap();
    let message = [b"ECHO? ".as_slice(), &block(30_000_000)].concat();
    // The server stops reading while the instrument is locked, so this cannot end.
    assert!(timeout(MOMENT, link.send(&message)).await.is_err());
    assert_eq!(soon(link.clear()).await, Ok(Cleared::Done), "in spite of the lock");
    owner.unlock().await.unwrap();
    assert_eq!(ask(&mut link, b"ECHO? right").await.unwrap(), b"right\n");
    assert_eq!(served.seen().0, ["ECHO? right"]);
}

#[tokio::test]
async fn a_locked_instrument_is_busy_and_queries_wait() {
    let served = serve_hislip(9).await;
    let (mut owner, mut other) = (connect(&served).await, connect(&served).await);
    owner.lock(LIMIT).await.unwrap();
    let (kind, text) = failure(soon(other.lock(MOMENT)).await);
    assert_eq!(kind, ErrorKind::Busy);
    assert!(text.ends_with("was locked by another client for 100ms"), "{text}");
    assert_eq!(failure(other.unlock().await).0, ErrorKind::Reply);
    other.send(b"ECHO? late").await.unwrap();
    assert_eq!(ask(&mut owner, b"ECHO? early").await.unwrap(), b"early\n");
    assert_eq!(served.seen().0, ["ECHO? early"]);
    owner.unlock().await.unwrap();
    assert_eq!(read(&mut other).await.unwrap(), b"late\n");
}

#[tokio::test]
async fn a_lock_goes_with_its_client() {
    let served = serve_hislip(9).await;
    let (mut owner, mut other) = (connect(&served).await, connect(&served).await);
    owner.lock(LIMIT).await.unwrap();
    drop(owner);
    soon(other.lock(LIMIT)).await.unwrap();
}

#[tokio::test]
async fn the_status_byte_says_whether_a_reply_waits() {
    let served = serve_hislip(9).await;
    let mut link = connect(&served).await;
    assert_eq!(soon(link.status_byte()).await, Ok(Some(0x04)));
    link.send(b"ECHO? one").await.unwrap();
    // The two channels are not in step: the message may still be on its way.
    soon(async { while link.status_byte().await.unwrap() != Some(0x14) {} }).await;
    assert_eq!(read(&mut link).await.unwrap(), b"one\n");
    assert_eq!(soon(link.status_byte()).await, Ok(Some(0x04)));
}

#[tokio::test]
async fn what_is_known_to_be_lost_is_sent_nothing_and_says_so() {
    let served = serve_hislip(9).await;
    let mut link = connect(&served).await;
    drop(served);
    let mut reply = Vec::new();
    let error = soon(link.receive(&mut reply)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Lost, "{error}");
    // So that a session makes a new connection: nothing of this can have been done.
    let error = soon(link.send(b"VOLT 5\n")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable, "{error}");
}
