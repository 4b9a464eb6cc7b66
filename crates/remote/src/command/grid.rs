//! The grid of a repeated command: when its runs are due. Pure; the core's interval trigger decides.

use std::time::Duration;

use jiff::tz::TimeZoneDatabase;
use station_core::model::{Bounds, IntervalTrigger, Micros, Trigger};
use station_core::trigger::Schedule;

use super::{CommandError, Overrun};

/// When runs are due: whole intervals after the first, each put off by its jitter.
#[derive(Debug)]
pub(super) struct Grid {
    schedule: Schedule,
    bounds: Bounds,
    every: Duration,
    seed: u64,
}

/// A run that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// The point of the grid it stands for.
    pub(super) nominal: Micros,
    /// When it is to begin.
    pub(super) at: Micros,
    /// How many points before it have passed without a run.
    pub(super) skipped: u64,
}

impl Grid {
    /// One that begins at `first`.
    pub(super) fn new(
        first: Micros,
        every: Duration,
        jitter: Duration,
        seed: u64,
    ) -> Result<Self, CommandError> {
        if !jitter.is_zero() && jitter > every {
            return Err(CommandError::Jitter { jitter, every });
        }
        // Elapsed time alone counts: a zone that needs no database will do.
        let trigger = Trigger::Interval(IntervalTrigger { every, first, zone: "UTC0".to_owned() });
        let bounds = Bounds { jitter, ..Bounds::default() };
        let schedule = Schedule::compile(&trigger, &bounds, &TimeZoneDatabase::none())
            .map_err(CommandError::Interval)?;
        Ok(Self { schedule, bounds, every, seed })
    }

    /// The first run.
    pub(super) fn first(&self) -> Option<Slot> {
        self.slot(self.schedule.next(Micros(i64::MIN))?, 0)
    }

    /// The run after one that is over at `now`. If points of the grid have passed meanwhile, they are
    /// made up for by one run at once, or left out.
    pub(super) fn after(&self, last: Slot, now: Micros, overrun: Overrun) -> Option<Slot> {
        let next = self.slot(self.schedule.next(last.nominal)?, 0)?;
        if next.at >= now {
            return Some(next);
        }
        // The latest point that is not later than now.
        let before = Micros(now.0.saturating_sub(micros(self.every)));
        let latest = self.schedule.next(before.max(last.nominal))?;
        let passed = self.slot(latest, self.between(last.nominal, latest))?;
        match overrun {
            Overrun::RunAtOnce => Some(Slot { at: passed.at.max(now), ..passed }),
            // One whose jitter has not passed yet is still to come.
            Overrun::Align if passed.at >= now => Some(passed),
            Overrun::Align => {
                let next = self.schedule.next(latest)?;
                self.slot(next, self.between(last.nominal, next))
            }
        }
    }

    fn slot(&self, nominal: Micros, skipped: u64) -> Option<Slot> {
        let at = nominal.plus(self.bounds.jitter_of(self.seed, nominal));
        Some(Slot { nominal, at, skipped })
    }

    /// How many points lie between two.
    fn between(&self, from: Micros, to: Micros) -> u64 {
        let points = to.since(from).as_micros() / self.every.as_micros().max(1);
        u64::try_from(points).unwrap_or(u64::MAX).saturating_sub(1)
    }
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn grid(jitter: Duration) -> Grid {
        Grid::new(Micros(100 * SECOND), Duration::from_secs(10), jitter, 7).unwrap()
    }

    fn slot(second: i64, skipped: u64) -> Slot {
        Slot { nominal: Micros(second * SECOND), at: Micros(second * SECOND), skipped }
    }

    #[test]
    fn a_run_shorter_than_the_interval_does_not_shift_the_grid() {
        let grid = grid(Duration::ZERO);
        assert_eq!(grid.first(), Some(slot(100, 0)));
        for overrun in [Overrun::RunAtOnce, Overrun::Align] {
            let next = grid.after(slot(100, 0), Micros(109 * SECOND), overrun);
            assert_eq!(next, Some(slot(110, 0)));
            let next = grid.after(slot(100, 0), Micros(110 * SECOND), overrun);
            assert_eq!(next, Some(slot(110, 0)), "just in time");
        }
    }

    #[test]
    fn points_that_passed_are_made_up_for_once_or_left_out() {
        let (grid, now) = (grid(Duration::ZERO), Micros(135 * SECOND));
        let at_once = grid.after(slot(100, 0), now, Overrun::RunAtOnce).unwrap();
        assert_eq!(at_once, Slot { at: now, ..slot(130, 2) });
        assert_eq!(
            grid.after(at_once, Micros(136 * SECOND), Overrun::RunAtOnce),
            Some(slot(140, 0))
        );
        assert_eq!(grid.after(slot(100, 0), now, Overrun::Align), Some(slot(140, 3)));
        let now = Micros(130 * SECOND);
        assert_eq!(
            grid.after(slot(100, 0), now, Overrun::Align),
            Some(slot(130, 2)),
            "on the point"
        );
    }

    #[test]
    fn jitter_puts_off_and_does_not_drift() {
        let jitter = Duration::from_secs(10);
        let grid = grid(jitter);
        let mut last = grid.first().unwrap();
        for run in 1..100 {
            let next = grid.after(last, last.at, Overrun::RunAtOnce).unwrap();
            assert_eq!(next.nominal, Micros((100 + 10 * run) * SECOND));
            assert!(next.at >= next.nominal && next.at < next.nominal.plus(jitter));
            last = next;
        }
    }

    #[test]
    fn bad_intervals_are_refused_with_a_sentence() {
        let refused =
            |every, jitter| Grid::new(Micros(0), every, jitter, 0).unwrap_err().to_string();
        let text = refused(Duration::from_micros(5), Duration::ZERO);
        assert!(text.contains("at least a millisecond"), "{text}");
        let text = refused(Duration::from_secs(1), Duration::from_secs(2));
        assert!(text.contains("jitter"), "{text}");
    }
}
