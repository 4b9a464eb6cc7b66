//! Ten thousand values asked for: into a cache, past a bare reader, and into c104's points, in turns.

use std::net::SocketAddr;
use std::time::Instant;

use super::bare::Bare;
use super::server::{Answers, serve};
use super::{ours, python};
use crate::Result;
use crate::args::Args;
use crate::runtime::Runtime;
use crate::stats::percentile;

const POINTS: u32 = 10_000;

/// Interrogations of each in a round.
const TIMES: usize = 10;

pub(crate) fn run(args: &Args) -> Result<()> {
    let address = serve(Answers::of_values(POINTS)?)?;
    let tell = |who: &str, mut took: Vec<f64>| {
        args.result(&format!("outstations.interrogation.{who}_ms"), percentile(&mut took, 0.5))
    };
    for _ in 0..args.number("rounds", 5)? {
        tell("bare", bare(address)?)?;
        for runtime in [Runtime::One, Runtime::Two] {
            tell(runtime.name(), ours::interrogation(runtime, address, POINTS, TIMES)?)?;
        }
        let more = [("points", POINTS as usize), ("count", TIMES)];
        tell("c104", python::took(args, address, "interrogation", &more)?)?;
    }
    Ok(())
}

/// How long it takes to read the stream, ms, each time.
fn bare(address: SocketAddr) -> Result<Vec<f64>> {
    let mut bare = Bare::connect(address)?;
    // A four-octet value, its quality and its address for each; what frames have besides is on top.
    let least = POINTS as usize * 8;
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..=TIMES {
        let begun = Instant::now();
        bare.interrogate()?;
        took.push(begun.elapsed().as_secs_f64() * 1e3);
        if bare.octets < least {
            return Err(format!("{} octets came of {least}", bare.octets).into());
        }
    }
    took.remove(0);
    Ok(took)
}
