//! Connections that are lost, and how the next command finds another.

use std::os::unix::net::UnixListener;

use rustix::process::Pid;
use station_remote::{Kill, Route};

use super::running::{Setup, gone, kill, number, processes, request, rest, run};

/// Starts a command that would run for a minute; its process there, and the sshd's that runs it.
async fn long(setup: &Setup, route: &Route) -> (station_remote::Running, Pid, Pid) {
    let mut running =
        setup.client.start(route, request("echo $$; echo $PPID; exec sleep 60")).await.unwrap();
    let mut buffer = Vec::new();
    while buffer.iter().filter(|byte| **byte == b'\n').count() < 2 {
        running.read(&mut buffer).await;
    }
    let text = String::from_utf8(buffer).unwrap();
    let pids: Vec<Pid> =
        text.lines().filter_map(|line| Pid::from_raw(line.parse().unwrap())).collect();
    (running, pids[0], pids[1])
}

#[tokio::test]
async fn a_master_killed_under_a_command_is_a_lost_connection() {
    let setup = Setup::new(&[]);
    let (running, command, _) = long(&setup, &Route::ssh("node")).await;
    setup.masters().into_iter().for_each(kill);
    let output = rest(running).await;
    assert!(output.lost().contains("connection to node was lost"), "{output:?}");
    assert!(output.lost().contains("was ended by signal 9"), "{output:?}");
    assert_eq!(output.ended.kill, Some(Kill::Unsupported), "it has no guard");
    assert_eq!(setup.run("echo again").await.stdout, "again\n");
    kill(command);
}

#[tokio::test]
async fn an_sshd_killed_under_a_command_is_a_lost_connection() {
    let setup = Setup::new(&[]);
    for route in [Route::ssh("node"), Route { multiplex: false, ..Route::ssh("node") }] {
        let (running, command, sshd) = long(&setup, &route).await;
        kill(sshd);
        let output = rest(running).await;
        assert!(output.lost().contains("connection"), "{output:?}");
        assert_eq!(output.ended.kill, Some(Kill::Unsupported), "it has no guard");
        if route.multiplex {
            assert_eq!(output.stderr, "", "nothing of ssh's own");
        }
        assert_eq!(run(&setup.client, &route, "echo again").await.unwrap().stdout, "again\n");
        kill(command);
    }
}

#[tokio::test]
async fn a_command_ended_by_a_signal_is_no_lost_connection() {
    let setup = Setup::new(&[]);
    assert_eq!(setup.run("kill -KILL $$").await.exit(), 255);
    assert_eq!(setup.run("true").await.exit(), 0);
    assert_eq!(setup.logins(), 1, "the connection is still there");
}

#[tokio::test]
async fn a_socket_that_nobody_listens_at_is_healed() {
    let setup = Setup::new(&[]);
    assert_eq!(setup.run("true").await.exit(), 0);
    let inner = std::fs::read_dir(setup.dir.path()).unwrap().next().unwrap().unwrap().path();
    let is_socket = |path: &std::path::PathBuf| path.extension().is_none();
    let socket = std::fs::read_dir(inner).unwrap().map(|e| e.unwrap().path()).find(is_socket);
    let socket = socket.unwrap();
    std::fs::remove_file(&socket).unwrap();
    drop(UnixListener::bind(&socket).unwrap());
    assert_eq!(setup.run("echo healed").await.stdout, "healed\n");
    assert_eq!(setup.logins(), 2);
}

#[tokio::test]
async fn a_master_killed_between_commands_is_replaced() {
    let setup = Setup::new(&[]);
    for round in 1..4 {
        assert_eq!(setup.run("true").await.exit(), 0);
        assert_eq!(setup.logins(), round);
        setup.masters().into_iter().for_each(kill);
    }
}

#[tokio::test]
async fn a_master_that_does_not_answer_is_replaced() {
    let setup = Setup::new(&[]);
    assert_eq!(setup.run("true").await.exit(), 0);
    let stopped = setup.masters();
    for pid in &stopped {
        rustix::process::kill_process(*pid, rustix::process::Signal::STOP).unwrap();
    }
    assert_eq!(setup.run("echo healed").await.stdout, "healed\n");
    gone(stopped).await;
}

#[tokio::test]
async fn a_directory_that_was_tidied_up_is_made_anew() {
    let setup = Setup::new(&[]);
    assert_eq!(setup.run("true").await.exit(), 0);
    let inner = std::fs::read_dir(setup.dir.path()).unwrap().next().unwrap().unwrap().path();
    std::fs::remove_dir_all(inner).unwrap();
    assert_eq!(setup.run("echo healed").await.stdout, "healed\n");
}

#[tokio::test]
async fn a_killed_keeper_is_replaced() {
    let setup = Setup::new(&[]);
    assert_eq!(setup.run("true").await.exit(), 0);
    let keepers = processes(setup.dir.path(), "station-ssh-keeper");
    assert_eq!(keepers.len(), 1);
    keepers.iter().copied().for_each(kill);
    gone(keepers).await;
    let route = Route::ssh("node2");
    assert_eq!(run(&setup.client, &route, "true").await.unwrap().exit(), 0);
    assert_eq!(processes(setup.dir.path(), "station-ssh-keeper").len(), 1);
    let mut running = setup.client.start(&route, request("echo $$; cat")).await.unwrap();
    assert!(number(&mut running).await > 0);
}
