//! What a job does on its target.

use serde::{Deserialize, Serialize};

use super::{Control, InstrumentAction, bytes};

/// What a job does there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Action {
    /// Run a command.
    Command {
        /// The command and how it is started.
        command: CommandLine,
        /// The stored working directory, umask and environment; `None`: the station's own.
        context: Option<ContextHash>,
        /// What the command reads on standard input; empty when `None`.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "bytes::optional")]
        stdin: Option<Vec<u8>>,
        /// It runs as root, by sudo(8) without a password; on nodes only.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        sudo: bool,
    },
    /// Do something with equipment.
    Instrument(Box<InstrumentAction>),
    /// Do something with an outstation.
    Outstation(Box<Control>),
}

impl Action {
    /// Its kind, as the API names it (`schedule_type`).
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Command { .. } => "script",
            Self::Instrument(action) => action.work.kind(),
            Self::Outstation(_) => "outstation_command",
        }
    }
}

/// A command as given: a text for a shell, or a list of arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandLine {
    /// A shell command text. Without shell syntax it is started directly, as make does.
    Shell(String),
    /// A program and its arguments, executed directly. Never empty.
    Argv(Vec<String>),
}

impl CommandLine {
    /// The command as one line of text, for tables and messages.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Shell(text) => text.clone(),
            Self::Argv(words) => words.join(" "),
        }
    }
}

/// Names a stored [`ShellContext`] by the SHA-256 of its canonical form, as lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContextHash(pub String);

/// The surroundings captured when the job was submitted, as at(1) does.
///
/// Byte strings, since neither paths nor environment need be UTF-8.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellContext {
    /// The working directory.
    #[serde(with = "bytes::optional")]
    pub cwd: Option<Vec<u8>>,
    /// The file mode creation mask.
    pub umask: Option<u32>,
    /// The environment, whole (nothing is inherited then); `None`: the station's own.
    #[serde(with = "bytes::pairs")]
    pub env: Option<Vec<(Vec<u8>, Vec<u8>)>>,
    /// The niceness added to the command's (0 to 19).
    #[serde(default)]
    pub nice: u8,
}
