//! Writes instants and spans the way the API shows them.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::tz::{Offset, TimeZone};
use serde::{Serialize, Serializer};
use station_core::model::Micros;

/// An instant as RFC 3339 with offset and always six digits of a second's fraction.
///
/// RFC 3339 has no offsets with seconds (local mean times have them): such an instant is shown
/// in UTC.
pub(super) fn local(at: Micros, zone: &TimeZone) -> String {
    let offset = zone.to_offset(at.timestamp());
    write(at, if offset.seconds() % 60 == 0 { offset } else { Offset::UTC }, false)
}

/// An instant as RFC 3339 in UTC, ending in `Z`.
pub(super) fn utc(at: Micros) -> String {
    write(at, Offset::UTC, true)
}

fn write(at: Micros, offset: Offset, zulu: bool) -> String {
    let civil = offset.to_datetime(at.timestamp());
    let mut text = String::with_capacity(32);
    let (date, time) = (civil.date(), civil.time());
    let written = write!(
        text,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.subsec_nanosecond() / 1000
    );
    let minutes = (offset.seconds() / 60).unsigned_abs();
    let sign = if offset.seconds() < 0 { '-' } else { '+' };
    let zoned = if zulu {
        text.push('Z');
        Ok(())
    } else {
        write!(text, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    };
    debug_assert!(written.is_ok() && zoned.is_ok(), "a String takes all text");
    text
}

/// How much later one instant is than another in seconds; negative if it is earlier.
pub(super) fn seconds_between(earlier: Micros, later: Micros) -> f64 {
    if later < earlier {
        -earlier.since(later).as_secs_f64()
    } else {
        later.since(earlier).as_secs_f64()
    }
}

/// A duration as a number of seconds: whole ones without a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seconds(pub(super) Duration);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.subsec_nanos() == 0 {
            serializer.serialize_u64(self.0.as_secs())
        } else {
            serializer.serialize_f64(self.0.as_secs_f64())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_offset_and_microseconds() {
        let zone = jiff::tz::db().get("America/St_Johns").unwrap();
        let at = |text: &str| Micros::from(text.parse::<jiff::Timestamp>().unwrap());
        assert_eq!(local(at("2027-07-01T00:00:00.5Z"), &zone), "2027-06-30T21:30:00.500000-02:30");
        assert_eq!(local(at("1850-01-01T00:00:00Z"), &zone), "1850-01-01T00:00:00.000000+00:00");
        assert_eq!(utc(at("2027-07-01T00:00:00.000001Z")), "2027-07-01T00:00:00.000001Z");
        assert_eq!(utc(at("1969-12-31T23:59:59.999999Z")), "1969-12-31T23:59:59.999999Z");
    }

    #[test]
    fn spans_are_signed() {
        assert_eq!(seconds_between(Micros(0), Micros(1_500_000)), 1.5);
        assert_eq!(seconds_between(Micros(1_500_000), Micros(0)), -1.5);
        let shown =
            |micros| serde_json::to_string(&Seconds(Duration::from_micros(micros))).unwrap();
        assert_eq!(shown(300_000_000), "300");
        assert_eq!(shown(500_000), "0.5");
    }
}
