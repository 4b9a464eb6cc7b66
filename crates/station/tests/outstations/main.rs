//! A station with outstations: its jobs there, against one that is not ours (crates/outstation/tests/peers).
#![cfg(test)]

mod crash;
mod jobs;
mod limits;
mod peer;
mod rig;
