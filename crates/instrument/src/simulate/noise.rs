//! Makes noise that is the same for the same seed: a splitmix64 sequence.

/// A source of noise.
#[derive(Clone, Debug)]
pub(crate) struct Noise {
    state: u64,
}

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// A value of mean 0 and standard deviation 1, nearly normal: a sum of four uniform ones. At
    /// most 3.5 in size, so that tests can bound it.
    pub(crate) fn normal(&mut self) -> f64 {
        let bits = self.bits();
        let sum: u32 = [0, 16, 32, 48]
            .into_iter()
            .map(|shift| u32::from(u16::try_from(bits >> shift & 0xffff).unwrap_or_default()))
            .sum();
        (f64::from(sum) / 65536.0 - 2.0) * 3.0_f64.sqrt()
    }
}

/// Bits that look like chance, always the same for the same number.
pub(crate) fn mix(number: u64) -> u64 {
    let z = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_the_same_for_the_same_seed_and_centred() {
        let draw = |seed| {
            let mut noise = Noise::new(seed);
            (0..4000).map(|_| noise.normal()).collect::<Vec<f64>>()
        };
        let values = draw(7);
        assert_eq!(values, draw(7));
        assert_ne!(values, draw(8));
        let mean = values.iter().sum::<f64>() / 4000.0;
        let variance = values.iter().map(|v| v * v).sum::<f64>() / 4000.0;
        assert!(mean.abs() < 0.1 && (variance - 1.0).abs() < 0.1, "{mean} {variance}");
    }
}
