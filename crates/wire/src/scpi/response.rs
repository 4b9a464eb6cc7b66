//! Splits replies: parts that `;` joins, fields that `,` joins, and headers that are echoed.

use super::scan::split;

/// The parts of a reply to a compound query (IEEE 488.2 8.3.1), which `;` joins outside strings and
/// blocks; each trimmed.
#[must_use]
pub fn parts(reply: &str) -> Vec<&str> {
    texts(reply, b';')
}

/// The fields of one part (IEEE 488.2 8.4.1), which `,` joins outside strings and blocks; each trimmed.
#[must_use]
pub fn fields(part: &str) -> Vec<&str> {
    texts(part, b',')
}

fn texts(reply: &str, separator: u8) -> Vec<&str> {
    let parts = split(reply.as_bytes(), separator);
    // A block that holds half a character of lossily read text gives no text.
    parts.into_iter().map(|part| trim(std::str::from_utf8(part).unwrap_or_default())).collect()
}

/// Trims, but takes nothing off the end of a block.
fn trim(part: &str) -> &str {
    let part = part.trim_start();
    let sized = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    if part.strip_prefix('#').is_some_and(sized) { part } else { part.trim_end() }
}

/// A reply without the header that some instruments put in front of it (`:VOLT 5.0`, `*IDN? ACME,1`,
/// `SYST:ERR? 0, No error`), trimmed. Headers begin with `*`, `:` or a letter, are made of letters,
/// digits, `:`, `_` and a last `?`, and white space follows them; a first word without `:`, `*` or `?`
/// is taken for data.
#[must_use]
pub fn strip_header(reply: &str) -> &str {
    let reply = reply.trim();
    let Some((first, rest)) = reply.split_once(|c: char| c.is_ascii_whitespace()) else {
        return reply;
    };
    let name = first.strip_suffix('?').unwrap_or(first);
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '_');
    let marked = first.ends_with('?') || first.contains([':', '*']);
    let bare = name.strip_prefix('*').unwrap_or(name);
    let begins = bare.starts_with(|c: char| c.is_ascii_alphabetic() || c == ':');
    if marked && begins && bare.chars().all(is_name) && !bare.ends_with(':') {
        rest.trim_start()
    } else {
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_blocks_hold_together() {
        assert_eq!(parts("1;2 ; \"a;b\";#13x;y;'c;d'"), ["1", "2", "\"a;b\"", "#13x;y", "'c;d'"]);
        assert_eq!(
            fields("-113,\"Undefined header, sorry\""),
            ["-113", "\"Undefined header, sorry\""]
        );
        assert_eq!(fields("a, Bob's scope, 1"), ["a", "Bob's scope", "1"]);
        assert_eq!(fields("#H1F,#15a,b,c,2"), ["#H1F", "#15a,b,c", "2"]);
        assert_eq!(fields(""), [""]);
    }

    #[test]
    fn echoed_headers_go() {
        for (reply, bare) in [
            ("*IDN? ACME,1,2,3", "ACME,1,2,3"),
            ("SYST:ERR? 0, No error", "0, No error"),
            (":SOUR:VOLT 5.0", "5.0"),
            ("*ESR 32", "32"),
            ("VOLT? 5", "5"),
            ("ACME Instruments,1", "ACME Instruments,1"),
            ("12:30:00 today", "12:30:00 today"),
            ("-113,\"a b\"", "-113,\"a b\""),
            ("5.0", "5.0"),
            ("? 5", "? 5"),
            ("Note: 5", "Note: 5"),
        ] {
            assert_eq!(strip_header(reply), bare, "{reply}");
        }
    }
}
