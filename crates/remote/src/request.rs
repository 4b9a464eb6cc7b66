//! Requests: what is to be run on a host.

use std::time::Duration;

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
}

/// The shell script on the remote side that runs the command in a process group, and ends that when
/// it is told to, or when nobody is there any more to tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// How long the group may take between SIGTERM and SIGKILL when nobody is there any more.
    pub grace: Duration,
}

impl Request {
    /// The longest time until a command runs, unless something else is asked for.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(60);

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
        }
    }
}
