//! The dispatcher in trouble: a store that fails at chosen moments, and what must not be lost by it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test a panic is the report of a fault; one stands in for a defect"
)]

#[expect(dead_code, reason = "shared with the store's tests, which use all of it")]
mod samples;

#[path = "runtime/audit.rs"]
mod audit;
#[path = "runtime/equipment.rs"]
mod equipment;
#[path = "runtime/outstation.rs"]
mod outstation;

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use samples::{created, execution, job, recorded, state, surroundings};
use station::port::{
    CommandRequest, Letter, Link, Notifier, OperateRequest, RunEvent, RunRequest, RunSink,
    StopSignal, Store, StoreError, SurvivorReport,
};
use station::runtime::{self, Handle, Mode, Parts};
use station::store::Reader;
use station_core::audit::{Checkpoint, Entry, Head, Outstanding};
use station_core::engine::{Change, Config, Request, Snapshot};
use station_core::model::{
    Alarm, AlarmId, ContextHash, ExecutionId, ExecutionStatus, Job, JobId, Micros, Node,
    OutputChunk, ProcessRecord, Record, RecordKind, Remains, ShellContext, Stream,
};

const PATIENCE: Duration = Duration::from_secs(60);

const WORKS: u8 = 0;
const FAILS: u8 = 1;
const PANICS: u8 = 2;

/// A store that does what it is told at the next commits.
struct Moody {
    inner: Box<dyn Store>,
    mood: Arc<AtomicU8>,
    dirty: bool,
}

impl Store for Moody {
    fn id(&self) -> &str {
        self.inner.id()
    }
    fn snapshot(&mut self, window: usize) -> Result<Snapshot, StoreError> {
        self.inner.snapshot(window)
    }
    fn job(&mut self, id: JobId) -> Result<Option<Job>, StoreError> {
        self.inner.job(id)
    }
    fn due_from(
        &mut self,
        from: (Micros, JobId),
        limit: usize,
    ) -> Result<(Vec<Job>, bool), StoreError> {
        self.inner.due_from(from, limit)
    }
    fn planned_from(
        &mut self,
        after: JobId,
        recurring: bool,
        limit: usize,
    ) -> Result<(Vec<Job>, bool), StoreError> {
        self.inner.planned_from(after, recurring, limit)
    }
    fn expired(
        &mut self,
        before: Micros,
        limit: usize,
    ) -> Result<(Vec<(ExecutionId, u64)>, bool), StoreError> {
        self.inner.expired(before, limit)
    }
    fn alarm(&mut self, id: AlarmId) -> Result<Option<Alarm>, StoreError> {
        self.inner.alarm(id)
    }
    fn record(&mut self, kind: RecordKind, key: &str) -> Result<Option<Record>, StoreError> {
        self.inner.record(kind, key)
    }
    fn context(&mut self, hash: &ContextHash) -> Result<Option<ShellContext>, StoreError> {
        self.inner.context(hash)
    }
    fn oldest_outputs(&mut self, bytes: u64) -> Result<Vec<(ExecutionId, u64)>, StoreError> {
        self.inner.oldest_outputs(bytes)
    }
    fn apply(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        self.dirty |= !changes.is_empty();
        self.inner.apply(changes)
    }
    fn append(&mut self, entries: Vec<Entry>) -> Result<Head, StoreError> {
        self.dirty |= !entries.is_empty();
        self.inner.append(entries)
    }
    fn is_open(&mut self, correlation: &str) -> Result<bool, StoreError> {
        self.inner.is_open(correlation)
    }
    fn outstanding(&mut self) -> Result<Vec<Outstanding>, StoreError> {
        self.inner.outstanding()
    }
    fn head(&self) -> Head {
        self.inner.head()
    }
    fn keep_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        self.dirty = true;
        self.inner.keep_checkpoint(checkpoint)
    }
    fn commit(&mut self) -> Result<(), StoreError> {
        match self.mood.load(Ordering::SeqCst) {
            FAILS if self.dirty => Err(StoreError::io("no space".into())),
            PANICS if self.dirty => panic!("a defect, for the test"),
            _ => {
                self.dirty = false;
                self.inner.commit()
            }
        }
    }
    fn rollback(&mut self) {
        self.dirty = false;
        self.inner.rollback();
    }
    fn probe(&mut self) -> Result<(), StoreError> {
        match self.mood.load(Ordering::SeqCst) {
            FAILS => Err(StoreError::io("no space".into())),
            _ => self.inner.probe(),
        }
    }
}

