//! Bad input, typed and sent: one clear error, the right exit status, and nothing stored.

use std::os::unix::fs::chown;
use std::process::{Output, Stdio};

use crate::support::{Site, wait_for};
use serde_json::{Value, json};
use station::client::{Answer, Transport};

/// The first uid that is surely not the tester's own.
const NOBODY: u32 = 65_534;

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stored(site: &Site) -> Value {
    site.json(["list", "--json"])["count"].clone()
}

#[test]
fn mistakes_in_words_are_named_and_nothing_is_stored() {
    let mut site = Site::new();
    site.start();
    let long = "x".repeat(1_000_000);
    std::fs::write(site.scratch().join("long"), format!("echo {long}")).unwrap();
    std::fs::write(site.scratch().join("nul"), "echo a\0b").unwrap();
    std::fs::write(site.scratch().join("empty"), "\n \n").unwrap();
    std::fs::write(site.scratch().join("latin"), b"echo gr\xfc\xdfe").unwrap();
    let table: &[(&[&str], i32, &str)] = &[
        (&["at", "10:00 tomorow", "--", "true"], 2, "did you mean \"tomorrow\"?"),
        (&["at", "now + 5 minuts", "--", "true"], 2, "\"minuts\" is not a unit of time"),
        (&["at", "", "--", "true"], 2, "time"),
        (&["at", "now + 99999999999999999999 days", "--", "true"], 2, "days"),
        (&["at", "now + -5 minutes", "--", "true"], 2, "a whole number is missing"),
        (&["at", "2020-01-01 10:00", "--", "true"], 2, "which is past"),
        (&["at", "yesterday", "--", "true"], 2, "can only run in the future"),
        (&["at", "Feb 29 2027", "--", "true"], 2, "Feb"),
        (&["at", "now"], 2, "the command is empty"),
        (&["at", "now", "--"], 2, "the command is empty"),
        (&["at", "now", "--", ""], 2, "the command is empty"),
        (&["at", "now", "--", " \t\n"], 2, "the command is empty"),
        (&["at", "now", "-f", "empty"], 2, "the command is empty"),
        (&["at", "now", "-f", "long"], 2, "1000005 bytes long"),
        (&["at", "now", "-f", "nul"], 2, "NUL byte"),
        (&["at", "now", "-f", "latin"], 2, "not UTF-8"),
        (&["at", "now", "-f", "nowhere"], 2, "nowhere cannot be read"),
        (&["at", "now", "-f", "/dev/zero"], 2, "longer than 4 MiB"),
        (&["at", "--", "true"], 2, "<TIMESPEC>"),
        (&["at", "now", "--bogus", "--", "true"], 2, "--bogus"),
        (&["at", "now", "--on", "foo", "--", "true"], 3, "node 'foo' is not registered"),
        (&["at", "now", "--tz", "Mars/Base", "--", "true"], 2, "Mars/Base"),
        (&["at", "now", "--tz", "../../etc/passwd", "--", "true"], 2, "is not known"),
        (&["at", "now", "--timeout", "5x", "--", "true"], 2, "not a unit of a duration"),
        (&["at", "now", "--timeout", "-1", "--", "true"], 2, "cannot be negative"),
        (&["at", "now", "--timeout", "0", "--", "true"], 2, "more than 0 seconds"),
        (&["at", "now", "--timeout", "99999999999999999999", "--", "true"], 2, "too long"),
        (&["at", "now", "--timeout", "40000 d", "--", "true"], 2, "at most"),
        (&["at", "now", "--idle-timeout", "", "--", "true"], 2, "--idle-timeout"),
        (&["at", "now", "--grace", "never", "--", "true"], 2, "--grace"),
        (&["at", "now", "--retry-delay", "1 fortnight", "--", "true"], 2, "--retry-delay"),
        (&["at", "now", "--retries", "-1", "--", "true"], 2, "--retries"),
        (&["at", "now", "--retries", "4294967295", "--", "true"], 2, "from 0 to 1000"),
        (&["at", "now", "--name", "", "--", "true"], 2, "name"),
        (&["at", "now", "--name", "a\x1b[2J", "--", "true"], 2, "control characters"),
        (&["at", "now", "--tag", "a\nb", "--", "true"], 2, "control characters"),
        (&["show", "7"], 3, "Job 7 not found"),
        (&["show", "7.1"], 3, "Execution 7.1 not found"),
        (&["logs", "7"], 3, "Job 7 not found"),
        (&["cancel", "7"], 3, "Job 7 not found"),
        (&["run-now", "7"], 3, "Job 7 not found"),
        (&["history", "7"], 3, "Job 7 not found"),
        (&["show", "seven"], 2, "'seven'"),
        (&["show", "0"], 2, "'0'"),
        (&["show", "99999999999999999999"], 2, "'99999999999999999999'"),
        (&["cancel"], 2, "<ID>"),
        (&["list", "--status", "foo"], 2, "pending, running"),
        (&["list", "--limit", "0"], 2, "--limit"),
        (&["exec", "--"], 2, "<COMMAND>"),
        (&["exec", "--on", "foo", "--", "true"], 3, "node 'foo' is not registered"),
        (&["serve", "--max-running", "0"], 2, "--max-running"),
        (&["serve", "--listen", "8470"], 2, "is not ADDR:PORT"),
        (&["serve", "--listen", "0.0.0.0:8470"], 4, "in plain text"),
        (&["serve", "--tls-cert", "c"], 2, "--listen"),
        (&["frobnicate"], 2, "frobnicate"),
    ];
    for (args, status, wanted) in table {
        let output = site.station().args(*args).output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(*status), "{args:?}: {said}");
        assert!(said.starts_with("station: ") && said.contains(wanted), "{args:?}: {said}");
        assert!(!said.contains(['\x1b', '\0']), "{args:?}: {said:?}");
        assert!(!said.contains("panicked"), "{said}");
        assert!(output.stdout.is_empty(), "{args:?}: {output:?}");
    }
    assert_eq!(stored(&site), 0);
    assert_eq!(site.get("/health")["status"], "healthy");
}

