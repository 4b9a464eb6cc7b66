//! What can go wrong with a store's file: each gives one clear sentence, and nothing acknowledged is lost.
//!
//! Some tests need a process of their own (to be killed, or for another umask) or a small disk (a
//! tmpfs in a mount namespace of its own). They start this program again with one of the `child_…`
//! tests, which do nothing by themselves.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at a surprise")]

#[expect(dead_code, reason = "shared with the store's tests, which use all of it")]
mod samples;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use samples::{Chance, created, execution, job, recorded, state, surroundings};
use station::port::{Store, StoreError, StoreErrorKind};
use station::store::{JobFilter, JobOrder, Reader, SqliteStore};
use station_core::engine::Change;
use station_core::model::{ExecutionStatus, JobId, Micros, OutputChunk, Stream};

/// Where a child is to work.
const DIR: &str = "STATION_TEST_DIR";

/// A directory with the name of a store in it.
fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("station.db");
    (dir, path)
}

/// Opens what must not open; the sentence must name the file.
fn refused(path: &Path) -> StoreError {
    let error = SqliteStore::open(path).map(|_| ()).unwrap_err();
    assert!(error.message.contains(&path.display().to_string()), "{error}");
    error
}

/// A closed store with so many jobs.
fn filled(path: &Path, jobs: i64) {
    let (mut store, _) = SqliteStore::open(path).unwrap();
    let changes: Vec<_> = (1..=jobs).map(|id| created(job(id, id))).collect();
    store.apply(&[surroundings()]).unwrap();
    store.apply(&changes).unwrap();
    store.commit().unwrap();
}

/// The numbers of all jobs.
fn all_ids(reader: &Reader) -> BTreeSet<i64> {
    let all = JobFilter { order: JobOrder::Id, limit: usize::MAX, ..Default::default() };
    reader.jobs(&all).unwrap().items.iter().map(|job| job.id.0).collect()
}

#[test]
fn foreign_files_are_refused_and_left_alone() {
    let (_dir, path) = place();
    let text = b"To whom it may concern: this is a letter, and no database at all.".repeat(9);
    for content in [&text[..], b"x"] {
        std::fs::write(&path, content).unwrap();
        assert_eq!(refused(&path).kind, StoreErrorKind::Foreign);
        assert_eq!(std::fs::read(&path).unwrap(), content);
    }
    for (mark, version) in [("PRAGMA application_id = 77", 0), ("PRAGMA application_id = 0", 1)] {
        std::fs::remove_file(&path).unwrap();
        let other = rusqlite::Connection::open(&path).unwrap();
        other.execute_batch(&format!("{mark}; CREATE TABLE notes (text)")).unwrap();
        other.pragma_update(None, "user_version", version).unwrap();
        drop(other);
        let before = std::fs::read(&path).unwrap();
        assert_eq!(refused(&path).kind, StoreErrorKind::Foreign);
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
    let (dir, _path) = place();
    assert_eq!(refused(dir.path()).kind, StoreErrorKind::Foreign);
}

#[test]
fn empty_files_and_databases_become_stores() {
    let (_dir, path) = place();
    std::fs::write(&path, "").unwrap();
    filled(&path, 1);
    let (_dir, path) = place();
    rusqlite::Connection::open(&path).unwrap().execute_batch("VACUUM").unwrap();
    filled(&path, 1);
    let (_dir, path) = place();
    let empty = rusqlite::Connection::open(&path).unwrap();
    empty.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x); DROP TABLE t").unwrap();
    drop(empty);
    filled(&path, 1);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_newer_store_is_refused_and_left_alone() {
    let (_dir, path) = place();
    filled(&path, 1);
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 7).unwrap();
    let error = refused(&path);
    assert_eq!(error.kind, StoreErrorKind::Newer);
    let wanted = "written by a newer station (schema 7; this one knows 5)";
    assert!(error.message.contains(wanted), "{error}");
    drop(newer);
    assert_eq!(refused(&path).kind, StoreErrorKind::Newer);
}

