//! Entries of an instrument's error queue: `-113,"Undefined header"` (SCPI-1999 volume 2, 21.8).

use super::{fields, integer, strip_header, unquote};

/// The most characters of a text that are kept (SCPI-1999 volume 2, 21.8.1).
const LONGEST: usize = 255;

/// One entry of an error queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorEntry {
    /// Its number: 0 is no error, negative ones are SCPI's, positive ones the manufacturer's.
    pub code: i64,
    /// Its text, without quotes, at most 255 characters; control characters are replaced.
    pub text: String,
}

/// What is not an entry of an error queue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an entry of an error queue, such as 0,\"No error\"")]
pub struct NotAnEntry(pub String);

impl ErrorEntry {
    /// Reads `-113,"Undefined header"`, `+0,"No error"`, `0, No error`, `0`, each also after an echoed
    /// header.
    ///
    /// # Errors
    ///
    /// There is no number at the beginning.
    pub fn parse(reply: &str) -> Result<Self, NotAnEntry> {
        let bare = strip_header(reply);
        let code = fields(bare).first().and_then(|code| integer(code).ok());
        let code = code.ok_or_else(|| NotAnEntry(reply.trim().to_owned()))?;
        let text = bare.split_once(',').map(|(_, text)| unquote(text)).unwrap_or_default();
        let letters = text.chars().take(LONGEST);
        let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        Ok(Self { code, text: letters.map(plain).collect() })
    }

    /// Whether it says that the queue is empty.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.code == 0
    }
}

impl std::fmt::Display for ErrorEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{},\"{}\"", self.code, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_in_all_their_forms() {
        for (reply, code, text) in [
            ("-113,\"Undefined header\"", -113, "Undefined header"),
            ("-113,\"Undefined header;VOLTS 5\"", -113, "Undefined header;VOLTS 5"),
            ("+0,\"No error\"", 0, "No error"),
            ("0, No error", 0, "No error"),
            ("SYST:ERR? 0, No error", 0, "No error"),
            (":SYST:ERR -222,\"Data out of range, 5\"", -222, "Data out of range, 5"),
            ("0", 0, ""),
            ("201,'it''s hot'", 201, "it's hot"),
            ("7,\"\u{1b}[2J\"", 7, "\u{fffd}[2J"),
        ] {
            let entry = ErrorEntry::parse(reply).unwrap();
            assert_eq!((entry.code, entry.text.as_str()), (code, text), "{reply}");
            assert_eq!(entry.is_none(), code == 0);
        }
        for reply in ["", "NACK", "No error", "1.5,\"x\"", ",,"] {
            assert!(ErrorEntry::parse(reply).is_err(), "{reply}");
        }
        let long = ErrorEntry::parse(&format!("1,{}", "z".repeat(100_000))).unwrap();
        assert_eq!(long.text.len(), LONGEST);
        let shown = ErrorEntry::parse("-113, Undefined header").unwrap().to_string();
        assert_eq!(shown, "-113,\"Undefined header\"");
    }
}
