//! The store's laws: what is folded comes back, in pages, across rounds and reopening; and its schema.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at a surprise")]

mod audit;
mod figures;
mod firing;
mod folding;
mod instruments;
mod migration;
mod model;
mod outstations;
mod random;
mod recurring;
#[path = "../samples/mod.rs"]
mod samples;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use samples::{created, execution, job, recorded, state, surroundings};
use station::port::{Store, StoreErrorKind};
use station::store::{ExecutionFilter, JobFilter, SqliteStore};
use station_core::engine::Change;
use station_core::model::{ExecutionStatus, JobId, Micros, OutputChunk, Stream};

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
             INSERT INTO notices VALUES (3, 'mail', 1, 0, 1, NULL);
             UPDATE kinds SET jobs = 9;
             UPDATE jobs SET planned_count = 4 WHERE id = 2;
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
    the tally of the executions of job 2 is wrong
    the tally of the executions planned around 1970-01-01T00:00Z is wrong
    the tally of jobs of kind 0 is wrong
    a notice is owed about alarm 3, which is not recorded
    job 2 has planned 4 firings, but its executions account for 0 and removed ones for 0
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
