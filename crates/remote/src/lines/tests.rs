//! Line assembly against a naive reading of the whole text, cut into chunks at random.

use proptest::prelude::*;

use super::*;

type Seen = (Vec<u8>, LineEnd);

fn all(policy: LinePolicy, chunks: &[&[u8]]) -> Vec<Seen> {
    let (mut lines, mut seen) = (Lines::new(Stream::Stdout, policy), Vec::new());
    for chunk in chunks {
        lines.push(chunk, &mut |line| seen.push((line.raw.to_vec(), line.end)));
        assert!(lines.begun.len() <= policy.longest, "bounded");
    }
    lines.finish(&mut |line| seen.push((line.raw.to_vec(), line.end)));
    seen
}

fn texts(policy: LinePolicy, chunks: &[&[u8]]) -> Vec<String> {
    let (mut lines, mut seen) = (Lines::new(Stream::Stdout, policy), Vec::new());
    for chunk in chunks {
        lines.push(chunk, &mut |line| seen.push(line.text().into_owned()));
    }
    lines.finish(&mut |line| seen.push(line.text().into_owned()));
    seen
}

/// The same by looking at one byte after the other of the whole.
fn naive(policy: LinePolicy, whole: &[u8]) -> Vec<Seen> {
    let (mut seen, mut line, mut at) = (Vec::new(), Vec::new(), 0);
    while at < whole.len() {
        let byte = whole[at];
        at += 1;
        let end = match byte {
            b'\n' => Some(LineEnd::Newline),
            b'\r' if policy.returns == Returns::Break => Some(LineEnd::Return),
            _ => None,
        };
        if let Some(end) = end {
            seen.push((std::mem::take(&mut line), end));
            if end == LineEnd::Return && whole.get(at) == Some(&b'\n') {
                at += 1;
            }
            continue;
        }
        line.push(byte);
        if line.len() > policy.longest {
            let mut cut = policy.longest;
            while cut + 3 > policy.longest && line[cut] & 0xC0 == 0x80 {
                cut -= 1;
            }
            if line[cut] & 0xC0 == 0x80 {
                cut = policy.longest;
            }
            let rest = line.split_off(cut);
            seen.push((std::mem::replace(&mut line, rest), LineEnd::Continued));
        }
    }
    if !line.is_empty() && policy.partial != Partial::Drop {
        seen.push((line, LineEnd::Partial));
    }
    seen
}

#[test]
fn s16_2_chunks_do_not_matter() {
    let policy = LinePolicy::default();
    assert_eq!(texts(policy, &[b"a", b"b\nc", b"\n", b"\nd\n"]), ["ab", "c", "", "d"]);
}

#[test]
fn s16_2_cr_and_crlf() {
    let keep = LinePolicy::default();
    assert_eq!(texts(keep, &[b"a\r", b"\nb\r\nc\r"]), ["a", "b", "c"]);
    assert_eq!(all(keep, &[b"a\r\n"]), [(b"a\r".to_vec(), LineEnd::Newline)]);
    let breaks = LinePolicy { returns: Returns::Break, ..keep };
    assert_eq!(texts(breaks, &[b"10%\r20%", b"\r", b"\ndone\r\n\r\n"]), ["10%", "20%", "done", ""]);
}

#[test]
fn s16_2_a_partial_last_line() {
    let emit = LinePolicy::default();
    assert_eq!(all(emit, &[b"a\nb"])[1], (b"b".to_vec(), LineEnd::Partial));
    let drop = LinePolicy { partial: Partial::Drop, ..emit };
    assert_eq!(texts(drop, &[b"a\nb"]), ["a"]);
    let tag = LinePolicy { partial: Partial::Tag, ..emit };
    assert_eq!(texts(tag, &[b"a\nb"]), ["a", "b [no newline at the end]"]);
    assert_eq!(texts(emit, &[b"a\n"]), ["a"]);
}

#[test]
fn what_is_not_utf8_is_replaced_or_told() {
    let replace = LinePolicy::default();
    assert_eq!(texts(replace, &[b"gr\xC3", b"\xBC\xC3\x9F\n\xFFx\n"]), ["grüß", "\u{FFFD}x"]);
    let strict = LinePolicy { utf8: Utf8::Strict, ..replace };
    assert_eq!(texts(strict, &[b"ok\n\xFF\x80x\xC3\n"]), ["ok", "\\xff\\x80x\\xc3"]);
    let mut at = Vec::new();
    Lines::new(Stream::Stderr, strict).push(b"ok\nab\xFF\n", &mut |line| at.push(line.invalid));
    assert_eq!(at, [None, Some(2)]);
}

#[test]
fn long_lines_come_in_pieces_that_leave_characters_whole() {
    let policy = LinePolicy { longest: 4, ..LinePolicy::default() };
    let seen = all(policy, &["abcü".as_bytes(), b"def\n", b"ghij\n", b"klmno"]);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let seen: Vec<_> = seen.iter().map(|(raw, end)| (text(raw), *end)).collect();
    let expected = [
        ("abc", LineEnd::Continued),
        ("üde", LineEnd::Continued),
        ("f", LineEnd::Newline),
        ("ghij", LineEnd::Newline),
        ("klmn", LineEnd::Continued),
        ("o", LineEnd::Partial),
    ];
    assert_eq!(seen, expected.map(|(raw, end)| (raw.to_owned(), end)));
}

#[test]
fn an_endless_line_takes_no_more_memory_than_the_longest() {
    let (mut lines, mut bytes) = (Lines::new(Stream::Stdout, LinePolicy::default()), 0);
    let chunk = vec![b'x'; 60_000];
    for _ in 0..1_000 {
        lines.push(&chunk, &mut |line| bytes += line.raw.len());
        assert!(lines.begun.capacity() <= 4 << 20);
    }
    lines.finish(&mut |line| bytes += line.raw.len());
    assert_eq!(bytes, 60_000_000);
}

proptest! {
    #[test]
    fn it_reads_as_a_naive_reader_does(
        whole in prop::collection::vec(
            prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'a'), Just(0xC3), Just(0xBC), any::<u8>()],
            0..200,
        ),
        cuts in prop::collection::vec(0usize..200, 0..12),
        longest in 4usize..40,
        breaks in any::<bool>(),
        dropped in any::<bool>(),
    ) {
        let policy = LinePolicy {
            longest,
            returns: if breaks { Returns::Break } else { Returns::Keep },
            partial: if dropped { Partial::Drop } else { Partial::Emit },
            utf8: Utf8::Strict,
        };
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).collect();
        cuts.extend([0, whole.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|cut| &whole[cut[0]..cut[1]]).collect();
        prop_assert_eq!(all(policy, &chunks), naive(policy, &whole));
        texts(policy, &chunks);
    }
}
