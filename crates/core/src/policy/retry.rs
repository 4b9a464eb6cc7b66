//! Whether and when a failed attempt is followed by another one.

use std::time::Duration;

use crate::model::Policies;

/// The longest wait between two attempts.
pub const LONGEST_DELAY: Duration = Duration::from_secs(3600);

/// The wait before the attempt after `attempt` (from 1), or `None` when there is none.
///
/// The delay doubles with each attempt up to [`LONGEST_DELAY`]; `random` (any value) spreads it by
/// up to a tenth, so that jobs that failed together do not come back together.
#[must_use]
pub fn delay(policies: &Policies, attempt: u32, random: u64) -> Option<Duration> {
    if attempt > policies.retries {
        return None;
    }
    let doublings = attempt.saturating_sub(1).min(31);
    let longest = LONGEST_DELAY.max(policies.retry_delay);
    let base = policies.retry_delay.saturating_mul(1_u32 << doublings).min(longest);
    let tenth = u64::try_from(base.as_micros() / 10).unwrap_or(u64::MAX);
    let spread = if tenth == 0 { 0 } else { random % tenth };
    Some(base.saturating_add(Duration::from_micros(spread)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policies(retries: u32, seconds: u64) -> Policies {
        let retry_delay = Duration::from_secs(seconds);
        Policies { retries, retry_delay, ..Policies::default() }
    }

    #[test]
    fn doubles_up_to_an_hour_and_ends_after_the_last_retry() {
        let seconds = |attempt| delay(&policies(20, 10), attempt, 0).map(|d| d.as_secs());
        assert_eq!(seconds(1), Some(10));
        assert_eq!(seconds(2), Some(20));
        assert_eq!(seconds(3), Some(40));
        assert_eq!(seconds(12), Some(3600));
        assert_eq!(seconds(20), Some(3600));
        assert_eq!(seconds(21), None);
        assert_eq!(delay(&policies(0, 10), 1, 0), None);
    }

    #[test]
    fn spreads_by_less_than_a_tenth_and_never_overflows() {
        for random in [0, 1, 999_999, u64::MAX] {
            let wait = delay(&policies(3, 10), 1, random).unwrap();
            assert!(wait >= Duration::from_secs(10) && wait < Duration::from_secs(11));
        }
        assert_eq!(delay(&policies(3, 0), 1, 7), Some(Duration::ZERO));
        let long = Policies { retry_delay: Duration::MAX, ..policies(40, 0) };
        assert_eq!(delay(&long, 40, u64::MAX).map(|d| d > LONGEST_DELAY), Some(true));
    }
}
