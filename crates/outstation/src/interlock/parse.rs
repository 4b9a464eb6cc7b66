//! The text of an interlock, read by descent.

use station_core::near::shown;
use station_wire::iec104::codec::DoublePoint;

use super::{Comparison, How, Literal, Node};
use crate::value::bits;

/// The longest text, in bytes.
const LONGEST: usize = 4_000;

/// How deep brackets and `not` may stand in one another.
const DEEPEST: u32 = 32;

/// The words that cannot be names of points.
pub(crate) const WORDS: [&str; 3] = ["and", "or", "not"];

/// Reads it whole.
pub(super) fn parse(text: &str) -> Result<Node, String> {
    if text.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let mut words = Words { rest: text };
    let root = any(&mut words, 0)?;
    match words.next()? {
        None => Ok(root),
        Some(word) => Err(format!("'{}' is too much; 'and' or 'or' may follow", shown(word))),
    }
}

struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    /// The next word, bracket or comparison, which stays there.
    fn peek(&self) -> Result<Option<&'a str>, String> {
        let rest = self.rest.trim_start();
        let Some(first) = rest.chars().next() else { return Ok(None) };
        let length = match first {
            '(' | ')' => 1,
            _ if is_comparing(first) => rest.find(|c| !is_comparing(c)).unwrap_or(rest.len()),
            _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => return Err(format!("'{}' has no meaning here", first.escape_debug())),
        };
        Ok(rest.get(..length))
    }

    /// Takes it.
    fn next(&mut self) -> Result<Option<&'a str>, String> {
        let word = self.peek()?;
        let length = word.map_or(0, str::len);
        self.rest = self.rest.trim_start().get(length..).unwrap_or_default();
        Ok(word)
    }

    /// Takes it if it is that word.
    fn took(&mut self, wanted: &str) -> Result<bool, String> {
        let is_it = self.peek()?.is_some_and(|word| word.eq_ignore_ascii_case(wanted));
        if is_it {
            self.next()?;
        }
        Ok(is_it)
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+')
}

fn is_comparing(c: char) -> bool {
    matches!(c, '=' | '!' | '<' | '>')
}

fn any(words: &mut Words<'_>, depth: u32) -> Result<Node, String> {
    let mut parts = vec![all(words, depth)?];
    while words.took("or")? {
        parts.push(all(words, depth)?);
    }
    Ok(one_or(parts, Node::Any))
}

fn all(words: &mut Words<'_>, depth: u32) -> Result<Node, String> {
    let mut parts = vec![each(words, depth)?];
    while words.took("and")? {
        parts.push(each(words, depth)?);
    }
    Ok(one_or(parts, Node::All))
}

fn one_or(mut parts: Vec<Node>, many: impl Fn(Vec<Node>) -> Node) -> Node {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => {
            parts.extend(last);
            many(parts)
        }
    }
}

fn each(words: &mut Words<'_>, depth: u32) -> Result<Node, String> {
    if depth > DEEPEST {
        return Err(format!("brackets and 'not' stand in one another at most {DEEPEST} deep"));
    }
    if words.took("not")? {
        return each(words, depth + 1).map(|inner| Node::Not(Box::new(inner)));
    }
    if words.took("(")? {
        let inner = any(words, depth + 1)?;
        return match words.next()? {
            Some(")") => Ok(inner),
            Some(word) => Err(format!("a ')' is missing before '{}'", shown(word))),
            None => Err("a ')' is missing at the end".to_owned()),
        };
    }
    comparison(words).map(Node::Compare)
}

fn comparison(words: &mut Words<'_>) -> Result<Comparison, String> {
    let point = match words.next()? {
        Some(word) if word.starts_with(is_word) && !is_keyword(word) => word,
        Some(word) => {
            return Err(format!("the name of a point is missing before '{}'", shown(word)));
        }
        None => return Err("the name of a point is missing at the end".to_owned()),
    };
    let sign = words.next()?.unwrap_or_default();
    let how = match sign {
        "==" => How::Equal,
        "!=" => How::Unequal,
        "<" => How::Less,
        "<=" => How::AtMost,
        ">" => How::Greater,
        ">=" => How::AtLeast,
        _ => {
            let point = shown(point);
            return Err(format!("one of ==, !=, <, <=, > and >= is missing after '{point}'"));
        }
    };
    let word = words.next()?.unwrap_or_default();
    let with = literal(word).ok_or_else(|| {
        let word = shown(word);
        format!("on, off, a number or bits such as 0xff belong after '{sign}', not '{word}'")
    })?;
    let written = format!("{point} {sign} {word}");
    Ok(Comparison { point: point.to_owned(), how, with, written })
}

fn is_keyword(word: &str) -> bool {
    WORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}

fn literal(word: &str) -> Option<Literal> {
    let position = match word.to_ascii_lowercase().as_str() {
        "on" => Some(DoublePoint::On),
        "off" => Some(DoublePoint::Off),
        "intermediate" => Some(DoublePoint::Intermediate),
        "indeterminate" => Some(DoublePoint::Indeterminate),
        _ => None,
    };
    if let Some(position) = position {
        return Some(Literal::Position(position));
    }
    let bits = bits(word);
    let number = bits.map(f64::from).or_else(|| word.parse().ok());
    number.filter(|number| number.is_finite()).map(|number| Literal::Number(number, bits))
}
