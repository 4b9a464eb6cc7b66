//! Starts independent outstations (`tests/peers`) for a test.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// A process of Python that is an outstation until this is dropped.
pub(crate) struct Peer {
    /// Held for its standard input, with which it ends.
    _child: Child,
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
        "these tests speak to independent outstations, which are not installed: run \
         tools/outstation-peers.sh, or set STATION_TEST_PYTHON to a Python that has them"
    );
    python
}

impl Peer {
    /// The strict one, which journals what it operates.
    pub(crate) async fn strict(options: &[&str]) -> Self {
        Self::start("strict.py", options).await
    }

    /// The lenient one.
    pub(crate) async fn lenient(options: &[&str]) -> Self {
        Self::start("lenient.py", options).await
    }

    async fn start(script: &str, options: &[&str]) -> Self {
        let mut child = Command::new(python())
            .arg(workspace().join("crates/outstation/tests/peers").join(script))
            .arg("--journal")
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next_line().await.unwrap().unwrap();
        let endpoint = first.strip_prefix("listening ").unwrap().to_owned();
        Self { _child: child, lines, endpoint }
    }

    /// The next thing it operated: `9001 ON`.
    pub(crate) async fn operated(&mut self) -> String {
        let line = self.lines.next_line().await.unwrap().unwrap();
        line.strip_prefix("operated ").unwrap().to_owned()
    }
}
