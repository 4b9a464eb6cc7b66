//! Turns civil times into instants where clocks are changed, and puts into words what that did.
//!
//! A time in a gap means the first instant after it. A time in an overlap means the first pass,
//! unless only the second is still to come; at(1), which has no rule for it, takes the pass that
//! has the offset now in force, and so do we where we stand in for it.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Timestamp, Zoned};

/// Which of the two passes of a repeated hour is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Before the clocks go back.
    First,
    /// After the clocks went back.
    Second,
}

/// A remark on a civil time that does not exist or exists twice; displayed as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClockNote {
    /// The clocks go forward over the time asked for.
    Gap {
        /// What was asked for.
        asked: DateTime,
        /// The first instant after the gap.
        used: Zoned,
    },
    /// The clocks go back, so the time asked for comes twice.
    Overlap {
        /// What was asked for.
        asked: DateTime,
        /// The pass that is taken.
        used: Zoned,
        /// The pass that is not taken.
        other: Zoned,
        /// Which of the two `used` is.
        pass: Pass,
    },
}

impl fmt::Display for ClockNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap { asked, used } => {
                let (date, time, zone) = (asked.date(), short(*asked), zone_name(used));
                write!(f, "{time} does not exist on {date} in {zone} (clocks go forward); ")?;
                write!(f, "it will run at {}", moment(used, *asked))
            }
            Self::Overlap { asked, used, other, pass } => {
                let (date, time, zone) = (asked.date(), short(*asked), zone_name(used));
                let (pass, rest) = match pass {
                    Pass::First => ("first", "not again at"),
                    Pass::Second => ("second", "not at"),
                };
                write!(f, "{time} comes twice on {date} in {zone} (clocks go back); ")?;
                let (at, not) = (moment(used, *asked), moment(other, *asked));
                write!(f, "it will run the {pass} time, at {at}, {rest} {not}")
            }
        }
    }
}

fn short(at: DateTime) -> String {
    let form = if at.second() == 0 { "%H:%M" } else { "%H:%M:%S" };
    at.strftime(form).to_string()
}

fn moment(at: &Zoned, asked: DateTime) -> String {
    let form = if at.date() == asked.date() { "%H:%M:%S%:z" } else { "%Y-%m-%d %H:%M:%S%:z" };
    at.strftime(form).to_string()
}

fn zone_name(at: &Zoned) -> String {
    match at.time_zone().iana_name() {
        Some(name) => name.to_owned(),
        None => at.strftime("the zone %:z").to_string(),
    }
}

/// The instant of a civil time, or nothing if it is outside what can be represented.
///
/// `not_before` is the present: it decides between the passes of an overlap; so does `prefer`, an
/// offset, if there is one.
pub(super) fn settle(
    asked: DateTime,
    zone: &TimeZone,
    not_before: Timestamp,
    prefer: Option<Offset>,
) -> Option<(Timestamp, Option<ClockNote>)> {
    match zone.to_ambiguous_timestamp(asked).offset() {
        AmbiguousOffset::Unambiguous { offset } => Some((offset.to_timestamp(asked).ok()?, None)),
        AmbiguousOffset::Gap { before, after } => {
            let instant = gap_end(asked, zone, before, after)?;
            let used = instant.to_zoned(zone.clone());
            Some((instant, Some(ClockNote::Gap { asked, used })))
        }
        AmbiguousOffset::Fold { before, after } => {
            let first = before.to_timestamp(asked).ok()?;
            let second = after.to_timestamp(asked).ok()?;
            let only_second = first < not_before && second >= not_before;
            let (instant, other, pass) = if only_second || prefer == Some(after) {
                (second, first, Pass::Second)
            } else {
                (first, second, Pass::First)
            };
            let used = instant.to_zoned(zone.clone());
            let other = other.to_zoned(zone.clone());
            Some((instant, Some(ClockNote::Overlap { asked, used, other, pass })))
        }
    }
}

/// The instant at which the clocks go forward over `asked`.
///
/// Read with the offset after the change, `asked` is an instant before the change; read with the
/// one before, it is not: the change lies between the two.
fn gap_end(asked: DateTime, zone: &TimeZone, before: Offset, after: Offset) -> Option<Timestamp> {
    let low = after.to_timestamp(asked).ok()?;
    let high = before.to_timestamp(asked).ok()?;
    let change = zone
        .following(low)
        .map(|transition| transition.timestamp())
        .take_while(|at| *at <= high)
        .find(|at| zone.to_datetime(*at) > asked);
    Some(change.unwrap_or(high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZoneDatabase;

    fn note(zone: &str, asked: &str, now: &str) -> String {
        let zone = TimeZoneDatabase::bundled().get(zone).unwrap();
        let settled = settle(asked.parse().unwrap(), &zone, now.parse().unwrap(), None).unwrap();
        settled.1.map_or_else(|| "-".to_owned(), |note| note.to_string())
    }

    #[test]
    fn a_gap_is_told_with_the_instant_after_it() {
        assert_eq!(
            note("America/New_York", "2026-03-08T02:30", "2026-03-08T00:00Z"),
            "02:30 does not exist on 2026-03-08 in America/New_York (clocks go forward); \
             it will run at 03:00:00-04:00"
        );
        assert_eq!(
            note("Australia/Lord_Howe", "2026-10-04T02:15:30", "2026-03-08T00:00Z"),
            "02:15:30 does not exist on 2026-10-04 in Australia/Lord_Howe (clocks go forward); \
             it will run at 02:30:00+11:00"
        );
        assert_eq!(
            note("Pacific/Apia", "2011-12-30T12:00", "2011-01-01T00:00Z"),
            "12:00 does not exist on 2011-12-30 in Pacific/Apia (clocks go forward); \
             it will run at 2011-12-31 00:00:00+14:00"
        );
    }

    #[test]
    fn an_overlap_is_told_with_the_pass() {
        assert_eq!(
            note("America/New_York", "2026-11-01T01:30", "2026-10-01T00:00Z"),
            "01:30 comes twice on 2026-11-01 in America/New_York (clocks go back); \
             it will run the first time, at 01:30:00-04:00, not again at 01:30:00-05:00"
        );
        assert_eq!(
            note("America/New_York", "2026-11-01T01:30", "2026-11-01T06:15Z"),
            "01:30 comes twice on 2026-11-01 in America/New_York (clocks go back); \
             it will run the second time, at 01:30:00-05:00, not at 01:30:00-04:00"
        );
    }

    #[test]
    fn rules_written_as_posix_strings_know_their_gaps_too() {
        let zone = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();
        let asked = "2126-03-10T02:30".parse().unwrap();
        let (instant, _) = settle(asked, &zone, Timestamp::UNIX_EPOCH, None).unwrap();
        assert_eq!(instant.to_string(), "2126-03-10T07:00:00Z");
    }
}