/// A link whose runs do what the test says.
#[derive(Clone)]
struct Puppet {
    sink: Arc<dyn RunSink>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    sink: Option<Arc<dyn RunSink>>,
    started: Vec<ExecutionId>,
    survivors: Vec<ExecutionId>,
    operated: Vec<OperateRequest>,
    commanded: Vec<CommandRequest>,
    made_safe: Vec<OperateRequest>,
    /// The keys of records that were kept and, with a minus, removed.
    records: Vec<String>,
    killed_all: bool,
}

impl Link for Puppet {
    fn start(&self, request: RunRequest) {
        let mut seen = self.seen.lock().unwrap();
        seen.started.push(request.execution);
        seen.sink = Some(Arc::clone(&self.sink));
    }
    fn operate(&self, request: OperateRequest) {
        let mut seen = self.seen.lock().unwrap();
        seen.operated.push(request);
        seen.sink = Some(Arc::clone(&self.sink));
    }
    fn command(&self, request: CommandRequest) {
        let mut seen = self.seen.lock().unwrap();
        seen.commanded.push(request);
        seen.sink = Some(Arc::clone(&self.sink));
    }
    fn make_safe(&self, runs: Vec<OperateRequest>, report: SurvivorReport) {
        report(runs.iter().map(|run| (run.execution, Remains::Ended)).collect());
        self.seen.lock().unwrap().made_safe.extend(runs);
    }
    fn kept(&self, record: &Record) {
        self.seen.lock().unwrap().records.push(record.key().into_owned());
    }
    fn removed(&self, _: RecordKind, key: &str) {
        self.seen.lock().unwrap().records.push(format!("-{key}"));
    }
    fn signal(&self, _: ExecutionId, _: StopSignal) -> bool {
        true
    }
    fn kill_all(&self) {
        self.seen.lock().unwrap().killed_all = true;
    }
    fn end_survivors(
        &self,
        _: Option<Box<Node>>,
        runs: Vec<(ExecutionId, Option<ProcessRecord>)>,
        _: Duration,
        report: SurvivorReport,
    ) {
        self.seen.lock().unwrap().survivors.extend(runs.iter().map(|(id, _)| *id));
        report(runs.into_iter().map(|(id, _)| (id, Remains::Nothing)).collect());
    }
}

struct Silent;

impl Notifier for Silent {
    fn notify(&self, _: &Letter) -> Result<(), String> {
        Ok(())
    }
    fn alert(&self, _: &str, _: &Alarm) -> Result<(), String> {
        Ok(())
    }
}

/// A station over a moody store and puppets.
struct Site {
    handle: Handle,
    reader: Reader,
    mood: Arc<AtomicU8>,
    seen: Arc<Mutex<Seen>>,
    _runtime: tokio::runtime::Runtime,
    _dir: tempfile::TempDir,
}

impl Site {
    fn new(mood: u8, changes: Vec<Change>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, reader) = station::store::open(&dir.path().join("station.db")).unwrap();
        store.apply(&changes).unwrap();
        store.commit().unwrap();
        let mood = Arc::new(AtomicU8::new(mood));
        let store = Box::new(Moody { inner: store, mood: Arc::clone(&mood), dirty: false });
        let seen = Arc::new(Mutex::new(Seen::default()));
        let runtime = station::daemon::tokio_runtime().unwrap();
        let inside = runtime.enter();
        let puppets = Arc::clone(&seen);
        let handle = runtime::start(Parts {
            mode: Mode::Daemon,
            config: Config { kill_grace: Duration::from_millis(100), ..Config::default() },
            data_dir: dir.path().to_owned(),
            store,
            reader: reader.clone(),
            links: Box::new(move |sink, _| Box::new(Puppet { sink, seen: puppets })),
            notifier: Arc::new(Silent),
        })
        .unwrap();
        drop(inside);
        Self { handle, reader, mood, seen, _runtime: runtime, _dir: dir }
    }

    fn block<T>(&self, future: impl Future<Output = T>) -> T {
        self._runtime.block_on(async { tokio::time::timeout(PATIENCE, future).await.unwrap() })
    }

    /// Waits until something of the job makes it true.
    fn until(&self, job: i64, mut seen: impl FnMut(&Self) -> bool) {
        let mut changes = self.handle.watch(JobId(job));
        self.block(async {
            while !seen(self) {
                changes.changed().await.unwrap();
            }
        });
    }

    /// Waits until job 1 runs, for the store and for the link.
    fn until_started(&self) {
        self.until(1, |site| {
            let durable = site.status(1, 1) == Some(ExecutionStatus::Running);
            durable && !site.seen.lock().unwrap().started.is_empty()
        });
    }

    fn status(&self, job: i64, n: u32) -> Option<ExecutionStatus> {
        let found = self.reader.execution(ExecutionId { job: JobId(job), n }).unwrap();
        found.map(|execution| execution.status)
    }
}

