//! The command line without a daemon, down to the instrument.

use std::ffi::OsString;
use std::path::PathBuf;

use serde_json::Value;
use station::cli::{CliError, Externals, Screen, World, run_in};
use station::embed::Embedder;
use station_instrument::simulate::{Model, Simulator, SimulatorOptions};

/// A data directory, and a power supply that is switched on.
struct Desk {
    resource: String,
    dir: tempfile::TempDir,
    _simulator: Simulator,
    _runtime: tokio::runtime::Runtime,
}

impl Desk {
    fn new() -> Self {
        let runtime = station::daemon::tokio_runtime().unwrap();
        let options = SimulatorOptions { model: Model::Psu, ..SimulatorOptions::default() };
        let simulator = runtime.block_on(async { Simulator::start(options) }).unwrap();
        let resource = simulator.resources().remove(0);
        let dir = tempfile::tempdir().unwrap();
        Self { resource, dir, _simulator: simulator, _runtime: runtime }
    }

    /// With the power supply registered as `psu`.
    fn furnished() -> Self {
        let desk = Self::new();
        desk.ok(&["equipment", "add", "psu", &desk.resource, "--type", "power_supply"]);
        desk
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Runs a command line; its status, and what it printed.
    fn run(&self, args: &[&str]) -> (u8, String, String) {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let world = World {
            screen: Screen {
                out: Box::new(&mut out),
                err: Box::new(&mut err),
                colour: false,
                out_is_terminal: false,
                err_is_terminal: false,
                err_colour: false,
            },
            stdin: Box::new(std::io::empty()),
            stdin_is_terminal: false,
            env: vec![("STATION_DATA_DIR".into(), self.data().into())],
            cwd: None,
            umask: Some(0o022),
            zone: Some(jiff::tz::TimeZone::UTC),
            uid: 0,
            gid: 0,
            etc: PathBuf::from("/nonexistent"),
        };
        let externals = Externals {
            embedded: Box::new(Embedder),
            serve: |_| Err(CliError::usage("no daemon is wanted here")),
            doctor: |_, _, _| Ok(true),
            backup: |_, _| Ok(0),
            verify: |_| Err(CliError::usage("nothing is verified here")),
            on_interrupt: |_| Ok(()),
        };
        let line: Vec<OsString> = ["station"].iter().chain(args).map(OsString::from).collect();
        let status = run_in(line, world, &externals);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status, text(out), text(err))
    }

    /// Runs what must go well; what it printed.
    #[track_caller]
    fn ok(&self, args: &[&str]) -> String {
        let (status, out, err) = self.run(args);
        assert_eq!(status, 0, "{args:?}: {out}{err}");
        out
    }

    #[track_caller]
    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[args, &["--json"]].concat())).unwrap()
    }

    /// Runs what must not; its status and what it said.
    #[track_caller]
    fn fails(&self, args: &[&str]) -> (u8, String) {
        let (status, out, err) = self.run(args);
        assert!(status != 0 && !err.is_empty(), "{args:?}: {out}{err}");
        (status, err)
    }
}

#[test]
fn an_instrument_is_registered_asked_and_removed() {
    let desk = Desk::new();
    let told = desk.ok(&["equipment", "add", "psu", &desk.resource, "--type", "power_supply"]);
    assert!(told.starts_with("psu is registered: "), "{told}");
    assert!(told.ends_with("SIM-PSU3, serial number SIM0001\n"), "{told}");
    assert!(desk.ok(&["equipment", "list"]).contains("SIM-PSU3"));
    assert!(desk.ok(&["equipment", "show", "psu"]).contains("set_voltage"));
    assert_eq!(desk.ok(&["equipment", "call", "psu", "set_voltage", "voltage=5"]), "");
    assert_eq!(desk.ok(&["equipment", "send", "psu", "VOLT?"]).trim().parse(), Ok(5.0));
    let read = desk.ok(&["equipment", "call", "psu", "get_voltage"]);
    assert!(read.ends_with(" V\n"), "{read}");
    assert!(desk.ok(&["equipment", "readings", "psu"]).contains("voltage: "));
    assert!(desk.ok(&["equipment", "identify", "psu"]).contains("SIM-PSU3,SIM0001,"));
    assert!(
        desk.ok(&["equipment", "test", "psu"])
            .contains("reached, and says it is Stationmaster,SIM-PSU3,SIM0001,")
    );
    assert!(desk.ok(&["equipment", "test", "psu", "--self"]).contains("found no fault"));
    assert_eq!(desk.ok(&["equipment", "connect", "psu"]), "psu is connected\n");
    assert_eq!(desk.ok(&["equipment", "disconnect", "psu"]), "psu is disconnected\n");
    let edit =
        ["equipment", "edit", "psu", "--driver", "generic_power_supply", "--nickname", "left"];
    desk.ok(&edit);
    let one = desk.json(&["equipment", "show", "psu"])["equipment"].take();
    assert_eq!(
        (&one["driver"], &one["nickname"]),
        (&"generic_power_supply".into(), &"left".into())
    );
    desk.ok(&["equipment", "edit", "psu", "--driver", "none", "--no-safe-state"]);
    let one = desk.json(&["equipment", "show", "psu"])["equipment"].take();
    assert_eq!((&one["driver"], &one["settings"]["safe_state"]), (&Value::Null, &false.into()));
    let told = desk.json(&["equipment", "remove", "psu"]);
    assert_eq!(told["removed"], serde_json::json!(["psu"]));
    assert_eq!(desk.ok(&["equipment", "list"]), "No equipment found.\n");
}

