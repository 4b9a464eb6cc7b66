//! Firings that come while a run goes on.

use jiff::tz::TimeZoneDatabase;
use station_core::engine::{
    ClockTrust, Config, Effect, Engine, Input, Refusal, Reply, Request, Scope, Snapshot,
};
use station_core::model::{
    Conflict, ExecutionId, Grace, JobId, JobSpec, JobStatus, Policies, Remains,
};

use crate::station::{Station, at, spec, with_policies};
use station_core::model::ExecutionStatus::{Cancelled, Completed, Pending, Running, Skipped};
#[test]
fn a_recurring_job_runs_at_each_of_its_times_and_is_pending_between_them() {
    let mut station = Station::with(spec());
    assert_eq!(station.next(), Some(10));
    for (n, second) in (1..).zip([10, 20, 30]) {
        station.tick(second);
        assert_eq!(station.job().state.status, JobStatus::Running);
        assert_eq!(station.next(), Some(second + 10));
        station.end(second + 1, n, 0);
        assert_eq!(station.job().state.status, JobStatus::Pending);
    }
    assert_eq!(
        station.rows(),
        [(1, Completed, 1, 10), (2, Completed, 1, 20), (3, Completed, 1, 30)]
    );
    assert_eq!(station.job().state.planned, 3);
}

#[test]
fn skip_records_a_firing_while_a_run_is_active() {
    let mut station = Station::with(spec());
    station.tick(10);
    station.tick(20);
    assert_eq!(station.rows(), [(1, Running, 1, 10), (2, Skipped, 1, 20)]);
    assert_eq!(station.error(2), "Job already running (conflict_policy=skip)");
    assert_eq!(station.job().state.status, JobStatus::Running);
    station.end(25, 1, 0);
    station.tick(30);
    assert_eq!(station.rows().last(), Some(&(3, Running, 1, 30)));
}

#[test]
fn queue_lines_firings_up_in_order_and_within_its_limit() {
    let mut station = with_policies(Policies {
        conflict: Conflict::Queue,
        queue_limit: 2,
        ..Policies::default()
    });
    for second in [10, 20, 30, 40] {
        station.tick(second);
    }
    let rows = [(1, Running, 1, 10), (2, Pending, 1, 20), (3, Pending, 1, 30), (4, Skipped, 1, 40)];
    assert_eq!(station.rows(), rows);
    assert!(station.error(4).contains("2 firings wait already"), "{}", station.error(4));
    station.end(41, 1, 0);
    station.end(42, 2, 0);
    station.end(43, 3, 0);
    let started: Vec<u32> = station.started.iter().map(|id| id.n).collect();
    assert_eq!(started, [1, 2, 3]);
    assert_eq!(station.job().state.planned, 4);
}

#[test]
fn what_waits_in_line_survives_a_restart() {
    let mut station = with_policies(Policies { conflict: Conflict::Queue, ..Policies::default() });
    station.tick(10);
    station.tick(20);
    let job = station.job().clone();
    let live = station.executions.iter().map(|one| (job.clone(), one.clone())).collect();
    let snapshot = Snapshot { last_job: 1, live, due: vec![job.clone()], ..Snapshot::default() };
    let (mut engine, first) = Engine::start(
        Config::default(),
        Scope::All,
        snapshot,
        at(25),
        ClockTrust::Trusted,
        7,
        TimeZoneDatabase::bundled(),
    );
    assert!(first.effects.iter().any(|effect| matches!(effect, Effect::EndSurvivors { .. })));
    let runs = vec![(ExecutionId { job: JobId(1), n: 1 }, Remains::Nothing)];
    let after = engine.handle(at(26), Input::SurvivorsEnded { runs });
    let started = after.effects.iter().find_map(|effect| {
        if let Effect::Start { execution, .. } = effect { Some(execution.n) } else { None }
    });
    assert_eq!(started, Some(2));
}

#[test]
fn replace_lets_as_many_run_as_there_may_be() {
    let policies =
        Policies { conflict: Conflict::Replace, max_instances: 2, ..Policies::default() };
    let mut station = with_policies(policies);
    for second in [10, 20, 30] {
        station.tick(second);
    }
    assert_eq!(station.rows(), [(1, Running, 1, 10), (2, Running, 1, 20), (3, Skipped, 1, 30)]);
}

#[test]
fn cancel_running_ends_the_active_run_and_then_starts() {
    let policies = Policies { conflict: Conflict::CancelRunning, ..Policies::default() };
    let mut station = with_policies(policies);
    station.tick(10);
    station.tick(20);
    assert_eq!(station.stopped, [ExecutionId { job: JobId(1), n: 1 }]);
    // A third firing while the first run still ends: the second gives way to it.
    station.tick(30);
    assert_eq!(station.rows(), [(1, Running, 1, 10), (2, Skipped, 1, 20), (3, Pending, 1, 30)]);
    station.end(31, 1, 143);
    assert_eq!(station.rows(), [(1, Cancelled, 1, 10), (2, Skipped, 1, 20), (3, Running, 1, 30)]);
    assert_eq!(station.error(1), "ended after 21s: a newer firing took its place");
}

#[test]
fn what_is_skipped_at_one_moment_is_one_row_however_much_it_is() {
    let policies = Policies { coalesce: false, grace: Grace::Forever, ..Policies::default() };
    for (conflict, waiting) in [(Conflict::Skip, 0), (Conflict::Queue, 2)] {
        let policies = Policies { conflict, queue_limit: 2, ..policies.clone() };
        let mut station = with_policies(policies);
        station.tick(10 * 50_000);
        let skipped = 50_000 - 1 - waiting;
        let (row, count) = (station.rows().pop().unwrap(), station.rows().len());
        assert_eq!((row.1, row.2, row.3), (Skipped, skipped, 10 * 50_000), "{conflict:?}");
        assert_eq!(u32::try_from(count).unwrap(), 2 + waiting, "{conflict:?}");
        assert_eq!(station.job().state.planned, 50_000);
    }
}

#[test]
fn a_conflict_key_is_shared_by_jobs() {
    let policies =
        |conflict| Policies { conflict, conflict_key: Some("psu".into()), ..Policies::default() };
    let mut station = with_policies(policies(Conflict::Skip));
    station.create(JobSpec { policies: policies(Conflict::Queue), ..spec() });
    station.tick(10);
    let waiting = station.executions.iter().find(|one| one.id.job == JobId(2)).unwrap();
    assert_eq!(waiting.status, Pending);
    assert_eq!(station.started, [ExecutionId { job: JobId(1), n: 1 }]);
    station.end(11, 1, 0);
    assert_eq!(station.started.last(), Some(&ExecutionId { job: JobId(2), n: 1 }));
    let refused = station.ask(12, Request::RunNow { job: JobId(1), row: None });
    let Reply::Refused(Refusal::KeyInUse { key, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(key, "psu");
}
