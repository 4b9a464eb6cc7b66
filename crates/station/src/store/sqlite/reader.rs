//! Readers: a small pool of connections that only read, beside the writer and never in its way.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, params};
use station_core::model::{
    Attempt, ContextHash, Execution, ExecutionId, ExecutionStatus, Job, JobId, ShellContext,
};

use super::fault::{Fault, Place};
use super::rows::{self, ATTEMPT, EXECUTION};
use super::{backup, check, codec, load, opening, pages, runs};
use crate::port::StoreError;
use crate::store::{Counts, ExecutionFilter, JobFilter, Page, StoredOutput};

/// How many connections a pool has at most.
const MOST: usize = 3;

/// Reads a store while its writer goes on; each answer is one moment of it. Calls block.
#[derive(Clone, Debug)]
pub struct Reader {
    pool: Arc<Pool>,
}

/// Connections, opened when first needed.
#[derive(Debug)]
struct Pool {
    place: Place,
    idle: Mutex<Idle>,
    returned: Condvar,
    generation: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Idle {
    connections: Vec<Connection>,
    lent: usize,
}

/// A connection that goes back to its pool when dropped.
struct Lent<'a> {
    pool: &'a Pool,
    conn: Option<Connection>,
}

impl Reader {
    /// A reader of the store in a file.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        Self::new(Place::new(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned())))
    }

    pub(super) fn new(place: Place) -> Self {
        let pool = Pool {
            place,
            idle: Mutex::default(),
            returned: Condvar::new(),
            generation: Arc::default(),
        };
        Self { pool: Arc::new(pool) }
    }

    /// Where the writer counts its rounds.
    pub(super) fn generations(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.pool.generation)
    }

    /// A number that grows with each round the writer has made durable, in this process only.
    ///
    /// Asked before a question, it says how long the answer holds: until it is another one. A reader
    /// without a writer ([`Reader::of`]) cannot tell, and always says 0.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.pool.generation.load(Ordering::Acquire)
    }

    /// One job; none that is deleted.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        self.read(|conn| Ok(load::job(conn, id)?.filter(|job| !job.state.deleted)))
    }

    /// A page of jobs.
    ///
    /// # Errors
    /// When the store cannot be read, or the cursor is none of this order.
    pub fn jobs(&self, filter: &JobFilter) -> Result<Page<Job>, StoreError> {
        self.read(|conn| pages::jobs(conn, filter))
    }

    /// One execution, also one of a deleted job.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn execution(&self, id: ExecutionId) -> Result<Option<Execution>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(&format!(
                "SELECT {EXECUTION} FROM executions e WHERE e.job = ?1 AND e.n = ?2"
            ))?;
            let mut found = statement.query(params![id.job.0, id.n])?;
            found.next()?.map(|row| rows::execution(row, 0)).transpose()
        })
    }

    /// The recorded attempts of an execution, first to last; the current or last one is in the
    /// execution itself.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn attempts(&self, id: ExecutionId) -> Result<Vec<Attempt>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(&format!(
                "SELECT {ATTEMPT} FROM attempts WHERE job = ?1 AND n = ?2 ORDER BY number"
            ))?;
            let mut found = statement.query(params![id.job.0, id.n])?;
            let mut attempts = Vec::new();
            while let Some(row) = found.next()? {
                attempts.push(rows::attempt(row, id)?);
            }
            Ok(attempts)
        })
    }

    /// A page of executions, newest first.
    ///
    /// # Errors
    /// When the store cannot be read, the cursor is none of these executions, or a span of planned
    /// time is asked for without a job.
    pub fn executions(&self, filter: &ExecutionFilter) -> Result<Page<Execution>, StoreError> {
        self.read(|conn| runs::executions(conn, filter))
    }

    /// Output of an execution stored after `after_seq` (0: from the start), in order: whole rows
    /// of together at most `max_bytes`, but always the first one there is.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn output(
        &self,
        id: ExecutionId,
        after_seq: i64,
        max_bytes: usize,
    ) -> Result<Vec<StoredOutput>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT seq, attempt, bytes, chunks FROM output INDEXED BY output_execution
                 WHERE job = ?1 AND n = ?2 AND seq > ?3 ORDER BY seq",
            )?;
            let mut found = statement.query(params![id.job.0, id.n, after_seq])?;
            let mut output = Vec::new();
            let mut room = max_bytes;
            while let Some(row) = found.next()? {
                let bytes = usize::try_from(row.get::<_, i64>(2)?).unwrap_or(usize::MAX);
                if bytes > room && !output.is_empty() {
                    break;
                }
                room = room.saturating_sub(bytes);
                let seq = row.get(0)?;
                let blob = row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?;
                let chunks = codec::unpack(blob)
                    .ok_or_else(|| Fault::Row(format!("output {seq} of {id} cannot be read")))?;
                output.push(StoredOutput { seq, attempt: row.get(1)?, chunks });
            }
            Ok(output)
        })
    }

    /// A stored context.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn context(&self, hash: &ContextHash) -> Result<Option<ShellContext>, StoreError> {
        self.read(|conn| load::context(conn, hash))
    }

    /// How much the store holds. Goes through an index of all jobs.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        self.read(|conn| counts(conn, &self.pool.place))
    }

    /// Writes a consistent copy to a new file while the writer goes on; answers its size.
    ///
    /// The copy is fsynced, readable by its owner only, and there whole or not at all.
    ///
    /// # Errors
    /// When the file is there already or cannot be written, or the store cannot be read.
    pub fn backup(&self, to: &Path) -> Result<u64, StoreError> {
        backup::backup(&self.pool.place, to)
    }

    /// What is wrong in the store, each a sentence; nothing when all is well. Reads all of it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn check(&self) -> Result<Vec<String>, StoreError> {
        let place = &self.pool.place;
        // A connection of its own: a check takes long, and others want to read meanwhile.
        opening::reader(place)
            .and_then(|conn| {
                opening::refuse_foreign(place, &conn)?;
                check::check(&conn)
            })
            .map_err(|fault| place.tell("read", fault))
    }

    /// Asks one question of one moment of the store.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let answer = self.pool.lend().and_then(|lent| match &lent.conn {
            Some(conn) => {
                // One transaction, so that all its statements see one moment.
                let moment = conn.unchecked_transaction()?;
                read(&moment)
            }
            None => Err(Fault::Row("a reader lost its connection".to_owned())),
        });
        answer.map_err(|fault| self.pool.place.tell("read", fault))
    }
}

