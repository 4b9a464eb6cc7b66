//! Nodes that can be reached, in their own ways, and nodes that cannot.

use std::net::TcpListener;
use std::time::Duration;

use station::port::StopSignal::Terminate;
use station::port::{Link as _, RunRequest};
use station_core::model::{CommandLine, End, Node};

use crate::bench::{Bench, node, pairs};

/// A request for another node than the bench's own.
fn on(bench: &Bench, node: Node, text: &str) -> RunRequest {
    let mut request = bench.request(CommandLine::Shell(text.to_owned()));
    request.node = Some(Box::new(node));
    request
}

#[tokio::test]
async fn what_was_captured_here_stays_here_but_for_the_environment_given() {
    let bench = Bench::ssh();
    let folder = tempfile::tempdir().unwrap();
    let want = bench.run_shell("pwd; umask; nice; echo $USER 1").await.out();
    let mut request = bench.shell("pwd; umask; nice; echo $USER $OF_HERE");
    request.context.cwd = Some(folder.path().to_str().unwrap().as_bytes().to_vec());
    request.context.umask = Some(0o077);
    request.context.nice = 5;
    request.context.env = Some(pairs(&[("OF_HERE", "1")]));
    let over = bench.run(request).await;
    assert_eq!((over.out(), over.err()), (want, String::new()));
}

#[tokio::test]
async fn one_table_serves_this_machine_and_nodes() {
    let bench = Bench::ssh();
    let mut here = bench.shell("echo ${SSH_CONNECTION:-here}; exec sleep 60");
    here.node = None;
    let mut here = bench.start(here);
    here.says("here\n").await;
    let there = bench.run_shell("echo $SSH_CONNECTION").await;
    assert!(there.out().starts_with("127.0.0.1 "), "{}", there.out());
    assert!(bench.link.signal(here.execution, Terminate));
    assert_eq!(here.over().await.end.end, End::Signal(15));
}

#[tokio::test]
async fn a_node_that_cannot_be_reached_is_said_to_be() {
    let bench = Bench::ssh();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let closed = Node { port: Some(free), ..node("node") };
    let unknown = node("no-such-host.invalid");
    let stranger = Node { user: Some("no-such-user".to_owned()), ..node("node") };
    for (node, words) in [(closed, "refused"), (unknown, "no-such-host"), (stranger, "node")] {
        let over = bench.run(on(&bench, node.clone(), "echo ran")).await;
        assert_eq!((over.end.end, over.end.unreachable), (End::NotStarted, true), "{node:?}");
        assert!(over.error().contains(words), "{}", over.error());
        assert_eq!((over.out(), over.err(), over.end.kill), (String::new(), String::new(), None));
        assert!(over.seen.record.is_none());
    }
}

#[tokio::test]
async fn a_silent_node_is_given_up_in_time() {
    let bench = Bench::ssh_with(|config| config.connect_timeout = Duration::from_secs(1));
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = Some(silent.local_addr().unwrap().port());
    let over = bench.run(on(&bench, Node { port, ..node("node") }, "true")).await;
    assert_eq!((over.end.end, over.end.unreachable), (End::NotStarted, true), "{}", over.error());
}

#[tokio::test]
async fn what_cannot_be_an_address_is_no_fault_of_a_node() {
    let bench = Bench::ssh();
    for address in ["-oProxyCommand=true", "", "two words"] {
        let over = bench.run(on(&bench, node(address), "true")).await;
        assert_eq!((over.end.end, over.end.unreachable), (End::NotStarted, false));
        assert!(over.error().contains("is no address"), "{}", over.error());
    }
}

#[tokio::test]
async fn no_ssh_here_is_no_fault_of_a_node() {
    let bench = Bench::ssh_with(|config| config.client.ssh = "/no/bin/ssh".into());
    let over = bench.run_shell("true").await;
    assert_eq!((over.end.end, over.end.unreachable), (End::NotStarted, false));
    assert!(over.error().contains("ssh"), "{}", over.error());
}

#[tokio::test]
async fn a_node_without_guard_runs_commands_too() {
    let bench = Bench::ssh();
    let plain = Node { guard: false, ..node("node") };
    let over = bench.run(on(&bench, plain, "echo out; echo err >&2; sleep 0.1; exit 3")).await;
    assert_eq!((over.out(), over.err()), ("out\n".to_owned(), "err\n".to_owned()));
    assert_eq!((over.end.end, over.end.kill), (End::Exit(3), None));
    assert!(over.seen.record.is_none(), "nobody could end it there");
}
