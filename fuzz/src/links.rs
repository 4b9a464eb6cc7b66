//! What must hold for every input on the links to instruments. `crates/station/tests/corpora.rs` includes
//! this file too, so it uses nothing of cargo-fuzz.

use station_wire::hislip::{self, AsyncOpened, Client, Event, Header, Opened, Server};
use station_wire::vxi11::{
    Call, CreateLink, Generic, GetPort, LONGEST_RECORD, Link, Lock, Read, ReadReply, Reply, Write,
    record,
};

/// Bytes on a HiSLIP channel mean the same to both sides however they are cut; headers are written as
/// they were read; no more comes out than went in.
pub fn hislip_frames(data: &[u8]) {
    // The first byte says how the rest is cut.
    let Some((cut, data)) = data.split_first() else { return };
    let cut = usize::from(*cut).max(1);
    let at_once = client(data, data.len().max(1));
    assert_eq!(at_once, client(data, cut), "cut into pieces of {cut}");
    assert!(at_once.0.len() <= data.len());
    assert_eq!(server(data, data.len().max(1)), server(data, cut), "cut into pieces of {cut}");
    if let Ok(Some(header)) = Header::decode(data) {
        assert!(data.starts_with(&header.encode()));
    }
    if let Ok(Some(found)) = hislip::whole(data, 1000) {
        let mut out = Vec::new();
        found.header.write(found.payload, &mut out);
        assert_eq!(data.get(..found.used), Some(out.as_slice()));
    }
    let answers = [
        Opened::read(data).map(drop),
        AsyncOpened::read(data).map(drop),
        AsyncOpened::read_max_message_size(data).map(drop),
    ];
    for error in answers.into_iter().filter_map(Result::err) {
        shown(&error.to_string());
    }
}

/// What a client that has asked something reads: replies, how many ended, device clears, complaints.
fn client(data: &[u8], cut: usize) -> (Vec<u8>, usize, usize, Vec<String>) {
    let mut client = Client::new(100);
    client.frame(&mut b"*IDN?".as_slice(), &mut Vec::new());
    // A device clear too, where the data say so.
    if data.len() % 2 == 1 {
        client.device_clear();
        client.device_clear_complete();
    }
    let (mut reply, mut ends, mut clears, mut complaints) = (Vec::new(), 0, 0, Vec::new());
    let mut buffer = Vec::new();
    for chunk in data.chunks(cut) {
        buffer.extend_from_slice(chunk);
        let mut rest = buffer.as_slice();
        loop {
            match client.read(&mut rest) {
                Ok(Some(Event::Reply { bytes, end })) => {
                    reply.extend_from_slice(bytes);
                    ends += usize::from(end);
                }
                Ok(Some(Event::Cleared)) => {
                    clears += 1;
                    client.frame(&mut b"*IDN?".as_slice(), &mut Vec::new());
                }
                Ok(None) => break,
                Err(fault) => {
                    let text = fault.to_string();
                    shown(&text);
                    complaints.push(text);
                    if fault.is_final() {
                        return (reply, ends, clears, complaints);
                    }
                }
            }
        }
        buffer = rest.to_vec();
    }
    (reply, ends, clears, complaints)
}

/// What a server makes of it, and what it says itself.
fn server(data: &[u8], cut: usize) -> (Vec<String>, Vec<u8>, Vec<u8>) {
    let mut server = Server::new(1);
    let (mut wanted, mut out, mut other) = (Vec::new(), Vec::new(), Vec::new());
    if let Ok(Some(found)) = hislip::whole(data, 1000) {
        wanted.push(format!("{:?}", server.asked(&found.header, found.payload, &mut other)));
    }
    let mut buffer = Vec::new();
    for chunk in data.chunks(cut) {
        buffer.extend_from_slice(chunk);
        let mut rest = buffer.as_slice();
        loop {
            match server.read(&mut rest, &mut out, &mut other) {
                Ok(Some(one)) => {
                    wanted.push(format!("{one:?}"));
                    server.reply(b"ACME".to_vec());
                    while server.frame(&mut out) {}
                }
                Ok(None) => break,
                Err(malformed) => {
                    wanted.push(malformed.to_string());
                    return (wanted, out, other);
                }
            }
        }
        buffer = rest.to_vec();
    }
    (wanted, out, other)
}

/// A sentence may be shown to people.
fn shown(sentence: &str) {
    assert!(!sentence.is_empty() && sentence.chars().all(|c| !c.is_control()), "{sentence:?}");
}

/// Bytes of a VXI-11 connection are records or not, whole or not; calls and answers within them are
/// read without a panic, and written as they were read.
pub fn vxi11_records(data: &[u8]) {
    let mut rest = data;
    while let Ok(Some((body, used))) = record(rest, LONGEST_RECORD) {
        assert!(used > 0 && body.len() + 4 <= used && used <= rest.len());
        let (whole, after) = rest.split_at(used);
        if let Some((_, cut)) = whole.split_last() {
            assert_eq!(record(cut, LONGEST_RECORD), Ok(None), "whole without its last byte");
        }
        call(&body);
        answer(&body);
        rest = after;
    }
}

fn call(body: &[u8]) {
    let Some(call) = Call::decode(body) else { return };
    let bytes = call.encode();
    assert_eq!(Call::decode(&bytes), Some(call));
    assert!(body.ends_with(call.arguments));
    let arguments = call.arguments;
    if let Some(read) = CreateLink::decode(arguments) {
        assert_eq!(CreateLink::decode(&read.encode()), Some(read));
    }
    if let Some(read) = Write::decode(arguments) {
        assert_eq!(Write::decode(&read.encode()), Some(read));
    }
    if let Some(read) = Read::decode(arguments) {
        assert_eq!(Read::decode(&read.encode()), Some(read));
    }
    if let Some(read) = Generic::decode(arguments) {
        assert_eq!(Generic::decode(&read.encode()), Some(read));
    }
    if let Some(read) = Lock::decode(arguments) {
        assert_eq!(Lock::decode(&read.encode()), Some(read));
    }
    if let Some(read) = GetPort::decode(arguments) {
        assert_eq!(GetPort::decode(&read.encode()), Some(read));
    }
}

fn answer(body: &[u8]) {
    let Some(reply) = Reply::decode(body) else { return };
    assert_eq!(Reply::decode(&reply.encode()), Some(reply));
    let results = match reply.outcome {
        Ok(results) => results,
        Err(why) => return shown(&why.to_string()),
    };
    if let Some(read) = ReadReply::decode(results) {
        assert_eq!(ReadReply::decode(&read.encode()), Some(read));
        read.error.iter().for_each(|error| shown(&error.to_string()));
    }
    for error in [
        Link::decode(results).map(|outcome| outcome.map(drop)),
        Write::decode_taken(results).map(|outcome| outcome.map(drop)),
        Generic::decode_status(results).map(|outcome| outcome.map(drop)),
        Generic::decode_done(results),
    ] {
        if let Some(Err(error)) = error {
            shown(&error.to_string());
        }
    }
    assert_ne!(GetPort::decode_port(results), Some(Some(0)));
}
