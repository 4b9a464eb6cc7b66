//! What a crash leaves, and what the next daemon makes of it.

use station_core::engine::{Effect, Input, Outcome};
use station_core::model::ExecutionStatus::{Cancelled, Interrupted, Pending, Running};
use station_core::model::{ExecutionId, Kill, Policies, ProcessRecord, Remains};

use crate::cluster::{Cluster, id, on, policies};

fn survivors(outcome: &Outcome) -> Vec<(Option<String>, Vec<ExecutionId>)> {
    let told = outcome.effects.iter().filter_map(|effect| {
        if let Effect::EndSurvivors { node, runs } = effect {
            let node = node.as_ref().map(|node| node.name.clone());
            Some((node, runs.iter().map(|(id, _)| *id).collect()))
        } else {
            None
        }
    });
    told.collect()
}

#[test]
fn a_crash_decides_a_firing_once_and_waits_on() {
    let one = |policies: &mut Policies| policies.fanout = Some(1);
    let mut cluster = Cluster::new().having(policies(on("@lab"), one));
    cluster.tick(10);
    let process =
        ProcessRecord { pid: 7, start_ticks: 0, boot_id: String::new(), mark: Some("m".into()) };
    cluster.handle(11, Input::Started { execution: id(1), process });
    let first = cluster.crash(12);
    assert_eq!(survivors(&first), [(Some("rack1".into()), vec![id(1)])]);
    // A survivor takes no place in the fan-out: it is being ended.
    let rows = [(1, "rack1", Running, 1), (2, "rack2", Running, 0), (3, "rack3", Pending, 0)];
    assert_eq!(cluster.rows(), rows);
    assert_eq!(cluster.job().state.planned, 1);
    cluster.handle(13, Input::SurvivorsEnded { runs: vec![(id(1), Remains::Ended)] });
    assert_eq!(
        cluster.error(1),
        "interrupted: the station stopped while it ran; when it came back, its processes on rack1 \
         were ended"
    );
    assert_eq!(cluster.executions[&id(1)].kill, Some(Kill::Killed));
}

#[test]
fn each_place_is_asked_for_its_survivors_and_their_ends_are_told_apart() {
    let mut cluster = Cluster::new().having(on("@lab"));
    cluster.tick(10);
    let first = cluster.crash(11);
    let places: Vec<_> = survivors(&first).into_iter().map(|(node, _)| node.unwrap()).collect();
    assert_eq!(places, ["rack1", "rack2", "rack3"]);
    let remains = [Remains::Nothing, Remains::Left, Remains::Unknown("no route to host".into())];
    let runs = (1..).map(id).zip(remains).collect();
    cluster.handle(12, Input::SurvivorsEnded { runs });
    let kills: Vec<_> = cluster.executions.values().map(|run| run.kill).collect();
    assert_eq!(kills, [Some(Kill::Killed), Some(Kill::KillFailed), Some(Kill::Unknown)]);
    assert!(cluster.error(1).ends_with("none of it was left on rack1"), "{}", cluster.error(1));
    assert!(
        cluster.error(2).ends_with("its processes on rack2 could not be ended"),
        "{}",
        cluster.error(2)
    );
    assert!(
        cluster
            .error(3)
            .ends_with("what was left of it on rack3 could not be learned: no route to host"),
        "{}",
        cluster.error(3)
    );
    assert!(cluster.rows().iter().all(|row| row.2 == Interrupted));
}

#[test]
fn what_ran_without_a_guard_is_said_to_be_left_to_itself() {
    let mut cluster = Cluster::new().having(on("rack1"));
    cluster.tick(10);
    cluster.crash(11);
    cluster.handle(12, Input::SurvivorsEnded { runs: vec![(id(1), Remains::Unsupported)] });
    assert_eq!(cluster.executions[&id(1)].kill, Some(Kill::Unsupported));
    assert!(
        cluster.error(1).ends_with("what was left of it on rack1 was not ended: it had no guard"),
        "{}",
        cluster.error(1)
    );
    assert_eq!(cluster.rows()[0].2, Interrupted);
}

#[test]
fn what_ran_on_a_node_that_is_gone_is_interrupted_at_once() {
    let mut cluster = Cluster::new().having(on("rack1"));
    cluster.tick(10);
    cluster.remove(11, "rack1");
    let first = cluster.crash(12);
    assert_eq!(survivors(&first), []);
    assert_eq!(cluster.rows()[0], (1, "rack1", Interrupted, 1));
    assert!(cluster.error(1).ends_with("node 'rack1' is not registered any more"));
    assert_eq!(cluster.executions[&id(1)].kill, Some(Kill::Unknown));
}

#[test]
fn a_rebuilt_engine_goes_on_with_the_same_limits_and_the_same_worst() {
    let two = |policies: &mut Policies| policies.fanout = Some(2);
    let mut cluster = Cluster::new().having(policies(crate::cluster::once("@*"), two));
    cluster.tick(10);
    cluster.end(11, 1, 1);
    cluster.engine = cluster.engine.restart(cluster.snapshot());
    cluster.tick(12);
    assert_eq!(cluster.engine.running(), 2);
    let cancel = station_core::engine::Request::CancelExecution { execution: id(4), row: None };
    cluster.ask(13, cancel);
    assert_eq!(cluster.rows()[3].2, Cancelled);
    cluster.end(14, 2, 0);
    cluster.end(14, 3, 0);
    assert_eq!(cluster.status(), station_core::model::ExecutionStatus::Failed);
}
