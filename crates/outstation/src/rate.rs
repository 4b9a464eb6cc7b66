//! How often something was done within the last hour.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use station_core::model::{Micros, Mono, Now};

/// The window, in microseconds.
const HOUR: i64 = 3_600_000_000;

/// When the commands of the last hour were sent, by the name of their point. Counted by the monotonic
/// clock, so that a step of the wall clock neither frees places nor takes them.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    /// The oldest first; below zero what was before the monotonic clock began.
    sent: HashMap<String, VecDeque<i64>>,
}

impl Rates {
    /// Nothing was done.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes over what a predecessor did, by the wall clock. What lies in the future counts as done now:
    /// the clock was set back, and nobody knows when it was.
    pub fn restore(&mut self, point: &str, sent_at: &[Micros], now: Now) {
        let mut instants: Vec<i64> = sent_at
            .iter()
            .map(|at| {
                let age = now.wall.since(*at).as_micros();
                mono(now.mono).saturating_sub(i64::try_from(age).unwrap_or(i64::MAX))
            })
            .collect();
        let sent = self.sent.entry(point.to_owned()).or_default();
        instants.extend(sent.drain(..));
        instants.sort_unstable();
        sent.extend(instants);
        prune(sent, mono(now.mono));
    }

    /// One was sent.
    pub fn record(&mut self, point: &str, now: Mono) {
        let now = mono(now);
        if let Some(sent) = self.sent.get_mut(point) {
            prune(sent, now);
            sent.push_back(now);
        } else {
            self.sent.insert(point.to_owned(), VecDeque::from([now]));
        }
    }

    /// How many were sent within the last hour.
    #[must_use]
    pub fn count(&self, point: &str, now: Mono) -> usize {
        let Some(sent) = self.sent.get(point) else { return 0 };
        sent.len() - sent.partition_point(|at| is_over(*at, mono(now)))
    }

    /// How long until there is room for another, if at most `limit` may be sent within an hour; zero if
    /// there is room now, `None` if there never will be.
    #[must_use]
    pub fn wait(&self, point: &str, limit: u32, now: Mono) -> Option<Duration> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if self.count(point, now) < limit {
            return Some(Duration::ZERO);
        }
        // There is room once the one that is `limit` places from the end is over.
        let sent = self.sent.get(point)?;
        let first = sent.get(sent.len().checked_sub(limit)?)?;
        let left = first.saturating_add(HOUR).saturating_sub(mono(now));
        Some(Duration::from_micros(u64::try_from(left).unwrap_or(0)))
    }
}

fn mono(at: Mono) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

fn is_over(at: i64, now: i64) -> bool {
    now.saturating_sub(at) >= HOUR
}

fn prune(sent: &mut VecDeque<i64>, now: i64) {
    let over = sent.partition_point(|at| is_over(*at, now));
    sent.drain(..over);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: u64 = 60_000_000;

    fn at(minute: u64) -> Mono {
        Mono(minute * MINUTE)
    }

    #[test]
    fn the_window_slides() {
        let mut rates = Rates::new();
        for minute in [0, 10, 20] {
            rates.record("p", at(minute));
        }
        assert_eq!(rates.count("p", at(59)), 3);
        assert_eq!(rates.wait("p", 4, at(59)), Some(Duration::ZERO));
        assert_eq!(rates.wait("p", 3, at(59)), Some(Duration::from_secs(60)));
        assert_eq!(rates.wait("p", 2, at(59)), Some(Duration::from_secs(11 * 60)));
        assert_eq!(rates.wait("p", 0, at(59)), None);
        assert_eq!(rates.wait("p", 3, at(60)), Some(Duration::ZERO));
        assert_eq!(rates.count("p", at(60)), 2);
        assert_eq!(rates.count("q", at(60)), 0);
        assert_eq!(rates.wait("q", 1, at(60)), Some(Duration::ZERO));
    }

    #[test]
    fn a_restart_frees_no_place() {
        let mut rates = Rates::new();
        let now = Now { wall: Micros(1_000_000_000_000), mono: at(2) };
        let before = |minutes: i64| Micros(now.wall.0 - minutes * 60_000_000);
        rates.record("p", at(1));
        rates.restore("p", &[before(-5), before(30), before(59), before(61)], now);
        assert_eq!(rates.count("p", now.mono), 4, "what is of the future is of now");
        assert_eq!(rates.wait("p", 4, now.mono), Some(Duration::from_secs(60)));
        assert_eq!(rates.count("p", at(3)), 3);
        assert_eq!(rates.count("p", at(61)), 1);
        assert_eq!(rates.count("p", at(62)), 0);
    }

    proptest! {
        #[test]
        fn never_more_than_the_limit_in_any_hour(
            steps in prop::collection::vec(0_u64..30, 1..200),
            limit in 1_u32..6,
        ) {
            let (mut rates, mut minute, mut sent) = (Rates::new(), 0, Vec::new());
            for step in steps {
                minute += step;
                let wait = rates.wait("p", limit, at(minute)).unwrap();
                let within = sent.iter().filter(|earlier| minute - **earlier < 60).count();
                prop_assert_eq!(rates.count("p", at(minute)), within);
                prop_assert_eq!(wait.is_zero(), within < limit as usize);
                if wait.is_zero() {
                    rates.record("p", at(minute));
                    sent.push(minute);
                } else {
                    let then = Mono(at(minute).0 + u64::try_from(wait.as_micros()).unwrap());
                    prop_assert_eq!(rates.wait("p", limit, then), Some(Duration::ZERO));
                }
            }
        }
    }
}
