//! What disks and files can do to a station at work: full, read-only, foreign, newer, damaged.
//!
//! A small disk is a tmpfs in a mount namespace of its own, in which this program runs again with
//! one of the `child_…` tests; these do nothing by themselves.

use std::collections::BTreeSet;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::support::{Site, wait_for};

/// Set for a child that is on a small disk's machine.
const MARK: &str = "STATION_TEST_SMALL_DISK";

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a test where it may mount. Does nothing on a machine that permits no mount.
fn where_one_may_mount(test: &str) {
    let own = if rustix::process::getuid().is_root() { "-m" } else { "-rm" };
    let may = ["unshare", own, "sh", "-c", "mount -t tmpfs none /mnt"];
    if !Command::new(may[0]).args(&may[1..]).output().is_ok_and(|out| out.status.success()) {
        println!("skipped: this machine permits no mount");
        return;
    }
    let status = Command::new("unshare")
        .arg(own)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "--nocapture"])
        .arg(format!("faults::{test}"))
        .env(MARK, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{test} failed");
}

fn is_child() -> bool {
    std::env::var_os(MARK).is_some()
}

/// A site whose data directory is a disk of that size.
fn small(size: &str) -> Site {
    let site = Site::new();
    std::fs::create_dir(site.data()).unwrap();
    mount(&["-t", "tmpfs", "-o", &format!("size={size},mode=0700"), "none"], &site.data());
    site
}

fn mount(how: &[&str], place: &Path) {
    assert!(Command::new("mount").args(how).arg(place).status().unwrap().success());
}

/// Takes all the space that is left on the disk.
fn fill(dir: &Path) -> PathBuf {
    use std::os::unix::fs::FileExt as _;
    let path = dir.join("ballast");
    let file = std::fs::File::create(&path).unwrap();
    let mut at = 0;
    for size in [65_536, 4096] {
        let block = vec![1; size];
        while let Ok(written) = file.write_at(&block, at) {
            if written == 0 {
                break;
            }
            at += written as u64;
        }
    }
    path
}

#[test]
fn a_full_disk_refuses_loses_nothing_and_is_got_over() {
    where_one_may_mount("child_fills_the_disk");
}

