//! Turns a run's request into what the SSH library is asked.

use station_core::model::{CommandLine, Node};
use station_remote::Request;

use super::SshConfig;
use crate::link::command;
use crate::link::marks::marks;
use crate::port::RunRequest;

/// Plans a run; the error is a sentence for people.
pub(super) fn plan(
    config: &SshConfig,
    node: &Node,
    request: &RunRequest,
) -> Result<Request, String> {
    if command::holds_nul(&request.command) {
        return Err(command::refuse_nul("command"));
    }
    let text = match &request.command {
        CommandLine::Shell(text) => text.clone(),
        CommandLine::Argv(words) => quoted(words).ok_or(command::EMPTY)?,
    };
    let mut wanted = Request::new(text);
    wanted.env = marks(&config.instance, request)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    // All there is: for nodes, nothing is captured that was not asked for.
    for (name, value) in request.context.env.iter().flatten() {
        wanted.env.push((text_of(name)?, text_of(value)?));
    }
    wanted.sudo = request.sudo;
    wanted.stdin = request.stdin.as_ref().is_some_and(|bytes| !bytes.is_empty());
    wanted.connect_timeout = config.connect_timeout;
    wanted.guard = wanted.guard.filter(|_| node.guard);
    Ok(wanted)
}

/// A name or value of a variable, as the other side is told it.
fn text_of(bytes: &[u8]) -> Result<String, String> {
    let text = str::from_utf8(bytes).map_err(|_| {
        let shown = String::from_utf8_lossy(bytes);
        format!("A variable for the command holds {shown:?}, which is not UTF-8.")
    })?;
    Ok(text.to_owned())
}

/// The words as a command text for a POSIX shell; `None` without any.
fn quoted(words: &[String]) -> Option<String> {
    let (program, arguments) = words.split_first()?;
    // Quoted, a program is no keyword and no alias of the shell's.
    let mut text = quote(program);
    for word in arguments {
        text.push(' ');
        if is_plain(word) {
            text.push_str(word);
        } else {
            text.push_str(&quote(word));
        }
    }
    Some(text)
}

/// The word as the shell reads it back.
pub(super) fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Whether it means itself to any shell, wherever it stands.
fn is_plain(word: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"%+,-./:@_".contains(&byte);
    !word.is_empty() && word.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::quoted;

    #[test]
    fn plain_arguments_stay_readable() {
        let words = ["time", "-v", "a b", "it's", "", "x=1"].map(str::to_owned);
        assert_eq!(quoted(&words).unwrap(), r"'time' -v 'a b' 'it'\''s' '' 'x=1'");
        assert_eq!(quoted(&[]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        /// The shell itself splits it into the same words.
        #[test]
        fn the_shell_reads_the_same_words(words in prop::collection::vec("[^\0]{0,12}", 1..5)) {
            let mut all = vec!["printf".to_owned(), r"%s\0".to_owned()];
            all.extend(words.iter().cloned());
            for shell in ["bash", "dash"] {
                let text = quoted(&all).unwrap();
                let out = Command::new(shell).args(["-c", &text]).output().unwrap().stdout;
                let want: String = words.iter().map(|word| format!("{word}\0")).collect();
                prop_assert_eq!(String::from_utf8(out).unwrap(), want);
            }
        }
    }
}
