//! The grid of sample instants: the n-th is n periods after the start, without drift.

use std::time::Duration;

use serde_json::Number;

/// Nanoseconds in a second, times millionths in one.
const SCALE: u128 = 1_000_000_000_000_000;

/// The most samples a second that are asked for one by one.
pub(super) const FASTEST: u32 = 1_000_000;

/// Instants at a rate, kept in millionths of a hertz, which is exact for all rates people write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grid {
    micro_hertz: u64,
}

impl Grid {
    /// A grid of so many samples a second.
    pub(super) fn new(rate: &Number) -> Result<Self, String> {
        let refuse = || format!("a sample rate is from 0.001 to {FASTEST} a second, not {rate}");
        let hertz = rate.as_f64().filter(|hertz| (0.001..=f64::from(FASTEST)).contains(hertz));
        let micro_hertz = format!("{:.0}", hertz.ok_or_else(refuse)? * 1e6).parse();
        Ok(Self { micro_hertz: micro_hertz.map_err(|_| refuse())? })
    }

    /// Samples a second.
    pub(super) fn rate(self) -> f64 {
        Duration::from_micros(self.micro_hertz).as_secs_f64()
    }

    /// When the n-th sample is due, from the start; the first is number 0.
    pub(super) fn offset(self, n: u64) -> Duration {
        let nanos = u128::from(n) * SCALE / u128::from(self.micro_hertz.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// The last sample that is due by then.
    pub(super) fn index_at(self, elapsed: Duration) -> u64 {
        // offset(n) <= elapsed, with offset rounded down: n * SCALE / rate < elapsed + 1.
        let before = (elapsed.as_nanos() + 1).saturating_mul(u128::from(self.micro_hertz));
        u64::try_from(before.div_ceil(SCALE).saturating_sub(1)).unwrap_or(u64::MAX)
    }

    /// How many samples are due before the end of a duration.
    pub(super) fn count_within(self, duration: Duration) -> u64 {
        let last = duration.checked_sub(Duration::from_nanos(1));
        last.map_or(0, |last| self.index_at(last).saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn of(rate: &str) -> Grid {
        let rate: Value = serde_json::from_str(rate).expect("is JSON");
        Grid::new(rate.as_number().expect("is a number")).expect("is a rate")
    }

    #[test]
    fn instants_are_exact_however_far() {
        assert_eq!(of("1000").offset(3_600_000), Duration::from_secs(3600));
        assert_eq!(of("3").offset(3_000_000_000), Duration::from_secs(1_000_000_000));
        assert_eq!(of("0.1").offset(7), Duration::from_secs(70));
        assert_eq!(of("1e3").offset(1), Duration::from_millis(1));
        assert_eq!(of("1000").count_within(Duration::from_secs(60)), 60_000);
        assert_eq!(of("0.5").count_within(Duration::from_secs(1)), 1);
        assert_eq!(of("10").count_within(Duration::ZERO), 0);
        assert!((of("2.5").rate() - 2.5).abs() < 1e-12);
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for rate in [0.0, -1.0, 1e9, 0.000_1] {
            let rate = Number::from_f64(rate).expect("is finite");
            assert!(
                Grid::new(&rate).expect_err("is none").starts_with("a sample rate is from 0.001")
            );
        }
    }

    proptest! {
        #[test]
        fn the_last_sample_due_is_due_and_the_next_is_not(
            micro_hertz in 1000_u64..1_000_000_000_000, n in 0_u64..10_000_000, nanos in 0_u64..1_000_000_000_000_000,
        ) {
            let grid = Grid { micro_hertz };
            prop_assert_eq!(grid.index_at(grid.offset(n)).max(n), grid.index_at(grid.offset(n)));
            let elapsed = Duration::from_nanos(nanos);
            let last = grid.index_at(elapsed);
            prop_assert!(grid.offset(last) <= elapsed);
            prop_assert!(grid.offset(last + 1) > elapsed);
            prop_assert_eq!(grid.count_within(elapsed + Duration::from_nanos(1)), last + 1);
        }
    }
}
