//! Ways that lead through another host, and `ush`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use station_remote::{FailureKind, NodeKind, Route};

use super::running::{Setup, run};
use super::sshd::Sshd;

/// An ssh_config by which `far` is the second server, behind the first one.
fn behind(first: &Sshd, second: &Sshd, jump: &str) -> PathBuf {
    let far = fs::read_to_string(second.config()).unwrap().replace("Host node*", "Host far");
    let far = far.split("Host 127").next().unwrap().to_owned();
    let near = fs::read_to_string(first.config()).unwrap();
    let path = first.file("jump_config");
    fs::write(&path, format!("{far}  ProxyJump {jump}\n{near}")).unwrap();
    path
}

#[tokio::test]
async fn a_jump_host_of_ssh_config() {
    let second = Sshd::start();
    let first = Sshd::start();
    let config = behind(&first, &second, "node");
    let setup = Setup::with(first, |used| used.config_file = Some(config));
    for _ in 0..3 {
        let output = run(&setup.client, &Route::ssh("far"), "echo $SSH_CONNECTION").await.unwrap();
        assert!(output.stdout.trim().ends_with(&second.port().to_string()), "{output:?}");
    }
    let logins = second.log().matches("Accepted publickey").count();
    assert_eq!((setup.logins(), logins), (1, 1));
}

#[tokio::test]
async fn a_jump_host_that_is_down_is_the_trouble() {
    let second = Sshd::start();
    let first = Sshd::start();
    let config = behind(&first, &second, "127.0.0.1:1");
    let setup = Setup::with(first, |used| used.config_file = Some(config));
    let failure = run(&setup.client, &Route::ssh("far"), "true").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Relay, "{failure}");
    assert!(failure.message.contains("127.0.0.1 port 1: Connection refused"), "{failure}");
}

#[tokio::test]
async fn a_host_that_a_jump_host_cannot_reach_is_the_trouble_itself() {
    let second = Sshd::start();
    let first = Sshd::start();
    let config = behind(&first, &second, "node");
    let setup = Setup::with(first, |used| used.config_file = Some(config));
    let route = Route { port: Some(1), ..Route::ssh("far") };
    let failure = run(&setup.client, &route, "true").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused, "{failure}");
    assert!(failure.message.starts_with("the jump host of far cannot reach it"), "{failure}");
}

/// A relay on which `ssh` has a configuration of its own, by which it knows the second server.
fn relay(second: &Sshd) -> Sshd {
    let home = second.file("home");
    let config = second.config();
    // A function of its shell: the program itself would look into the home of the user database.
    let function =
        format!("/usr/bin/ssh() {{ command /usr/bin/ssh -F {} \"$@\"; }}\n", config.display());
    fs::write(home.join(".bashrc"), function).unwrap();
    Sshd::with(&[&format!("SetEnv HOME={}", home.display())])
}

fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn ssh_on_a_relay_reaches_the_node_behind_it() {
    let second = Sshd::start();
    let setup = Setup::with(relay(&second), |_| {});
    let route = Route { relay: Some("node".to_owned()), ..Route::ssh("node7") };
    let command = "printf '%s\\n' \"it's \\$HOME\"; echo $SSH_CONNECTION; exit 3";
    let output = run(&setup.client, &route, command).await.unwrap();
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(lines.first(), Some(&"it's $HOME"), "{output:?}");
    assert!(lines[1].ends_with(&second.port().to_string()), "{output:?}");
    assert_eq!(output.exit(), 3);
    assert_eq!(second.log().matches("Accepted publickey").count(), 1);
}

#[tokio::test]
async fn a_relay_that_is_down_is_the_trouble() {
    let setup = Setup::with(Sshd::start(), |config| config.options = vec!["Port=1".to_owned()]);
    let route = Route { relay: Some("node".to_owned()), ..Route::ssh("node7") };
    let failure = run(&setup.client, &route, "true").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Relay, "{failure}");
    let start = "the relay node, on the way to node7, is the trouble: node refuses connections";
    assert!(failure.message.starts_with(start), "{failure}");
}

/// A program that tells its arguments, one in a line.
const RECORDER: &str = "for word; do echo \"[$word]\"; done";

#[tokio::test]
async fn ush_gets_the_address_and_the_command() {
    let server = Sshd::start();
    let ush = server.file("ush");
    script(&ush, RECORDER);
    let setup = Setup::with(server, |config| config.ush = ush);
    let route = Route { kind: NodeKind::Ush, ..Route::ssh("192.168.1.1") };
    let output = run(&setup.client, &route, "/bin/dump 'a b'; x").await.unwrap();
    assert_eq!(output.stdout, "[192.168.1.1]\n[/bin/dump 'a b'; x]\n");
    assert_eq!(output.exit(), 0);
}

#[tokio::test]
async fn ush_runs_on_the_relay() {
    let server = Sshd::start();
    let ush = server.file("ush");
    script(&ush, RECORDER);
    let setup = Setup::with(server, |config| config.ush = ush);
    let relay = Some("node".to_owned());
    let route = Route { kind: NodeKind::Ush, relay, ..Route::ssh("192.168.1.1") };
    let output = run(&setup.client, &route, "/bin/dump 'a b'; x").await.unwrap();
    assert_eq!(output.stdout, "[192.168.1.1]\n[/bin/dump 'a b'; x]\n");
    assert_eq!(setup.logins(), 1, "on the relay");
}

#[tokio::test]
async fn the_arguments_of_ssh_to_a_relay() {
    let server = Sshd::start();
    let ssh = server.file("ssh");
    script(&ssh, RECORDER);
    let setup = Setup::with(server, |config| config.ssh = ssh);
    let relay = Some("pc".to_owned());
    let route = Route { kind: NodeKind::Ush, relay, ..Route::ssh("192.168.1.1") };
    let output = run(&setup.client, &route, "date; x").await.unwrap();
    let words: Vec<&str> = output.stdout.lines().collect();
    let host = words.iter().position(|word| *word == "[--]").unwrap();
    let expected = ["[--]", "[root@pc]", "[/usr/local/bin/ush 192.168.1.1 'date; x']"];
    assert_eq!(words[host..], expected);
}
