//! PyVISA-py as a client of the simulator: it knows nothing of our code.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;

/// The Python that has PyVISA-py.
fn python() -> PathBuf {
    let given = std::env::var_os("STATION_TEST_PYTHON").map(PathBuf::from);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let python = given.unwrap_or_else(|| root.join("target/instrument-peers/bin/python"));
    assert!(
        python.exists(),
        "{} is not there: run tools/instrument-peers.sh, which installs PyVISA-py, or name a Python \
         that has it in STATION_TEST_PYTHON",
        python.display()
    );
    python
}

/// Runs one case of the script against a simulator.
fn check(case: &str, running: &Running) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/pyvisa_client.py");
    let done = Command::new(python())
        .arg(script)
        .arg(case)
        .args(running.simulator.resources())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{case}: {text}");
    // The script says so only when it came to its end.
    assert_eq!(String::from_utf8_lossy(&done.stdout), format!("{case} passed\n"));
}

#[test]
fn supply() {
    check("supply", &simulate(Model::Psu, &[]));
}

#[test]
fn electronic_load() {
    check("load", &simulate(Model::Load, &[]));
}

#[test]
fn multimeter() {
    check("multimeter", &simulate(Model::Dmm, &[]));
}

#[test]
fn oscilloscope() {
    check("oscilloscope", &simulate(Model::Scope, &[]));
}

#[test]
fn generator() {
    check("generator", &simulate(Model::Generator, &[]));
}

#[test]
fn every_fault() {
    check("faults", &simulate(Model::Scope, &[]));
}

#[test]
fn busy() {
    check("busy", &simulate(Model::Psu, &["busy=all"]));
}
