//! Half a gigabyte of lines from a command to a sink that counts them.

use super::lab::Lab;
use super::turns::{Engine, Told};
use crate::Result;
use crate::args::Args;
use crate::output::write;

const BYTES: u64 = 500_000_000;
/// What the memory at the full size is held against.
const FEW_BYTES: u64 = 50_000_000;
const LINE: f64 = 100.0;

pub(crate) fn run(args: &Args) -> Result<()> {
    let lab = Lab::start(args)?;
    let base = args.path("base")?.canonicalize()?;
    let (many, few) = (base.join("many-lines.txt"), base.join("few-lines.txt"));
    write(&many, BYTES)?;
    write(&few, FEW_BYTES)?;
    let (many, few) = (format!("cat '{}'", many.display()), format!("cat '{}'", few.display()));
    let ours = Engine::Ours { guard: true };
    for _ in 0..args.number("rounds", 3)? {
        for engine in [ours, Engine::Bare, Engine::Python("asyncssh")] {
            let peak = measure(args, &lab, engine, &many, BYTES)?;
            args.result(&format!("remote.lines.{}.peak_mb", engine.name()), peak)?;
        }
        let (_, peak) = run_one(args, &lab, ours, &few, FEW_BYTES)?;
        args.result("remote.lines.few.on.peak_mb", peak)?;
    }
    Ok(())
}

fn measure(args: &Args, lab: &Lab, engine: Engine, command: &str, bytes: u64) -> Result<f64> {
    let (told, peak) = run_one(args, lab, engine, command, bytes)?;
    let rate = bytes as f64 / 1e6 / told.get("seconds")?;
    args.result(&format!("remote.lines.{}", engine.name()), rate)?;
    Ok(peak)
}

fn run_one(
    args: &Args,
    lab: &Lab,
    engine: Engine,
    command: &str,
    bytes: u64,
) -> Result<(Told, f64)> {
    let work = ["--work", "lines", "--command", command];
    let (told, peak) = lab.proved(1, || engine.watched(args, lab, &work))?;
    let came = (told.get("bytes")?, told.get("lines")?);
    if came == (bytes as f64, bytes as f64 / LINE) {
        return Ok((told, peak));
    }
    Err(format!("{}: of {bytes} bytes in lines of 100 came {came:?}", engine.name()).into())
}