/// A job whose time passed long ago, and an execution that a killed daemon left running.
fn left_behind() -> Vec<Change> {
    let mut running = job(2, 5);
    running.state = state(ExecutionStatus::Running, None, 1);
    let mut left = execution(2, 1, ExecutionStatus::Running);
    (left.attempt, left.started) = (1, Some(Micros(5)));
    vec![surroundings(), created(job(1, 5)), created(running), recorded(left)]
}

/// A job due at once, however late.
fn due_now() -> Vec<Change> {
    let mut due = job(1, 5);
    Arc::make_mut(&mut due.spec).policies.grace = station_core::model::Grace::Forever;
    vec![surroundings(), created(due)]
}

#[test]
fn a_first_round_that_cannot_be_stored_is_begun_anew() {
    let site = Site::new(FAILS, left_behind());
    assert!(site.block(site.handle.request(cancel(9))).is_err() || trouble(&site));
    site.mood.store(WORKS, Ordering::SeqCst);
    site.until(2, |site| site.status(2, 1) == Some(ExecutionStatus::Interrupted));
    assert_eq!(site.status(1, 1), Some(ExecutionStatus::Missed));
    assert_eq!(site.seen.lock().unwrap().survivors, [ExecutionId { job: JobId(2), n: 1 }]);
}

fn cancel(job: i64) -> Request {
    Request::Cancel { job: JobId(job), row: None }
}

fn trouble(site: &Site) -> bool {
    site.handle.status().store_trouble.is_some()
}

#[test]
fn a_link_goes_on_only_when_its_output_is_stored() {
    let site = Site::new(WORKS, due_now());
    site.until_started();
    let id = ExecutionId { job: JobId(1), n: 1 };
    let sink = site.seen.lock().unwrap().sink.clone().unwrap();
    site.mood.store(FAILS, Ordering::SeqCst);
    let (stored, mut waits) = tokio::sync::oneshot::channel();
    let chunk = OutputChunk { stream: Stream::Stdout, at: Micros(7), bytes: b"a line\n".to_vec() };
    sink.send(id, RunEvent::Output { chunks: vec![chunk], stored });
    // An answer comes only after the round with the output has failed.
    while site.block(site.handle.request(cancel(9))).is_ok() {}
    assert_eq!(waits.try_recv(), Err(tokio::sync::oneshot::error::TryRecvError::Empty));
    site.mood.store(WORKS, Ordering::SeqCst);
    assert_eq!(site.block(waits), Ok(()));
    assert_eq!(site.reader.output(id, 0, 1000).unwrap().len(), 1);
}

#[test]
fn a_defect_ends_the_station_instead_of_leaving_it_deaf() {
    let site = Site::new(WORKS, vec![surroundings()]);
    site.mood.store(PANICS, Ordering::SeqCst);
    let spec = Box::new((*job(1, i64::MAX / 2).spec).clone());
    let create = Request::Create { spec, context: None, immediate: false, paused: false };
    assert!(site.block(site.handle.request(create)).is_err());
    site.block(site.handle.stopped());
    assert!(site.handle.has_crashed());
    assert!(site.block(site.handle.request(cancel(1))).is_err());
}

#[test]
fn a_shutdown_ends_even_if_nothing_can_be_stored() {
    let site = Site::new(WORKS, due_now());
    site.until_started();
    site.mood.store(FAILS, Ordering::SeqCst);
    site.handle.shut_down(Duration::ZERO);
    site.block(site.handle.stopped());
    assert!(site.seen.lock().unwrap().killed_all);
    assert!(!site.handle.has_crashed());
}

#[test]
fn a_process_record_is_stored_though_nothing_else_happens() {
    let site = Site::new(WORKS, due_now());
    site.until_started();
    let id = ExecutionId { job: JobId(1), n: 1 };
    let sink = site.seen.lock().unwrap().sink.clone().unwrap();
    // Longer than the dispatcher dozes after a start.
    site.block(async { tokio::time::sleep(Duration::from_millis(300)).await });
    let process = ProcessRecord { pid: 4711, start_ticks: 1, boot_id: "b".into(), mark: None };
    sink.send(id, RunEvent::Started(process));
    site.until(1, |site| site.reader.execution(id).unwrap().unwrap().process.is_some());
}
