//! HiSLIP: our client against servers that go wrong, scripted byte by byte.

use station_instrument::ErrorKind;
use station_instrument::transport::hislip::Hislip;
use station_instrument::transport::{Cleared, Transport as _};
use station_wire::hislip::{FIRST_MESSAGE_ID, Header, MessageType, Server, error_sentence, whole};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::bench::{LIMIT, MOMENT, ask, failure, give_up, listen, read, soon};

/// The server's two channels, open.
struct Peer {
    sync: TcpStream,
    other: TcpStream,
}

/// Receives one message: its header and payload.
async fn receive(stream: &mut TcpStream) -> (Header, Vec<u8>) {
    let mut bytes = vec![0; 16];
    stream.read_exact(&mut bytes).await.unwrap();
    let length = Header::decode(&bytes).unwrap().unwrap().length;
    bytes.resize(16 + usize::try_from(length).unwrap(), 0);
    stream.read_exact(&mut bytes[16..]).await.unwrap();
    let found = whole(&bytes, u64::MAX).unwrap().unwrap();
    (found.header, found.payload.to_vec())
}

async fn say(stream: &mut TcpStream, header: Header, payload: &[u8]) {
    let mut bytes = Vec::new();
    header.write(payload, &mut bytes);
    stream.write_all(&bytes).await.unwrap();
}

impl Peer {
    /// Opens both channels, with that control code in the first answer.
    async fn open(listener: TcpListener, control: u8) -> Self {
        let (mut sync, _) = listener.accept().await.unwrap();
        assert_eq!(receive(&mut sync).await.1, b"hislip0");
        let opened = Header::new(MessageType::INITIALIZE_RESPONSE, control, 0x0100_0001);
        say(&mut sync, opened, b"").await;
        let (mut other, _) = listener.accept().await.unwrap();
        assert_eq!(receive(&mut other).await.0.parameter, 1);
        other.write_all(&Server::async_opened()).await.unwrap();
        receive(&mut other).await;
        let size = Header::new(MessageType::ASYNC_MAXIMUM_MESSAGE_SIZE_RESPONSE, 0, 0);
        say(&mut other, size, &1024_u64.to_be_bytes()).await;
        Self { sync, other }
    }

    /// Does its part of a device clear; what was skipped on the synchronous channel.
    async fn clear(&mut self) -> Vec<MessageType> {
        assert_eq!(receive(&mut self.other).await.0.kind, MessageType::ASYNC_DEVICE_CLEAR);
        let acknowledge = Header::new(MessageType::ASYNC_DEVICE_CLEAR_ACKNOWLEDGE, 1, 0);
        say(&mut self.other, acknowledge, b"").await;
        let mut skipped = Vec::new();
        loop {
            let (header, _) = receive(&mut self.sync).await;
            if header.kind == MessageType::DEVICE_CLEAR_COMPLETE {
                assert_eq!(header.control, 0, "synchronised mode is asked for");
                break;
            }
            skipped.push(header.kind);
        }
        let acknowledge = Header::new(MessageType::DEVICE_CLEAR_ACKNOWLEDGE, 0, 0);
        say(&mut self.sync, acknowledge, b"").await;
        skipped
    }

    async fn reply(&mut self, id: u32, end: bool, text: &[u8]) {
        let kind = if end { MessageType::DATA_END } else { MessageType::DATA };
        say(&mut self.sync, Header::new(kind, 0, id), text).await;
    }
}

/// A client and what a scripted server does after both channels are open.
async fn against<F: Future<Output = ()> + Send + 'static>(
    control: u8,
    script: impl FnOnce(Peer) -> F + Send + 'static,
) -> (Hislip, JoinHandle<()>) {
    let (listener, address) = listen().await;
    let server = tokio::spawn(async move { script(Peer::open(listener, control).await).await });
    let link = Hislip::connect("127.0.0.1", address.port(), "hislip0", LIMIT).await.unwrap();
    (link, server)
}

