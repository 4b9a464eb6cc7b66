//! Puts firings off by chance, the same way every time.

use std::time::Duration;

use crate::model::{Bounds, Micros};

impl Bounds {
    /// By how much the firing at `nominal` is put off: evenly spread from nothing up to, not
    /// including, the jitter, in whole microseconds; the same for the same seed and firing.
    #[must_use]
    pub fn jitter_of(&self, seed: u64, nominal: Micros) -> Duration {
        let firing = mix(u64::from_ne_bytes(nominal.0.to_ne_bytes()));
        let chance = u128::from(mix(seed ^ firing));
        let span = self.jitter.as_micros().min(u128::from(u64::MAX));
        Duration::from_micros(u64::try_from((chance * span) >> 64).unwrap_or(0))
    }
}

/// SplitMix64.
fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_below_the_jitter_evenly_spread_and_the_same_every_time() {
        let bounds = Bounds { jitter: Duration::from_secs(10), ..Bounds::default() };
        let mut tenths = [0; 10];
        for minute in 0..10_000 {
            let nominal = Micros(minute * 60_000_000);
            let off = bounds.jitter_of(7, nominal);
            assert_eq!(off, bounds.jitter_of(7, nominal));
            tenths[usize::try_from(off.as_secs()).unwrap()] += 1;
        }
        assert!(tenths.iter().all(|count| (850..1150).contains(count)), "{tenths:?}");
        assert_eq!(Bounds::default().jitter_of(7, Micros(1)), Duration::ZERO);
        assert_ne!(bounds.jitter_of(7, Micros(1)), bounds.jitter_of(8, Micros(1)));
    }
}
