//! The store's laws: what is folded comes back, in pages, across rounds and reopening; and its schema.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at a surprise")]

mod samples;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use samples::{Chance, created, execution, job, recorded, state, surroundings};
use station::port::{Store, StoreErrorKind};
use station::store::{ExecutionFilter, JobFilter, JobOrder, Reader, SqliteStore};
use station_core::engine::Change;
use station_core::model::{
    Attempt, Cause, ContextHash, End, Execution, ExecutionId, ExecutionStatus, Job, JobId, Micros,
    OutputChunk, OutputSummary, ProcessRecord, Reason, ShellContext, Stream, Usage,
};

impl Chance {
    /// True once in `times`.
    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of these.
    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

/// The fold as a child would write it: everything in memory, nothing clever.
#[derive(Clone, Default)]
struct Model {
    jobs: BTreeMap<JobId, (Job, i64)>,
    executions: Vec<Execution>,
    attempts: BTreeMap<(ExecutionId, u32), Attempt>,
    output: Vec<(ExecutionId, u32, Vec<OutputChunk>)>,
    contexts: BTreeMap<ContextHash, ShellContext>,
    owed: BTreeMap<ExecutionId, bool>,
}

impl Model {
    fn fold(&mut self, change: &Change) {
        match change.clone() {
            Change::ContextStored { hash, context } => {
                self.contexts.insert(hash, context);
            }
            Change::JobCreated(job) => {
                let station_core::trigger::Trigger::Date(date) = &job.spec.trigger;
                let planned = job.state.next_due.unwrap_or(date.at).0;
                self.jobs.insert(job.id, (*job, planned));
            }
            Change::JobUpdated { job, state } => {
                let (job, planned) = self.jobs.get_mut(&job).unwrap();
                *planned = state.next_due.map_or(*planned, |at| at.0);
                job.state = state;
            }
            Change::ExecutionRecorded(new) => {
                match self.executions.iter_mut().find(|old| old.id == new.id) {
                    Some(old) => *old = *new,
                    None => self.executions.push(*new),
                }
            }
            Change::AttemptRecorded { execution, attempt } => {
                self.attempts.insert((execution, attempt.number), attempt);
            }
            Change::OutputStored { execution, attempt, chunks } => {
                if !chunks.is_empty() {
                    self.output.push((execution, attempt, chunks));
                }
            }
            Change::OutputDropped { execution } => self.output.retain(|row| row.0 != execution),
            Change::MailQueued { execution } => {
                self.owed.insert(execution, true);
            }
            Change::MailDone { execution, .. } => {
                self.owed.insert(execution, false);
            }
        }
    }

    fn is_done(job: &Job) -> bool {
        job.state.status.is_final() && job.state.next_due.is_none()
    }

    fn agenda(&self) -> Vec<Job> {
        let mut open: Vec<_> = self.jobs.values().filter(|(job, _)| !Self::is_done(job)).collect();
        open.sort_by_key(|(job, planned)| (*planned, job.id));
        let mut done: Vec<_> = self.jobs.values().filter(|(job, _)| Self::is_done(job)).collect();
        done.sort_by_key(|(job, planned)| std::cmp::Reverse((*planned, job.id)));
        open.into_iter().chain(done).map(|(job, _)| job.clone()).collect()
    }

    fn due(&self, from: (Micros, JobId)) -> Vec<Job> {
        let mut due: Vec<_> = self
            .jobs
            .values()
            .map(|(job, _)| job)
            .filter(|job| job.state.next_due.is_some_and(|at| (at, job.id) >= from))
            .cloned()
            .collect();
        due.sort_by_key(|job| (job.state.next_due, job.id));
        due
    }

    fn bytes(&self, of: Option<ExecutionId>) -> u64 {
        let rows = self.output.iter().filter(|row| of.is_none_or(|id| row.0 == id));
        rows.flat_map(|row| &row.2).map(|chunk| chunk.bytes.len() as u64).sum()
    }

    fn newest(&self) -> Option<Micros> {
        let runs = self.executions.iter().flat_map(|run| [run.started, run.ended]).flatten();
        runs.chain(self.jobs.values().last().map(|(job, _)| job.spec.created_at)).max()
    }

