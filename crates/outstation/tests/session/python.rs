//! Starts the independent outstations of tests/peers, each a process of its own.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// An outstation in Python, until it is dropped.
pub(crate) struct Python {
    child: Child,
    /// Where it listens.
    pub(crate) endpoint: String,
}

/// The Python that has the packages: `STATION_TEST_PYTHON`, else what `tools/outstation-peers.sh` made.
fn python() -> PathBuf {
    if let Some(named) = std::env::var_os("STATION_TEST_PYTHON") {
        return named.into();
    }
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace.join("target"), |target| workspace.join(target));
    let python = target.join("outstation-peers/bin/python");
    assert!(
        python.exists(),
        "these tests speak to independent outstations, which are not installed: run \
         tools/outstation-peers.sh, or set STATION_TEST_PYTHON to a Python that has them"
    );
    python
}

impl Python {
    /// One of `strict`, `lenient` and `raw`, with its arguments.
    pub(crate) fn start(peer: &str, arguments: &[&str]) -> Self {
        let peers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
        let mut child = Command::new(python())
            .arg(peers.join(format!("{peer}.py")))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let endpoint = line.trim().strip_prefix("listening ");
        let endpoint = endpoint.unwrap_or_else(|| panic!("{peer} did not start: {line:?}"));
        Self { child, endpoint: endpoint.to_owned() }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It ends with its standard input; killing it makes sure.
        drop(self.child.stdin.take());
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