#[test]
fn damaged_files_are_recognised() {
    let (_dir, path) = place();
    filled(&path, 500);
    let whole = std::fs::read(&path).unwrap();
    let half = &whole[..whole.len() / 2];
    let mut headless = whole.clone();
    headless[..16].fill(0);
    let mut shuffled = whole.clone();
    shuffled[100..4096].fill(0x5a);
    for (what, content) in
        [("half", half), ("stump", &whole[..60]), ("headless", &headless), ("shuffled", &shuffled)]
    {
        std::fs::write(&path, content).unwrap();
        let error = refused(&path);
        assert_eq!(error.kind, StoreErrorKind::Damaged, "{what}: {error}");
        assert!(error.message.contains("station backup"), "{error}");
    }
    std::fs::write(&path, "").unwrap();
    std::fs::write(path.with_file_name("station.db-wal"), "frames").unwrap();
    assert_eq!(refused(&path).kind, StoreErrorKind::Damaged);
}

#[test]
fn damage_inside_is_found_when_it_is_read() {
    let (_dir, path) = place();
    filled(&path, 500);
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    let pages = file.metadata().unwrap().len() / 4096;
    for page in 60..pages {
        file.write_all_at(&[0x5a; 4096], page * 4096).unwrap();
    }
    drop(file);
    let (mut store, reader) = SqliteStore::open(&path).unwrap();
    assert_eq!(store.snapshot(500).unwrap_err().kind, StoreErrorKind::Damaged);
    let all = JobFilter { limit: 500, ..Default::default() };
    let error = reader.jobs(&all).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Damaged);
    assert!(error.message.contains("station.db is damaged"), "{error}");
    assert!(!reader.check().unwrap().is_empty());
    let copy = path.with_file_name("copy.db");
    let error = reader.backup(&copy).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Damaged);
    assert!(error.message.contains("station.db is damaged"), "{error}");
    assert!(!copy.exists());
}

#[test]
fn rows_that_make_no_sense_are_damage_and_are_named() {
    let (_dir, path) = place();
    filled(&path, 3);
    let plain = rusqlite::Connection::open(&path).unwrap();
    plain.execute_batch("UPDATE jobs SET spec = '{' WHERE id = 2").unwrap();
    plain.execute_batch("UPDATE jobs SET status = 12 WHERE id = 3").unwrap();
    let (mut store, reader) = SqliteStore::open(&path).unwrap();
    for (id, what) in [(2, "job 2 cannot be read"), (3, "job 3 has the unknown status 12")] {
        let error = reader.job(JobId(id)).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Damaged);
        assert!(error.message.contains(what), "{error}");
    }
    assert_eq!(store.snapshot(9).unwrap_err().kind, StoreErrorKind::Damaged);
    assert_eq!(reader.check().unwrap().len(), 2, "{:?}", reader.check());
}

#[test]
fn a_missing_directory_is_said() {
    let (dir, _) = place();
    let error = refused(&dir.path().join("none/station.db"));
    assert_eq!(error.kind, StoreErrorKind::Io);
    assert!(error.message.contains("its directory does not exist"), "{error}");
}

#[test]
fn a_file_held_by_another_program_is_busy() {
    let (_dir, path) = place();
    let (mut store, _) = SqliteStore::open(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.apply(&[created(job(1, 1))]).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Busy, "{error}");
    store.rollback();
    other.execute_batch("ROLLBACK").unwrap();
    store.apply(&[created(job(1, 1))]).unwrap();
    store.commit().unwrap();
}

#[test]
fn a_file_taken_away_acknowledges_nothing() {
    for taken in ["station.db", "station.db-wal"] {
        let (dir, path) = place();
        let (mut store, _) = SqliteStore::open(&path).unwrap();
        store.apply(&[created(job(1, 1))]).unwrap();
        store.commit().unwrap();
        store.apply(&[created(job(2, 1))]).unwrap();
        std::fs::rename(dir.path().join(taken), dir.path().join("elsewhere")).unwrap();
        let error = store.commit().unwrap_err();
        assert!(error.message.contains("was moved or deleted"), "{error}");
        std::fs::rename(dir.path().join("elsewhere"), dir.path().join(taken)).unwrap();
        store.apply(&[created(job(2, 1))]).unwrap();
        store.commit().unwrap();
        drop(store);
        let (_store, reader) = SqliteStore::open(&path).unwrap();
        assert_eq!(all_ids(&reader), [1, 2].into());
    }
}