    fn pair(&self, execution: &Execution) -> (Job, Execution) {
        (self.jobs[&execution.id.job].0.clone(), execution.clone())
    }
}

/// A change that makes sense after those the model has seen.
fn random_change(chance: &mut Chance, model: &Model) -> Change {
    let next = i64::try_from(model.jobs.len()).unwrap() + 1;
    let existing = chance.below(model.jobs.len() as u64).cast_signed() + 1;
    let due = chance.below(50).cast_signed() * 1000;
    if model.jobs.is_empty() || chance.once_in(5) {
        let mut new = job(next, due);
        std::sync::Arc::make_mut(&mut new.spec).tags =
            ["red", "blue"].iter().filter(|_| chance.once_in(3)).map(|tag| (*tag).into()).collect();
        if chance.once_in(6) {
            new.state = state(chance.one_of(&ExecutionStatus::ALL), None, 1);
        }
        return created(new);
    }
    let id = ExecutionId { job: JobId(existing), n: u32::try_from(chance.below(4)).unwrap() + 1 };
    let known = model.executions.get(usize::try_from(chance.below(40)).unwrap()).map(|run| run.id);
    match (chance.below(9), known) {
        (0, _) => {
            let body = chance.below(4);
            let context = ShellContext {
                cwd: Some(vec![b'/', u8::try_from(body).unwrap() * 80]),
                umask: Some(0o22),
                env: (body > 1).then(|| vec![(b"HOME".to_vec(), b"/root".to_vec())]),
                nice: 0,
            };
            Change::ContextStored { hash: ContextHash(format!("{body:064}")), context }
        }
        (1 | 2, _) => {
            let status = chance.one_of(&ExecutionStatus::ALL);
            let next_due = chance.once_in(2).then_some(due);
            Change::JobUpdated { job: JobId(existing), state: state(status, next_due, id.n) }
        }
        (3, Some(execution)) => Change::AttemptRecorded {
            execution,
            attempt: Attempt {
                number: u32::try_from(chance.below(3)).unwrap() + 1,
                started: Micros(due),
                ended: chance.once_in(2).then_some(Micros(due + 1)),
                end: random_end(chance),
                error: chance.once_in(2).then(|| "it broke".into()),
                usage: random_usage(chance),
            },
        },
        (4 | 5, Some(execution)) => Change::OutputStored {
            execution,
            attempt: 1,
            chunks: (0..chance.below(4))
                .map(|step| OutputChunk {
                    stream: chance.one_of(&[Stream::Stdout, Stream::Stderr, Stream::Station]),
                    at: Micros(due + step.cast_signed()),
                    bytes: vec![b'x'; usize::try_from(chance.below(300)).unwrap()],
                })
                .collect(),
        },
        (6, Some(execution)) if chance.once_in(3) => Change::OutputDropped { execution },
        (7, Some(execution)) if chance.once_in(2) => Change::MailQueued { execution },
        (7, Some(execution)) => {
            Change::MailDone { execution, error: chance.once_in(2).then(|| "no sendmail".into()) }
        }
        _ => recorded(random_execution(chance, id, due)),
    }
}

fn random_end(chance: &mut Chance) -> Option<End> {
    chance.one_of(&[
        None,
        Some(End::Exit(0)),
        Some(End::Exit(-3)),
        Some(End::Signal(9)),
        Some(End::NotStarted),
        Some(End::Unknown),
    ])
}

fn random_usage(chance: &mut Chance) -> Usage {
    Usage { user_micros: chance.below(u64::MAX), system_micros: 3, max_rss_bytes: chance.below(9) }
}

fn random_execution(chance: &mut Chance, id: ExecutionId, at: i64) -> Execution {
    let mut run = execution(id.job.0, id.n, chance.one_of(&ExecutionStatus::ALL));
    run.cause = chance.one_of(&[Cause::Scheduled, Cause::Manual]);
    run.planned = Micros(at - 7);
    run.started = chance.once_in(2).then_some(Micros(at));
    run.ended = chance.once_in(2).then_some(Micros(at + 9));
    run.attempt = u32::try_from(chance.below(4)).unwrap();
    run.retry_at = chance.once_in(3).then_some(Micros(at + 99));
    run.stop = chance.one_of(&[
        None,
        Some(Reason::Cancel),
        Some(Reason::Timeout),
        Some(Reason::IdleTimeout),
        Some(Reason::Shutdown),
    ]);
    run.process = chance.once_in(2).then(|| ProcessRecord {
        pid: 77,
        start_ticks: u64::MAX,
        boot_id: "4d1e".into(),
    });
    run.end = random_end(chance);
    run.error = chance.once_in(3).then(|| "could not be started: no such file".into());
    run.usage = random_usage(chance);
    run.output = OutputSummary { bytes: chance.below(1 << 60), lines: 2, ..Default::default() };
    run
}

fn is_absolute(change: &Change) -> bool {
    !matches!(change, Change::OutputStored { .. })
}

#[test]
fn folding_changes_gives_what_a_naive_fold_gives() {
    for seed in 0..60_u64 {
        println!("seed {seed}");
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("station.db");
        let mut chance = Chance(seed);
        let (mut store, mut reader) = SqliteStore::open(&path).unwrap();
        let id = store.id().to_owned();
        let mut model = Model::default();
        for _ in 0..chance.below(40) + 1 {
            let mut trial = model.clone();
            for _ in 0..chance.below(12) {
                let change = random_change(&mut chance, &trial);
                let times = if is_absolute(&change) && chance.once_in(3) { 2 } else { 1 };
                for _ in 0..times {
                    store.apply(std::slice::from_ref(&change)).unwrap();
                }
                trial.fold(&change);
            }
            assert_writer(&mut store, &trial, &mut chance);
            if chance.once_in(5) {
                store.rollback();
            } else {
                store.commit().unwrap();
                model = trial;
            }
            if chance.once_in(10) {
                drop(store);
                (store, reader) = SqliteStore::open(&path).unwrap();
                assert_eq!(store.id(), id);
            }
        }
        store.rollback();
        assert_writer(&mut store, &model, &mut chance);
        assert_reader(&reader, &model, &mut chance);
    }
}

fn assert_writer(store: &mut SqliteStore, model: &Model, chance: &mut Chance) {
    let window = usize::try_from(chance.below(20)).unwrap();
    let snapshot = store.snapshot(window).unwrap();
    assert_eq!(snapshot.output_bytes, model.bytes(None));
    assert_eq!(snapshot.newest, model.newest());
    assert!(snapshot.last_job.cast_unsigned() >= model.jobs.len() as u64);
    let due = model.due((Micros(i64::MIN), JobId(i64::MIN)));
    assert_eq!(snapshot.due, due[..window.min(due.len())]);
    assert_eq!(snapshot.more, due.len() > window);
    let live = model.executions.iter().filter(|run| !run.status.is_final());
    assert_eq!(snapshot.live, live.map(|run| model.pair(run)).collect::<Vec<_>>());
    let owed = model.owed.iter().filter(|(_, owed)| **owed).map(|(id, _)| *id);
    assert_eq!(
        snapshot.mails.iter().map(|(_, run)| run.id).collect::<Vec<_>>(),
        owed.collect::<Vec<_>>()
    );

    let from =
        (Micros(chance.below(50).cast_signed() * 1000), JobId(chance.below(30).cast_signed()));
    let due = model.due(from);
    let (found, more) = store.due_from(from, window).unwrap();
    assert_eq!((found.as_slice(), more), (&due[..window.min(due.len())], due.len() > window));
    for (job, _) in model.jobs.values() {
        assert_eq!(store.job(job.id).unwrap().as_ref(), Some(job));
    }
    for (hash, context) in &model.contexts {
        assert_eq!(store.context(hash).unwrap().as_ref(), Some(context));
    }
    let wanted = chance.below(2000);
    let (mut sum, mut oldest) = (0, Vec::new());
    for (id, ..) in &model.output {
        let ended = model.executions.iter().any(|run| run.id == *id && run.status.is_final());
        if sum < wanted && ended && !oldest.iter().any(|(seen, _)| seen == id) {
            sum += model.bytes(Some(*id));
            oldest.push((*id, model.bytes(Some(*id))));
        }
    }
    assert_eq!(store.oldest_outputs(wanted).unwrap(), oldest);
}

/// All pages of jobs.
fn all_jobs(reader: &Reader, mut filter: JobFilter) -> Vec<Job> {
    let mut jobs = Vec::new();
    loop {
        let page = reader.jobs(&filter).unwrap();
        assert!(page.items.len() <= filter.limit);
        jobs.extend(page.items);
        match page.next_cursor {
            Some(cursor) => filter.cursor = Some(cursor),
            None => return jobs,
        }
    }
}

/// All pages of executions.
fn all_executions(reader: &Reader, mut filter: ExecutionFilter) -> Vec<Execution> {
    let mut executions = Vec::new();
    loop {
        let page = reader.executions(&filter).unwrap();
        executions.extend(page.items);
        match page.next_cursor {
            Some(cursor) => filter.cursor = Some(cursor),
            None => return executions,
        }
    }
}

fn assert_reader(reader: &Reader, model: &Model, chance: &mut Chance) {
    let limit = usize::try_from(chance.below(7)).unwrap() + 1;
    let agenda = model.agenda();
    let all = JobFilter { limit, ..Default::default() };
    assert_eq!(all_jobs(reader, all.clone()), agenda);
    let by_id: Vec<_> = model.jobs.values().map(|(job, _)| job.clone()).collect();
    assert_eq!(all_jobs(reader, JobFilter { order: JobOrder::Id, ..all.clone() }), by_id);
    let statuses = vec![ExecutionStatus::Pending, chance.one_of(&ExecutionStatus::ALL)];
    let ids: Vec<_> = (0..5).map(|_| JobId(chance.below(30).cast_signed())).collect();
    let narrow = JobFilter { statuses: statuses.clone(), tag: Some("red".into()), ..all.clone() };
    let red = |job: &&Job| {
        statuses.contains(&job.state.status) && job.spec.tags.iter().any(|tag| tag == "red")
    };
    assert_eq!(
        all_jobs(reader, narrow.clone()),
        agenda.iter().filter(red).cloned().collect::<Vec<_>>()
    );
    let narrow = JobFilter { ids: ids.clone(), order: JobOrder::Id, ..narrow };
    let few = by_id.iter().filter(red).filter(|job| ids.contains(&job.id));
    assert_eq!(all_jobs(reader, narrow), few.cloned().collect::<Vec<_>>());

    let newest: Vec<_> = model.executions.iter().rev().cloned().collect();
    let all = ExecutionFilter { limit, ..Default::default() };
    assert_eq!(all_executions(reader, all.clone()), newest);
    let some = newest.iter().filter(|run| statuses.contains(&run.status)).cloned();
    let filter = ExecutionFilter { statuses: statuses.clone(), ..all.clone() };
    assert_eq!(all_executions(reader, filter), some.collect::<Vec<_>>());
    for id in model.jobs.keys() {
        let mut own: Vec<_> = newest.iter().filter(|run| run.id.job == *id).cloned().collect();
        own.sort_by_key(|run| std::cmp::Reverse(run.id.n));
        let filter = ExecutionFilter { job: Some(*id), ..all.clone() };
        assert_eq!(all_executions(reader, filter), own);
    }
    for run in &model.executions {
        assert_eq!(reader.execution(run.id).unwrap().as_ref(), Some(run));
        let attempts = model.attempts.iter().filter(|((id, _), _)| *id == run.id);
        assert_eq!(
            reader.attempts(run.id).unwrap(),
            attempts.map(|(_, a)| a.clone()).collect::<Vec<_>>()
        );
        let mut rows = Vec::new();
        loop {
            let after = rows.last().map_or(0, |row: &station::store::StoredOutput| row.seq);
            let more = reader.output(run.id, after, 200).unwrap();
            if more.is_empty() {
                break;
            }
            rows.extend(more);
        }
        let own = model.output.iter().filter(|row| row.0 == run.id);
        assert_eq!(
            rows.into_iter().map(|row| (run.id, row.attempt, row.chunks)).collect::<Vec<_>>(),
            own.cloned().collect::<Vec<_>>()
        );
    }
    let counts = reader.counts().unwrap();
    assert_eq!(counts.executions, model.executions.len() as u64);
    assert_eq!(counts.output_bytes, model.bytes(None));
    for (status, count) in counts.jobs {
        assert_eq!(count, by_id.iter().filter(|job| job.state.status == status).count() as u64);
    }
}

#[test]
fn numbers_are_never_given_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("station.db");
    let (mut store, _) = SqliteStore::open(&path).unwrap();
    assert_eq!(store.snapshot(1).unwrap().last_job, 0);
    store.apply(&[created(job(41, 1)), created(job(42, 2))]).unwrap();
    store.commit().unwrap();
    drop(store);
    let plain = rusqlite::Connection::open(&path).unwrap();
    plain.execute("DELETE FROM jobs WHERE id = 42", []).unwrap();
    drop(plain);
    let (mut store, _) = SqliteStore::open(&path).unwrap();
    assert_eq!(store.snapshot(1).unwrap().last_job, 42);
}

