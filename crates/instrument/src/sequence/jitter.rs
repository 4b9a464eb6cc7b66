//! Jitter: how late steps were, exactly, as the statistics people look at.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How late steps were, in microseconds: nearest-rank percentiles of all steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Jitter {
    /// Half of the steps were at most so late.
    pub p50_us: u64,
    /// 99 of 100 were.
    pub p99_us: u64,
    /// All were.
    pub max_us: u64,
}

/// Collects lateness, four bytes for each step; a sequence has at most 100,000, so that none is left out.
#[derive(Clone, Debug, Default)]
pub struct Jitters {
    micros: Vec<u32>,
}

impl Jitters {
    /// Adds a step; more than an hour counts as 71 minutes, which is all four bytes can say.
    pub fn add(&mut self, late: Duration) {
        self.micros.push(u32::try_from(late.as_micros()).unwrap_or(u32::MAX));
    }

    /// Takes in those of another.
    pub fn extend(&mut self, other: &Self) {
        self.micros.extend_from_slice(&other.micros);
    }

    /// The statistics; zeros without any step.
    #[must_use]
    pub fn statistics(&self) -> Jitter {
        let mut sorted = self.micros.clone();
        sorted.sort_unstable();
        let rank = |per_cent: usize| {
            let rank = (sorted.len() * per_cent).div_ceil(100);
            sorted.get(rank.saturating_sub(1)).copied().map_or(0, u64::from)
        };
        Jitter { p50_us: rank(50), p99_us: rank(99), max_us: rank(100) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(micros: impl IntoIterator<Item = u64>) -> Jitter {
        let mut jitters = Jitters::default();
        micros.into_iter().for_each(|late| jitters.add(Duration::from_micros(late)));
        jitters.statistics()
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        assert_eq!(of([]), Jitter::default());
        assert_eq!(of([7]), Jitter { p50_us: 7, p99_us: 7, max_us: 7 });
        assert_eq!(of((1..=100).rev()), Jitter { p50_us: 50, p99_us: 99, max_us: 100 });
        assert_eq!(of(1..=1000), Jitter { p50_us: 500, p99_us: 990, max_us: 1000 });
        assert_eq!(of([u64::MAX]).max_us, u64::from(u32::MAX));
    }

    proptest! {
        #[test]
        fn as_many_are_at_most_as_late_as_the_percentile_says(
            micros in proptest::collection::vec(0_u64..1000, 1..300),
        ) {
            let jitter = of(micros.clone());
            let within = |limit: u64| micros.iter().filter(|late| **late <= limit).count() * 100;
            prop_assert!(within(jitter.p50_us) >= micros.len() * 50);
            prop_assert!(within(jitter.p99_us) >= micros.len() * 99);
            prop_assert_eq!(jitter.max_us, micros.iter().copied().max().unwrap_or_default());
            prop_assert!(micros.contains(&jitter.p50_us) && micros.contains(&jitter.p99_us));
        }
    }
}
