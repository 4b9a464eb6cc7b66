//! The audit trail: what is recorded of every write, as plain data; how records are chained; and how
//! the chain is verified.
//!
//! ```text
//!  draft: changes, effects ─▶ entries      entry ─▶ chain: seq, previous hash ─▶ record ─▶ verify
//! ```

mod entry;

pub use entry::{
    Actor, Clock, Entry, Frame, FrameDirection, Kind, Outstanding, Sample, Status, Telecontrol,
};