#[test]
fn a_broken_round_takes_nothing_more_until_it_is_rolled_back() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, reader) = SqliteStore::open(&dir.path().join("station.db")).unwrap();
    store.apply(&[created(job(1, 1))]).unwrap();
    let lost = Change::JobUpdated { job: JobId(9), state: state(ExecutionStatus::Failed, None, 1) };
    let error = store.apply(&[lost]).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Damaged);
    assert!(error.message.contains("job 9 is not there"), "{error}");
    store.apply(&[created(job(2, 1))]).unwrap_err();
    store.commit().unwrap_err();
    store.rollback();
    store.commit().unwrap();
    assert_eq!(reader.counts().unwrap().jobs.values().sum::<u64>(), 0);
    store.apply(&[created(job(1, 1))]).unwrap();
    store.commit().unwrap();
    assert_eq!(reader.job(JobId(1)).unwrap(), Some(job(1, 1)));
}

#[test]
fn foreign_cursors_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (_store, reader) = SqliteStore::open(&dir.path().join("station.db")).unwrap();
    for cursor in ["", "a", "a2.1.1", "a0.1", "a0.1.1.1", "i5", "x", "a0.1.z", "e3", "\u{1b}[2J"] {
        let filter = JobFilter { cursor: Some(cursor.into()), ..Default::default() };
        let error = reader.jobs(&filter).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Invalid, "{cursor}");
        assert!(!error.message.contains('\u{1b}'));
    }
    for cursor in ["i5", "n5", "e", "e1.1"] {
        let filter = ExecutionFilter { cursor: Some(cursor.into()), ..Default::default() };
        assert_eq!(reader.executions(&filter).unwrap_err().kind, StoreErrorKind::Invalid);
    }
}

