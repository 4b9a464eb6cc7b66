//! What becomes of a firing whose time passed while the station could not carry it out.

use std::time::Duration;

use crate::model::{Grace, Micros};

/// What is done with a firing that has come due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is carried out.
    Run,
    /// It is recorded as missed: it came up this much too late.
    Missed(Duration),
}

/// Judges a firing planned for `due` when the station has been able to fire since `up_since`.
///
/// Only time during which the station was down, suspended or without a clock counts against the
/// grace; waiting for a free slot does not.
#[must_use]
pub fn judge(due: Micros, up_since: Micros, grace: Grace) -> Verdict {
    let late = up_since.since(due);
    match grace {
        Grace::Forever => Verdict::Run,
        Grace::Within(limit) if late <= limit => Verdict::Run,
        Grace::Within(_) => Verdict::Missed(late),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_table() {
        let minute = |n: i64| Micros(n * 60_000_000);
        let five = Grace::Within(Duration::from_secs(300));
        let none = Grace::Within(Duration::ZERO);
        let missed = |n: u64| Verdict::Missed(Duration::from_secs(n * 60));
        for (due, up, grace, want) in [
            (10, 0, none, Verdict::Run),
            (10, 10, none, Verdict::Run),
            (10, 11, none, missed(1)),
            (10, 11, five, Verdict::Run),
            (10, 15, five, Verdict::Run),
            (10, 16, five, missed(6)),
            (10, 1_000_000, Grace::Forever, Verdict::Run),
        ] {
            assert_eq!(judge(minute(due), minute(up), grace), want, "{due} {up} {grace:?}");
        }
    }
}
