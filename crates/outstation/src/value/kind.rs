//! The types a point can have, and what their values are.

use station_wire::iec104::codec::TypeId;

/// What the values of a point are, whether they are shown or commanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// On or off.
    Single,
    /// On, off, or neither.
    Double,
    /// The position of a tap changer.
    Step,
    /// 32 bits.
    Bits,
    /// A number from -1 to 1 in 32768ths.
    Normalized,
    /// A whole number of 16 bits.
    Scaled,
    /// A number.
    Float,
    /// A count.
    Counter,
    /// 16 points at once.
    Packed,
}

/// The types of points: those that are watched, then those that are commanded. Those with a time tag
/// are the same points.
pub const TYPES: [(TypeId, Kind); 17] = [
    (TypeId::M_SP_NA_1, Kind::Single),
    (TypeId::M_DP_NA_1, Kind::Double),
    (TypeId::M_ST_NA_1, Kind::Step),
    (TypeId::M_BO_NA_1, Kind::Bits),
    (TypeId::M_ME_NA_1, Kind::Normalized),
    (TypeId::M_ME_NB_1, Kind::Scaled),
    (TypeId::M_ME_NC_1, Kind::Float),
    (TypeId::M_IT_NA_1, Kind::Counter),
    (TypeId::M_PS_NA_1, Kind::Packed),
    (TypeId::M_ME_ND_1, Kind::Normalized),
    (TypeId::C_SC_NA_1, Kind::Single),
    (TypeId::C_DC_NA_1, Kind::Double),
    (TypeId::C_RC_NA_1, Kind::Step),
    (TypeId::C_SE_NA_1, Kind::Normalized),
    (TypeId::C_SE_NB_1, Kind::Scaled),
    (TypeId::C_SE_NC_1, Kind::Float),
    (TypeId::C_BO_NA_1, Kind::Bits),
];

impl Kind {
    /// What the values of such a point are; `None` for types that points do not have. Commands may be of
    /// the type with a time tag.
    #[must_use]
    pub fn of(type_id: TypeId) -> Option<Self> {
        let plain = type_id.tagged(false).unwrap_or(type_id);
        TYPES.iter().find(|(known, _)| *known == plain).map(|(_, kind)| *kind)
    }

    /// Whether a point of this kind can show what came of a command of that kind.
    #[must_use]
    pub fn shows(self, command: Self) -> bool {
        match command {
            Self::Single | Self::Double => matches!(self, Self::Single | Self::Double),
            Self::Step
            | Self::Bits
            | Self::Normalized
            | Self::Scaled
            | Self::Float
            | Self::Counter
            | Self::Packed => self == command,
        }
    }
}
