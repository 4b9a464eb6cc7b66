//! Outstations from the command line: a real daemon, and the simulated substation as a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{Site, wait_for};

/// A substation that listens on a free port.
struct Substation {
    process: Child,
    address: String,
}

impl Substation {
    fn start(site: &Site) -> Self {
        let mut process = site
            .station()
            .args(["simulate", "outstation", "--listen", "127.0.0.1:0", "--ca", "47", "--json"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
        let told: Value = serde_json::from_str(&first).unwrap();
        Self { process, address: told["listening"].as_str().unwrap().to_owned() }
    }
}

impl Drop for Substation {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A daemon with the substation as SS1, whose values are known.
fn connected() -> (Site, Substation) {
    let mut site = Site::new();
    site.start();
    let substation = Substation::start(&site);
    let points = site.ok(["simulate", "outstation", "--print-points"]);
    // Somebody else has to agree to what is done with the second breaker.
    let points = points.replacen(
        "feedback = \"breaker-2-state\"",
        "feedback = \"breaker-2-state\"\napproval = 600",
        1,
    );
    std::fs::write(site.scratch().join("ss1.toml"), points).unwrap();
    let add =
        ["outstation", "add", "SS1", &substation.address, "--ca", "47", "--points", "ss1.toml"];
    assert_eq!(site.ok(add), "SS1 is registered: 30 points, 10 to command\n");
    wait_for("the values", || {
        let status = site.json(["outstation", "status", "SS1", "--json"]);
        (status["interrogated"]["class"] == "complete").then_some(())
    });
    (site, substation)
}

fn texts(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn value(site: &Site, point: &str) -> String {
    let told = site.json(["outstation", "values", &format!("SS1/{point}"), "--json"]);
    told["values"][0]["value"].as_str().unwrap().to_owned()
}

#[test]
fn points_are_commanded_and_asked() {
    let (site, _substation) = connected();
    assert_eq!(value(&site, "breaker-1-state"), "on");
    let written = site.ok(["outstation", "write", "SS1/breaker-1", "off", "--reason", "work"]);
    assert!(written.starts_with("SS1/breaker-1: on → off, verified\n"), "{written}");
    assert!(written.contains("Grade:           high\n"), "{written}");
    assert_eq!(value(&site, "breaker-1-state"), "off");
    let report = site.json(["outstation", "write", "SS1/voltage-target", "115", "--json"]);
    assert_eq!((&report["class"], &report["status"]), (&json!("verified"), &json!("confirmed")));
    let looked = site.ok(["outstation", "write", "SS1/breaker-1", "on", "--dry-run"]);
    assert!(looked.contains("nothing was sent") && looked.contains("Would be sent:"), "{looked}");
    assert_eq!(value(&site, "breaker-1-state"), "off");

    let read = site.ok(["outstation", "read", "SS1/breaker-1-state"]);
    assert!(read.starts_with("SS1/breaker-1-state: off"), "{read}");
    let asked = site.ok(["outstation", "interrogate", "SS1"]);
    assert!(asked.starts_with("SS1: interrogate complete, "), "{asked}");
    for question in ["counters", "test"] {
        let asked = site.ok(["outstation", question, "SS1"]);
        assert!(asked.starts_with(&format!("SS1: {question} complete")), "{asked}");
    }
    // A machine whose own clock is not synchronised sets no other.
    let (code, out, err) = texts(&site.run(["outstation", "sync-clock", "SS1"]));
    match code {
        Some(0) => assert!(out.starts_with("SS1: sync-clock complete"), "{out}"),
        _ => assert!(code == Some(4) && err.contains("not synchronised"), "{code:?} {err}"),
    }
    // Whatever stands in the file comes back as it was.
    let exported = site.ok(["outstation", "points", "SS1", "--export"]);
    std::fs::write(site.scratch().join("again.toml"), &exported).unwrap();
    site.ok(["outstation", "points", "SS1", "--set", "again.toml"]);
    assert_eq!(site.ok(["outstation", "points", "SS1", "--export"]), exported);
}

#[test]
fn refusals_have_their_exit_status() {
    let (site, substation) = connected();
    let refused = |words: &[&str], status: i32, why: &str| {
        let output = site.station().arg("outstation").args(words).output().unwrap();
        let (code, _, err) = texts(&output);
        assert!(code == Some(status) && err.contains(why), "{words:?}: {code:?} {err}");
    };
    refused(&["write", "SS1/voltage-target", "500"], 2, "120");
    refused(&["write", "SS1/breaker-1", "ajar"], 2, "ajar");
    refused(&["write", "SS1/outputs", "1", "--select"], 2, "select");
    refused(&["write", "SS1/nosuch", "on"], 3, "nosuch");
    refused(&["write", "SS9/breaker-1", "on"], 3, "SS9");
    refused(&["write", "SS1/disconnector-1", "off"], 4, "breaker-1-state == off");
    site.ok(["outstation", "tag", "SS1/breaker-1", "men", "at", "work"]);
    refused(&["write", "SS1/breaker-1", "off"], 4, "men at work");
    site.ok(["outstation", "untag", "SS1/breaker-1"]);
    site.ok(["outstation", "control", "stop", "storm"]);
    refused(&["write", "SS1/breaker-1", "off"], 4, "station outstation control start");
    site.ok(["outstation", "control", "start"]);
    refused(&["write", "SS1/breaker-2", "off"], 4, "station outstation approve 1");
    let waiting = site.json(["outstation", "approvals", "--json"]);
    assert_eq!((&waiting["count"], &waiting["approvals"][0]["id"]), (&json!(1), &json!("1")));
    refused(&["approve", "1"], 4, "agree");
    refused(&["approve", "9"], 3, "9");
    drop(substation);
    wait_for("the link to be down", || {
        (site.json(["outstation", "status", "SS1", "--json"])["link"] == "down").then_some(())
    });
    refused(&["write", "SS1/breaker-1", "off"], 1, "station outstation status SS1");
}

#[test]
fn what_is_watched_ends_with_an_interruption() {
    let (site, _substation) = connected();
    let mut watch = site
        .station()
        .args(["outstation", "watch", "SS1/breaker-1-state", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(next()["value"], "on");
    site.ok(["outstation", "write", "SS1/breaker-1", "off"]);
    while next()["value"] != "off" {}
    let pid = Pid::from_raw(i32::try_from(watch.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    assert_eq!(watch.wait().unwrap().code(), Some(130));
}

#[test]
fn jobs_that_would_command_late_or_again_are_refused() {
    let (site, _substation) = connected();
    let refused = |options: &[&str]| {
        let mut command = site.station();
        command.args(["at", "tomorrow", "--on", "SS1"]).args(options);
        let output = command.args(["--", "write", "breaker-1", "off"]).output().unwrap();
        let (code, _, err) = texts(&output);
        assert!(code == Some(4) && err.lines().count() >= 1, "{options:?}: {code:?} {err}");
    };
    refused(&["--retries", "2"]);
    refused(&["--grace", "1h"]);
    refused(&["--rerun-interrupted"]);
    let made = site.json([
        "at",
        "tomorrow",
        "--on",
        "SS1",
        "--expiry",
        "5s",
        "--json",
        "--",
        "write",
        "breaker-1",
        "off",
    ]);
    let job = site.json(["show", made["job_id"].as_str().unwrap(), "--json"]);
    assert_eq!(
        (&job["schedule_type"], &job["target"]),
        (&json!("outstation_command"), &json!("SS1"))
    );
    let wrong = site.run(["at", "tomorrow", "--on", "SS1", "--", "wirte", "breaker-1", "off"]);
    assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
}

/// What tshark shows of a capture of the substation.
fn tshark(site: &Site, substation: &Substation, arguments: &[&str]) -> String {
    let (_, port) = substation.address.rsplit_once(':').unwrap();
    let ran = Command::new("tshark")
        .current_dir(site.scratch())
        .args(["-n", "-r", "all.pcap", "-d", &format!("tcp.port=={port},iec60870_104")])
        .args(arguments)
        .output()
        .expect("tshark is needed: ./test installs it, or `apt-get install tshark`");
    assert!(ran.status.success(), "{ran:?}");
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn what_was_commanded_is_proven_and_captured_and_what_was_altered_is_named() {
    let (mut site, substation) = connected();
    for value in ["off", "on"] {
        site.ok(["outstation", "write", "SS1/breaker-1", value, "--select", "--ticket", "W-1"]);
    }
    site.ok(["outstation", "write", "SS1/voltage-target", "115"]);
    let job = site.json(["at", "now", "--on", "SS1", "--json", "--", "write", "breaker-1", "off"]);
    site.wait_status(job["job_id"].as_str().unwrap(), &["completed"]);
    site.ok(["audit", "export", "--pcap", "-o", "all.pcap", "--outstation", "SS1"]);
    let filter = "_ws.malformed || _ws.expert.severity >= 0x00800000";
    let fields = ["-Y", filter, "-T", "fields", "-e", "frame.number"];
    assert_eq!(tshark(&site, &substation, &fields), "", "nothing is malformed");
    let types = ["-Y", "iec60870_asdu", "-T", "fields", "-e", "iec60870_asdu.typeid"];
    let seen = tshark(&site, &substation, &types);
    let commands = |type_id: &str| seen.split(['\n', ',']).filter(|one| *one == type_id).count();
    // Double commands: selection, its confirmation, execution and its confirmation at the least.
    assert!(commands("46") >= 10 && commands("50") >= 2, "{seen}");
    assert!(site.ok(["audit", "verify"]).contains("the tail is unproven"));

    site.signal(Signal::TERM);
    site.ended();
    let store = site.data().join("station.db");
    let altered = rusqlite::Connection::open(&store).unwrap();
    let find = "SELECT max(seq) FROM audit WHERE subject = 'outstation SS1/voltage-target'";
    let seq: i64 = altered.query_row(find, [], |row| row.get(0)).unwrap();
    altered.execute_batch("DROP TRIGGER audit_unchanged").unwrap();
    let change = "UPDATE audit SET text = replace(text, '115', '116') WHERE seq = ?1";
    assert_eq!(altered.execute(change, [seq]).unwrap(), 1);
    drop(altered);
    let (code, out, err) = texts(&site.run(["audit", "verify"]));
    assert!(code == Some(1) && format!("{out}{err}").contains(&format!("{seq}")), "{out}{err}");
}
