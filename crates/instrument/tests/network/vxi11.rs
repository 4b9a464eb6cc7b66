//! VXI-11: our client against our server.

use std::time::Duration;

use station_instrument::ErrorKind;
use station_instrument::transport::vxi11::Vxi11;
use station_instrument::transport::{Cleared, Transport as _};
use tokio::time::timeout;

use super::bench::{
    LIMIT, MOMENT, Served, ask, block, failure, give_up, listen, read, serve_vxi11,
    serve_vxi11_by_portmapper, soon,
};

async fn connect(served: &Served) -> Vxi11 {
    let port = Some(served.address.port());
    Vxi11::connect("127.0.0.1", port, "inst0", LIMIT).await.unwrap()
}

#[tokio::test]
async fn queries_are_answered_byte_for_byte() {
    let served = serve_vxi11(9).await;
    let mut link = connect(&served).await;
    assert_eq!(ask(&mut link, b"*IDN?\n").await.unwrap(), b"ACME,Echo,1,1.0\n");
    link.send(b"VOLT 5\r\n").await.unwrap();
    let every: Vec<u8> = (0..=255).collect();
    let message = [b"ECHO? ", every.as_slice(), b"\n"].concat();
    assert_eq!(ask(&mut link, &message).await.unwrap(), [every.as_slice(), b"\n"].concat());
    assert_eq!(served.seen().0[..2], ["*IDN?", "VOLT 5"]);
    assert!(link.has_end());
}

#[tokio::test]
async fn blocks_go_both_ways_in_many_calls() {
    let served = serve_vxi11(9).await;
    let mut link = connect(&served).await;
    let reply = ask(&mut link, b"BLOCK? 10000000\n").await.unwrap();
    assert!(reply == [block(10_000_000).as_slice(), b"\n"].concat());
    let message = [b"ECHO? ".as_slice(), &block(5_000_000), b"\n"].concat();
    let reply = ask(&mut link, &message).await.unwrap();
    assert!(reply == message[6..]);
}

#[tokio::test]
async fn the_portmapper_says_where_the_server_is() {
    let (served, portmapper) = serve_vxi11_by_portmapper().await;
    let link = Vxi11::connect_by("127.0.0.1", portmapper.port(), "inst0", LIMIT).await;
    assert_eq!(ask(&mut link.unwrap(), b"ECHO? here").await.unwrap(), b"here\n");
    // A portmapper that knows of none, and a server that is none.
    let (listener, address) = listen().await;
    let none = tokio::spawn(station_instrument::simulate::vxi11::serve_portmapper(listener, 0));
    let outcome = Vxi11::connect_by("127.0.0.1", address.port(), "inst0", LIMIT).await;
    let (kind, text) = failure(outcome);
    assert_eq!(kind, ErrorKind::Unreachable);
    assert!(text.contains("knows of no VXI-11 server"), "{text}");
    none.abort();
    let outcome = Vxi11::connect_by("127.0.0.1", served.address.port(), "inst0", LIMIT).await;
    let (kind, text) = failure(outcome);
    assert_eq!(kind, ErrorKind::Unreachable);
    assert!(text.ends_with("the server does not have this program"), "{text}");
}

#[tokio::test]
async fn a_device_clear_after_giving_up_skips_the_old_answer() {
    let served = serve_vxi11(9).await;
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
    let served = serve_vxi11(9).await;
    let mut link = connect(&served).await;
    link.send(b"BLOCK? 10000000").await.unwrap();
    let mut part = Vec::new();
    assert_eq!(soon(link.receive(&mut part)).await, Ok(false));
    timeout(Duration::ZERO, link.receive(&mut part)).await.ok();
    assert_eq!(soon(link.clear()).await, Ok(Cleared::Done));
    assert_eq!(ask(&mut link, b"ECHO? right").await.unwrap(), b"right\n");
}

#[tokio::test]
async fn a_device_clear_may_itself_be_left_halfway() {
    let served = serve_vxi11(9).await;
    let mut link = connect(&served).await;
    link.send(b"SILENT?").await.unwrap();
    give_up(&mut link).await;
    for _ in 0..5 {
        timeout(Duration::ZERO, link.clear()).await.ok();
    }
    assert_eq!(soon(link.clear()).await, Ok(Cleared::Done));
    assert_eq!(ask(&mut link, b"ECHO? right").await.unwrap(), b"right\n");
}

#[tokio::test]
async fn a_locked_instrument_is_busy_until_its_client_leaves() {
    let served = serve_vxi11(9).await;
    let (mut owner, mut other) = (connect(&served).await, connect(&served).await);
    owner.lock(Duration::ZERO).await.unwrap();
    let (kind, text) = failure(soon(other.send(b"*IDN?")).await);
    assert_eq!(kind, ErrorKind::Busy);
    assert!(text.ends_with("another client has locked it (error 11)"), "{text}");
    assert_eq!(failure(soon(other.lock(MOMENT)).await).0, ErrorKind::Busy);
    assert_eq!(failure(soon(other.status_byte()).await).0, ErrorKind::Busy);
    assert_eq!(failure(soon(other.clear()).await).0, ErrorKind::Busy);
    let (kind, text) = failure(soon(other.unlock()).await);
    assert_eq!(kind, ErrorKind::Instrument);
    assert!(text.ends_with("this client holds no lock (error 12)"), "{text}");
    assert_eq!(ask(&mut owner, b"ECHO? mine").await.unwrap(), b"mine\n");
    owner.unlock().await.unwrap();
    assert_eq!(ask(&mut other, b"ECHO? and mine").await.unwrap(), b"and mine\n");
    owner.lock(Duration::ZERO).await.unwrap();
    drop(owner);
    soon(other.lock(LIMIT)).await.unwrap();
}

#[tokio::test]
async fn a_full_instrument_is_busy_until_a_link_is_given_back() {
    let served = serve_vxi11(1).await;
    let first = connect(&served).await;
    let port = Some(served.address.port());
    let (kind, text) = failure(Vxi11::connect("127.0.0.1", port, "inst0", LIMIT).await);
    assert_eq!(kind, ErrorKind::Busy);
    assert!(text.ends_with("it serves as many links as it can (error 9)"), "{text}");
    drop(first);
    soon(async {
        while Vxi11::connect("127.0.0.1", port, "inst0", LIMIT).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_status_byte_says_whether_a_reply_waits() {
    let served = serve_vxi11(9).await;
    let mut link = connect(&served).await;
    assert_eq!(soon(link.status_byte()).await, Ok(Some(0x04)));
    link.send(b"ECHO? one").await.unwrap();
    assert_eq!(soon(link.status_byte()).await, Ok(Some(0x14)));
    assert_eq!(read(&mut link).await.unwrap(), b"one\n");
    assert_eq!(soon(link.status_byte()).await, Ok(Some(0x04)));
}

#[tokio::test]
async fn a_termination_character_ends_a_reply_if_wanted() {
    let served = serve_vxi11(9).await;
    let mut link = connect(&served).await.with_term_char(b';');
    link.send(b"ECHO? one;two").await.unwrap();
    assert_eq!(read(&mut link).await.unwrap(), b"one;");
    assert_eq!(read(&mut link).await.unwrap(), b"two\n");
}
