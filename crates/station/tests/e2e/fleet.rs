//! `station exec --on`: a command on many nodes at once, each of them a real sshd.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::sshd::Sshd;
use crate::support::{Site, is_alive};

/// A daemon with node1 to node5, which are this server, and `gone`, where nothing listens.
fn site(server: &Sshd) -> Site {
    let mut site = Site::new();
    let mut command = site.station();
    command.env("STATION_SSH_CONFIG", server.config());
    site.start_as(command, &[]);
    site.ok(["node", "add", "node[1-5]", "--group", "lab"]);
    site.ok(["node", "add", "gone", "127.0.0.1", "--port", "1", "--group", "lab"]);
    site
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The lines, in an order of their own.
fn sorted(bytes: &[u8]) -> Vec<String> {
    let mut lines: Vec<String> = text(bytes).lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// What tells each node by its number: the commands of one firing differ in nothing else.
const NUMBER: &str = "n=${STATION_EXECUTION##*.}";

fn exec(site: &Site, args: &[&str]) -> Output {
    site.station().arg("exec").args(args).output().unwrap()
}

#[test]
fn each_node_is_heard_and_each_failure_told() {
    let server = Sshd::start();
    let site = site(&server);
    // Executions are numbered in the order of the names: gone is the first.
    let command = format!("{NUMBER}; echo out; printf part >&2; [ $n != 4 ] || exit 2");
    let ran = exec(&site, &["--on", "@lab", "--", &command]);
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    let nodes = 1..=5;
    let out: Vec<String> = nodes.clone().map(|n| format!("node{n}: out")).collect();
    assert_eq!(sorted(&ran.stdout), out, "{ran:?}");
    let (gone, rest): (Vec<_>, Vec<_>) =
        sorted(&ran.stderr).into_iter().partition(|line| line.starts_with("gone: "));
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert!(gone[0].to_lowercase().contains("refused"), "{gone:?}");
    let mut expected: Vec<String> = nodes.map(|n| format!("node{n}: part")).collect();
    expected.push("node3: exited with status 2".to_owned());
    expected.sort();
    assert_eq!(rest, expected);

    // Once more where it failed; node3 is the first of its firing now but for gone.
    let again = exec(&site, &["--retry-failed"]);
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    assert_eq!(text(&again.stdout), "node3: out\n");
    assert!(
        text(&again.stderr).starts_with("station: job 1 once more, on gone,node3\n"),
        "{again:?}"
    );
    assert_eq!(site.get("/api/scheduler/jobs/2")["job"]["target"], "gone,node3");
}

#[test]
fn equal_outputs_are_printed_once_and_every_node_is_named() {
    let server = Sshd::start();
    let site = site(&server);
    let command =
        format!("{NUMBER}; [ $n = 3 ] && echo other || echo same; [ $n != 5 ] || kill -9 $$");
    let ran = exec(&site, &["-b", "--on", "@lab", "--", &command]);
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    let out = text(&ran.stdout);
    let rule = "---------------";
    let expected = format!(
        "{rule}\nnode[1,3,5] (3)\n{rule}\nsame\n{rule}\nnode2 (1)\n{rule}\nother\n{rule}\ngone (1): "
    );
    assert!(out.starts_with(&expected), "{out}");
    assert!(out.contains(&format!("\nnode4 (1): ended by signal 9\n{rule}\nsame\n")), "{out}");
    assert_eq!(out.matches("node4").count(), 1, "{out}");
}

#[test]
fn input_scripts_and_variables_reach_every_node() {
    let server = Sshd::start();
    let site = site(&server);
    let mut child = site
        .station()
        .args(["exec", "--on", "node[1-2]", "--stdin", "--env", "GREETING=it's", "--"])
        .arg("cat; printf %s \"$GREETING\"")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"first\nlast\n").unwrap();
    let ran = child.wait_with_output().unwrap();
    let expected = [
        "node1: first",
        "node1: it's",
        "node1: last",
        "node2: first",
        "node2: it's",
        "node2: last",
    ];
    assert_eq!(
        (ran.status.code(), sorted(&ran.stdout)),
        (Some(0), expected.map(str::to_owned).to_vec())
    );

    let script = site.scratch().join("count.sh");
    std::fs::write(&script, "#!/bin/bash\nfor word in \"$@\"; do echo \"$word\"; done\nexit 3\n")
        .unwrap();
    let script = script.to_str().unwrap();
    let ran = exec(&site, &["--on", "node1", "--script", script, "--", "-a", "b c"]);
    assert_eq!(
        (ran.status.code(), text(&ran.stdout)),
        (Some(1), "node1: -a\nnode1: b c\n".to_owned())
    );
    assert_eq!(text(&ran.stderr), "node1: exited with status 3\n");
}

#[test]
fn json_tells_every_event_and_the_end_last() {
    let server = Sshd::start();
    let site = site(&server);
    let ran = exec(&site, &["--json", "--on", "gone,node1", "--", "echo hello"]);
    let events: Vec<Value> =
        text(&ran.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let output: Vec<&Value> = events.iter().filter(|event| event["event"] == "output").collect();
    assert_eq!(output.len(), 1, "{events:?}");
    assert_eq!((&output[0]["node"], &output[0]["text"]), (&json!("node1"), &json!("hello\n")));
    let ends = |node: &str| {
        let of = |event: &&Value| event["event"] == "execution" && event["node"] == node;
        events.iter().rfind(of).unwrap()["status"].clone()
    };
    assert_eq!((ends("gone"), ends("node1")), (json!("failed"), json!("completed")));
    let end = events.last().unwrap();
    assert_eq!((&end["event"], &end["status"]), (&json!("end"), &json!("failed")));
    assert_eq!(end["firing"]["counts"], json!({"completed": 1, "failed": 1}));
}

/// Starts it, and reads from its lines the process that each node has begun.
fn begin(mut command: Command, nodes: usize) -> (Child, Vec<i32>) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let pid = |line: String| line.split(": ").nth(1).unwrap().parse().unwrap();
    let pids = (0..nodes).map(|_| pid(lines.next().unwrap().unwrap())).collect();
    (child, pids)
}

fn interrupt(child: &Child) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
}

