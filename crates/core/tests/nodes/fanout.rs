//! A firing becomes one execution for each node.

use station_core::engine::{Refusal, Reply, Request};
use station_core::model::ExecutionStatus::{
    Cancelled, Completed, Failed, Missed, Pending, Running, Skipped,
};
use station_core::model::{
    Bounds, Cause, Conflict, Grace, JobId, JobSpec, NodeSet, Policies, Target,
};
use std::time::Duration;

use crate::cluster::{Cluster, at, id, node, on, once, policies};

#[test]
fn a_firing_is_one_execution_for_each_node_and_one_firing_in_the_ledger() {
    let bounds = Bounds { max_executions: Some(2), ..Bounds::default() };
    let mut cluster = Cluster::new().having(JobSpec { bounds, ..on("@lab,nas") });
    cluster.tick(10);
    let rows = [
        (1, "nas", Running, 1),
        (2, "rack1", Running, 0),
        (3, "rack2", Running, 0),
        (4, "rack3", Running, 0),
    ];
    assert_eq!(cluster.rows(), rows);
    assert_eq!(cluster.started_on(), ["nas", "rack1", "rack2", "rack3"]);
    assert!(cluster.executions.values().all(|run| run.cause == Cause::Scheduled));
    assert!(cluster.executions.values().all(|run| run.planned == at(10).wall));
    assert_eq!((cluster.job().state.planned, cluster.job().state.fired), (1, 1));
    (1..=4).for_each(|n| cluster.end(11, n, 0));
    cluster.tick(20);
    assert_eq!((cluster.job().state.planned, cluster.job().state.fired), (2, 2));
    assert_eq!(cluster.job().state.next_due, None);
    (5..=8).for_each(|n| cluster.end(21, n, 0));
    assert_eq!(cluster.status(), Completed);
    assert_eq!(cluster.engine.jobs().count(), 0);
}

#[test]
fn a_slow_node_is_judged_alone() {
    let mut cluster = Cluster::new().having(on("@lab"));
    cluster.tick(10);
    cluster.end(11, 1, 0);
    cluster.end(11, 3, 0);
    cluster.tick(20);
    let second = cluster.rows().split_off(3);
    let rows = [(4, "rack1", Running, 1), (5, "rack2", Skipped, 0), (6, "rack3", Running, 0)];
    assert_eq!(second, rows);
    assert_eq!(cluster.error(5), "Job already running on rack2 (conflict_policy=skip)");
    assert_eq!(cluster.job().state.planned, 2);
}

#[test]
fn a_slow_node_lines_up_or_gives_way_alone() {
    let queue = |policies: &mut Policies| policies.conflict = Conflict::Queue;
    let mut cluster = Cluster::new().having(policies(on("@lab"), queue));
    cluster.tick(10);
    cluster.end(11, 1, 0);
    cluster.tick(20);
    let statuses: Vec<_> = cluster.rows().iter().map(|row| row.2).collect();
    assert_eq!(statuses, [Completed, Running, Running, Running, Pending, Pending]);
    cluster.end(21, 3, 0);
    assert_eq!(cluster.started.last(), Some(&(6, "rack3".into())));

    let displace = |policies: &mut Policies| policies.conflict = Conflict::CancelRunning;
    let mut cluster = Cluster::new().having(policies(on("@lab"), displace));
    cluster.tick(10);
    cluster.end(11, 1, 0);
    cluster.tick(20);
    assert_eq!(cluster.stopped, [2, 3]);
    cluster.end(21, 2, 143);
    assert_eq!(cluster.rows()[1].2, Cancelled);
    assert_eq!(cluster.started.last(), Some(&(5, "rack2".into())));
}

#[test]
fn a_conflict_key_is_held_node_by_node() {
    let key = |policies: &mut Policies| {
        policies.conflict_key = Some("psu".into());
        policies.conflict = Conflict::Queue;
    };
    let mut cluster = Cluster::new().having(policies(on("rack[1-2]"), key));
    assert!(matches!(cluster.create(policies(on("rack[2-3]"), key)), Reply::Created(_)));
    cluster.tick(10);
    assert_eq!(cluster.started_on(), ["rack1", "rack2", "rack3"]);
    cluster.end(11, 2, 0);
    assert_eq!(cluster.started.last(), Some(&(1, "rack2".into())));
}

#[test]
fn what_every_node_skips_at_one_moment_is_a_row_for_each_however_much_it_is() {
    let change = |policies: &mut Policies| {
        policies.coalesce = false;
        policies.grace = Grace::Forever;
    };
    let mut cluster = Cluster::new().having(policies(on("@lab"), change));
    cluster.tick(10 * 5_000);
    let rows = [
        (1, "rack1", Running, 1),
        (2, "rack2", Running, 0),
        (3, "rack3", Running, 0),
        (4, "rack1", Skipped, 4_999),
        (5, "rack2", Skipped, 0),
        (6, "rack3", Skipped, 0),
    ];
    assert_eq!(cluster.rows(), rows);
    assert_eq!(cluster.job().state.planned, 5_000);
}

#[test]
fn a_missed_firing_is_one_row_without_a_node() {
    let grace = |policies: &mut Policies| policies.grace = Grace::Within(Duration::from_secs(5));
    let mut cluster = Cluster::new().having(policies(on("@lab"), grace));
    cluster.crash(38);
    assert_eq!(cluster.rows(), [(1, "-", Missed, 3)]);
    cluster.tick(40);
    assert_eq!(cluster.rows().len(), 4);
}

