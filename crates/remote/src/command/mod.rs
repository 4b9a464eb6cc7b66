//! Commands: run on a node once, or again and again on a grid of times.
//!
//! ```text
//! new ─start─▶ running: waits for its time ⇄ runs ─counted, stopped, abnormal─▶ finished
//! ```

mod grid;
mod runs;
mod ticks;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use station_core::trigger::ScheduleError;
use tokio::sync::watch;
use tokio::task::AbortHandle;

pub use ticks::{Tick, Ticks};

use super::cancel::Cancel;
use super::node::Node;
use super::session::{Outcome, RexecOptions};
use super::sink::{LogFile, LogFileOptions};
use runs::{Runs, Teller};

/// When a command is run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The time from one run's beginning to the next one's; without one, or with zero, it runs once.
    pub interval: Option<Duration>,
    /// How often it is run; [`Command::COUNT_FOREVER`] until it is stopped.
    pub count: Option<u64>,
    /// How long the first run is put off.
    pub initial_delay: Duration,
    /// Each run is put off by a random span below this.
    pub jitter: Duration,
    /// What decides the jitter: equal seeds give equal spans.
    pub seed: u64,
    /// What happens when a run takes longer than the interval.
    pub overrun: Overrun,
}

/// What happens when a run takes longer than the interval. Runs of a command never overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overrun {
    /// The next run begins at once, one for all points of the grid that have passed; then the grid
    /// goes on.
    #[default]
    RunAtOnce,
    /// The next run begins at the next point of the grid.
    Align,
}

/// What happens after a run that was abnormal: out of time, or not carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnAbnormal {
    /// The command ends, with that reason.
    #[default]
    Stop,
    /// It goes on; the run is counted ([`Command::abnormal_count`]).
    GoOn,
}

/// Why a command cannot be started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Its interval is none.
    #[error("{0}")]
    Interval(ScheduleError),
    /// Its runs could come in another order than they are due in.
    #[error("the jitter of {jitter:?} must not be longer than the interval of {every:?}")]
    Jitter {
        /// The jitter.
        jitter: Duration,
        /// The interval.
        every: Duration,
    },
    /// Its log file cannot be written.
    #[error("{0}")]
    Log(String),
    /// It was started before.
    #[error("the command was started already; make another one to run it again")]
    Started,
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finished {
    /// It was run as often as it should be.
    Done,
    /// It was stopped or cancelled.
    Stopped,
    /// A run was out of time, or was not carried out.
    Abnormal(Outcome),
    /// Its task came to an untimely end: it was aborted, or a sink of it has panicked.
    Failed(String),
}

/// A command on a node: what, when, and where its lines go. Dropped, it is ended without waiting.
///
/// ```no_run
/// use std::time::Duration;
/// use station_remote::{Command, Node};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let node = Node::builder("pi", "192.168.1.39").build()?;
/// let command = Command::new(&node, "uname -r").interval(Duration::from_secs(1)).count(10);
/// command.start()?;
/// command.finished().await;
/// assert_eq!(command.run_count(), 10);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Command {
    node: Arc<Node>,
    command: String,
    plan: Plan,
    options: RexecOptions,
    on_abnormal: OnAbnormal,
    log_file: Option<PathBuf>,
    shared: Arc<Shared>,
    task: Mutex<Option<AbortHandle>>,
}

/// What the task of a command tells.
#[derive(Debug)]
struct Shared {
    stop: Cancel,
    runs: AtomicU64,
    abnormal: AtomicU64,
    last: Mutex<Option<Outcome>>,
    finished: watch::Sender<Option<Finished>>,
}

impl Command {
    /// The count of a command that runs until it is stopped.
    pub const COUNT_FOREVER: Option<u64> = None;

    /// A command that runs once, with the usual time limits.
    #[must_use]
    pub fn new(node: &Arc<Node>, command: impl Into<String>) -> Self {
        let shared = Shared {
            stop: Cancel::new(),
            runs: AtomicU64::new(0),
            abnormal: AtomicU64::new(0),
            last: Mutex::default(),
            finished: watch::Sender::new(None),
        };
        Self {
            node: Arc::clone(node),
            command: command.into(),
            plan: Plan::default(),
            options: RexecOptions::default(),
            on_abnormal: OnAbnormal::default(),
            log_file: None,
            shared: Arc::new(shared),
            task: Mutex::default(),
        }
    }

