//! Reads the numbers and booleans of replies (IEEE 488.2 8.7, SCPI-1999 volume 1, 7.2).

/// What is not a number (or not a boolean).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {wanted}")]
pub struct NotANumber {
    /// What was to be read.
    pub text: String,
    /// What it should be, with an example.
    pub wanted: &'static str,
}

/// A number in any form of IEEE 488.2: integer (NR1), fixed point (NR2), with exponent (NR3), and
/// `#H`, `#Q`, `#B`. None for what stands for no number: 9.91E37 (not a number), ±9.9E37 (infinity)
/// of SCPI-1999 7.2.1.4 and 7.2.1.5, and the words `NAN`, `INF`, `NINF` and `INFINITY`.
///
/// # Errors
///
/// The text is no number.
pub fn number(text: &str) -> Result<Option<f64>, NotANumber> {
    let text = text.trim();
    if let Some(value) = non_decimal(text) {
        // Exact up to 2^53, far beyond any register's width.
        #[expect(clippy::cast_precision_loss, reason = "registers have at most 32 bits")]
        return Ok(Some(value as f64));
    }
    let bare = text.strip_prefix(['+', '-']).unwrap_or(text);
    let word = |word: &str| bare.eq_ignore_ascii_case(word);
    if word("NAN") || word("INF") || word("NINF") || word("INFINITY") {
        return Ok(None);
    }
    // What Rust reads and IEEE 488.2 knows not are words, which the digits exclude.
    let begins = bare.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let value = if begins { spaced_exponent(text).parse().ok() } else { None };
    match value {
        // Instruments differ in the digits they give these (9.9E37, 9.91E+37, 9.910000E37): nothing
        // measurable is as large, so a bound is better than two values.
        Some(value) if f64::abs(value) >= 9.9e37 => Ok(None),
        Some(value) => Ok(Some(value)),
        None => {
            Err(NotANumber { text: text.to_owned(), wanted: "a number such as 5, 5.0 or +5.0E-3" })
        }
    }
}

/// IEEE 488.2 7.7.2.2 allows a space before and after the `E`.
fn spaced_exponent(text: &str) -> String {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return text.to_owned() };
    format!("{}E{}", mantissa.trim_end(), exponent.trim_start())
}

fn non_decimal(text: &str) -> Option<u64> {
    let rest = text.strip_prefix('#')?;
    let mut characters = rest.chars();
    let radix = match characters.next()? {
        'H' | 'h' => 16,
        'Q' | 'q' => 8,
        'B' | 'b' => 2,
        _ => return None,
    };
    let digits = characters.as_str();
    // from_str_radix would take a sign.
    let plain = digits.chars().all(|c| c.is_digit(radix));
    if plain { u64::from_str_radix(digits, radix).ok() } else { None }
}

/// An integer, also where an instrument writes `+32` or `3.2E1`.
///
/// # Errors
///
/// The text is no whole number, or one beyond ±2^53.
pub fn integer(text: &str) -> Result<i64, NotANumber> {
    let text = text.trim();
    if let Ok(value) = text.parse() {
        return Ok(value);
    }
    let refused = || NotANumber { text: text.to_owned(), wanted: "a whole number such as 32" };
    let value = number(text).map_err(|_| refused())?.ok_or_else(refused)?;
    if value.fract() != 0.0 || value.abs() > 9_007_199_254_740_992.0 {
        return Err(refused());
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53, as just checked")]
    Ok(value as i64)
}

/// A boolean: `1`, `0`, `ON`, `OFF`, or a number, of which zero alone is false (SCPI-1999 7.3).
///
/// # Errors
///
/// The text is none of these.
pub fn boolean(text: &str) -> Result<bool, NotANumber> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("ON") {
        return Ok(true);
    }
    if text.eq_ignore_ascii_case("OFF") {
        return Ok(false);
    }
    match number(text) {
        Ok(Some(value)) => Ok(value.round() != 0.0),
        Ok(None) | Err(_) => {
            Err(NotANumber { text: text.to_owned(), wanted: "a boolean: 1, 0, ON or OFF" })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_number_is_read() {
        for (text, value) in [
            ("5", 5.0),
            ("+5", 5.0),
            ("-0.25", -0.25),
            (".5", 0.5),
            ("5.", 5.0),
            ("+5.000E-03", 0.005),
            ("1.5 E +3", 1500.0),
            (" 12 ", 12.0),
            ("#H1F", 31.0),
            ("#q17", 15.0),
            ("#B101", 5.0),
        ] {
            assert_eq!(number(text), Ok(Some(value)), "{text}");
        }
        for text in
            ["9.91E37", "9.91000000E+37", "9.9E37", "-9.9E+37", "NAN", "inf", "-INF", "1e400"]
        {
            assert_eq!(number(text), Ok(None), "{text}");
        }
        for text in
            ["", ".......", "-------", "NACK", "5V", "1,2", "#H", "#B2", "#H+1", "+", "0x1F"]
        {
            assert!(number(text).is_err(), "{text}");
        }
        let said = number("NACK").unwrap_err().to_string();
        assert_eq!(said, "\"NACK\" is not a number such as 5, 5.0 or +5.0E-3");
    }

    #[test]
    fn integers_and_booleans() {
        for (text, value) in [("0", 0), ("+32", 32), ("3.2E1", 32), ("-113", -113), ("#H20", 32)] {
            assert_eq!(integer(text), Ok(value), "{text}");
        }
        for text in ["0.5", "9.91E37", "x", "1e300"] {
            assert!(integer(text).is_err(), "{text}");
        }
        for (text, value) in
            [("1", true), ("ON", true), ("off", false), ("0.0", false), ("2", true)]
        {
            assert_eq!(boolean(text), Ok(value), "{text}");
        }
        for text in ["yes", "", "9.91E37"] {
            assert!(boolean(text).is_err(), "{text}");
        }
    }
}
