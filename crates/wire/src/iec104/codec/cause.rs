//! Why an ASDU was sent: the cause of transmission (IEC 60870-5-101, 7.2.3).

use std::fmt;

/// A cause, 0 to 63. A number and not an enumeration: any of them may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause(pub u8);

/// The causes this side sends or decides by.
#[expect(missing_docs, reason = "the names are the standard's, table 14 says what each is for")]
impl Cause {
    pub const PERIODIC: Self = Self(1);
    pub const BACKGROUND: Self = Self(2);
    pub const SPONTANEOUS: Self = Self(3);
    pub const INITIALISED: Self = Self(4);
    pub const REQUEST: Self = Self(5);
    pub const ACTIVATION: Self = Self(6);
    pub const ACTIVATION_CON: Self = Self(7);
    pub const DEACTIVATION: Self = Self(8);
    pub const DEACTIVATION_CON: Self = Self(9);
    pub const ACTIVATION_TERM: Self = Self(10);
    pub const RETURN_REMOTE: Self = Self(11);
    pub const RETURN_LOCAL: Self = Self(12);
    pub const INTERROGATED: Self = Self(20);
    pub const COUNTERS: Self = Self(37);
    pub const UNKNOWN_TYPE: Self = Self(44);
    pub const UNKNOWN_CAUSE: Self = Self(45);
    pub const UNKNOWN_CA: Self = Self(46);
    pub const UNKNOWN_IOA: Self = Self(47);
}

impl Cause {
    /// The largest cause there is: the field has six bits.
    pub const LARGEST: u8 = 63;

    /// Whether it says that the outstation does not know what it was asked (44 to 47), which refuses a
    /// command whatever the P/N bit says.
    #[must_use]
    pub const fn is_unknown(self) -> bool {
        matches!(self.0, 44..=47)
    }

    /// Whether it comes with values that an interrogation asked for: of the station, a group, or counters.
    #[must_use]
    pub const fn is_interrogated(self) -> bool {
        matches!(self.0, 20..=41)
    }

    /// What it is called in logs and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            1 => "periodic",
            2 => "background",
            3 => "spontaneous",
            4 => "initialised",
            5 => "request",
            6 => "activation",
            7 => "activation_con",
            8 => "deactivation",
            9 => "deactivation_con",
            10 => "activation_term",
            11 => "return_remote",
            12 => "return_local",
            13 => "file",
            20 => "interrogated",
            21..=36 => "interrogated_group",
            37 => "counters",
            38..=41 => "counters_group",
            44 => "unknown_type",
            45 => "unknown_cause",
            46 => "unknown_ca",
            47 => "unknown_ioa",
            48..=63 => "private",
            _ => "reserved",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_unknowns_are_told_from_their_neighbours() {
        let unknown: Vec<u8> = (0..=255).filter(|cause| Cause(*cause).is_unknown()).collect();
        assert_eq!(unknown, [44, 45, 46, 47]);
    }

    #[test]
    fn groups_share_a_name_and_show_their_number() {
        assert_eq!(Cause(36).to_string(), "interrogated_group (36)");
        assert_eq!(Cause(37).to_string(), "counters (37)");
        assert_eq!(Cause(42).to_string(), "reserved (42)");
        assert!(!Cause(42).is_interrogated() && Cause(41).is_interrogated());
    }
}