#[test]
fn the_caret_stands_below_the_word() {
    let site = Site::new();
    for (args, word) in [
        (&["at", "10:00 tomorow", "--", "true"][..], "tomorow"),
        (&["time", "10:00", "tomorow"][..], "tomorow"),
        (&["at", "now", "--timeout", "1h5x", "--", "true"][..], "x"),
    ] {
        let output = site.station().args(args).output().unwrap();
        let said = said(&output);
        let lines: Vec<&str> = said.lines().collect();
        let below = lines.iter().position(|line| line.trim_start().starts_with('^')).unwrap();
        let (text, marks) = (lines[below - 1], lines[below]);
        let from = marks.find('^').unwrap();
        let pointed_at: String = text.chars().skip(from).take(marks.trim().len()).collect();
        assert_eq!(pointed_at, word, "{said}");
    }
}

#[test]
fn what_has_ended_cannot_be_cancelled() {
    let mut site = Site::new();
    site.start();
    site.ok(["at", "now", "--", "true"]);
    site.ok(["at", "now + 1 hour", "--", "true"]);
    site.wait_status("1", &["completed"]);
    site.ok(["cancel", "2"]);
    for id in ["1", "2", "1.1"] {
        let refused = site.run(["cancel", id]);
        assert_eq!(refused.status.code(), Some(4), "{id}: {refused:?}");
    }
    let some = site.run(["cancel", "1", "9", "2"]);
    assert_eq!(some.status.code(), Some(4), "that of the first refusal: {some:?}");
    assert_eq!(said(&some).lines().count(), 3, "{some:?}");
}

fn post(site: &Site, path: &str, body: &Value) -> Answer {
    site.connect().unwrap().call("POST", path, Some(body)).unwrap()
}

#[test]
fn bad_documents_are_refused_by_the_api() {
    let mut site = Site::new();
    site.start();
    let good = json!({"name": "n", "schedule_type": "script", "when": "now + 1 hour",
        "parameters": {"command": "true"}});
    let table = [
        (json!({"parameters": {"command": "a\0b"}}), "NUL"),
        (json!({"parameters": {"argv": ["a", "b\0"]}}), "NUL"),
        (json!({"parameters": {"argv": []}}), "argv"),
        (json!({"parameters": {"argv": [""]}}), "argv"),
        (json!({"parameters": {"argv": ["a"], "command": "b"}}), "command"),
        (json!({"parameters": {"command": ""}}), "empty"),
        (json!({"parameters": {"command": "a", "env": {"A\0": "b"}}}), "NUL"),
        (json!({"parameters": {"command": "a", "env": {"A=B": "b"}}}), "="),
        (json!({"parameters": {"command": "a", "env": {"A": {"hex": "00"}}}}), "NUL"),
        (json!({"parameters": {"command": "a", "env": {"A": {"hex": "0g"}}}}), "hex"),
        (json!({"parameters": {"command": "a", "cwd": "relative"}}), "absolute"),
        (json!({"parameters": {"command": "a", "umask": "999"}}), "octal"),
        (json!({"parameters": {"command": "a", "nice": -20}}), "nice"),
        (json!({"name": "a\u{1b}[2J"}), "control"),
        (json!({"name": "a\u{202e}b\0"}), "control"),
        (json!({"name": "x".repeat(1 << 20)}), "name"),
        (json!({"tags": ["a\r\n"]}), "control"),
        (json!({"when": "now\0"}), "control"),
        (json!({"when": 5}), "when"),
        (json!({"when": "x".repeat(100_000)}), "time"),
        (json!({"timezone": "/etc/passwd"}), "zone"),
        (json!({"mail": {"to": "-Xlog", "when": "always"}}), "mail"),
        (json!({"mail": {"to": "a\nBcc: b", "when": "always"}}), "mail"),
        (json!({"timeout_seconds": 1e308}), "timeout_seconds"),
        (json!({"timeout_seconds": -5}), "negative"),
        (json!({"retries": -1}), "retries"),
        (json!({"retries": 1.5}), "retries"),
        (json!({"misfire_grace_time": "now"}), "misfire_grace_time"),
        (json!({"schedule_type": "wish"}), "schedule_type"),
    ];
    for (change, wanted) in table {
        let mut body = good.clone();
        let change = change.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(change.clone());
        let answer = post(&site, "/api/scheduler/jobs/create", &body);
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let what: String = format!("{change:?}").chars().take(80).collect();
        assert!(matches!(answer.status, 400 | 422), "{what}: {} {text}", answer.status);
        assert!(text.contains(wanted), "{what}: {text}");
        assert!(text.len() < 4096, "{what}: the answer repeats {} bytes", text.len());
    }
    let huge = json!({"name": "x".repeat(5 << 20)});
    assert_eq!(post(&site, "/api/scheduler/jobs/create", &huge).status, 413);
    assert_eq!(stored(&site), 0);
    assert_eq!(post(&site, "/api/scheduler/jobs/create", &good).status, 200);
    assert_eq!(stored(&site), 1);
}

