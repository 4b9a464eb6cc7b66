//! Remote execution over a real sshd on loopback: ours, its limit and its peers, in turns.
//!
//! ```text
//! station-bench remote-warm, -together, -cold, -lines, -nodes
//!   ├─ sshd                                   keys and configuration of its own
//!   ├─ station-bench remote-client …          ours, or the bare multiplexing client
//!   │    └─ ssh …                             their masters, counted with them
//!   ├─ python bench/peers/remote_bench.py …   asyncssh, parallel-ssh
//!   └─ ssh -S, pdsh, clush
//! ```
//!
//! Each of them must exit well, and the server's log must have all of its commands.

mod bare;
mod client;
mod cold;
mod lab;
mod lines;
mod master;
mod mux;
mod nodes;
mod ours;
mod rows;
mod together;
mod turns;
mod warm;

use crate::Result;
use crate::args::Args;

pub(crate) use rows::ROWS;

/// Runs a measurement by its name behind `remote-`.
pub(crate) fn run(name: &str, args: &Args) -> Result<()> {
    match name {
        "client" => client::run(args),
        "warm" => warm::run(args),
        "together" => together::run(args),
        "cold" => cold::run(args),
        "lines" => lines::run(args),
        "nodes" => nodes::run(args),
        other => Err(format!("remote-{other}: no such measurement").into()),
    }
}
