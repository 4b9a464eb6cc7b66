//! Faults of a driver's file: where, and what would be right.

use std::fmt;

/// One thing that is wrong with a driver's file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct DriverFault {
    /// The line, from 1.
    pub line: usize,
    /// The key, with the tables it is in: `verb.set_voltage.send`. Empty if it is the file as a whole.
    pub key: String,
    /// A sentence that says what is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for DriverFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            write!(f, "line {}: {}", self.line, self.message)
        } else {
            write!(f, "line {}: {}: {}", self.line, self.key, self.message)
        }
    }
}
