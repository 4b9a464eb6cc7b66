//! The interval trigger: every so often, in elapsed time.

use std::time::Duration;

use super::Timing;
use super::error::{ScheduleError, ScheduleErrorKind};
use crate::model::IntervalTrigger;
use crate::when::print_duration;

const SHORTEST: Duration = Duration::from_millis(1);
/// 100 years of 365.2425 days.
const LONGEST: Duration = Duration::from_secs(3_155_695_200);

pub(super) fn timing(interval: &IntervalTrigger) -> Result<Timing, ScheduleError> {
    let refuse = |what: &str, hint: &str| {
        let message = format!("The interval of {} {what}.", print_duration(interval.every));
        Err(ScheduleError::new(ScheduleErrorKind::Interval, message).with_hint(hint))
    };
    if interval.every < SHORTEST {
        return refuse("is too short", "It must be at least a millisecond.");
    }
    if interval.every > LONGEST {
        return refuse("is too long", "It must be at most 100 years.");
    }
    if !interval.every.subsec_nanos().is_multiple_of(1000) {
        return refuse("is too fine", "It must be a whole number of microseconds.");
    }
    let every = i64::try_from(interval.every.as_micros()).unwrap_or(i64::MAX);
    Ok(Timing::Every { first: interval.first.0, every })
}

/// The first of `first`, `first + every` … strictly after `after`.
pub(super) fn next(first: i64, every: i64, after: i64) -> Option<i64> {
    if after < first {
        return Some(first);
    }
    let done = after.checked_sub(first)? / every;
    first.checked_add(done.checked_add(1)?.checked_mul(every)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_hangs_on_the_first_firing() {
        assert_eq!(next(7, 10, i64::MIN), Some(7));
        assert_eq!(next(7, 10, 6), Some(7));
        assert_eq!(next(7, 10, 7), Some(17));
        assert_eq!(next(7, 10, 26), Some(27));
        assert_eq!(next(7, 10, 27), Some(37));
        assert_eq!(next(7, 10, i64::MAX - 1), Some(i64::MAX));
        assert_eq!(next(7, 10, i64::MAX), None);
        assert_eq!(next(i64::MIN, 10, i64::MAX), None);
    }
}
