//! Plain channels: an `ssh` or `ush` process for one command.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::pipe::{PipeFlags, pipe_with};
use station_core::model::NodeKind;
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::process::Command;

use super::channel::{Channel, ChannelEnd};
use super::client::ClientConfig;
use super::failure::{Failure, FailureKind};
use super::route::Route;

/// Starts the process.
#[expect(clippy::unused_async, reason = "the skeleton of what will wait")]
pub(crate) async fn open(
    config: &ClientConfig,
    route: &Route,
    remote: &str,
    connect: Duration,
) -> Result<Channel, Failure> {
    let argv = argv(config, route, remote, connect);
    start(&argv).map_err(|error| {
        let message = format!("ssh could not be started: {error}");
        Failure::new(FailureKind::Local, message)
    })
}

/// The whole command line.
pub(crate) fn argv(
    config: &ClientConfig,
    route: &Route,
    remote: &str,
    connect: Duration,
) -> Vec<OsString> {
    let mut argv: Vec<OsString> = Vec::new();
    if route.kind == NodeKind::Ush {
        argv.extend([config.ush.clone().into(), route.address.clone().into(), remote.into()]);
        return argv;
    }
    argv.push(config.ssh.clone().into());
    if let Some(file) = &config.config_file {
        argv.extend(["-F".into(), file.into()]);
    }
    argv.extend(["-T", "-o", "BatchMode=yes", "-o"].map(Into::into));
    argv.push(format!("ConnectTimeout={}", connect.as_secs().max(1)).into());
    if let Some(user) = &route.user {
        argv.extend(["-l".into(), user.into()]);
    }
    argv.extend(["--".into(), route.address.clone().into(), remote.into()]);
    argv
}

fn start(argv: &[OsString]) -> io::Result<Channel> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let (stdin, stdin_here) = pipe_with(PipeFlags::CLOEXEC)?;
    let (stdout_here, stdout) = pipe_with(PipeFlags::CLOEXEC)?;
    let (stderr_here, stderr) = pipe_with(PipeFlags::CLOEXEC)?;
    let give = |fd: OwnedFd| Stdio::from(fd);
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(give(stdin))
        .stdout(give(stdout))
        .stderr(give(stderr))
        .kill_on_drop(true)
        .spawn()?;
    Ok(Channel {
        stdin: Sender::from_owned_fd(stdin_here)?,
        stdout: Receiver::from_owned_fd(stdout_here)?,
        stderr: Receiver::from_owned_fd(stderr_here)?,
        ended: Box::pin(async move {
            match child.wait().await {
                Ok(status) => ended(status),
                Err(error) => ChannelEnd::Lost(Failure::new(
                    FailureKind::Local,
                    format!("how ssh ended could not be learned: {error}"),
                )),
            }
        }),
    })
}

fn ended(status: ExitStatus) -> ChannelEnd {
    match (status.code(), status.signal()) {
        (Some(code), _) => ChannelEnd::Exit(code),
        (None, signal) => ChannelEnd::Lost(Failure::new(
            FailureKind::Lost,
            format!("ssh was ended by signal {}", signal.unwrap_or_default()),
        )),
    }
}
