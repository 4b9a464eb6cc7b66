//! The contenders: each carries out one piece of work and tells what it took.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::lab::{Lab, told};
use crate::Result;
use crate::args::Args;
use crate::tree::peak_while;

/// What a measured client printed.
#[derive(Debug)]
pub(crate) struct Told(BTreeMap<String, f64>);

impl Told {
    fn read(text: &str) -> Self {
        let pairs = text.lines().filter_map(|line| {
            let (name, value) = line.split_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Self(pairs.collect())
    }

    /// One value.
    pub(crate) fn get(&self, name: &str) -> Result<f64> {
        Ok(self.0.get(name).copied().ok_or(format!("the client did not tell its {name}"))?)
    }
}

/// Who carries it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Ours, with or without its guard.
    Ours { guard: bool },
    /// The bare multiplexing client.
    Bare,
    /// A library of Python.
    Python(&'static str),
}

impl Engine {
    /// Its name in the keys of results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours { guard: true } => "on",
            Self::Ours { guard: false } => "off",
            Self::Bare => "bare",
            Self::Python(library) => library,
        }
    }

    /// The process that does it.
    pub(crate) fn command(self, args: &Args, lab: &Lab, work: &[&str]) -> Result<Command> {
        let mut command = match self {
            Self::Python(library) => {
                let mut command = Command::new(args.path("python")?);
                command.arg(args.path("peers")?.join("remote_bench.py"));
                command.args(["--library", library]);
                command.args(["--port", &lab.port.to_string(), "--user", &lab.user]);
                command
            }
            Self::Ours { .. } | Self::Bare => {
                let mut command = Command::new(std::env::current_exe()?);
                let engine = if self == Self::Bare { "bare" } else { "ours" };
                let guard = if self.name() == "on" { "on" } else { "off" };
                command.args(["remote-client", "--engine", engine, "--guard", guard]);
                command.arg("--config").arg(lab.config());
                command
            }
        };
        command.arg("--lab").arg(&lab.dir).args(work);
        Ok(command)
    }

    /// Has it done.
    pub(crate) fn run(self, args: &Args, lab: &Lab, work: &[&str]) -> Result<Told> {
        Ok(Told::read(&told(self.command(args, lab, work)?)?))
    }

    /// Has it done, and watches how much memory its processes use at most, MB.
    pub(crate) fn watched(self, args: &Args, lab: &Lab, work: &[&str]) -> Result<(Told, f64)> {
        let mut command = self.command(args, lab, work)?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let (output, peak) = peak_while(child.id(), Duration::from_millis(25), || {
            let output = child.wait_with_output()?;
            if output.status.success() {
                return Ok(output.stdout);
            }
            Err(format!("{command:?}: {}", output.status).into())
        })?;
        Ok((Told::read(&String::from_utf8(output)?), peak))
    }
}

/// How long it takes a program from its start to its end, which must be a good one.
pub(crate) fn timed(command: Command) -> Result<f64> {
    let begun = Instant::now();
    told(command)?;
    Ok(begun.elapsed().as_secs_f64())
}

/// `pdsh` with that fan-out.
pub(crate) fn pdsh(config: &std::path::Path, hosts: &str, fanout: usize) -> Command {
    let mut command = Command::new("/usr/bin/pdsh");
    command.env("PDSH_SSH_ARGS_APPEND", format!("-F {}", config.display()));
    command.args(["-R", "ssh", "-S", "-f", &fanout.to_string(), "-w", hosts, "true"]);
    command
}

/// `clush` with that fan-out.
pub(crate) fn clush(config: &std::path::Path, hosts: &str, fanout: usize) -> Command {
    let mut command = Command::new("/usr/bin/clush");
    command.arg("-o").arg(format!("-F {}", config.display()));
    command.args(["-S", "-f", &fanout.to_string(), "-w", hosts, "true"]);
    command
}
