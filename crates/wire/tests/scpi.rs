//! What holds of SCPI text and blocks whatever they are.

use proptest::collection::vec;
use proptest::prelude::*;
use station_wire::scpi::{
    ErrorEntry, Progress, ReplyReader, block, boolean, check_message, check_parameter,
    encode_block, fields, integer, is_query, number, parts, queries, quote, strip_header,
    take_block, units, unquote,
};

/// Bytes as instruments and faults make them: much of what has a meaning.
fn reply() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"#".to_vec()),
        Just(b"#15".to_vec()),
        Just(b"#0".to_vec()),
        Just(b"\r\n".to_vec()),
        vec(prop::sample::select(&b"#019;,\"' \n\r?*:aE+-."[..]), 1..6),
        vec(any::<u8>(), 0..6),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// What the reader says in the end, when it is shown `reply` cut at `cuts`.
fn read_in_steps(reply: &[u8], cuts: &[usize]) -> String {
    let mut reader = ReplyReader::new(b'\n', 1 << 16);
    let mut ends: Vec<usize> = cuts.iter().map(|cut| cut % (reply.len() + 1)).collect();
    ends.sort_unstable();
    ends.push(reply.len());
    for end in ends {
        match reader.advance(reply.get(..end).unwrap_or_default()) {
            Ok(Progress::More(missing)) => assert!(missing > 0),
            Ok(Progress::LineEnd) => {}
            Ok(Progress::Done { length, next }) => {
                assert!(length < next && next <= end);
                return format!("{length} {next}");
            }
            Err(error) => return error.to_string(),
        }
    }
    "unfinished".to_owned()
}

proptest! {
    #[test]
    fn nothing_panics(bytes in reply()) {
        let text = String::from_utf8_lossy(&bytes);
        prop_assert!(block(&bytes).is_ok() == take_block(bytes.clone()).is_ok());
        prop_assert!(!parts(&text).is_empty() && !fields(&text).is_empty());
        prop_assert!(strip_header(&text).len() <= text.len());
        prop_assert!(unquote(&text).len() <= text.len());
        prop_assert!(number(&text).is_ok_and(|v| v.is_some()) || boolean(&text).is_err() || text.trim().len() <= 3);
        if integer(&text).is_ok() { prop_assert!(number(&text).is_ok()); }
        if let Ok(entry) = ErrorEntry::parse(&text) { prop_assert!(!entry.to_string().is_empty()); }
        prop_assert_eq!(is_query(&text), queries(&text) > 0);
        prop_assert!(units(&text).all(|unit| !unit.header.is_empty()));
    }

    #[test]
    fn a_reply_ends_where_it_ends_however_it_comes(bytes in reply(), cuts in vec(any::<usize>(), 0..8)) {
        let at_once = read_in_steps(&bytes, &[]);
        prop_assert_eq!(read_in_steps(&bytes, &cuts), at_once.clone());
        let every: Vec<usize> = (0..=bytes.len()).collect();
        prop_assert_eq!(read_in_steps(&bytes, &every), at_once);
    }

    #[test]
    fn blocks_come_back(data in vec(any::<u8>(), 0..3000), line_end in prop::sample::select(vec!["\n", "\r\n"])) {
        let encoded = encode_block(&data).unwrap();
        prop_assert_eq!(block(&encoded), Ok(&data[..]));
        let mut sent = encoded.clone();
        sent.extend_from_slice(line_end.as_bytes());
        let done = Progress::Done { length: encoded.len(), next: sent.len() };
        let mut reader = ReplyReader::new(b'\n', 1 << 16);
        let progress = reader.advance(&sent);
        prop_assert_eq!(progress, Ok(done));
        prop_assert_eq!(take_block(encoded), Ok(data));
    }

    #[test]
    fn how_much_is_missing_is_never_too_much(data in vec(any::<u8>(), 0..500), kept in any::<prop::sample::Index>()) {
        let mut sent = encode_block(&data).unwrap();
        sent.push(b'\n');
        let cut = kept.index(sent.len());
        let progress = ReplyReader::new(b'\n', 1 << 16).advance(&sent[..cut]);
        match progress {
            Ok(Progress::More(missing)) => prop_assert!(missing <= sent.len() - cut),
            Ok(Progress::LineEnd) => prop_assert_eq!(cut, sent.len() - 1),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn no_parameter_makes_another_unit(text in any::<String>(), other in "[ -~]{0,12}") {
        for text in [text, other] {
            if check_parameter(&text).is_ok() {
                let message = format!("DISP:TEXT {text}");
                prop_assert!(check_message(&message).is_ok());
                prop_assert_eq!(units(&message).count(), 1);
                prop_assert!(!is_query(&message), "{}", message);
            }
            if let Ok(quoted) = quote(&text) {
                let message = format!("DISP:TEXT {quoted};VOLT 5");
                prop_assert!(check_message(&message).is_ok());
                prop_assert_eq!(units(&message).count(), 2);
                prop_assert!(!is_query(&message));
                prop_assert_eq!(unquote(&quoted), text);
            }
        }
    }

    #[test]
    fn numbers_come_back(value in any::<f64>(), whole in any::<i32>()) {
        let expected = (value.is_finite() && value.abs() < 9.9e37).then_some(value);
        prop_assert_eq!(number(&format!("{value:E}")), Ok(expected));
        prop_assert_eq!(number(&format!("{value}")), Ok(expected));
        prop_assert_eq!(integer(&format!("{whole:+}")), Ok(i64::from(whole)));
        prop_assert_eq!(integer(&format!("{:E}", f64::from(whole))), Ok(i64::from(whole)));
        prop_assert_eq!(boolean(&whole.to_string()), Ok(whole != 0));
    }

    #[test]
    fn strings_and_blocks_survive_in_compound_replies(pieces in vec("[ -~]{0,8}", 1..6)) {
        let quoted: Vec<String> = pieces.iter().map(|piece| format!("\"{}\"", piece.replace('"', "\"\""))).collect();
        let reply = quoted.join(";");
        prop_assert_eq!(parts(&reply), quoted.clone());
        let reply = quoted.join(",");
        let found: Vec<String> = fields(&reply).into_iter().map(unquote).collect();
        prop_assert_eq!(found, pieces.clone());
        let blocks: Vec<String> = pieces.iter().map(|piece| String::from_utf8(encode_block(piece.as_bytes()).unwrap()).unwrap()).collect();
        let joined = blocks.join(";");
        let found: Vec<Vec<u8>> = parts(&joined).into_iter().map(|part| take_block(part.into()).unwrap()).collect();
        prop_assert_eq!(found, pieces.iter().map(|piece| piece.as_bytes().to_vec()).collect::<Vec<_>>());
    }
}
