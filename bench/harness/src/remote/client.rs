//! A measured client in a process of its own, `remote-client`: it prints what it measured as
//! `name value` lines for the one that started it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rustix::process::{getpid, set_child_subreaper};

use super::bare::Bare;
use super::lab::{SESSIONS, address};
use super::ours::Ours;
use crate::Result;
use crate::args::Args;
use crate::tree::Cpu;

/// What is to be done, as its command line says.
#[derive(Debug)]
pub(crate) struct Task {
    /// The ssh_config(5).
    pub(crate) config: PathBuf,
    /// Where sockets may be made.
    pub(crate) dir: PathBuf,
    /// How many commands or nodes.
    pub(crate) count: usize,
    /// How many at once.
    pub(crate) at_once: usize,
    /// How many share a connection of the bare client.
    pub(crate) sessions: usize,
    /// Ours runs them under its guard.
    pub(crate) guard: bool,
    /// What is run.
    pub(crate) command: String,
}

/// Lines that have arrived.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Lines {
    /// How many.
    pub(crate) lines: usize,
    /// In how many bytes.
    pub(crate) bytes: usize,
}

impl Lines {
    /// Counts what is in a piece of output.
    pub(crate) fn add(&mut self, piece: &[u8]) {
        self.lines += memchr::memchr_iter(b'\n', piece).count();
        self.bytes += piece.len();
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    // What is started below stays below, whoever its parent was, and is counted.
    set_child_subreaper(Some(getpid()))?;
    let task = Task {
        config: args.path("config")?,
        dir: args.path("lab")?,
        count: args.number("count", 1)?,
        at_once: args.number("at-once", 1)?,
        sessions: args.number("sessions", SESSIONS)?,
        guard: args.text("guard") == Some("on"),
        command: args.text("command").unwrap_or("true").to_owned(),
    };
    match (args.text("engine"), args.text("work")) {
        (Some("ours"), Some(work)) => Ours::run(&task, work),
        (Some("bare"), Some("commands")) => Bare::start(&task)?.commands(&task),
        (Some("bare"), Some("lines")) => Bare::start(&task)?.lines(&task),
        other => Err(format!("remote-client: not known: {other:?}").into()),
    }
}

/// The hosts of a cold run.
pub(crate) fn nodes(task: &Task) -> impl Iterator<Item = String> {
    (0..task.count).map(address)
}

/// A stretch of work that is timed.
#[derive(Debug)]
pub(crate) struct Stretch {
    begun: Instant,
    cpu: Cpu,
}

impl Stretch {
    /// From now on.
    pub(crate) fn begin() -> Result<Self> {
        Ok(Self { cpu: Cpu::now()?, begun: Instant::now() })
    }

    /// Prints how long it was and what it used.
    pub(crate) fn end(self) -> Result<()> {
        let seconds = self.begun.elapsed().as_secs_f64();
        let cpu = self.cpu.since()?;
        println!("seconds {seconds}\nown_cpu {}\nbelow_cpu {}", cpu.own, cpu.alive + cpu.ended);
        Ok(())
    }
}

/// Hands out that many turns, to whoever asks.
#[derive(Debug)]
pub(crate) struct Turns {
    next: AtomicUsize,
    count: usize,
}

impl Turns {
    /// That many.
    pub(crate) fn new(count: usize) -> Self {
        Self { next: AtomicUsize::new(0), count }
    }

    /// The number of the next turn, while there is one.
    pub(crate) fn take(&self) -> Option<usize> {
        Some(self.next.fetch_add(1, Ordering::Relaxed)).filter(|turn| *turn < self.count)
    }
}
