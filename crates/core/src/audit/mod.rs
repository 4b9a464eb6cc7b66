//! The audit trail: what is recorded of every write, as plain data; how records are chained; and how
//! the chain is verified.
//!
//! ```text
//!  change, effect, request ─▶ Draft ─stamp─▶ Entry ─▶ chain: seq, previous hash ─▶ Record ─▶ Verifier
//!                                                          head ─▶ Checkpoint ─▶ witness ──┘
//! ```

mod chain;
mod checkpoint;
mod draft;
mod entry;
mod hex;
mod index;
mod verify;

pub use chain::{Hash, Head, Record, Unwritable, append, hash_of};
pub use checkpoint::{Check, Checkpoint, NotACheckpoint};
pub use draft::{Asked, Draft, Stamp, asked, drafts, run, unfinished};
pub use entry::{
    Actor, Clock, Entry, Frame, FrameDirection, Kind, Outstanding, Sample, Status, Telecontrol,
};
pub use hex::{from_hex, octets_of, to_hex};
pub use index::Index;
pub use verify::{Fault, Mark, Source, Verifier, Wrong};