impl Pool {
    fn lend(&self) -> Result<Lent<'_>, Fault> {
        let mut idle = self.lock();
        while idle.connections.is_empty() && idle.lent >= MOST {
            idle = self.returned.wait(idle).unwrap_or_else(PoisonError::into_inner);
        }
        idle.lent = idle.lent.saturating_add(1);
        let conn = idle.connections.pop();
        drop(idle);
        let mut lent = Lent { pool: self, conn };
        if lent.conn.is_none() {
            lent.conn = Some(opening::reader(&self.place)?);
        }
        Ok(lent)
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut idle = self.pool.lock();
        idle.lent = idle.lent.saturating_sub(1);
        idle.connections.extend(self.conn.take());
        drop(idle);
        self.pool.returned.notify_one();
    }
}

fn counts(conn: &Connection, place: &Place) -> Result<Counts, Fault> {
    let mut jobs: BTreeMap<_, _> = ExecutionStatus::ALL.map(|status| (status, 0)).into();
    let mut statement = conn.prepare_cached(
        "SELECT status, count(*) FROM jobs INDEXED BY jobs_agenda WHERE done <> 2
         GROUP BY done, status",
    )?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let status = codec::status_of(row.get(0)?);
        let status = status.ok_or_else(|| Fault::Row("a job has an unknown status".to_owned()))?;
        let count: i64 = row.get(1)?;
        let counted = jobs.entry(status).or_insert(0_u64);
        *counted = counted.saturating_add(count.cast_unsigned());
    }
    let number = |sql: &str| -> Result<i64, Fault> {
        Ok(conn.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    };
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    Ok(Counts {
        jobs,
        executions: number("SELECT count(*) FROM executions")?.cast_unsigned(),
        output_bytes: u64::try_from(load::output_bytes(conn)?).unwrap_or(0),
        schema_version: u32::try_from(number("PRAGMA user_version")?).unwrap_or(0),
        store_id: conn
            .prepare_cached("SELECT value FROM meta WHERE key = 'store_id'")?
            .query_row([], |row| row.get(0))?,
        file_bytes: size(place.path()).saturating_add(size(&place.beside("-wal"))),
    })
}
