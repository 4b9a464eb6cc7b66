//! Tallies: what a round did to the counts, gathered in memory and written once when it is committed.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};
use station_core::model::{Cause, Execution, ExecutionId, ExecutionStatus, JobId};

use super::super::codec::{cause_code, status_code};
use super::super::fault::Fault;

/// The span of a slot, in microseconds.
pub(in super::super) const SLOT: i64 = 900_000_000;

/// What the open round does to all that is counted.
#[derive(Debug, Default)]
pub(in super::super) struct Moved {
    /// Bytes of output stored.
    pub(in super::super) output_bytes: i64,
    /// Ended executions by job and status.
    tallies: BTreeMap<(i64, i64), Sums>,
    /// Ended executions by slot and status.
    slots: BTreeMap<(i64, i64), i64>,
    /// Jobs by kind and where they are filed.
    kinds: BTreeMap<(i64, i64), i64>,
}

/// By how much a tally moves.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    executions: i64,
    scheduled: i64,
    firings: i64,
    spent: i64,
}

/// What of an execution is counted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Counted {
    job: i64,
    status: i64,
    pub(super) cause: i64,
    pub(super) planned: i64,
    firings: i64,
    started: Option<i64>,
    ended: Option<i64>,
}

impl Counted {
    /// The columns [`Counted::of_row`] reads.
    pub(super) const COLUMNS: &str = "status, cause, planned, firings, started, ended";

    pub(super) fn of_row(row: &Row<'_>, id: ExecutionId) -> rusqlite::Result<Self> {
        Ok(Self {
            job: id.job.0,
            status: row.get(0)?,
            cause: row.get(1)?,
            planned: row.get(2)?,
            firings: row.get(3)?,
            started: row.get(4)?,
            ended: row.get(5)?,
        })
    }

    pub(super) fn of(execution: &Execution) -> Self {
        Self {
            job: execution.id.job.0,
            status: status_code(execution.status),
            cause: cause_code(execution.cause),
            planned: execution.planned.0,
            firings: execution.firings.into(),
            started: execution.started.map(|at| at.0),
            ended: execution.ended.map(|at| at.0),
        }
    }

    /// The firings of the schedule it accounts for.
    pub(super) fn scheduled_firings(&self) -> i64 {
        if self.is_scheduled() { self.firings } else { 0 }
    }

    fn is_scheduled(&self) -> bool {
        self.cause == cause_code(Cause::Scheduled)
    }

    fn spent(&self) -> i64 {
        match (self.started, self.ended) {
            (Some(started), Some(ended))
                if self.status == status_code(ExecutionStatus::Completed) =>
            {
                ended.saturating_sub(started).max(0)
            }
            _ => 0,
        }
    }
}

impl Moved {
    /// An execution is there that was not, or is not that was: `by` is 1 or -1.
    pub(super) fn execution(&mut self, of: &Counted, by: i64) {
        if of.status <= status_code(ExecutionStatus::Running) {
            return;
        }
        let sums = self.tallies.entry((of.job, of.status)).or_default();
        let add = |to: &mut i64, count: i64| *to = to.saturating_add(by.saturating_mul(count));
        add(&mut sums.executions, 1);
        add(&mut sums.scheduled, of.is_scheduled().into());
        add(&mut sums.firings, of.scheduled_firings());
        add(&mut sums.spent, of.spent());
        self.slot(of.planned.div_euclid(SLOT), of.status, by);
    }

    /// So many ended executions more, or fewer, were planned in a slot.
    pub(super) fn slot(&mut self, slot: i64, status: i64, by: i64) {
        let count = self.slots.entry((slot, status)).or_default();
        *count = count.saturating_add(by);
    }

    /// A job of a kind is filed there, or is no longer: `by` is 1 or -1.
    pub(super) fn job(&mut self, kind: i64, filed: i64, by: i64) {
        let count = self.kinds.entry((kind, filed)).or_default();
        *count = count.saturating_add(by);
    }

    /// Everything of a job is gone, and its tallies are.
    pub(super) fn forget(&mut self, job: JobId) {
        self.tallies.retain(|(of, _), _| *of != job.0);
    }

    /// Writes it all.
    pub(in super::super) fn write(&self, conn: &Connection) -> Result<(), Fault> {
        if self.output_bytes != 0 {
            conn.prepare_cached("UPDATE meta SET value = value + ?1 WHERE key = 'output_bytes'")?
                .execute([self.output_bytes])?;
        }
        for ((job, status), sums) in &self.tallies {
            if *sums == Sums::default() {
                continue;
            }
            conn.prepare_cached(
                "INSERT INTO tallies (job, status, executions, scheduled, firings, spent)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO UPDATE SET executions = executions + excluded.executions,
                   scheduled = scheduled + excluded.scheduled,
                   firings = firings + excluded.firings, spent = spent + excluded.spent",
            )?
            .execute(params![
                job,
                status,
                sums.executions,
                sums.scheduled,
                sums.firings,
                sums.spent
            ])?;
            if sums.executions < 0 {
                conn.prepare_cached(
                    "DELETE FROM tallies WHERE job = ?1 AND status = ?2 AND executions = 0",
                )?
                .execute([job, status])?;
            }
        }
        let slots = "INSERT INTO slots (slot, status, executions) VALUES (?1, ?2, ?3)
                     ON CONFLICT DO UPDATE SET executions = executions + excluded.executions";
        let empty = "DELETE FROM slots WHERE slot = ?1 AND status = ?2 AND executions = 0";
        write(conn, &self.slots, slots, empty)?;
        let kinds = "INSERT INTO kinds (kind, done, jobs) VALUES (?1, ?2, ?3)
                     ON CONFLICT DO UPDATE SET jobs = jobs + excluded.jobs";
        let empty = "DELETE FROM kinds WHERE kind = ?1 AND done = ?2 AND jobs = 0";
        write(conn, &self.kinds, kinds, empty)
    }
}

fn write(
    conn: &Connection,
    counts: &BTreeMap<(i64, i64), i64>,
    add: &str,
    drop_empty: &str,
) -> Result<(), Fault> {
    for ((key, of), by) in counts.iter().filter(|(_, by)| **by != 0) {
        conn.prepare_cached(add)?.execute([key, of, by])?;
        if *by < 0 {
            conn.prepare_cached(drop_empty)?.execute([key, of])?;
        }
    }
    Ok(())
}
