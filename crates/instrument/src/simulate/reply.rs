//! Writes response data: numbers, words, strings, definite blocks (IEEE 488.2, 8.7).

use std::io::Write;

/// What an overload or an open input reads (SCPI-1999 volume 1, 7.2.1.4).
pub(crate) const INFINITY: f64 = 9.9e37;
/// What "no such reading" reads (SCPI-1999 volume 1, 7.2.1.5).
pub(crate) const NOT_A_NUMBER: f64 = 9.91e37;

/// Appends a number as NR3 with seven significant digits: `5.000000E+00`.
pub(crate) fn real(reply: &mut Vec<u8>, value: f64) {
    let text = format!("{value:.6E}");
    let (mantissa, exponent) = text.split_once('E').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
    // Writing to a vector does not fail.
    write!(reply, "{mantissa}E{sign}{digits:0>2}").ok();
}

/// Appends a text.
pub(crate) fn text(reply: &mut Vec<u8>, text: &str) {
    reply.extend_from_slice(text.as_bytes());
}

/// Appends a string in quotes, its own quotes doubled.
pub(crate) fn quoted(reply: &mut Vec<u8>, words: &str) {
    text(reply, "\"");
    text(reply, &words.replace('"', "\"\""));
    text(reply, "\"");
}

/// Appends the header of a definite block of nine digits, as oscilloscopes write it.
pub(crate) fn block_header(reply: &mut Vec<u8>, length: usize) {
    write!(reply, "#9{length:09}").ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_numbers_and_strings() {
        let shown = |value| {
            let mut reply = Vec::new();
            real(&mut reply, value);
            String::from_utf8(reply).unwrap()
        };
        assert_eq!(shown(5.0), "5.000000E+00");
        assert_eq!(shown(-0.00123), "-1.230000E-03");
        assert_eq!(shown(NOT_A_NUMBER), "9.910000E+37");
        let mut reply = Vec::new();
        quoted(&mut reply, "a\"b");
        block_header(&mut reply, 12);
        assert_eq!(reply, b"\"a\"\"b\"#9000000012");
    }
}