#[test]
fn hostile_text_does_not_reach_the_terminal() {
    let mut site = Site::new();
    site.start();
    let evil = "printf '\x1b]0;owned\x07\x1b[2J\x1b[31m\u{9b}2J\u{202e}'; no-such\x1b[2Jprogram";
    site.ok(["at", "now", "--retries", "0", "--", evil]);
    site.ok(["at", "now", "--retries", "0", "--", "no\x1b[2Jsuch", "arg\u{202e}\x07"]);
    for id in ["1", "2"] {
        site.wait_status(id, &["failed"]);
    }
    let shown = [
        site.ok(["list"]),
        site.ok(["show", "1"]),
        site.ok(["show", "2"]),
        site.ok(["show", "1.1"]),
        site.ok(["show", "2.1"]),
        site.ok(["history"]),
        said(&site.run(["at", "\x1b[2J", "--", "true"])),
        said(&site.run(["show", "\x1b[2J"])),
        said(&site.run(["at", "now", "--on", "\x1b[2J", "--", "true"])),
        said(&site.run(["at", "now", "-f", "\x1b[2J"])),
        said(&site.run(["at", "now", "--tz", "\x1b[2J", "--", "true"])),
        said(&site.run(["\x1b[2J"])),
        said(&site.run(["at", "--wait", "now", "--retries", "0", "--", "\x1b[2J", "x"])),
    ];
    for text in shown {
        let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.is_empty() && !text.contains(steers), "{text:?}");
    }
    let raw = site.run(["logs", "1"]);
    assert!(raw.stdout.starts_with(b"\x1b]0;owned"), "logs give the bytes as they are: {raw:?}");
}

#[test]
fn a_socket_of_another_user_is_not_spoken_to() {
    if !rustix::process::getuid().is_root() {
        println!("skipped: only root can make somebody else's socket");
        return;
    }
    let site = Site::new();
    std::fs::create_dir_all(site.data()).unwrap();
    let path = site.data().join("station.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    // Everything belongs to nobody but the socket, which is ours: to nobody it is another user's.
    let theirs = |path: &std::path::Path| chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    theirs(&site.data());
    let root = site.data().parent().unwrap().to_owned();
    theirs(&root);
    theirs(&site.scratch());
    let output = site.as_nobody(&["at", "now + 1 hour", "--", "true"]);
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let said = said(&output);
    assert!(said.contains("station.sock") && said.contains("uid 0"), "{said}");
    assert!(!site.data().join("station.db").exists(), "nothing was stored");
}

#[test]
fn a_directory_that_is_not_ours_alone_is_refused_with_status_5() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = Site::new();
    std::fs::create_dir_all(site.data()).unwrap();
    std::fs::set_permissions(site.data(), std::fs::Permissions::from_mode(0o777)).unwrap();
    std::fs::write(site.data().join("other"), "").unwrap();
    for args in [&["serve"][..], &["at", "now", "--", "true"]] {
        let output = site.station().args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(5), "{output:?}");
        assert!(said(&output).contains("chmod 700"), "{output:?}");
    }
    let file = site.scratch().join("file");
    std::fs::write(&file, "").unwrap();
    let output = site.station().arg("serve").env("STATION_DATA_DIR", &file).output().unwrap();
    assert_eq!(output.status.code(), Some(5), "{output:?}");
}

#[test]
fn input_that_never_ends_is_given_up_and_output_nobody_reads_ends_quietly() {
    let mut site = Site::new();
    site.start();
    let endless = std::fs::File::open("/dev/zero").unwrap();
    let output = site.station().args(["at", "now"]).stdin(endless).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(said(&output).contains("longer than 4 MiB"), "{output:?}");
    site.ok(["at", "now", "--", "seq 100000"]);
    site.wait_status("1", &["completed"]);
    let mut reader = site
        .station()
        .args(["logs", "1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(reader.stdout.take());
    let status = wait_for("logs to end", || reader.try_wait().unwrap());
    assert_eq!(status.code(), Some(1));
    let mut words = String::new();
    std::io::Read::read_to_string(&mut reader.stderr.take().unwrap(), &mut words).unwrap();
    assert_eq!(words, "");
}
