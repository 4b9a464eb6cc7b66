//! Requests: what is to be run on a host.

use std::time::Duration;

use super::failure::{Failure, FailureKind};
use super::guard::is_name;

/// What is to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The command, a text for the user's login shell there.
    pub command: String,
    /// Variables that are set for it.
    pub env: Vec<(String, String)>,
    /// Where it starts; `None`: in the user's home directory.
    pub directory: Option<String>,
    /// It gets a standard input, see [`super::Running::take_stdin`]; otherwise an empty one.
    pub stdin: bool,
    /// It runs as root, by `sudo -n`.
    pub sudo: bool,
    /// How it is ended there; `None`: not at all.
    pub guard: Option<Guard>,
    /// How long it may take until it runs there.
    pub connect_timeout: Duration,
    /// How long processes it has left behind may hold its output open after its end.
    pub leak_timeout: Duration,
}

/// The shell script on the remote side that runs the command in a process group, and ends that when
/// it is told to, or when nobody is there any more to tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// How long the group may take between SIGTERM and SIGKILL when nobody is there any more; whole
    /// seconds, rounded up.
    pub grace: Duration,
}

impl Guard {
    /// The grace as the script counts it.
    pub(crate) fn seconds(self) -> u64 {
        self.grace.as_secs() + u64::from(self.grace.subsec_nanos() > 0)
    }
}

impl Request {
    /// The longest time until a command runs, unless something else is asked for.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(60);
    /// The longest time that output is waited for after a command's end, unless something else is
    /// asked for.
    pub const LEAK_TIMEOUT: Duration = Duration::from_secs(1);
    /// The longest command with all that comes with it: Linux takes no longer argument.
    const LONGEST: usize = 120 << 10;

    /// A command without input, under a guard.
    #[must_use]
    pub fn new(command: impl Into<String>) -> Self {
        Self {
            command: command.into(),
            env: Vec::new(),
            directory: None,
            stdin: false,
            sudo: false,
            guard: Some(Guard { grace: Duration::from_secs(5) }),
            connect_timeout: Self::CONNECT_TIMEOUT,
            leak_timeout: Self::LEAK_TIMEOUT,
        }
    }

    /// Whether a shell can be told it.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let invalid = |message: String| Err(Failure::new(FailureKind::Invalid, message));
        let texts = [("command", self.command.as_str())];
        let directory = self.directory.iter().map(|text| ("directory", text.as_str()));
        let values = self.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (what, text) in texts.into_iter().chain(directory).chain(values) {
            if text.contains('\0') {
                return invalid(format!("{what} holds a NUL byte, which no command line can hold"));
            }
        }
        for (name, _) in &self.env {
            if !is_name(name) {
                return invalid(format!(
                    "{name:?} is no name of a variable: letters, digits and _ make one, no digit first"
                ));
            }
        }
        // Each ' takes four bytes where it is quoted.
        let length = self.command.len() + 3 * self.command.matches('\'').count();
        if length > Self::LONGEST {
            return invalid(format!(
                "the command has {} bytes; at most {} can be given to a shell: put it into a file",
                self.command.len(),
                Self::LONGEST
            ));
        }
        Ok(())
    }
}
