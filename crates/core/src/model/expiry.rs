//! Until when something may still be begun, on both clocks.

use std::time::Duration;

use super::{Micros, Mono, Now};

/// Until when something may still be begun. Past on either clock is past: a step of the wall clock, in
/// either direction, gives nothing more time than it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// On the wall clock.
    pub wall: Micros,
    /// On the monotonic clock.
    pub mono: Mono,
}

impl Expiry {
    /// The expiry of what was planned for an instant and may be late by `span`. However far in the
    /// future that instant lies, it is over once `span` has passed from now on.
    #[must_use]
    pub fn new(planned: Micros, span: Duration, now: Now) -> Self {
        let wall = planned.plus(span);
        Self { wall, mono: now.mono.plus(wall.since(now.wall).min(span)) }
    }

    /// Whether it is too late to begin.
    #[must_use]
    pub fn is_past(self, now: Now) -> bool {
        now.wall > self.wall || now.mono > self.mono
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn now(wall: i64, mono: u64) -> Now {
        Now { wall: Micros(wall * SECOND), mono: Mono(mono * 1_000_000) }
    }

    #[test]
    fn past_on_either_clock_is_past() {
        let expiry = Expiry::new(Micros(100 * SECOND), Duration::from_secs(10), now(103, 50));
        for (wall, mono, want) in [
            (103, 50, false),
            (110, 57, false),
            (111, 57, true),
            // The wall clock was set back meanwhile.
            (20, 57, false),
            (20, 58, true),
            // And forward.
            (3_700, 51, true),
        ] {
            assert_eq!(expiry.is_past(now(wall, mono)), want, "{wall} {mono}");
        }
    }

    #[test]
    fn what_is_too_late_already_has_no_time_left_and_what_is_early_no_more_than_its_span() {
        let span = Duration::from_secs(10);
        let late = Expiry::new(Micros(100 * SECOND), span, now(200, 50));
        assert_eq!((late.mono, late.is_past(now(200, 50))), (Mono(50 * 1_000_000), true));
        let early = Expiry::new(Micros(100 * SECOND), span, now(20, 50));
        assert_eq!(early.mono, Mono(60 * 1_000_000));
    }
}
