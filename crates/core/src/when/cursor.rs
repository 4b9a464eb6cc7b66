//! Walks over the text of an expression, byte by byte and never backwards over more than one word.

use super::parts::Span;

/// A run of ASCII digits.
#[derive(Clone, Debug)]
pub(super) struct Digits<'t> {
    pub(super) text: &'t str,
    pub(super) span: Span,
}

impl Digits<'_> {
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// The value, or the largest there is when it does not fit.
    pub(super) fn value(&self) -> i64 {
        self.text.parse().unwrap_or(i64::MAX)
    }

    /// The value of the digits from `from` up to `to`, which must be at most four digits.
    pub(super) fn part(&self, from: usize, to: usize) -> i16 {
        self.text.get(from..to).and_then(|part| part.parse().ok()).unwrap_or(i16::MAX)
    }

    /// The value, or 127 if it does not fit (no month, day, hour or minute is that large).
    pub(super) fn small(&self) -> i8 {
        self.text.parse().unwrap_or(i8::MAX)
    }
}

/// A place in the text.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The byte `ahead` bytes further on.
    pub(super) fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at.saturating_add(ahead)).copied()
    }

    pub(super) fn is(&self, ahead: usize, test: fn(&u8) -> bool) -> bool {
        self.peek(ahead).is_some_and(|byte| test(&byte))
    }

    pub(super) fn digit(&self, ahead: usize) -> bool {
        self.is(ahead, u8::is_ascii_digit)
    }

    /// Steps over `byte` if it stands here.
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let here = self.peek(0) == Some(byte);
        if here {
            self.at += 1;
        }
        here
    }

    pub(super) fn skip_space(&mut self) {
        while self.is(0, |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    pub(super) fn slice(&self, span: &Span) -> &'t str {
        self.text.get(span.clone()).unwrap_or("")
    }

    /// The text of a span as it may be quoted in a message: on one line, and not long.
    pub(super) fn shown(&self, span: &Span) -> String {
        let words: Vec<&str> = self.slice(span).split_ascii_whitespace().collect();
        let line = words.join(" ");
        match line.char_indices().nth(40) {
            Some((cut, _)) => format!("{}…", line.get(..cut).unwrap_or("")),
            None => line,
        }
    }

    fn run(&mut self, test: fn(&u8) -> bool) -> Span {
        let start = self.at;
        while self.is(0, test) {
            self.at += 1;
        }
        start..self.at
    }

    /// The digits that stand here, if any; the cursor moves behind them.
    pub(super) fn digits(&mut self) -> Option<Digits<'t>> {
        let span = self.run(u8::is_ascii_digit);
        (!span.is_empty()).then(|| Digits { text: self.slice(&span), span })
    }

    /// The letters that stand here (perhaps none); the cursor moves behind them.
    pub(super) fn word(&mut self) -> (&'t str, Span) {
        let span = self.run(u8::is_ascii_alphabetic);
        (self.slice(&span), span)
    }

    /// Everything here that may be part of a zone's name; the cursor stays.
    pub(super) fn zone_run(&self) -> Span {
        let mut ahead = self.clone();
        ahead.run(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'+' | b'-'))
    }

    /// The character that stands here, with its place.
    pub(super) fn character(&self) -> Option<(char, Span)> {
        let found = self.text.get(self.at..)?.chars().next()?;
        Some((found, self.at..self.at + found.len_utf8()))
    }

    /// The place of everything up to the next space.
    pub(super) fn blank_delimited(&self) -> Span {
        let rest = self.text.get(self.at..).unwrap_or("");
        let len = rest.find(char::is_whitespace).unwrap_or(rest.len());
        self.at..self.at + len
    }
}
