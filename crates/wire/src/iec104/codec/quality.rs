//! How far a value can be trusted (IEC 60870-5-101, 7.2.6.1 to 7.2.6.4).

/// The quality bits as they came, those the standard reserves included. The bits of an octet that are
/// the value itself are not in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quality(pub u8);

impl Quality {
    /// Nothing to object to.
    pub const GOOD: Self = Self(0);
    /// OV: the value is outside of what can be measured.
    pub const OVERFLOW: Self = Self(0x01);
    /// EI: the elapsed time of a protection event is invalid.
    pub const ELAPSED_INVALID: Self = Self(0x08);
    /// BL: updates are blocked.
    pub const BLOCKED: Self = Self(0x10);
    /// SB: a person or a program entered the value.
    pub const SUBSTITUTED: Self = Self(0x20);
    /// NT: the value is not the newest.
    pub const NOT_TOPICAL: Self = Self(0x40);
    /// IV: the value is invalid.
    pub const INVALID: Self = Self(0x80);

    /// Whether all of those bits are set.
    #[must_use]
    pub const fn has(self, bits: Self) -> bool {
        self.0 & bits.0 == bits.0
    }

    /// With those bits too.
    #[must_use]
    pub const fn with(self, bits: Self) -> Self {
        Self(self.0 | bits.0)
    }

    /// Whether the value is neither invalid nor out of date.
    #[must_use]
    pub const fn is_usable(self) -> bool {
        self.0 & (Self::INVALID.0 | Self::NOT_TOPICAL.0) == 0
    }
}
