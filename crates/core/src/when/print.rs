//! Prints instants in the one form the whole product uses.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Prints an instant as RFC 3339 with the zone's offset, with six digits of a second's fraction
/// if it has one. [`resolve`](super::resolve) reads it back as the same instant.
///
/// RFC 3339 has no offsets with seconds (local mean times have them): such an instant is printed
/// in UTC.
///
/// ```
/// use jiff::{Timestamp, tz::TimeZone};
/// assert_eq!(
///     station_core::when::print(Timestamp::UNIX_EPOCH, &TimeZone::UTC),
///     "1970-01-01T00:00:00+00:00"
/// );
/// ```
#[must_use]
pub fn print(instant: Timestamp, zone: &TimeZone) -> String {
    let whole_minutes = zone.to_offset(instant).seconds() % 60 == 0;
    let zone = if whole_minutes { zone.clone() } else { TimeZone::UTC };
    let at = instant.to_zoned(zone);
    let micros = at.subsec_nanosecond() / 1000;
    if micros == 0 {
        at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    } else {
        at.strftime("%Y-%m-%dT%H:%M:%S%.6f%:z").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZoneDatabase;

    #[test]
    fn microseconds_are_shown_only_if_there_are_any() {
        let zone = TimeZoneDatabase::bundled().get("America/New_York").unwrap();
        let show = |text: &str| print(text.parse().unwrap(), &zone);
        assert_eq!(show("2026-03-08T07:00:00Z"), "2026-03-08T03:00:00-04:00");
        assert_eq!(show("2026-03-08T07:00:00.5Z"), "2026-03-08T03:00:00.500000-04:00");
        assert_eq!(show("2026-03-08T07:00:00.000000999Z"), "2026-03-08T03:00:00-04:00");
        assert_eq!(show("1850-01-01T00:00:00Z"), "1850-01-01T00:00:00+00:00");
    }
}
