//! Starts the strict independent outstation of `crates/outstation/tests/peers` for a test.

use std::io::{BufRead as _, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A process of Python that is an outstation until this is dropped.
pub(crate) struct Peer {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) endpoint: String,
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The Python that has the packages: `STATION_TEST_PYTHON`, else what `tools/outstation-peers.sh` made.
fn python() -> PathBuf {
    if let Some(named) = std::env::var_os("STATION_TEST_PYTHON") {
        return named.into();
    }
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace().join("target"), |target| workspace().join(target));
    let python = target.join("outstation-peers/bin/python");
    assert!(
        python.exists(),
        "these tests speak to an independent outstation, which is not installed: run \
         tools/outstation-peers.sh, or set STATION_TEST_PYTHON to a Python that has hat-drivers"
    );
    python
}

impl Peer {
    /// One that journals what it operates.
    pub(crate) fn strict() -> Self {
        let mut child = Command::new(python())
            .arg(workspace().join("crates/outstation/tests/peers/strict.py"))
            .arg("--journal")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let endpoint = first.strip_prefix("listening ").unwrap().to_owned();
        Self { child, lines, endpoint }
    }

    /// The next thing it operated: `4501 ON`.
    pub(crate) fn operated(&mut self) -> String {
        let line = self.lines.next().unwrap().unwrap();
        line.strip_prefix("operated ").unwrap().to_owned()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It ends with its standard input as well.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
