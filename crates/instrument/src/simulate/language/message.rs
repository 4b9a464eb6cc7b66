//! Takes program messages apart: units at `;`, header, parameters at `,` (IEEE 488.2, 7.3).

use super::complaint::Complaint;

/// One program message unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit<'a> {
    /// The header without its `?`.
    pub(crate) header: &'a [u8],
    /// Whether it is a query.
    pub(crate) query: bool,
    /// The parameters, without white space around them.
    pub(crate) parameters: Vec<&'a [u8]>,
}

/// The units of a message, each as far as it can be read.
pub(crate) fn units(message: &[u8]) -> impl Iterator<Item = Result<Unit<'_>, Complaint>> {
    let mut rest = Some(message.trim_ascii());
    std::iter::from_fn(move || {
        loop {
            let (piece, left) = cut(rest?, b';');
            rest = left;
            match piece {
                // An empty unit is no mistake (IEEE 488.2, 7.3.2).
                Ok(piece) if piece.trim_ascii().is_empty() => {}
                Ok(piece) => return Some(unit(piece.trim_ascii())),
                Err(complaint) => {
                    rest = None;
                    return Some(Err(complaint));
                }
            }
        }
    })
}

fn unit(piece: &[u8]) -> Result<Unit<'_>, Complaint> {
    let end = piece
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || b"_:*".contains(byte)))
        .unwrap_or(piece.len());
    let (header, rest) = piece.split_at_checked(end).unwrap_or((piece, &[]));
    let (query, rest) = match rest.strip_prefix(b"?") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    if header.is_empty() {
        return Err(Complaint::INVALID_CHARACTER);
    }
    if rest.first().is_some_and(|byte| !byte.is_ascii_whitespace()) {
        let odd = rest.first().is_some_and(|byte| !byte.is_ascii_graphic());
        return Err(if odd { Complaint::INVALID_CHARACTER } else { Complaint::SYNTAX });
    }
    let mut parameters = Vec::new();
    let mut left = Some(rest.trim_ascii()).filter(|rest| !rest.is_empty());
    while let Some(text) = left {
        let (piece, more) = cut(text, b',');
        let piece = piece?.trim_ascii();
        if piece.is_empty() {
            return Err(Complaint::SYNTAX);
        }
        parameters.push(piece);
        left = more;
    }
    Ok(Unit { header, query, parameters })
}

/// What stands before the first such byte outside of quotes, parentheses and blocks, and what after.
fn cut(text: &[u8], at: u8) -> (Result<&[u8], Complaint>, Option<&[u8]>) {
    let mut scan = Scan { fresh: true, ..Scan::default() };
    let mut from = 0;
    while let Some(byte) = text.get(from) {
        if *byte == at && scan.is_plain() {
            return (Ok(text.get(..from).unwrap_or_default()), text.get(from + 1..));
        }
        from += match scan.step(text, from) {
            Ok(length) => length,
            Err(complaint) => return (Err(complaint), None),
        };
    }
    if scan.quote.is_some() {
        return (Err(Complaint::INVALID_STRING), None);
    }
    if scan.depth > 0 {
        return (Err(Complaint::INVALID_EXPRESSION), None);
    }
    (Ok(text), None)
}

/// Where the first whole message in `bytes` ends: the place of its `\n`, which in a definite block
/// is data. `None` while more must come.
pub(crate) fn ends_message(bytes: &[u8]) -> Option<usize> {
    let line = bytes.iter().position(|byte| *byte == b'\n')?;
    let before = bytes.get(..line).unwrap_or_default();
    if !before.windows(2).any(|pair| matches!(pair, [b'#', b'1'..=b'9'])) {
        return Some(line);
    }
    let mut scan = Scan::default();
    let mut from = 0;
    while let Some(byte) = bytes.get(from) {
        // A quote that is never closed ends with the line all the same.
        if *byte == b'\n' {
            return Some(from);
        }
        from += scan.step(bytes, from).unwrap_or(1);
    }
    None
}

