//! The guard's scripts as texts for the login shell of a host.

use std::sync::LazyLock;

use super::nonce::Nonce;
use super::quote::{line, word};

static RUN: LazyLock<String> = LazyLock::new(|| joined(&[include_str!("run.sh")]));
static FUNCTIONS: LazyLock<String> = LazyLock::new(|| joined(&[GROUP]));
static LEASE: LazyLock<String> = LazyLock::new(|| joined(&[GROUP, include_str!("lease.sh")]));
static END: LazyLock<String> = LazyLock::new(|| joined(&[GROUP, include_str!("end.sh")]));
const GROUP: &str = include_str!("group.sh");

/// Which shell reads the guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The login shell itself, which saves starting another: bash, dash, busybox, zsh, ksh.
    Login,
    /// The same, where it is known that it can, and that commands get a process group there.
    Known,
    /// `/bin/sh`, started by a login shell of any kind.
    Sh,
    /// `/bin/sh`, started by sudo.
    Sudo,
}

/// A command under its guard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'a> {
    /// What its marks are known by.
    pub(crate) nonce: &'a Nonce,
    /// The mark of the command.
    pub(crate) mark: &'a str,
    /// The grace in seconds.
    pub(crate) grace: u64,
    /// The command.
    pub(crate) command: &'a str,
    /// Variables for it.
    pub(crate) env: &'a [(String, String)],
    /// Where it starts.
    pub(crate) directory: Option<&'a str>,
    /// It reads the channel's standard input.
    pub(crate) stdin: bool,
    /// Which shell reads the guard.
    pub(crate) reader: Reader,
}

impl Run<'_> {
    /// What the login shell is told.
    pub(crate) fn text(&self) -> String {
        let directory = self.directory.unwrap_or_default();
        let eval = if self.command.contains("$$") || self.command.contains("${$") {
            'n'
        } else if self.in_login() {
            'd'
        } else {
            'p'
        };
        let mut script = format!(
            "STN_N={}; STN_M={}; STN_T={}; STN_V={eval}; STN_I={}; STN_R={}; STN_U={}; ",
            self.nonce.as_str(),
            self.mark,
            self.grace,
            flag(self.stdin),
            flag(self.has_settings()),
            flag(self.reader == Reader::Sudo),
        );
        script.push_str(&RUN);
        match self.reader {
            Reader::Login => format!(
                "STN_C={}; STN_D={}; STN_F={}; STN_G={}; eval \"$STN_G\"",
                word(self.command),
                word(directory),
                word(&FUNCTIONS),
                word(&script)
            ),
            Reader::Known => format!(
                "STN_C={}; STN_D={}; STN_F={}; {script}",
                word(self.command),
                word(directory),
                word(&FUNCTIONS)
            ),
            Reader::Sh | Reader::Sudo => started(self.reader, &script, &FUNCTIONS),
        }
    }

    /// The line that the guard reads from its standard input before anything else: what other users
    /// of the host, who see command lines, should not read, and what only a POSIX shell can.
    pub(crate) fn settings(&self) -> Option<String> {
        if !self.has_settings() {
            return None;
        }
        let mut text = String::new();
        if !self.in_login() {
            let directory = line(self.directory.unwrap_or_default());
            text = format!("STN_C={}; STN_D={directory}; ", line(self.command));
        }
        if !self.env.is_empty() {
            text.push_str("stn_env() { export");
            for (name, value) in self.env {
                text.push_str(&format!(" {name}={}", line(value)));
            }
            text.push_str("; };");
        }
        if text.contains("$STN_L") {
            text.insert_str(0, "STN_L=$(printf \"\\nx\"); STN_L=${STN_L%x}; ");
        }
        text.push('\n');
        Some(text)
    }

    /// Whether the login shell itself reads the guard.
    fn in_login(&self) -> bool {
        matches!(self.reader, Reader::Login | Reader::Known)
    }

    fn has_settings(&self) -> bool {
        !self.in_login() || !self.env.is_empty()
    }
}

/// The second channel of a command that reads its standard input: its lease.
pub(crate) fn lease(nonce: &Nonce, group: i32, grace: u64, sudo: bool) -> String {
    let script = format!("STN_N={}; STN_P={group}; STN_T={grace}; {}", nonce.as_str(), *LEASE);
    started(if sudo { Reader::Sudo } else { Reader::Sh }, &script, "")
}

/// When a group was last known to be ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// Right now: it is not asked for its mark.
    Fresh,
    /// Before its connection was lost. Its host may have been booted anew meanwhile, so it must have
    /// the mark; one without is told of, since it may be ours nevertheless.
    Cut,
    /// Some time ago: one without the mark is somebody else's.
    Old,
}

/// A look at what is left of a group, which is ended, with so many seconds between SIGTERM and
/// SIGKILL (0: SIGKILL at once).
pub(crate) fn end(
    nonce: &Nonce,
    (group, mark): (i32, &str),
    grace: u64,
    age: Age,
    sudo: bool,
) -> String {
    let age = match age {
        Age::Fresh => "1",
        Age::Cut => "2",
        Age::Old => "",
    };
    let script = format!(
        "STN_N={}; STN_P={group}; STN_M={mark}; STN_T={grace}; STN_F={age}; {}",
        nonce.as_str(),
        *END
    );
    started(if sudo { Reader::Sudo } else { Reader::Sh }, &script, "")
}

/// By `/bin/sh`. Neither csh nor fish finds anything in it that they would change.
fn started(reader: Reader, script: &str, functions: &str) -> String {
    let sudo = if reader == Reader::Sudo { "sudo -n -- " } else { "" };
    let (script, functions) = (word(script), word(functions));
    format!("exec {sudo}/bin/sh -c 'STN_G=$1; STN_F=$2; eval \"$1\"' sh {script} {functions}")
}

fn flag(set: bool) -> &'static str {
    if set { "1" } else { "" }
}

/// Scripts as one line without their comments, so that the shell counts the lines of the command
/// alone in its messages, and so that csh can read it.
fn joined(parts: &[&str]) -> String {
    let lines = parts.iter().flat_map(|part| part.lines().map(str::trim));
    let lines: Vec<&str> =
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    lines.join(" ")
}
