//! One process per submit: `station at` against Debian's `at`, in turns.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Result;
use crate::args::Args;
use crate::at_peer::{Atd, at, remove};
use crate::station::Station;

/// Submits of one kind before it is the other's turn.
const TURN: usize = 100;

pub(crate) fn run(args: &Args) -> Result<()> {
    let count: usize = args.number("count", 300)?;
    let station = Station::fresh(args)?;
    let program = args.path("station")?;
    let atd = Atd::start()?;
    let script = station.dir.join("true.at");
    std::fs::write(&script, "true\n")?;
    for _ in 0..count.div_ceil(TURN) {
        let begun = Instant::now();
        for _ in 0..TURN {
            ours(&program, &station.dir)?;
        }
        args.result("process.station", TURN as f64 / begun.elapsed().as_secs_f64())?;
        let mut ids = Vec::new();
        let begun = Instant::now();
        let submitted = (0..TURN).try_for_each(|_| {
            ids.push(at(&script, &["now", "+", "1", "year"])?);
            Ok(())
        });
        let took = begun.elapsed().as_secs_f64();
        remove(&ids)?;
        submitted.and_then(|()| args.result("process.at", TURN as f64 / took))?;
    }
    drop(atd);
    Ok(())
}

fn ours(program: &Path, dir: &Path) -> Result<()> {
    let output = Command::new(program)
        .args(["at", "--data-dir"])
        .arg(dir)
        .args(["now + 1 year", "--", "true"])
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("station at: {}", String::from_utf8_lossy(&output.stderr)).into())
}
