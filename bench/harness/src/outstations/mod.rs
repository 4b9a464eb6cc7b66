//! Outstations: the library's sessions beside bare sockets and c104, what the audit trail costs, and how
//! much a station bears.
//!
//! ```text
//! station-bench outstations-direct, -interrogation   sessions in this process, on runtimes of their own
//!   ├─ a bare outstation on a thread of this process  what all of them command and ask
//!   └─ python bench/peers/outstation_bench.py          c104's client
//! station-bench outstations-audited                  a station in this process: store, trail, desk
//! station-bench outstations-spontaneous              the same, with a process full of outstations
//!   └─ station-bench outstations-peer
//! station-bench outstations-decode, -verify          no sockets
//! ```

mod asdus;
mod audited;
mod bare;
mod decode;
mod direct;
mod interrogation;
mod ours;
mod peer;
mod python;
mod rows;
mod server;
mod spontaneous;
mod stack;
mod verify;

use crate::Result;
use crate::args::Args;

pub(crate) use rows::ROWS;

/// The common address of every outstation here.
const CA: u16 = 47;

/// The point that is commanded.
const POINT: u32 = 1;

/// How far behind it its feedback is.
const FEEDBACK: u32 = 10_000;

/// Runs a measurement by its name behind `outstations-`.
pub(crate) fn run(name: &str, args: &Args) -> Result<()> {
    match name {
        "decode" => decode::run(args),
        "direct" => direct::run(args),
        "interrogation" => interrogation::run(args),
        "spontaneous" => spontaneous::run(args),
        "peer" => peer::run(args),
        "verify" => verify::run(args),
        "audited" => audited::run(args),
        other => Err(format!("outstations-{other}: no such measurement").into()),
    }
}
