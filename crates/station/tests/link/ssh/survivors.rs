//! What another daemon left behind on a node is ended there.

use std::time::Duration;

use station::port::{Link as _, RunRequest};
use station_core::model::{ExecutionId, JobId, ProcessRecord, Remains};
use tokio::sync::oneshot;

use crate::bench::{Bench, lives, until};

type Runs = Vec<(ExecutionId, Option<ProcessRecord>)>;

async fn end(bench: &Bench, runs: Runs) -> Vec<(ExecutionId, Remains)> {
    let (told, remains) = oneshot::channel();
    let node = bench.node.clone().map(Box::new);
    let report = Box::new(move |remains| drop(told.send(remains)));
    bench.link.end_survivors(node, runs, Duration::from_secs(1), report);
    remains.await.unwrap()
}

fn execution(n: u32) -> ExecutionId {
    ExecutionId { job: JobId(i64::MAX), n }
}

fn stubborn(bench: &Bench) -> RunRequest {
    bench.shell("trap '' TERM; echo up; while :; do sleep 60; done")
}

#[tokio::test]
async fn all_that_is_recorded_is_ended_and_nothing_else() {
    let bench = Bench::ssh();
    let mut polite = bench.start(bench.shell("echo up; exec sleep 60"));
    let mut stubborn = bench.start(stubborn(&bench));
    let mut other = bench.start(bench.shell("echo up; exec sleep 60"));
    for run in [&mut polite, &mut stubborn, &mut other] {
        run.says("up\n").await;
    }
    let (first, second) = (polite.started().await, stubborn.started().await);
    let third = other.started().await;
    assert!(first.mark.is_some() && first.mark != second.mark);
    // Of another run: its mark is not the recorded one's.
    let stale = ProcessRecord { mark: first.mark.clone(), ..third.clone() };
    let runs = vec![
        (polite.execution, Some(first.clone())),
        (stubborn.execution, Some(second.clone())),
        (execution(1), Some(stale)),
        (execution(2), None),
    ];
    let remains = end(&bench, runs).await;
    assert_eq!(remains[0], (polite.execution, Remains::Ended));
    assert_eq!(remains[1], (stubborn.execution, Remains::Ended));
    assert_eq!(remains[2], (execution(1), Remains::Nothing));
    assert_eq!(remains[3], (execution(2), Remains::Nothing));
    until("they are gone", || !lives(first.pid) && !lives(second.pid)).await;
    assert!(lives(third.pid));
    bench.link.kill_all();
    other.over().await;
}

#[tokio::test]
async fn what_is_not_recorded_is_searched_for() {
    let bench = Bench::ssh();
    let mut lost = bench.start(bench.shell("sleep 61 & echo up; exec sleep 60"));
    let mut other = bench.start(bench.shell("echo up; exec sleep 60"));
    for run in [&mut lost, &mut other] {
        run.says("up\n").await;
    }
    let (record, kept) = (lost.started().await, other.started().await);
    let remains = end(&bench, vec![(lost.execution, None), (execution(1), None)]).await;
    assert_eq!(remains, [(lost.execution, Remains::Ended), (execution(1), Remains::Nothing)]);
    until("it is gone", || !lives(record.pid)).await;
    assert!(lives(kept.pid));
    bench.link.kill_all();
    other.over().await;
}

#[tokio::test]
async fn a_run_without_a_guard_cannot_be_found() {
    let mut bench = Bench::ssh();
    bench.node.as_mut().unwrap().guard = false;
    let remains = end(&bench, vec![(execution(1), None)]).await;
    assert_eq!(remains, [(execution(1), Remains::Unsupported)]);
}

#[tokio::test]
async fn a_node_that_cannot_be_asked_leaves_it_open() {
    let bench = Bench::ssh();
    let mut run = bench.start(bench.shell("echo up; exec sleep 60"));
    run.says("up\n").await;
    let record = run.started().await;
    let mut elsewhere = Bench::ssh();
    elsewhere.node = Some(crate::bench::node("no-such-host.invalid"));
    let remains = end(&elsewhere, vec![(run.execution, Some(record))]).await;
    let [(_, Remains::Unknown(why))] = &remains[..] else { panic!("{remains:?}") };
    assert!(why.contains("no-such-host"), "{why}");
    bench.link.kill_all();
    run.over().await;
}
