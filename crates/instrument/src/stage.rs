//! The stage: what surrounds work with instruments, and takes what is said.

use std::time::Duration;

use station_core::model::CommandLine;

use crate::bench::Transcript;
use crate::transport::Act;

/// What surrounds work: the transcript, and the commands of sequences.
pub trait Stage: Transcript {
    /// Runs a command here (`local`) or on nodes.
    fn command(
        &self,
        on: String,
        command: CommandLine,
        timeout: Duration,
    ) -> Act<'static, CommandEnd>;
}

/// How a command of a sequence ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandEnd {
    /// It succeeded.
    pub success: bool,
    /// How it ended, in a few words: `exit status 1`.
    pub summary: String,
}
