//! Lines of the form `NAME = value`.

/// Reads a setting; `None` when the line is not meant as one.
pub(super) fn read(line: &str) -> Option<Result<(String, String), String>> {
    let (name, rest) = match quoted(line) {
        Some((name, rest)) => (name, rest),
        None => {
            let end = line.find([' ', '\t', '='])?;
            let (name, rest) = line.split_at_checked(end)?;
            // The first field of a job.
            if name.starts_with(|c: char| c.is_ascii_digit() || "*@-".contains(c)) {
                return None;
            }
            (name, rest)
        }
    };
    let rest = trim_start(rest).strip_prefix('=')?;
    if name.is_empty() {
        return None;
    }
    let name = name.to_owned();
    let rest = trim_start(rest);
    Some(match quoted(rest) {
        // A quoted value is kept as it is, blanks at its ends included.
        Some((value, after)) if trim_start(after).is_empty() => Ok((name, value.to_owned())),
        Some((_, after)) => {
            let after = trim_start(after);
            Err(format!("after the quoted value of {name} stands '{after}': quote the whole value"))
        }
        None if rest.starts_with(['"', '\'']) => {
            Err(format!("the quote that begins the value of {name} is not closed"))
        }
        None => Ok((name, rest.trim_end_matches([' ', '\t']).to_owned())),
    })
}

/// A text in quotes at the beginning, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text.strip_prefix(quote)?.split_once(quote)
}

fn trim_start(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn settings_are_crons() {
        for (line, expected) in [
            ("MAILTO=joe", Some(("MAILTO", "joe"))),
            ("MAILTO=", Some(("MAILTO", ""))),
            ("MAILTO=\"\"", Some(("MAILTO", ""))),
            ("PATH = /usr/local/bin:/usr/bin  ", Some(("PATH", "/usr/local/bin:/usr/bin"))),
            ("A\t=\t' b  c '  ", Some(("A", " b  c "))),
            ("\"A B\" = x", Some(("A B", "x"))),
            ("A=$HOME/x # not a comment", Some(("A", "$HOME/x # not a comment"))),
            ("A=b=c", Some(("A", "b=c"))),
            ("A=it's", Some(("A", "it's"))),
            ("* * * * * A=b cmd", None),
            ("*/5 * * * * x", None),
            ("5 = 5", None),
            ("@daily A=b cmd", None),
            ("@daily", None),
            ("word other = x", None),
            ("=x", None),
        ] {
            let expected = expected.map(|(name, value)| Ok((name.to_owned(), value.to_owned())));
            assert_eq!(read(line), expected, "{line}");
        }
        for bad in ["A='b' c", "A=\"b"] {
            let error = read(bad).unwrap().unwrap_err();
            assert!(error.contains("value of A"), "{error}");
        }
    }
}
