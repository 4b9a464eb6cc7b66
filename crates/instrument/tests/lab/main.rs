//! Acquisitions and sequences from end to end: a bench, and simulated instruments on real sockets.
#![cfg(test)]

#[path = "../support/keeper.rs"]
#[expect(dead_code, reason = "the clock is not set here")]
mod keeper;
#[path = "../support/peers.rs"]
#[expect(dead_code, reason = "only the Python is of use here")]
mod peers;

mod documents;
mod oscilloscopes;
mod polling;
mod rig;
mod sequences;
mod speed;
