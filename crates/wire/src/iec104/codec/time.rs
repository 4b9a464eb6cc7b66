//! The times of the protocol, as they came: no zone, two digits of the year, every bit kept
//! (IEC 60870-5-101, 7.2.6.18 to 7.2.6.20).

/// The time tag of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// Minutes and milliseconds.
    Cp24(Cp24),
    /// Date and time.
    Cp56(Cp56),
}

/// CP16Time2a: a span of 0 to 59999 milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cp16(pub u16);

/// CP24Time2a: the time within an hour, as its three octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cp24(pub [u8; 3]);

/// CP56Time2a: date and time, as its seven octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cp56(pub [u8; 7]);

/// A [`Cp56`] taken apart. Nothing says that such a day exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Civil {
    /// The last two digits of the year.
    pub year: u8,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 1 Monday to 7 Sunday, 0 if it is not said.
    pub weekday: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// The seconds too, in milliseconds: 0 to 59999.
    pub millisecond: u16,
    /// SU: summer time is in force.
    pub summer: bool,
    /// GEN: the time was substituted on the way.
    pub substituted: bool,
    /// IV: the clock cannot be trusted.
    pub invalid: bool,
}

impl Cp16 {
    /// From its octets as they stand on the wire.
    pub(super) const fn from_octets(low: u8, high: u8) -> Self {
        Self(u16::from_le_bytes([low, high]))
    }
}

impl Cp24 {
    /// 0 to 59, and more from clocks that are wrong.
    #[must_use]
    pub const fn minute(self) -> u8 {
        let [_, _, minute] = self.0;
        minute & 0x3f
    }

    /// The seconds too, in milliseconds.
    #[must_use]
    pub const fn millisecond(self) -> u16 {
        let [low, high, _] = self.0;
        u16::from_le_bytes([low, high])
    }

    /// GEN: the time was substituted on the way.
    #[must_use]
    pub const fn substituted(self) -> bool {
        let [_, _, minute] = self.0;
        minute & 0x40 != 0
    }

    /// IV: the clock cannot be trusted.
    #[must_use]
    pub const fn invalid(self) -> bool {
        let [_, _, minute] = self.0;
        minute & 0x80 != 0
    }
}

impl Cp56 {
    /// From its parts; nothing if one of them is out of its range.
    #[must_use]
    pub fn from_civil(civil: &Civil) -> Option<Self> {
        if !civil.is_in_range() {
            return None;
        }
        let [low, high] = civil.millisecond.to_le_bytes();
        let flags = u8::from(civil.substituted) << 6 | u8::from(civil.invalid) << 7;
        Some(Self([
            low,
            high,
            civil.minute | flags,
            civil.hour | u8::from(civil.summer) << 7,
            civil.day | civil.weekday << 5,
            civil.month,
            civil.year,
        ]))
    }

    /// Its parts, whatever they are; reserved bits are left out.
    #[must_use]
    pub const fn civil(self) -> Civil {
        let [low, high, minute, hour, day, month, year] = self.0;
        Civil {
            year: year & 0x7f,
            month: month & 0x0f,
            day: day & 0x1f,
            weekday: day >> 5,
            hour: hour & 0x1f,
            minute: minute & 0x3f,
            millisecond: u16::from_le_bytes([low, high]),
            summer: hour & 0x80 != 0,
            substituted: minute & 0x40 != 0,
            invalid: minute & 0x80 != 0,
        }
    }
}

impl Civil {
    /// Whether every part is in its range; the 31st of every month is.
    #[must_use]
    pub const fn is_in_range(&self) -> bool {
        self.year < 100
            && matches!(self.month, 1..=12)
            && matches!(self.day, 1..=31)
            && self.weekday < 8
            && self.hour < 24
            && self.minute < 60
            && self.millisecond < 60_000
    }
}