#[tokio::test]
async fn a_reply_with_an_old_id_is_skipped() {
    let (mut link, server) = against(0, async |mut peer| {
        let (first, _) = receive(&mut peer.sync).await;
        assert_eq!(first.parameter, FIRST_MESSAGE_ID);
        let (second, _) = receive(&mut peer.sync).await;
        peer.reply(first.parameter, false, b"old, ").await;
        peer.reply(first.parameter, true, b"and late").await;
        peer.reply(second.parameter, true, b"right").await;
    })
    .await;
    link.send(b"FIRST?").await.unwrap();
    assert_eq!(ask(&mut link, b"SECOND?").await.unwrap(), b"right");
    assert_eq!(link.stale_replies(), 2);
    server.await.unwrap();
}

#[tokio::test]
async fn what_came_unasked_is_thrown_away_and_counted() {
    let (mut link, server) = against(0, async |mut peer| {
        peer.reply(FIRST_MESSAGE_ID, true, b"nobody asked").await;
        let (query, _) = receive(&mut peer.sync).await;
        peer.reply(query.parameter, true, b"right").await;
    })
    .await;
    let mut thrown = 0;
    soon(async {
        while thrown < 16 + "nobody asked".len() {
            thrown += link.discard();
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!((thrown, link.stale_replies()), (28, 1));
    assert_eq!(link.discard(), 0);
    assert_eq!(ask(&mut link, b"FIRST?").await.unwrap(), b"right");
    server.await.unwrap();
}

#[tokio::test]
async fn a_reply_without_its_end_is_waited_for_and_cleared_away() {
    let (mut link, server) = against(0, async |mut peer| {
        let (first, _) = receive(&mut peer.sync).await;
        peer.reply(first.parameter, false, b"no end").await;
        assert_eq!(peer.clear().await, []);
        let (next, _) = receive(&mut peer.sync).await;
        assert_eq!((next.parameter, next.control), (FIRST_MESSAGE_ID, 0));
        peer.reply(next.parameter, true, b"right").await;
    })
    .await;
    link.send(b"FIRST?").await.unwrap();
    give_up(&mut link).await;
    assert_eq!(soon(link.clear()).await, Ok(Cleared::Done));
    assert_eq!(ask(&mut link, b"SECOND?").await.unwrap(), b"right");
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_would_overlap_is_asked_not_to() {
    let (mut link, server) = against(1, async |mut peer| {
        assert_eq!(peer.clear().await, []);
        let (query, _) = receive(&mut peer.sync).await;
        peer.reply(query.parameter, true, b"right").await;
    })
    .await;
    assert_eq!(ask(&mut link, b"FIRST?").await.unwrap(), b"right");
    server.await.unwrap();
}

#[tokio::test]
async fn messages_are_no_larger_than_the_server_takes() {
    let (mut link, server) = against(0, async |mut peer| {
        let mut sizes = Vec::new();
        loop {
            let (header, payload) = receive(&mut peer.sync).await;
            sizes.push(payload.len() + 16);
            if header.kind == MessageType::DATA_END {
                break;
            }
        }
        assert_eq!(sizes, [1024, 1024, 3000 - 2 * 1008 + 16]);
    })
    .await;
    link.send(&[b'x'; 3000]).await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_payload_beyond_belief_ends_the_connection() {
    let (mut link, _server) = against(0, async |mut peer| {
        let (query, _) = receive(&mut peer.sync).await;
        let header = Header::new(MessageType::DATA_END, 0, query.parameter);
        let bytes = header.followed_by(1 << 40).encode();
        peer.sync.write_all(&bytes).await.unwrap();
        peer.other.read_u8().await.ok();
    })
    .await;
    let (kind, text) = failure(ask(&mut link, b"FIRST?").await);
    assert_eq!(kind, ErrorKind::Reply);
    assert!(
        text.ends_with("announces 1099511627776 bytes of payload; at most 67112960 are accepted"),
        "{text}"
    );
    assert_eq!(failure(soon(link.clear()).await), (kind, text), "and stays so");
}

#[tokio::test]
async fn something_else_in_the_middle_ends_the_connection() {
    let (mut link, _server) = against(0, async |mut peer| {
        receive(&mut peer.sync).await;
        peer.sync.write_all(b"+1.234E0\n").await.unwrap();
        peer.other.read_u8().await.ok();
    })
    .await;
    let (kind, text) = failure(ask(&mut link, b"FIRST?").await);
    assert_eq!(kind, ErrorKind::Reply);
    assert!(
        text.contains("has the byte 2b where 48 53 (HS) should stand: this is not HiSLIP"),
        "{text}"
    );
}

#[tokio::test]
async fn a_server_that_closes_in_the_middle_of_a_frame_is_lost() {
    let (mut link, server) = against(0, async |mut peer| {
        let (query, _) = receive(&mut peer.sync).await;
        let header = Header::new(MessageType::DATA_END, 0, query.parameter);
        peer.sync.write_all(&header.followed_by(10).encode()).await.unwrap();
        peer.sync.write_all(b"half").await.unwrap();
    })
    .await;
    let (kind, text) = failure(ask(&mut link, b"FIRST?").await);
    assert_eq!(kind, ErrorKind::Lost);
    assert!(text.contains("hislip0 at 127.0.0.1:"), "{text}");
    assert!(text.ends_with("was lost: the other side closed it"), "{text}");
    let again = failure(soon(link.send(b"*CLS")).await);
    assert_eq!(again, (ErrorKind::Unreachable, text), "and stays so: nothing of this was sent");
    server.await.unwrap();
}

#[tokio::test]
async fn complaints_of_the_server_are_told() {
    let (mut link, _server) = against(0, async |mut peer| {
        receive(&mut peer.sync).await;
        say(&mut peer.sync, Header::new(MessageType::ERROR, 4, 0), b"64 kB").await;
        receive(&mut peer.sync).await;
        peer.sync.write_all(&Server::fatal(128, "overheated")).await.unwrap();
        peer.other.read_u8().await.ok();
    })
    .await;
    let (kind, text) = failure(ask(&mut link, b"FIRST?").await);
    assert_eq!(kind, ErrorKind::Reply);
    assert!(text.ends_with(&format!("ignored a message: {} (64 kB)", error_sentence(4))), "{text}");
    let (kind, text) = failure(ask(&mut link, b"SECOND?").await);
    assert_eq!(kind, ErrorKind::Lost);
    assert!(text.ends_with("an error of its maker's own (overheated)"), "{text}");
}

#[tokio::test]
async fn service_requests_do_not_come_between_a_question_and_its_answer() {
    let (mut link, server) = against(0, async |mut peer| {
        let request = Header::new(MessageType::ASYNC_SERVICE_REQUEST, 0x60, 0);
        say(&mut peer.other, request, b"").await;
        assert_eq!(receive(&mut peer.other).await.0.kind, MessageType::ASYNC_STATUS_QUERY);
        say(&mut peer.other, request, b"").await;
        say(&mut peer.other, Header::new(MessageType::ASYNC_STATUS_RESPONSE, 7, 0), b"").await;
        let (query, _) = receive(&mut peer.sync).await;
        peer.reply(query.parameter, true, b"right").await;
    })
    .await;
    assert_eq!(soon(link.status_byte()).await, Ok(Some(7)));
    link.send(b"FIRST?").await.unwrap();
    assert_eq!(read(&mut link).await.unwrap(), b"right");
    server.await.unwrap();
}

#[tokio::test]
async fn another_protocol_on_the_port_is_told_at_once() {
    let (listener, address) = listen().await;
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n").await.unwrap();
        stream.read_u8().await.ok();
    });
    let outcome = Hislip::connect("127.0.0.1", address.port(), "hislip0", LIMIT).await;
    let (kind, text) = failure(outcome);
    assert_eq!(kind, ErrorKind::Unreachable);
    assert!(text.contains("this is not HiSLIP"), "{text}");
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for_longer_than_wanted() {
    let (_listener, address) = listen().await;
    let outcome = Hislip::connect("127.0.0.1", address.port(), "hislip0", MOMENT).await;
    let (kind, text) = failure(outcome);
    assert_eq!(kind, ErrorKind::Unreachable);
    assert!(text.ends_with("accepts connections but did not open one in 100ms"), "{text}");
}
