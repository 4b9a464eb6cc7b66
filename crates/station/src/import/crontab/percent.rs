//! The percent signs of a command: the first begins its input, further ones are line ends there.

/// The command, and its input when there is any.
pub(super) fn split(text: &str) -> (String, Option<String>) {
    let mut command = String::with_capacity(text.len());
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '%' if escaped => {
                command.pop();
                command.push('%');
            }
            '%' => return (command, text.get(at + 1..).map(input)),
            other => command.push(other),
        }
        escaped = c == '\\' && !escaped;
    }
    (command, None)
}

/// What the command reads: it ends in a line end unless there is nothing.
fn input(text: &str) -> String {
    let mut input = String::with_capacity(text.len() + 1);
    let mut escaped = false;
    for c in text.chars() {
        match c {
            '%' if escaped => {
                input.pop();
                input.push('%');
            }
            '%' => input.push('\n'),
            other => input.push(other),
        }
        escaped = c == '\\' && !escaped;
    }
    if !input.is_empty() && !input.ends_with('\n') {
        input.push('\n');
    }
    input
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn percent_signs_are_crons() {
        for (text, command, stdin) in [
            ("date", "date", None),
            (r"date +\%F", "date +%F", None),
            ("mail joe%Hello%%Bye", "mail joe", Some("Hello\n\nBye\n")),
            (r"cat%100\% of it", "cat", Some("100% of it\n")),
            ("cat%", "cat", Some("")),
            ("cat%a%", "cat", Some("a\n")),
            // An escaped backslash escapes nothing.
            (r"echo a\\%b", r"echo a\\", Some("b\n")),
            (r"echo a\n", r"echo a\n", None),
            (r"printf 'x\\\%'", r"printf 'x\\%'", None),
            ("grep ü%ä", "grep ü", Some("ä\n")),
        ] {
            let stdin = stdin.map(str::to_owned);
            assert_eq!(split(text), (command.to_owned(), stdin), "{text}");
        }
    }
}
