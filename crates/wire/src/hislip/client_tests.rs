//! The client against the server, and against what no server should say; all without I/O.

use proptest::prelude::*;

use super::super::server::{Asked, FromClient, Server};
use super::*;

/// Both sides, and the bytes between them.
struct Pair {
    client: Client,
    server: Server,
    to_client: Vec<u8>,
    async_to_client: Vec<u8>,
}

impl Pair {
    fn new(size: u64) -> Self {
        let mut server = Server::new(1);
        let header = Header::new(MessageType::ASYNC_MAXIMUM_MESSAGE_SIZE, 0, 0);
        assert_eq!(server.asked(&header, &size.to_be_bytes(), &mut Vec::new()), Asked::Nothing);
        let (to_client, async_to_client) = (Vec::new(), Vec::new());
        Self { client: Client::new(size), server, to_client, async_to_client }
    }

    /// Sends a message; what the server makes of it.
    fn send(&mut self, mut message: &[u8]) -> Vec<FromClient> {
        let mut bytes = Vec::new();
        loop {
            self.client.frame(&mut message, &mut bytes);
            if message.is_empty() {
                break;
            }
        }
        self.serve(&bytes)
    }

    fn serve(&mut self, mut bytes: &[u8]) -> Vec<FromClient> {
        let mut found = Vec::new();
        let (out, other) = (&mut self.to_client, &mut self.async_to_client);
        while let Some(one) = self.server.read(&mut bytes, out, other).unwrap() {
            found.push(one);
        }
        assert!(bytes.is_empty() || bytes.len() < HEADER_LENGTH);
        found
    }

    fn reply(&mut self, reply: &[u8]) {
        self.server.reply(reply.to_vec());
        while self.server.frame(&mut self.to_client) {}
    }

    /// What the client reads, cut into pieces of so many bytes: the reply and whether it ended.
    fn receive(&mut self, cut: usize) -> (Vec<u8>, bool) {
        let bytes = std::mem::take(&mut self.to_client);
        let (mut reply, mut ended, mut buffer) = (Vec::new(), false, Vec::new());
        for chunk in bytes.chunks(cut) {
            buffer.extend_from_slice(chunk);
            let mut rest = buffer.as_slice();
            while let Some(event) = self.client.read(&mut rest).unwrap() {
                if let Event::Reply { bytes, end } = event {
                    assert!(!ended, "goes on after its end");
                    reply.extend_from_slice(bytes);
                    ended = end;
                }
            }
            buffer = rest.to_vec();
        }
        (reply, ended)
    }

    fn status(&mut self) -> u8 {
        let query = Header::decode(&self.client.status_query()).unwrap().unwrap();
        assert_eq!(self.server.asked(&query, &[], &mut Vec::new()), Asked::Status);
        let mut out = Vec::new();
        self.server.status(0x40, &mut out);
        let answer = Header::decode(&out).unwrap().unwrap();
        assert_eq!(answer.kind, MessageType::ASYNC_STATUS_RESPONSE);
        answer.control
    }
}

#[test]
fn ids_begin_at_the_end_and_go_in_twos() {
    let mut client = Client::new(MESSAGE_SIZE);
    let ids: Vec<u32> = (0..130)
        .map(|_| {
            let mut out = Vec::new();
            client.frame(&mut &b"x"[..], &mut out);
            Header::decode(&out).unwrap().unwrap().parameter
        })
        .collect();
    assert_eq!(&ids[..2], &[0xffff_ff00, 0xffff_ff02]);
    assert_eq!(&ids[127..], &[0xffff_fffe, 0, 2]);
}

#[test]
fn a_delivered_reply_is_told_with_the_next_message() {
    let mut pair = Pair::new(MESSAGE_SIZE);
    pair.send(b"*IDN?");
    assert_eq!(pair.status(), 0x40, "no reply yet");
    pair.reply(b"ACME");
    assert_eq!(pair.status(), 0x50, "a message is available");
    assert_eq!(pair.receive(99), (b"ACME".to_vec(), true));
    assert_eq!(pair.status(), 0x40, "and was delivered");
    pair.send(b"*CLS");
    assert_eq!(pair.to_client, b"", "so the next message interrupts nothing");
}

#[test]
fn a_reply_that_nobody_read_does_not_answer_the_next_query() {
    let mut pair = Pair::new(MESSAGE_SIZE);
    pair.send(b"FIRST?");
    pair.reply(b"stale");
    assert_eq!(pair.send(b"SECOND?"), [FromClient::Message(b"SECOND?".to_vec())]);
    pair.reply(b"right");
    assert_eq!(pair.receive(5), (b"right".to_vec(), true));
    assert_eq!(pair.client.stale(), 1);
    let header = Header::decode(&pair.async_to_client).unwrap().unwrap();
    assert_eq!((header.kind, header.parameter), (MessageType::ASYNC_INTERRUPTED, 0xffff_ff02));
}

#[test]
fn the_rest_of_a_reply_half_read_does_not_answer_the_next_query() {
    let mut pair = Pair::new(MESSAGE_SIZE);
    pair.send(b"FIRST?");
    pair.reply(b"half and half");
    let bytes = std::mem::take(&mut pair.to_client);
    let (half, other) = bytes.split_at(20);
    let event = pair.client.read(&mut &half[..]).unwrap();
    assert_eq!(event, Some(Event::Reply { bytes: b"half", end: false }));
    pair.send(b"SECOND?");
    pair.reply(b"right");
    pair.to_client = [other, &pair.to_client].concat();
    assert_eq!(pair.receive(7), (b"right".to_vec(), true));
}

