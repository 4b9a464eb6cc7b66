//! Counts what the station does, at the cost of an atomic addition each, and writes it as text.

mod text;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use station_core::model::{AlarmState, ExecutionStatus, Severity};

pub use text::{CONTENT_TYPE, render};

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Makes it greater.
    pub fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    /// What it has come to.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many observations fell below which bound.
#[derive(Debug)]
pub struct Histogram {
    /// Upper bounds in microseconds, ascending; what is above the last stands in a further count.
    bounds: &'static [u64],
    counts: Box<[Counter]>,
    micros: Counter,
}

impl Histogram {
    fn new(bounds: &'static [u64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| Counter::default()).collect();
        Self { bounds, counts, micros: Counter::default() }
    }

    /// Takes one observation in.
    pub fn observe(&self, span: Duration) {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let at = self.bounds.partition_point(|bound| *bound < micros);
        if let Some(count) = self.counts.get(at) {
            count.add(1);
        }
        self.micros.add(micros);
    }
}

/// Bounds for how late runs start: 1 ms to an hour.
const LATENESS: &[u64] = &[
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    5_000_000,
    30_000_000,
    300_000_000,
    3_600_000_000,
];

/// Bounds for how long a commit takes: 0.1 ms to 5 s.
const COMMIT: &[u64] = &[
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 5_000_000,
];

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    /// Executions that have ended since the start, in the order of [`ExecutionStatus::ALL`].
    ended: [Counter; ExecutionStatus::ALL.len()],
    /// How long after their planned time scheduled runs were started.
    pub lateness: Histogram,
    /// How long it took to make a round durable.
    pub commit: Histogram,
    /// Changes made durable.
    pub changes: Counter,
    /// Rounds that could not be made durable.
    pub failed_rounds: Counter,
    /// Tries to deliver a notice that failed.
    pub notice_failures: Counter,
    http: RwLock<Routes>,
}

/// By route, then by method and status.
type Routes = BTreeMap<String, BTreeMap<(&'static str, u16), Counter>>;

impl Default for Metrics {
    fn default() -> Self {
        Self {
            ended: Default::default(),
            lateness: Histogram::new(LATENESS),
            commit: Histogram::new(COMMIT),
            changes: Counter::default(),
            failed_rounds: Counter::default(),
            notice_failures: Counter::default(),
            http: RwLock::default(),
        }
    }
}

impl Metrics {
    /// Counts an execution that has ended.
    pub fn ended(&self, status: ExecutionStatus) {
        let mut counters = ExecutionStatus::ALL.iter().zip(&self.ended);
        if let Some((_, counter)) = counters.find(|(known, _)| **known == status) {
            counter.add(1);
        }
    }

    /// Counts an answered HTTP request. Of a route, method and status seen before, nobody waits
    /// for anybody else.
    pub fn answered(&self, method: &'static str, route: &str, status: u16) {
        let key = (method, status);
        {
            let routes = self.http.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(counter) = routes.get(route).and_then(|route| route.get(&key)) {
                return counter.add(1);
            }
        }
        let mut routes = self.http.write().unwrap_or_else(PoisonError::into_inner);
        routes.entry(route.to_owned()).or_default().entry(key).or_default().add(1);
    }
}

/// What is looked up when somebody asks for the metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Jobs that will fire or run.
    pub jobs_active: u64,
    /// Jobs that are paused.
    pub jobs_paused: u64,
    /// Jobs that are done.
    pub jobs_done: u64,
    /// Runs under way.
    pub running: u64,
    /// Executions that wait in line or for their next attempt.
    pub waiting: u64,
    /// Bytes of the store's files.
    pub store_bytes: u64,
    /// Bytes of stored output.
    pub output_bytes: u64,
    /// Alarms by state.
    pub alarms: BTreeMap<AlarmState, u64>,
    /// Alarms that are not cleared, by severity.
    pub open_alarms: BTreeMap<Severity, u64>,
    /// Notices that are yet to be delivered.
    pub notices_owed: u64,
    /// The store can be written.
    pub store_works: bool,
    /// Firing is held until the clock can be trusted.
    pub clock_held: bool,
}
