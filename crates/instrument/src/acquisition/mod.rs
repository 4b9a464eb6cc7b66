//! Acquisitions: samples from an instrument into a file, followed while they are taken.
//!
//! ```text
//!  idle ─▶ waiting_trigger ─▶ acquiring ◀─▶ paused        waiting_trigger: oscilloscopes only
//!                │                │            │
//!                └────────────────┴────────────┴──▶ stopped, error
//!
//!  poll: one reading of each channel at each line of the grid ─┐
//!  memory: the instrument's own record, block by block ────────┴▶ batches ─▶ writer ─▶ file
//!                                                                    └─────▶ those who follow
//! ```
//!
//! A sample that could not be taken in time, or not be written, is lost and counted; none is made up.

mod batch;
mod export;
mod file;
mod grid;
mod lines;
mod live;
mod memory;
mod name;
mod outlet;
mod plan;
mod poll;
mod run;
mod writer;

pub use batch::SampleBatch;
pub use export::{export, read_file};
pub use live::{Acquisitions, LiveAcquisition};
pub use plan::check;
pub(crate) use plan::paced;
