//! The time limits and windows of a link (IEC 60870-5-104, 9.6), and what they may be.

use std::time::Duration;

/// The largest k and w: half of the numbers there are, less one.
pub const LARGEST_WINDOW: u16 = 32_767;

/// What both sides of a link have agreed on, in the outstation's interoperability list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// How long the connection may take to be made; the link itself never waits for it.
    pub t0: Duration,
    /// How long an acknowledgement or a confirmation may take before the link is given up.
    pub t1: Duration,
    /// How long after an I frame it is acknowledged at the latest, when nothing is sent anyway.
    pub t2: Duration,
    /// How long nothing may come before the link is tested.
    pub t3: Duration,
    /// How many I frames may be sent without an acknowledgement.
    pub k: u16,
    /// After how many I frames an acknowledgement is sent at the latest.
    pub w: u16,
    /// Whether the controlled side numbers its I frames from 1, as some do against the standard. The
    /// controlling side then takes either.
    pub first_sequence_one: bool,
}

impl Default for Params {
    /// The standard's: 30, 15, 10 and 20 s, 12 and 8.
    fn default() -> Self {
        Self {
            t0: Duration::from_secs(30),
            t1: Duration::from_secs(15),
            t2: Duration::from_secs(10),
            t3: Duration::from_secs(20),
            k: 12,
            w: 8,
            first_sequence_one: false,
        }
    }
}

/// Which parameter is not what it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadParams {
    /// A time limit is out of its range.
    #[error("{name} is {}; it must lie between 1 s and {most} s", seconds(.got))]
    Time {
        /// Which one.
        name: &'static str,
        /// What it is.
        got: Duration,
        /// The most it may be, in seconds.
        most: u64,
    },
    /// Acknowledgements would come when the other side has given up.
    #[error("t2 is {} and t1 {}; t2 must be shorter than t1", seconds(.t2), seconds(.t1))]
    Order {
        /// The limit for acknowledging.
        t2: Duration,
        /// The limit for waiting.
        t1: Duration,
    },
    /// A window is out of its range.
    #[error("{name} is {got}; it must lie between 1 and {LARGEST_WINDOW}")]
    Window {
        /// Which one.
        name: &'static str,
        /// What it is.
        got: u16,
    },
    /// The other side would run into its window.
    #[error("w is {w} and k {k}; w must not exceed two thirds of k, here {}", two_thirds(*.k))]
    Ratio {
        /// After how many frames an acknowledgement goes.
        w: u16,
        /// How many frames may be without one.
        k: u16,
    },
}

impl Params {
    /// Checks every parameter against the standard's limits.
    ///
    /// # Errors
    ///
    /// The first that is out of them.
    pub fn check(&self) -> Result<(), BadParams> {
        // 48 hours are edition 2's limit for t3, 255 s that of all others.
        for (name, got, most) in [
            ("t0", self.t0, 255),
            ("t1", self.t1, 255),
            ("t2", self.t2, 255),
            ("t3", self.t3, 48 * 3600),
        ] {
            if got < Duration::from_secs(1) || got > Duration::from_secs(most) {
                return Err(BadParams::Time { name, got, most });
            }
        }
        if self.t2 >= self.t1 {
            return Err(BadParams::Order { t2: self.t2, t1: self.t1 });
        }
        for (name, got) in [("k", self.k), ("w", self.w)] {
            if !(1..=LARGEST_WINDOW).contains(&got) {
                return Err(BadParams::Window { name, got });
            }
        }
        if self.w > two_thirds(self.k) {
            return Err(BadParams::Ratio { w: self.w, k: self.k });
        }
        Ok(())
    }
}

/// The largest w for a k; 1 where k is 1, which has no two thirds.
fn two_thirds(k: u16) -> u16 {
    u16::try_from(u32::from(k) * 2 / 3).unwrap_or(LARGEST_WINDOW).max(1)
}

fn seconds(time: &Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standards_values_are_allowed_and_so_are_the_limits() {
        assert_eq!(Params::default().check(), Ok(()));
        let (second, longest) = (Duration::from_secs(1), Duration::from_secs(255));
        let wide = Params {
            t0: longest,
            t1: longest,
            t2: second,
            t3: Duration::from_secs(172_800),
            k: 32_767,
            w: 21_844,
            first_sequence_one: true,
        };
        assert_eq!(wide.check(), Ok(()));
        assert_eq!(Params { k: 1, w: 1, ..Params::default() }.check(), Ok(()));
    }

    #[test]
    fn what_is_out_of_its_limits_is_named() {
        let good = Params::default();
        let says = |params: Params| params.check().unwrap_err().to_string();
        let zero = Duration::ZERO;
        assert_eq!(
            says(Params { t0: zero, ..good }),
            "t0 is 0 s; it must lie between 1 s and 255 s"
        );
        assert_eq!(
            says(Params { t3: Duration::from_secs(172_801), ..good }),
            "t3 is 172801 s; it must lie between 1 s and 172800 s"
        );
        assert_eq!(
            says(Params { t2: good.t1, ..good }),
            "t2 is 15 s and t1 15 s; t2 must be shorter than t1"
        );
        assert_eq!(says(Params { k: 0, ..good }), "k is 0; it must lie between 1 and 32767");
        assert_eq!(
            says(Params { w: 9, ..good }),
            "w is 9 and k 12; w must not exceed two thirds of k, here 8"
        );
        assert!(Params { t1: Duration::from_secs(256), ..good }.check().is_err());
        assert!(Params { w: 32_768, k: 32_767, ..good }.check().is_err());
    }
}
