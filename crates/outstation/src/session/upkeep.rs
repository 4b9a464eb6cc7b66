//! What a session does by itself, and what it has done: it asks for all values, and says that the clock is
//! to be set, once a connection stands, when the outstation was restarted, and every so often.

use std::time::Duration;

use station_core::model::Outstation;

use super::Ask;

/// After how long the clock is due again when it could not be set.
const AGAIN: Duration = Duration::from_secs(60);
/// How often the clock is set at most, also of an outstation that is restarted over and over.
const LEAST: Duration = Duration::from_secs(10);

/// What is done of itself, and when next.
#[derive(Clone, Debug)]
pub(super) struct Upkeep {
    /// The common addresses behind the connection.
    stations: Vec<u16>,
    clock_every: Option<Duration>,
    interrogate_every: Option<Duration>,
    clock_at: Option<Duration>,
    is_up: bool,
    /// The clock is being set.
    clock_begun: bool,
    /// When that was begun last.
    clock_last: Option<Duration>,
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
            is_up: false,
            clock_begun: false,
            clock_last: None,
            interrogate_at: None,
        }
    }

    /// A connection stands, or the outstation was restarted: everything is due.
    pub(super) fn begin(&mut self, now: Duration) {
        self.is_up = true;
        let earliest = self.clock_last.map_or(now, |last| now.max(last.saturating_add(LEAST)));
        self.clock_at = self.clock_every.map(|_| earliest);
        self.interrogate_at = Some(now);
    }

    /// There is no connection.
    pub(super) fn end(&mut self) {
        self.is_up = false;
        self.clock_at = None;
        self.interrogate_at = None;
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let clock_at = self.clock_at.filter(|_| !self.clock_begun);
        [clock_at, self.interrogate_at].into_iter().flatten().min()
    }

    /// Whether the clock is to be set now. It is said once, until [`Self::clock_done`].
    pub(super) fn clock_due(&mut self, now: Duration) -> bool {
        let is_due = !self.clock_begun && self.clock_at.is_some_and(|at| at <= now);
        if is_due {
            (self.clock_begun, self.clock_last, self.clock_at) = (true, Some(now), None);
        }
        is_due
    }

    /// The clock was set, or could not be.
    pub(super) fn clock_done(&mut self, was_set: bool, now: Duration) {
        let Some(every) = self.clock_every.filter(|_| std::mem::take(&mut self.clock_begun)) else {
            return;
        };
        if !self.is_up {
            return;
        }
        let next = now.saturating_add(if was_set { every } else { every.min(AGAIN) }.max(LEAST));
        self.clock_at = Some(self.clock_at.map_or(next, |at| at.min(next)));
    }

    /// What is to be asked now.
    pub(super) fn due(&mut self, now: Duration) -> Vec<Ask> {
        let mut asks = Vec::new();
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
    fn the_clock_is_due_until_it_is_set_and_then_every_so_often() {
        let mut upkeep = Upkeep::new(&outstation(20_000, 50_000));
        upkeep.begin(SECOND);
        assert!(upkeep.clock_due(SECOND) && !upkeep.clock_due(SECOND), "it is said once");
        let values = Ask::Interrogate { ca: 7, group: None };
        assert_eq!(upkeep.due(SECOND), [values]);
        upkeep.begin(2 * SECOND);
        assert_eq!(upkeep.due(2 * SECOND), [values]);
        assert_eq!(upkeep.deadline(), Some(52 * SECOND), "nobody said yet that it was set");
        upkeep.clock_done(true, 3 * SECOND);
        assert_eq!(
            upkeep.deadline(),
            Some(11 * SECOND),
            "it was restarted, a moment after the first"
        );
        assert!(upkeep.clock_due(11 * SECOND));
        upkeep.clock_done(true, 12 * SECOND);
        assert_eq!(upkeep.deadline(), Some(32 * SECOND));
        upkeep.end();
        assert_eq!(upkeep.deadline(), None);
    }

    #[test]
    fn a_clock_that_could_not_be_set_is_due_again_soon() {
        let mut upkeep = Upkeep::new(&outstation(3_600_000, 0));
        upkeep.begin(SECOND);
        assert!(upkeep.clock_due(SECOND));
        upkeep.due(SECOND);
        upkeep.clock_done(false, SECOND);
        assert_eq!(upkeep.deadline(), Some(61 * SECOND));
    }
}
