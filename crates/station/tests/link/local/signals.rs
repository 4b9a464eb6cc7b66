//! Runs that leave processes behind when they are stopped.

use std::time::{Duration, Instant};

use station::port::Link as _;
use station::port::StopSignal::{Kill, Terminate};
use station_core::model::End;

use crate::bench::{Bench, lives, until};

#[tokio::test]
async fn a_group_asked_to_stop_is_not_left_behind() {
    let bench = Bench::local_with(|config| config.leak_timeout = Duration::from_millis(50));
    // The leader obeys, its child does not and holds the output open.
    let text = "(trap '' TERM; echo $BASHPID up; while :; do sleep 0.05; done) & wait";
    let mut run = bench.start(bench.shell(text));
    run.says("up\n").await;
    run.started().await;
    assert!(bench.link.signal(run.execution, Terminate));
    let quiet = tokio::time::timeout(Duration::from_millis(300), run.raw()).await;
    assert!(quiet.is_err(), "it waits for the kill that follows: {quiet:?}");
    assert!(bench.link.signal(run.execution, Kill));
    let over = run.over().await;
    assert_eq!(over.end.end, End::Signal(15), "of the leader");
    let child: i32 = over.out().split(' ').next().unwrap().parse().unwrap();
    until("its child is gone", || !lives(child)).await;
}

#[tokio::test]
async fn a_kill_ends_the_wait_for_what_is_left() {
    let bench = Bench::local_with(|config| config.leak_timeout = Duration::from_secs(60));
    // In a group and session of its own: the kill does not reach it, but the run is over.
    let mut run = bench.start(bench.shell("setsid sh -c 'echo $$ up; exec sleep 20' & sleep 0.1"));
    run.says("up\n").await;
    let begin = Instant::now();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(bench.link.signal(run.execution, Kill));
    let over = run.over().await;
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert!(over.end.leaked);
    let left: i32 = over.out().split(' ').next().unwrap().parse().unwrap();
    assert!(lives(left));
    let left = rustix::process::Pid::from_raw(left).unwrap();
    rustix::process::kill_process(left, rustix::process::Signal::KILL).unwrap();
}