/// This program again, with one of the tests below; `before` is what starts it.
fn child(before: &[&str], test: &str, dir: &Path) -> Command {
    let this = std::env::current_exe().unwrap();
    let mut words = before.iter().map(Into::into).collect::<Vec<std::ffi::OsString>>();
    words.push(this.into());
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(DIR, dir).stdin(Stdio::null());
    command
}

/// Where a child is to work; `None` when it was started by itself.
fn working_dir() -> Option<PathBuf> {
    std::env::var_os(DIR).map(PathBuf::from)
}

#[test]
fn files_are_for_their_owner_only_whatever_the_umask() {
    for umask in ["000", "777"] {
        let (dir, path) = place();
        let script = format!("umask {umask}; exec \"$0\" \"$@\"");
        let mut command = child(&["sh", "-c", &script], "child_leaves_a_store_open", dir.path());
        assert!(command.status().unwrap().success());
        for name in ["station.db", "station.db-wal", "station.db-shm", "copy.db"] {
            let mode = std::fs::metadata(path.with_file_name(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o7777, 0o600, "{name} under umask {umask}");
        }
    }
}

#[test]
#[ignore = "started by another test"]
fn child_leaves_a_store_open() {
    let Some(dir) = working_dir() else { return };
    let (mut store, reader) = SqliteStore::open(&dir.join("station.db")).unwrap();
    store.apply(&[created(job(1, 1))]).unwrap();
    store.commit().unwrap();
    reader.backup(&dir.join("copy.db")).unwrap();
    std::mem::forget((store, reader));
}

/// Runs a test on a tmpfs of 6 MiB, seen by it alone. Does nothing on a machine that permits none.
fn on_small_disk(test: &str) {
    let dir = tempfile::tempdir().unwrap();
    let script =
        format!("mount -t tmpfs -o size=6m none \"${DIR}\" || exit 77; exec \"$0\" \"$@\"");
    let own = if rustix::process::getuid().is_root() { "-m" } else { "-rm" };
    let status = child(&["unshare", own, "sh", "-c", &script], test, dir.path()).status().unwrap();
    // 77: no mount; 1: unshare itself is not permitted. A failed test gives 101.
    let permitted = !matches!(status.code(), Some(77 | 1));
    assert!(!permitted || status.success(), "{test} failed on a small disk");
}

#[test]
fn a_full_disk_loses_nothing_and_is_survived() {
    on_small_disk("child_fills_the_disk");
}

/// A round with a job, its run and some output.
fn round(id: i64) -> Vec<Change> {
    let mut run = execution(id, 1, ExecutionStatus::Completed);
    run.ended = Some(Micros(id));
    let bytes = vec![b'.'; 3000];
    let chunks = vec![OutputChunk { stream: Stream::Stderr, at: Micros(id), bytes }];
    let output = Change::OutputStored { execution: run.id, attempt: 1, chunks };
    let ended = state(ExecutionStatus::Completed, None, 1);
    let update = Change::JobUpdated { job: JobId(id), state: ended };
    vec![created(job(id, id)), recorded(run), output, update]
}

/// Commits rounds until the disk is full; gives the last number acknowledged.
fn fill(store: &mut SqliteStore, mut last: i64) -> i64 {
    loop {
        let stored = store.apply(&round(last + 1)).and_then(|()| store.commit());
        match stored {
            Ok(()) => last += 1,
            Err(error) => {
                assert_eq!(error.kind, StoreErrorKind::Full, "{error}");
                assert!(error.message.contains("no space is left"), "{error}");
                store.rollback();
                return last;
            }
        }
        assert!(last < 100_000, "the disk never filled up");
    }
}

#[test]
#[ignore = "started by another test"]
fn child_fills_the_disk() {
    let Some(dir) = working_dir() else { return };
    let path = dir.join("station.db");
    let ballast = dir.join("ballast");
    std::fs::write(&ballast, vec![0; 900_000]).unwrap();
    let (mut store, reader) = SqliteStore::open(&path).unwrap();
    store.apply(&[surroundings()]).unwrap();
    store.commit().unwrap();
    let mut last = fill(&mut store, 0);
    assert!(last > 10);
    for _ in 0..5 {
        // It stays usable for reading and says the same again.
        last = fill(&mut store, last);
        assert_eq!(all_ids(&reader), (1..=last).collect());
        assert_eq!(store.snapshot(9).unwrap().last_job, last);
    }
    let error = reader.backup(&dir.join("copy.db")).unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Full, "{error}");
    let error = refused(&dir.join("second.db"));
    assert_eq!(error.kind, StoreErrorKind::Full, "{error}");
    std::fs::remove_file(&ballast).unwrap();
    let before = last;
    last = fill(&mut store, last);
    assert!(last > before + 10, "the same writer goes on: {before} to {last}");
    assert_eq!(all_ids(&reader), (1..=last).collect());
    drop((store, reader));
    let (_store, reader) = SqliteStore::open(&path).unwrap();
    assert_eq!(all_ids(&reader), (1..=last).collect());
    assert_eq!(reader.check().unwrap(), [""; 0]);
    println!("acknowledged {before}, then {last}, all there");
}