#[test]
fn a_set_that_names_nothing_any_more_fails_with_a_sentence_and_counts() {
    let bounds = Bounds { max_executions: Some(2), ..Bounds::default() };
    let mut cluster = Cluster::new().having(JobSpec { bounds, ..on("rack3") });
    cluster.remove(5, "rack3");
    cluster.tick(10);
    assert_eq!(cluster.rows(), [(1, "-", Failed, 1)]);
    assert_eq!(
        cluster.error(1),
        "not started: node 'rack3' is not registered; did you mean 'rack1'?"
    );
    cluster.keep(vec![node("rack3", &[])]);
    cluster.tick(20);
    assert_eq!(cluster.started_on(), ["rack3"]);
    cluster.end(21, 2, 0);
    assert_eq!((cluster.status(), cluster.job().state.next_due), (Completed, None));
}

#[test]
fn a_run_by_hand_is_on_all_nodes_and_refused_where_all_would_skip() {
    let mut cluster = Cluster::new().having(on("@lab"));
    assert_eq!(cluster.run_now(1), Reply::Running(id(1)));
    let rows = [(1, "rack1", Running, 0), (2, "rack2", Running, 0), (3, "rack3", Running, 0)];
    assert_eq!(cluster.rows(), rows);
    let refused = cluster.run_now(2);
    assert_eq!(
        refused,
        Reply::Refused(Refusal::AlreadyRunning { job: JobId(1), execution: id(1) })
    );
    cluster.end(3, 2, 0);
    // The first that runs is named; the others are recorded as skipped.
    assert_eq!(cluster.run_now(4), Reply::Running(id(5)));
    let statuses: Vec<_> = cluster.rows().iter().skip(3).map(|row| (row.1, row.2)).collect();
    assert_eq!(statuses, [("rack1", Skipped), ("rack2", Running), ("rack3", Skipped)]);
    assert_eq!((cluster.job().state.planned, cluster.job().state.fired), (0, 0));
}

#[test]
fn a_target_that_names_nothing_is_refused_at_once_but_not_held_against_other_changes() {
    let mut cluster = Cluster::new();
    let refused = |reply: Reply| {
        let Reply::Refused(Refusal::NoSuchTarget(why)) = reply else { panic!("{reply:?}") };
        why
    };
    assert_eq!(
        refused(cluster.create(on("rakc1"))),
        "node 'rakc1' is not registered; did you mean 'rack1'?"
    );
    assert_eq!(
        refused(cluster.create(on("@laab"))),
        "no node is in group '@laab'; did you mean '@lab'?"
    );
    assert_eq!(refused(cluster.create(on("@lab!@lab"))), "'@lab!@lab' names no node");
    let mut cluster = cluster.having(on("rack1"));
    let update = |spec| Request::Update {
        job: JobId(1),
        row: None,
        spec: Box::new(spec),
        context: None,
        paused: Some(true),
    };
    let unknown = Target::Nodes(NodeSet::parse("rack9").unwrap());
    refused(cluster.ask(1, update(JobSpec { target: unknown, ..on("rack1") })));
    cluster.remove(2, "rack1");
    let paused = cluster.ask(3, update(on("rack1")));
    assert!(matches!(paused, Reply::Updated(_)), "{paused:?}");
    let row = Some(Box::new(cluster.job().clone()));
    let why = refused(cluster.ask(4, Request::RunNow { job: JobId(1), row }));
    assert_eq!(why, "node 'rack1' is not registered; did you mean 'rack2'?");
}

#[test]
fn a_one_off_ends_with_its_last_execution_as_the_worst_of_them() {
    let mut cluster = Cluster::new().having(once("@lab"));
    cluster.tick(10);
    cluster.end(11, 2, 3);
    assert_eq!(cluster.status(), Running);
    cluster.end(12, 1, 0);
    cluster.end(13, 3, 0);
    assert_eq!(cluster.status(), Failed);
    assert_eq!(cluster.engine.jobs().count(), 0);

    let mut cluster = Cluster::new().having(once("@lab"));
    cluster.tick(10);
    let cancel = Request::CancelExecution { execution: id(1), row: None };
    assert_eq!(cluster.ask(11, cancel), Reply::Ending(id(1)));
    (1..=3).for_each(|n| cluster.end(12, n, 0));
    assert_eq!(cluster.status(), Cancelled);
    // A run by hand is a firing of its own.
    assert_eq!(cluster.run_now(20), Reply::Running(id(4)));
    (4..=6).for_each(|n| cluster.end(21, n, 0));
    assert_eq!(cluster.status(), Completed);
}

#[test]
fn cancelling_the_job_ends_it_on_all_nodes() {
    let limit = |policies: &mut Policies| policies.fanout = Some(1);
    let mut cluster = Cluster::new().having(policies(on("@lab"), limit));
    cluster.tick(10);
    let cancel = Request::Cancel { job: JobId(1), row: None };
    assert_eq!(cluster.ask(11, cancel), Reply::Ending(id(1)));
    let statuses: Vec<_> = cluster.rows().iter().map(|row| row.2).collect();
    assert_eq!(statuses, [Running, Cancelled, Cancelled]);
    cluster.end(12, 1, 143);
    assert_eq!(cluster.status(), Cancelled);
    assert_eq!(cluster.engine.executions().count(), 0);
}
