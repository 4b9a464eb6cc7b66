//! Tells a run's peak memory from the daemon's, which the kernel mixes up.

use std::sync::atomic::{AtomicU64, Ordering};

use super::proc;

/// How far the two figures may differ by the kernel's approximate counters.
const SLACK: u64 = 1 << 20;

/// Knows the peak memory a spawned process inherits.
///
/// A process started by vfork shares the daemon's memory until it executes its program, and the
/// kernel counts the daemon's peak into its `ru_maxrss`. A value above that peak is the command's
/// own; a value not above it tells nothing and is reported as 0, unknown. The daemon's peak only
/// grows, so it is read anew only when a value is above the last known one.
#[derive(Debug, Default)]
pub(super) struct PeakMemory {
    own: AtomicU64,
}

impl PeakMemory {
    /// The command's own peak in bytes, from what wait4 said; 0 when unknown.
    pub(super) fn of_run(&self, said: u64) -> u64 {
        if said <= self.own.load(Ordering::Relaxed).saturating_add(SLACK) {
            return 0;
        }
        let own = proc::own_peak_rss().unwrap_or(u64::MAX);
        self.own.fetch_max(own, Ordering::Relaxed);
        if said > own.saturating_add(SLACK) { said } else { 0 }
    }
}
