//! Decides whether a command text needs a shell at all, as make does.

/// Characters that mean something to a shell (make's list).
const SYNTAX: &[u8] = b"#=*?[]{}()<>|&;\"'`$\\~!^\n\r\0";

/// Words a shell understands itself, or that a program of that name does differently.
const SHELL_WORDS: &[&str] = &[
    ".",
    ":",
    "[",
    "alias",
    "bg",
    "bind",
    "bltin",
    "break",
    "builtin",
    "caller",
    "case",
    "cd",
    "chdir",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "coproc",
    "declare",
    "dirs",
    "disown",
    "do",
    "done",
    "elif",
    "else",
    "enable",
    "esac",
    "eval",
    "exec",
    "exit",
    "export",
    "fc",
    "fg",
    "fi",
    "for",
    "function",
    "getopts",
    "hash",
    "help",
    "history",
    "if",
    "in",
    "jobs",
    "kill",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "select",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "then",
    "time",
    "times",
    "trap",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "until",
    "wait",
    "while",
];

/// Built into shells, but the same as the program of that name as long as no option is given.
const SAME_WITHOUT_OPTIONS: &[&str] = &["echo", "false", "true"];

/// Shells whose simple commands are known to be split as [`words`] does.
const KNOWN_SHELLS: &[&str] = &["ash", "bash", "dash", "sh"];

/// Whether texts for this shell may be started without it at all.
pub(super) fn is_known_shell(shell: &std::path::Path) -> bool {
    shell.file_name().and_then(|name| name.to_str()).is_some_and(|n| KNOWN_SHELLS.contains(&n))
}

/// Environment variables that change what a shell makes of a plain word.
pub(super) fn changes_shell(name: &[u8]) -> bool {
    matches!(name, b"BASH_ENV" | b"SHELLOPTS" | b"BASHOPTS") || name.starts_with(b"BASH_FUNC_")
}

/// The words of a text that is one plain program call; `None` when a shell has to read it.
pub(super) fn words(text: &str) -> Option<Vec<&str>> {
    if text.bytes().any(|byte| SYNTAX.contains(&byte)) {
        return None;
    }
    let words: Vec<&str> = text.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
    let first = *words.first()?;
    // A leading % names a job; a leading - or + cannot start a program's name in practice.
    if first.starts_with(['%', '-', '+']) || SHELL_WORDS.contains(&first) {
        return None;
    }
    let has_option = words.iter().skip(1).any(|word| word.starts_with('-'));
    if has_option && SAME_WITHOUT_OPTIONS.contains(&first) {
        return None;
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn plain_calls_are_split() {
        for (text, want) in [
            ("true", vec!["true"]),
            ("  ls\t-l   /tmp ", vec!["ls", "-l", "/tmp"]),
            ("echo a b", vec!["echo", "a", "b"]),
            ("date +%s", vec!["date", "+%s"]),
            ("/bin/echo -n x", vec!["/bin/echo", "-n", "x"]),
            ("printenv PÄTH", vec!["printenv", "PÄTH"]),
        ] {
            assert_eq!(words(text), Some(want), "{text}");
        }
    }

    #[test]
    fn shell_syntax_goes_to_the_shell() {
        for text in [
            "",
            "  \t ",
            "a=b",
            "A=b true",
            "ls *",
            "cd /",
            "echo -n x",
            "true --help",
            "a\nb",
            "a;b",
            "a|b",
            "echo $x",
            "echo 'x'",
            "echo \\x",
            "exit 3",
            ". x",
            "time ls",
            "! true",
            "ls ~",
            "echo {a,b}",
            "[ a ]",
            "a #b",
            "pwd",
            "kill 1",
            "%1",
            "-x",
            "a & ",
            "a\0b",
        ] {
            assert_eq!(words(text), None, "{text:?}");
        }
    }
}