#[test]
fn a_device_clear_brings_both_sides_in_step() {
    let mut pair = Pair::new(MESSAGE_SIZE);
    pair.send(b"FIRST?");
    pair.reply(b"stale");
    let clear = Header::decode(&pair.client.device_clear()).unwrap().unwrap();
    let mut out = Vec::new();
    assert_eq!(pair.server.asked(&clear, &[], &mut out), Asked::Clear);
    let answer = Header::decode(&out).unwrap().unwrap();
    assert_eq!(answer.kind, MessageType::ASYNC_DEVICE_CLEAR_ACKNOWLEDGE);
    assert_eq!(pair.serve(&Header::new(MessageType::DATA_END, 0, 4).encode()), []);
    assert_eq!(pair.receive(3), (b"".to_vec(), false), "skipped");
    let complete = pair.client.device_clear_complete();
    assert_eq!(pair.serve(&complete), []);
    assert!(pair.client.is_clearing());
    let mut bytes = std::mem::take(&mut pair.to_client);
    assert_eq!(pair.client.read(&mut bytes.as_slice()), Ok(Some(Event::Cleared)));
    assert!(!pair.client.is_clearing());
    bytes.clear();
    assert_eq!(pair.send(b"NEXT?"), [FromClient::Message(b"NEXT?".to_vec())]);
    pair.reply(b"right");
    assert_eq!(pair.to_client[4..8], FIRST_MESSAGE_ID.to_be_bytes(), "ids begin anew");
    assert_eq!(pair.receive(3), (b"right".to_vec(), true));
}

#[test]
fn a_device_clear_begun_twice_ends_with_the_second() {
    let mut client = Client::new(MESSAGE_SIZE);
    client.device_clear();
    client.device_clear_complete();
    client.device_clear();
    client.device_clear_complete();
    let acknowledge = Header::new(MessageType::DEVICE_CLEAR_ACKNOWLEDGE, 0, 0).encode();
    assert_eq!(client.read(&mut &acknowledge[..]), Ok(None));
    assert_eq!(client.read(&mut &acknowledge[..]), Ok(Some(Event::Cleared)));
}

#[test]
fn complaints_are_told_with_their_code_and_text() {
    let mut client = Client::new(MESSAGE_SIZE);
    let mut out = Vec::new();
    Header::new(MessageType::ERROR, 4, 0).write(b"64 kB at most", &mut out);
    let fault = client.read(&mut out.as_slice()).unwrap_err();
    assert!(!fault.is_final());
    assert_eq!(
        fault.to_string(),
        "the server ignored a message: the message is too large (64 kB at most)"
    );
    let fatal = Server::fatal(1, "");
    let fault = client.read(&mut fatal.as_slice()).unwrap_err();
    assert!(fault.is_final());
    assert_eq!(
        fault.to_string(),
        "the server gave the connection up: a message header is malformed"
    );
}

#[test]
fn an_unknown_message_is_refused_and_the_next_one_served() {
    let mut pair = Pair::new(MESSAGE_SIZE);
    let mut bytes = Vec::new();
    Header::new(MessageType(77), 0, 0).write(b"what?", &mut bytes);
    assert_eq!(pair.serve(&bytes), []);
    let fault = pair.client.read(&mut pair.to_client.as_slice()).unwrap_err();
    assert!(fault.to_string().contains("does not know this type"), "{fault}");
    pair.to_client.clear();
    assert_eq!(pair.send(b"*CLS").len(), 1);
}

proptest! {
    #[test]
    fn messages_and_replies_arrive_whole_at_any_size(
        turns in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..300), prop::collection::vec(any::<u8>(), 0..300)), 1..6),
        size in 17u64..200,
        cut in 1usize..100,
    ) {
        let mut pair = Pair::new(size);
        for (message, reply) in turns {
            prop_assert_eq!(pair.send(&message), [FromClient::Message(message)]);
            pair.reply(&reply);
            prop_assert_eq!(pair.receive(cut), (reply, true));
        }
        prop_assert_eq!(pair.client.stale(), 0);
    }

    #[test]
    fn a_client_takes_anything_without_a_panic(
        frames in prop::collection::vec((0u8..30, any::<u8>(), 0u32..6, 0u64..9), 0..20),
        tail: Vec<u8>,
    ) {
        let mut bytes = Vec::new();
        for (kind, control, id, length) in frames {
            let header = Header::new(MessageType(kind), control, FIRST_MESSAGE_ID + id);
            header.write(&vec![b'x'; usize::try_from(length).unwrap()], &mut bytes);
        }
        bytes.extend(tail);
        let mut client = Client::new(MESSAGE_SIZE);
        client.frame(&mut &b"?"[..], &mut Vec::new());
        let mut rest = bytes.as_slice();
        let mut total = 0;
        loop {
            match client.read(&mut rest) {
                Ok(Some(Event::Reply { bytes, .. })) => total += bytes.len(),
                Ok(Some(Event::Cleared)) => {}
                Ok(None) => break,
                Err(fault) if fault.is_final() => break,
                Err(_) => {}
            }
        }
        prop_assert!(total <= bytes.len());
    }
}
