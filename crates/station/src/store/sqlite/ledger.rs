//! The ledger: every firing a schedule planned is accounted for by one execution, kept or removed.

use std::collections::BTreeMap;

use rusqlite::Connection;
use station_core::model::JobId;

use super::fault::Fault;
use super::figures;
use crate::store::{Accounted, Ledger};

/// How many jobs are named whose ledger does not add up.
const NAMED: usize = 100;

/// Where each firing of a job's schedule went.
pub(super) fn ledger(conn: &Connection, job: JobId) -> Result<Option<Ledger>, Fault> {
    if !figures::is_shown(conn, job)? {
        return Ok(None);
    }
    let (planned, pruned): (i64, i64) = conn
        .prepare_cached("SELECT planned_count, pruned FROM jobs WHERE id = ?1")?
        .query_row([job.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut by_status = BTreeMap::new();
    let tallies = figures::tallies(conn, job)?;
    for tally in tallies.into_iter().chain(figures::live_of(conn, job)?) {
        if tally.scheduled > 0 {
            let accounted = Accounted { executions: tally.scheduled, firings: tally.firings };
            by_status.insert(tally.status, accounted);
        }
    }
    Ok(Some(Ledger { planned: planned.cast_unsigned(), pruned: pruned.cast_unsigned(), by_status }))
}

/// The jobs whose ledger does not add up, each a sentence; goes through all jobs and tallies.
pub(super) fn faults(conn: &Connection) -> Result<Vec<String>, Fault> {
    let mut statement = conn.prepare_cached(
        "WITH live AS MATERIALIZED (
           SELECT job, sum(firings) AS firings FROM executions INDEXED BY executions_status
           WHERE status IN (0, 1) AND cause = 0 GROUP BY job)
         SELECT id, planned_count, pruned, kept FROM (
           SELECT id, planned_count, pruned,
             (SELECT coalesce(sum(firings), 0) FROM tallies t WHERE t.job = jobs.id)
               + coalesce((SELECT firings FROM live WHERE live.job = jobs.id), 0) AS kept
           FROM jobs)
         WHERE planned_count <> pruned + kept LIMIT ?1",
    )?;
    let mut found = statement.query([i64::try_from(NAMED).unwrap_or(i64::MAX)])?;
    let mut faults = Vec::new();
    while let Some(row) = found.next()? {
        let (id, planned): (i64, i64) = (row.get(0)?, row.get(1)?);
        let (pruned, kept): (i64, i64) = (row.get(2)?, row.get(3)?);
        faults.push(format!(
            "job {id} has planned {planned} firings, but its executions account for {kept} and \
             removed ones for {pruned}"
        ));
    }
    if faults.len() == NAMED {
        faults.push("further jobs whose firings do not add up are not named".to_owned());
    }
    Ok(faults)
}
