//! c104's client, which measures itself in a process of its own.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use crate::Result;
use crate::args::Args;

/// What it took each time, in the unit of the work.
pub(crate) fn took(
    args: &Args,
    address: SocketAddr,
    work: &str,
    more: &[(&str, usize)],
) -> Result<Vec<f64>> {
    let mut command = Command::new(args.path("python")?);
    command.arg(args.path("peers")?.join("outstation_bench.py"));
    command.args(["--port", &address.port().to_string(), "--work", work]);
    for (name, number) in more {
        command.args([format!("--{name}"), number.to_string()]);
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", output.status).into());
    }
    let text = String::from_utf8(output.stdout)?;
    Ok(text.lines().map(str::parse).collect::<std::result::Result<_, _>>()?)
}