#[test]
#[ignore = "started by another test"]
fn child_fills_the_disk() {
    if !is_child() {
        return;
    }
    let mut site = small("6m");
    site.start();
    let mut acknowledged = BTreeSet::new();
    let mut submit = |site: &Site, when: &str, command: &str| {
        let output = site.run(["at", when, "--json", "--grace", "forever", "--", command]);
        if output.status.success() {
            let created: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
            let id: u32 = created["job_id"].as_str().unwrap().parse().unwrap();
            assert!(acknowledged.insert(id), "number {id} was given twice");
        }
        output
    };
    let go = site.scratch().join("go");
    let noisy = format!("until [ -e {} ]; do sleep 0.02; done; seq 2000; echo end", go.display());
    assert!(submit(&site, "now", &noisy).status.success());
    assert!(submit(&site, "now + 2 seconds", "echo due").status.success());
    for _ in 0..5 {
        assert!(submit(&site, "now + 1 hour", "echo later").status.success());
    }
    site.wait_status("1", &["running"]);
    let ballast = fill(&site.data());
    // The log has some room of its own; then all is refused, each time.
    let big = format!("echo {}", "x".repeat(50_000));
    let refused = wait_for("the disk to be full", || {
        let output = submit(&site, "now + 1 hour", &big);
        (!output.status.success()).then_some(output)
    });
    for output in [refused, submit(&site, "now + 1 hour", &big)] {
        assert_eq!(output.status.code(), Some(5), "{output:?}");
        let said = said(&output);
        assert!(said.contains("no space is left"), "{said}");
    }
    let health = wait_for("the trouble to be seen", || {
        let health = site.get("/health");
        (health["status"] == "degraded").then_some(health)
    });
    assert!(health["store"].as_str().unwrap().contains("no space"), "{health}");
    let doctor = site.run(["doctor"]);
    assert_eq!(doctor.status.code(), Some(5), "{doctor:?}");
    let found = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(found.contains("PROBLEM") && found.contains("make room"), "{found}");
    // Reading works; a run ends and a job comes due in the worst moment.
    assert!(site.ok(["list"]).contains("echo later"));
    std::fs::write(&go, "").unwrap();
    let due = site.json(["show", "2", "--json"]);
    let due: jiff::Timestamp = due["planned_time"].as_str().unwrap().parse().unwrap();
    wait_for("job 2's time to pass", || (jiff::Timestamp::now() > due).then_some(()));
    for _ in 0..3 {
        let output = site.run(["at", "now", "--", &big]);
        assert_eq!(output.status.code(), Some(5), "{output:?}");
        assert_eq!(site.run(["cancel", "3"]).status.code(), Some(5));
    }
    std::fs::remove_file(ballast).unwrap();
    // By itself, with nobody asking for anything to be written.
    wait_for("the store to work again", || {
        (site.get("/health")["status"] == "healthy").then_some(())
    });
    let all: String = (1..=2000).map(|n| format!("{n}\n")).collect();
    site.wait_status("1", &["completed"]);
    assert_eq!(site.ok(["logs", "1"]), all + "end\n");
    assert_eq!(site.wait_status("2", &["completed"])["execution_count"], 1);
    assert_eq!(site.ok(["logs", "2"]), "due\n");
    assert!(submit(&site, "now + 1 hour", &big).status.success());
    assert_eq!(site.get("/health")["running"], 0);
    let listed = site.json(["list", "--all", "--json"]);
    let there: BTreeSet<u32> = listed["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["job_id"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(there, acknowledged);
    site.kill();
    site.start();
    assert_eq!(site.json(["list", "--all", "--json"])["count"], acknowledged.len());
}

#[test]
fn a_daemon_killed_on_a_full_disk_comes_back_with_all_it_had() {
    where_one_may_mount("child_is_killed_on_a_full_disk");
}

#[test]
#[ignore = "started by another test"]
fn child_is_killed_on_a_full_disk() {
    if !is_child() {
        return;
    }
    let mut site = small("6m");
    site.start();
    for _ in 0..20 {
        site.ok(["at", "now + 1 hour", "--", "echo later"]);
    }
    let ballast = fill(&site.data());
    site.kill();
    // It may find enough room to start in what the log leaves; else it must say why not.
    let mut daemon = site.station().arg("serve").stderr(Stdio::piped()).spawn().unwrap();
    let ended = wait_for("the daemon to answer or to end", || {
        let answers = || site.connect().map(|_| None);
        daemon.try_wait().unwrap().map(Some).or_else(answers)
    });
    daemon.kill().unwrap();
    let output = daemon.wait_with_output().unwrap();
    if let Some(status) = ended {
        assert_eq!(status.code(), Some(5), "{output:?}");
        assert!(said(&output).contains("no space is left"), "{output:?}");
    }
    std::fs::remove_file(ballast).unwrap();
    site.start();
    assert_eq!(site.json(["list", "--json"])["count"], 20);
}

#[test]
fn a_full_disk_does_not_keep_the_daemon_from_ending() {
    where_one_may_mount("child_ends_on_a_full_disk");
}

#[test]
#[ignore = "started by another test"]
fn child_ends_on_a_full_disk() {
    if !is_child() {
        return;
    }
    let mut site = small("6m");
    let command = site.station();
    site.start_as(command, &["--shutdown-limit", "100ms"]);
    site.ok(["at", "now", "--", "exec sleep 1000"]);
    let job = site.wait_status("1", &["running"]);
    let pid = wait_for("its pid", || {
        job["executions"][0]["pid"]
            .as_i64()
            .or_else(|| site.json(["show", "1", "--json"])["executions"][0]["pid"].as_i64())
    });
    let ballast = fill(&site.data());
    let big = format!("echo {}", "x".repeat(50_000));
    wait_for("the disk to be full", || {
        (!site.run(["at", "now + 1 hour", "--", &big]).status.success()).then_some(())
    });
    site.signal(rustix::process::Signal::TERM);
    site.ended();
    assert!(!crate::support::is_alive(i32::try_from(pid).unwrap()), "the run was ended");
    std::fs::remove_file(ballast).unwrap();
    site.start();
    site.wait_status("1", &["interrupted"]);
}

#[test]
fn a_read_only_disk_is_said() {
    where_one_may_mount("child_meets_a_read_only_disk");
}

#[test]
#[ignore = "started by another test"]
fn child_meets_a_read_only_disk() {
    if !is_child() {
        return;
    }
    let mut site = small("6m");
    site.start();
    site.ok(["at", "now + 1 hour", "--", "true"]);
    site.kill();
    mount(&["-o", "remount,ro"], &site.data());
    for args in [&["serve"][..], &["at", "now", "--", "true"]] {
        let refused = site.station().args(args).output().unwrap();
        assert_eq!(refused.status.code(), Some(5), "{args:?}: {refused:?}");
        let said = said(&refused);
        assert!(said.to_lowercase().contains("read-only"), "{args:?}: {said}");
        assert!(said.contains("data"), "{args:?}: {said}");
    }
}

#[test]
fn a_directory_one_may_not_write_is_said() {
    if !rustix::process::getuid().is_root() {
        println!("skipped: needs another user");
        return;
    }
    let site = Site::new();
    let root = site.data().parent().unwrap().to_owned();
    site.ok(["at", "now + 1 hour", "--", "true"]);
    for entry in std::fs::read_dir(site.data()).unwrap() {
        chown(entry.unwrap().path(), Some(65_534), Some(65_534)).unwrap();
    }
    for path in [&root, &site.data(), &site.scratch()] {
        chown(path, Some(65_534), Some(65_534)).unwrap();
    }
    let nobody = |args: &[&str]| site.as_nobody(args);
    assert!(nobody(&["list"]).status.success(), "{:?}", nobody(&["list"]));
    let set = |mode| {
        std::fs::set_permissions(site.data(), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let database = site.data().join("station.db");
    // Closed by a writer alone, the store has no log: a new one cannot be made then.
    let conn = rusqlite::Connection::open(&database).unwrap();
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(conn);
    let before = std::fs::read(&database).unwrap();
    set(0o500);
    for args in [&["serve"][..], &["at", "now", "--", "true"]] {
        let refused = nobody(args);
        assert_eq!(refused.status.code(), Some(5), "{args:?}: {refused:?}");
        assert!(said(&refused).contains(site.data().to_str().unwrap()), "{refused:?}");
    }
    assert_eq!(nobody(&["doctor"]).status.code(), Some(5));
    set(0o700);
    assert_eq!(std::fs::read(&database).unwrap(), before);
    assert_eq!(nobody(&["list"]).status.code(), Some(0));
}

#[test]
fn files_that_are_no_store_of_ours_are_left_alone() {
    type Spoil = fn(&Path);
    let table: [(&str, Spoil, &str); 4] = [
        (
            "foreign",
            |path| std::fs::write(path, "To whom it may concern. ".repeat(99)).unwrap(),
            "not",
        ),
        (
            "another's database",
            |path| {
                let other = rusqlite::Connection::open(path).unwrap();
                other.execute_batch("CREATE TABLE notes (text)").unwrap();
            },
            "not",
        ),
        (
            "newer",
            |path| {
                let newer = rusqlite::Connection::open(path).unwrap();
                newer.pragma_update(None, "user_version", 7).unwrap();
            },
            "newer station",
        ),
        (
            "damaged",
            |path| {
                // What is in the log still is moved into the file, then its head is overwritten.
                let conn = rusqlite::Connection::open(path).unwrap();
                conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
                drop(conn);
                let mut content = std::fs::read(path).unwrap();
                content[..16].fill(0);
                std::fs::write(path, content).unwrap();
            },
            "station backup",
        ),
    ];
    for (what, spoil, wanted) in table {
        let site = Site::new();
        std::fs::create_dir(site.data()).unwrap();
        std::fs::set_permissions(site.data(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let database = site.data().join("station.db");
        if matches!(what, "newer" | "damaged") {
            site.ok(["at", "now + 1 hour", "--", "true"]);
        }
        spoil(&database);
        let before = std::fs::read(&database).unwrap();
        for args in [&["serve"][..], &["at", "now", "--", "true"], &["list"], &["show", "1"]] {
            let mut command = site.program(Path::new("timeout"));
            command.args(["-s", "KILL", "30"]).arg(env!("CARGO_BIN_EXE_station"));
            let refused = command.args(args).output().unwrap();
            assert_eq!(refused.status.code(), Some(5), "{what}, {args:?}: {refused:?}");
            let said = said(&refused);
            let said: Vec<&str> = said.lines().filter(|line| !line.contains(" ERROR ")).collect();
            assert!(said[0].contains("station.db"), "{what}, {args:?}: {said:?}");
            assert!(said.join("\n").contains(wanted), "{what}, {args:?}: {said:?}");
            assert!(said.len() <= 2, "one error and one hint: {said:?}");
        }
        assert_eq!(site.run(["doctor"]).status.code(), Some(5), "{what}");
        assert_eq!(std::fs::read(&database).unwrap(), before, "{what}");
    }
}
