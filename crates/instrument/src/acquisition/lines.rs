//! The lines of the grid that an acquisition has to take: which is next, and which are too old to take.

use std::time::Duration;

use super::grid::Grid;

/// How late a sample may be taken; two periods, where that is longer.
const LATE: Duration = Duration::from_millis(250);

/// Times are from the start of the acquisition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines {
    grid: Grid,
    /// How many there are.
    total: u64,
    duration: Duration,
    patience: Duration,
    next: u64,
    /// When the last one was taken.
    taken: Duration,
}

impl Lines {
    pub(super) fn new(grid: Grid, duration: Option<Duration>) -> Self {
        Self {
            grid,
            total: duration.map_or(u64::MAX, |duration| grid.count_within(duration)),
            duration: duration.unwrap_or(Duration::MAX),
            patience: LATE.max(grid.offset(2)),
            next: 0,
            taken: Duration::ZERO,
        }
    }

    /// When the next one is due; `None` if that was all.
    pub(super) fn next(&self) -> Option<Duration> {
        (self.next < self.total).then(|| self.grid.offset(self.next))
    }

    /// Takes the next one at this time, for which it must be due. How many before it are too old to be
    /// taken; no time, if that were all that are left.
    pub(super) fn take(&mut self, at: Duration) -> (u64, Option<Duration>) {
        // The end is not put off for what is due at long intervals.
        let patience = if at < self.duration { self.patience } else { LATE };
        let old = at.checked_sub(patience + Duration::from_nanos(1));
        let lost = old.map_or(0, |old| self.pass(old));
        if self.next >= self.total {
            return (lost, None);
        }
        self.next = self.next.saturating_add(1);
        self.taken = at;
        (lost, Some(at))
    }

    /// Passes over all that are due by then; how many they were.
    pub(super) fn pass(&mut self, by: Duration) -> u64 {
        let due = self.grid.index_at(by).saturating_add(1).min(self.total);
        let passed = due.saturating_sub(self.next);
        self.next = self.next.max(due);
        passed
    }

    /// How many more could have been taken, at the rate that was asked for, when the last one was:
    /// those that were behind it, and after the end those that the end was put off for.
    pub(super) fn behind(&self) -> u64 {
        self.grid.index_at(self.taken).saturating_add(1).saturating_sub(self.next)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Number;

    use super::*;

    fn of(rate: u32, duration: Option<u64>) -> Lines {
        let grid = Grid::new(&Number::from(rate)).expect("is a rate");
        Lines::new(grid, duration.map(Duration::from_millis))
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn what_is_overdue_is_taken_until_it_is_too_old() {
        let mut lines = of(100, None);
        assert_eq!((lines.next(), lines.take(millis(0))), (Some(millis(0)), (0, Some(millis(0)))));
        // Held up for 250 ms: all can be taken still, the oldest at the last moment.
        assert_eq!(lines.take(millis(260)), (0, Some(millis(260))));
        assert_eq!((lines.next(), lines.behind()), (Some(millis(20)), 25));
        assert_eq!(lines.take(millis(271)), (1, Some(millis(271))));
        assert_eq!(lines.next(), Some(millis(40)));
        // At long intervals, two of them.
        let mut slow = of(1, None);
        assert_eq!(slow.take(millis(2000)), (0, Some(millis(2000))));
        assert_eq!(slow.take(millis(3001)), (1, Some(millis(3001))));
    }

    #[test]
    fn the_end_is_put_off_for_what_is_a_little_overdue() {
        let mut lines = of(10, Some(1000));
        assert_eq!(lines.pass(millis(750)), 8);
        assert_eq!(lines.take(millis(1010)), (0, Some(millis(1010))));
        assert_eq!(lines.take(millis(1100)), (0, Some(millis(1100))));
        assert_eq!((lines.next(), lines.behind()), (None, 2), "those of 1 s and 1.1 s");
        let mut lines = of(1, Some(2000));
        assert_eq!(lines.take(millis(100)), (0, Some(millis(100))));
        assert_eq!(lines.take(millis(2000)), (1, None));
        assert_eq!((lines.next(), lines.pass(millis(9000))), (None, 0));
    }

    proptest! {
        #[test]
        fn each_line_is_taken_or_lost_once_and_never_early(
            rate in 1_u32..3000, stalls in proptest::collection::vec(0_u64..900_000, 1..300),
        ) {
            let mut lines = of(rate, Some(2000));
            let (mut now, mut taken, mut lost) = (Duration::ZERO, 0, 0);
            for stall in stalls.into_iter().chain(std::iter::repeat(0)) {
                let Some(due) = lines.next() else { break };
                now = due.max(now) + Duration::from_micros(stall);
                let (old, at) = lines.take(now);
                lost += old;
                if let Some(at) = at {
                    taken += 1;
                    prop_assert!(at >= lines.grid.offset(taken + lost - 1));
                    let late = at - lines.grid.offset(taken + lost - 1);
                    prop_assert!(late <= lines.patience);
                }
            }
            prop_assert_eq!(taken + lost, u64::from(rate) * 2);
        }
    }
}
