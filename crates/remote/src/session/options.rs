//! What a command is run with: time limits, input, sinks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use station_core::model::OutputCap;

use super::input::Input;
use crate::cancel::Cancel;
use crate::lines::LinePolicy;
use crate::request::Request;
use crate::sink::LineSink;

/// How long things may take. Three limits, each of which ends the command on its node: SIGTERM to
/// its process group, and SIGKILL after the grace. What it put out until then is kept, and what is
/// still under way is read to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From the call until the command runs on its node.
    pub connect: Duration,
    /// From the call until the command has ended.
    pub wall: Option<Duration>,
    /// Without a byte of output. Each chunk starts it anew, whether it ends a line or not; while a sink holds
    /// up reading, it stands still.
    pub idle: Option<Duration>,
    /// Between SIGTERM and SIGKILL.
    pub grace: Duration,
}

impl Default for Timeouts {
    /// 60 s to connect, 30 s in all, 30 s without output, 5 s of grace.
    fn default() -> Self {
        let limit = Some(Duration::from_secs(30));
        Self {
            connect: Request::CONNECT_TIMEOUT,
            wall: limit,
            idle: limit,
            grace: Duration::from_secs(5),
        }
    }
}

impl Timeouts {
    /// Only the limit for connecting: for streams that go on until they are closed.
    #[must_use]
    pub fn endless() -> Self {
        Self { wall: None, idle: None, ..Self::default() }
    }
}

/// What a command is run with.
///
/// ```
/// use std::time::Duration;
/// use station_remote::{RexecOptions, Timeouts};
///
/// let options = RexecOptions {
///     timeouts: Timeouts { idle: Some(Duration::from_secs(15)), ..Timeouts::default() },
///     env: vec![("LC_ALL".into(), "C".into())],
///     ..RexecOptions::default()
/// };
/// # drop(options);
/// ```
#[derive(Clone, Default)]
pub struct RexecOptions {
    /// How long things may take.
    pub timeouts: Timeouts,
    /// The command's standard input; empty unless given.
    pub input: Input,
    /// The command is run again and again, with this pause, by the shell on the node, in one session
    /// that ends when it is closed, cancelled or out of time. A [`Command`](crate::Command), by contrast, opens
    /// a session for each run, on a grid of times.
    pub repeat: Option<Duration>,
    /// Variables that are set for it (by its guard: without one, none are).
    pub env: Vec<(String, String)>,
    /// Where it starts; `None`: in the user's home directory (by its guard as well).
    pub directory: Option<String>,
    /// It runs as root, by `sudo -n`.
    pub sudo: bool,
    /// Where its lines go, besides the node's sinks and, unless the node is silent, the log.
    pub sinks: Vec<Arc<dyn LineSink>>,
    /// How lines are made.
    pub lines: LinePolicy,
    /// How much of its output is kept as results.
    pub results: OutputCap,
    /// Ends it when it is thrown.
    pub cancel: Option<Cancel>,
}

impl fmt::Debug for RexecOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.env.iter().map(|(name, _)| name).collect();
        f.debug_struct("RexecOptions")
            .field("timeouts", &self.timeouts)
            .field("repeat", &self.repeat)
            .field("env", &names)
            .field("directory", &self.directory)
            .field("sudo", &self.sudo)
            .field("sinks", &self.sinks.len())
            .finish_non_exhaustive()
    }
}
