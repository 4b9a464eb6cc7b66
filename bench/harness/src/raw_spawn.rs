//! The limit of executions: posix_spawn and wait, with nothing recorded.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::Result;
use crate::args::Args;

/// What is spawned, under the name of its results.
pub(crate) const COMMANDS: [(&str, &[&str]); 3] = [
    ("true", &["/bin/true"]),
    ("sh", &["/bin/sh", "-c", "true"]),
    ("bash", &["/bin/bash", "-c", "true"]),
];

pub(crate) fn run(args: &Args) -> Result<()> {
    let time = Duration::from_secs_f64(args.number("seconds", 1.5)?);
    let only = args.text("command");
    for (name, words) in COMMANDS {
        if only.is_some_and(|only| only != name) {
            continue;
        }
        for workers in [1, 2, 8] {
            let rate = rate(words, workers, time)?;
            args.result(&format!("raw.spawn.{name}.{workers}"), rate)?;
        }
    }
    Ok(())
}

/// Starts one process as the station does: own group, no input, and waits for its end.
pub(crate) fn spawn(words: &[&str]) -> Result<()> {
    let mut words = words.iter();
    let mut command = Command::new(words.next().ok_or("nothing to spawn")?);
    command.args(words).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.spawn()?.wait()?;
    if status.success() { Ok(()) } else { Err(format!("it ended with {status}").into()) }
}

fn rate(words: &[&str], workers: usize, time: Duration) -> Result<f64> {
    let count = AtomicU64::new(0);
    let begun = Instant::now();
    std::thread::scope(|scope| {
        let work = || -> Result<()> {
            while begun.elapsed() < time {
                spawn(words)?;
                count.fetch_add(1, Ordering::Relaxed);
            }
            Ok(())
        };
        let all: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        all.into_iter().try_for_each(|one| one.join().map_err(|_| "a worker panicked")?)
    })?;
    Ok(count.into_inner() as f64 / begun.elapsed().as_secs_f64())
}
