//! The SQLite store: one writer that folds changes into tables in rounds, and readers beside it.
//!
//! ```text
//! idle ──apply──► open ──commit──► idle (durable)
//!                  │ └─apply/commit fails──► broken ──rollback──► idle (as before the round)
//!                  └──rollback──► idle
//! ```
//! A broken round takes nothing more: SQLite may have undone its beginning already.

mod audit;
mod backup;
mod check;
mod codec;
mod fault;
mod figures;
mod firing;
mod fold;
mod ledger;
mod load;
mod opening;
mod pages;
mod questions;
mod reader;
mod records;
mod rows;
mod runs;
mod watch;

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use station_core::audit::{Checkpoint, Entry, Head, Outstanding};
use station_core::engine::{Change, Snapshot};
use station_core::model::{
    Alarm, AlarmId, ContextHash, ExecutionId, Job, JobId, Micros, Record, RecordKind, ShellContext,
};

use self::audit::Trail;
use self::fault::{Fault, Place};
pub use self::reader::Reader;
use crate::port::{Store, StoreError, StoreErrorKind};

/// A store in one SQLite file, and its only writer.
///
/// A process opens a file once: the locks of SQLite are the process's, not the connection's.
#[derive(Debug)]
pub struct SqliteStore {
    conn: Connection,
    place: Place,
    id: String,
    files: Files,
    round: Round,
    trail: Trail,
    generation: Arc<AtomicU64>,
}

/// Which file a name stands for: device and inode.
type Identity = (u64, u64);

/// The database and its log, as they were opened.
type Files = [(PathBuf, Identity); 2];

/// The open round, as far as SQLite does not keep it.
#[derive(Debug, Default)]
struct Round {
    /// Something of it could not be written.
    broken: bool,
    /// The disk was full.
    full: bool,
    /// What it does to all that is counted.
    moved: fold::Moved,
}

impl SqliteStore {
    /// Opens the store in `path`, creating it where there is none (not its directory), and a
    /// reader of it.
    ///
    /// # Errors
    /// When the file is foreign, newer, damaged or cannot be written.
    pub fn open(path: &Path) -> Result<(Self, Reader), StoreError> {
        let place = Place::new(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()));
        let (conn, id, files) = prepare(&place).map_err(|fault| place.tell("open", fault))?;
        let trail = Trail::load(&conn).map_err(|fault| place.tell("open", fault))?;
        let reader = Reader::new(place.clone());
        let generation = reader.generations();
        Ok((Self { conn, place, id, files, round: Round::default(), trail, generation }, reader))
    }

    fn read<T>(
        &self,
        doing: &str,
        read: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        read(&self.conn).map_err(|fault| self.place.tell(doing, fault))
    }

    /// Opens a round, if there is none.
    fn begin(&self) -> Result<(), Fault> {
        if self.conn.is_autocommit() {
            self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        }
        Ok(())
    }

    fn try_apply(&mut self, changes: &[Change]) -> Result<(), Fault> {
        self.begin()?;
        for change in changes {
            fold::fold(&self.conn, change, &mut self.round.moved)?;
        }
        Ok(())
    }

    fn try_commit(&self) -> Result<(), Fault> {
        self.round.moved.write(&self.conn)?;
        for (path, identity) in &self.files {
            if identity_of(path).is_none_or(|now| now != *identity) {
                return Err(Fault::Told(self.place.gone()));
            }
        }
        self.conn.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }

    /// Moves the log into the database as far as that goes, so that on a full disk the log's own
    /// room can be used again: the ends of runs and the dropping of output still fit there.
    fn fold_back_log(&self) {
        let moved = self.conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        if let Err(error) = moved {
            tracing::debug!(%error, "the disk is too full to empty the store's log");
        }
    }

    /// Writes in the open round, which is broken when that fails.
    fn write<T>(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        self.unbroken()?;
        write(self).map_err(|fault| {
            let error = self.place.tell("write", fault);
            self.round.broken = true;
            self.round.full = error.kind == StoreErrorKind::Full;
            error
        })
    }

    fn unbroken(&self) -> Result<(), StoreError> {
        if self.round.broken {
            return Err(self.place.error(
                StoreErrorKind::Io,
                "failed to take a change; the round must be rolled back first",
            ));
        }
        Ok(())
    }
}

