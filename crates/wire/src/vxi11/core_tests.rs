//! Arguments and results are read back as they were written.

use proptest::prelude::*;

use super::super::GetPort;
use super::*;

#[test]
fn errors_are_told_in_sentences() {
    let reply = Generic::encode_done(Err(DeviceError::LOCKED));
    let error = Generic::decode_done(&reply).unwrap().unwrap_err();
    let read = ReadReply { error: Some(error), reason: Reason(0), data: b"" };
    assert_eq!(ReadReply::decode(&reply), Some(read), "the rest may be missing");
    assert_eq!(error.to_string(), "another client has locked it (error 11)");
    assert_eq!(DeviceError(99).to_string(), "it reports error 99, which VXI-11 does not have");
}

#[test]
fn a_read_asks_for_a_termination_character_by_its_flag() {
    let read =
        Read { link: 1, most: 2, io_timeout: 3, lock_timeout: 4, flags: 0, term_char: Some(b'\n') };
    let words = [1_u32, 2, 3, 4, 128, 10];
    let wanted: Vec<u8> = words.iter().flat_map(|n| n.to_be_bytes()).collect();
    assert_eq!(read.encode(), wanted);
    assert_eq!(Read::decode(&wanted), Some(read));
}

proptest! {
    #[test]
    fn arguments_are_read_back(link: i32, a: u32, b: u32, c: u32, truth: bool, data: Vec<u8>, byte: Option<u8>) {
        let create = CreateLink { client: link, lock: truth, lock_timeout: a, device: data.clone() };
        prop_assert_eq!(CreateLink::decode(&create.encode()), Some(create));
        let write = Write { link, io_timeout: a, lock_timeout: b, flags: c, data: &data };
        let bytes = write.encode();
        prop_assert_eq!(Write::decode(&bytes), Some(write));
        let flags = c & !flags::TERM_CHAR;
        let read = Read { link, most: a, io_timeout: b, lock_timeout: c, flags, term_char: byte };
        prop_assert_eq!(Read::decode(&read.encode()), Some(read));
        let generic = Generic { link, flags: a, lock_timeout: b, io_timeout: c };
        prop_assert_eq!(Generic::decode(&generic.encode()), Some(generic));
        let lock = Lock { link, flags: a, lock_timeout: b };
        prop_assert_eq!(Lock::decode(&lock.encode()), Some(lock));
        prop_assert_eq!(Lock::decode_link(&Lock::encode_link(link)), Some(link));
        let port = GetPort { program: (a, b), protocol: c };
        prop_assert_eq!(GetPort::decode(&port.encode()), Some(port));
    }

    #[test]
    fn results_are_read_back(link: i32, port: u16, number: u32, byte: u8, error in 1u32.., data: Vec<u8>) {
        let error = DeviceError(error);
        for outcome in [Ok(Link { link, abort_port: port, most: number }), Err(error)] {
            prop_assert_eq!(Link::decode(&Link::encode(outcome)), Some(outcome));
        }
        for error in [None, Some(error)] {
            let read = ReadReply { error, reason: Reason(number), data: &data };
            let bytes = read.encode();
            prop_assert_eq!(ReadReply::decode(&bytes), Some(read));
        }
        for outcome in [Ok(number), Err(error)] {
            prop_assert_eq!(Write::decode_taken(&Write::encode_taken(outcome)), Some(outcome));
        }
        for outcome in [Ok(byte), Err(error)] {
            prop_assert_eq!(Generic::decode_status(&Generic::encode_status(outcome)), Some(outcome));
        }
        for outcome in [Ok(()), Err(error)] {
            prop_assert_eq!(Generic::decode_done(&Generic::encode_done(outcome)), Some(outcome));
        }
        prop_assert_eq!(GetPort::decode_port(&GetPort::encode_port(port)), Some((port != 0).then_some(port)));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
        std::hint::black_box((Link::decode(&bytes), Write::decode_taken(&bytes), Read::decode(&bytes)));
        std::hint::black_box((Generic::decode(&bytes), Generic::decode_status(&bytes), Lock::decode(&bytes)));
        std::hint::black_box((GetPort::decode(&bytes), GetPort::decode_port(&bytes)));
        if let Some(create) = CreateLink::decode(&bytes) {
            prop_assert!(create.device.len() <= bytes.len());
        }
        if let Some(write) = Write::decode(&bytes) {
            prop_assert!(write.data.len() <= bytes.len());
        }
        if let Some(reply) = ReadReply::decode(&bytes) {
            prop_assert!(reply.data.len() <= bytes.len());
        }
    }
}
