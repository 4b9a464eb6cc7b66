//! What is wrong with points: where, and what would be right.

use std::fmt;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1; `None` where there are no lines, as in a request.
    pub line: Option<u32>,
    /// A sentence that names the point and the key, and says what would be right.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// Everything that is wrong, up to a hundred faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointsError {
    /// In the order of the lines; at least one.
    pub faults: Vec<Fault>,
}

impl fmt::Display for PointsError {
    /// One on each line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (fault, place) in self.faults.iter().zip(0_usize..) {
            let end = if place == 0 { "" } else { "\n" };
            write!(f, "{end}{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PointsError {}
