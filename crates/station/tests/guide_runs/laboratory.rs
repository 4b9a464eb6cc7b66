//! A station with all the equipment and profiles that the guide names.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use station_instrument::simulate::Model;

use crate::peers::Peers;
use crate::rig::Lab;

/// How many times faster its durations pass: 60 s in one.
pub(crate) const PACE: u32 = 60;

/// How long anything may take on a busy machine before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at something.
const MOMENT: Duration = Duration::from_millis(10);

const EQUIPMENT: [(&str, &str, Model); 6] = [
    ("power_supply_1", "power_supply", Model::Psu),
    ("multimeter_1", "multimeter", Model::Dmm),
    ("sensor_1", "multimeter", Model::Dmm),
    ("load_1", "electronic_load", Model::Load),
    ("oscilloscope_1", "oscilloscope", Model::Scope),
    ("scope_1", "oscilloscope", Model::Scope),
];

/// The statuses in which an execution is over.
const OVER: [&str; 6] = ["completed", "failed", "cancelled", "skipped", "missed", "interrupted"];

pub(crate) struct Laboratory {
    pub(crate) lab: Lab,
    /// Where the instruments are reached past the station, over TCP.
    doors: BTreeMap<&'static str, String>,
    _peers: Option<Peers>,
    _dir: Option<tempfile::TempDir>,
}

impl Laboratory {
    /// The instruments are our simulator's.
    pub(crate) fn simulated() -> Self {
        Self::simulated_at(PACE)
    }

    /// With durations that pass so many times faster.
    pub(crate) fn simulated_at(pace: u32) -> Self {
        let mut lab = Lab::with(|options| options.pace = pace);
        let mut doors = BTreeMap::new();
        for (id, kind, model) in EQUIPMENT {
            let resource = lab.simulate(model, &[]);
            lab.connect(id, kind, &resource);
            doors.insert(id, resource);
        }
        Self::furnished(Self { lab, doors, _peers: None, _dir: None })
    }

    /// The instruments are served by sinstruments; `serial` names the one that is on a serial line.
    pub(crate) fn of_peers(serial: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../instrument/tests/peers");
        std::fs::copy(format!("{source}/lab.py"), dir.path().join("lab.py")).unwrap();
        let config = std::fs::read_to_string(format!("{source}/lab.yml")).unwrap();
        // A serial line beside the TCP port, for the first of them: the power supply.
        let line = dir.path().join("line");
        let tcp = "        url: 127.0.0.1:0\n";
        let both = format!("{tcp}      - type: serial\n        url: {}\n", line.display());
        let file = dir.path().join("lab.yml");
        std::fs::write(&file, config.replacen(tcp, &both, 1)).unwrap();
        let peers = Peers::sinstruments(&file);
        let lab = Lab::with(|options| options.pace = PACE);
        let mut doors = BTreeMap::new();
        for (id, kind, _) in EQUIPMENT {
            let link = if serial.contains(&id) { "serial" } else { "tcp" };
            lab.connect(id, kind, peers.resource(id, link));
            doors.insert(id, peers.resource(id, "tcp").to_owned());
        }
        Self::furnished(Self { lab, doors, _peers: Some(peers), _dir: Some(dir) })
    }

    /// One with what is registered already.
    pub(crate) fn with(lab: Lab) -> Self {
        Self { lab, doors: BTreeMap::new(), _peers: None, _dir: None }
    }

    /// The profiles; and the power supply is at 5 V.
    fn furnished(self) -> Self {
        for (name, kind, settings) in [
            (
                "high_resolution_profile",
                "oscilloscope",
                json!({ "timebase_scale": 2e-4, "channel_scale_1": 0.5 }),
            ),
            (
                "high_res_1GS",
                "oscilloscope",
                json!([{ "verb": "set_timebase", "parameters": { "scale": 1e-6 } }]),
            ),
            ("profile_name", "power_supply", json!({ "voltage": 7.5, "current": 0.5 })),
        ] {
            let body = json!({ "name": name, "equipment_type": kind, "settings": settings });
            self.lab.post("/api/profiles/create", body);
        }
        self.lab.command("power_supply_1", "set_voltage", json!({ "voltage": 5 }));
        self.lab.command("power_supply_1", "set_output", json!({ "enabled": true }));
        self
    }

    /// What an instrument answers to somebody else than the station.
    pub(crate) fn past(&self, id: &str, query: &str) -> String {
        let fields: Vec<&str> = self.doors[id].split("::").collect();
        let mut stream = TcpStream::connect((fields[1], fields[2].parse().unwrap())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(format!("{query}\n").as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// A number it answers.
    pub(crate) fn number_past(&self, id: &str, query: &str) -> f64 {
        self.past(id, query).parse().unwrap()
    }

    /// Whether it answers that something is on.
    pub(crate) fn is_on_past(&self, id: &str, query: &str) -> bool {
        self.number_past(id, query) > 0.5
    }

    /// Makes a job; its id.
    pub(crate) fn create(&self, body: &Value) -> String {
        let told = self.lab.post("/api/scheduler/jobs/create", body.clone());
        told["job_id"].as_str().unwrap().to_owned()
    }

    /// Runs a job now; the name of the execution.
    pub(crate) fn run(&self, job: &str) -> String {
        let told = self.lab.post(&format!("/api/scheduler/jobs/{job}/run"), Value::Null);
        told["execution_id"].as_str().unwrap().to_owned()
    }

    /// Waits for the end of an execution; how it is shown then.
    pub(crate) fn end(&self, execution: &str) -> Value {
        let path = format!("/api/scheduler/executions/{execution}");
        self.wait_for(&format!("the end of {execution}"), || {
            let shown = self.lab.get(&path)["execution"].clone();
            OVER.contains(&shown["status"].as_str().unwrap()).then_some(shown)
        })
    }

    /// Waits until there is what is looked for.
    pub(crate) fn wait_for<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(started.elapsed() < PATIENCE, "waited too long for {what}");
            self.lab.runtime.block_on(async { tokio::time::sleep(MOMENT).await });
        }
    }
}
