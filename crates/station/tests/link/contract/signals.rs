//! Stopping runs: before they start, politely, for good, and with all they have started.

use std::time::Duration;

use station::port::Link as _;
use station::port::StopSignal::{Kill, Terminate};
use station_core::model::End;

use crate::bench::{Bench, lives, until};

pub(crate) async fn a_run_stopped_before_its_start_ends_once(bench: Bench) {
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

pub(crate) async fn unknown_runs_are_not_signalled(bench: Bench) {
    let request = bench.shell("true");
    assert!(!bench.link.signal(request.execution, Terminate));
    bench.link.kill_all();
}

pub(crate) async fn term_reaches_the_whole_group(bench: Bench) {
    let mut run = bench.start(bench.shell("sleep 61 | sleep 62 & sleep 63 & echo $! up; wait"));
    run.says("up").await;
    assert!(bench.link.signal(run.execution, Terminate));
    let over = run.over().await;
    assert_eq!((over.end.end, over.end.kill), (End::Signal(15), bench.kill()));
    assert!(!over.end.leaked);
}

pub(crate) async fn kill_ends_what_ignores_term(bench: Bench) {
    let text = "trap '' TERM; (sleep 60; sleep 60) & echo $! up; while :; do sleep 60; done";
    let mut run = bench.start(bench.shell(text));
    run.says("up\n").await;
    assert!(bench.link.signal(run.execution, Terminate));
    let pid = run.started().await.pid;
    let quiet = tokio::time::timeout(Duration::from_millis(150), run.raw()).await;
    assert!(quiet.is_err() && lives(pid));
    assert!(bench.link.signal(run.execution, Kill));
    let over = run.over().await;
    assert_eq!((over.end.end, over.end.kill), (End::Signal(9), bench.kill()));
    let child: i32 = over.out().split(' ').next().unwrap().parse().unwrap();
    until("its child is gone", || !lives(child)).await;
}

pub(crate) async fn all_are_killed_at_once(bench: Bench) {
    let mut runs = Vec::new();
    for n in 0..12 {
        let text = "trap '' TERM; echo up; sleep 60; sleep 60";
        let mut run = bench.start(bench.shell(text));
        if n < 4 {
            run.says("up\n").await;
        }
        runs.push(run);
    }
    bench.link.kill_all();
    for run in runs {
        let over = run.over().await;
        assert!(matches!(over.end.end, End::NotStarted | End::Signal(9)), "{:?}", over.end.end);
    }
}

pub(crate) async fn output_before_a_kill_is_kept(bench: Bench) {
    let mut run = bench.start(bench.shell("echo first; echo second; exec sleep 60"));
    run.says("second\n").await;
    assert!(bench.link.signal(run.execution, Kill));
    assert_eq!(run.over().await.out(), "first\nsecond\n");
}
