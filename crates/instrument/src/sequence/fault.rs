//! A fault in the text of a sequence: where, and what would be right.

use std::fmt;

/// Something that is wrong with a sequence as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1; `None` where there are no lines, as in a request.
    pub line: Option<u32>,
    /// A sentence that names the step and the key, and says what would be right.
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
