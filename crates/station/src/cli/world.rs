//! What a command line sees of the world: its screen, its input, its environment.

use std::ffi::{OsStr, OsString};
use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::path::PathBuf;

use jiff::tz::TimeZone;

use super::error::CliError;

/// Standard output and standard error.
pub struct Screen<'a> {
    /// Standard output.
    pub out: Box<dyn Write + 'a>,
    /// Standard error.
    pub err: Box<dyn Write + 'a>,
    /// Whether tables, and what else goes to standard output, may be coloured.
    pub colour: bool,
    /// Whether standard output is a terminal.
    pub out_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub err_is_terminal: bool,
    /// Whether what goes to standard error may be coloured.
    pub err_colour: bool,
}

impl Screen<'_> {
    /// Writes text to standard output.
    pub(crate) fn print(&mut self, text: &str) -> Result<(), CliError> {
        self.bytes(text.as_bytes())
    }

    /// Writes a line to standard output.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), CliError> {
        self.bytes(text.as_bytes())?;
        self.bytes(b"\n")
    }

    /// Writes raw bytes to standard output.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        self.out.write_all(bytes).map_err(|e| CliError::output(&e))
    }

    /// Writes a JSON document on a line of its own.
    pub(crate) fn json(&mut self, value: &serde_json::Value) -> Result<(), CliError> {
        self.line(&value.to_string())
    }

    /// Sends everything on its way.
    pub(crate) fn flush(&mut self) -> Result<(), CliError> {
        self.out.flush().map_err(|e| CliError::output(&e))
    }

    /// Writes raw bytes to standard error, after all that was written to standard output before.
    /// A failure there has nobody to be told to.
    pub(crate) fn err_bytes(&mut self, bytes: &[u8]) {
        self.out.flush().ok();
        self.err.write_all(bytes).ok();
    }

    /// Writes a line to standard error.
    pub(crate) fn note(&mut self, text: &str) {
        self.err_bytes(text.as_bytes());
        self.err_bytes(b"\n");
    }
}

/// What a command line sees of the world. Tests make their own.
pub struct World<'a> {
    /// Standard output and error.
    pub screen: Screen<'a>,
    /// Standard input.
    pub stdin: Box<dyn Read + 'a>,
    /// Whether standard input is a terminal.
    pub stdin_is_terminal: bool,
    /// The environment.
    pub env: Vec<(OsString, OsString)>,
    /// The working directory; `None`: the process's.
    pub cwd: Option<PathBuf>,
    /// The file mode creation mask; `None`: the process's.
    pub umask: Option<u32>,
    /// The zone times are shown in; `None`: the system's (and TZ's).
    pub zone: Option<TimeZone>,
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// Where at.allow, at.deny and passwd are.
    pub etc: PathBuf,
}

impl World<'static> {
    /// The real one.
    #[must_use]
    pub fn real() -> Self {
        let env: Vec<(OsString, OsString)> = std::env::vars_os().collect();
        let no_colour = env.iter().any(|(name, value)| name == "NO_COLOR" && !value.is_empty());
        let dumb = env.iter().any(|(name, value)| name == "TERM" && value == "dumb");
        let stdout = io::stdout();
        let coloured = !no_colour && !dumb;
        let (out_is_terminal, err_is_terminal) = (stdout.is_terminal(), io::stderr().is_terminal());
        Self {
            screen: Screen {
                out: Box::new(BufWriter::new(stdout.lock())),
                err: Box::new(io::stderr()),
                colour: coloured && out_is_terminal,
                out_is_terminal,
                err_is_terminal,
                err_colour: coloured && err_is_terminal,
            },
            stdin: Box::new(io::stdin()),
            stdin_is_terminal: io::stdin().is_terminal(),
            env,
            cwd: None,
            umask: None,
            zone: None,
            uid: rustix::process::getuid().as_raw(),
            gid: rustix::process::getgid().as_raw(),
            etc: PathBuf::from("/etc"),
        }
    }
}

impl World<'_> {
    /// A variable of the environment.
    pub(crate) fn var(&self, name: &str) -> Option<&OsStr> {
        self.env.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_os_str())
    }

    /// The zone times are shown in.
    pub(crate) fn local_zone(&mut self) -> TimeZone {
        self.zone.get_or_insert_with(TimeZone::system).clone()
    }

    /// The file mode creation mask, which can be read only by setting it.
    pub(crate) fn read_umask(&self) -> u32 {
        self.umask.unwrap_or_else(|| {
            let mask = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
            rustix::process::umask(mask);
            mask.as_raw_mode()
        })
    }
}