#[test]
fn an_interruption_ends_the_processes_on_all_nodes() {
    let server = Sshd::start();
    let site = site(&server);
    let mut command = site.station();
    command.args(["exec", "--on", "node[1-3]", "--", "echo $$; exec sleep 1000"]);
    let (child, pids) = begin(command, 3);
    assert!(pids.iter().all(|pid| is_alive(*pid)), "{pids:?}");
    interrupt(&child);
    let ran = child.wait_with_output().unwrap();
    assert_eq!(ran.status.code(), Some(130), "{ran:?}");
    let said = text(&ran.stderr);
    for node in ["node1", "node2", "node3"] {
        let line =
            said.lines().find(|line| line.starts_with(&format!("{node}: cancelled"))).unwrap();
        assert!(line.contains("gone"), "{said}");
    }
    assert!(said.ends_with("station: interrupted: job 1 is cancelled\n"), "{said}");
    assert!(!pids.iter().any(|pid| is_alive(*pid)), "{pids:?}: {said}");
}

#[test]
fn an_interruption_ends_what_ignores_sigterm_in_dash_bash_and_busybox() {
    for shell in ["dash", "bash", "ash"] {
        let shells = tempfile::tempdir().unwrap();
        let path = shells.path().join(shell);
        let program = if shell == "ash" { "/bin/busybox" } else { shell };
        std::os::unix::fs::symlink(std::path::Path::new("/bin").join(program), &path).unwrap();
        let path = path.display();
        let server = Sshd::with(&[
            &format!("ForceCommand exec {path} -c \"$SSH_ORIGINAL_COMMAND\""),
            &format!("SetEnv SHELL={path}"),
        ]);
        let site = site(&server);
        let mut command = site.station();
        let stubborn = "trap '' TERM; echo $$; sh -c 'echo $$; while :; do sleep 60; done' & \
                        while :; do sleep 60; done";
        command.args(["exec", "--on", "node[1-2]", "--", stubborn]);
        let (child, pids) = begin(command, 4);
        assert!(pids.iter().all(|pid| is_alive(*pid)), "{shell}: {pids:?}");
        interrupt(&child);
        let ran = child.wait_with_output().unwrap();
        assert_eq!(ran.status.code(), Some(130), "{shell}: {ran:?}");
        assert!(!pids.iter().any(|pid| is_alive(*pid)), "{shell}: {pids:?}: {ran:?}");
        let job = site.json(["show", "1", "--json"]);
        for one in job["executions"].as_array().unwrap() {
            assert_eq!((&one["status"], &one["kill"]), (&json!("cancelled"), &json!("killed")));
        }
    }
}

#[test]
fn output_that_nobody_reads_any_more_ends_the_command_there() {
    let server = Sshd::start();
    let site = site(&server);
    for on in ["node[1-2]", "local"] {
        let mut command = site.station();
        // At its own pace, so that the reader is gone when the next lines come.
        command.args(["exec", "--on", on, "--", "echo a: $$; while sleep 0.1; do echo; done"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ran = child.wait_with_output().unwrap();
        assert_eq!(ran.status.code(), Some(1), "{on}: {ran:?}");
        let pid: i32 = line.rsplit(": ").next().unwrap().trim().parse().unwrap();
        let id = if on == "local" { "2" } else { "1" };
        site.wait_status(id, &["cancelled"]);
        assert!(!is_alive(pid), "{on}: {line}");
    }
}

#[test]
fn without_a_daemon_the_command_line_does_it_itself() {
    let server = Sshd::start();
    let mut site = site(&server);
    site.signal(Signal::TERM);
    site.ended();
    let mut command = site.station();
    command.env("STATION_SSH_CONFIG", server.config());
    command.args([
        "exec",
        "--on",
        "node[1-2]",
        "--",
        "echo $$; trap '' TERM; sleep 1000; sleep 1000",
    ]);
    let (child, pids) = begin(command, 2);
    interrupt(&child);
    let ran = child.wait_with_output().unwrap();
    assert_eq!(ran.status.code(), Some(130), "{ran:?}");
    assert!(!pids.iter().any(|pid| is_alive(*pid)), "{pids:?}: {ran:?}");
    assert_eq!(site.json(["show", "1", "--json"])["status"], "cancelled");
}

#[test]
fn a_timeout_is_each_nodes_own() {
    let server = Sshd::start();
    let site = site(&server);
    let command = format!("{NUMBER}; [ $n = 1 ] || exec sleep 1000");
    let ran = exec(&site, &["--timeout", "4s", "--on", "node[1-2]", "--", &command]);
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    let said = text(&ran.stderr);
    assert!(said.starts_with("node2: timed out after ") && said.contains(" gone"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}
