//! Direct commands one after another, without the audit trail: sessions, a bare socket and c104, in turns;
//! first wherever the kernel puts them, then all on one processor, where that is no matter of luck.

use std::net::SocketAddr;
use std::time::Instant;

use rustix::thread::{CpuSet, sched_setaffinity};

use super::bare::Bare;
use super::server::{Answers, serve};
use super::{ours, python};
use crate::Result;
use crate::args::Args;
use crate::runtime::Runtime;
use crate::stats::percentile;

/// Commands of each in a round.
const COUNT: usize = 4000;

pub(crate) fn run(args: &Args) -> Result<()> {
    let rounds = args.number("rounds", 9)?;
    for _ in 0..rounds {
        round(args, serve(Answers::of_values(1)?)?, "direct")?;
    }
    let mut first = CpuSet::new();
    first.set(0);
    // What is started from here on is there as well.
    sched_setaffinity(None, &first)?;
    for _ in 0..rounds {
        round(args, serve(Answers::of_values(1)?)?, "direct.together")?;
    }
    Ok(())
}

fn round(args: &Args, address: SocketAddr, name: &str) -> Result<()> {
    args.result(&format!("outstations.{name}.bare_us"), bare(address)?)?;
    for runtime in [Runtime::One, Runtime::Two] {
        let took = ours::command(runtime, address, COUNT)?;
        args.result(&format!("outstations.{name}.{}_us", runtime.name()), took)?;
    }
    let mut took = python::took(args, address, "command", &[("count", COUNT / 4)])?;
    args.result(&format!("outstations.{name}.c104_us"), percentile(&mut took, 0.5))
}

/// How long a command takes on a bare socket, µs.
fn bare(address: SocketAddr) -> Result<f64> {
    let mut bare = Bare::connect(address)?;
    let mut took = Vec::with_capacity(COUNT);
    for n in 0..COUNT + COUNT / 10 {
        let begun = Instant::now();
        bare.command()?;
        let micros = begun.elapsed().as_secs_f64() * 1e6;
        if n >= COUNT / 10 {
            took.push(micros);
        }
    }
    Ok(percentile(&mut took, 0.5))
}
