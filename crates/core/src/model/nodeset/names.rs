//! Names folded into one text: `rack[1-16]`, `r[1-2]n[1-3]`, `n[01,03,05-11/2]`.

use std::collections::BTreeSet;
use std::fmt;

use super::NodeSet;

/// Names that share their letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) pieces: Vec<Piece>,
}

/// A piece of such names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Letters(String),
    Numbers(Vec<Range>),
}

/// Numbers from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) step: u64,
    /// With as many digits as this, at least.
    pub(super) width: usize,
}

impl Range {
    fn count(&self) -> u64 {
        let steps = self.last.saturating_sub(self.first).checked_div(self.step).unwrap_or(0);
        steps.saturating_add(1)
    }

    fn numbers(self) -> impl Iterator<Item = String> {
        let width = self.width;
        let number = move |n: u64| self.first.checked_add(n.checked_mul(self.step)?);
        (0..self.count()).map_while(number).map(move |number| format!("{number:0width$}"))
    }

    fn longest(&self) -> usize {
        self.last.to_string().len().max(self.width)
    }
}

impl Names {
    /// How many names it writes out, those that are alike counted each time.
    pub(super) fn count(&self) -> u64 {
        let counts = self.pieces.iter().map(|piece| match piece {
            Piece::Letters(_) => 1,
            Piece::Numbers(ranges) => {
                ranges.iter().fold(0_u64, |sum, range| sum.saturating_add(range.count()))
            }
        });
        counts.fold(1, u64::saturating_mul)
    }

    /// How long the longest of them is, at most.
    pub(super) fn longest(&self) -> usize {
        let lengths = self.pieces.iter().map(|piece| match piece {
            Piece::Letters(letters) => letters.len(),
            Piece::Numbers(ranges) => ranges.iter().map(Range::longest).max().unwrap_or(0),
        });
        lengths.fold(0, usize::saturating_add)
    }

    /// The names, each once. There are no more than [`NodeSet::MOST`].
    pub(super) fn expand(&self) -> BTreeSet<String> {
        let mut names = vec![String::new()];
        for piece in &self.pieces {
            match piece {
                Piece::Letters(letters) => {
                    names.iter_mut().for_each(|name| name.push_str(letters));
                }
                Piece::Numbers(ranges) => {
                    let numbers: Vec<_> = ranges.iter().flat_map(|range| range.numbers()).collect();
                    let with = |name: &String| -> Vec<String> {
                        numbers.iter().map(|number| format!("{name}{number}")).collect()
                    };
                    names = names.iter().flat_map(with).collect();
                }
            }
        }
        names.into_iter().collect()
    }

    /// Whether a set of so many names may have these, too.
    pub(super) fn fits(&self, beside: u64) -> bool {
        beside.saturating_add(self.count()) <= NodeSet::MOST
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.pieces {
            match piece {
                Piece::Letters(letters) => f.write_str(letters)?,
                Piece::Numbers(ranges) => {
                    for (n, range) in ranges.iter().enumerate() {
                        write!(f, "{}{range}", if n == 0 { "[" } else { "," })?;
                    }
                    f.write_str("]")?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.width;
        write!(f, "{:0width$}", self.first)?;
        if self.last != self.first {
            write!(f, "-{:0width$}", self.last)?;
        }
        if self.last != self.first && self.step != 1 {
            write!(f, "/{}", self.step)?;
        }
        Ok(())
    }
}
