//! A daemon that is killed while it works with instruments: what becomes of them, of samples and of
//! commands, and what is said of it when the daemon is back.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use serde_json::{Value, json};
use station::client::Transport;

use crate::support::{PATIENCE, Site, is_alive, wait_for};

/// A simulated instrument in a process of its own.
struct Instrument {
    process: Child,
    resource: String,
}

impl Instrument {
    fn start(site: &Site, model: &str) -> Self {
        let mut command = site.station();
        command.args(["simulate", "instrument", "--model", model]).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut resource = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut resource).unwrap();
        Self { process, resource: resource.trim_end().to_owned() }
    }

    /// Registers it.
    fn register(&self, site: &Site, id: &str, kind: &str) {
        site.ok(["equipment", "add", id, &self.resource, "--type", kind]);
    }

    /// What it answers past the station.
    fn ask(&self, query: &str) -> String {
        let fields: Vec<&str> = self.resource.split("::").collect();
        let mut stream = TcpStream::connect((fields[1], fields[2].parse().unwrap())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(format!("{query}\n").as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Instrument {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Has a job with equipment begin now.
fn begin(site: &Site, kind: &str, equipment: &str, parameters: Value) {
    let body = json!({
        "name": kind, "schedule_type": kind, "equipment_id": equipment, "when": "now",
        "parameters": parameters,
    });
    let mut client = site.connect().unwrap();
    let answer = client.call("POST", "/api/scheduler/jobs/create", Some(&body)).unwrap();
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
}

/// How the first job's execution ended.
fn interrupted(site: &Site, job: &str) -> String {
    let job = site.wait_status(job, &["interrupted", "failed", "completed"]);
    let one = &job["executions"][0];
    assert_eq!(one["status"], "interrupted", "{job}");
    one["error"].as_str().unwrap().to_owned()
}

const SAFE: &str = "interrupted: the station stopped while it ran; when it came back, the equipment \
                    was brought into its safe state";

const LEFT: &str = "interrupted: the station stopped while it ran; when it came back, the equipment \
                    was left as it was: it has no safe state";

#[test]
fn a_load_that_a_killed_daemon_left_on_is_switched_off_when_it_is_back() {
    let mut site = Site::new();
    site.start();
    let load = Instrument::start(&site, "load");
    load.register(&site, "load_1", "electronic_load");
    let test =
        json!({ "command": "run_load_test", "parameters": { "duration": 3600, "current": 5 } });
    begin(&site, "command", "load_1", test);
    wait_for("the input to be on", || (load.ask("INP?") == "1").then_some(()));
    site.kill();
    assert_eq!(load.ask("INP?"), "1", "nobody has switched it off");
    site.start();
    assert_eq!(interrupted(&site, "1"), SAFE);
    assert_eq!(load.ask("INP?"), "0");
    // It is nobody's now.
    site.ok(["equipment", "call", "load_1", "get_readings"]);
}

#[test]
fn an_acquisition_that_is_cut_off_is_in_error_and_its_file_can_be_read() {
    let mut site = Site::new();
    site.start();
    let formats = ["csv", "json", "npy"];
    let meters = formats.map(|_| Instrument::start(&site, "dmm"));
    for (meter, format) in meters.iter().zip(formats) {
        meter.register(&site, format, "multimeter");
        let parameters = json!({ "duration": 3600, "sample_rate": 100, "format": format });
        begin(&site, "acquisition", format, parameters);
    }
    let sessions = |site: &Site| {
        let told = site.get("/api/acquisition/sessions");
        told["sessions"].as_array().unwrap().clone()
    };
    wait_for("samples of all", || {
        let taken = sessions(&site);
        let begun = |session: &Value| session["samples"].as_u64().unwrap() >= 20;
        (taken.len() == formats.len() && taken.iter().all(begun)).then_some(())
    });
    site.kill();
    site.start();
    for number in ["1", "2", "3"] {
        // A multimeter drives nothing.
        assert_eq!(interrupted(&site, number), LEFT);
    }
    for session in sessions(&site) {
        assert_eq!(session["state"], "error", "{session}");
        assert_eq!(session["error"], "cut off: the station stopped", "{session}");
        assert!(session["ended_at"].is_string(), "{session}");
        let id = session["acquisition_id"].as_str().unwrap();
        let data = site.get(&format!("/api/acquisition/session/{id}/data?num_samples=100000"));
        let times = data["times"].as_array().unwrap();
        // What has been counted half a second before it was killed is in the file.
        assert!(times.len() >= 20, "{session}: {} samples", times.len());
        assert_eq!(data["values"][0].as_array().unwrap().len(), times.len());
    }
    // They are over: each can be removed.
    for session in sessions(&site) {
        site.ok(["acquisition", "remove", session["acquisition_id"].as_str().unwrap()]);
    }
    assert_eq!(sessions(&site), Vec::<Value>::new());
}

#[test]
fn a_command_of_a_sequence_does_not_outlive_it() {
    let mut site = Site::new();
    site.start();
    let supply = Instrument::start(&site, "psu");
    supply.register(&site, "psu", "power_supply");
    let pids: PathBuf = site.scratch().join("pids");
    // Neither it nor what it starts ends at SIGTERM.
    let stubborn = format!(
        "trap '' TERM; sh -c 'while :; do sleep 60; done' & echo $$ $! > {0}.new; mv {0}.new {0}; \
         while :; do sleep 60; done",
        pids.display()
    );
    let steps = json!([
        { "at": "0s", "verb": "set_output", "parameters": { "enabled": true } },
        { "at": "100ms", "run": stubborn, "timeout": "1h" },
    ]);
    begin(&site, "sequence", "psu", json!({ "steps": steps }));
    let left: Vec<i32> = wait_for("the command to tell its processes", || {
        let text = std::fs::read_to_string(&pids).ok()?;
        Some(text.split_whitespace().map(|pid| pid.parse().unwrap()).collect())
    });
    assert!(left.len() == 2 && left.iter().all(|pid| is_alive(*pid)), "{left:?}");
    site.kill();
    assert_eq!(supply.ask("OUTP?"), "1");
    site.start();
    assert_eq!(interrupted(&site, "1"), SAFE);
    assert!(!left.iter().any(|pid| is_alive(*pid)), "what it ran is still there: {left:?}");
    assert_eq!(supply.ask("OUTP?"), "0");
}
