//! How many run at once: on a node, of a job, in all.

use station_core::engine::{Config, Reply, Request};
use station_core::model::ExecutionStatus::{Pending, Running};
use station_core::model::{Conflict, Execution, JobId, Policies};

use crate::cluster::{Cluster, at, id, node, on, once, policies};

fn config(max_running: usize, node_limit: u32) -> Config {
    Config { max_running, node_limit, retention: None, ..Config::default() }
}

#[test]
fn a_job_runs_on_as_many_nodes_at_once_as_it_says() {
    let two = |policies: &mut Policies| policies.fanout = Some(2);
    let mut cluster = Cluster::new().having(policies(on("@*"), two));
    cluster.tick(10);
    assert_eq!(cluster.started_on(), ["nas", "rack1"]);
    assert_eq!(cluster.rows()[3], (4, "rack3", Pending, 0));
    cluster.end(11, 2, 0);
    assert_eq!(cluster.started_on(), ["nas", "rack1", "rack2"]);
    cluster.end(12, 1, 0);
    assert_eq!(cluster.started_on(), ["nas", "rack1", "rack2", "rack3"]);
}

#[test]
fn a_higher_fan_out_takes_effect_at_once() {
    let at_most = |count| policies(once("@*"), move |policies| policies.fanout = Some(count));
    let mut cluster = Cluster::new().having(at_most(1));
    cluster.tick(10);
    assert_eq!(cluster.started_on(), ["nas"]);
    let (job, row, spec) = (JobId(1), None, Box::new(at_most(3)));
    let change = Request::Update { job, row, spec, context: None, paused: None };
    assert!(matches!(cluster.ask(11, change), Reply::Updated(_)));
    assert_eq!(cluster.started_on(), ["nas", "rack1", "rack2"]);
}

#[test]
fn a_node_runs_as_many_at_once_as_it_may_in_order_of_planned_time() {
    let mut cluster = Cluster::with(config(100, 2));
    for _ in 0..4 {
        assert!(matches!(cluster.create(once("rack1")), Reply::Created(_)));
    }
    cluster.create(once("rack2"));
    cluster.tick(10);
    let running = |cluster: &Cluster| -> Vec<i64> {
        let runs = cluster.executions.values().filter(|run| run.status == Running);
        runs.map(|run| run.id.job.0).collect()
    };
    assert_eq!(running(&cluster), [1, 2, 5]);
    cluster.end(11, 1, 0);
    assert_eq!(running(&cluster), [2, 3, 5]);
    // Its own limit counts before the station's; a higher one takes effect at once.
    let mut one = node("rack1", &["lab"]);
    one.limit = Some(5);
    let change = Request::KeepNodes { nodes: vec![one], change: true };
    assert_eq!(cluster.ask(12, change), Reply::NodesKept);
    assert_eq!(running(&cluster), [2, 3, 4, 5]);
}

#[test]
fn what_one_limit_holds_up_does_not_hold_up_what_another_lets_through() {
    let one = |policies: &mut Policies| policies.fanout = Some(1);
    let mut cluster = Cluster::with(config(100, 1));
    // Job 1 takes rack1, and waits with rack2 for its fan-out; job 2 waits for rack1 alone.
    cluster.create(policies(once("rack[1-2]"), one));
    cluster.create(once("rack[1-2]"));
    cluster.tick(10);
    let running = |run: &&Execution| run.status == Running;
    let on = |cluster: &Cluster| -> Vec<_> {
        let runs = cluster.executions.values().filter(running);
        runs.map(|run| (run.id.job.0, run.node.clone().unwrap())).collect()
    };
    assert_eq!(on(&cluster), [(1, "rack1".into()), (2, "rack2".into())]);
    // rack1 is free: job 1's other node is not, so job 2 has it.
    cluster.end(11, 1, 0);
    assert_eq!(on(&cluster), [(2, "rack1".into()), (2, "rack2".into())]);
    let (report, execution) = (
        Box::new(crate::cluster::report(station_core::model::End::Exit(0))),
        station_core::model::ExecutionId { job: JobId(2), n: 2 },
    );
    cluster.handle(12, station_core::engine::Input::Ended { execution, report });
    assert_eq!(on(&cluster), [(1, "rack2".into()), (2, "rack1".into())]);
}

#[test]
fn a_smaller_or_larger_fan_out_takes_effect_at_once() {
    let of = |most| move |policies: &mut Policies| policies.fanout = most;
    let mut cluster = Cluster::new().having(policies(on("@*"), of(Some(1))));
    cluster.tick(10);
    assert_eq!(cluster.engine.running(), 1);
    let update = |spec| Request::Update {
        job: JobId(1),
        row: None,
        spec: Box::new(spec),
        context: None,
        paused: None,
    };
    let wider = cluster.ask(11, update(policies(on("@*"), of(Some(3)))));
    assert!(matches!(wider, Reply::Updated(_)));
    assert_eq!(cluster.engine.running(), 3);
    cluster.ask(12, update(policies(on("@*"), of(Some(1)))));
    cluster.end(13, 1, 0);
    assert_eq!(cluster.engine.running(), 2);
    cluster.end(14, 2, 0);
    cluster.end(14, 3, 0);
    assert_eq!(cluster.started_on(), ["nas", "rack1", "rack2", "rack3"]);
}

#[test]
fn what_waits_for_a_removed_node_fails_when_its_turn_comes() {
    let mut cluster = Cluster::with(config(100, 1));
    let two = |policies: &mut Policies| {
        policies.conflict = Conflict::Replace;
        policies.max_instances = 2;
        policies.retries = 5;
    };
    let mut cluster = {
        cluster.create(policies(on("rack[1-2]"), two));
        cluster
    };
    cluster.tick(10);
    cluster.tick(20);
    assert_eq!(cluster.rows().iter().filter(|row| row.2 == Pending).count(), 2);
    cluster.remove(21, "rack2");
    assert_eq!(cluster.error(4), "not started: node 'rack2' is not registered any more");
    assert_eq!(cluster.executions[&id(4)].attempt, 0);
    assert_eq!(cluster.rows()[2].2, Pending);
    cluster.end(22, 1, 0);
    assert_eq!(cluster.started.last(), Some(&(3, "rack1".into())));
}

#[test]
fn ten_thousand_wait_without_being_looked_at_each_time() {
    let mut cluster = Cluster::with(config(64, 8));
    let nodes = (1..=10_000).map(|n| node(&format!("n{n}"), &["all"])).collect();
    cluster.keep(nodes);
    let mut cluster = cluster.having(once("@all"));
    cluster.tick(10);
    assert_eq!(cluster.started_on()[..3], ["n1", "n2", "n3"]);
    assert_eq!(cluster.engine.executions().count(), 10_000);
    assert_eq!(cluster.job().state.planned, 1);
    for n in 1..=10_000 {
        cluster.end(11, n, 0);
    }
    assert_eq!(cluster.started.len(), 10_000);
    assert_eq!(cluster.engine.executions().count(), 0);
    assert_eq!(cluster.status(), station_core::model::ExecutionStatus::Completed);
    assert_eq!(cluster.executions[&id(9_999)].planned, at(10).wall);
}
