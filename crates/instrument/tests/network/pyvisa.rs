//! An independent client, pyvisa with pyvisa-py, against our servers.
//!
//! Its Python is that of `STATION_TEST_PYTHON`, or of the virtual environment that
//! `tools/instrument-peers.sh` makes.

use std::path::PathBuf;
use std::process::Stdio;

use super::bench::{serve_hislip, serve_vxi11, serve_vxi11_by_portmapper, soon};

/// What the client does with an instrument, whatever the protocol. It is told the resource string and
/// the portmapper's port.
const SCRIPT: &str = r#"
import sys, pyvisa
from pyvisa_py.protocols import rpc
resource, portmapper = sys.argv[1], int(sys.argv[2])
rpc.PMAP_PORT = portmapper or rpc.PMAP_PORT
link = pyvisa.ResourceManager("@py").open_resource(resource, open_timeout=10000)
link.timeout = 10000
link.read_termination = link.write_termination = "\n"
assert link.query("*IDN?") == "ACME,Echo,1,1.0"
for turn in range(20):
    assert link.query(f"ECHO? {turn}") == str(turn)
assert link.read_stb() == 4, link.read_stb()
data = link.query_binary_values("BLOCK? 3000000", datatype="B", container=bytes)
assert data == bytes(at % 251 for at in range(3000000)), len(data)
big = "x" * 2500000
assert link.query("ECHO? " + big) == big
link.timeout = 200
link.write("SILENT?")
try:
    print("a reply came:", link.read())
    sys.exit(1)
except pyvisa.errors.VisaIOError as error:
    assert error.error_code == pyvisa.constants.StatusCode.error_timeout, error
link.timeout = 10000
link.clear()
assert link.query("ECHO? right") == "right"
link.close()
print("done")
"#;

/// A Python that has pyvisa.
fn python() -> PathBuf {
    if let Some(python) = std::env::var_os("STATION_TEST_PYTHON") {
        return python.into();
    }
    let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = workspace.join("target/instrument-peers/bin/python");
    assert!(
        python.exists(),
        "there is no Python with pyvisa at {}: run tools/instrument-peers.sh once, or name one in \
         STATION_TEST_PYTHON",
        python.display()
    );
    python
}

/// Runs the client against a resource.
async fn client(resource: &str, portmapper: u16) {
    let mut command = tokio::process::Command::new(python());
    command.args(["-c", SCRIPT, resource, &portmapper.to_string()]).kill_on_drop(true);
    let output = soon(command.stdin(Stdio::null()).output()).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.ends_with("done\n"), "{text}\n{errors}");
}

#[tokio::test]
async fn speaks_hislip_with_our_server() {
    let served = serve_hislip(9).await;
    client(&format!("TCPIP0::127.0.0.1::hislip0,{}::INSTR", served.address.port()), 0).await;
    assert_eq!(served.seen().1, 1, "device clears");
}

#[tokio::test]
async fn speaks_vxi11_with_our_server() {
    let served = serve_vxi11(9).await;
    client(&format!("TCPIP0::127.0.0.1,{}::inst0::INSTR", served.address.port()), 0).await;
    assert_eq!(served.seen().1, 1, "device clears");
}

#[tokio::test]
async fn finds_our_server_by_its_portmapper() {
    let (served, portmapper) = serve_vxi11_by_portmapper().await;
    client("TCPIP0::127.0.0.1::inst0::INSTR", portmapper.port()).await;
    assert_eq!(served.seen().1, 1, "device clears");
}
