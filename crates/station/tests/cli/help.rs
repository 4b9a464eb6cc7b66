//! Every help text, and what the grammar refuses.

use crate::support::{Fake, Line, refusal};

fn nobody() -> Fake {
    Fake::new(|_, _| refusal(500, "nothing should be asked"))
}

#[test]
fn every_help_text() {
    let fake = nobody();
    let names = [
        "at",
        "every",
        "cron",
        "daily",
        "weekly",
        "monthly",
        "list",
        "show",
        "cancel",
        "delete",
        "edit",
        "pause",
        "resume",
        "next",
        "why",
        "explain",
        "fires",
        "logs",
        "history",
        "history prune",
        "stats",
        "alarm",
        "alarm list",
        "alarm ack",
        "alarm clear",
        "audit",
        "audit list",
        "audit show",
        "audit verify",
        "audit export",
        "audit key",
        "node",
        "node add",
        "node list",
        "node show",
        "node edit",
        "node test",
        "node remove",
        "node groups",
        "node import",
        "node import ssh_config",
        "outstation",
        "outstation add",
        "outstation list",
        "outstation show",
        "outstation set",
        "outstation remove",
        "outstation status",
        "outstation points",
        "outstation values",
        "outstation watch",
        "outstation interrogate",
        "outstation counters",
        "outstation read",
        "outstation write",
        "outstation sync-clock",
        "outstation test",
        "outstation approvals",
        "outstation approve",
        "outstation reject",
        "outstation tag",
        "outstation untag",
        "outstation tags",
        "outstation control",
        "outstation control status",
        "outstation control stop",
        "outstation control start",
        "token",
        "token create",
        "token list",
        "token revoke",
        "run-now",
        "exec",
        "sequence",
        "sequence run",
        "sequence check",
        "sequence schedule",
        "time",
        "serve",
        "backup",
        "doctor",
        "completions",
        "man",
        "install-links",
    ];
    let mut all = fake.run(&["station", "--help"]).ok();
    for name in names {
        let words: Vec<&str> = name.split(' ').collect();
        let help = fake.run(&[&["station"], &words[..], &["--help"]].concat()).ok();
        let same = fake.run(&[&["station", "help"], &words[..]].concat()).ok();
        assert_eq!(help, same, "{name}");
        all.push_str(&format!("\n===== {name}\n{help}"));
    }
    all.push_str(&format!("\n===== (at)\n{}", fake.run(&["/usr/bin/at", "-h"]).ok()));
    insta::assert_snapshot!(all);
    assert!(fake.requests().is_empty());
}

#[test]
fn mistakes_end_with_status_2_before_anything_is_asked() {
    let fake = nobody();
    for line in [
        &["station"][..],
        &["station", "evry", "5m"],
        &["station", "at", "--nonsense", "now", "--", "x"],
        &["station", "at", "--", "x"],
        &["station", "at", "now", "--", ""],
        &["station", "at", "now", "--timeout", "soon", "--", "x"],
        &["station", "show", "abc"],
        &["station", "show", "0"],
        &["station", "cancel"],
        &["station", "list", "--status", "asleep"],
        &["station", "list", "--limit", "0"],
        &["station", "exec"],
        &["station", "time", "tomorow"],
        &["station", "time", "--tz", "Mars/Olympus", "now"],
    ] {
        let ran = fake.run(line);
        assert_eq!(ran.status, 2, "{line:?}: {ran:?}");
        assert!(!ran.err.is_empty() && ran.out.is_empty(), "{line:?}: {ran:?}");
    }
    let huge = "x".repeat(1_000_000);
    for command in [huge.as_str(), "a\0b"] {
        let ran = fake.run(&["station", "at", "now", "--", command]);
        assert_eq!(ran.status, 2);
        assert!(ran.err.starts_with("station: the command "), "{}", ran.err);
    }
    let mut terminal = Line::new(&["station", "at", "now"]);
    terminal.terminal = true;
    let ran = terminal.run(fake.path());
    assert_eq!(ran.status, 2);
    insta::assert_snapshot!(ran.err);
    assert!(fake.requests().is_empty());
}

