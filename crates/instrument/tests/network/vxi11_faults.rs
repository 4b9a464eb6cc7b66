//! VXI-11: our client against servers that go wrong, scripted call by call.

use station_instrument::ErrorKind;
use station_instrument::transport::vxi11::Vxi11;
use station_instrument::transport::{Cleared, Transport as _};
use station_wire::vxi11::{
    Call, DeviceError, Generic, LONGEST_RECORD, Link, ReadReply, Reason, Reply, Write, mark,
    procedure, record,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::bench::{LIMIT, MOMENT, ask, failure, give_up, listen, read, soon};

/// The server's end of a connection with a link.
struct Peer(TcpStream, Vec<u8>);

impl Peer {
    /// Receives a call: its number and procedure.
    async fn called(&mut self) -> (u32, u32) {
        loop {
            if let Some((body, used)) = record(&self.1, LONGEST_RECORD).unwrap() {
                self.1.drain(..used);
                let call = Call::decode(&body).unwrap();
                return (call.xid, call.procedure);
            }
            assert!(self.0.read_buf(&mut self.1).await.unwrap() > 0, "the client left");
        }
    }

    async fn answer(&mut self, xid: u32, results: &[u8]) {
        let reply = Reply { xid, outcome: Ok(results) };
        self.0.write_all(&mark(&reply.encode())).await.unwrap();
    }

    /// Receives a call of that procedure and answers it.
    async fn expect(&mut self, wanted: u32, results: &[u8]) {
        let (xid, found) = self.called().await;
        assert_eq!(found, wanted);
        self.answer(xid, results).await;
    }

    async fn read(&mut self, reason: Reason, data: &[u8]) {
        let reply = ReadReply { error: None, reason, data }.encode();
        self.expect(procedure::DEVICE_READ, &reply).await;
    }

    async fn write(&mut self, taken: u32) {
        self.expect(procedure::DEVICE_WRITE, &Write::encode_taken(Ok(taken))).await;
    }
}

/// A client and what a scripted server does after its link is open. There is no abort channel.
async fn against<F: Future<Output = ()> + Send + 'static>(
    script: impl FnOnce(Peer) -> F + Send + 'static,
) -> (Vxi11, JoinHandle<()>) {
    let (listener, address) = listen().await;
    let server = tokio::spawn(async move {
        let mut peer = Peer(listener.accept().await.unwrap().0, Vec::new());
        drop(listener);
        let link = Link { link: 7, abort_port: address.port(), most: 1024 };
        peer.expect(procedure::CREATE_LINK, &Link::encode(Ok(link))).await;
        script(peer).await;
    });
    let port = Some(address.port());
    (Vxi11::connect("127.0.0.1", port, "inst0", LIMIT).await.unwrap(), server)
}

