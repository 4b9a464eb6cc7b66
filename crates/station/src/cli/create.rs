//! Builds the request that creates a job, and refuses what can never run before it is sent.

use std::ffi::OsString;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::error::CliError;

/// The longest command or word of one that Linux starts.
pub(crate) const MAX_COMMAND: usize = 131_071;

/// What a job runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// A text for the shell.
    Shell(String),
    /// A program and its arguments.
    Argv(Vec<String>),
    /// A script that /bin/sh reads on its standard input.
    Script(Vec<u8>),
}

impl Work {
    /// The words after `--`: one is a shell text, several are a program and its arguments.
    pub(crate) fn from_words(words: Vec<OsString>) -> Result<Self, CliError> {
        let words = words.into_iter().map(word).collect::<Result<Vec<_>, _>>()?;
        match <[String; 1]>::try_from(words) {
            Ok([text]) => Self::from_text(text),
            Err(words) => match words.first() {
                Some(program) if !program.is_empty() => Ok(Self::Argv(words)),
                Some(_) | None => Err(empty()),
            },
        }
    }

    /// A shell text, from one word or a script.
    pub(crate) fn from_text(text: String) -> Result<Self, CliError> {
        if text.trim().is_empty() {
            return Err(empty());
        }
        check(text.as_bytes())?;
        Ok(Self::Shell(text))
    }

    /// A script for /bin/sh, of any length and any bytes but NUL.
    pub(crate) fn from_script(script: Vec<u8>) -> Result<Self, CliError> {
        if script.trim_ascii().is_empty() {
            return Err(empty());
        }
        if script.contains(&0) {
            return Err(nul());
        }
        Ok(Self::Script(script))
    }

    /// Puts it into a job's parameters.
    pub(crate) fn insert(self, parameters: &mut Map<String, Value>) {
        match self {
            Self::Shell(text) => drop(parameters.insert("command".to_owned(), json!(text))),
            Self::Argv(words) => drop(parameters.insert("argv".to_owned(), json!(words))),
            Self::Script(script) => {
                parameters.insert("argv".to_owned(), json!(["/bin/sh"]));
                parameters.insert("stdin".to_owned(), super::capture::bytes(&script));
            }
        }
    }
}

/// A word of a command, which must be text.
pub(crate) fn word(word: OsString) -> Result<String, CliError> {
    let word = word.into_string().map_err(|_| {
        CliError::usage("the command is not UTF-8")
            .hint("put it into a script: the script's bytes are kept as they are")
    })?;
    check(word.as_bytes())?;
    Ok(word)
}

fn check(bytes: &[u8]) -> Result<(), CliError> {
    if bytes.contains(&0) {
        return Err(nul());
    }
    if bytes.len() > MAX_COMMAND {
        let size = bytes.len();
        return Err(CliError::usage(format!(
            "the command is {size} bytes long: no more than {MAX_COMMAND} can be started"
        ))
        .hint("put it into a script file and schedule that"));
    }
    Ok(())
}

fn empty() -> CliError {
    CliError::usage("the command is empty").hint("say what to run, such as -- 'echo Hello'")
}

fn nul() -> CliError {
    CliError::usage("the command holds a NUL byte, which no command can")
}

/// Seconds as the wire takes them: whole if they are.
pub(crate) fn seconds(duration: Duration) -> Value {
    if duration.subsec_nanos() == 0 {
        json!(duration.as_secs())
    } else {
        json!(duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::ExitKind;
    use super::*;

    fn words(words: &[&str]) -> Result<Work, CliError> {
        Work::from_words(words.iter().map(OsString::from).collect())
    }

    #[test]
    fn one_word_is_for_the_shell_and_several_are_not() {
        assert_eq!(words(&["echo Hello"]).unwrap(), Work::Shell("echo Hello".to_owned()));
        let argv = vec!["echo".to_owned(), "".to_owned()];
        assert_eq!(words(&["echo", ""]).unwrap(), Work::Argv(argv));
    }

    #[test]
    fn what_cannot_run_is_refused() {
        for bad in [&[][..], &[""], &[" \n"], &["", "x"], &["a\0b"], &["a", "b\0"]] {
            assert_eq!(words(bad).unwrap_err().kind, ExitKind::Usage, "{bad:?}");
        }
        let long = "x".repeat(MAX_COMMAND);
        assert!(words(&[&long]).is_ok());
        assert!(words(&["echo", &format!("{long}x")]).is_err());
        let error = words(&[&"x".repeat(1_000_000)]).unwrap_err();
        assert!(error.message.contains("1000000 bytes"), "{}", error.message);
        assert!(Work::from_script(vec![b'x'; 1_000_000]).is_ok());
        assert!(Work::from_script(b"a\0".to_vec()).is_err());
        assert!(Work::from_script(b"\n".to_vec()).is_err());
    }
}
