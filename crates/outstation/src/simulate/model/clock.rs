//! The outstation's clock: the computer's, and how far it was set away from that. It shows UTC.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use station_core::model::Micros;
use station_wire::iec104::codec::{Civil, Cp56};

/// The century of the protocol's years.
const CENTURY: i16 = 2000;

/// How many microseconds it is ahead.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock(i64);

impl Clock {
    /// What it shows.
    pub(super) fn stamp(self, wall: Micros) -> Option<Cp56> {
        let at = Micros(wall.0.saturating_add(self.0)).timestamp();
        let shown = Offset::UTC.to_datetime(at);
        let part = |value: i8| u8::try_from(value).ok();
        let second = u16::try_from(shown.second()).ok()?;
        Cp56::from_civil(&Civil {
            year: u8::try_from(shown.year().rem_euclid(100)).ok()?,
            month: part(shown.month())?,
            day: part(shown.day())?,
            weekday: part(shown.weekday().to_monday_one_offset())?,
            hour: part(shown.hour())?,
            minute: part(shown.minute())?,
            millisecond: second * 1000 + u16::try_from(shown.millisecond()).ok()?,
            ..Civil::default()
        })
    }

    /// Sets it; false if that is no time there is, or one that is not to be trusted.
    pub(super) fn set(&mut self, to: Cp56, wall: Micros) -> bool {
        let Some(at) = instant(&to.civil()).filter(|_| !to.civil().invalid) else { return false };
        self.0 = at.0.saturating_sub(wall.0);
        true
    }
}

fn instant(civil: &Civil) -> Option<Micros> {
    let part = |value: u8| i8::try_from(value).ok();
    let (second, rest) = (civil.millisecond / 1000, civil.millisecond % 1000);
    let shown = DateTime::new(
        CENTURY + i16::from(civil.year),
        part(civil.month)?,
        part(civil.day)?,
        part(civil.hour)?,
        part(civil.minute)?,
        i8::try_from(second).ok()?,
        i32::from(rest) * 1_000_000,
    );
    Offset::UTC.to_timestamp(shown.ok()?).ok().map(Micros::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Micros {
        Micros::from(text.parse::<jiff::Timestamp>().unwrap())
    }

    #[test]
    fn it_goes_on_from_where_it_was_set() {
        let mut clock = Clock::default();
        let shown = clock.stamp(at("2026-11-20T13:37:42.123456Z")).unwrap();
        assert_eq!(shown.0, [0x8b, 0xa4, 0x25, 0x0d, 0xb4, 0x0b, 0x1a]);
        assert!(clock.set(shown, at("2030-01-01T00:00:00Z")));
        let later = clock.stamp(at("2030-01-01T01:00:00Z")).unwrap().civil();
        assert_eq!((later.year, later.hour, later.minute), (26, 14, 37));
    }

    #[test]
    fn it_is_not_set_to_what_is_no_time() {
        let mut clock = Clock::default();
        let real = clock.stamp(at("2026-11-20T13:37:42.123Z")).unwrap();
        let civil = real.civil();
        let feast = Cp56::from_civil(&Civil { day: 31, ..civil }).unwrap();
        let doubtful = Cp56::from_civil(&Civil { invalid: true, ..civil }).unwrap();
        assert!(!clock.set(feast, at("2030-01-01T00:00:00Z")));
        assert!(!clock.set(doubtful, at("2030-01-01T00:00:00Z")));
        assert_eq!(clock.stamp(at("2026-11-20T13:37:42.123Z")), Some(real));
    }
}
