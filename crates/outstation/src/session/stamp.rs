//! Times as outstations write them: without a zone, in the one that the outstation's clock shows.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use station_wire::iec104::codec::{Civil, Cp56};

/// The time of `at` on a clock that shows `zone`; nothing for years beyond the protocol's two digits.
#[must_use]
pub fn stamp(at: Timestamp, zone: &TimeZone) -> Option<Cp56> {
    let shown = zone.to_datetime(at);
    let part = |value: i8| u8::try_from(value).ok();
    let millisecond = u16::try_from(shown.second()).ok()? * 1000;
    Cp56::from_civil(&Civil {
        year: u8::try_from(shown.year().rem_euclid(100)).ok()?,
        month: part(shown.month())?,
        day: part(shown.day())?,
        weekday: part(shown.weekday().to_monday_one_offset())?,
        hour: part(shown.hour())?,
        minute: part(shown.minute())?,
        millisecond: millisecond + u16::try_from(shown.millisecond()).ok()?,
        summer: zone.to_offset_info(at).dst().is_dst(),
        substituted: false,
        invalid: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contracts_vector_is_met() {
        let at: Timestamp = "2026-11-20T13:37:42.123Z".parse().unwrap();
        let stamped = stamp(at, &TimeZone::UTC).unwrap();
        // Day of the week included: it was a Friday.
        assert_eq!(stamped.0, [0x8b, 0xa4, 0x25, 0x0d, 0xb4, 0x0b, 0x1a]);
    }

    #[test]
    fn a_zone_moves_the_hour_and_says_when_it_is_summer() {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let summer = stamp("2026-07-01T22:30:00Z".parse().unwrap(), &zone).unwrap().civil();
        assert_eq!((summer.day, summer.hour, summer.summer), (2, 0, true));
        let winter = stamp("2026-12-01T22:30:00Z".parse().unwrap(), &zone).unwrap().civil();
        assert_eq!((winter.day, winter.hour, winter.summer), (1, 23, false));
    }
}
