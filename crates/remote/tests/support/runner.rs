//! Runs requests to their end and keeps what they put out.

use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use station_remote::{Client, ClientConfig, Ended, Read, Request, Route, Running};
use tokio::net::unix::pipe::Receiver;
use tokio::time::timeout;

use crate::sshd::Sshd;

/// Nothing in these tests takes longer, unless it hangs.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A client of that server, and the way to it.
pub(crate) fn client(server: &Sshd) -> (Client, Route) {
    let config = ClientConfig { config_file: Some(server.config()), ..ClientConfig::from_env() };
    (Client::new(config), Route::ssh("node"))
}

/// What a command has put out, and its end.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) ended: Ended,
}

/// Reads all that is left.
pub(crate) async fn finish(running: &mut Running) -> Done {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut buffer = Vec::with_capacity(64 << 10);
    let reading = async {
        loop {
            buffer.clear();
            match running.read(&mut buffer).await {
                Read::Stdout(count) => {
                    assert_eq!(count, buffer.len());
                    stdout.extend_from_slice(&buffer);
                }
                Read::Stderr(count) => {
                    assert_eq!(count, buffer.len());
                    stderr.extend_from_slice(&buffer);
                }
                Read::Ended(ended) => return ended,
            }
        }
    };
    let ended = timeout(LIMIT, reading).await.expect("the command does not end");
    Done { stdout, stderr, ended }
}

/// Starts a request and reads it to its end.
pub(crate) async fn run(server: &Sshd, request: Request) -> Done {
    let (client, route) = client(server);
    let mut running = client.start(&route, request).await.unwrap();
    finish(&mut running).await
}

/// Reads until standard output holds that text.
pub(crate) async fn await_output(running: &mut Running, text: &str) -> String {
    let mut all = String::new();
    let reading = async {
        while !all.contains(text) {
            let mut buffer = Vec::with_capacity(4 << 10);
            match running.read(&mut buffer).await {
                Read::Stdout(_) => all.push_str(std::str::from_utf8(&buffer).unwrap()),
                Read::Stderr(_) => panic!("{}", String::from_utf8_lossy(&buffer)),
                Read::Ended(ended) => panic!("{ended:?} after {all:?}"),
            }
        }
    };
    timeout(LIMIT, reading).await.expect("the output does not come");
    all
}

/// A process of this machine whose end can be awaited, whoever its parent is.
pub(crate) struct Watched(Option<Receiver>);

impl Watched {
    /// That process; one that is gone already has ended.
    pub(crate) fn new(pid: &str) -> Self {
        let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        let pidfd: Option<OwnedFd> = pidfd_open(pid, PidfdFlags::empty()).ok();
        Self(pidfd.map(|fd| Receiver::from_owned_fd_unchecked(fd).unwrap()))
    }

    /// Whether it still runs.
    pub(crate) fn is_there(&self) -> bool {
        let Some(pidfd) = &self.0 else { return false };
        let mut fds = [rustix::event::PollFd::new(pidfd, rustix::event::PollFlags::IN)];
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        rustix::event::poll(&mut fds, Some(&now)).unwrap() == 0
    }

    /// Waits until it is gone.
    pub(crate) async fn gone(&self) {
        let Some(pidfd) = &self.0 else { return };
        timeout(LIMIT, pidfd.readable()).await.expect("it is still there").unwrap();
    }
}
