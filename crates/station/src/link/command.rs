//! What is true of a command wherever it is carried out.

use station_core::model::CommandLine;

/// Said of a list of arguments without any.
pub(super) const EMPTY: &str =
    "The command is an empty list of arguments; its first must name a program.";

/// Whether it holds a NUL byte.
pub(super) fn holds_nul(command: &CommandLine) -> bool {
    match command {
        CommandLine::Shell(text) => text.contains('\0'),
        CommandLine::Argv(words) => words.iter().any(|word| word.contains('\0')),
    }
}

/// Said of what holds one.
pub(super) fn refuse_nul(place: &str) -> String {
    format!("The {place} holds a NUL byte, which no program can be given.")
}
