//! Verifies a chain record by record, and names the first that is wrong.
//!
//! A chain proves that nothing in it was changed since its head was last written down elsewhere. What
//! is behind the last [`Mark`] can be made anew whole by whoever has the store.

use std::collections::VecDeque;
use std::fmt;

use super::chain::{Hash, Head, hash_of};
use super::checkpoint::{Check, Checkpoint};
use super::hex::{from_hex, to_hex};
use super::index::{Glance, Index};

/// The first record that is wrong, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("record {seq} {wrong}")]
pub struct Fault {
    /// Its number.
    pub seq: u64,
    /// What is wrong.
    pub wrong: Wrong,
}

/// What is wrong with a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is not there.
    Missing,
    /// It is there a second time, or behind a later one.
    OutOfOrder,
    /// Its text does not lead to its hash.
    Altered,
    /// Its text leads to its hash, but is not a record.
    Unreadable(String),
    /// Its text has another number than the one it is stored under.
    Number(u64),
    /// It is not chained to the record before it.
    Unchained,
    /// A field that it is found by is not what its text says.
    Index(&'static str),
    /// It is not the record that was signed, or that a witness has seen.
    Replaced {
        /// Who says so.
        by: Source,
        /// The hash it had.
        hash: Hash,
    },
    /// The chain ends before it, though it was signed, or a witness has seen it.
    Cut(Source),
    /// Its checkpoint was not signed with the key it names.
    BadSignature(Source),
    /// Its checkpoint was signed with a key that is none of the station's.
    ForeignKey(Source),
}

/// Who says what the chain was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A checkpoint in the store.
    Checkpoint,
    /// A line of a witness.
    Witness,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Checkpoint => "a checkpoint in the store",
            Self::Witness => "the witness",
        })
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is missing"),
            Self::OutOfOrder => f.write_str("stands behind a later one"),
            Self::Altered => f.write_str("was altered: its text does not lead to its hash"),
            Self::Unreadable(why) => write!(f, "is not a record: {why}"),
            Self::Number(says) => write!(f, "says of itself that it is record {says}"),
            Self::Unchained => f.write_str("is not chained to the record before it"),
            Self::Index(field) => {
                write!(f, "is filed under another {field} than its text says")
            }
            Self::Replaced { by, hash } => write!(
                f,
                "is not the one that {by} knows, whose hash was {}: it, or one before it, was replaced",
                to_hex(hash)
            ),
            Self::Cut(by) => write!(f, "is known to {by}, but the trail ends before it"),
            Self::BadSignature(by) => {
                write!(f, "is the head of {by}, whose signature is wrong")
            }
            Self::ForeignKey(by) => {
                write!(
                    f,
                    "is the head of {by}, which was signed with a key that is not the station's"
                )
            }
        }
    }
}

/// What the chain was at one time, as somebody says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The head then.
    pub head: Head,
    /// Who says so.
    pub source: Source,
}

impl Mark {
    /// The head of a checkpoint, if that was signed, with one of these keys. No keys: any.
    ///
    /// # Errors
    /// When it was not.
    pub fn of(
        checkpoint: &Checkpoint,
        source: Source,
        keys: &[[u8; 32]],
        check: Check<'_>,
    ) -> Result<Self, Fault> {
        let wrong = if !keys.is_empty() && !keys.contains(&checkpoint.key) {
            Wrong::ForeignKey(source)
        } else if !checkpoint.is_signed(check) {
            Wrong::BadSignature(source)
        } else {
            return Ok(Self { head: checkpoint.head(), source });
        };
        Err(Fault { seq: checkpoint.seq, wrong })
    }
}

/// Takes the records of a chain in order.
#[derive(Clone, Debug, Default)]
pub struct Verifier {
    head: Head,
    /// What is known of the chain, in the order of numbers.
    marks: VecDeque<Mark>,
}

impl Verifier {
    /// For a chain from its beginning, of which this is known.
    #[must_use]
    pub fn new(marks: Vec<Mark>) -> Self {
        Self::behind(Head::default(), marks)
    }

    /// For what stands behind this record. What is known of it and of those before is left out.
    #[must_use]
    pub fn behind(head: Head, mut marks: Vec<Mark>) -> Self {
        marks.retain(|mark| mark.head.seq > head.seq);
        marks.sort_by_key(|mark| mark.head.seq);
        Self { head, marks: marks.into() }
    }

    /// Where the chain ends so far.
    #[must_use]
    pub fn head(&self) -> Head {
        self.head
    }

    /// Takes a record as it is stored, and tells what it is found by.
    ///
    /// # Errors
    /// When it is wrong; nothing behind it can be said to be right.
    pub fn push<'t>(&mut self, seq: u64, hash: &[u8], text: &'t str) -> Result<Index<'t>, Fault> {
        let due = self.head.seq.saturating_add(1);
        let fault = |wrong| Fault { seq, wrong };
        if seq > due {
            return Err(Fault { seq: due, wrong: Wrong::Missing });
        }
        if seq < due {
            return Err(fault(Wrong::OutOfOrder));
        }
        let ours = hash_of(&self.head.hash, text);
        if ours != *hash {
            return Err(fault(self.why(seq, hash, text)));
        }
        let glance: Glance<'t> = serde_json::from_str(text)
            .map_err(|error| fault(Wrong::Unreadable(error.to_string())))?;
        if glance.seq != seq {
            return Err(fault(Wrong::Number(glance.seq)));
        }
        if from_hex(&glance.previous) != Some(self.head.hash) {
            return Err(fault(Wrong::Unchained));
        }
        self.head = Head { seq, hash: ours };
        while let Some(mark) = self.marks.front().copied().filter(|mark| mark.head.seq <= seq) {
            if mark.head != self.head {
                return Err(fault(Wrong::Replaced { by: mark.source, hash: mark.head.hash }));
            }
            self.marks.pop_front();
        }
        Ok(glance.index())
    }

    /// Why a text does not lead to its hash: it was altered, or it is whole and belongs elsewhere.
    fn why(&self, seq: u64, hash: &[u8], text: &str) -> Wrong {
        let Ok(glance) = serde_json::from_str::<Glance<'_>>(text) else { return Wrong::Altered };
        match from_hex(&glance.previous) {
            Some(previous) if hash_of(&previous, text) == *hash => {
                if glance.seq == seq {
                    Wrong::Unchained
                } else {
                    Wrong::Number(glance.seq)
                }
            }
            Some(_) | None => Wrong::Altered,
        }
    }

    /// There are no more records.
    ///
    /// # Errors
    /// When there should be, by what is known.
    pub fn finish(self) -> Result<Head, Fault> {
        match self.marks.front() {
            Some(mark) => {
                let seq = self.head.seq.saturating_add(1);
                Err(Fault { seq, wrong: Wrong::Cut(mark.source) })
            }
            None => Ok(self.head),
        }
    }
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
