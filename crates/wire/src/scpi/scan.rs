//! Walks over program and response text and tells what is inside a quoted string or a block.

/// What a byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The text itself, where `;` and `,` separate.
    Plain,
    /// A quoted string, its quotes included.
    Quoted,
    /// A block, its `#` and its length included.
    Block,
}

/// Goes through bytes in order. A string left open ends with the text; so does a block cut short.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    quote: Option<u8>,
    block_until: usize,
    element_begins: bool,
}

impl<'a> Scan<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, quote: None, block_until: 0, element_begins: true }
    }

    fn place(&mut self, byte: u8) -> Place {
        if self.at < self.block_until {
            return Place::Block;
        }
        if let Some(quote) = self.quote {
            // A doubled quote closes the string and opens it again, which comes to the same.
            if byte == quote {
                self.quote = None;
                self.element_begins = true;
            }
            return Place::Quoted;
        }
        let begins = std::mem::replace(&mut self.element_begins, is_before_element(byte));
        if begins && (byte == b'"' || byte == b'\'') {
            self.quote = Some(byte);
            return Place::Quoted;
        }
        if begins && byte == b'#' {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            if let Some(length) = whole_length(rest) {
                self.block_until = self.at.saturating_add(length);
                return Place::Block;
            }
        }
        Place::Plain
    }
}

impl Iterator for Scan<'_> {
    type Item = (usize, u8, Place);

    fn next(&mut self) -> Option<Self::Item> {
        let byte = *self.bytes.get(self.at)?;
        let place = self.place(byte);
        self.at += 1;
        Some((self.at - 1, byte, place))
    }
}

/// Whether an element of data (a string, a block) may begin after this byte.
pub(super) fn is_before_element(byte: u8) -> bool {
    matches!(byte, b',' | b';' | b'(' | b'?') || byte.is_ascii_whitespace()
}

/// How many bytes the block at the beginning of `bytes` takes, header and all (`#<n><length><bytes>`,
/// IEEE 488.2 7.7.6 and 8.7.9; `#0` goes on to the end). None where no block begins.
fn whole_length(bytes: &[u8]) -> Option<usize> {
    let digit = *bytes.get(1)?;
    match digit {
        b'0' => Some(bytes.len()),
        b'1'..=b'9' => {
            let count = usize::from(digit - b'0');
            let length = decimal(bytes.get(2..2 + count)?)?;
            length.checked_add(2 + count)
        }
        _ => None,
    }
}

/// The number that these digits are; None where one is no digit.
pub(super) fn decimal(digits: &[u8]) -> Option<usize> {
    digits.iter().try_fold(0_usize, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| usize::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// Splits at every `separator` that is neither in a string nor in a block; nothing is trimmed.
pub(super) fn split(bytes: &[u8], separator: u8) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, byte, place) in Scan::new(bytes) {
        if byte == separator && place == Place::Plain {
            parts.push(bytes.get(from..at).unwrap_or_default());
            from = at + 1;
        }
    }
    parts.push(bytes.get(from..).unwrap_or_default());
    parts
}
