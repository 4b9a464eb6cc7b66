//! What becomes of a firing while other runs of its job, or of its conflict key, are active.

use crate::model::{Conflict, Policies};

/// What is done with a firing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may start.
    Start,
    /// It waits in line.
    Wait,
    /// The active runs are ended, and it waits for that.
    Displace,
    /// It is skipped.
    Skip(Why),
}

/// Why a firing is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A run is active or waits already.
    Active,
    /// As many runs are active as there may be.
    Full(u32),
    /// As many firings wait in line as there may be.
    LineFull(u32),
}

/// Judges a firing while `active` runs have begun and `waiting` firings stand in line.
#[must_use]
pub fn judge(policies: &Policies, active: usize, waiting: usize) -> Verdict {
    let below = |count: usize, limit: u32| u32::try_from(count).is_ok_and(|count| count < limit);
    let free = active == 0 && waiting == 0;
    match policies.conflict {
        Conflict::Skip if free => Verdict::Start,
        Conflict::Skip => Verdict::Skip(Why::Active),
        Conflict::Queue if free => Verdict::Start,
        Conflict::Queue if below(waiting, policies.queue_limit) => Verdict::Wait,
        Conflict::Queue => Verdict::Skip(Why::LineFull(policies.queue_limit)),
        Conflict::Replace if below(active, policies.max_instances) => Verdict::Start,
        Conflict::Replace => Verdict::Skip(Why::Full(policies.max_instances)),
        Conflict::CancelRunning if free => Verdict::Start,
        Conflict::CancelRunning => Verdict::Displace,
    }
}

/// Whether the first in line may start beside `active` runs.
#[must_use]
pub fn admits(policies: &Policies, active: usize) -> bool {
    let most = match policies.conflict {
        Conflict::Replace => usize::try_from(policies.max_instances).unwrap_or(usize::MAX),
        Conflict::Skip | Conflict::Queue | Conflict::CancelRunning => 1,
    };
    active < most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_table() {
        use Conflict::{CancelRunning, Queue, Replace, Skip};
        for (conflict, active, waiting, want) in [
            (Skip, 0, 0, Verdict::Start),
            (Skip, 1, 0, Verdict::Skip(Why::Active)),
            (Skip, 0, 1, Verdict::Skip(Why::Active)),
            (Queue, 0, 0, Verdict::Start),
            (Queue, 1, 0, Verdict::Wait),
            (Queue, 0, 1, Verdict::Wait),
            (Queue, 1, 1, Verdict::Wait),
            (Queue, 1, 2, Verdict::Skip(Why::LineFull(2))),
            (Replace, 0, 0, Verdict::Start),
            (Replace, 2, 0, Verdict::Start),
            (Replace, 3, 0, Verdict::Skip(Why::Full(3))),
            (CancelRunning, 0, 0, Verdict::Start),
            (CancelRunning, 1, 0, Verdict::Displace),
            (CancelRunning, 0, 1, Verdict::Displace),
        ] {
            let policies =
                Policies { conflict, max_instances: 3, queue_limit: 2, ..Policies::default() };
            assert_eq!(judge(&policies, active, waiting), want, "{conflict:?} {active} {waiting}");
        }
    }

    #[test]
    fn one_run_is_let_through_at_a_time_unless_more_may_be() {
        for (conflict, active, want) in [
            (Conflict::Skip, 0, true),
            (Conflict::Queue, 1, false),
            (Conflict::CancelRunning, 1, false),
            (Conflict::Replace, 1, true),
            (Conflict::Replace, 2, false),
        ] {
            let policies = Policies { conflict, max_instances: 2, ..Policies::default() };
            assert_eq!(admits(&policies, active), want, "{conflict:?} {active}");
        }
    }
}
