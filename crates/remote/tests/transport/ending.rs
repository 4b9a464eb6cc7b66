//! Nothing is left: neither when the last client is dropped, nor when its program is killed.

use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Pid;
use station_remote::{Client, NodeKind, Request, Route};

use super::running::{Setup, config, gone, number, private, processes, request};
use super::sshd::Sshd;

const KEEPER: &str = "station-ssh-keeper";

/// A command that runs until its input ends.
fn listening() -> Request {
    Request { stdin: true, ..request("echo $$; exec cat") }
}

/// The processes of a client: masters, plain `ssh`s, the keeper.
fn all(dir: &std::path::Path) -> Vec<Pid> {
    ["-M", "-E", KEEPER].into_iter().flat_map(|argument| processes(dir, argument)).collect()
}

#[tokio::test]
async fn the_last_client_dropped_leaves_nothing() {
    let Setup { server, dir, client } = Setup::new(&[]);
    let mut running = Vec::new();
    for node in ["node1", "node2", "node3"] {
        let route = Route { multiplex: node != "node3", ..Route::ssh(node) };
        let mut command = client.start(&route, listening()).await.unwrap();
        number(&mut command).await;
        running.push(command);
    }
    let before = all(dir.path());
    assert_eq!(before.len(), 4, "two masters, an ssh, the keeper");
    let clone = client.clone();
    drop(client);
    assert_eq!(all(dir.path()).len(), 4, "a client is left");
    drop(clone);
    assert_eq!(all(dir.path()).len(), 4, "its commands are clients too");
    drop(running);
    gone(before).await;
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    drop(server);
}

#[tokio::test]
async fn a_dropped_plain_command_leaves_nothing() {
    let server = Sshd::start();
    let ush = server.file("ush");
    std::fs::write(&ush, "#!/bin/sh\necho $$\nsleep 600 &\nwait\n").unwrap();
    Command::new("chmod").arg("755").arg(&ush).status().unwrap();
    let setup = Setup::with(server, |config| config.ush = ush);
    let ush = Route { kind: NodeKind::Ush, ..Route::ssh("192.168.1.1") };
    let mut running = setup.client.start(&ush, request("x")).await.unwrap();
    let pid = Pid::from_raw(number(&mut running).await).unwrap();
    let children = format!("/proc/{0}/task/{0}/children", pid.as_raw_pid());
    let child = loop {
        let text = std::fs::read_to_string(&children).unwrap();
        if let Some(child) = text.split_whitespace().next() {
            break Pid::from_raw(child.parse().unwrap()).unwrap();
        }
        tokio::task::yield_now().await;
    };
    drop(running);
    gone(vec![pid, child]).await;
}

/// The environment variables by which this test runs itself as the program to be killed.
const ROLE: [&str; 3] = ["STATION_TEST_HOLD", "STATION_TEST_CONFIG", "STATION_TEST_DIRECTORY"];

#[tokio::test]
async fn a_killed_program_leaves_nothing() {
    if std::env::var_os(ROLE[0]).is_some() {
        return hold().await;
    }
    let server = Sshd::start();
    let dir = private();
    let mut program = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "ending::a_killed_program_leaves_nothing", "--nocapture"])
        .env(ROLE[0], "1")
        .env(ROLE[1], server.config())
        .env(ROLE[2], dir.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = std::io::BufReader::new(program.stdout.take().unwrap());
    let ready = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        while !line.contains("READY") {
            line.clear();
            let read = std::io::BufRead::read_line(&mut output, &mut line).unwrap();
            assert!(read > 0, "the program ended too early");
        }
        output
    });
    let output = ready.await.unwrap();
    let before = all(dir.path());
    assert_eq!(before.len(), 3, "a master, an ssh, the keeper");
    program.kill().unwrap();
    program.wait().unwrap();
    gone(before).await;
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    drop((output, server));
}

/// The program: it runs two commands until it is killed.
async fn hold() {
    let variable = |index: usize| std::path::PathBuf::from(std::env::var_os(ROLE[index]).unwrap());
    let config = station_remote::ClientConfig {
        config_file: Some(variable(1)),
        directory: Some(variable(2)),
        ..station_remote::ClientConfig::from_env()
    };
    let client = Client::new(config);
    let mut running = Vec::new();
    for multiplex in [true, false] {
        let route = Route { multiplex, ..Route::ssh("node") };
        let mut command = client.start(&route, listening()).await.unwrap();
        number(&mut command).await;
        running.push(command);
    }
    println!("READY");
    tokio::time::sleep(Duration::from_secs(60)).await;
    drop(running);
}

#[test]
fn a_client_outside_of_a_runtime_is_no_trouble() {
    let server = Sshd::start();
    let dir = private();
    drop(Client::new(config(&server, dir.path())));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}
