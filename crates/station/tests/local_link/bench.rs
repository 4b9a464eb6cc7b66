//! The bench the tests work at: a link, a sink that collects, and requests made quickly.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use station::link::local::{LocalConfig, LocalLink};
use station::port::{RunEnd, RunEvent, RunRequest, RunSink};
use station_core::model::{
    CommandLine, ExecutionId, JobId, OutputCap, OutputChunk, ProcessRecord, ShellContext, Stream,
};
use tokio::sync::mpsc;

pub(super) struct Bench {
    pub(super) link: LocalLink,
    sink: Arc<Sink>,
    next: std::cell::Cell<u32>,
    pub(super) config: LocalConfig,
}

type Senders = BTreeMap<ExecutionId, mpsc::UnboundedSender<RunEvent>>;

struct Sink(Mutex<Senders>);

impl RunSink for Sink {
    fn send(&self, execution: ExecutionId, event: RunEvent) {
        let senders = self.0.lock().unwrap();
        // Some tests do not look.
        drop(senders.get(&execution).map(|sender| sender.send(event)));
    }
}

/// A run that is going on.
pub(super) struct Run {
    pub(super) execution: ExecutionId,
    events: mpsc::UnboundedReceiver<RunEvent>,
    pub(super) seen: Seen,
}

/// What came of a run.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) record: Option<ProcessRecord>,
    pub(super) batches: Vec<usize>,
    pub(super) idles: usize,
    pub(super) chunks: Vec<OutputChunk>,
}

/// A run that is over.
pub(super) struct Over {
    pub(super) seen: Seen,
    pub(super) end: RunEnd,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(super) fn with(change: impl FnOnce(&mut LocalConfig)) -> Self {
        let sink = Arc::new(Sink(Mutex::default()));
        let mut config = LocalConfig::new(format!("test-{}", std::process::id()));
        change(&mut config);
        let link = LocalLink::new(config.clone(), Arc::<Sink>::clone(&sink));
        Self { link, sink, next: std::cell::Cell::new(1), config }
    }

    pub(super) fn request(&self, command: CommandLine) -> RunRequest {
        static JOBS: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(1);
        let n = self.next.replace(self.next.get() + 1);
        let job = JobId(JOBS.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        RunRequest {
            node: None,
            execution: ExecutionId { job, n },
            attempt: 1,
            command,
            context: ShellContext::default(),
            stdin: None,
            cap: OutputCap::default(),
            idle_timeout: None,
        }
    }

    pub(super) fn shell(&self, text: &str) -> RunRequest {
        self.request(CommandLine::Shell(text.to_owned()))
    }

    pub(super) fn argv(&self, words: &[&str]) -> RunRequest {
        self.request(CommandLine::Argv(words.iter().map(|word| (*word).to_owned()).collect()))
    }

    pub(super) fn start(&self, request: RunRequest) -> Run {
        let execution = request.execution;
        let (sender, events) = mpsc::unbounded_channel();
        self.sink.0.lock().unwrap().insert(execution, sender);
        self.link.start(request);
        Run { execution, events, seen: Seen::default() }
    }

    pub(super) async fn run(&self, request: RunRequest) -> Over {
        self.start(request).over().await
    }

    pub(super) async fn run_shell(&self, text: &str) -> Over {
        self.run(self.shell(text)).await
    }
}

impl Run {
    /// The next event, looked at and noted; the end if it is that.
    pub(super) async fn step(&mut self) -> Option<RunEnd> {
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
    pub(super) async fn raw(&mut self) -> RunEvent {
        let next = tokio::time::timeout(Duration::from_secs(60), self.events.recv());
        next.await.expect("an event within a minute").expect("an end before silence")
    }

    pub(super) async fn started(&mut self) -> ProcessRecord {
        while self.seen.record.is_none() {
            assert!(self.step().await.is_none(), "ended before it started");
        }
        self.seen.record.clone().unwrap()
    }

    /// Waits until standard output holds this text.
    pub(super) async fn says(&mut self, text: &str) {
        while !text_of(&self.seen.chunks, Stream::Stdout).contains(text) {
            assert!(self.step().await.is_none(), "ended before it said {text}");
        }
    }

    pub(super) async fn over(mut self) -> Over {
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
    pub(super) fn bytes(&self, stream: Stream) -> Vec<u8> {
        bytes_of(&self.seen.chunks, stream)
    }

    pub(super) fn out(&self) -> String {
        text_of(&self.seen.chunks, Stream::Stdout)
    }

    pub(super) fn err(&self) -> String {
        text_of(&self.seen.chunks, Stream::Stderr)
    }

    pub(super) fn error(&self) -> String {
        self.end.error.clone().unwrap_or_default()
    }
}

fn bytes_of(chunks: &[OutputChunk], stream: Stream) -> Vec<u8> {
    chunks.iter().filter(|c| c.stream == stream).flat_map(|c| c.bytes.iter().copied()).collect()
}

fn text_of(chunks: &[OutputChunk], stream: Stream) -> String {
    String::from_utf8_lossy(&bytes_of(chunks, stream)).into_owned()
}

/// Environment pairs as a captured context holds them.
pub(super) fn pairs(env: &[(&str, &str)]) -> Vec<(Vec<u8>, Vec<u8>)> {
    env.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec())).collect()
}

/// A file in a fresh directory that goes with the guard.
pub(super) fn file(name: &str, content: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    (folder, path)
}

/// Whether a process of that id lives and is not only waiting to be reaped.
pub(super) fn lives(pid: i32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap().trim_start().starts_with('Z'))
}

/// Waits, within bounds, until something outside is so.
pub(super) async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..2000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never came true: {what}");
}