/// Where in a message one is.
#[derive(Debug, Default)]
struct Scan {
    quote: Option<u8>,
    depth: u32,
    /// Whether a parameter may begin here: only there a `#` begins a block.
    fresh: bool,
}

impl Scan {
    fn is_plain(&self) -> bool {
        self.quote.is_none() && self.depth == 0
    }

    /// Goes on by what stands at `from`: one byte, or a whole definite block.
    fn step(&mut self, text: &[u8], from: usize) -> Result<usize, Complaint> {
        let Some(byte) = text.get(from) else { return Ok(1) };
        let was_fresh = std::mem::replace(&mut self.fresh, matches!(byte, b' ' | b'\t' | b','));
        match (self.quote, byte) {
            (Some(quote), byte) if quote == *byte => self.quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => self.quote = Some(*byte),
            (None, b'(') => self.depth += 1,
            (None, b')') => self.depth = self.depth.saturating_sub(1),
            (None, b'#') if was_fresh => {
                let Some(digit @ b'1'..=b'9') = text.get(from + 1) else { return Ok(1) };
                let digits = usize::from(digit - b'0');
                let count = text
                    .get(from + 2..from + 2 + digits)
                    .and_then(|count| std::str::from_utf8(count).ok())
                    .and_then(|count| count.parse::<usize>().ok())
                    .ok_or(Complaint::INVALID_BLOCK)?;
                return Ok(count.saturating_add(2 + digits));
            }
            (None, _) => {}
        }
        Ok(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(message: &str) -> Vec<Result<Unit<'_>, Complaint>> {
        units(message.as_bytes()).collect()
    }

    #[test]
    fn takes_a_compound_message_apart() {
        let read = read(" *CLS; :VOLT 5 V,(@1,2) ;CURR? MAX;;DISP:TEXT \"a;b,\"\"c\"\r\n");
        let shown: Vec<(String, bool, Vec<String>)> = read
            .into_iter()
            .map(|unit| {
                let unit = unit.unwrap();
                let text = |bytes: &&[u8]| String::from_utf8_lossy(bytes).into_owned();
                (text(&unit.header), unit.query, unit.parameters.iter().map(text).collect())
            })
            .collect();
        let unit = |header: &str, query, parameters: &[&str]| {
            (header.to_owned(), query, parameters.iter().map(|p| (*p).to_owned()).collect())
        };
        assert_eq!(
            shown,
            [
                unit("*CLS", false, &[]),
                unit(":VOLT", false, &["5 V", "(@1,2)"]),
                unit("CURR", true, &["MAX"]),
                unit("DISP:TEXT", false, &["\"a;b,\"\"c\""]),
            ]
        );
    }

    #[test]
    fn names_what_cannot_be_read() {
        assert_eq!(read("VOLT,5"), [Err(Complaint::SYNTAX)]);
        assert_eq!(read("VOLT 5,,6"), [Err(Complaint::SYNTAX)]);
        assert_eq!(read("@!"), [Err(Complaint::INVALID_CHARACTER)]);
        assert_eq!(read("DISP:TEXT \"open"), [Err(Complaint::INVALID_STRING)]);
        assert_eq!(read("VOLT 5,(@1"), [Err(Complaint::INVALID_EXPRESSION)]);
    }

    #[test]
    fn a_line_feed_in_a_block_ends_nothing() {
        assert_eq!(ends_message(b"*IDN?\nX"), Some(5));
        assert_eq!(ends_message(b"*IDN?"), None);
        assert_eq!(ends_message(b"DATA #14a\nb\n\n"), Some(12));
        assert_eq!(ends_message(b"DATA #14a\n"), None);
        assert_eq!(ends_message(b"TEXT '#19'\n"), Some(10));
        let message: Vec<_> = units(b"DATA #14a;b,;*CLS\n").map(Result::unwrap).collect();
        assert_eq!(message[0].parameters, [b"#14a;b,".as_slice()]);
        assert_eq!(message[1].header, b"*CLS");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let count = units(&bytes).count();
            prop_assert!(count <= bytes.len());
            if let Some(end) = ends_message(&bytes) {
                prop_assert_eq!(bytes[end], b'\n');
            }
        }
    }
}
