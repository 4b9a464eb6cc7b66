//! Lines out of bytes: pure assembly on arbitrary chunks, in bounded memory and linear time.
//!
//! A line ends at `\n`; of `\r\n` the `\r` stays in [`Line::raw`] and goes from [`Line::text`]. A lone
//! `\r` is a byte of its line like any other, or ends it ([`Returns::Break`], for progress bars). What
//! comes out does not depend on how the bytes were cut into chunks.

use std::borrow::Cow;
use std::fmt::Write as _;

use memchr::{memchr, memchr2};
use station_core::model::Stream;

/// How lines are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinePolicy {
    /// What becomes of bytes at the end of the stream that no `\n` follows.
    pub partial: Partial,
    /// What becomes of bytes that are not UTF-8.
    pub utf8: Utf8,
    /// What a lone `\r` is.
    pub returns: Returns,
    /// How many bytes a line may have; a longer one comes in pieces ([`LineEnd::Continued`]).
    pub longest: usize,
}

impl Default for LinePolicy {
    /// The partial line is a line, bad bytes are replaced, `\r` is a byte, 1 MiB at most.
    fn default() -> Self {
        Self {
            partial: Partial::Emit,
            utf8: Utf8::Replace,
            returns: Returns::Keep,
            longest: 1 << 20,
        }
    }
}

/// What becomes of bytes at the end of the stream that no `\n` follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Partial {
    /// They are a line.
    #[default]
    Emit,
    /// They are a line, and [`Line::text`] says so at its end.
    Tag,
    /// They are dropped; the results of the session still have them.
    Drop,
}

/// What becomes of bytes that are not UTF-8; [`Line::raw`] has them in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Utf8 {
    /// Each is shown as U+FFFD.
    #[default]
    Replace,
    /// Each is shown as `\xNN`, and [`Line::invalid`] says where the first one stands.
    Strict,
}

/// What a lone `\r` is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Returns {
    /// A byte of its line.
    #[default]
    Keep,
    /// The end of its line; a `\n` right after it belongs to it.
    Break,
}

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineEnd {
    /// With `\n`.
    Newline,
    /// With `\r`, or `\r\n` (only with [`Returns::Break`]).
    Return,
    /// With the stream.
    Partial,
    /// Not yet: it is longer than [`LinePolicy::longest`], its next piece follows.
    Continued,
}

/// A line, or a piece of a long one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The stream it came from.
    pub stream: Stream,
    /// Its bytes as they came, without what ended it.
    pub raw: &'a [u8],
    /// How it ended.
    pub end: LineEnd,
    /// Where the first byte stands that is not UTF-8; only looked for with [`Utf8::Strict`].
    pub invalid: Option<usize>,
    /// It is partial, and its text says so ([`Partial::Tag`]).
    pub tagged: bool,
}

impl Line<'_> {
    /// What follows the text of a partial line with [`Partial::Tag`].
    pub const TAG: &'static str = " [no newline at the end]";

    /// Its text for people: without `\r`, and with something readable for what is not UTF-8.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        let text = match self.invalid {
            None => String::from_utf8_lossy(self.raw),
            Some(_) => Cow::Owned(escaped(self.raw)),
        };
        let shown = if memchr(b'\r', self.raw).is_some() {
            Cow::Owned(text.replace('\r', ""))
        } else {
            text
        };
        if self.tagged { Cow::Owned(shown.into_owned() + Self::TAG) } else { shown }
    }
}

