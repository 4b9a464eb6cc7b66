//! Reads the wall clock, for the stamps of output.

use std::time::{SystemTime, UNIX_EPOCH};

use station_core::model::Micros;

/// The present.
pub(super) fn wall_now() -> Micros {
    let now = SystemTime::now();
    match now.duration_since(UNIX_EPOCH) {
        Ok(span) => Micros(0).plus(span),
        Err(before) => Micros(0_i64.saturating_sub(Micros(0).plus(before.duration()).0)),
    }
}
