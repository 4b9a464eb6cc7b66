//! The zone in which a command line means its times.

use jiff::tz::{TimeZone, TimeZoneDatabase};
use station_core::trigger;

use super::Cx;
use super::capture;
use super::error::CliError;

/// The zone that is named; else that of the environment, else the system's.
pub(crate) fn of(name: Option<&str>, cx: &mut Cx<'_>) -> Result<TimeZone, CliError> {
    match name {
        Some(name) => named(name),
        None => match capture::zone(&cx.world) {
            Some(name) => named(&name),
            None => Ok(cx.world.local_zone()),
        },
    }
}

/// Looks a zone up.
pub(crate) fn named(name: &str) -> Result<TimeZone, CliError> {
    trigger::zone(name, &TimeZoneDatabase::from_env()).map_err(|error| {
        CliError::usage(super::plain(error.message()))
            .hint(error.hint().unwrap_or("zones are named like Europe/Berlin or UTC"))
    })
}

/// The name under which a schedule keeps a zone.
pub(crate) fn name(zone: &TimeZone) -> Result<String, CliError> {
    if let Some(name) = zone.iana_name() {
        return Ok(name.to_owned());
    }
    let posix = zone.to_fixed_offset().ok().map(|offset| {
        let seconds = offset.seconds();
        // POSIX counts what is to be added to reach UTC, and puts a name in front.
        let sign = |minus: bool| if minus { '-' } else { '+' };
        let (h, m, s) = (seconds.abs() / 3600, seconds.abs() / 60 % 60, seconds.abs() % 60);
        let (east, west) = (sign(seconds < 0), sign(seconds > 0));
        format!("<{east}{h:02}{m:02}>{west}{h:02}:{m:02}:{s:02}")
    });
    posix.ok_or_else(|| {
        CliError::usage("this system's time zone has no name")
            .hint("name one with --tz, such as --tz Europe/Berlin")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_zones() {
        let now = jiff::Timestamp::UNIX_EPOCH;
        for seconds in [0, 3600, -12600, 20_700, -1] {
            let zone = TimeZone::fixed(jiff::tz::Offset::from_seconds(seconds).unwrap());
            let back = named(&name(&zone).unwrap()).unwrap();
            assert_eq!(back.to_offset(now).seconds(), seconds);
        }
        let berlin = named("Europe/Berlin").unwrap();
        assert_eq!(name(&berlin).unwrap(), "Europe/Berlin");
        let wrong = named("Europe/Berlni").unwrap_err();
        assert!(wrong.message.contains("Europe/Berlni"), "{wrong:?}");
    }
}