/// The text, with each byte that is not UTF-8 as `\xNN`.
fn escaped(raw: &[u8]) -> String {
    let mut text = String::with_capacity(raw.len());
    for chunk in raw.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ok = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// The lines of one stream.
///
/// ```
/// use station_core::model::Stream;
/// use station_remote::{LinePolicy, Lines};
///
/// let mut lines = Lines::new(Stream::Stdout, LinePolicy::default());
/// let mut seen = Vec::new();
/// for chunk in [&b"Linux 6."[..], b"1\r\nload", b" 0.5"] {
///     lines.push(chunk, &mut |line| seen.push(line.text().into_owned()));
/// }
/// lines.finish(&mut |line| seen.push(line.text().into_owned()));
/// assert_eq!(seen, ["Linux 6.1", "load 0.5"]);
/// ```
#[derive(Debug)]
pub struct Lines {
    stream: Stream,
    policy: LinePolicy,
    /// The line so far: at most the longest one.
    begun: Vec<u8>,
    /// A `\n` that comes next belongs to the `\r` before it.
    returned: bool,
}

impl Lines {
    /// The lines of a stream that begins.
    #[must_use]
    pub fn new(stream: Stream, policy: LinePolicy) -> Self {
        // Below four bytes, a piece could not hold every character.
        let policy = LinePolicy { longest: policy.longest.max(4), ..policy };
        Self { stream, policy, begun: Vec::new(), returned: false }
    }

    /// Takes what was read, and tells the lines that end in it.
    pub fn push(&mut self, mut chunk: &[u8], each: &mut impl FnMut(&Line<'_>)) {
        if self.returned && !chunk.is_empty() {
            self.returned = false;
            chunk = chunk.strip_prefix(b"\n").unwrap_or(chunk);
        }
        while let Some((line, end, rest)) = self.split(chunk) {
            chunk = rest;
            let line = self.pieces(line, each);
            if self.begun.is_empty() {
                self.tell(line, end, each);
            } else {
                self.begun.extend_from_slice(line);
                let begun = std::mem::take(&mut self.begun);
                self.tell(&begun, end, each);
                self.begun = begun;
                self.begun.clear();
            }
            if end == LineEnd::Return {
                self.returned = chunk.is_empty();
                chunk = chunk.strip_prefix(b"\n").unwrap_or(chunk);
            }
        }
        let begun = self.pieces(chunk, each);
        self.begun.extend_from_slice(begun);
    }

    /// Tells the partial line, if there is one and the policy wants it. The stream may begin anew.
    pub fn finish(&mut self, each: &mut impl FnMut(&Line<'_>)) {
        self.returned = false;
        let begun = std::mem::take(&mut self.begun);
        if !begun.is_empty() && self.policy.partial != Partial::Drop {
            self.tell(&begun, LineEnd::Partial, each);
        }
    }

    /// The first line that ends in the chunk, how it ends, and what follows.
    fn split<'a>(&self, chunk: &'a [u8]) -> Option<(&'a [u8], LineEnd, &'a [u8])> {
        let at = match self.policy.returns {
            Returns::Keep => memchr(b'\n', chunk),
            Returns::Break => memchr2(b'\n', b'\r', chunk),
        }?;
        let (line, rest) = chunk.split_at_checked(at)?;
        let (end, rest) = rest.split_first()?;
        Some((line, if *end == b'\r' { LineEnd::Return } else { LineEnd::Newline }, rest))
    }

    /// Tells full pieces for as long as what has begun and these bytes are too long together;
    /// returns the bytes that are left.
    fn pieces<'a>(&mut self, mut more: &'a [u8], each: &mut impl FnMut(&Line<'_>)) -> &'a [u8] {
        let longest = self.policy.longest;
        while self.begun.len() + more.len() > longest {
            if self.begun.is_empty() {
                let Some((piece, rest)) = more.split_at_checked(cut(more, longest)) else { break };
                self.tell(piece, LineEnd::Continued, each);
                more = rest;
                continue;
            }
            // One byte more than fits shows whether the cut would fall into a character.
            let room = (longest + 1).saturating_sub(self.begun.len());
            let Some((fits, rest)) = more.split_at_checked(room) else { break };
            self.begun.extend_from_slice(fits);
            more = rest;
            let begun = std::mem::take(&mut self.begun);
            let (piece, kept) =
                begun.split_at_checked(cut(&begun, longest)).unwrap_or((&begun, &[]));
            self.tell(piece, LineEnd::Continued, each);
            self.begun = kept.to_vec();
        }
        more
    }

    fn tell(&self, raw: &[u8], end: LineEnd, each: &mut impl FnMut(&Line<'_>)) {
        let invalid = match self.policy.utf8 {
            Utf8::Replace => None,
            Utf8::Strict => str::from_utf8(raw).err().map(|error| error.valid_up_to()),
        };
        let tagged = end == LineEnd::Partial && self.policy.partial == Partial::Tag;
        each(&Line { stream: self.stream, raw, end, invalid, tagged });
    }
}

/// Where to cut bytes that are more than the longest line: there, or up to three bytes earlier if
/// that would be within a character.
fn cut(bytes: &[u8], longest: usize) -> usize {
    (longest.saturating_sub(3)..=longest)
        .rev()
        .find(|at| bytes.get(*at).is_none_or(|byte| byte & 0xC0 != 0x80))
        .unwrap_or(longest)
}

#[cfg(test)]
mod tests;
