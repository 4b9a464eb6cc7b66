//! Nodes on a real sshd, and a look at the processes that run there: it is this machine.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use station_remote::{
    Client, ClientConfig, LineSink, Node, NodeBuilder, RexecOptions, Timeouts, callback,
};

#[path = "sshd.rs"]
#[expect(dead_code, reason = "each test uses a part of it")]
mod sshd;

pub(crate) use sshd::Sshd;

/// No wait in a test is longer.
const LONGEST: Duration = Duration::from_secs(30);

/// An sshd, and a client that reaches it.
pub(crate) struct Rig {
    pub(crate) server: Sshd,
    pub(crate) client: Client,
}

impl Rig {
    pub(crate) fn start() -> Self {
        let server = Sshd::start();
        let file = Some(server.config());
        let client = Client::new(ClientConfig { config_file: file, ..ClientConfig::from_env() });
        Self { server, client }
    }

    /// A silent node of that name, by ssh_config(5): `node`, `node1`, ….
    pub(crate) fn node(&self, name: &str) -> Arc<Node> {
        self.builder(name).build().unwrap()
    }

    pub(crate) fn builder(&self, name: &str) -> NodeBuilder {
        Node::builder(name, name).user_from_config().silent(true).client(&self.client)
    }
}

/// Lines as a sink has seen them.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<String>>>);

impl Seen {
    /// A sink that writes down `text`, with `!` before those of standard error.
    pub(crate) fn sink(&self) -> Arc<dyn LineSink> {
        let seen = self.clone();
        callback(move |_, line| {
            let mark = if line.stream == station_remote::Stream::Stderr { "!" } else { "" };
            seen.0.lock().unwrap().push(format!("{mark}{}", line.text()));
        })
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// Options with these limits and sinks.
pub(crate) fn options(timeouts: Timeouts, sinks: Vec<Arc<dyn LineSink>>) -> RexecOptions {
    RexecOptions { timeouts, sinks, ..RexecOptions::default() }
}

/// Limits that no test reaches.
pub(crate) fn patient() -> Timeouts {
    Timeouts { wall: Some(LONGEST), idle: None, connect: LONGEST, grace: Duration::from_secs(1) }
}

/// The process ids that a channel's lines are, one a line.
pub(crate) async fn pid(
    lines: &mut tokio::sync::mpsc::Receiver<station_remote::OwnedLine>,
) -> Process {
    let line = tokio::time::timeout(LONGEST, lines.recv()).await.unwrap().unwrap();
    Process::of(line.text.parse().unwrap_or_else(|_| panic!("no process id: {line:?}")))
}

/// A process, also after its end.
pub(crate) struct Process(Arc<OwnedFd>);

impl Process {
    pub(crate) fn of(pid: i32) -> Self {
        Self(Arc::new(pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()).unwrap()))
    }

    /// Waits until it has ended.
    pub(crate) async fn gone(&self) {
        let fd = Arc::clone(&self.0);
        let ended = tokio::task::spawn_blocking(move || {
            let longest = Timespec::try_from(LONGEST).unwrap();
            poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&longest)).unwrap()
        });
        assert_eq!(ended.await.unwrap(), 1, "the process on the node is still there");
    }
}

/// Waits for it, not for ever.
pub(crate) async fn soon<T>(it: impl Future<Output = T>) -> T {
    tokio::time::timeout(LONGEST, it).await.expect("it takes too long")
}

/// How often this process has that file open.
pub(crate) fn open_handles(path: &Path) -> usize {
    let fds = fs::read_dir("/proc/self/fd").unwrap();
    fds.filter(|fd| fs::read_link(fd.as_ref().unwrap().path()).is_ok_and(|to| to == path)).count()
}
