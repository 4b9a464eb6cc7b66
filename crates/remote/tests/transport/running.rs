//! Running commands, and looking at the processes that carry them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use station_remote::{Client, ClientConfig, End, Ended, Failure, Read, Request, Route, Running};
use tempfile::TempDir;

use super::sshd::Sshd;

/// A client with a private directory that can be looked into.
pub(crate) struct Setup {
    pub(crate) server: Sshd,
    pub(crate) dir: TempDir,
    pub(crate) client: Client,
}

impl Setup {
    pub(crate) fn new(lines: &[&str]) -> Self {
        Self::with(Sshd::with(lines), |_| {})
    }

    pub(crate) fn with(server: Sshd, change: impl FnOnce(&mut ClientConfig)) -> Self {
        let dir = private();
        let mut config = config(&server, dir.path());
        change(&mut config);
        Self { client: Client::new(config), server, dir }
    }

    /// How often somebody has logged in.
    pub(crate) fn logins(&self) -> usize {
        self.server.log().matches("Accepted publickey").count()
    }

    /// The masters' processes.
    pub(crate) fn masters(&self) -> Vec<Pid> {
        processes(self.dir.path(), "-M")
    }

    pub(crate) async fn run(&self, command: &str) -> Output {
        run(&self.client, &Route::ssh("node"), command).await.unwrap()
    }
}

/// A directory that only we may enter.
pub(crate) fn private() -> TempDir {
    let mode = fs::Permissions::from_mode(0o700);
    tempfile::Builder::new().prefix("st-").permissions(mode).tempdir().unwrap()
}

pub(crate) fn config(server: &Sshd, dir: &Path) -> ClientConfig {
    ClientConfig {
        config_file: Some(server.config()),
        directory: Some(dir.to_owned()),
        ..ClientConfig::from_env()
    }
}

/// What has become of a command.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) ended: Ended,
}

impl Output {
    /// The sentence on the connection that was lost.
    pub(crate) fn lost(&self) -> &str {
        let failure = self.ended.failure.as_ref().unwrap_or_else(|| panic!("{self:?}"));
        assert_eq!(failure.kind, station_remote::FailureKind::Lost, "{self:?}");
        assert_eq!(self.ended.end, End::Unknown, "{self:?}");
        &failure.message
    }

    pub(crate) fn exit(&self) -> i32 {
        match self.ended.end {
            End::Exit(code) => code,
            End::Signal(_) | End::NeverStarted | End::Unknown => panic!("{self:?}"),
        }
    }
}

pub(crate) fn request(command: &str) -> Request {
    Request { guard: None, connect_timeout: Duration::from_secs(30), ..Request::new(command) }
}

pub(crate) async fn run(client: &Client, route: &Route, command: &str) -> Result<Output, Failure> {
    Ok(rest(client.start(route, request(command)).await?).await)
}

/// Reads a command to its end.
pub(crate) async fn rest(mut running: Running) -> Output {
    let (mut buffer, mut stdout, mut stderr) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        buffer.clear();
        match running.read(&mut buffer).await {
            Read::Stdout(_) => stdout.extend_from_slice(&buffer),
            Read::Stderr(_) => stderr.extend_from_slice(&buffer),
            Read::Ended(ended) => {
                let text = |bytes| String::from_utf8(bytes).unwrap();
                return Output { stdout: text(stdout), stderr: text(stderr), ended };
            }
        }
    }
}

/// Reads the first line of standard output, a number; a login shell may have said something else.
pub(crate) async fn number(running: &mut Running) -> i32 {
    let (mut buffer, mut line) = (Vec::new(), Vec::new());
    while !line.ends_with(b"\n") {
        buffer.clear();
        match running.read(&mut buffer).await {
            Read::Stdout(_) => line.extend_from_slice(&buffer),
            Read::Stderr(_) => {}
            Read::Ended(ended) => panic!("{ended:?} after {line:?}"),
        }
    }
    String::from_utf8(line).unwrap().trim().parse().unwrap()
}

/// The processes whose command line names the directory and holds that argument.
pub(crate) fn processes(dir: &Path, argument: &str) -> Vec<Pid> {
    let dir = dir.to_str().unwrap();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(pid) = pid.and_then(Pid::from_raw) else { continue };
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        if line.contains(dir) && line.split('\0').any(|word| word == argument) {
            found.push(pid);
        }
    }
    found
}

pub(crate) fn kill(pid: Pid) {
    kill_process(pid, Signal::KILL).unwrap();
}

/// Waits until these processes have ended.
pub(crate) async fn gone(pids: Vec<Pid>) {
    let wait = move || {
        for pid in pids {
            let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
            let limit = Timespec { tv_sec: 20, tv_nsec: 0 };
            let ready = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&limit)).unwrap();
            assert_eq!(ready, 1, "{pid:?} does not end");
        }
    };
    tokio::task::spawn_blocking(wait).await.unwrap();
}
