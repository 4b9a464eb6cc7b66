//! Tests of the HTTP reader: what it takes, what it refuses, and that nothing makes it panic.

use std::io::{BufRead, BufReader};

use proptest::prelude::*;

use super::{Body, read_answer, read_head, request};

fn answer(bytes: &[u8]) -> std::io::Result<(u16, Vec<u8>, bool)> {
    // A tiny buffer, so that every boundary is met.
    let mut reader = BufReader::with_capacity(3, bytes);
    read_answer(&mut reader).map(|(answer, close)| (answer.status, answer.body, close))
}

#[test]
fn bodies_are_read_by_length_chunks_and_close() {
    let sized = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more";
    assert_eq!(answer(sized).unwrap(), (200, b"hello".to_vec(), false));
    let chunked =
        b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n\
        2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\nTrailer: x\r\n\r\n";
    assert_eq!(answer(chunked).unwrap(), (404, b"hello".to_vec(), false));
    let closed = b"HTTP/1.0 200 OK\r\n\r\nhello";
    assert_eq!(answer(closed).unwrap(), (200, b"hello".to_vec(), true));
    let interim =
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    assert_eq!(answer(interim).unwrap(), (204, Vec::new(), true));
}

#[test]
fn what_is_not_an_answer_is_refused() {
    for bad in [
        "",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 999 x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff0\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ] {
        assert!(answer(bad.as_bytes()).is_err(), "{bad:?}");
    }
    let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(100_000));
    assert!(answer(endless.as_bytes()).is_err());
}

#[test]
fn requests_are_whole() {
    let body = serde_json::json!({"a": 1});
    let bytes = request("POST", "localhost", "/x", Some("t"), Some(&body)).unwrap();
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        "POST /x HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\nauthorization: Bearer t\r\n\
         content-type: application/json\r\ncontent-length: 7\r\n\r\n{\"a\":1}"
    );
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        answer(&bytes).ok();
    }

    #[test]
    fn arbitrary_bodies_never_panic(
        head in prop_oneof!["content-length: [0-9]{1,20}", "transfer-encoding: chunked", "x: y"],
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            "([0-9a-f]{0,3}\r?\n?){0,20}".prop_map(String::into_bytes),
        ],
    ) {
        let mut bytes = format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").into_bytes();
        bytes.extend(body);
        answer(&bytes).ok();
    }

    #[test]
    fn chunks_are_joined(chunks in proptest::collection::vec("[a-z\r\n]{1,20}", 0..10)) {
        let mut bytes = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        for chunk in &chunks {
            bytes.extend(format!("{:X}\r\n{chunk}\r\n", chunk.len()).into_bytes());
        }
        bytes.extend(b"0\r\n\r\nrest");
        let mut reader = BufReader::with_capacity(2, &bytes[..]);
        let head = read_head(&mut reader).unwrap();
        let mut text = String::new();
        let mut body = Body { reader: &mut reader, framing: head.framing };
        while body.read_line(&mut text).unwrap() > 0 {}
        prop_assert_eq!(text, chunks.concat());
    }
}
