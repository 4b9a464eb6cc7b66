//! Whole lines out of pieces of output, for each of many sources.

use std::collections::BTreeMap;

/// A line longer than this is printed in pieces of this size, each as a line of its own.
const LONGEST: usize = 64 << 10;

/// The unfinished last lines of many sources.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    unfinished: BTreeMap<(String, String), Vec<u8>>,
}

impl Lines {
    /// Takes a piece of one stream of a source, and hands on each line that it ends, without its end.
    pub(crate) fn push(
        &mut self,
        source: &str,
        stream: &str,
        mut bytes: &[u8],
        mut line: impl FnMut(&[u8]),
    ) {
        let key = (source.to_owned(), stream.to_owned());
        let mut rest = self.unfinished.remove(&key).unwrap_or_default();
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (before, after) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
            bytes = after.get(1..).unwrap_or_default();
            if rest.is_empty() {
                cut(before, &mut line);
            } else {
                rest.extend_from_slice(before);
                cut(&rest, &mut line);
                rest.clear();
            }
        }
        rest.extend_from_slice(bytes);
        while let Some((piece, more)) = rest.split_at_checked(LONGEST) {
            line(piece);
            rest = more.to_vec();
        }
        if !rest.is_empty() {
            self.unfinished.insert(key, rest);
        }
    }

    /// Hands on what a source has begun and will not end: source, stream and line.
    pub(crate) fn finish(&mut self, source: &str) -> Vec<(String, String, Vec<u8>)> {
        let from = (source.to_owned(), String::new());
        let keys = self.unfinished.range(from..).take_while(|((of, _), _)| of == source);
        let keys: Vec<_> = keys.map(|(key, _)| key.clone()).collect();
        let take = |key: (String, String)| {
            let line = self.unfinished.remove(&key)?;
            Some((key.0, key.1, line))
        };
        keys.into_iter().filter_map(take).collect()
    }

    /// Hands on all that was begun: source, stream and line.
    pub(crate) fn finish_all(&mut self) -> Vec<(String, String, Vec<u8>)> {
        let all = std::mem::take(&mut self.unfinished).into_iter();
        all.map(|((source, stream), line)| (source, stream, line)).collect()
    }
}

/// A line in pieces of bounded length; an empty one is a line too.
fn cut(line: &[u8], print: &mut impl FnMut(&[u8])) {
    if line.is_empty() {
        print(line);
    }
    line.chunks(LONGEST).for_each(print);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(pieces: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        for piece in pieces {
            lines.push("1.1", "stdout", piece, |line| seen.push(line.to_vec()));
        }
        seen.extend(lines.finish("1.1").into_iter().map(|(_, _, line)| line));
        seen
    }

    #[test]
    fn long_lines_come_in_pieces() {
        let long = vec![b'x'; LONGEST * 2 + 5];
        let sizes = |pieces: &[&[u8]]| texts(pieces).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(sizes(&[&long]), [LONGEST, LONGEST, 5]);
        assert_eq!(sizes(&[&[&long[..], b"\n\ny"].concat()]), [LONGEST, LONGEST, 5, 0, 1]);
        let (one, two) = long.split_at(10);
        assert_eq!(sizes(&[one, two, b"\n"]), [LONGEST, LONGEST, 5]);
    }

    #[test]
    fn sources_and_streams_are_apart() {
        let mut lines = Lines::default();
        let mut seen = Vec::new();
        for (source, stream, text) in [
            ("1.1", "stdout", "a"),
            ("1.2", "stdout", "b\n"),
            ("1.1", "stderr", "c"),
            ("1.10", "stdout", "d"),
        ] {
            lines.push(source, stream, text.as_bytes(), |line| seen.push(line.to_vec()));
        }
        assert_eq!(seen, [b"b"]);
        let begun = |source: &str, stream: &str, line: &[u8]| {
            (source.to_owned(), stream.to_owned(), line.to_vec())
        };
        let rest = [begun("1.1", "stderr", b"c"), begun("1.1", "stdout", b"a")];
        assert_eq!(lines.finish("1.1"), rest);
        assert_eq!(lines.finish("1.1"), []);
        assert_eq!(lines.finish_all(), [begun("1.10", "stdout", b"d")]);
    }

    proptest! {
        #[test]
        fn however_it_comes_the_lines_are_the_same(
            pieces in proptest::collection::vec("[ab\n]{0,9}", 0..12),
        ) {
            let pieces: Vec<&[u8]> = pieces.iter().map(String::as_bytes).collect();
            let whole = pieces.concat();
            let expected: Vec<Vec<u8>> = whole
                .split_inclusive(|byte| *byte == b'\n')
                .map(|line| line.strip_suffix(b"\n").unwrap_or(line).to_vec())
                .collect();
            prop_assert_eq!(texts(&pieces), expected);
        }
    }
}
