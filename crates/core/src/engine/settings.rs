//! What an engine is started with, and what it wants of its caller in between.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::model::{JobId, Micros, Mono};

/// The engine's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// How many runs may be under way at once.
    pub max_running: usize,
    /// How many runs a node may have at once unless it says otherwise: a connection to it carries
    /// as many.
    pub node_limit: u32,
    /// How long a process told to end may take before it is killed.
    pub kill_grace: Duration,
    /// How many due jobs are held in memory.
    pub window: usize,
    /// How many bytes of output are kept over all executions.
    pub output_budget: u64,
    /// How long firing is held at most when the clock cannot be trusted at start.
    pub clock_wait: Duration,
    /// How often the load average is looked at while jobs wait for it.
    pub load_interval: Duration,
    /// How long ended executions are kept; `None`: for ever.
    pub retention: Option<Duration>,
    /// The names of the channels that are told of alarms.
    pub channels: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_running: 8,
            node_limit: 8,
            kill_grace: Duration::from_secs(5),
            window: 4096,
            output_budget: 2 << 30,
            clock_wait: Duration::from_secs(300),
            load_interval: Duration::from_secs(10),
            retention: Some(Duration::from_secs(30 * 86_400)),
            channels: Vec::new(),
        }
    }
}

/// Which jobs the engine carries out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every job: a daemon.
    All,
    /// These alone: a command line that waits for its own job.
    Only(BTreeSet<JobId>),
}

impl Scope {
    /// Whether the job is carried out.
    #[must_use]
    pub fn covers(&self, job: JobId) -> bool {
        match self {
            Self::All => true,
            Self::Only(jobs) => jobs.contains(&job),
        }
    }
}

/// When the engine wants to be ticked, on either clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadline {
    /// At this wall time.
    pub wall: Option<Micros>,
    /// At this monotonic time.
    pub mono: Option<Mono>,
}
