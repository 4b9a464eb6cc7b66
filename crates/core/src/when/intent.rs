//! Keeps what was meant beside an instant, so that the instant can be found anew when the
//! time-zone database changes.

use super::clock;
use crate::model::{Intent, IntentKind};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::temporal::{DateTimeParser, DateTimePrinter};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

impl Intent {
    pub(super) fn elapsed(expression: &str) -> Self {
        Self { expression: expression.to_owned(), kind: IntentKind::Elapsed }
    }

    /// A reading of the clock; an instant if the zone has no name by which to find it again.
    pub(super) fn civil(expression: &str, at: DateTime, zone: &TimeZone) -> Self {
        let kind = match DateTimePrinter::new().time_zone_to_string(zone) {
            Ok(zone) => IntentKind::Civil { datetime: at.to_string(), zone },
            Err(_) => IntentKind::Elapsed,
        };
        Self { expression: expression.to_owned(), kind }
    }

    /// Finds the instant under the given database; `instant` is the one found before.
    ///
    /// In an overlap the pass that was taken before is kept. Nothing is returned if the database
    /// does not have the zone, or the stored reading is damaged.
    #[must_use]
    pub fn resolve_again(&self, instant: Timestamp, zones: &TimeZoneDatabase) -> Option<Timestamp> {
        let IntentKind::Civil { datetime, zone } = &self.kind else {
            return Some(instant);
        };
        let at: DateTime = datetime.parse().ok()?;
        let zone = DateTimeParser::new().parse_time_zone_with(zones, zone).ok()?;
        if let AmbiguousOffset::Fold { after, .. } = zone.to_ambiguous_timestamp(at).offset()
            && after.to_timestamp(at).ok() == Some(instant)
        {
            return Some(instant);
        }
        clock::settle(at, &zone, Timestamp::MIN, None).map(|(found, _)| found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn civil(datetime: &str, zone: &str) -> Intent {
        let (datetime, zone) = (datetime.to_owned(), zone.to_owned());
        Intent { expression: String::new(), kind: IntentKind::Civil { datetime, zone } }
    }

    fn again(intent: &Intent, before: &str) -> String {
        let found = intent.resolve_again(before.parse().unwrap(), &TimeZoneDatabase::bundled());
        found.map_or_else(|| "-".to_owned(), |at| at.to_string())
    }

    #[test]
    fn a_reading_follows_the_database_and_an_instant_does_not() {
        let was = "2026-07-01T00:00:00Z";
        assert_eq!(
            again(&civil("2026-07-01T12:00:00", "Europe/Berlin"), was),
            "2026-07-01T10:00:00Z"
        );
        assert_eq!(again(&Intent::elapsed("now + 1 hour"), was), was);
        assert_eq!(again(&civil("2026-07-01T12:00:00", "+02:00"), was), "2026-07-01T10:00:00Z");
        assert_eq!(
            again(&civil("2026-07-01T12:00:00", "EST5EDT,M3.2.0,M11.1.0"), was),
            "2026-07-01T16:00:00Z"
        );
    }

    #[test]
    fn the_pass_of_an_overlap_is_kept() {
        let intent = civil("2026-11-01T01:30:00", "America/New_York");
        assert_eq!(again(&intent, "2026-11-01T06:30:00Z"), "2026-11-01T06:30:00Z");
        assert_eq!(again(&intent, "2026-11-01T05:30:00Z"), "2026-11-01T05:30:00Z");
        assert_eq!(again(&intent, "2026-11-01T04:00:00Z"), "2026-11-01T05:30:00Z");
    }

    #[test]
    fn a_lost_zone_or_a_damaged_reading_gives_nothing() {
        assert_eq!(again(&civil("2026-07-01T12:00:00", "Mars/Base"), "2026-07-01T00:00:00Z"), "-");
        assert_eq!(again(&civil("soon", "UTC"), "2026-07-01T00:00:00Z"), "-");
    }

    #[test]
    fn zones_without_a_name_are_kept_as_rules() {
        let at = "2026-07-01T12:00:00".parse().unwrap();
        let zone = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();
        let intent = Intent::civil("noon", at, &zone);
        assert_eq!(intent.kind, civil("2026-07-01T12:00:00", "EST5EDT,M3.2.0,M11.1.0").kind);
        let json = serde_json::to_string(&intent).unwrap();
        assert_eq!(
            json,
            r#"{"expression":"noon","kind":{"civil":{"datetime":"2026-07-01T12:00:00","zone":"EST5EDT,M3.2.0,M11.1.0"}}}"#
        );
        assert_eq!(serde_json::from_str::<Intent>(&json).unwrap(), intent);
    }
}