fn prepare(place: &Place) -> Result<(Connection, String, Files), Fault> {
    let conn = opening::writer(place)?;
    let id =
        conn.query_row("SELECT value FROM meta WHERE key = 'store_id'", [], |row| row.get(0))?;
    let known = |path: PathBuf| match identity_of(&path) {
        Some(identity) => Ok((path, identity)),
        None => Err(Fault::Told(place.gone())),
    };
    let files = [known(place.path().to_owned())?, known(place.beside("-wal"))?];
    Ok((conn, id, files))
}

fn identity_of(path: &Path) -> Option<Identity> {
    std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

impl Store for SqliteStore {
    fn id(&self) -> &str {
        &self.id
    }

    fn snapshot(&mut self, window: usize) -> Result<Snapshot, StoreError> {
        self.read("read", |conn| load::snapshot(conn, window, self.round.moved.output_bytes))
    }

    fn job(&mut self, id: JobId) -> Result<Option<Job>, StoreError> {
        self.read("read", |conn| load::job(conn, id))
    }

    fn due_from(
        &mut self,
        from: (Micros, JobId),
        limit: usize,
    ) -> Result<(Vec<Job>, bool), StoreError> {
        self.read("read", |conn| load::due_from(conn, from, limit))
    }

    fn planned_from(
        &mut self,
        after: JobId,
        recurring: bool,
        limit: usize,
    ) -> Result<(Vec<Job>, bool), StoreError> {
        self.read("read", |conn| load::planned_from(conn, after, recurring, limit))
    }

    fn expired(
        &mut self,
        before: Micros,
        limit: usize,
    ) -> Result<(Vec<(ExecutionId, u64)>, bool), StoreError> {
        self.read("read", |conn| load::expired(conn, before, limit))
    }

    fn alarm(&mut self, id: AlarmId) -> Result<Option<Alarm>, StoreError> {
        self.read("read", |conn| load::alarm(conn, id))
    }

    fn record(&mut self, kind: RecordKind, key: &str) -> Result<Option<Record>, StoreError> {
        self.read("read", |conn| records::one(conn, kind, key))
    }

    fn context(&mut self, hash: &ContextHash) -> Result<Option<ShellContext>, StoreError> {
        self.read("read", |conn| load::context(conn, hash))
    }

    fn oldest_outputs(&mut self, bytes: u64) -> Result<Vec<(ExecutionId, u64)>, StoreError> {
        self.read("read", |conn| load::oldest_outputs(conn, bytes))
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        self.write(|store| store.try_apply(changes))
    }

    fn append(&mut self, entries: Vec<Entry>) -> Result<Head, StoreError> {
        if entries.is_empty() {
            return Ok(self.trail.head());
        }
        self.write(|store| {
            store.begin()?;
            store.trail.append(&store.conn, entries)
        })
    }

    fn is_open(&mut self, correlation: &str) -> Result<bool, StoreError> {
        self.read("read", |conn| audit::is_open(conn, correlation))
    }

    fn outstanding(&mut self) -> Result<Vec<Outstanding>, StoreError> {
        self.read("read", audit::outstanding)
    }

    fn head(&self) -> Head {
        self.trail.head()
    }

    fn keep_checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        self.write(|store| {
            store.begin()?;
            audit::keep(&store.conn, checkpoint)
        })
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.unbroken()?;
        if self.conn.is_autocommit() {
            return Ok(());
        }
        let committed = self.try_commit().map_err(|fault| self.place.tell("write", fault));
        match &committed {
            Ok(()) => {
                self.round = Round::default();
                self.trail.committed();
                // After the commit, so that who sees the new number finds what is new.
                self.generation.fetch_add(1, Ordering::Release);
            }
            Err(error) => {
                self.round.full = error.kind == StoreErrorKind::Full;
                self.rollback();
            }
        }
        committed
    }

    fn rollback(&mut self) {
        if !self.conn.is_autocommit()
            && let Err(error) = self.conn.execute_batch("ROLLBACK")
        {
            // SQLite has undone it by itself, or will when the connection is closed.
            tracing::warn!(%error, "rolling back a round of the store");
        }
        if self.round.full {
            self.fold_back_log();
        }
        self.round = Round::default();
        self.trail.forget();
    }

    fn probe(&mut self) -> Result<(), StoreError> {
        let probed = self
            .try_apply(&[])
            .and_then(|()| {
                // The row's page goes through the log like that of any other change.
                let same = "UPDATE meta SET value = value WHERE key = 'store_id'";
                Ok(self.conn.prepare_cached(same)?.execute([])?)
            })
            .map_err(|fault| self.place.tell("write", fault));
        match probed {
            Ok(_) => self.commit(),
            Err(error) => {
                self.rollback();
                Err(error)
            }
        }
    }
}
