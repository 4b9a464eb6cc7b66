//! Finds the time zone that a trigger names.

use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::error::{ScheduleError, ScheduleErrorKind, shown};
use crate::when::near_zone;

/// The zone of this name: an IANA name, `UTC`, an offset or a POSIX TZ string.
///
/// # Errors
///
/// The name is not known; a similar one is suggested if there is one.
///
/// ```
/// let zones = jiff::tz::TimeZoneDatabase::bundled();
/// assert!(station_core::trigger::zone("Europe/Berlin", &zones).is_ok());
/// assert!(station_core::trigger::zone("EST5EDT,M3.2.0,M11.1.0", &zones).is_ok());
/// let error = station_core::trigger::zone("Europe/Berln", &zones).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "The time zone \"Europe/Berln\" is not known. Did you mean Europe/Berlin?"
/// );
/// ```
pub fn zone(name: &str, zones: &TimeZoneDatabase) -> Result<TimeZone, ScheduleError> {
    let found = if name.len() > 200 {
        None
    } else {
        DateTimeParser::new().parse_time_zone_with(zones, name).ok()
    };
    // The database has two names for "no zone".
    if let Some(zone) = found
        && !zone.is_unknown()
        && zone.iana_name() != Some("Factory")
    {
        return Ok(zone);
    }
    let error = ScheduleError::new(
        ScheduleErrorKind::Zone,
        format!("The time zone \"{}\" is not known.", shown(name)),
    );
    let near =
        near_zone(name, zones).filter(|near| !name.is_empty() && !near.eq_ignore_ascii_case(name));
    Err(error.with_hint(match near {
        Some(near) => format!("Did you mean {near}?"),
        None => "Write a name of the time-zone database such as Europe/Berlin, or UTC.".to_owned(),
    }))
}
