//! Commands share connections.

use std::sync::Arc;
use std::time::Duration;

use station_remote::{FailureKind, Route};
use tokio::task::JoinSet;

use super::running::{Setup, gone, kill, number, request, run};
use super::sshd::Sshd;

#[tokio::test]
async fn warm_commands_use_one_connection() {
    let setup = Setup::new(&[]);
    for number in 0..20 {
        let output = setup.run(&format!("echo out; echo err >&2; exit {number}")).await;
        assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("out\n", "err\n"));
        assert_eq!(output.exit(), number);
    }
    assert_eq!(setup.logins(), 1);
}

#[tokio::test]
async fn each_configuration_has_a_connection_of_its_own() {
    let setup = Setup::new(&[]);
    let port = Some(setup.server.port());
    for route in [Route::ssh("node"), Route::ssh("node2"), Route { port, ..Route::ssh("node") }] {
        for _ in 0..2 {
            assert_eq!(run(&setup.client, &route, "true").await.unwrap().exit(), 0);
        }
    }
    assert_eq!(setup.logins(), 3);
}

/// Runs commands that wait for one another: each is there before any may end.
async fn together(setup: Setup, count: usize) -> Setup {
    let setup = Arc::new(setup);
    let meet = setup.dir.path().join("meet");
    let command = format!(
        "echo x >> {0}; while [ $(wc -l < {0}) -lt {count} ]; do sleep 0.05; done; echo $$",
        meet.display()
    );
    let mut commands = JoinSet::new();
    for _ in 0..count {
        let (setup, command) = (setup.clone(), command.clone());
        commands.spawn(async move { setup.run(&command).await });
    }
    while let Some(output) = commands.join_next().await {
        assert_eq!(output.unwrap().exit(), 0);
    }
    Arc::into_inner(setup).unwrap()
}

#[tokio::test]
async fn twenty_at_once_are_more_than_sshd_takes_on_a_connection() {
    let setup = together(Setup::new(&[]), 20).await;
    assert!((3..=4).contains(&setup.logins()), "{} logins", setup.logins());
    let log = setup.server.log();
    assert!(!log.contains("no more sessions"), "nothing was refused: {log}");
}

#[tokio::test]
async fn a_host_that_takes_two_sessions_is_asked_for_no_more() {
    let setup = together(Setup::new(&["MaxSessions 2"]), 5).await;
    assert!(setup.logins() >= 3, "{} logins", setup.logins());
}

#[tokio::test]
async fn a_host_that_takes_no_session_is_told_apart() {
    let setup = Setup::new(&["MaxSessions 0"]);
    let failure = run(&setup.client, &Route::ssh("node"), "true").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Sessions, "{failure}");
    assert!(failure.message.contains("node opens no session"), "{failure}");
}

#[tokio::test]
async fn a_place_is_taken_until_the_command_has_ended_there() {
    let setup = Setup::with(Sshd::with(&["MaxSessions 1"]), |config| config.sessions = 1);
    let mut running =
        setup.client.start(&Route::ssh("node"), request("echo $$; exec sleep 60")).await.unwrap();
    let pid = rustix::process::Pid::from_raw(number(&mut running).await).unwrap();
    drop(running);
    assert_eq!(setup.run("true").await.exit(), 0, "on another connection");
    assert_eq!(setup.logins(), 2);
    kill(pid);
    gone(vec![pid]).await;
}

#[tokio::test]
async fn all_who_want_a_host_share_one_attempt_and_its_failure() {
    let server = Sshd::start();
    let setup = Setup::with(server, |config| config.options = vec!["Port=1".to_owned()]);
    let setup = Arc::new(setup);
    let mut commands = JoinSet::new();
    for _ in 0..10 {
        let setup = setup.clone();
        commands.spawn(async move {
            run(&setup.client, &Route::ssh("node"), "true").await.unwrap_err().kind
        });
    }
    while let Some(kind) = commands.join_next().await {
        assert_eq!(kind.unwrap(), FailureKind::Refused);
    }
}

#[tokio::test]
async fn an_unused_connection_is_closed() {
    let idle = Duration::from_millis(300);
    let setup = Setup::with(Sshd::start(), |config| config.idle = idle);
    assert_eq!(setup.run("true").await.exit(), 0);
    gone(setup.masters()).await;
    assert_eq!(setup.run("true").await.exit(), 0);
    assert_eq!(setup.logins(), 2);
}

#[tokio::test]
async fn the_connection_unused_for_longest_makes_room() {
    let setup = Setup::with(Sshd::start(), |config| config.masters = 2);
    let mut first = Vec::new();
    for node in ["node1", "node2", "node3"] {
        assert_eq!(run(&setup.client, &Route::ssh(node), "true").await.unwrap().exit(), 0);
        if node == "node1" {
            first = setup.masters();
        }
    }
    assert_eq!(first.len(), 1);
    gone(first).await;
    assert_eq!(setup.masters().len(), 2);
}

#[tokio::test]
async fn a_command_without_a_connection_to_share_has_its_own() {
    let setup = Setup::new(&[]);
    let route = Route { multiplex: false, ..Route::ssh("node") };
    for _ in 0..2 {
        let output = run(&setup.client, &route, "echo out; echo err >&2; exit 255").await.unwrap();
        assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("out\n", "err\n"));
        assert_eq!(output.exit(), 255);
    }
    assert_eq!((setup.logins(), setup.masters().len()), (2, 0));
}

#[tokio::test]
async fn a_command_that_cannot_be_sent_is_refused() {
    let setup = Setup::new(&[]);
    for (command, why) in [("a\0b".to_owned(), "NUL"), ("x".repeat(300_000), "300000 bytes")] {
        let failure = run(&setup.client, &Route::ssh("node"), &command).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Invalid);
        assert!(failure.message.contains(why), "{failure}");
    }
    let long = format!("true {}", "x".repeat(100_000));
    assert_eq!(setup.run(&long).await.exit(), 0);
}
