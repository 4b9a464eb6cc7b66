//! What must hold of every reply and block that an instrument may send.

use station_wire::scpi::{
    BlockError, ErrorEntry, Progress, ReplyReader, block, boolean, check_message, check_parameter,
    encode_block, fields, integer, is_query, number, parts, queries, quote, strip_header,
    take_block, units, unquote,
};

const LIMIT: usize = 4096;

/// What the reader makes of `data`, shown in pieces that end there.
fn read(data: &[u8], ends: impl Iterator<Item = usize>) -> Option<Result<(usize, usize), String>> {
    let mut reader = ReplyReader::new(b'\n', LIMIT);
    for end in ends {
        let shown = data.get(..end).unwrap_or_default();
        match reader.advance(shown) {
            Ok(Progress::More(missing)) => {
                assert!(missing > 0 && missing <= LIMIT + 1, "{missing} more");
            }
            Ok(Progress::LineEnd) => assert!(shown.contains(&b'#')),
            Ok(Progress::Done { length, next }) => {
                assert!(length < next && next <= end);
                assert_eq!(shown.get(next - 1), Some(&b'\n'));
                return Some(Ok((length, next)));
            }
            Err(error) => return Some(Err(error.to_string())),
        }
    }
    None
}

/// A reply ends at the same place however it comes in; text that is no number, entry or list is
/// refused, and what may be pasted into a message adds no command to it.
pub fn reply(data: &[u8]) {
    let at_once = read(data, std::iter::once(data.len()));
    assert_eq!(read(data, 0..=data.len()), at_once, "it depends on how it comes");
    let halves = [data.len() / 2, data.len()].into_iter();
    assert_eq!(read(data, halves), at_once, "it depends on how it comes");

    let text = String::from_utf8_lossy(data);
    for part in parts(&text) {
        for field in fields(part) {
            if let Ok(Some(value)) = number(field) {
                assert!(value.abs() < 9.9e37, "{field:?} is no datum");
            }
            if integer(field).is_ok() {
                assert!(number(field).is_ok() && boolean(field).is_ok(), "{field:?}");
            }
        }
    }
    assert!(unquote(strip_header(&text)).len() <= text.len());
    if let Ok(entry) = ErrorEntry::parse(&text) {
        let again = ErrorEntry::parse(&entry.to_string()).map(|entry| entry.code);
        assert_eq!(again, Ok(entry.code), "{entry}");
    }
    assert_eq!(is_query(&text), queries(&text) > 0);
    if check_parameter(&text).is_ok() {
        let message = format!("A {text}");
        assert!(check_message(&message).is_ok() && !is_query(&message), "{message:?}");
        assert_eq!(units(&message).count(), 1, "{message:?}");
    }
    if let Ok(quoted) = quote(&text) {
        let message = format!("A {quoted};B");
        assert!(check_message(&message).is_ok() && !is_query(&message), "{message:?}");
        assert_eq!(units(&message).count(), 2, "{message:?}");
        assert_eq!(unquote(&quoted), text);
    }
}

/// Bytes are one block or a reason why not; what is written as a block is read as it was.
pub fn blocks(data: &[u8]) {
    match (block(data), take_block(data.to_vec())) {
        (Ok(seen), Ok(taken)) => {
            assert_eq!(seen, taken);
            assert!(seen.len() + 2 <= data.len());
        }
        (Err(BlockError::Short { have, want }), Err(_)) => assert!(have < want),
        (Err(seen), Err(taken)) => assert_eq!(seen, taken),
        (seen, taken) => assert_eq!(seen.map(<[u8]>::to_vec), taken, "they must agree"),
    }
    let Some(mut encoded) = encode_block(data) else { return };
    assert_eq!(block(&encoded), Ok(data));
    let length = encoded.len();
    encoded.push(b'\n');
    let expected = (length <= LIMIT).then_some((length, length + 1));
    let found = read(&encoded, std::iter::once(encoded.len())).and_then(Result::ok);
    assert_eq!(found, expected);
}
