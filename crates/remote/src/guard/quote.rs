//! Quotes texts for a POSIX shell.

/// One word of a shell that stands for exactly this text.
pub(crate) fn word(text: &str) -> String {
    let mut word = String::with_capacity(text.len() + 2);
    word.push('\'');
    for (n, part) in text.split('\'').enumerate() {
        if n > 0 {
            word.push_str("'\\''");
        }
        word.push_str(part);
    }
    word.push('\'');
    word
}

/// The same without a line feed in it: those are taken from `$STN_L`, which holds one.
pub(crate) fn line(text: &str) -> String {
    word(text).replace('\n', "'\"$STN_L\"'")
}

/// Whether a shell can have a variable of that name.
pub(crate) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        let text = "it's \"$HOME\" `id` \\n \\\\ !x\n'' # é\t*\n'";
        for shell in ["dash", "bash"] {
            let script = format!("STN_L='\n'; printf '%s|%s' {} {}", word(text), line(text));
            let out = Command::new(shell).args(["-c", &script]).output().unwrap().stdout;
            assert_eq!(String::from_utf8(out).unwrap(), format!("{text}|{text}"), "{shell}");
        }
        assert!(!line(text).contains('\n'));
    }

    #[test]
    fn names() {
        assert!(is_name("_a1") && is_name("A"));
        assert!(!is_name("") && !is_name("1a") && !is_name("a-b") && !is_name("a b"));
    }
}
