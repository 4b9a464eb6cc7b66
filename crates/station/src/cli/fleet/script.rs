//! How a script is run that is sent as standard input: by the interpreter its first line names.

use super::super::error::CliError;

/// The longest first line that is read; Linux takes 256 bytes.
const LONGEST_FIRST_LINE: usize = 255;

/// Shells, which read a script from standard input with `-s`.
const SHELLS: [&str; 8] = ["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "busybox"];

/// Programs that read a script from standard input where `-` stands for its file.
const DASHED: [&str; 6] = ["python", "perl", "ruby", "node", "lua", "pypy"];

/// The words that run the script which is put into their standard input, with these arguments.
///
/// # Errors
/// When the first line names no interpreter that can be run so.
pub(crate) fn interpreter(script: &[u8], arguments: Vec<String>) -> Result<Vec<String>, CliError> {
    let mut words = first_line(script)?;
    let name = name_of(&words);
    if SHELLS.contains(&name.as_str()) {
        words.push("-s".to_owned());
        // What begins with a dash is the script's, not the shell's.
        words.push("--".to_owned());
    } else if DASHED.iter().any(|known| is_version_of(&name, known)) {
        words.push("-".to_owned());
    } else {
        // Others open a file: a pipe has a name in /dev, which a socket has not.
        let file = ["sh", "-c", "cat | \"$@\"", "script"].map(str::to_owned);
        words = file.into_iter().chain(words).collect();
        words.push("/dev/stdin".to_owned());
    }
    words.extend(arguments);
    Ok(words)
}

/// The interpreter and its options; `/bin/sh` when none is named.
fn first_line(script: &[u8]) -> Result<Vec<String>, CliError> {
    let Some(rest) = script.strip_prefix(b"#!") else { return Ok(vec!["/bin/sh".to_owned()]) };
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let wrong = |why: &str| {
        CliError::usage(format!("the script's first line {why}"))
            .hint("it names the interpreter, such as #!/bin/sh or #!/usr/bin/env python3")
    };
    if line.len() > LONGEST_FIRST_LINE {
        return Err(wrong("is longer than 255 bytes"));
    }
    let text = std::str::from_utf8(line).map_err(|_| wrong("is not UTF-8"))?;
    if text.contains('\r') {
        return Err(wrong(
            "ends with a carriage return, which would be part of the interpreter's name",
        ));
    }
    // As the kernel does: all that follows the program is one argument.
    let (program, option) = match text.trim().split_once([' ', '\t']) {
        Some((program, option)) => (program, option.trim()),
        None => (text.trim(), ""),
    };
    if !program.starts_with('/') {
        return Err(wrong("names no interpreter by its full path"));
    }
    let mut words = vec![program.to_owned()];
    if program.ends_with("/env") {
        // And env(1) splits it up only behind -S.
        let split = option
            .strip_prefix("-S")
            .map_or_else(|| vec![option], |rest| rest.split_whitespace().collect());
        words.extend(split.into_iter().filter(|word| !word.is_empty()).map(str::to_owned));
        if words.len() == 1 {
            return Err(wrong("names env and no program"));
        }
    } else if !option.is_empty() {
        words.push(option.to_owned());
    }
    Ok(words)
}

/// The interpreter's bare name: behind env(1), that of the program it runs.
fn name_of(words: &[String]) -> String {
    let mut words = words.iter();
    let base = |word: &String| word.rsplit('/').next().unwrap_or_default().to_owned();
    let first = words.next().map(base).unwrap_or_default();
    if first != "env" {
        return first;
    }
    let program = words.find(|word| !word.starts_with('-') && !word.contains('='));
    program.map(base).unwrap_or_default()
}

/// Whether this is the program, or a version of it: `python3.11`.
fn is_version_of(name: &str, program: &str) -> bool {
    let version = name.strip_prefix(program);
    version.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(script: &str) -> Result<String, String> {
        let arguments = vec!["-a".to_owned(), "b".to_owned()];
        let words = interpreter(script.as_bytes(), arguments).map_err(|error| error.message)?;
        Ok(words.join(" "))
    }

    #[test]
    fn the_first_line_says_who_reads_the_rest() {
        for (script, expected) in [
            ("echo", "/bin/sh -s -- -a b"),
            ("#!/bin/bash -eu\n", "/bin/bash -eu -s -- -a b"),
            ("#! /usr/bin/env  bash\n", "/usr/bin/env bash -s -- -a b"),
            ("#!/usr/bin/env -S python3 -u\n", "/usr/bin/env python3 -u - -a b"),
            ("#!/usr/bin/python3.11", "/usr/bin/python3.11 - -a b"),
            ("#!/usr/bin/awk -f\n", "sh -c cat | \"$@\" script /usr/bin/awk -f /dev/stdin -a b"),
        ] {
            assert_eq!(words(script).unwrap(), expected, "{script}");
        }
        for script in ["#!\n", "#!bash\n", "#!/bin/sh\r\n", "#!/usr/bin/env\n"] {
            assert!(words(script).is_err(), "{script}");
        }
        assert!(words(&format!("#!/{}\n", "x".repeat(300))).is_err());
    }

    #[test]
    fn each_of_them_runs() {
        for script in [
            "echo \"$1 $2\"",
            "#!/bin/bash\necho \"$1 $2\"",
            "#!/usr/bin/env bash\necho \"$1 $2\"",
            "#!/usr/bin/env -S perl -w\nprint \"$ARGV[0] $ARGV[1]\\n\";",
            "#!/usr/bin/awk -f\nBEGIN { print ARGV[1], ARGV[2] }",
        ] {
            let all =
                interpreter(script.as_bytes(), vec!["one".to_owned(), "two".to_owned()]).unwrap();
            let (program, rest) = all.split_first().unwrap();
            let mut child = std::process::Command::new(program)
                .args(rest)
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            std::io::Write::write_all(&mut child.stdin.take().unwrap(), script.as_bytes()).unwrap();
            let output = child.wait_with_output().unwrap();
            assert_eq!(String::from_utf8_lossy(&output.stdout), "one two\n", "{script}");
        }
    }
}
