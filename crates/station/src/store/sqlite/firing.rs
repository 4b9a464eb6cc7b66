//! The reader's questions about one firing of a job on nodes: its executions, and their output together.

use std::ops::RangeInclusive;

use rusqlite::params;
use station_core::model::{ExecutionId, ExecutionStatus, JobId, Micros};

use super::codec;
use super::fault::Fault;
use super::reader::Reader;
use crate::port::StoreError;
use crate::store::{Firing, FiringOutput, NodeRun, StoredOutput};

/// How many places in the order of storing are looked at in one go.
const STRETCH: i64 = 10_000;

impl Reader {
    /// Where the executions of a firing stand, by number, from one of them on.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn firing(&self, firing: &Firing, from: u32) -> Result<Vec<NodeRun>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT n, status, attempt, retry_at FROM executions INDEXED BY executions_planned
                 WHERE job = ?1 AND planned = ?2 AND n >= ?3 AND cause = ?4 AND node IS NOT NULL
                 ORDER BY n",
            )?;
            let cause = codec::cause_code(firing.cause);
            let values = params![firing.job.0, firing.planned.0, from, cause];
            let mut found = statement.query(values)?;
            let mut executions = Vec::new();
            while let Some(row) = found.next()? {
                let n: u32 = row.get(0)?;
                let status: Option<ExecutionStatus> = codec::status_of(row.get(1)?);
                let status = status.ok_or_else(|| {
                    let id = ExecutionId { job: firing.job, n };
                    Fault::Row(format!("execution {id} has no valid status"))
                })?;
                let retry_at = row.get::<_, Option<i64>>(3)?.map(Micros);
                executions.push(NodeRun { n, status, attempt: row.get(2)?, retry_at });
            }
            Ok(executions)
        })
    }

    /// The place in the order of storing after which all output of these executions stands: before
    /// the first of it; at the present end when there is none yet.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn output_begin(&self, job: JobId, all: RangeInclusive<u32>) -> Result<i64, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT min(seq) - 1 FROM output INDEXED BY output_execution
                 WHERE job = ?1 AND n BETWEEN ?2 AND ?3",
            )?;
            let values = params![job.0, all.start(), all.end()];
            let first: Option<i64> = statement.query_row(values, |row| row.get(0))?;
            match first {
                Some(first) => Ok(first),
                None => last(conn),
            }
        })
    }

    /// Output of these executions stored after a place, in the order of storing: whole rows of
    /// together at most `max_bytes`, but always the first one there is.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn output_of_all(
        &self,
        job: JobId,
        all: RangeInclusive<u32>,
        after: i64,
        max_bytes: usize,
    ) -> Result<FiringOutput, StoreError> {
        self.read(|conn| {
            let last = last(conn)?;
            let until = after.saturating_add(STRETCH);
            let mut found = FiringOutput {
                rows: Vec::new(),
                seen: until.min(last).max(after),
                more: until < last,
            };
            // By place, not by the index: what others store meanwhile is passed over once, and what
            // these have stored before is not gone through again each time.
            let mut statement = conn.prepare_cached(
                "SELECT seq, n, attempt, bytes, chunks FROM output NOT INDEXED
                 WHERE seq > ?1 AND seq <= ?2 AND job = ?3 AND n BETWEEN ?4 AND ?5 ORDER BY seq",
            )?;
            let values = params![after, until, job.0, all.start(), all.end()];
            let mut rows = statement.query(values)?;
            let mut room = max_bytes;
            let mut seen = after;
            while let Some(row) = rows.next()? {
                let bytes = usize::try_from(row.get::<_, i64>(3)?).unwrap_or(usize::MAX);
                if bytes > room && !found.rows.is_empty() {
                    (found.seen, found.more) = (seen, true);
                    break;
                }
                room = room.saturating_sub(bytes);
                seen = row.get(0)?;
                let id = ExecutionId { job, n: row.get(1)? };
                let blob = row.get_ref(4)?.as_blob().map_err(rusqlite::Error::from)?;
                let chunks = codec::unpack(blob)
                    .ok_or_else(|| Fault::Row(format!("output {seen} of {id} cannot be read")))?;
                found.rows.push((id, StoredOutput { seq: seen, attempt: row.get(2)?, chunks }));
            }
            Ok(found)
        })
    }
}

/// The last place that is taken.
fn last(conn: &rusqlite::Connection) -> Result<i64, Fault> {
    let mut statement = conn.prepare_cached("SELECT coalesce(max(seq), 0) FROM output")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}
