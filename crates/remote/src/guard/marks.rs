//! Finds the guard's marks in a stream and takes them out; all other bytes stay as they are.
//!
//! A mark is `RS STN NONCE` and then either a line feed or a space, a word and a line feed. It may come
//! in pieces, and after bytes that end no line.

use memchr::memchr;
use memchr::memmem::Finder;

use super::nonce::Nonce;

/// The longest word of a mark; anything longer was written by somebody else.
const LONGEST_WORD: usize = 64;

/// Takes the marks out of one stream.
#[derive(Debug)]
pub(crate) struct Marks {
    finder: Finder<'static>,
    /// Bytes that may be the beginning of a mark: at most a whole one without its end.
    held: Vec<u8>,
}

impl Marks {
    /// Those with that nonce.
    pub(crate) fn new(nonce: &Nonce) -> Self {
        Self { finder: Finder::new(&nonce.mark()).into_owned(), held: Vec::new() }
    }

    /// Appends what was kept back; what comes next must be appended to it, and [`Self::take`] called.
    pub(crate) fn give_back(&mut self, buffer: &mut Vec<u8>) {
        buffer.append(&mut self.held);
    }

    /// Takes the marks out of what stands in `buffer` from `from` on, keeps back what may become one,
    /// and gives their words to `found`, each with its place in the buffer.
    pub(crate) fn take(
        &mut self,
        buffer: &mut Vec<u8>,
        from: usize,
        mut found: impl FnMut(usize, &str),
    ) {
        let mut at = from;
        while let Some(begin) = self.next(buffer, at) {
            let word = begin + self.finder.needle().len();
            match word_at(buffer, word) {
                Word::Whole(end) => {
                    let text = buffer.get(word..end).unwrap_or_default();
                    found(begin, std::str::from_utf8(text).unwrap_or_default().trim_start());
                    buffer.drain(begin..=end);
                    at = begin;
                }
                Word::Cut => {
                    self.held.extend(buffer.drain(begin..));
                    return;
                }
                Word::None => at = begin + 1,
            }
        }
        let cut = buffer.len() - self.begun(buffer.get(at..).unwrap_or_default());
        self.held.extend(buffer.drain(cut..));
    }

    fn next(&self, buffer: &[u8], at: usize) -> Option<usize> {
        self.finder.find(buffer.get(at..)?).map(|found| at + found)
    }

    /// How many bytes at the end are the beginning of a mark.
    fn begun(&self, bytes: &[u8]) -> usize {
        let needle = self.finder.needle();
        let longest = bytes.len().min(needle.len().saturating_sub(1));
        let tail = bytes.get(bytes.len() - longest..).unwrap_or_default();
        // The first byte of a mark is nowhere else in it, so that the last one decides.
        match needle.first().and_then(|first| memchr::memrchr(*first, tail)) {
            Some(at) if tail.get(at..).is_some_and(|rest| needle.starts_with(rest)) => {
                tail.len() - at
            }
            Some(_) | None => 0,
        }
    }
}

/// What follows the nonce.
enum Word {
    /// A word that ends at this line feed.
    Whole(usize),
    /// Its end has not come yet.
    Cut,
    /// No word of a mark.
    None,
}

fn word_at(buffer: &[u8], at: usize) -> Word {
    let rest = buffer.get(at..).unwrap_or_default();
    let near = rest.get(..rest.len().min(LONGEST_WORD + 1)).unwrap_or_default();
    match memchr(b'\n', near) {
        Some(0) => Word::Whole(at),
        Some(end) if rest.starts_with(b" ") => Word::Whole(at + end),
        None if near.len() == rest.len() && near.len() <= LONGEST_WORD => match near.first() {
            None | Some(b' ') => Word::Cut,
            Some(_) => Word::None,
        },
        Some(_) | None => Word::None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A piece of a stream.
    #[derive(Clone, Debug)]
    enum Piece {
        Bytes(Vec<u8>),
        Mark(String),
        Begun(usize),
        Other,
        Long,
    }

    fn piece() -> impl Strategy<Value = Piece> {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40).prop_map(Piece::Bytes),
            prop::collection::vec(prop_oneof![Just(0x1e_u8), Just(b'\n'), Just(b'S')], 0..9)
                .prop_map(Piece::Bytes),
            "(rc=[0-9]{1,3}|group=[1-9][0-9]{0,6}|)".prop_map(Piece::Mark),
            (1_usize..38).prop_map(Piece::Begun),
            Just(Piece::Other),
            Just(Piece::Long),
        ]
    }

    fn written(pieces: &[Piece], nonce: &Nonce) -> (Vec<u8>, Vec<u8>, Vec<String>) {
        let (mut stream, mut kept, mut marks) = (Vec::new(), Vec::new(), Vec::new());
        for piece in pieces {
            let plain = match piece {
                Piece::Bytes(bytes) => bytes.clone(),
                Piece::Mark(word) => {
                    stream.extend(nonce.mark());
                    if !word.is_empty() {
                        stream.extend(format!(" {word}").bytes());
                    }
                    stream.push(b'\n');
                    marks.push(word.clone());
                    continue;
                }
                // Something that is not in a mark ends it, else it could be completed.
                Piece::Begun(count) => {
                    [&nonce.mark()[..(*count).min(nonce.mark().len())], b"#"].concat()
                }
                Piece::Other => b"\x1eSTN 0123456789abcdef0123456789abcdef rc=0\n".to_vec(),
                Piece::Long => {
                    [nonce.mark(), b" ".to_vec(), vec![b'x'; 80], b"\n".to_vec()].concat()
                }
            };
            stream.extend(&plain);
            kept.extend(&plain);
        }
        (stream, kept, marks)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

        /// However a stream is cut, the marks are found, and everything else is left.
        #[test]
        fn marks_are_taken_out_and_nothing_else(
            pieces in prop::collection::vec(piece(), 0..20),
            cuts in prop::collection::vec(1_usize..60, 1..40),
        ) {
            let nonce = Nonce::new().unwrap();
            let (stream, kept, words) = written(&pieces, &nonce);
            let (mut marks, mut out, mut found) = (Marks::new(&nonce), Vec::new(), Vec::new());
            let (mut rest, mut cuts) = (&stream[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let (now, later) = rest.split_at(rest.len().min(*cuts.next().unwrap()));
                rest = later;
                let from = out.len();
                marks.give_back(&mut out);
                out.extend_from_slice(now);
                marks.take(&mut out, from, |_, word| found.push(word.to_owned()));
                prop_assert!(marks.held.len() <= nonce.mark().len() + LONGEST_WORD);
            }
            marks.give_back(&mut out);
            prop_assert_eq!(found, words);
            prop_assert_eq!(out, kept);
        }
    }

    #[test]
    fn a_mark_tells_its_place() {
        let nonce = Nonce::new().unwrap();
        let mut buffer = [b"noise".to_vec(), nonce.mark(), b"\nout".to_vec()].concat();
        let (mut marks, mut places) = (Marks::new(&nonce), Vec::new());
        marks.take(&mut buffer, 0, |at, word| places.push((at, word.to_owned())));
        assert_eq!((buffer, places), (b"noiseout".to_vec(), vec![(5, String::new())]));
    }
}
