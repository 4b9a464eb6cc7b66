//! The bench the tests work at: the links, a sink that collects, and requests made quickly.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::tz::TimeZone;
use station::link::Links;
use station::link::local::LocalConfig;
use station::link::ssh::SshConfig;
use station::port::{Link as _, RunEnd, RunEvent, RunRequest, RunSink};
use station_core::audit::Draft;
use station_core::model::{
    CommandLine, ExecutionId, HostKeys, JobId, Kill, Micros, Node, NodeKind, OutputCap,
    OutputChunk, Principal, ProcessRecord, ShellContext, Stream,
};
use station_instrument::bench::{self, BenchConfig};
use station_outstation::desk::{self, Act, Connect, Outstations, Trail};
use tokio::sync::mpsc;

use super::sshd::Sshd;

pub(crate) struct Bench {
    pub(crate) link: Links,
    sink: Arc<Sink>,
    next: std::cell::Cell<u32>,
    pub(crate) config: LocalConfig,
    /// Where its requests go; `None`: here.
    pub(crate) node: Option<Node>,
    _server: Option<Sshd>,
}

type Senders = BTreeMap<ExecutionId, mpsc::UnboundedSender<RunEvent>>;

struct Sink(Mutex<Senders>);

impl RunSink for Sink {
    fn send(&self, execution: ExecutionId, event: RunEvent) {
        let senders = self.0.lock().unwrap();
        // Some tests do not look.
        if let Some(sender) = senders.get(&execution) {
            drop(sender.send(event));
        }
    }
}

/// A run that is going on.
pub(crate) struct Run {
    pub(crate) execution: ExecutionId,
    events: mpsc::UnboundedReceiver<RunEvent>,
    pub(crate) seen: Seen,
}

/// What came of a run.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) record: Option<ProcessRecord>,
    pub(crate) batches: Vec<usize>,
    pub(crate) idles: usize,
    pub(crate) chunks: Vec<OutputChunk>,
}

/// A run that is over.
pub(crate) struct Over {
    pub(crate) seen: Seen,
    pub(crate) end: RunEnd,
}

impl Bench {
    /// One whose commands run here.
    pub(crate) fn local() -> Self {
        Self::local_with(|_| ())
    }

    pub(crate) fn local_with(change: impl FnOnce(&mut LocalConfig)) -> Self {
        let mut config = LocalConfig::new(instance());
        change(&mut config);
        Self::new(config, SshConfig::new(instance()))
    }

    /// One whose commands run on a node: an sshd of its own.
    pub(crate) fn ssh() -> Self {
        Self::ssh_with(|_| ())
    }

    pub(crate) fn ssh_with(change: impl FnOnce(&mut SshConfig)) -> Self {
        let server = Sshd::start();
        let mut config = SshConfig::new(instance());
        config.client.config_file = Some(server.config());
        change(&mut config);
        let bench = Self::new(LocalConfig::new(instance()), config);
        Self { node: Some(node("node")), _server: Some(server), ..bench }
    }

    fn new(config: LocalConfig, ssh: SshConfig) -> Self {
        let sink = Arc::new(Sink(Mutex::default()));
        let link = Links::new(
            config.clone(),
            ssh,
            bench::Bench::new(BenchConfig::default()),
            no_outstations(),
            Arc::<Sink>::clone(&sink),
        );
        Self { link, sink, next: std::cell::Cell::new(1), config, node: None, _server: None }
    }

    /// What a stopped run says of its processes: nothing needs to be said of those here.
    pub(crate) fn kill(&self) -> Option<Kill> {
        self.node.as_ref().map(|_| Kill::Killed)
    }

    pub(crate) fn request(&self, command: CommandLine) -> RunRequest {
        static JOBS: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(1);
        let n = self.next.replace(self.next.get() + 1);
        let job = JobId(JOBS.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        RunRequest {
            node: self.node.clone().map(Box::new),
            execution: ExecutionId { job, n },
            attempt: 1,
            command,
            context: ShellContext::default(),
            stdin: None,
            sudo: false,
            cap: OutputCap::default(),
            idle_timeout: None,
        }
    }

    pub(crate) fn shell(&self, text: &str) -> RunRequest {
        self.request(CommandLine::Shell(text.to_owned()))
    }

    pub(crate) fn argv(&self, words: &[&str]) -> RunRequest {
        self.request(CommandLine::Argv(words.iter().map(|word| (*word).to_owned()).collect()))
    }

    pub(crate) fn start(&self, request: RunRequest) -> Run {
        let execution = request.execution;
        let (sender, events) = mpsc::unbounded_channel();
        self.sink.0.lock().unwrap().insert(execution, sender);
        self.link.start(request);
        Run { execution, events, seen: Seen::default() }
    }

    pub(crate) async fn run(&self, request: RunRequest) -> Over {
        self.start(request).over().await
    }

    pub(crate) async fn run_shell(&self, text: &str) -> Over {
        self.run(self.shell(text)).await
    }
}

impl Run {
    /// The next event, looked at and noted; the end if it is that.
    pub(crate) async fn step(&mut self) -> Option<RunEnd> {
        let next = tokio::time::timeout(Duration::from_secs(60), self.events.recv());
        match next.await.expect("an event within a minute").expect("an end before silence") {
            RunEvent::Started(record) => assert!(self.seen.record.replace(record).is_none()),
            RunEvent::Output { chunks, stored } => {
                self.seen.batches.push(chunks.len());
                self.seen.chunks.extend(chunks);
                // An end without chunks does not wait for this.
                stored.send(()).ok();
            }
            RunEvent::Idle => self.seen.idles += 1,
            RunEvent::Ended(end) => return Some(end),
        }
        None
    }

