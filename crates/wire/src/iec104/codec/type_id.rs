//! The types an ASDU can have, and of what each is made (IEC 60870-5-101, 7.2.1.1).

use super::layout::Element;

/// The time tag behind an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeTag {
    /// None.
    None,
    /// Three octets: minutes and milliseconds.
    Cp24,
    /// Seven octets: date and time.
    Cp56,
}

impl TimeTag {
    /// How many octets it has.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::None => 0,
            Self::Cp24 => 3,
            Self::Cp56 => 7,
        }
    }
}

/// The types from rows of name, number, element and time tag.
macro_rules! types {
    ($($name:ident = $number:literal, $element:ident, $tag:ident;)*) => {
        /// A type that is known here. Parameters (110 to 113) and file transfer (120 to 127) are not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(non_camel_case_types, missing_docs, reason = "the names are the standard's")]
        #[repr(u8)]
        pub enum TypeId {
            $($name = $number,)*
        }

        impl TypeId {
            /// All of them, by their numbers.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// By its number; nothing for one that is not known here.
            #[must_use]
            pub const fn from_u8(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// Its number.
            #[must_use]
            pub const fn as_u8(self) -> u8 {
                match self {
                    $(Self::$name => $number,)*
                }
            }

            /// The standard's name of it, such as `C_SC_NA_1`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// What its objects are made of.
            pub(super) const fn element(self) -> Element {
                match self {
                    $(Self::$name => Element::$element,)*
                }
            }

            /// The time tag of its objects.
            #[must_use]
            pub const fn time_tag(self) -> TimeTag {
                match self {
                    $(Self::$name => TimeTag::$tag,)*
                }
            }
        }
    };
}

types! {
    M_SP_NA_1 = 1, Single, None;
    M_SP_TA_1 = 2, Single, Cp24;
    M_DP_NA_1 = 3, Double, None;
    M_DP_TA_1 = 4, Double, Cp24;
    M_ST_NA_1 = 5, Step, None;
    M_ST_TA_1 = 6, Step, Cp24;
    M_BO_NA_1 = 7, Bits, None;
    M_BO_TA_1 = 8, Bits, Cp24;
    M_ME_NA_1 = 9, Normalized, None;
    M_ME_TA_1 = 10, Normalized, Cp24;
    M_ME_NB_1 = 11, Scaled, None;
    M_ME_TB_1 = 12, Scaled, Cp24;
    M_ME_NC_1 = 13, Float, None;
    M_ME_TC_1 = 14, Float, Cp24;
    M_IT_NA_1 = 15, Counter, None;
    M_IT_TA_1 = 16, Counter, Cp24;
    M_EP_TA_1 = 17, ProtectionEvent, Cp24;
    M_EP_TB_1 = 18, ProtectionStart, Cp24;
    M_EP_TC_1 = 19, ProtectionOutput, Cp24;
    M_PS_NA_1 = 20, PackedSingle, None;
    M_ME_ND_1 = 21, NormalizedAlone, None;
    M_SP_TB_1 = 30, Single, Cp56;
    M_DP_TB_1 = 31, Double, Cp56;
    M_ST_TB_1 = 32, Step, Cp56;
    M_BO_TB_1 = 33, Bits, Cp56;
    M_ME_TD_1 = 34, Normalized, Cp56;
    M_ME_TE_1 = 35, Scaled, Cp56;
    M_ME_TF_1 = 36, Float, Cp56;
    M_IT_TB_1 = 37, Counter, Cp56;
    M_EP_TD_1 = 38, ProtectionEvent, Cp56;
    M_EP_TE_1 = 39, ProtectionStart, Cp56;
    M_EP_TF_1 = 40, ProtectionOutput, Cp56;
    C_SC_NA_1 = 45, SingleCommand, None;
    C_DC_NA_1 = 46, DoubleCommand, None;
    C_RC_NA_1 = 47, StepCommand, None;
    C_SE_NA_1 = 48, SetNormalized, None;
    C_SE_NB_1 = 49, SetScaled, None;
    C_SE_NC_1 = 50, SetFloat, None;
    C_BO_NA_1 = 51, SetBits, None;
    C_SC_TA_1 = 58, SingleCommand, Cp56;
    C_DC_TA_1 = 59, DoubleCommand, Cp56;
    C_RC_TA_1 = 60, StepCommand, Cp56;
    C_SE_TA_1 = 61, SetNormalized, Cp56;
    C_SE_TB_1 = 62, SetScaled, Cp56;
    C_SE_TC_1 = 63, SetFloat, Cp56;
    C_BO_TA_1 = 64, SetBits, Cp56;
    M_EI_NA_1 = 70, Initialised, None;
    C_IC_NA_1 = 100, Interrogation, None;
    C_CI_NA_1 = 101, CounterInterrogation, None;
    C_RD_NA_1 = 102, Read, None;
    C_CS_NA_1 = 103, ClockSync, Cp56;
    C_TS_NA_1 = 104, Test, None;
    C_RP_NA_1 = 105, ResetProcess, None;
    C_CD_NA_1 = 106, Delay, None;
    C_TS_TA_1 = 107, TestTagged, Cp56;
}

impl TypeId {
    /// By its name in the standard, such as `C_SC_NA_1`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.name() == name)
    }

    /// How many octets one of its objects has behind the address, time tag and all.
    #[must_use]
    pub const fn element_size(self) -> usize {
        self.element().size() + self.time_tag().size()
    }

    /// Whether it commands a point of the process (45 to 51 and 58 to 64).
    #[must_use]
    pub const fn is_command(self) -> bool {
        matches!(self.as_u8(), 45..=64)
    }

    /// Whether it has a select bit, so that it can be selected before it is executed.
    #[must_use]
    pub const fn is_selectable(self) -> bool {
        self.is_command() && !matches!(self, Self::C_BO_NA_1 | Self::C_BO_TA_1)
    }

    /// The same command with a time tag or without one; nothing for what is no command.
    #[must_use]
    pub const fn tagged(self, tagged: bool) -> Option<Self> {
        match (self.as_u8(), tagged) {
            (number @ 45..=51, true) => Self::from_u8(number + 13),
            (number @ 58..=64, false) => Self::from_u8(number - 13),
            (45..=64, _) => Some(self),
            _ => None,
        }
    }

    /// How many objects fit into one ASDU, each with an address or (`sq`) only the first.
    #[must_use]
    pub const fn capacity(self, sq: bool) -> usize {
        const ROOM: usize = super::LONGEST_ASDU - super::HEADER_LENGTH;
        let most = match (sq, self.element_size()) {
            (true, 0) => 127,
            (true, size) => (ROOM - 3) / size,
            (false, size) => ROOM / (3 + size),
        };
        if most < 127 { most } else { 127 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers and sizes of the standard's tables, another hand's writing of them.
    #[rustfmt::skip]
    const SIZES: &[(u8, usize)] = &[
        (1, 1), (2, 4), (3, 1), (4, 4), (5, 2), (6, 5), (7, 5), (8, 8), (9, 3), (10, 6), (11, 3),
        (12, 6), (13, 5), (14, 8), (15, 5), (16, 8), (17, 6), (18, 7), (19, 7), (20, 5), (21, 2), (30, 8),
        (31, 8), (32, 9), (33, 12), (34, 10), (35, 10), (36, 12), (37, 12), (38, 10), (39, 11), (40, 11), (45, 1),
        (46, 1), (47, 1), (48, 3), (49, 3), (50, 5), (51, 4), (58, 8), (59, 8), (60, 8), (61, 10), (62, 10),
        (63, 12), (64, 11), (70, 1), (100, 1), (101, 1), (102, 0), (103, 7), (104, 2), (105, 1), (106, 2), (107, 9),
    ];

    #[test]
    fn every_type_has_the_size_of_the_standard() {
        let sizes: Vec<(u8, usize)> =
            TypeId::ALL.iter().map(|known| (known.as_u8(), known.element_size())).collect();
        assert_eq!(sizes, SIZES);
    }

    #[test]
    fn numbers_and_names_lead_back() {
        for known in TypeId::ALL {
            assert_eq!(TypeId::from_u8(known.as_u8()), Some(*known));
            assert_eq!(TypeId::from_name(known.name()), Some(*known));
        }
        let unknown = [0, 22, 29, 41, 52, 57, 65, 71, 99, 108, 110, 113, 120, 127, 255];
        assert!(unknown.iter().all(|number| TypeId::from_u8(*number).is_none()));
        assert_eq!(TypeId::from_name("C_SC_NA_2"), None);
    }

    #[test]
    fn commands_have_a_tagged_form_and_all_but_bits_can_be_selected() {
        for known in TypeId::ALL {
            let tagged = known.tagged(true);
            assert_eq!(tagged.is_some(), known.is_command(), "{known:?}");
            let Some(tagged) = tagged else { continue };
            assert_eq!(tagged.time_tag(), TimeTag::Cp56);
            let plain = tagged.tagged(false).unwrap();
            assert_eq!(plain.time_tag(), TimeTag::None);
            assert_eq!(plain.element(), tagged.element());
        }
        let fixed: Vec<_> = TypeId::ALL
            .iter()
            .filter(|known| known.is_command() && !known.is_selectable())
            .collect();
        assert_eq!(fixed, [&TypeId::C_BO_NA_1, &TypeId::C_BO_TA_1]);
    }

    #[test]
    fn as_many_fit_as_the_standard_has_room_for() {
        assert_eq!(TypeId::M_ME_NC_1.capacity(true), 48);
        assert_eq!(TypeId::M_ME_NC_1.capacity(false), 30);
        assert_eq!(TypeId::M_SP_NA_1.capacity(true), 127);
        assert_eq!(TypeId::M_SP_NA_1.capacity(false), 60);
        assert_eq!(TypeId::C_RD_NA_1.capacity(true), 127);
    }
}
