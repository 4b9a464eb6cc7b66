//! The three time limits.

use std::net::TcpListener;
use std::time::Duration;

use station_remote::{Client, ClientConfig, End, Node, Stopped, Timeouts, channel};

use super::rig::{Rig, Seen, options, patient, pid, soon};

#[tokio::test]
async fn s16_3_connect_timeout() {
    // It accepts, in its backlog, and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("config");
    let port = listener.local_addr().unwrap().port();
    std::fs::write(&file, format!("Host mute\n  HostName 127.0.0.1\n  Port {port}\n")).unwrap();
    let client = Client::new(ClientConfig { config_file: Some(file), ..ClientConfig::from_env() });
    let node = Node::builder("mute", "mute").silent(true).client(&client).build().unwrap();
    let limits = Timeouts { connect: Duration::from_millis(700), ..patient() };
    let session = soon(node.rexec("echo hello", options(limits, vec![]))).await;
    let outcome = session.outcome().unwrap();
    assert_eq!((outcome.end, outcome.stopped), (End::NeverStarted, Some(Stopped::ConnectTimeout)));
    assert!(outcome.is_abnormal() && outcome.failure.unwrap().message.contains("mute"));
    assert_eq!(session.results().total(), 0);
}

#[tokio::test]
async fn s16_3_wall_terminates() {
    let rig = Rig::start();
    let (sink, mut lines) = channel(1);
    let seen = Seen::default();
    let limits = Timeouts { wall: Some(Duration::from_secs(2)), ..patient() };
    // It never stops talking, so that only the wall limit can end it.
    let command = "echo $$; while :; do echo on; sleep 0.1; done";
    let run = async {
        let options = options(limits, vec![sink, seen.sink()]);
        rig.node("node").rexec(command, options).await
    };
    let watch = async {
        let process = pid(&mut lines).await;
        while lines.recv().await.is_some() {}
        process
    };
    let (session, process) = soon(async { tokio::join!(run, watch) }).await;
    let outcome = session.outcome().unwrap();
    assert_eq!(outcome.stopped, Some(Stopped::WallTimeout), "{outcome}");
    assert!(seen.lines().len() > 1, "what it put out is kept");
    process.gone().await;
}

#[tokio::test]
async fn s16_3_io_idle_terminates() {
    let rig = Rig::start();
    let (sink, mut lines) = channel(10);
    let limits = Timeouts { idle: Some(Duration::from_secs(1)), ..patient() };
    let command = "echo $$; printf partial; sleep 1000";
    let session = soon(rig.node("node").rexec(command, options(limits, vec![sink]))).await;
    let outcome = session.outcome().unwrap();
    assert_eq!(outcome.stopped, Some(Stopped::IdleTimeout), "{outcome}");
    // The first line is the shell's id: it is gone by now, or will be.
    let shell: i32 = lines.recv().await.unwrap().text.parse().unwrap();
    assert_eq!(lines.recv().await.unwrap().text, "partial", "the drain still happens");
    assert!(!alive(shell), "{outcome}");
}

#[tokio::test]
async fn s16_3_io_idle_is_reset_by_bytes_not_lines() {
    let rig = Rig::start();
    let limits = Timeouts { idle: Some(Duration::from_millis(1500)), ..patient() };
    let command = "for i in 1 2 3 4 5 6 7 8; do printf .; sleep 0.3; done";
    let session = soon(rig.node("node").rexec(command, options(limits, vec![]))).await;
    let outcome = session.outcome().unwrap();
    assert!(outcome.success(), "{outcome}");
    assert_eq!(session.results().bytes(), b"........");
}

#[tokio::test]
async fn a_command_that_ignores_sigterm_is_killed_after_the_grace() {
    let rig = Rig::start();
    let (sink, mut lines) = channel(1);
    let limits = Timeouts { idle: Some(Duration::from_millis(700)), ..patient() };
    let command = "trap '' TERM; echo $$; while :; do sleep 1000; done";
    let run = async { rig.node("node").rexec(command, options(limits, vec![sink])).await };
    let (session, process) = soon(async { tokio::join!(run, pid(&mut lines)) }).await;
    let outcome = session.outcome().unwrap();
    assert_eq!(outcome.stopped, Some(Stopped::IdleTimeout), "{outcome}");
    process.gone().await;
}

/// Whether a process of this machine runs, a zombie not counted.
fn alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}
