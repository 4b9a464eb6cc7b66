//! The grammar of node sets: a text as its terms, or what is wrong with it and where.

use std::fmt;

use super::names::{Names, Piece, Range};
use super::{NodeSet, NodeSetError};
use crate::model::Node;

/// How a term is joined to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    First,
    Or,
    Without,
    And,
    Either,
}

impl Op {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::First => "",
            Self::Or => ",",
            Self::Without => "!",
            Self::And => "&",
            Self::Either => "^",
        }
    }

    fn of(byte: u8) -> Option<Self> {
        match byte {
            b',' => Some(Self::Or),
            b'!' => Some(Self::Without),
            b'&' => Some(Self::And),
            b'^' => Some(Self::Either),
            _ => None,
        }
    }
}

/// What a set is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Term {
    /// These nodes.
    Nodes(Names),
    /// The nodes of these groups.
    Groups(Names),
    /// All nodes.
    All,
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nodes(names) => write!(f, "{names}"),
            Self::Groups(names) => write!(f, "@{names}"),
            Self::All => f.write_str("@*"),
        }
    }
}

/// Reads the terms of a set; there is at least one.
pub(super) fn read(text: &str) -> Result<Vec<(Op, Term)>, NodeSetError> {
    let mut reader = Reader { text, rest: text.as_bytes(), names: 0 };
    reader.skip_blanks();
    if reader.rest.is_empty() {
        return Err(NodeSetError(
            "a set of nodes is empty; write names, as in rack[1-16], or a group, as in @lab".into(),
        ));
    }
    let mut terms = vec![(Op::First, reader.term()?)];
    loop {
        reader.skip_blanks();
        let Some(byte) = reader.peek() else { return Ok(terms) };
        let Some(op) = Op::of(byte) else {
            return Err(reader.wrong("',', '!', '&' or '^' is to stand between two names"));
        };
        reader.skip(1);
        reader.skip_blanks();
        terms.push((op, reader.term()?));
    }
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a [u8],
    /// How many names the terms so far write out.
    names: u64,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    /// Takes the bytes at the front that are such.
    fn take(&mut self, such: impl Fn(u8) -> bool) -> String {
        let end = self.rest.iter().position(|byte| !such(*byte)).unwrap_or(self.rest.len());
        let taken = self.rest.get(..end).unwrap_or_default();
        self.skip(end);
        String::from_utf8_lossy(taken).into_owned()
    }

    /// Something is wrong at the place it has come to.
    fn wrong(&self, what: &str) -> NodeSetError {
        self.wrong_at(self.rest.len(), what)
    }

    /// Something is wrong at the place after which so many bytes were left.
    fn wrong_at(&self, left: usize, what: &str) -> NodeSetError {
        let at = self.text.len().saturating_sub(left);
        let before = self.text.bytes().take(at);
        // Bytes that go on with a character are none of their own.
        let column = before.filter(|byte| byte & 0xc0 != 0x80).count().saturating_add(1);
        let text: String = self.text.chars().take(80).collect();
        NodeSetError(format!("'{text}' is no set of nodes: {what}, at position {column}"))
    }

    fn term(&mut self) -> Result<Term, NodeSetError> {
        if self.peek() != Some(b'@') {
            let names = self.names("a node's name")?;
            return Ok(Term::Nodes(names));
        }
        self.skip(1);
        if self.peek() == Some(b'*') {
            self.skip(1);
            return Ok(Term::All);
        }
        Ok(Term::Groups(self.names("a group's name, or '*' for all nodes,")?))
    }

    fn names(&mut self, what: &str) -> Result<Names, NodeSetError> {
        let begin = self.rest.len();
        let mut pieces = Vec::new();
        loop {
            match self.peek() {
                Some(b'[') => pieces.push(Piece::Numbers(self.ranges()?)),
                Some(byte) if is_letter(byte) => pieces.push(Piece::Letters(self.take(is_letter))),
                Some(b'*') => {
                    return Err(self.wrong("'*' stands after '@' alone, where it means all nodes"));
                }
                _ => break,
            }
        }
        let names = Names { pieces };
        match names.pieces.first() {
            None => return Err(self.wrong(&format!("{what} is missing"))),
            Some(Piece::Letters(letters)) if !starts_well(letters) => {
                return Err(self.wrong_at(begin, "a name begins with a letter or a digit"));
            }
            Some(Piece::Letters(letters)) if names.pieces.len() == 1 && letters == "local" => {
                let what = "'local' is this machine, which is no node and is named alone";
                return Err(self.wrong_at(begin, what));
            }
            Some(_) => {}
        }
        if !names.fits(self.names) {
            let what = format!("it writes out more than {} names", NodeSet::MOST);
            return Err(self.wrong_at(begin, &what));
        }
        if names.longest() > Node::LONGEST_NAME {
            let what = format!("a name has more than {} letters", Node::LONGEST_NAME);
            return Err(self.wrong_at(begin, &what));
        }
        self.names = self.names.saturating_add(names.count());
        Ok(names)
    }

    /// What stands in brackets.
    fn ranges(&mut self) -> Result<Vec<Range>, NodeSetError> {
        let begin = self.rest.len();
        self.skip(1);
        let mut ranges = Vec::new();
        loop {
            ranges.push(self.range(begin)?);
            self.skip_blanks();
            match self.peek() {
                Some(b',') => self.skip(1),
                Some(b']') => {
                    self.skip(1);
                    return Ok(ranges);
                }
                Some(_) => return Err(self.wrong("',' or ']' is to follow a number")),
                None => return Err(self.wrong_at(begin, "its '[' is not closed by ']'")),
            }
        }
    }

    /// One range of the brackets that began at `begin`.
    fn range(&mut self, begin: usize) -> Result<Range, NodeSetError> {
        self.skip_blanks();
        let here = self.rest.len();
        let (first, digits) = self.number(begin)?;
        let width = if digits.len() > 1 && digits.starts_with('0') { digits.len() } else { 0 };
        let mut range = Range { first, last: first, step: 1, width };
        if self.peek() == Some(b'-') {
            self.skip(1);
            let (last, end) = self.number(begin)?;
            if last < first {
                let what = format!("the range {digits}-{end} runs backwards; write {end}-{digits}");
                return Err(self.wrong_at(here, &what));
            }
            if end.len() > 1 && end.starts_with('0') && end.len() != digits.len() {
                let what = format!(
                    "{digits} and {end} have leading zeros, but not the same number of digits"
                );
                return Err(self.wrong_at(here, &what));
            }
            range.last = last;
        }
        if self.peek() == Some(b'/') {
            self.skip(1);
            let place = self.rest.len();
            (range.step, _) = self.number(begin)?;
            if range.step == 0 {
                return Err(self.wrong_at(place, "a step is 1 or more"));
            }
        }
        Ok(range)
    }

    fn number(&mut self, begin: usize) -> Result<(u64, String), NodeSetError> {
        let here = self.rest.len();
        let digits = self.take(|byte| byte.is_ascii_digit());
        if digits.is_empty() {
            return Err(match self.peek() {
                None => self.wrong_at(begin, "its '[' is not closed by ']'"),
                Some(_) => self.wrong("a number is missing, as in [1-16] or [1,3,5-7]"),
            });
        }
        match digits.parse() {
            Ok(number) if digits.len() <= 18 => Ok((number, digits)),
            _ => Err(self.wrong_at(here, "a number has more than 18 digits")),
        }
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}

fn starts_well(letters: &str) -> bool {
    letters.starts_with(|first: char| first.is_ascii_alphanumeric())
}
