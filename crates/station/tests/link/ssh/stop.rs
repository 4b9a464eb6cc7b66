//! Stopping what runs on a node, or is on its way there.

use station::port::StopSignal::{Kill, Terminate};
use station::port::{Link as _, RunEvent};
use station_core::model::{End, Kill as Gone, Node};
use tokio::net::TcpListener;

use crate::bench::{Bench, end_process, lives, node, until};

#[tokio::test]
async fn a_stop_gives_the_connection_up() {
    let bench = Bench::ssh();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = Some(silent.local_addr().unwrap().port());
    for signal in [Terminate, Kill] {
        let mut request = bench.shell("true");
        request.node = Some(Box::new(Node { port, ..node("node") }));
        let run = bench.start(request);
        // It has connected, and waits for a word.
        let (_connection, _) = silent.accept().await.unwrap();
        assert!(bench.link.signal(run.execution, signal));
        let over = run.over().await;
        assert_eq!((over.end.end, over.end.unreachable), (End::NotStarted, false));
        assert!(over.error().contains("stopped before"), "{}", over.error());
    }
}

#[tokio::test]
async fn a_stop_does_not_wait_for_the_store() {
    let bench = Bench::ssh();
    let mut run = bench.start(bench.shell("echo $$; exec yes"));
    let record = run.started().await;
    let RunEvent::Output { stored, .. } = run.raw().await else { panic!("it goes on") };
    assert!(bench.link.signal(run.execution, Kill));
    until("it is gone", || !lives(record.pid)).await;
    stored.send(()).unwrap();
    let over = run.over().await;
    assert_eq!(over.end.kill, Some(Gone::Killed));
}

#[tokio::test]
async fn without_a_guard_a_stop_says_so() {
    let bench = Bench::ssh();
    let mut request = bench.shell("echo up; exec sleep 60");
    request.node = Some(Box::new(Node { guard: false, ..node("node") }));
    let mut run = bench.start(request);
    run.says("up\n").await;
    assert!(bench.link.signal(run.execution, Kill));
    assert_eq!(run.over().await.end.kill, Some(Gone::Unsupported));
}

#[tokio::test]
async fn a_lost_connection_leaves_the_end_open() {
    let bench = Bench::ssh();
    let mut run = bench.start(bench.shell("echo before; exec sleep 60"));
    run.says("before\n").await;
    let record = run.started().await;
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", record.pid)).unwrap();
    let server = stat.rsplit(')').next().unwrap().split_whitespace().nth(1).unwrap();
    end_process(server.parse().unwrap());
    let over = run.over().await;
    assert_eq!((over.end.end, over.end.unreachable), (End::Unknown, false), "it has begun");
    assert_eq!(over.out(), "before\n");
    assert!(over.error().contains("node"), "{}", over.error());
    until("nobody is left to end it, so it ends", || !lives(record.pid)).await;
}
