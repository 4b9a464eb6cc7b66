//! What runs print: followed live, byte for byte, bounded, and never a reason to hang.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};

use crate::support::{Site, is_alive, wait_for};
use rustix::process::{Pid, Signal, kill_process};

fn served() -> Site {
    let mut site = Site::new();
    site.start();
    site
}

fn spawn(site: &Site, args: &[&str]) -> Child {
    let mut command = site.station();
    command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn interrupt(child: &Child) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
}

fn rest(mut child: Child) -> (Option<i32>, String, String) {
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().map(|mut pipe| pipe.read_to_string(&mut out).unwrap());
    child.stderr.take().map(|mut pipe| pipe.read_to_string(&mut err).unwrap());
    (child.wait().unwrap().code(), out, err)
}

#[test]
fn logs_follow_live_and_end_with_the_run() {
    let site = served();
    let go = site.scratch().join("go");
    let text = format!("echo first; until [ -e {} ]; do sleep 0.02; done; echo last", go.display());
    site.ok(["at", "now", "--", &text]);
    let mut follower = spawn(&site, &["logs", "-f", "1"]);
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "first");
    assert_eq!(site.json(["show", "1", "--json"])["status"], "running");
    std::fs::write(&go, "").unwrap();
    assert_eq!(lines.next().unwrap().unwrap(), "last");
    assert!(lines.next().is_none());
    assert!(follower.wait().unwrap().success());
    // A pending job is waited for; an interruption of the watcher leaves it alone.
    site.ok(["at", "now + 1 second", "--", "echo later; exec sleep 1000"]);
    let mut follower = spawn(&site, &["logs", "-f", "2"]);
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "later");
    interrupt(&follower);
    assert_eq!(follower.wait().unwrap().code(), Some(130));
    assert_eq!(site.json(["show", "2", "--json"])["status"], "running");
    site.ok(["cancel", "2"]);
}

