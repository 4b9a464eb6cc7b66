//! The examples of LabLink's guide, run: real engine, real store, real protocols; the instruments are
//! our simulator's, and those that the sinstruments framework serves (`tools/instrument-peers.sh`).

#![cfg(test)]

mod conflicts;
mod examples;
mod failures;
#[path = "../lablink/mod.rs"]
#[expect(dead_code, reason = "shared with the test of when they fire")]
mod lablink;
mod laboratory;
mod outcome;
#[path = "../../../instrument/tests/support/peers.rs"]
#[expect(dead_code, reason = "shared with the tests of the library")]
mod peers;
#[path = "../lab/rig.rs"]
#[expect(dead_code, reason = "shared with the tests of the API")]
mod rig;