#[test]
fn on_a_disk_filled_by_others_the_log_is_used_again() {
    on_small_disk("child_works_on_a_disk_filled_by_others");
}

#[test]
#[ignore = "started by another test"]
fn child_works_on_a_disk_filled_by_others() {
    let Some(dir) = working_dir() else { return };
    let path = dir.join("station.db");
    let (mut store, reader) = SqliteStore::open(&path).unwrap();
    store.apply(&[surroundings()]).unwrap();
    for id in 1..=60 {
        store.apply(&round(id)).unwrap();
        store.commit().unwrap();
    }
    // Closing empties the log into the file.
    drop((store, reader));
    let (mut store, reader) = SqliteStore::open(&path).unwrap();
    let others = leave_room(&dir, 400_000);
    // Far more than there is room for: ends of runs, and output that is dropped.
    let mut refusals = 0;
    for turn in 0..3000 {
        let id = turn % 60 + 1;
        let status = if turn % 7 == 0 { ExecutionStatus::Failed } else { ExecutionStatus::Missed };
        let mut changes =
            vec![Change::JobUpdated { job: JobId(id), state: state(status, None, 1) }];
        if turn < 60 {
            let run = execution(id, 1, status).id;
            changes.push(Change::OutputDropped { execution: run });
        }
        while let Err(error) = store.apply(&changes).and_then(|()| store.commit()) {
            assert_eq!(error.kind, StoreErrorKind::Full, "{error}");
            store.rollback();
            refusals += 1;
            assert!(refusals < 50, "the log is never used again: turn {turn}");
        }
    }
    assert!(refusals > 0);
    drop(others);
    assert_eq!(reader.counts().unwrap().output_bytes, 0);
    assert_eq!(reader.check().unwrap(), [""; 0]);
}

/// Fills the disk with another file until only so many bytes are left.
fn leave_room(dir: &Path, bytes: u64) -> std::fs::File {
    let other = std::fs::File::create(dir.join("other")).unwrap();
    let mut filled = 0;
    while other.write_all_at(&[1; 4096], filled).is_ok() {
        filled += 4096;
    }
    other.set_len(filled.saturating_sub(bytes)).unwrap();
    other
}

#[test]
fn a_store_left_by_a_crash_on_a_full_disk_opens_once_there_is_space() {
    on_small_disk("child_crashes_on_a_full_disk");
}

#[test]
#[ignore = "started by another test"]
fn child_crashes_on_a_full_disk() {
    let Some(dir) = working_dir() else { return };
    let path = dir.join("station.db");
    let ballast = dir.join("ballast");
    std::fs::write(&ballast, vec![0; 300_000]).unwrap();
    let (mut store, reader) = SqliteStore::open(&path).unwrap();
    let last = fill(&mut store, 0);
    // A crash leaves database and log as they are; the shared memory is rebuilt.
    let left =
        ["station.db", "station.db-wal"].map(|name| (name, std::fs::read(dir.join(name)).unwrap()));
    drop((store, reader));
    for name in ["station.db", "station.db-wal", "station.db-shm"] {
        std::fs::remove_file(dir.join(name)).unwrap_or_default();
    }
    for (name, content) in left {
        std::fs::write(dir.join(name), content).unwrap();
    }
    leave_room(&dir, 0);
    assert_eq!(refused(&path).kind, StoreErrorKind::Full);
    std::fs::remove_file(dir.join("other")).unwrap();
    std::fs::remove_file(&ballast).unwrap();
    let (_store, reader) = SqliteStore::open(&path).unwrap();
    assert_eq!(all_ids(&reader), (1..=last).collect());
}

