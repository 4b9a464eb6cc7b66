//! Figures from the tallies: histories, statistics, and which execution stands for an instant.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use station_core::model::{BootTrigger, Execution, ExecutionStatus, JobId, Micros};

use super::codec::{self, ACTIVE, DELETED, ENDED, PAUSED};
use super::fault::Fault;
use super::fold::SLOT;
use super::load;
use super::rows::{self, EXECUTION};
use crate::store::{History, Statistics, Upcoming};

/// How many executions planned after an instant are looked at for one that stands for it.
const AFTER: i64 = 64;

/// What has become of a job's executions.
pub(super) fn history(conn: &Connection, id: JobId) -> Result<Option<History>, Fault> {
    let Some(job) = load::job(conn, id)?.filter(|job| !job.state.deleted) else { return Ok(None) };
    let mut by_status = none_yet();
    let (mut firings, mut spent) = (0_u64, 0_u64);
    for tally in tallies(conn, id)? {
        if tally.status == ExecutionStatus::Completed {
            spent = tally.spent;
        }
        firings = firings.saturating_add(tally.firings);
        by_status.insert(tally.status, tally.executions);
    }
    for live in live_of(conn, id)? {
        firings = firings.saturating_add(live.firings);
        by_status.insert(live.status, live.executions);
    }
    let completed = by_status.get(&ExecutionStatus::Completed).copied().unwrap_or(0);
    let last = conn
        .prepare_cached(&format!(
            "SELECT {EXECUTION} FROM executions e WHERE e.job = ?1 ORDER BY e.n DESC LIMIT 1"
        ))?
        .query([id.0])?
        .next()?
        .map(|row| rows::execution(row, 0))
        .transpose()?;
    Ok(Some(History {
        job: id,
        name: job.spec.name.clone(),
        next_due: job.state.next_due.filter(|at| *at != BootTrigger::AWAITED),
        total: by_status.values().sum(),
        by_status,
        firings,
        average: spent.checked_div(completed).map(Duration::from_micros),
        last,
    }))
}

/// What a station does; today lasts from one instant up to another, both on quarters of an hour.
pub(super) fn statistics(
    conn: &Connection,
    (from, to): (Micros, Micros),
    upcoming: usize,
) -> Result<Statistics, Fault> {
    let mut filed = BTreeMap::new();
    let mut by_kind = BTreeMap::new();
    let mut statement = conn.prepare_cached("SELECT kind, done, jobs FROM kinds WHERE jobs > 0")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let (kind, done): (i64, i64) = (row.get(0)?, row.get(1)?);
        let jobs = row.get::<_, i64>(2)?.cast_unsigned();
        if done == DELETED {
            continue;
        }
        let kind = codec::kind_of(kind)
            .ok_or_else(|| Fault::Row(format!("some jobs are of the unknown kind {kind}")))?;
        add(&mut by_kind, kind, jobs);
        add(&mut filed, done, jobs);
    }
    let filed = |done: i64| filed.get(&done).copied().unwrap_or(0);
    let mut running = conn.prepare_cached(
        "SELECT count(*) FROM executions INDEXED BY executions_status WHERE status = 1",
    )?;
    let (due, _) = load::due_from(conn, (Micros(i64::MIN), JobId(i64::MIN)), upcoming)?;
    let upcoming = due.into_iter().filter_map(|job| {
        let next_due = job.state.next_due.filter(|at| *at != BootTrigger::AWAITED)?;
        Some(Upcoming { job: job.id, name: job.spec.name.clone(), next_due })
    });
    Ok(Statistics {
        total_jobs: [ACTIVE, ENDED, PAUSED].into_iter().map(filed).sum(),
        active_jobs: filed(ACTIVE),
        disabled_jobs: filed(PAUSED),
        ended_jobs: filed(ENDED),
        by_kind,
        running_executions: running.query_row([], |row| row.get::<_, i64>(0))?.cast_unsigned(),
        today: planned_between(conn, from, to)?,
        upcoming: upcoming.collect(),
    })
}

/// Executions by status that were planned from one instant up to another.
fn planned_between(
    conn: &Connection,
    from: Micros,
    to: Micros,
) -> Result<BTreeMap<ExecutionStatus, u64>, Fault> {
    let mut today = none_yet();
    let slots = "SELECT status, sum(executions) FROM slots WHERE slot >= ?1 AND slot < ?2
                 GROUP BY status";
    let live = "SELECT status, count(*) FROM executions INDEXED BY executions_status
                WHERE status IN (0, 1) AND planned >= ?1 AND planned < ?2 GROUP BY status";
    // The quarter that `to` lies in belongs to today when it has begun before `to`.
    let to_slot = to.0.saturating_add(SLOT - 1).div_euclid(SLOT);
    for (sql, from, to) in [(slots, from.0.div_euclid(SLOT), to_slot), (live, from.0, to.0)] {
        let mut statement = conn.prepare_cached(sql)?;
        let mut found = statement.query([from, to])?;
        while let Some(row) = found.next()? {
            add(&mut today, status(row.get(0)?)?, row.get::<_, i64>(1)?.cast_unsigned());
        }
    }
    Ok(today)
}

