//! Finds the end of a reply on links that do not mark it, while its bytes come in.
//!
//! ```text
//!  text ──line end──▶ done         text: strings are watched only so that no `#` in one is a block
//!   │ ▲
//!   # length (at the beginning of an element)
//!   ▼ │
//!  block: so many bytes, whatever they are
//! ```

use super::scan::{decimal, is_before_element};

/// How far a reply has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// At least so many bytes are still to come.
    More(usize),
    /// A block is whole and only the line end is still to come. There are instruments that send none.
    LineEnd,
    /// It is whole.
    Done {
        /// The length of the reply without its line end.
        length: usize,
        /// Where the next reply would begin.
        next: usize,
    },
}

/// What cannot be a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReaderError {
    /// It is longer than allowed, or says that it will be.
    #[error("the reply is longer than the {limit} bytes that are allowed")]
    TooLong {
        /// How long it may be, in bytes.
        limit: usize,
    },
    /// A block that goes on to the end of the message, on a link that marks no ends.
    #[error(
        "the reply has a block of no stated length (#0), whose end cannot be seen on this link; ask \
         for a definite block, or connect by HiSLIP or VXI-11"
    )]
    Indefinite,
}

/// Reads one reply. Every byte is looked at once, the bytes of a block not at all.
#[derive(Clone, Debug)]
pub struct ReplyReader {
    line_end: u8,
    limit: usize,
    at: usize,
    quote: Option<u8>,
    element_begins: bool,
    after_block: bool,
}

impl ReplyReader {
    /// A reader of replies that end in `line_end` (or in a carriage return and that) and have at most
    /// `limit` bytes.
    #[must_use]
    pub fn new(line_end: u8, limit: usize) -> Self {
        Self { line_end, limit, at: 0, quote: None, element_begins: true, after_block: false }
    }

    /// Looks at what has come since the last call; `reply` is all of it from the reply's first byte.
    ///
    /// # Errors
    ///
    /// It can be no reply.
    pub fn advance(&mut self, reply: &[u8]) -> Result<Progress, ReaderError> {
        while let Some(&byte) = reply.get(self.at) {
            if byte == self.line_end {
                return Ok(self.done(reply));
            }
            if self.at >= self.limit {
                return Err(ReaderError::TooLong { limit: self.limit });
            }
            let begins = std::mem::replace(&mut self.element_begins, is_before_element(byte));
            match self.quote {
                Some(quote) if quote == byte => {
                    // A doubled quote opens the string again.
                    self.quote = None;
                    self.element_begins = true;
                }
                Some(_) => {}
                None if begins && (byte == b'"' || byte == b'\'') => self.quote = Some(byte),
                None if begins && byte == b'#' => match self.length(reply)? {
                    Header::Text => {}
                    Header::Unfinished => {
                        self.element_begins = true;
                        return Ok(Progress::More(1));
                    }
                    Header::Until(end) => {
                        self.at = end;
                        self.after_block = true;
                        continue;
                    }
                },
                None => {}
            }
            self.at += 1;
            self.after_block = false;
        }
        Ok(match self.at.saturating_sub(reply.len()) {
            0 if self.after_block => Progress::LineEnd,
            missing => Progress::More(missing + 1),
        })
    }

    fn done(&self, reply: &[u8]) -> Progress {
        // Only a carriage return of the text belongs to the line end, never the last byte of a block.
        let before = self.at.checked_sub(1).and_then(|at| reply.get(at));
        let returned = before == Some(&b'\r') && !self.after_block;
        Progress::Done { length: self.at - usize::from(returned), next: self.at + 1 }
    }

    /// What the `#` at the present place begins.
    fn length(&self, reply: &[u8]) -> Result<Header, ReaderError> {
        let rest = reply.get(self.at + 1..).unwrap_or_default();
        let count = match rest.first() {
            None => return Ok(Header::Unfinished),
            Some(b'0') => return Err(ReaderError::Indefinite),
            Some(digit @ b'1'..=b'9') => usize::from(digit - b'0'),
            Some(_) => return Ok(Header::Text),
        };
        let digits = rest.get(1..rest.len().min(1 + count)).unwrap_or_default();
        match decimal(digits) {
            None => Ok(Header::Text),
            Some(_) if digits.len() < count => Ok(Header::Unfinished),
            Some(length) => {
                let end = length.saturating_add(self.at + 2 + count);
                if end > self.limit {
                    return Err(ReaderError::TooLong { limit: self.limit });
                }
                Ok(Header::Until(end))
            }
        }
    }
}

enum Header {
    /// No block: `#H1F`, or a number sign in a text.
    Text,
    /// Not all of it is there.
    Unfinished,
    /// A block that goes on to there.
    Until(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(reply: &[u8]) -> Result<Progress, ReaderError> {
        ReplyReader::new(b'\n', 1000).advance(reply)
    }

    #[test]
    fn replies_end_at_line_ends_outside_blocks() {
        let done = |length, next| Ok(Progress::Done { length, next });
        assert_eq!(whole(b"1.5\n"), done(3, 4));
        assert_eq!(whole(b"1.5\r\n2"), done(3, 5));
        assert_eq!(whole(b"\n"), done(0, 1));
        assert_eq!(whole(b"#14a\nb\n\n"), done(7, 8));
        // A carriage return at the end of a block is data.
        assert_eq!(whole(b"#12a\r\n"), done(5, 6));
        assert_eq!(whole(b"#12a\r\r\n"), done(5, 7));
        assert_eq!(whole(b"CURV #12\n\n,#11\n;3\n"), done(17, 18));
        // In a string, or within a word, there is no block; and no string holds a line end back.
        assert_eq!(whole(b"\"#15\"\n"), done(5, 6));
        assert_eq!(whole(b"CH#12\n"), done(5, 6));
        assert_eq!(whole(b"Bob's \"scope\n"), done(12, 13));
        assert_eq!(whole(b"#H1F\n"), done(4, 5));
        assert_eq!(whole(b"#3a\n"), done(3, 4));
    }

    #[test]
    fn it_says_how_much_is_missing() {
        assert_eq!(whole(b""), Ok(Progress::More(1)));
        assert_eq!(whole(b"1."), Ok(Progress::More(1)));
        assert_eq!(whole(b"#"), Ok(Progress::More(1)));
        assert_eq!(whole(b"#3"), Ok(Progress::More(1)));
        assert_eq!(whole(b"#3500"), Ok(Progress::More(501)));
        assert_eq!(whole(b"#15abc"), Ok(Progress::More(3)));
        assert_eq!(whole(b"#15abcde"), Ok(Progress::LineEnd));
    }

    #[test]
    fn what_can_be_no_reply_is_refused_at_once() {
        let long = Err(ReaderError::TooLong { limit: 1000 });
        assert_eq!(whole(&[b'x'; 1001]), long);
        assert_eq!(whole(b"#41000"), long);
        assert_eq!(whole(b"#9999999999"), long);
        assert_eq!(whole(b"#0abc\n"), Err(ReaderError::Indefinite));
    }

    #[test]
    fn other_line_ends_are_obeyed() {
        let mut reader = ReplyReader::new(b'\r', 10);
        assert_eq!(reader.advance(b"1\n"), Ok(Progress::More(1)));
        assert_eq!(reader.advance(b"1\n\r"), Ok(Progress::Done { length: 2, next: 3 }));
    }
}
