//! Interlocks: what must hold of other points before one is commanded.
//!
//! ```text
//!  any  = all { "or" all }          all   = each { "and" each }
//!  each = "not" each | "(" any ")" | NAME comparison VALUE
//!  comparison: ==  !=  <  <=  >  >=          VALUE: on, off, -5.0, 0xff
//! ```
//!
//! There are three answers, since a value can be unknown: what cannot be said whatever the unknown
//! value is, does not hold, with a `not` before it or without.

mod parse;
#[cfg(test)]
mod tests;

pub(crate) use parse::WORDS;

use station_wire::iec104::codec::{DoublePoint, Value};

use crate::value::{Kind, number, text};

/// What must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Interlock {
    root: Node,
}

/// A text that is no interlock.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an interlock is written as 'earth-switch-7 == off and bus-voltage < 5': {message}")]
pub struct InterlockError {
    /// What is wrong, and where.
    pub message: String,
}

/// Why an interlock does not hold, as a part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotHeld {
    /// It does not: `earth-switch-7 is on, where earth-switch-7 == off must hold`.
    False(String),
    /// Nobody knows: `earth-switch-7 is not known: the link was lost`.
    Unknown(String),
}

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Compare(Comparison),
    Not(Box<Node>),
    All(Vec<Node>),
    Any(Vec<Node>),
}

/// One point against one value.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The name of the point.
    pub point: String,
    how: How,
    with: Literal,
    /// As it was written, spaces apart.
    written: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

#[derive(Clone, Debug, PartialEq)]
enum Literal {
    /// A position.
    Position(DoublePoint),
    /// A number; if it has bits, those too.
    Number(f64, Option<u32>),
}

impl Interlock {
    /// Reads an interlock.
    ///
    /// # Errors
    /// What is wrong with the text, and where.
    pub fn parse(text: &str) -> Result<Self, InterlockError> {
        parse::parse(text).map(|root| Self { root }).map_err(|message| InterlockError { message })
    }

    /// All comparisons in it.
    #[must_use]
    pub fn comparisons(&self) -> Vec<&Comparison> {
        let mut found = Vec::new();
        let mut open = vec![&self.root];
        while let Some(node) = open.pop() {
            match node {
                Node::Compare(comparison) => found.push(comparison),
                Node::Not(inner) => open.push(inner),
                Node::All(parts) | Node::Any(parts) => open.extend(parts.iter().rev()),
            }
        }
        found
    }

    /// Whether it holds, by what `look` says of a point: its value, or why that is not known.
    ///
    /// # Errors
    /// It does not, or nobody knows; with the point that decides.
    pub fn check(
        &self,
        mut look: impl FnMut(&str) -> Result<Value, String>,
    ) -> Result<(), NotHeld> {
        match self.root.ask(&mut look) {
            Answer::Yes(_) => Ok(()),
            Answer::No(why) => Err(NotHeld::False(why)),
            Answer::Unknown(why) => Err(NotHeld::Unknown(why)),
        }
    }
}

impl Comparison {
    /// Whether it can be made with values of such a point.
    ///
    /// # Errors
    /// Why not, as a sentence.
    pub fn fits(&self, kind: Kind) -> Result<(), String> {
        let equality = matches!(self.how, How::Equal | How::Unequal);
        let wanted = match (kind, &self.with) {
            (Kind::Single, Literal::Position(DoublePoint::On | DoublePoint::Off))
            | (Kind::Double, Literal::Position(_))
            | (Kind::Bits | Kind::Packed, Literal::Number(_, Some(_)))
                if equality =>
            {
                return Ok(());
            }
            (Kind::Normalized | Kind::Float, Literal::Number(..)) if !equality => return Ok(()),
            (Kind::Step | Kind::Scaled | Kind::Counter, Literal::Number(..)) => return Ok(()),
            (Kind::Single, _) => "with == or != and on or off",
            (Kind::Double, _) => "with == or != and on, off, intermediate or indeterminate",
            (Kind::Bits | Kind::Packed, _) => "with == or != and bits such as 0xff",
            // Two measured numbers are hardly ever the same.
            (Kind::Normalized | Kind::Float, _) => "with <, <=, > or >= and a number",
            (Kind::Step | Kind::Scaled | Kind::Counter, _) => "with a number",
        };
        Err(format!("'{}': {} is compared {wanted}", self.written, self.point))
    }

    /// Whether it is true of a value; `None` of one that it cannot be made with.
    fn holds(&self, value: &Value) -> Option<bool> {
        let ordering = match (&self.with, *value) {
            (Literal::Position(wanted), Value::Single(on)) => {
                let position = if on { DoublePoint::On } else { DoublePoint::Off };
                position.cmp(wanted)
            }
            (Literal::Position(wanted), Value::Double(position)) => position.cmp(wanted),
            (Literal::Number(_, Some(wanted)), Value::Bits(bits)) => bits.cmp(wanted),
            (Literal::Number(_, Some(wanted)), Value::PackedSingle { status, .. }) => {
                u32::from(status).cmp(wanted)
            }
            (Literal::Number(wanted, _), _) => number(value)?.partial_cmp(wanted)?,
            (Literal::Position(_), _) => return None,
        };
        Some(match self.how {
            How::Equal => ordering.is_eq(),
            How::Unequal => ordering.is_ne(),
            How::Less => ordering.is_lt(),
            How::AtMost => ordering.is_le(),
            How::Greater => ordering.is_gt(),
            How::AtLeast => ordering.is_ge(),
        })
    }
}

/// An answer, and what decided it.
enum Answer {
    Yes(String),
    No(String),
    Unknown(String),
}

impl Node {
    fn ask(&self, look: &mut impl FnMut(&str) -> Result<Value, String>) -> Answer {
        match self {
            Self::Compare(comparison) => {
                let point = &comparison.point;
                match look(point) {
                    Err(why) => Answer::Unknown(format!("{point} is not known: {why}")),
                    Ok(value) => match comparison.holds(&value) {
                        Some(holds) => {
                            let shown = text(&value);
                            let seen = format!("{point} is {shown}");
                            if holds { Answer::Yes(seen) } else { Answer::No(seen) }
                        }
                        None => Answer::Unknown(format!(
                            "{point} shows {}, which cannot be compared by '{}'",
                            text(&value),
                            comparison.written
                        )),
                    },
                }
            }
            Self::Not(inner) => match inner.ask(look) {
                Answer::Yes(why) => Answer::No(why),
                Answer::No(why) => Answer::Yes(why),
                unknown @ Answer::Unknown(_) => unknown,
            },
            Self::All(parts) => {
                let mut unknown = None;
                let mut seen = Vec::new();
                for part in parts {
                    match part.ask(look) {
                        no @ Answer::No(_) => return no,
                        Answer::Unknown(why) => unknown = unknown.or(Some(why)),
                        Answer::Yes(why) => seen.push(why),
                    }
                }
                unknown.map_or_else(|| Answer::Yes(seen.join(" and ")), Answer::Unknown)
            }
            Self::Any(parts) => {
                let mut unknown = None;
                let mut seen = Vec::new();
                for part in parts {
                    match part.ask(look) {
                        yes @ Answer::Yes(_) => return yes,
                        Answer::Unknown(why) => unknown = unknown.or(Some(why)),
                        Answer::No(why) => seen.push(why),
                    }
                }
                unknown.map_or_else(|| Answer::No(seen.join(" and ")), Answer::Unknown)
            }
        }
    }
}
