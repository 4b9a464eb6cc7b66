//! Values as program data (IEEE 488.2 clause 7.7): written by us, so that nothing can be put into them.

/// A number as decimal numeric program data (clause 7.7.2), to 12 significant digits: `2.5`, `1E-9`.
/// The caller has refused what is not finite.
pub(super) fn number(number: f64) -> String {
    let digits = format!("{number:.11e}");
    let rounded: f64 = digits.parse().unwrap_or(number);
    if rounded == 0.0 {
        "0".to_owned()
    } else if (1e-5..1e12).contains(&rounded.abs()) {
        format!("{rounded}")
    } else {
        format!("{rounded:E}")
    }
}

/// Text as string program data (clause 7.7.5): in double quotes, those in it doubled.
///
/// # Errors
/// What makes it unfit for that, as the end of a sentence.
pub(super) fn quoted(text: &str) -> Result<String, String> {
    match text.chars().find(|letter| !is_safe(*letter)) {
        None => Ok(format!("\"{}\"", text.replace('"', "\"\""))),
        Some(letter) => Err(format!("may not contain {}", described(letter))),
    }
}

/// Whether a character may stand in a text that is sent. The standard would allow `;` and `#` within
/// quotes; parsers of instruments are not always so exact.
fn is_safe(letter: char) -> bool {
    matches!(letter, ' '..='~') && !matches!(letter, ';' | '#')
}

/// A character for a sentence.
pub(super) fn described(letter: char) -> String {
    match letter {
        '\n' | '\r' => "a line end".to_owned(),
        ' '..='~' => format!("'{letter}'"),
        _ if letter.is_control() => format!("the control character {:#04x}", u32::from(letter)),
        _ => format!("'{letter}', which is not ASCII"),
    }
}

#[cfg(test)]
mod tests {
    use super::{number, quoted};

    #[test]
    fn numbers_are_written_short_and_without_noise() {
        for (given, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (2.5, "2.5"),
            (0.1 + 0.2, "0.3"),
            (5.0, "5"),
            (-12.000_001, "-12.000001"),
            (1e-9, "1E-9"),
            (2.5e-7, "2.5E-7"),
            (25_000_000.0, "25000000"),
            (1.5e15, "1.5E15"),
            (f64::MIN_POSITIVE, "2.22507385851E-308"),
        ] {
            assert_eq!(number(given), text);
        }
    }

    #[test]
    fn texts_are_quoted_and_what_could_end_them_is_refused() {
        assert_eq!(quoted("say \"hi\""), Ok("\"say \"\"hi\"\"\"".to_owned()));
        assert_eq!(quoted("a;b"), Err("may not contain ';'".to_owned()));
        assert_eq!(quoted("a\nb"), Err("may not contain a line end".to_owned()));
        assert_eq!(quoted("#0"), Err("may not contain '#'".to_owned()));
        assert_eq!(quoted("\u{7}"), Err("may not contain the control character 0x07".to_owned()));
        assert_eq!(quoted("µV"), Err("may not contain 'µ', which is not ASCII".to_owned()));
    }
}
