//! `*IDN?` again and again: the library's sessions, a bare loop and pyvisa-py, in turns.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::bare::{Bare, Frames, Lines};
use super::ours;
use super::simulator::{Link, Simulator};
use crate::Result;
use crate::args::Args;
use crate::runtime::Runtime;

/// How many questions are asked between two looks at the clock.
pub(crate) const AT_ONCE: u32 = 50;

/// How long each asks in a round.
const SPAN: Duration = Duration::from_millis(700);

pub(crate) fn run(args: &Args) -> Result<()> {
    let simulator = Simulator::start(args, "dmm")?;
    for _ in 0..args.number("rounds", 5)? {
        let Simulator { socket, hislip, .. } = &simulator;
        round(args, "socket", socket, &mut Lines::connect(socket.address)?)?;
        round(args, "hislip", hislip, &mut Frames::connect(hislip.address)?)?;
    }
    Ok(())
}

fn round(args: &Args, name: &str, link: &Link, bare: &mut impl Bare) -> Result<()> {
    args.result(&format!("instruments.idn.{name}.bare"), bare_rate(bare)?)?;
    for runtime in [Runtime::One, Runtime::Two] {
        let rate = ours::rate(runtime, &link.resource, SPAN)?;
        args.result(&format!("instruments.idn.{name}.{}", runtime.name()), rate)?;
    }
    args.result(&format!("instruments.idn.{name}.pyvisa"), pyvisa_rate(args, link)?)
}

fn bare_rate(bare: &mut impl Bare) -> Result<f64> {
    let (mut identity, mut reply) = (Vec::new(), Vec::new());
    bare.ask(b"*IDN?\n", &mut identity)?;
    let begun = Instant::now();
    let mut count = 0.0;
    while begun.elapsed() < SPAN {
        for _ in 0..AT_ONCE {
            bare.ask(b"*IDN?\n", &mut reply)?;
            if reply != identity {
                return Err("another identity came".into());
            }
        }
        count += f64::from(AT_ONCE);
    }
    Ok(count / begun.elapsed().as_secs_f64())
}

/// It measures itself, after its imports.
fn pyvisa_rate(args: &Args, link: &Link) -> Result<f64> {
    let mut command = Command::new(args.path("python")?);
    command.arg(args.path("peers")?.join("instrument_bench.py"));
    command.args(["--resource", &link.text, "--seconds", &SPAN.as_secs_f64().to_string()]);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}
