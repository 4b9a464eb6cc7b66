//! What a session does by itself: it sets the clock and asks for all values, once a connection stands,
//! when the outstation was restarted, and every so often.

use std::time::Duration;

use station_core::model::Outstation;

use super::Ask;

/// What is done of itself, and when next.
#[derive(Clone, Debug)]
pub(super) struct Upkeep {
    /// The common addresses behind the connection.
    stations: Vec<u16>,
    clock_every: Option<Duration>,
    interrogate_every: Option<Duration>,
    clock_at: Option<Duration>,
    interrogate_at: Option<Duration>,
}

impl Upkeep {
    pub(super) fn new(outstation: &Outstation) -> Self {
        let mut stations: Vec<u16> =
            outstation.points.iter().filter_map(|point| point.ca).collect();
        stations.push(outstation.ca);
        stations.sort_unstable();
        stations.dedup();
        let every = |millis: u64| (millis > 0).then(|| Duration::from_millis(millis));
        Self {
            stations,
            clock_every: every(outstation.settings.clock_every),
            interrogate_every: every(outstation.settings.interrogate_every),
            clock_at: None,
            interrogate_at: None,
        }
    }

    /// A connection stands, or the outstation was restarted: everything is due.
    pub(super) fn begin(&mut self, now: Duration) {
        self.clock_at = self.clock_every.map(|_| now);
        self.interrogate_at = Some(now);
    }

    /// There is no connection.
    pub(super) fn end(&mut self) {
        self.clock_at = None;
        self.interrogate_at = None;
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> Option<Duration> {
        [self.clock_at, self.interrogate_at].into_iter().flatten().min()
    }

    /// What is due now: the clock first, so that the values have the right times.
    pub(super) fn due(&mut self, now: Duration) -> Vec<Ask> {
        let mut asks = Vec::new();
        if self.clock_at.is_some_and(|at| at <= now) {
            self.clock_at = self.clock_every.map(|every| now + every);
            asks.extend(self.stations.iter().map(|ca| Ask::SyncClock { ca: *ca }));
        }
        if self.interrogate_at.is_some_and(|at| at <= now) {
            self.interrogate_at = self.interrogate_every.map(|every| now + every);
            let all = self.stations.iter();
            asks.extend(all.map(|ca| Ask::Interrogate { ca: *ca, group: None }));
        }
        asks
    }
}

#[cfg(test)]
mod tests {
    use station_core::model::{Micros, OutstationSettings, Principal};

    use super::*;

    fn outstation(clock_every: u64, interrogate_every: u64) -> Outstation {
        let settings = OutstationSettings { clock_every, interrogate_every, ..Default::default() };
        Outstation {
            name: "SS1".to_owned(),
            endpoints: vec!["127.0.0.1".to_owned()],
            bind: None,
            ca: 7,
            tls: None,
            settings,
            points: Vec::new(),
            created_at: Micros(0),
            created_by: Principal::Unix { uid: 0, name: None },
            modified_at: Micros(0),
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn values_are_asked_for_once_and_the_clock_is_left_alone_by_default() {
        let mut upkeep = Upkeep::new(&outstation(0, 0));
        assert_eq!(upkeep.deadline(), None);
        upkeep.begin(SECOND);
        assert_eq!(upkeep.due(SECOND), [Ask::Interrogate { ca: 7, group: None }]);
        assert_eq!((upkeep.deadline(), upkeep.due(9 * SECOND)), (None, Vec::new()));
    }

    #[test]
    fn the_clock_is_set_before_values_are_asked_for_and_both_again_in_time() {
        let mut upkeep = Upkeep::new(&outstation(2_000, 5_000));
        upkeep.begin(SECOND);
        let (clock, values) = (Ask::SyncClock { ca: 7 }, Ask::Interrogate { ca: 7, group: None });
        assert_eq!(upkeep.due(SECOND), [clock, values]);
        assert_eq!(upkeep.deadline(), Some(3 * SECOND));
        assert_eq!(upkeep.due(3 * SECOND), [clock]);
        assert_eq!(upkeep.due(6 * SECOND).last(), Some(&values));
        upkeep.end();
        assert_eq!(upkeep.deadline(), None);
    }
}