    /// With this time from one run's beginning to the next one's.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.plan.interval = Some(interval);
        self
    }

    /// So often; [`Command::COUNT_FOREVER`] until it is stopped, as without.
    #[must_use]
    pub fn count(mut self, count: impl Into<Option<u64>>) -> Self {
        self.plan.count = count.into();
        self
    }

    /// By this plan.
    #[must_use]
    pub fn plan(mut self, plan: Plan) -> Self {
        self.plan = plan;
        self
    }

    /// With these time limits, sinks and so on, in each run.
    #[must_use]
    pub fn options(mut self, options: RexecOptions) -> Self {
        self.options = options;
        self
    }

    /// What happens after a run that was abnormal.
    #[must_use]
    pub fn on_abnormal(mut self, on_abnormal: OnAbnormal) -> Self {
        self.on_abnormal = on_abnormal;
        self
    }

    /// A file to which each run's lines are added under a banner. It is open from the start to the end
    /// of the command.
    #[must_use]
    pub fn log_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.log_file = Some(path.into());
        self
    }

    /// The node.
    #[must_use]
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// The command's text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.command
    }

    /// Starts it, in a task of the current runtime. A command is started once.
    ///
    /// # Errors
    /// When its plan is none, its log file cannot be opened, or it was started before.
    ///
    /// # Panics
    /// Outside of a tokio runtime, as [`tokio::spawn`].
    pub fn start(&self) -> Result<(), CommandError> {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if task.is_some() {
            return Err(CommandError::Started);
        }
        self.plan.check()?;
        let log = match &self.log_file {
            Some(path) => Some(
                LogFile::open(path, LogFileOptions::default())
                    .map_err(|error| CommandError::Log(error.to_string()))?,
            ),
            None => None,
        };
        let runs = Runs {
            session: self.node.session(),
            command: self.command.clone(),
            plan: self.plan.clone(),
            options: self.options.clone(),
            on_abnormal: self.on_abnormal,
            log,
            shared: Arc::clone(&self.shared),
        };
        let finished = Teller(Arc::clone(&self.shared));
        let spawned = tokio::spawn(async move {
            let end = runs.all().await;
            finished.tell(end);
        });
        *task = Some(spawned.abort_handle());
        Ok(())
    }

    /// Ends it, the run that is under way as well, and returns when it has ended on the node and its log
    /// file is closed. One that was never started can be started no more.
    pub async fn stop(&self) -> Finished {
        self.shared.stop.cancel();
        let started = {
            let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
            let started = task.is_some();
            if !started {
                // Stands for a task that is over.
                *task = Some(tokio::spawn(async {}).abort_handle());
                self.shared.finished.send_replace(Some(Finished::Stopped));
            }
            started
        };
        if started { self.finished().await } else { Finished::Stopped }
    }

    /// Ends it without waiting: its task is aborted, and the run on the node is ended by its guard.
    pub fn cancel(&self) {
        self.shared.stop.cancel();
        if let Some(task) = &*self.task.lock().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
    }

    /// Waits until it has ended; for ever if it is never started.
    pub async fn finished(&self) -> Finished {
        wait(&self.shared).await
    }

    /// The same, without borrowing it.
    pub(crate) fn when_finished(&self) -> impl Future<Output = Finished> + Send + 'static {
        let shared = Arc::clone(&self.shared);
        async move { wait(&shared).await }
    }

    /// How often it has been run, the run under way counted.
    #[must_use]
    pub fn run_count(&self) -> u64 {
        self.shared.runs.load(Ordering::Relaxed)
    }

    /// How many of its runs were abnormal.
    #[must_use]
    pub fn abnormal_count(&self) -> u64 {
        self.shared.abnormal.load(Ordering::Relaxed)
    }

    /// How its last run ended.
    #[must_use]
    pub fn last_outcome(&self) -> Option<Outcome> {
        self.shared.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Command {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl Plan {
    /// Whether it is one.
    fn check(&self) -> Result<(), CommandError> {
        let Some(every) = self.interval.filter(|every| !every.is_zero()) else { return Ok(()) };
        grid::Grid::new(station_core::model::Micros(0), every, self.jitter, 0).map(drop)
    }
}

async fn wait(shared: &Shared) -> Finished {
    let mut finished = shared.finished.subscribe();
    let told = finished.wait_for(Option::is_some).await.ok().and_then(|told| told.clone());
    told.unwrap_or(Finished::Stopped)
}
