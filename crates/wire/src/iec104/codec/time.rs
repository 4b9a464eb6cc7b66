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

#[cfg(test)]
mod tests {
    use super::*;

    const CIVIL: Civil = Civil {
        year: 26,
        month: 11,
        day: 20,
        weekday: 5,
        hour: 13,
        minute: 37,
        millisecond: 42_123,
        summer: false,
        substituted: false,
        invalid: false,
    };

    #[test]
    fn a_time_is_what_two_other_stacks_make_of_it() {
        let plain = Cp56([0x8b, 0xa4, 0x25, 0x0d, 0xb4, 0x0b, 0x1a]);
        assert_eq!(plain.civil(), CIVIL);
        assert_eq!(Cp56::from_civil(&CIVIL), Some(plain));
        let flagged = Cp56([0x8b, 0xa4, 0xa5, 0x8d, 0xb4, 0x0b, 0x1a]);
        let civil = Civil { summer: true, invalid: true, ..CIVIL };
        assert_eq!(flagged.civil(), civil);
        assert_eq!(Cp56::from_civil(&civil), Some(flagged));
    }

    #[test]
    fn a_part_out_of_its_range_makes_no_time() {
        for civil in [
            Civil { year: 100, ..CIVIL },
            Civil { month: 0, ..CIVIL },
            Civil { month: 13, ..CIVIL },
            Civil { day: 0, ..CIVIL },
            Civil { day: 32, ..CIVIL },
            Civil { weekday: 8, ..CIVIL },
            Civil { hour: 24, ..CIVIL },
            Civil { minute: 60, ..CIVIL },
            Civil { millisecond: 60_000, ..CIVIL },
        ] {
            assert_eq!(Cp56::from_civil(&civil), None, "{civil:?}");
        }
    }

    #[test]
    fn what_is_out_of_range_is_still_shown() {
        let civil = Cp56([0xff; 7]).civil();
        assert!(!civil.is_in_range());
        assert_eq!((civil.year, civil.month, civil.day, civil.hour), (127, 15, 31, 31));
        assert!(!Cp56([0; 7]).civil().is_in_range(), "no month is 0");
    }

    #[test]
    fn a_short_time_has_a_minute_and_two_flags() {
        let time = Cp24([0x8b, 0xa4, 0x65]);
        assert_eq!((time.minute(), time.millisecond()), (37, 42_123));
        assert!(time.substituted() && !time.invalid());
        assert!(Cp24([0, 0, 0x80]).invalid());
    }
}
