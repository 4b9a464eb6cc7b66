//! Instruments: the library's sessions beside a bare loop and pyvisa-py, and a daemon with simulators.
//!
//! ```text
//! station-bench instruments-idn, -block        sessions in this process, on runtimes of their own
//!   ├─ station simulate instrument             what all of them ask
//!   └─ python bench/peers/instrument_bench.py  pyvisa-py
//! station-bench instruments-sequence, -acquisition, -polled
//!   ├─ station serve                           the daemon that is measured
//!   └─ simulators on a thread of this process  so that they share no memory with it
//! ```

mod acquisition;
mod bare;
mod block;
mod hosted;
mod idn;
mod ours;
mod polled;
mod registered;
mod rows;
mod sequence;
mod server;
mod simulator;

use crate::Result;
use crate::args::Args;

pub(crate) use rows::ROWS;

/// Runs a measurement by its name behind `instruments-`.
pub(crate) fn run(name: &str, args: &Args) -> Result<()> {
    match name {
        "idn" => idn::run(args),
        "block" => block::run(args),
        "sequence" => sequence::run(args),
        "acquisition" => acquisition::run(args),
        "polled" => polled::run(args),
        other => Err(format!("instruments-{other}: no such measurement").into()),
    }
}
