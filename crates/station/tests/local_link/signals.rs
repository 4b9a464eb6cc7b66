//! Stopping runs: before they start, politely, for good, and with all they have started.

use std::time::{Duration, Instant};

use station::port::StopSignal::{Kill, Terminate};
use station_core::model::End;

use super::bench::{Bench, lives, until};

#[tokio::test]
async fn a_run_stopped_before_its_start_ends_once() {
    let bench = Bench::new();
    for signal in [Terminate, Kill] {
        for yields in 0..4 {
            let run = bench.start(bench.shell("exec sleep 60"));
            for _ in 0..yields {
                tokio::task::yield_now().await;
            }
            assert!(bench.link.signal(run.execution, signal));
            let (execution, over) = (run.execution, run.over().await);
            assert!(matches!(over.end.end, End::NotStarted | End::Signal(9 | 15)));
            assert!(!bench.link.signal(execution, signal), "it is over");
        }
    }
}

#[tokio::test]
async fn unknown_runs_are_not_signalled() {
    let bench = Bench::new();
    let request = bench.shell("true");
    assert!(!bench.link.signal(request.execution, Terminate));
    bench.link.kill_all();
}

#[tokio::test]
async fn term_reaches_the_whole_group() {
    let bench = Bench::new();
    let mut run = bench.start(bench.shell("sleep 61 | sleep 62 & sleep 63 & echo $! up; wait"));
    run.says("up").await;
    assert!(bench.link.signal(run.execution, Terminate));
    let over = run.over().await;
    assert_eq!(over.end.end, End::Signal(15));
    assert!(!over.end.leaked);
}

#[tokio::test]
async fn kill_ends_what_ignores_term() {
    let bench = Bench::new();
    let text = "trap '' TERM; (sleep 60; sleep 60) & echo $! up; while :; do sleep 60; done";
    let mut run = bench.start(bench.shell(text));
    run.says("up\n").await;
    assert!(bench.link.signal(run.execution, Terminate));
    let pid = run.started().await.pid;
    let quiet = tokio::time::timeout(Duration::from_millis(150), run.raw()).await;
    assert!(quiet.is_err() && lives(pid));
    let begin = Instant::now();
    assert!(bench.link.signal(run.execution, Kill));
    let over = run.over().await;
    assert_eq!(over.end.end, End::Signal(9));
    assert!(begin.elapsed() < Duration::from_secs(5));
    let child: i32 = over.out().split(' ').next().unwrap().parse().unwrap();
    until("its child is gone", || !lives(child)).await;
}

#[tokio::test]
async fn a_group_asked_to_stop_is_not_left_behind() {
    let bench = Bench::with(|config| config.leak_timeout = Duration::from_millis(50));
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
    let bench = Bench::with(|config| config.leak_timeout = Duration::from_secs(60));
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

#[tokio::test]
async fn all_are_killed_at_once() {
    let bench = Bench::new();
    let mut runs = Vec::new();
    for _ in 0..20 {
        runs.push(bench.start(bench.shell("trap '' TERM; sleep 60; sleep 60")));
    }
    bench.link.kill_all();
    for run in runs {
        let over = run.over().await;
        assert!(matches!(over.end.end, End::NotStarted | End::Signal(9)), "{:?}", over.end.end);
    }
}

#[tokio::test]
async fn output_before_a_kill_is_kept() {
    let bench = Bench::new();
    let mut run = bench.start(bench.shell("echo first; echo second; exec sleep 60"));
    run.says("second\n").await;
    assert!(bench.link.signal(run.execution, Kill));
    assert_eq!(run.over().await.out(), "first\nsecond\n");
}