#[tokio::test]
async fn a_message_is_cut_as_the_server_takes_it() {
    let (mut link, server) = against(async |mut peer| {
        peer.write(1024).await;
        peer.write(100).await;
        peer.write(376).await;
    })
    .await;
    soon(link.send(&[b'x'; 1500])).await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_takes_nothing_is_an_error() {
    let (mut link, _server) = against(async |mut peer| peer.write(0).await).await;
    let (kind, text) = failure(soon(link.send(b"*IDN?")).await);
    assert_eq!(kind, ErrorKind::Reply);
    assert!(text.ends_with("0 of 5 bytes written"), "{text}");
}

#[tokio::test]
async fn reading_goes_on_until_the_end() {
    let (mut link, server) = against(async |mut peer| {
        peer.write(5).await;
        let late = ReadReply { error: Some(DeviceError::IO_TIMEOUT), reason: Reason(0), data: b"" };
        peer.expect(procedure::DEVICE_READ, &late.encode()).await;
        let part = ReadReply { data: b"one,", ..late };
        peer.expect(procedure::DEVICE_READ, &part.encode()).await;
        peer.read(Reason::COUNT, b"two,").await;
        peer.read(Reason::CHARACTER, b"three\n").await;
        peer.read(Reason::END, b"four\n").await;
    })
    .await;
    assert_eq!(ask(&mut link, b"*IDN?").await.unwrap(), b"one,two,three\nfour\n");
    server.await.unwrap();
}

#[tokio::test]
async fn a_reply_without_its_end_is_waited_for_and_cleared_away() {
    let (mut link, server) = against(async |mut peer| {
        peer.write(5).await;
        peer.read(Reason(0), b"no end").await;
        let (xid, found) = peer.called().await;
        assert_eq!(found, procedure::DEVICE_READ);
        // Only when the client has given up, which it says nowhere: its next call comes after this.
        tokio::time::sleep(2 * MOMENT).await;
        let old = ReadReply { error: None, reason: Reason::END, data: b"late" };
        peer.answer(xid, &old.encode()).await;
        peer.expect(procedure::DEVICE_CLEAR, &Generic::encode_done(Ok(()))).await;
        peer.write(5).await;
        peer.read(Reason::END, b"right").await;
    })
    .await;
    link.send(b"*IDN?").await.unwrap();
    give_up(&mut link).await;
    assert_eq!(soon(link.clear()).await, Ok(Cleared::Done));
    assert_eq!(ask(&mut link, b"*IDN?").await.unwrap(), b"right");
    server.await.unwrap();
}

#[tokio::test]
async fn an_answer_to_another_call_is_skipped() {
    let (mut link, server) = against(async |mut peer| {
        let (xid, _) = peer.called().await;
        peer.answer(xid.wrapping_sub(1), &Write::encode_taken(Err(DeviceError::ABORT))).await;
        peer.answer(xid, &Write::encode_taken(Ok(5))).await;
    })
    .await;
    soon(link.send(b"*IDN?")).await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_has_no_device_clear_says_so() {
    let (mut link, _server) = against(async |mut peer| {
        let none = Generic::encode_done(Err(DeviceError::NOT_SUPPORTED));
        peer.expect(procedure::DEVICE_CLEAR, &none).await;
        let none = Generic::encode_status(Err(DeviceError::NOT_SUPPORTED));
        peer.expect(procedure::DEVICE_READSTB, &none).await;
    })
    .await;
    assert_eq!(soon(link.clear()).await, Ok(Cleared::Unsupported));
    assert_eq!(soon(link.status_byte()).await, Ok(None));
}

#[tokio::test]
async fn a_read_of_nothing_at_all_does_not_go_round_for_ever() {
    let (mut link, _server) = against(async |mut peer| peer.read(Reason(0), b"").await).await;
    let (kind, text) = failure(read(&mut link).await);
    assert_eq!(kind, ErrorKind::Reply);
    assert!(text.ends_with("neither data nor the end of a reply"), "{text}");
}

#[tokio::test]
async fn a_record_beyond_belief_is_an_error() {
    let (mut link, _server) = against(async |mut peer| {
        peer.called().await;
        peer.0.write_all(&[0xff; 4]).await.unwrap();
        peer.0.read_u8().await.ok();
    })
    .await;
    let (kind, text) = failure(read(&mut link).await);
    assert_eq!(kind, ErrorKind::Reply);
    assert!(text.contains("2147483647 bytes is announced; at most"), "{text}");
}

#[tokio::test]
async fn something_else_in_the_middle_is_an_error() {
    let (mut link, _server) = against(async |mut peer| {
        peer.called().await;
        peer.0.write_all(&mark(b"+1.234E0\n")).await.unwrap();
        peer.0.read_u8().await.ok();
    })
    .await;
    let (kind, text) = failure(read(&mut link).await);
    assert_eq!(kind, ErrorKind::Reply);
    assert!(text.ends_with("what came is not an answer of ONC RPC"), "{text}");
}

#[tokio::test]
async fn a_server_that_closes_in_the_middle_of_a_record_is_lost() {
    let (mut link, server) = against(async |mut peer| {
        let (xid, _) = peer.called().await;
        let data = ReadReply { error: None, reason: Reason::END, data: b"half" }.encode();
        let bytes = mark(&Reply { xid, outcome: Ok(&data) }.encode());
        peer.0.write_all(&bytes[..bytes.len() - 3]).await.unwrap();
    })
    .await;
    let (kind, text) = failure(read(&mut link).await);
    assert_eq!(kind, ErrorKind::Lost);
    assert!(text.ends_with("was lost: the other side closed it"), "{text}");
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
    let outcome = Vxi11::connect("127.0.0.1", Some(address.port()), "inst0", LIMIT).await;
    let (kind, text) = failure(outcome);
    assert_eq!(kind, ErrorKind::Unreachable);
    assert!(text.contains("cannot be opened: a record of at least"), "{text}");
    server.await.unwrap();
}