    /// Takes events without resolving them, for tests of the store's side.
    pub(crate) async fn raw(&mut self) -> RunEvent {
        let next = tokio::time::timeout(Duration::from_secs(60), self.events.recv());
        next.await.expect("an event within a minute").expect("an end before silence")
    }

    pub(crate) async fn started(&mut self) -> ProcessRecord {
        while self.seen.record.is_none() {
            assert!(self.step().await.is_none(), "ended before it started");
        }
        self.seen.record.clone().unwrap()
    }

    /// Waits until standard output holds this text.
    pub(crate) async fn says(&mut self, text: &str) {
        while !text_of(&self.seen.chunks, Stream::Stdout).contains(text) {
            assert!(self.step().await.is_none(), "ended before it said {text}");
        }
    }

    pub(crate) async fn over(mut self) -> Over {
        let mut end = loop {
            if let Some(end) = self.step().await {
                break end;
            }
        };
        self.seen.chunks.append(&mut end.chunks);
        // Exactly one end: nothing comes after it.
        assert!(self.events.try_recv().is_err());
        Over { seen: self.seen, end }
    }
}

impl Over {
    pub(crate) fn bytes(&self, stream: Stream) -> Vec<u8> {
        bytes_of(&self.seen.chunks, stream)
    }

    pub(crate) fn out(&self) -> String {
        text_of(&self.seen.chunks, Stream::Stdout)
    }

    pub(crate) fn err(&self) -> String {
        text_of(&self.seen.chunks, Stream::Stderr)
    }

    pub(crate) fn error(&self) -> String {
        self.end.error.clone().unwrap_or_default()
    }
}

fn bytes_of(chunks: &[OutputChunk], stream: Stream) -> Vec<u8> {
    chunks.iter().filter(|c| c.stream == stream).flat_map(|c| c.bytes.iter().copied()).collect()
}

fn text_of(chunks: &[OutputChunk], stream: Stream) -> String {
    String::from_utf8_lossy(&bytes_of(chunks, stream)).into_owned()
}

/// A store's id that no other test has.
fn instance() -> String {
    format!("test-{}", std::process::id())
}

/// A node of that address, as `station node add` makes it.
pub(crate) fn node(address: &str) -> Node {
    Node {
        name: address.to_owned(),
        address: address.to_owned(),
        user: None,
        port: None,
        kind: NodeKind::Ssh,
        relay: None,
        groups: Vec::new(),
        guard: true,
        host_keys: HostKeys::Config,
        limit: None,
        created_at: Micros(0),
        created_by: Principal::Unix { uid: 0, name: None },
    }
}

/// Environment pairs as a captured context holds them.
pub(crate) fn pairs(env: &[(&str, &str)]) -> Vec<(Vec<u8>, Vec<u8>)> {
    env.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect()
}

/// A file in a fresh directory that goes with the guard.
pub(crate) fn file(name: &str, content: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    (folder, path)
}

/// Whether a process of that id lives and is not only waiting to be reaped.
pub(crate) fn lives(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap().trim_start().starts_with('Z'))
}

/// Ends a process that a test left behind on purpose.
pub(crate) fn end_process(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

/// Waits, within bounds, until something outside is so.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..2000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never came true: {what}");
}

/// A desk at which nothing is asked for.
fn no_outstations() -> Outstations {
    struct Nobody;
    impl Trail for Nobody {
        fn record(&self, _: Vec<Draft>) -> Act<Result<(), String>> {
            Box::pin(async { Err("nothing is recorded here".to_owned()) })
        }
        fn record_later(&self, _: Vec<Draft>) {}
        fn correlation(&self) -> String {
            "none".to_owned()
        }
        fn is_synchronised(&self) -> bool {
            false
        }
        fn alarm(&self, _: String, _: String) {}
    }
    let options = desk::Options {
        zone: TimeZone::UTC,
        zones: |name| Err(format!("there is no zone {name} here")),
        clock: station::runtime::both_clocks,
        connect: Connect::OnDemand,
    };
    Outstations::new(Arc::new(Nobody), options)
}
