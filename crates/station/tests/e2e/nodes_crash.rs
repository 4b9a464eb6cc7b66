//! A daemon that is killed while a command runs on a node: what ends it there, and what is said of
//! it when the daemon is back.

use std::path::PathBuf;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::sshd::Sshd;
use crate::support::{Site, is_alive, wait_for};

/// Neither it nor what it starts ends at SIGTERM; it tells both process ids.
const STUBBORN: &str = "trap '' TERM; sh -c 'while :; do sleep 60; done' & echo $$ $! up; \
                        while :; do sleep 60; done";

/// Starts a daemon whose ssh reads that configuration.
fn start(site: &mut Site, server: &Sshd) {
    let mut command = site.station();
    command.env("STATION_SSH_CONFIG", server.config());
    site.start_as(command, &[]);
}

/// What runs there, by its process ids.
fn begun(site: &Site) -> Vec<i32> {
    wait_for("the command to tell its processes", || {
        let printed = site.run(["logs", "1.1"]).stdout;
        let line = String::from_utf8(printed).unwrap();
        let (_, ids) = line.trim().strip_suffix(" up")?.split_once(": ")?;
        Some(ids.split(' ').map(|id| id.parse().unwrap()).collect())
    })
}

fn gone(pids: &[i32]) {
    wait_for("the processes on the node to be gone", || {
        (!pids.iter().any(|pid| is_alive(*pid))).then_some(())
    });
}

/// A server, a node of it and a stubborn command there, whose daemon is killed; what still runs.
fn killed_daemon(no_guard: bool) -> (Sshd, Site, Vec<i32>) {
    let server = Sshd::start();
    let mut site = Site::new();
    start(&mut site, &server);
    site.ok(["node", "add", "node1"]);
    if no_guard {
        site.ok(["node", "edit", "node1", "--no-guard"]);
    }
    site.ok(["at", "now", "--retries", "0", "--on", "node1", "--", STUBBORN]);
    let pids = begun(&site);
    assert!(pids.len() == 2 && pids.iter().all(|pid| is_alive(*pid)), "{pids:?}");
    site.kill();
    (server, site, pids)
}

/// How the execution ended: its status, what became of its processes, the sentence.
fn told(site: &Site) -> [String; 3] {
    let job = site.wait_status("1", &["interrupted", "failed", "completed"]);
    let one: &Value = &job["executions"][0];
    ["status", "kill", "error"].map(|key| one[key].as_str().unwrap_or("-").to_owned())
}

const SENTENCE: &str = "interrupted: the station stopped while it ran; when it came back, ";

#[test]
fn the_guard_ends_what_a_killed_daemon_ran() {
    let (server, mut site, pids) = killed_daemon(false);
    // No daemon is there: only the guard can have done it.
    gone(&pids);
    start(&mut site, &server);
    let expected = format!("{SENTENCE}none of it was left on node1");
    assert_eq!(told(&site), ["interrupted".to_owned(), "killed".to_owned(), expected]);
}

#[test]
fn a_daemon_that_is_back_at_once_ends_what_the_guard_has_not() {
    let (server, mut site, pids) = killed_daemon(false);
    start(&mut site, &server);
    let [status, kill, error] = told(&site);
    assert_eq!((&*status, &*kill), ("interrupted", "killed"), "{error}");
    // Who was first is open; that nothing is left is not.
    assert!(!pids.iter().any(|pid| is_alive(*pid)), "{error}");
    let said = error.strip_prefix(SENTENCE).unwrap_or_else(|| panic!("{error}"));
    let either = ["none of it was left on node1", "its processes on node1 were ended"];
    assert!(either.contains(&said), "{error}");
}

#[test]
fn without_a_guard_it_goes_on_and_that_is_said() {
    let (server, mut site, pids) = killed_daemon(true);
    start(&mut site, &server);
    let expected = format!("{SENTENCE}what was left of it on node1 was not ended: it had no guard");
    assert_eq!(told(&site), ["interrupted".to_owned(), "unsupported".to_owned(), expected]);
    assert!(pids.iter().all(|pid| is_alive(*pid)), "{pids:?}");
    for pid in &pids {
        kill_process(Pid::from_raw(*pid).unwrap(), Signal::KILL).unwrap();
    }
    gone(&pids);
}

#[test]
fn of_a_node_that_cannot_be_reached_nothing_is_known() {
    let (server, mut site, pids) = killed_daemon(false);
    gone(&pids);
    let config: PathBuf = server.config();
    drop(server);
    // The server is gone, and with it its configuration: the address is nobody's any more.
    let mut command = site.station();
    command.env("STATION_SSH_CONFIG", config);
    site.start_as(command, &[]);
    let [status, kill, error] = told(&site);
    assert_eq!((&*status, &*kill), ("interrupted", "unknown"), "{error}");
    let unknown = format!("{SENTENCE}what was left of it on node1 could not be learned: ");
    assert!(error.starts_with(&unknown) && error.len() > unknown.len(), "{error}");
}
