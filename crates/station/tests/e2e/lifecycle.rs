//! The daemon's life with real processes: starts, stops, crashes, and what becomes of its runs.

use std::path::Path;
use std::process::Stdio;

use crate::support::{Site, is_alive, wait_for};
use rustix::process::Signal;

/// The pid that a job wrote into a file as its first act.
fn pid_in(file: &Path) -> i32 {
    wait_for("the job to write its pid", || {
        std::fs::read_to_string(file).ok()?.trim().parse::<i32>().ok()
    })
}

/// A command that writes its pid and then does `rest`.
fn telling(file: &Path, rest: &str) -> String {
    format!("echo $$ > {0}.new; mv {0}.new {0}; {rest}", file.display())
}

#[test]
fn runs_once_on_time_and_keeps_every_line() {
    let mut site = Site::new();
    site.start();
    let text = "for i in $(seq 1000); do echo line $i; done; echo last >&2; printf 'no newline'";
    let created = site.json(["at", "now + 1 second", "--json", "--", text]);
    let id = created["job_id"].as_str().unwrap();
    let job = site.wait_status(id, &["completed"]);
    let late = job["executions"][0]["late_seconds"].as_f64().unwrap();
    assert!(late >= 0.0, "started {late} s before its time");
    let logs = site.run(["logs", id]);
    let want: String = (1..=1000).map(|i| format!("line {i}\n")).collect();
    assert_eq!(String::from_utf8_lossy(&logs.stdout), want + "no newline");
    assert_eq!(String::from_utf8_lossy(&logs.stderr), "last\n");
}

#[test]
fn a_run_cut_off_by_kill_9_is_ended_and_interrupted() {
    let mut site = Site::new();
    site.start();
    let file = site.scratch().join("pid");
    // It ignores TERM and has a child, so only the kill of the whole group ends it.
    let text = telling(&file, "trap '' TERM; sleep 1000 & echo started; sleep 1000");
    site.ok(["at", "now", "--retries", "2", "--", &text]);
    let pid = pid_in(&file);
    wait_for("its first line", || site.ok(["logs", "1"]).contains("started").then_some(()));
    site.kill();
    assert!(is_alive(pid), "the run outlives the daemon");
    site.start();
    let job = site.wait_status("1", &["interrupted"]);
    assert!(!is_alive(pid), "its processes were ended");
    assert_eq!(job["execution_count"], 1);
    assert_eq!(job["executions"][0]["attempt"], 1, "an interrupted run is not retried");
    assert_eq!(site.ok(["logs", "1"]), "started\n");
}

#[test]
fn an_interrupted_run_is_repeated_only_if_the_job_says_so() {
    let mut site = Site::new();
    site.start();
    let file = site.scratch().join("pid");
    let once = site.scratch().join("once");
    let text = telling(&file, &format!("mkdir {} || exit 0; sleep 1000", once.display()));
    site.ok(["at", "now", "--rerun-interrupted", "--", &text]);
    pid_in(&file);
    wait_for("the marker", || once.exists().then_some(()));
    site.kill();
    site.start();
    let job = site.wait_status("1", &["completed"]);
    assert_eq!(job["executions"][0]["attempt"], 2);
}

#[test]
fn jobs_due_while_the_station_is_down_run_within_their_grace_or_are_missed() {
    let mut site = Site::new();
    site.start();
    site.ok(["at", "now + 1 second", "--name", "patient", "--", "echo patient"]);
    site.ok(["at", "now + 1 second", "--grace", "0", "--", "echo impatient"]);
    site.ok(["at", "now + 1 hour", "--", "echo later"]);
    site.kill();
    let due = wait_for("their time to pass", || {
        let job = site.json(["show", "2", "--json"]);
        let at: jiff::Timestamp = job["planned_time"].as_str().unwrap().parse().unwrap();
        (jiff::Timestamp::now().as_second() > at.as_second() + 1).then_some(at)
    });
    site.start();
    site.wait_status("1", &["completed"]);
    let missed = site.wait_status("2", &["missed"]);
    let execution = &missed["executions"][0];
    assert_eq!(execution["status"], "missed");
    assert!(execution["error"].as_str().unwrap().contains("grace"), "{due}: {execution}");
    assert_eq!(site.json(["show", "3", "--json"])["status"], "pending");
}

