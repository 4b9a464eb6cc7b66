//! Starts independent instruments (PyPI sinstruments with gepace and cryocon, scpipy) for a test.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A process of Python that serves instruments until this is dropped.
pub(crate) struct Peers {
    child: Child,
    resources: BTreeMap<String, String>,
}

/// The Python that has the packages: `STATION_TEST_PYTHON`, else what `tools/instrument-peers.sh` made.
pub(crate) fn python() -> PathBuf {
    if let Some(named) = std::env::var_os("STATION_TEST_PYTHON") {
        return named.into();
    }
    let workspace = workspace();
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace.join("target"), |target| workspace.join(target));
    let python = target.join("instrument-peers/bin/python");
    assert!(
        python.exists(),
        "these tests speak to independent instruments, which are not installed: run \
         tools/instrument-peers.sh, or set STATION_TEST_PYTHON to a Python that has them"
    );
    python
}

/// The workspace's directory, from any of its crates.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Peers {
    /// The devices of a configuration file of sinstruments. Write port 0 (`url: 127.0.0.1:0`).
    pub(crate) fn sinstruments(config: &Path) -> Self {
        Self::start(&["sinstruments".as_ref(), config.as_os_str()])
    }

    /// A server of scpipy: `*IDN?`, `SLOW?` (answers `LATE` after half a second), `SYST:ERR?` and the
    /// common commands.
    pub(crate) fn scpipy() -> Self {
        Self::start(&["scpipy".as_ref()])
    }

    fn start(arguments: &[&std::ffi::OsStr]) -> Self {
        let script = workspace().join("crates/instrument/tests/support/peers.py");
        let mut child = Command::new(python())
            .arg(script)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let resources = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("the instruments did not start: {error}: {line:?}"));
        Self { child, resources }
    }

    /// The resource string of a device's transport: `resource("pace", "tcp")`.
    pub(crate) fn resource(&self, device: &str, transport: &str) -> &str {
        let name = format!("{device}.{transport}");
        self.resources.get(&name).unwrap_or_else(|| panic!("no {name} in {:?}", self.resources))
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        // It ends with its standard input; killing it makes sure.
        drop(self.child.stdin.take());
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