#[test]
fn store_urls_name_files() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    for url in [
        format!("sqlite:{}", path.display()),
        format!("sqlite://{}", path.display()),
        path.display().to_string(),
    ] {
        let (mut store, _) =
            station::store::named(&url).and_then(|path| station::store::open(&path)).unwrap();
        assert_eq!(store.snapshot(1).unwrap().last_job, 0);
        assert!(path.exists());
    }
    for url in
        ["postgres://db/station", "postgresql://db/station", "mysql://db/station", "sqlite:", ""]
    {
        let error = station::store::named(url).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Invalid, "{url}: {error}");
    }
    let error = station::store::named("postgres://x/y").unwrap_err();
    assert!(error.message.contains("not supported yet"), "{error}");
}

#[test]
fn a_backup_is_whole_while_the_writer_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, reader) = SqliteStore::open(&dir.path().join("station.db")).unwrap();
    let to = dir.path().join("copy.db");
    store.apply(&[surroundings()]).unwrap();
    for id in (1..=2000).step_by(2) {
        store.apply(&[created(job(id, id)), created(job(id + 1, id))]).unwrap();
    }
    store.commit().unwrap();
    let (copied, written) = std::thread::scope(|scope| {
        let backup = scope.spawn(|| reader.backup(&to).unwrap());
        let mut id = 2001;
        while !backup.is_finished() || id < 2101 {
            store.apply(&[created(job(id, id)), created(job(id + 1, id))]).unwrap();
            store.commit().unwrap();
            id += 2;
        }
        (backup.join().unwrap(), id - 1)
    });
    let metadata = std::fs::metadata(&to).unwrap();
    assert_eq!((metadata.len(), metadata.permissions().mode() & 0o7777), (copied, 0o600));
    let (mut copy, of_copy) = SqliteStore::open(&to).unwrap();
    let last = copy.snapshot(1).unwrap().last_job;
    assert!((2000..=written).contains(&last) && last % 2 == 0, "{last} of {written}");
    assert_eq!(of_copy.counts().unwrap().jobs[&ExecutionStatus::Pending], last.cast_unsigned());
    assert_eq!(of_copy.check().unwrap(), [""; 0]);
    assert_eq!(copy.id(), store.id());
    assert_eq!(names(dir.path()).iter().filter(|name| name.contains(".part")).count(), 0);
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_backup_overwrites_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("station.db");
    let (_store, reader) = SqliteStore::open(&path).unwrap();
    let to = dir.path().join("copy.db");
    std::fs::write(&to, "dear").unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path().join("link")).unwrap();
    for taken in [&to, &path, &dir.path().join("link")] {
        let error = reader.backup(taken).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Invalid);
        assert!(error.message.contains("is there already"), "{error}");
    }
    assert_eq!(std::fs::read(&to).unwrap(), b"dear");
    let error = reader.backup(&dir.path().join("none/copy.db")).unwrap_err();
    assert!(error.message.contains("directory does not exist"), "{error}");
}