#[test]
fn a_graceful_stop_lets_runs_end_and_starts_no_more() {
    let mut site = Site::new();
    let command = site.station();
    site.start_as(command, &["--max-running", "1"]);
    let file = site.scratch().join("pid");
    let go = site.scratch().join("go");
    let text = telling(&file, &format!("until [ -e {} ]; do sleep 0.02; done", go.display()));
    site.ok(["at", "now", "--", &text]);
    site.ok(["at", "now", "--", "echo next"]);
    pid_in(&file);
    site.signal(Signal::TERM);
    wait_for("the station to drain", || (site.get("/health")["draining"] == true).then_some(()));
    let refused = site.run(["at", "now + 1 hour", "--", "true"]);
    assert_eq!(refused.status.code(), Some(4), "{refused:?}");
    std::fs::write(&go, "").unwrap();
    assert!(site.ended().success());
    assert_eq!(site.json(["show", "1", "--json"])["status"], "completed");
    assert_eq!(site.json(["show", "2", "--json"])["status"], "pending");
    site.start();
    site.wait_status("2", &["completed"]);
}

#[test]
fn runs_that_outlast_the_shutdown_limit_are_interrupted() {
    let mut site = Site::new();
    let command = site.station();
    site.start_as(command, &["--shutdown-limit", "100ms"]);
    let file = site.scratch().join("pid");
    site.ok(["at", "now", "--", &telling(&file, "exec sleep 1000")]);
    let pid = pid_in(&file);
    site.signal(Signal::TERM);
    assert!(site.ended().success());
    assert!(!is_alive(pid));
    let job = site.json(["show", "1", "--json"]);
    assert_eq!(job["status"], "interrupted");
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut site = Site::new();
    site.start();
    let file = site.scratch().join("pid");
    site.ok(["at", "now", "--", &telling(&file, "trap '' TERM; while :; do sleep 1; done")]);
    let pid = pid_in(&file);
    site.signal(Signal::INT);
    wait_for("the station to drain", || (site.get("/health")["draining"] == true).then_some(()));
    site.signal(Signal::INT);
    site.ended();
    wait_for("the run to be gone", || (!is_alive(pid)).then_some(()));
    site.start();
    site.wait_status("1", &["interrupted"]);
}

#[test]
fn running_jobs_can_be_cancelled_even_if_they_ignore_term() {
    let mut site = Site::new();
    site.start();
    let file = site.scratch().join("pid");
    site.ok(["at", "now", "--", &telling(&file, "trap '' TERM; while :; do sleep 1; done")]);
    let pid = pid_in(&file);
    site.ok(["cancel", "1"]);
    let job = site.wait_status("1", &["cancelled"]);
    assert!(!is_alive(pid));
    assert_eq!(job["executions"][0]["attempt"], 1, "a cancelled run is not retried");
    assert_eq!(site.run(["cancel", "1"]).status.code(), Some(4));
    assert_eq!(site.run(["cancel", "7"]).status.code(), Some(3));
}

#[test]
fn time_outs_end_the_whole_group_and_are_retried() {
    let mut site = Site::new();
    site.start();
    let file = site.scratch().join("pid");
    let text = telling(&file, "echo begun; sleep 1000; echo not reached");
    let args =
        ["at", "now", "--timeout", "300ms", "--retries", "1", "--retry-delay", "0", "--", &text];
    site.ok(args);
    let job = site.wait_status("1", &["failed"]);
    let execution = &job["executions"][0];
    assert_eq!(execution["attempt"], 2);
    assert!(execution["error"].as_str().unwrap().starts_with("timed out after"), "{execution}");
    assert!(!is_alive(pid_in(&file)));
    assert_eq!(site.ok(["logs", "1"]), "begun\nbegun\n", "output before the end is kept");
    let args = ["at", "now", "--idle-timeout", "200ms", "--retries", "0", "--", "echo a; sleep 99"];
    site.ok(args);
    let job = site.wait_status("2", &["failed"]);
    assert!(job["executions"][0]["error"].as_str().unwrap().contains("output"), "{job}");
}

#[test]
fn one_daemon_serves_a_directory() {
    let mut site = Site::new();
    site.start();
    let second = site.run(["serve"]);
    assert_eq!(second.status.code(), Some(4), "{second:?}");
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains(&format!("pid {}", site.pid())), "{said}");
    assert_eq!(site.get("/health")["status"], "healthy");
}

