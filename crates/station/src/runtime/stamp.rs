//! Stamps drafts of the audit trail: when it was, by which clock, and how good that was.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::tz::TimeZone;
use station_core::audit::{Draft, Entry, Stamp};

use super::clock;

/// Stamps drafts.
#[derive(Debug)]
pub(super) struct Stamper {
    zone: TimeZone,
    /// What no other process has, so that names made by two are never the same.
    own: u64,
    named: AtomicU64,
}

impl Stamper {
    pub(super) fn new(zone: TimeZone) -> Self {
        Self { zone, own: clock::random_seed(), named: AtomicU64::new(0) }
    }

    /// The entries of drafts of what happens now.
    pub(super) fn stamp(&self, drafts: Vec<Draft>) -> Vec<Entry> {
        if drafts.is_empty() {
            return Vec::new();
        }
        let (now, clock) = (clock::sample(), clock::quality());
        let local = now.wall.timestamp().to_zoned(self.zone.clone());
        let local = local.strftime("%Y-%m-%dT%H:%M:%S%.6f%:z").to_string();
        // All that came of one thing belongs together.
        let correlation = self.correlation();
        let stamp = Stamp {
            at: now.wall,
            local,
            mono_ns: now.mono.0.saturating_mul(1000),
            clock,
            correlation,
        };
        drafts.into_iter().map(|draft| draft.stamped(stamp.clone())).collect()
    }

    /// A name that nothing in the trail has.
    pub(super) fn correlation(&self) -> String {
        format!("{:016x}-{}", self.own, self.named.fetch_add(1, Ordering::Relaxed).wrapping_add(1))
    }
}

#[cfg(test)]
mod tests {
    use station_core::audit::Actor;

    use super::*;

    #[test]
    fn entries_say_when_they_were_on_every_clock() {
        let zone = TimeZone::fixed(jiff::tz::offset(-3));
        let stamper = Stamper::new(zone);
        let draft = |correlation: Option<&str>| Draft {
            correlation: correlation.map(str::to_owned),
            ..Draft::done(Actor::station(), "job 1", "create")
        };
        let entries = stamper.stamp(vec![draft(None), draft(Some("mine")), draft(None)]);
        let [first, named, last] = entries.as_slice() else { panic!("{entries:?}") };
        assert_eq!((&first.correlation, named.correlation.as_str()), (&last.correlation, "mine"));
        assert!(first.local.ends_with("-03:00"), "{}", first.local);
        let local: jiff::Timestamp = first.local.parse().unwrap();
        assert_eq!(local.as_microsecond(), first.at.0);
        assert!(first.mono_ns > 0);
        let next = stamper.stamp(vec![draft(None)]);
        assert_ne!(next.first().map(|entry| &entry.correlation), Some(&first.correlation));
        assert_ne!(Stamper::new(TimeZone::UTC).correlation(), stamper.correlation());
    }
}
