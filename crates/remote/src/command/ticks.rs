//! The ticks of a plan, whatever is done at each.

use station_core::model::Micros;
use tokio::time::Instant;

use super::grid::{Grid, Slot};
use super::{CommandError, Overrun, Plan};
use crate::cancel::Cancel;

/// A run that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Which run it is; the first is 1.
    pub run: u64,
    /// When it was due.
    pub due: Micros,
    /// How many points of the grid have passed without a run since the one before.
    pub skipped: u64,
}

/// The ticks of a plan: what a [`Command`](super::Command) is run by, for those who want to run something else.
///
/// Each is due at a point of a grid that hangs on the first, however long it takes until the next one is asked
/// for. Steps of the wall clock do not matter once it has begun.
///
/// ```
/// use std::time::Duration;
/// use station_remote::{Cancel, Plan, Ticks};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
/// # runtime.block_on(async {
/// let plan = Plan { interval: Some(Duration::from_millis(1)), count: Some(3), ..Plan::default() };
/// let (mut ticks, cancel, mut runs) = (Ticks::new(&plan)?, Cancel::new(), Vec::new());
/// while let Some(tick) = ticks.next(&cancel).await {
///     runs.push(tick.run);
/// }
/// assert_eq!(runs, [1, 2, 3]);
/// # Ok::<(), station_remote::CommandError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Ticks {
    clock: Clock,
    /// `None`: there is but one tick.
    grid: Option<Grid>,
    first: Micros,
    last: Option<Slot>,
    left: Option<u64>,
    runs: u64,
    overrun: Overrun,
}

impl Ticks {
    /// Those of a plan that begins now.
    ///
    /// # Errors
    /// When the plan is none: an interval below a millisecond, or a jitter longer than the interval.
    pub fn new(plan: &Plan) -> Result<Self, CommandError> {
        let clock = Clock::new();
        let first = clock.now().plus(plan.initial_delay);
        let every = plan.interval.filter(|every| !every.is_zero());
        let grid =
            every.map(|every| Grid::new(first, every, plan.jitter, plan.seed)).transpose()?;
        let left = match grid {
            Some(_) => plan.count,
            None => Some(plan.count.unwrap_or(1).min(1)),
        };
        Ok(Self { clock, grid, first, last: None, left, runs: 0, overrun: plan.overrun })
    }

    /// Waits for the next tick; `None` when there is none any more, or the switch is thrown.
    pub async fn next(&mut self, cancel: &Cancel) -> Option<Tick> {
        if self.left == Some(0) || cancel.is_cancelled() {
            return None;
        }
        let slot = match (&self.grid, self.last) {
            (None, _) => Slot { nominal: self.first, at: self.first, skipped: 0 },
            (Some(grid), None) => grid.first()?,
            (Some(grid), Some(last)) => grid.after(last, self.clock.now(), self.overrun)?,
        };
        if !self.clock.wait(slot.at, cancel).await {
            return None;
        }
        self.last = Some(slot);
        self.left = self.left.map(|left| left.saturating_sub(1));
        self.runs += 1;
        Some(Tick { run: self.runs, due: slot.at, skipped: slot.skipped })
    }
}

/// Wall time that cannot be stepped: what it was at first, and what has elapsed since.
#[derive(Debug)]
struct Clock {
    wall: Micros,
    begun: Instant,
}

impl Clock {
    fn new() -> Self {
        Self { wall: Micros::from(jiff::Timestamp::now()), begun: Instant::now() }
    }

    fn now(&self) -> Micros {
        self.wall.plus(self.begun.elapsed())
    }

    /// Waits until then; false when the switch is thrown before.
    async fn wait(&self, at: Micros, cancel: &Cancel) -> bool {
        let Some(until) = self.begun.checked_add(at.since(self.wall)) else {
            cancel.cancelled().await;
            return false;
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => false,
            () = tokio::time::sleep_until(until) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// When ticks came, if what is done at each takes that long.
    async fn begins(plan: Plan, takes: Duration) -> Vec<Duration> {
        let (begun, mut at, cancel) = (Instant::now(), Vec::new(), Cancel::new());
        let mut ticks = Ticks::new(&plan).unwrap();
        while ticks.next(&cancel).await.is_some() {
            at.push(begun.elapsed());
            tokio::time::sleep(takes).await;
        }
        at
    }

    fn plan(count: u64) -> Plan {
        Plan { interval: Some(SECOND), count: Some(count), ..Plan::default() }
    }

    fn tenths(at: &[Duration]) -> Vec<u128> {
        at.iter().map(|at| (at.as_millis() + 50) / 100).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn s16_4_the_period_is_between_firings_not_after_the_work() {
        let at = begins(plan(100), Duration::from_millis(900)).await;
        assert_eq!(at.len(), 100);
        // The hundredth begins after 99 s, not after 99 × 1.9 s; virtual time ticks in milliseconds.
        for (run, at) in at.iter().enumerate() {
            let due = SECOND * u32::try_from(run).unwrap();
            assert!(*at >= due && *at < due + Duration::from_millis(5), "run {run} at {at:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn s16_4_overruns_run_at_once_or_align() {
        let takes = Duration::from_millis(1500);
        assert_eq!(tenths(&begins(plan(4), takes).await), [0, 15, 30, 45]);
        let align = Plan { overrun: Overrun::Align, ..plan(4) };
        assert_eq!(tenths(&begins(align, takes).await), [0, 20, 40, 60]);
    }

    #[tokio::test(start_paused = true)]
    async fn s16_4_without_an_interval_it_runs_once() {
        for interval in [None, Some(Duration::ZERO)] {
            let once = Plan { interval, initial_delay: SECOND * 3, ..Plan::default() };
            assert_eq!(tenths(&begins(once, SECOND).await), [30]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn s16_4_without_a_count_it_runs_until_cancelled() {
        let cancel = Cancel::new();
        let forever = Plan { interval: Some(SECOND), ..Plan::default() };
        let (mut ticks, mut runs) = (Ticks::new(&forever).unwrap(), 0);
        while let Some(tick) = ticks.next(&cancel).await {
            runs = tick.run;
            if runs == 1000 {
                cancel.cancel();
            }
        }
        assert_eq!(runs, 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn the_switch_ends_a_wait_and_a_count_of_none_runs_nothing() {
        let cancel = Cancel::new();
        let late = Plan { initial_delay: SECOND * 3600, ..plan(1) };
        let mut ticks = Ticks::new(&late).unwrap();
        let (tick, ()) = tokio::join!(ticks.next(&cancel), async { cancel.cancel() });
        assert_eq!(tick, None);
        for interval in [None, Some(SECOND)] {
            let none = Plan { interval, ..plan(0) };
            assert!(begins(none, SECOND).await.is_empty());
        }
    }
}
