//! Makes parameters that cannot become commands: quoting, and refusal of what would end a message.

/// Why a text may not be put into a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsafe {
    /// A line end or another control character, which would end the message or disturb the link.
    #[error(
        "character {position} of {text:?} is a control character ({code:#04x}), which would end the message or disturb the link"
    )]
    Control {
        /// The text.
        text: String,
        /// Which character it is, from 1.
        position: usize,
        /// Its code point.
        code: u32,
    },
    /// A `;`, which would begin another command, or a `#`, which would begin a block.
    #[error(
        "character {position} of {text:?} is {character:?}, which would begin {begins}; a parameter may not contain it"
    )]
    Syntax {
        /// The text.
        text: String,
        /// Which character it is, from 1.
        position: usize,
        /// The character.
        character: char,
        /// What it would begin.
        begins: &'static str,
    },
    /// There is nothing in it.
    #[error("the message is empty; write a command such as \"*IDN?\"")]
    Empty,
}

/// Refuses text that may not be pasted into a message bare: `;`, `#`, quotes, line ends and control
/// characters.
///
/// # Errors
///
/// The first character that may not be in it.
pub fn check_parameter(text: &str) -> Result<(), Unsafe> {
    for (at, character) in text.chars().enumerate() {
        let begins = match character {
            ';' => "another command",
            '#' => "a block",
            '"' | '\'' => "a string",
            _ if character.is_control() => return Err(control(text, at, character)),
            _ => continue,
        };
        let text = text.to_owned();
        return Err(Unsafe::Syntax { text, position: at + 1, character, begins });
    }
    Ok(())
}

/// Refuses a whole message that is empty or has a line end or another control character in it; a tab
/// is white space.
///
/// # Errors
///
/// The first character that may not be in it.
pub fn check_message(text: &str) -> Result<(), Unsafe> {
    // Bytes will do to find out whether all is well: ASCII controls, and C1 controls by their lead.
    let odd = |byte: &u8| (*byte < b' ' && *byte != b'\t') || matches!(byte, 0x7f | 0xc2);
    if text.as_bytes().iter().any(odd) {
        let found = text.chars().enumerate().find(|(_, c)| c.is_control() && *c != '\t');
        if let Some((at, character)) = found {
            return Err(control(text, at, character));
        }
    }
    if text.trim().is_empty() {
        return Err(Unsafe::Empty);
    }
    Ok(())
}

fn control(text: &str, at: usize, character: char) -> Unsafe {
    Unsafe::Control { text: text.to_owned(), position: at + 1, code: u32::from(character) }
}

/// A string parameter (IEEE 488.2 7.7.5): within `"`, with every `"` doubled.
///
/// # Errors
///
/// A `;`, a `#` or a control character: there are instruments that do not know strings, and for them
/// these would begin something else.
pub fn quote(text: &str) -> Result<String, Unsafe> {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for (at, character) in text.chars().enumerate() {
        let begins = match character {
            ';' => "another command",
            '#' => "a block",
            '"' => {
                quoted.push_str("\"\"");
                continue;
            }
            _ if character.is_control() => return Err(control(text, at, character)),
            _ => {
                quoted.push(character);
                continue;
            }
        };
        let text = text.to_owned();
        return Err(Unsafe::Syntax { text, position: at + 1, character, begins });
    }
    quoted.push('"');
    Ok(quoted)
}

/// What a quoted string of a reply says (IEEE 488.2 8.7.8), doubled quotes made single; text that is
/// not quoted is given back trimmed.
#[must_use]
pub fn unquote(text: &str) -> String {
    let text = text.trim();
    for quote in ['"', '\''] {
        let inner = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            let doubled = [quote, quote].iter().collect::<String>();
            return inner.replace(&doubled, &quote.to_string());
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_or_begin_something_is_refused() {
        for text in ["1;*RST", "1\n*RST", "1\r", "#10", "a\"b", "a'b", "\u{0}", "\u{85}", "\u{7f}"]
        {
            let refused = check_parameter(text);
            assert!(refused.is_err(), "{text:?}");
        }
        for text in ["5.0", "-1E3", "CH1", "(@1,2)", "MAX", "5 V", "µ"] {
            assert_eq!(check_parameter(text), Ok(()), "{text}");
        }
        let said = check_parameter("1;*RST").unwrap_err().to_string();
        let expected = "character 2 of \"1;*RST\" is ';', which would begin another command; a \
                        parameter may not contain it";
        assert_eq!(said, expected);
    }

    #[test]
    fn a_message_is_one_line() {
        for text in ["", "  ", "*IDN?\n", "VOLT 1\nCURR 1", "\u{1b}[0m", "\u{9b}"] {
            assert!(check_message(text).is_err(), "{text:?}");
        }
        for text in ["*IDN?", "VOLT\t5", "DISP \"Â µ\""] {
            assert_eq!(check_message(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn strings_are_quoted_by_doubling() {
        assert_eq!(quote("say \"hi\"").as_deref(), Ok("\"say \"\"hi\"\"\""));
        assert_eq!(unquote(" \"say \"\"hi\"\"\" "), "say \"hi\"");
        assert_eq!(unquote("'it''s'"), "it's");
        assert_eq!(unquote("bare "), "bare");
        assert_eq!(unquote("\""), "\"");
        assert!(quote("a;b").is_err() && quote("a\nb").is_err() && quote("#1").is_err());
    }
}
