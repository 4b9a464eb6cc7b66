//! A controlling station that shares no code with us, and a simulator for it to speak to.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use station_outstation::simulate::{Config, Simulator};
use tokio::runtime::Runtime;

/// The common address of the simulated outstation.
pub(crate) const CA: u16 = 47;

/// The simulator, served by a runtime of its own, so that a test may block.
pub(crate) struct Rig {
    pub(crate) simulator: Simulator,
    _runtime: Runtime,
}

impl Rig {
    pub(crate) fn new(config: Config) -> Self {
        let runtime = Runtime::new().unwrap();
        let address = ([127, 0, 0, 1], 0).into();
        let bound = runtime.block_on(Simulator::bind(address, Config { ca: CA, ..config }));
        Self { simulator: bound.unwrap(), _runtime: runtime }
    }

    pub(crate) fn client(&self) -> Client {
        Client::start(self.simulator.local_addr().port(), None)
    }
}

/// `tests/peers/client.py`, which ends with this.
pub(crate) struct Client {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What the outstation said: what, cause, negative, address, value; the originator apart.
pub(crate) type Said = (String, u64, bool, u64, Value);

impl Client {
    /// Connects and starts.
    pub(crate) fn start(port: u16, tls: Option<&Path>) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/client.py");
        let mut command = Command::new(python());
        command.arg(script).arg(port.to_string()).args(["--ca", &CA.to_string()]);
        if let Some(files) = tls {
            command.arg("--tls").arg(files);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let requests = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        let mut client = Self { child, requests, answers };
        assert_eq!(client.answer(), json!("started"));
        client
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// What is answered to a request, and by which originators.
    pub(crate) fn ask_all(&mut self, request: &Value) -> (Vec<Said>, Vec<u64>) {
        writeln!(self.requests, "{request}").unwrap();
        let answer = self.answer();
        let read = |said: &Value| {
            let what = said[0].as_str().unwrap().to_owned();
            let (cause, ioa) = (said[1].as_u64().unwrap(), said[3].as_u64().unwrap());
            (what, cause, said[2].as_bool().unwrap(), ioa, said[4].clone())
        };
        let said = answer.as_array().unwrap();
        let originators = said.iter().map(|said| said[5].as_u64().unwrap()).collect();
        (said.iter().map(read).collect(), originators)
    }

    pub(crate) fn ask(&mut self, request: &Value) -> Vec<Said> {
        self.ask_all(request).0
    }

    /// Causes and whether they were negative.
    pub(crate) fn outline(&mut self, request: &Value) -> Vec<(u64, bool)> {
        self.ask(request).into_iter().map(|(_, cause, negative, _, _)| (cause, negative)).collect()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The Python that has hat-drivers: `STATION_TEST_PYTHON`, else what `tools/outstation-peers.sh` made.
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
        "these tests are spoken to by an independent controlling station, which is not installed: run \
         tools/outstation-peers.sh, or set STATION_TEST_PYTHON to a Python that has hat-drivers"
    );
    python
}
