//! Sequences: steps at offsets from a start, on a grid of ticks, to one or more targets.
//!
//! ```text
//!  TOML, JSON ─▶ file ─▶ Sequence ─▶ timeline: loops and ramps unrolled, snapped to the grid
//!                                       │
//!                        run: a lane for each equipment, each step at its deadline
//!                                       │
//!                                    report: steps, readings, jitter, the step that failed
//! ```
//!
//! Nothing waits by asking again and again, holds apart: each step has a deadline of the monotonic
//! clock, so that lateness does not add up. A step that comes late is late, and counted; none is skipped.

mod doing;
mod fault;
mod file;
mod jitter;
mod ramp;
mod report;
mod run;
mod timeline;

use std::sync::Arc;

use station_core::model::Sequence;

pub use doing::{Doing, TimedStep};
pub use fault::Fault;
pub use file::{Parsed, from_value, parse, to_value, with_equipment};
pub use jitter::{Jitter, Jitters};
pub use report::{FailedStep, Reading, SequenceReport};
pub use timeline::{LONGEST, MOST_STEPS, timeline};

use crate::Error;
use crate::bench::Lease;
use crate::stage::Stage;
use crate::stop::Stop;
use crate::timer::Timer;

/// Runs a sequence to its end, on leases of all equipment that it names.
///
/// Steps of one equipment are done in order; a late one is done late. Commands are started and not
/// waited for, but for a hold after them and at the end.
///
/// # Errors
/// What failed first, naming the step, with the report of what was done. Nothing was sent if a step
/// names equipment, a verb or parameters that there are not ([`crate::ErrorKind::Invalid`]).
pub async fn run(
    leases: &mut [Lease],
    stage: &Arc<dyn Stage>,
    sequence: &Sequence,
    stop: &Stop,
) -> Result<SequenceReport, (Error, SequenceReport)> {
    let timer = match Timer::new() {
        Ok(timer) => timer,
        Err(error) => return Err((error, SequenceReport::default())),
    };
    run::run(leases, stage, sequence, stop, timer).await
}
