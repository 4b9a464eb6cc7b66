//! §16.6 and §16.7 of the design: the registry, and how nodes are reached.
#![cfg(test)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use station_remote::{Client, ClientConfig, Node, NodeKind};

#[path = "support/rig.rs"]
#[expect(dead_code, reason = "each test uses a part of it")]
mod rig;

use rig::{Rig, options, patient, soon};

fn names() -> Vec<String> {
    Node::instances().iter().map(|node| node.name().to_owned()).collect()
}

/// The test binary runs each test in a thread or process of its own, so that names tell them apart.
fn is_listed(name: &str) -> bool {
    names().iter().any(|listed| listed == name)
}

#[test]
fn s16_6_a_node_that_is_held_is_listed() {
    let held = Node::builder("held", "192.0.2.1").build().unwrap();
    let more = Arc::clone(&held);
    drop(held);
    assert!(is_listed("held"));
    drop(more);
    assert!(!is_listed("held"));
}

#[tokio::test]
async fn s16_6_neither_a_session_nor_an_open_console_keeps_a_node() {
    let rig = Rig::start();
    let node = rig.builder("node1").console_command("echo $$; exec sleep 1000").build().unwrap();
    let session = node.session();
    soon(node.open_console(true)).await.unwrap();
    assert!(is_listed("node1"));
    drop(node);
    assert!(!is_listed("node1"));
    assert!(session.post_cmd("true", options(patient(), vec![])).await.success());
}

/// A program that writes down its arguments, one a line, and answers.
fn double(directory: &Path) -> PathBuf {
    let path = directory.join("double");
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >'{}'\necho answer\nexit 3\n",
        directory.join("argv").display()
    );
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn words(node: &Node, command: &str) -> Vec<String> {
    node.argv(command).iter().map(|word| word.to_str().unwrap().to_owned()).collect()
}

fn client() -> Client {
    Client::new(ClientConfig { config_file: None, ..ClientConfig::from_env() })
}

#[test]
fn s16_7_ssh_argv() {
    let node = Node::builder("pi", "192.168.1.39").client(&client()).build().unwrap();
    assert_eq!(words(&node, "uname -r"), ["/usr/bin/ssh", "root@192.168.1.39", "uname -r"]);
    assert!(node.control_master());
    let file = Some("rig.conf".into());
    let client = Client::new(ClientConfig { config_file: file, ..ClientConfig::from_env() });
    let other = Node::builder("pi", "pi").user_from_config().port(2222).control_master(false);
    let other = other.client(&client).build().unwrap();
    assert_eq!(words(&other, "ls"), ["/usr/bin/ssh", "-F", "rig.conf", "-p", "2222", "pi", "ls"]);
    assert!(!other.control_master());
}

#[test]
fn s16_7_ush_argv_has_no_user_and_no_control_master() {
    let node = Node::builder("ap", "192.168.1.1").kind(NodeKind::Ush).control_master(true);
    let node = node.client(&client()).build().unwrap();
    assert_eq!(words(&node, "wl assoc"), ["/usr/local/bin/ush", "192.168.1.1", "wl assoc"]);
    assert!(!node.control_master());
}

#[test]
fn s16_7_relay_argv() {
    let node = Node::builder("ap", "10.0.0.5").kind(NodeKind::Ush).relay("bench-pc");
    let node = node.client(&client()).build().unwrap();
    let expected =
        ["/usr/bin/ssh", "root@bench-pc", "/usr/local/bin/ush", "10.0.0.5", "'wl it'\\''s'"];
    assert_eq!(words(&node, "wl it's"), expected);
    let node = Node::builder("behind", "10.0.0.5").relay("me@jump").client(&client());
    let node = node.build().unwrap();
    let expected = ["/usr/bin/ssh", "me@jump", "/usr/bin/ssh", "root@10.0.0.5", "'ls'"];
    assert_eq!(words(&node, "ls"), expected);
    assert!(!node.control_master());
}

#[tokio::test]
async fn s16_7_ush_is_run_as_its_argv_says() {
    let directory = tempfile::tempdir().unwrap();
    let config = ClientConfig {
        ush: double(directory.path()),
        config_file: None,
        ..ClientConfig::from_env()
    };
    let node = Node::builder("ap", "192.168.1.1").kind(NodeKind::Ush).silent(true);
    let node = node.client(&Client::new(config)).build().unwrap();
    let session = soon(node.rexec("wl 'assoc list'", options(patient(), vec![]))).await;
    assert_eq!(session.outcome().unwrap().code(), Some(3));
    assert_eq!(session.results().text(), "answer\n");
    let argv = std::fs::read_to_string(directory.path().join("argv")).unwrap();
    assert_eq!(argv, "192.168.1.1\nwl 'assoc list'\n");
}

#[test]
fn a_node_says_what_it_was_told() {
    let node = Node::builder("rig", "10.0.0.2").device("eth1").devip("10.1.0.2").silent(true);
    let node = node.build().unwrap();
    assert_eq!(
        (node.device(), node.devip(), node.silent()),
        (Some("eth1"), Some("10.1.0.2"), true)
    );
    assert_eq!(node.route().user.as_deref(), Some("root"));
}