#[test]
fn a_check_finds_what_breaks_the_laws() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("station.db");
    let (mut store, reader) = SqliteStore::open(&path).unwrap();
    let mut running = job(2, 2);
    running.state = state(ExecutionStatus::Running, None, 1);
    let mut run = execution(2, 1, ExecutionStatus::Running);
    run.started = Some(Micros(3));
    let chunk = OutputChunk { stream: Stream::Stdout, at: Micros(4), bytes: b"hi".to_vec() };
    store
        .apply(&[
            surroundings(),
            created(job(1, 1)),
            created(running),
            recorded(run.clone()),
            Change::OutputStored { execution: run.id, attempt: 1, chunks: vec![chunk] },
        ])
        .unwrap();
    store.commit().unwrap();
    assert_eq!(reader.check().unwrap(), [""; 0]);
    let plain = rusqlite::Connection::open(&path).unwrap();
    plain
        .execute_batch(
            "UPDATE jobs SET planned = 7 WHERE id = 1;
             UPDATE executions SET status = 2;
             UPDATE meta SET value = 1 WHERE key = 'output_bytes';
             INSERT INTO mails VALUES (8, 1, 0, NULL);
             DELETE FROM contexts;",
        )
        .unwrap();
    insta::assert_snapshot!(reader.check().unwrap().join("\n"), @r"
    job 1 is filed under another time than it is due
    job 2 is running, but none of its executions is
    job 1 wants a context that is not stored
    job 2 wants a context that is not stored
    an attempt, output or mail belongs to execution 8.1, which is not recorded
    the stored output holds 1 bytes more than counted
    ");
}

#[test]
fn the_schema_is_the_one_we_know() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("station.db");
    drop(SqliteStore::open(&path).unwrap());
    let plain = rusqlite::Connection::open(&path).unwrap();
    let mut statement = plain
        .prepare(
            "SELECT sql || ';' FROM sqlite_schema WHERE sql IS NOT NULL
             UNION ALL SELECT 'user_version ' || user_version FROM pragma_user_version
             UNION ALL SELECT 'application_id ' || application_id FROM pragma_application_id",
        )
        .unwrap();
    let lines: Result<Vec<String>, _> =
        statement.query_map([], |row| row.get(0)).unwrap().collect();
    insta::assert_snapshot!(lines.unwrap().join("\n"));
}
