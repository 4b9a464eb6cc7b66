//! Each call of the engine does a bounded amount of work, however long the station was down.

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use station_core::engine::{ClockTrust, Config, Input};
    use station_core::model::{
        Execution, ExecutionStatus, Grace, IntervalTrigger, Job, JobId, JobState, Micros, Mono,
        Now, Policies, Trigger,
    };

    use crate::store::Store;
    use crate::world::start;
    use crate::year::tests::spec;

    const HOUR: Duration = Duration::from_secs(3600);
    /// The most firings looked at in a call, and the most of one job.
    const MOST: u64 = 300_000;

    /// Jobs that fire every millisecond, and an hour in which they did not.
    #[test]
    fn an_hour_of_milliseconds_is_accounted_for_in_portions() {
        let begin = Micros(1_800_000_000_000_000);
        let now = Now { wall: begin.plus(HOUR), mono: Mono(0) };
        let mut store = Store::default();
        for (id, grace) in [(1, Grace::Within(Duration::ZERO)), (2, Grace::Forever)] {
            let every = Duration::from_millis(1);
            let zone = "UTC".to_owned();
            let trigger = Trigger::Interval(IntervalTrigger { every, first: begin, zone });
            let spec = spec(trigger, Policies { grace, ..Policies::default() });
            let job = Job { id: JobId(id), spec: spec.into(), state: JobState::new(Some(begin)) };
            store.apply(&station_core::engine::Change::JobCreated(Box::new(job)));
        }
        let config = Config::default();
        let (mut engine, mut outcome) = start(&config, &store, now, ClockTrust::Trusted, 1);
        let mut calls = 0;
        loop {
            let before: u64 = store.jobs.values().map(|job| job.state.planned).sum();
            outcome.changes.iter().for_each(|change| store.apply(change));
            let after: u64 = store.jobs.values().map(|job| job.state.planned).sum();
            assert!(after - before <= MOST, "{} firings in one call", after - before);
            engine.committed();
            calls += 1;
            let deadline = engine.deadline();
            if deadline.wall.is_none_or(|at| at > now.wall) {
                break;
            }
            outcome = engine.handle(now, Input::Tick);
        }
        assert!(calls > 20, "{calls} calls");
        let each = 1 + HOUR.as_millis() as u64;
        for job in store.jobs.values() {
            assert_eq!(job.state.planned, each, "{job:?}");
        }
        let ran = |row: &&Execution| row.status == ExecutionStatus::Running;
        assert_eq!(store.executions.values().filter(ran).count(), 2, "one run of each job");
    }
}
