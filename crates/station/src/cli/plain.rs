//! Makes hostile text harmless: nothing in a name, command or error may steer a terminal.

/// The text with everything that steers a terminal or hides text as a visible escape.
#[must_use]
pub fn plain(text: &str) -> String {
    escape(text, false)
}

/// As [`plain`], but line ends stay.
#[must_use]
pub fn plain_lines(text: &str) -> String {
    escape(text, true)
}

fn escape(text: &str, keep_lines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' if keep_lines => out.push('\n'),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if u32::from(c) < 0x80 && c.is_control() => {
                out.push_str(&format!("\\x{:02x}", u32::from(c)));
            }
            c if is_hostile(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// Controls, what turns the writing direction, separators and invisible tags.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_steers_is_shown() {
        assert_eq!(
            plain("a\x1b[2J\nb\u{9b}\u{202e}c\x7f\0"),
            "a\\x1b[2J\\nb\\u{9b}\\u{202e}c\\x7f\\x00"
        );
        assert_eq!(plain_lines("a\nb\r\n"), "a\nb\\r\n");
        assert_eq!(plain("grüße 日本 \\x1b"), "grüße 日本 \\x1b");
    }

    proptest! {
        #[test]
        fn nothing_hostile_is_left(text in any::<String>()) {
            let shown = plain(&text);
            prop_assert!(!shown.chars().any(|c| c.is_control() || is_hostile(c)));
            prop_assert_eq!(plain(&shown), shown.clone());
            prop_assert!(plain_lines(&text).chars().all(|c| c == '\n' || !is_hostile(c)));
        }

        #[test]
        fn harmless_text_stays(text in "[ -~äöü日本]{0,50}") {
            prop_assert_eq!(plain(&text), text);
        }
    }
}