#[test]
fn a_read_only_file_system_is_said() {
    on_small_disk("child_meets_a_read_only_disk");
}

#[test]
#[ignore = "started by another test"]
fn child_meets_a_read_only_disk() {
    let Some(dir) = working_dir() else { return };
    let path = dir.join("station.db");
    filled(&path, 3);
    let (mut store, reader) = SqliteStore::open(&path).unwrap();
    store.apply(&[created(job(4, 4))]).unwrap();
    store.commit().unwrap();
    drop((store, reader));
    let remounted =
        Command::new("mount").args(["-o", "remount,bind,ro"]).arg(&dir).status().unwrap();
    assert!(remounted.success());
    for path in [&path, &dir.join("new.db")] {
        let error = refused(path);
        assert_eq!(error.kind, StoreErrorKind::ReadOnly, "{error}");
        assert!(error.message.contains("cannot be written"), "{error}");
    }
}

#[test]
fn a_file_or_directory_one_may_not_write_is_said() {
    if rustix::process::getuid().is_root() {
        println!("skipped: root may write everywhere");
        return;
    }
    let (dir, path) = place();
    filled(&path, 3);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    assert_eq!(refused(&path).kind, StoreErrorKind::ReadOnly);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o500)).unwrap();
    assert_eq!(refused(&path).kind, StoreErrorKind::ReadOnly);
    assert_eq!(refused(&dir.path().join("new.db")).kind, StoreErrorKind::ReadOnly);
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn killed_at_any_moment_it_keeps_what_it_acknowledged() {
    let (dir, path) = place();
    let mut chance = Chance(std::process::id().into());
    println!("seed {}", chance.0);
    let mut acknowledged = BTreeSet::new();
    for _ in 0..40 {
        let mut process = child(&[], "child_commits_until_killed", dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = mpsc::channel();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        let listener = std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if let Some(id) = line.strip_prefix("acknowledged ") {
                    send.send(id.parse::<i64>().unwrap()).unwrap();
                }
            }
        });
        acknowledged.insert(lines.recv_timeout(Duration::from_secs(20)).unwrap());
        let until = std::time::Instant::now() + Duration::from_micros(chance.below(60_000));
        while let Some(left) = until.checked_duration_since(std::time::Instant::now()) {
            acknowledged.extend(lines.recv_timeout(left));
        }
        process.kill().unwrap();
        process.wait().unwrap();
        listener.join().unwrap();
        acknowledged.extend(lines.try_iter());

        let (mut store, reader) = SqliteStore::open(&path).unwrap();
        assert_eq!(reader.check().unwrap(), [""; 0]);
        let stored = all_ids(&reader);
        let lost: Vec<_> = acknowledged.difference(&stored).collect();
        assert!(lost.is_empty(), "lost {lost:?}");
        // Numbers are given in order and rounds are whole, so nothing is missing in between.
        let last = store.snapshot(1).unwrap().last_job;
        assert_eq!(stored, (1..=last).collect());
        assert_eq!(stored.len() % 4, 0, "a round is stored whole or not at all");
    }
    println!("{} acknowledged, all there", acknowledged.len());
}

#[test]
#[ignore = "started by another test"]
fn child_commits_until_killed() {
    let Some(dir) = working_dir() else { return };
    let (mut store, _reader) = SqliteStore::open(&dir.join("station.db")).unwrap();
    store.apply(&[surroundings()]).unwrap();
    let mut last = store.snapshot(1).unwrap().last_job;
    loop {
        for id in last + 1..=last + 4 {
            store.apply(&round(id)).unwrap();
        }
        store.commit().unwrap();
        let mut out = std::io::stdout().lock();
        for id in last + 1..=last + 4 {
            writeln!(out, "\nacknowledged {id}").unwrap();
        }
        out.flush().unwrap();
        last += 4;
    }
}
