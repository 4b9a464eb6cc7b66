//! How long to wait before a connection is tried again: longer each time, and not in step with others.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// The waits between attempts at one endpoint.
#[derive(Clone, Debug, Default)]
pub(super) struct BackOff {
    failures: u32,
}

impl BackOff {
    /// The wait after another failure: doubled from 1 s to 60 s, less up to a quarter of it by
    /// `random`, so that a station that lost a hundred outstations does not reach for all at once.
    pub(super) fn next(&mut self, random: u8) -> Duration {
        let doubled = FIRST.saturating_mul(1 << self.failures.min(6));
        self.failures = self.failures.saturating_add(1);
        let wait = doubled.min(LONGEST);
        wait - wait / 4 * u32::from(random) / 255
    }

    /// A connection was made, of which nobody knows yet whether it lasts: the next wait is at most 8 s.
    pub(super) fn ease(&mut self) {
        self.failures = self.failures.min(3);
    }

    /// A connection was of use: the next wait is short again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_begin_anew_after_success() {
        let mut back_off = BackOff::default();
        let waits: Vec<u64> = (0..8).map(|_| back_off.next(0).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        back_off.reset();
        assert_eq!(back_off.next(0), FIRST);
    }

    #[test]
    fn a_connection_that_does_not_last_is_waited_for_longer_and_longer() {
        let mut back_off = BackOff::default();
        let waits: Vec<u64> = (0..6)
            .map(|_| {
                back_off.ease();
                back_off.next(0).as_secs()
            })
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 8, 8]);
    }

    #[test]
    fn chance_takes_off_a_quarter_at_most() {
        assert_eq!(BackOff::default().next(255), Duration::from_millis(750));
        let mut late = BackOff { failures: u32::MAX };
        assert_eq!(late.next(255), Duration::from_secs(45));
    }
}