/// The jobs of which something runs, by number.
pub(super) fn running_jobs(conn: &Connection) -> Result<Vec<JobId>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT e.job FROM executions e INDEXED BY executions_status
           JOIN jobs j ON j.id = e.job
         WHERE e.status = 1 AND j.deleted = 0 ORDER BY e.job",
    )?;
    let jobs: Result<Vec<_>, _> = statement.query_map([], |row| row.get(0).map(JobId))?.collect();
    Ok(jobs?)
}

/// The execution of a job that stands for an instant, or else the one planned last before it.
pub(super) fn execution_near(
    conn: &Connection,
    job: JobId,
    at: Micros,
) -> Result<Option<Execution>, Fault> {
    let spans = format!(
        "SELECT {EXECUTION} FROM executions e WHERE e.rowid = (SELECT seq FROM
           (SELECT seq, n, planned, first_planned, cause FROM executions
              INDEXED BY executions_planned
            WHERE job = ?1 AND planned >= ?2 ORDER BY planned, n LIMIT {AFTER})
           WHERE coalesce(first_planned, planned) <= ?2 ORDER BY cause, planned, n DESC LIMIT 1)"
    );
    let before = format!(
        "SELECT {EXECUTION} FROM executions e INDEXED BY executions_planned
         WHERE e.job = ?1 AND e.planned < ?2 ORDER BY e.planned DESC, e.n DESC LIMIT 1"
    );
    for sql in [spans, before] {
        let mut statement = conn.prepare_cached(&sql)?;
        let mut found = statement.query(params![job.0, at.0])?;
        if let Some(row) = found.next()? {
            return rows::execution(row, 0).map(Some);
        }
    }
    Ok(None)
}

/// A job's executions in one status.
pub(super) struct Tally {
    pub(super) status: ExecutionStatus,
    pub(super) executions: u64,
    /// Those that the schedule led to.
    pub(super) scheduled: u64,
    /// Firings of those.
    pub(super) firings: u64,
    /// Microseconds that completed runs took.
    spent: u64,
}

/// A job's tallies of what has ended.
pub(super) fn tallies(conn: &Connection, job: JobId) -> Result<Vec<Tally>, Fault> {
    read_tallies(
        conn,
        "SELECT status, executions, scheduled, firings, spent FROM tallies WHERE job = ?1",
        job,
    )
}

/// A job's executions that have not ended, counted as the tallies would.
pub(super) fn live_of(conn: &Connection, job: JobId) -> Result<Vec<Tally>, Fault> {
    read_tallies(
        conn,
        "SELECT status, count(*), sum(cause = 0), sum(iif(cause = 0, firings, 0)), 0
         FROM executions INDEXED BY executions_status
         WHERE status IN (0, 1) AND job = ?1 GROUP BY status",
        job,
    )
}

fn read_tallies(conn: &Connection, sql: &str, job: JobId) -> Result<Vec<Tally>, Fault> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut found = statement.query([job.0])?;
    let mut tallies = Vec::new();
    while let Some(row) = found.next()? {
        let count = |at: usize| row.get::<_, i64>(at).map(i64::cast_unsigned);
        tallies.push(Tally {
            status: status(row.get(0)?)?,
            executions: count(1)?,
            scheduled: count(2)?,
            firings: count(3)?,
            spent: count(4)?,
        });
    }
    Ok(tallies)
}

fn status(code: i64) -> Result<ExecutionStatus, Fault> {
    codec::status_of(code)
        .ok_or_else(|| Fault::Row(format!("some executions have the unknown status {code}")))
}

fn none_yet() -> BTreeMap<ExecutionStatus, u64> {
    ExecutionStatus::ALL.map(|status| (status, 0)).into()
}

fn add<K: Ord>(counts: &mut BTreeMap<K, u64>, to: K, by: u64) {
    let count = counts.entry(to).or_insert(0);
    *count = count.saturating_add(by);
}

/// Whether a job is there for people to see.
pub(super) fn is_shown(conn: &Connection, job: JobId) -> Result<bool, Fault> {
    let shown: Option<bool> = conn
        .prepare_cached("SELECT deleted = 0 FROM jobs WHERE id = ?1")?
        .query_row([job.0], |row| row.get(0))
        .optional()?;
    Ok(shown.unwrap_or(false))
}