#[test]
fn streams_are_told_apart_and_bytes_are_kept() {
    let site = served();
    let bytes: Vec<u8> = (0..=255_u8).cycle().take(100_000).collect();
    std::fs::write(site.scratch().join("bytes"), &bytes).unwrap();
    site.ok(["at", "now", "--", "cat bytes; printf 'err\\377' >&2"]);
    site.wait_status("1", &["completed"]);
    let all = site.run(["logs", "1"]);
    assert!(all.stdout == bytes && all.stderr == b"err\xff");
    let out = site.run(["logs", "1", "--stream", "stdout"]);
    assert!(out.stdout == bytes && out.stderr.is_empty());
    let err = site.run(["logs", "1", "--stream", "stderr"]);
    assert!(err.stdout.is_empty() && err.stderr == b"err\xff");
    let unknown = site.run(["logs", "1", "--stream", "stdlog"]);
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn a_hundred_megabytes_keep_head_and_tail_and_count_the_gap() {
    let site = served();
    site.ok(["at", "now", "--", "seq 13000000"]);
    let job = site.wait_status("1", &["completed"]);
    let run = &job["executions"][0];
    let (bytes, dropped) = (run["output_bytes"].as_u64(), run["dropped_bytes"].as_u64());
    let (bytes, dropped) = (bytes.unwrap(), dropped.unwrap());
    assert_eq!(run["output_lines"], 13_000_000);
    assert_eq!(bytes, 105_888_897);
    let logs = site.run(["logs", "1"]);
    assert_eq!(logs.stdout.len() as u64, bytes - dropped);
    assert!(logs.stdout.len() <= 16 << 20 && logs.stdout.len() > 15 << 20);
    assert!(logs.stdout.starts_with(b"1\n2\n3\n") && logs.stdout.ends_with(b"\n13000000\n"));
    let remark = String::from_utf8(logs.stderr).unwrap();
    assert!(remark.contains(&format!("{dropped} bytes")), "{remark}");
    assert!(site.ok(["show", "1.1"]).contains("Left out"));
}

#[test]
fn a_child_that_keeps_the_output_open_does_not_hang_the_run() {
    let site = served();
    let pid = site.scratch().join("pid");
    let text = format!("sleep 1000 & echo $! > {}; echo done", pid.display());
    site.ok(["at", "now", "--", &text]);
    let job = site.wait_status("1", &["completed"]);
    assert!(job["executions"][0]["duration_seconds"].as_f64().unwrap() < 60.0, "{job}");
    assert_eq!(site.ok(["logs", "1"]), "done\n");
    let pid: i32 = std::fs::read_to_string(pid).unwrap().trim().parse().unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn exec_tells_how_it_ended_with_and_without_a_daemon() {
    let mut site = Site::new();
    for turn in 0..2 {
        let fine = site.run(["exec", "--", "echo out; echo err >&2"]);
        assert_eq!(fine.status.code(), Some(0), "{fine:?}");
        assert!(fine.stdout == b"out\n" && fine.stderr == b"err\n", "{fine:?}");
        let failed = site.run(["exec", "--", "exit 7"]);
        assert_eq!(failed.status.code(), Some(1), "{failed:?}");
        assert!(String::from_utf8_lossy(&failed.stderr).contains('7'), "{failed:?}");
        let killed = site.run(["exec", "--", "kill -9 $$"]);
        assert_eq!(killed.status.code(), Some(1), "{killed:?}");
        assert!(
            String::from_utf8_lossy(&killed.stderr).contains("KILL")
                || String::from_utf8_lossy(&killed.stderr).contains("signal 9"),
            "{killed:?}"
        );
        let late = site.run(["exec", "--timeout", "200ms", "--", "sleep 1000"]);
        assert_eq!(late.status.code(), Some(1), "{late:?}");
        assert!(String::from_utf8_lossy(&late.stderr).contains("timed out"), "{late:?}");
        let missing = site.run(["exec", "--", "no-such-program", "x"]);
        assert_eq!(missing.status.code(), Some(1), "{missing:?}");
        assert!(String::from_utf8_lossy(&missing.stderr).contains("not found"), "{missing:?}");
        if turn == 0 {
            site.start();
        }
    }
}

#[test]
fn ctrl_c_ends_what_exec_runs_with_and_without_a_daemon() {
    let mut site = Site::new();
    for turn in 0..2 {
        let mut child = spawn(&site, &["exec", "--", "echo $$; sleep 1000; echo not reached"]);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let pid: i32 = lines.next().unwrap().unwrap().parse().unwrap();
        assert!(is_alive(pid));
        interrupt(&child);
        let (status, _, err) = rest(child);
        assert_eq!(status, Some(130), "{err}");
        assert!(err.contains("is cancelled"), "{err}");
        assert!(lines.next().is_none());
        wait_for("the run to be gone", || (!is_alive(pid)).then_some(()));
        let id = (turn + 1).to_string();
        assert_eq!(site.json(["show", &id, "--json"])["status"], "cancelled");
        if turn == 0 {
            site.start();
        }
    }
}

#[test]
fn a_client_is_told_when_the_daemon_dies_under_it() {
    let mut site = served();
    let mut child = spawn(&site, &["at", "--wait", "now", "--", "echo begun; exec sleep 1000"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while lines.next().unwrap().unwrap() != "begun" {}
    site.kill();
    let (status, _, err) = rest(child);
    assert_eq!(status, Some(5), "{err}");
    assert!(err.starts_with("station: ") && err.lines().count() <= 3, "{err}");
    site.start();
    site.wait_status("1", &["interrupted"]);
    // A graceful end tells too.
    let mut child = spawn(&site, &["at", "--wait", "now + 1 hour", "--", "true"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().starts_with("job 2 at "));
    wait_for("the watcher to be there", || {
        let fds = std::fs::read_dir(format!("/proc/{}/fd", site.pid())).unwrap();
        let sockets = fds.filter(|fd| {
            std::fs::read_link(fd.as_ref().unwrap().path())
                .is_ok_and(|to| to.display().to_string().starts_with("socket:"))
        });
        (sockets.count() > 1).then_some(())
    });
    site.signal(Signal::TERM);
    assert!(site.ended().success());
    let (status, _, err) = rest(child);
    assert_eq!(status, Some(5), "{err}");
    assert!(err.contains("station"), "{err}");
}