#[test]
fn refusals_need_no_station() {
    let fake = nobody();
    let unknown = fake.run(&["station", "at", "--on", "mars\u{1b}[2J", "now", "--", "x"]);
    assert_eq!(unknown.status, 2);
    insta::assert_snapshot!(unknown.err);
    assert!(fake.requests().is_empty());
}

#[test]
fn a_store_that_fails_ends_with_status_5() {
    let empty = tempfile::tempdir().unwrap();
    let ran = Line::new(&["station", "list"]).run(empty.path());
    assert_eq!((ran.status, ran.err.as_str()), (5, "station: the store is on fire\n"));
}

#[test]
fn the_rest_of_the_program_is_called() {
    let fake = nobody();
    assert_eq!(fake.run(&["station", "doctor"]).ok(), "doctor false\n");
    assert_eq!(fake.run(&["station", "doctor", "--json"]).status, 5);
    assert_eq!(fake.run(&["station", "backup", "/b"]).ok(), "1.5 KiB written to /b\n");
    let serve = fake.run(&["station", "daemon", "--max-running", "8", "--data-dir", "/d"]);
    let expected = "station: ServeRequest { data_dir: \"/d\", store: None, config: None, \
        metrics: None, audit_witness: None, max_running: Some(8), shutdown_limit: None, listen: ListenArgs { \
        listen: [], tls_cert: None, tls_key: None, allow_anonymous: None, allow_host: [], allow_origin: [], rate_limit: None, \
        insecure_plain_text: false } }\n";
    assert_eq!(serve.err, expected);
}

#[test]
fn completions_pages_and_links_are_made() {
    let fake = nobody();
    for shell in ["bash", "zsh", "fish"] {
        assert!(fake.run(&["station", "completions", shell]).ok().contains("run-now"), "{shell}");
    }
    assert!(fake.run(&["station", "man"]).ok().contains(".TH station 1"));
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    assert_eq!(fake.run(&["station", "man", path]).ok(), "");
    assert!(dir.path().join("station-alarm-list.1").exists());
    let page = std::fs::read_to_string(dir.path().join("station-run-now.1")).unwrap();
    assert!(page.contains(".TH station-run-now 1") && page.contains("\\-\\-wait"), "{page}");

    let links = tempfile::tempdir().unwrap();
    let path = links.path().to_str().unwrap();
    std::fs::write(links.path().join("atrm"), "other").unwrap();
    let refused = fake.run(&["station", "install-links", path]);
    assert_eq!(refused.status, 4, "{refused:?}");
    assert!(!links.path().join("at").exists());
    assert_eq!(fake.run(&["station", "install-links", path, "--force"]).ok().lines().count(), 4);
    assert_eq!(fake.run(&["station", "install-links", path]).ok(), "");
    let to = std::fs::read_link(links.path().join("atrm")).unwrap();
    assert_eq!(to, std::env::current_exe().unwrap());
    assert_eq!(std::fs::read_dir(links.path()).unwrap().count(), 4);
}

#[test]
fn times_are_printed() {
    let fake = nobody();
    let now = ["--now", "2027-01-31T10:17:42Z"];
    let time = |words: &[&str]| fake.run(&[&["station", "time"], &now[..], words].concat());
    assert_eq!(time(&["now", "+", "5", "minutes"]).ok(), "2027-01-31T11:22:42+01:00\n");
    assert_eq!(time(&["--tz", "UTC", "--posix", "now"]).ok(), "2027-01-31T10:17:00+00:00\n");
    assert_eq!(time(&["--touch", "202703011200"]).ok(), "2027-03-01T12:00:00+01:00\n");
    assert_eq!(time(&["nwo"]).status, 2);
}