#[test]
fn without_a_daemon_commands_work_and_wait_runs_its_own_job_alone() {
    let site = Site::new();
    let first = site.run(["at", "now", "--", "echo other"]);
    assert!(first.status.success(), "{first:?}");
    let said = String::from_utf8_lossy(&first.stderr).into_owned();
    assert!(said.contains("station serve"), "{said}");
    let waited = site.run(["at", "--wait", "now + 1 second", "--", "echo mine; echo yours >&2"]);
    assert!(waited.status.success(), "{waited:?}");
    assert!(String::from_utf8_lossy(&waited.stdout).ends_with("mine\n"), "{waited:?}");
    assert!(String::from_utf8_lossy(&waited.stderr).contains("yours\n"), "{waited:?}");
    assert_eq!(site.json(["show", "1", "--json"])["status"], "pending");
    assert_eq!(site.json(["show", "2", "--json"])["status"], "completed");
    let failed = site.run(["at", "--wait", "now", "--retries", "0", "--", "exit 7"]);
    assert_eq!(failed.status.code(), Some(1));
    let run = site.run(["run-now", "1"]);
    assert_eq!(run.status.code(), Some(4), "nothing can run now without a daemon: {run:?}");
    let listed = site.json(["list", "--json"]);
    assert_eq!(listed["count"], 3);
}

#[test]
fn many_command_lines_at_once_take_turns() {
    let site = Site::new();
    let children: Vec<_> = (0..12)
        .map(|_| site.station().args(["at", "now + 1 hour", "--", "true"]).spawn().unwrap())
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(site.json(["list", "--json"])["count"], 12);
}

#[test]
fn the_limit_on_runs_holds_and_the_order_is_that_of_planned_times() {
    let mut site = Site::new();
    for n in 1..=9 {
        let at = format!("now + {} seconds", 1 + (10 - n) / 9);
        site.ok(["at", &at, "--", "sleep 0.05"]);
    }
    let command = site.station();
    site.start_as(command, &["--max-running", "2"]);
    wait_for("all to end", || {
        let done = site.get("/api/scheduler/jobs?status=completed&limit=100");
        (done["count"] == 9).then_some(())
    });
    let answer = site.get("/api/scheduler/executions?limit=100");
    let mut runs: Vec<(String, String, String)> = answer["executions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| {
            let text = |key: &str| run[key].as_str().unwrap().to_owned();
            (text("actual_time"), text("completed_at"), text("scheduled_time"))
        })
        .collect();
    runs.sort();
    for (started, _, _) in &runs {
        let under_way = runs.iter().filter(|(from, to, _)| from <= started && started < to).count();
        assert!(under_way <= 2, "{under_way} at once: {runs:?}");
    }
}

#[test]
fn a_job_between_two_attempts_says_what_it_waits_for() {
    let mut site = Site::new();
    site.start();
    site.ok(["at", "now", "--retries", "2", "--retry-delay", "1h", "--", "exit 3"]);
    let job = wait_for("the first attempt to fail", || {
        let job = site.json(["show", "1", "--json"]);
        job["executions"][0]["retry_at"].is_string().then_some(job)
    });
    assert_eq!(job["waiting"], "waiting for its next attempt (retry 1)");
    assert!(site.ok(["show", "1"]).contains("next attempt"));
    site.ok(["cancel", "1"]);
    site.wait_status("1", &["cancelled"]);
}

#[test]
fn two_command_lines_can_wait_for_their_jobs_without_a_daemon() {
    let site = Site::new();
    let marker = site.scratch().join("go");
    let wait = format!("until [ -e {} ]; do sleep 0.05; done; echo first", marker.display());
    let piped = |command: &str| {
        let mut station = site.station();
        station.args(["at", "--wait", "now", "--", command]);
        station.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let first = piped(&wait);
    let listed = |status: &str, command: &str| {
        let list = site.run(["list", "--status", status]);
        String::from_utf8_lossy(&list.stdout).contains(command).then_some(())
    };
    wait_for("the first job to run", || listed("running", "until"));
    let second = piped("echo second");
    wait_for("the second job to be there", || listed("pending", "echo second"));
    std::fs::write(&marker, "").unwrap();
    for (child, printed) in [(first, "first\n"), (second, "second\n")] {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).ends_with(printed), "{output:?}");
    }
}

#[test]
fn a_hangup_shuts_down_in_good_order_unless_it_was_ignored_at_the_start() {
    let mut site = Site::new();
    site.start();
    site.signal(Signal::HUP);
    assert!(site.ended().success());
    let mut nohup = site.program(Path::new("/usr/bin/nohup"));
    nohup.arg(env!("CARGO_BIN_EXE_station"));
    site.start_as(nohup, &[]);
    site.signal(Signal::HUP);
    assert_eq!(site.get("/health")["draining"], false);
    site.signal(Signal::TERM);
    assert!(site.ended().success());
}