#[test]
fn the_exit_status_tells_whose_fault_it_is() {
    let desk = Desk::furnished();
    let nobody = crate::rig::Lab::nobody();
    let psu = desk.resource.as_str();
    for (args, status, says) in [
        (&["equipment", "show", "nosuch"][..], 3, "nosuch"),
        (&["equipment", "rm", "nosuch"], 3, "nosuch"),
        (&["equipment", "add", "psu", psu, "--type", "power_supply"], 4, "psu"),
        (&["equipment", "add", "x", psu, "--type", "multimeter"], 4, "already, as 'psu'"),
        (&["equipment", "add", "x", &nobody, "--type", "multimeter"], 1, "127.0.0.1"),
        (&["equipment", "add", "x", "TCPIP0::h", "--type", "multimeter"], 2, "TCPIP0::h"),
        (&["equipment", "call", "psu", "set_volatge"], 2, "did you mean 'set_voltage'?"),
        (&["equipment", "call", "psu", "set_voltage", "voltage=5;*RST"], 2, "voltage"),
        (&["equipment", "call", "psu", "set_voltage", "voltage=1000"], 1, "-222"),
        (&["equipment", "state", "show", "nosuch"], 3, "nosuch"),
        (&["profile", "show", "nosuch"], 3, "nosuch"),
        (&["profile", "create", "p", "--type", "power_supply", "volatge=5"], 2, "'voltage'"),
        (&["acquisition", "show", "nosuch"], 3, "nosuch"),
        (&["acquisition", "start", "nosuch"], 3, "neither an acquisition nor equipment 'nosuch'"),
    ] {
        let (told, err) = desk.fails(args);
        assert_eq!((told, err.contains(says)), (status, true), "{args:?}: {err}");
    }
}

#[test]
fn profiles_and_states_go_round() {
    let desk = Desk::furnished();
    let file = desk.dir.path().join("charge.toml");
    let text = "equipment_type = \"power_supply\"\ntags = [\"battery\"]\n\n\
                [settings]\nvoltage = 12.6\ncurrent = 2\n";
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    desk.ok(&["profile", "create", "charge", "-f", file, "--description", "four cells"]);
    assert!(desk.ok(&["profile", "list"]).contains("four cells"));
    let first = desk.json(&["equipment", "state", "capture", "psu"])["state_id"].take();
    let first = first.as_str().unwrap();
    assert_eq!(desk.ok(&["profile", "apply", "charge", "psu"]), "charge is applied to psu\n");
    let second =
        desk.json(&["equipment", "state", "capture", "psu", "--name", "full"])["state_id"].take();
    let second = second.as_str().unwrap();
    let told = desk.ok(&["equipment", "state", "compare", first, second]);
    assert!(told.contains("12.6") && told.contains("voltage"), "{told}");
    desk.ok(&["equipment", "state", "restore", first]);
    let told = desk.ok(&["equipment", "send", "psu", "VOLT?"]);
    assert_ne!(told.trim().parse(), Ok(12.6));
    // What is shown can be made anew.
    let shown = desk.dir.path().join("shown.json");
    std::fs::write(&shown, desk.ok(&["profile", "show", "charge", "--json"])).unwrap();
    desk.ok(&["profile", "create", "again", "-f", shown.to_str().unwrap()]);
    let (mut one, mut other) =
        (desk.json(&["profile", "show", "charge"]), desk.json(&["profile", "show", "again"]));
    for field in ["name", "created_at", "modified_at"] {
        assert_ne!((one[field].take(), other[field].take()), (Value::Null, Value::Null));
    }
    assert_eq!(one, other);
    desk.ok(&["profile", "rm", "charge", "again"]);
    assert_eq!(desk.ok(&["profile", "list"]), "No profiles found.\n");
}

#[test]
fn without_a_daemon_the_command_takes_the_samples_itself() {
    let desk = Desk::furnished();
    let start = ["acquisition", "start", "psu", "--duration", "0.3s", "--rate", "50"];
    let (status, out, err) = desk.run(&[&start[..], &["--channels", "1,2"]].concat());
    assert_eq!(status, 0, "{out}{err}");
    let id = out.trim();
    assert!(err.contains("no daemon runs") && err.contains(" samples, "), "{err}");
    let one = desk.json(&["acquisition", "show", id]);
    assert_eq!((&one["state"], &one["format"]), (&"stopped".into(), &"csv".into()), "{one}");
    let data = desk.ok(&["acquisition", "data", id, "-n", "2"]);
    let lines: Vec<&str> = data.lines().collect();
    assert_eq!((lines.len(), lines[0].starts_with("time,")), (3, true), "{data}");
    assert_eq!(lines[1].split(',').count(), lines[0].split(',').count());
    let file = desk.ok(&["acquisition", "export", id, "--format", "npy"]);
    assert!(std::fs::read(file.trim()).unwrap().starts_with(b"\x93NUMPY"));
    let (status, err) = desk.fails(&["acquisition", "stop", id]);
    assert_eq!((status, err.contains("not under way")), (4, true), "{err}");
    let made = desk.ok(&["acquisition", "create", "psu", "--duration", "0.1s", "--rate", "50"]);
    let (status, err) = desk.fails(&["acquisition", "follow", made.trim()]);
    assert_eq!((status, err.contains("has not been started")), (4, true), "{err}");
    let ended = desk.json(&["acquisition", "start", made.trim()]);
    assert_eq!(ended["state"], "stopped", "{ended}");
    desk.ok(&["acquisition", "rm", id, made.trim()]);
    assert_eq!(desk.ok(&["acquisition", "list", "psu"]), "No acquisitions found.\n");
}
