//! Pages of executions, newest first, from a cursor on.

use rusqlite::{Connection, ToSql, params};
use station_core::model::{Execution, JobId};

use super::codec::{cause_code, status_code, status_mask};
use super::fault::Fault;
use super::pages::{limit_of, only_number, wrong_cursor};
use super::rows::{self, EXECUTION, EXECUTION_WIDTH};
use crate::store::{ExecutionFilter, Page};

/// A page of executions.
pub(super) fn executions(
    conn: &Connection,
    filter: &ExecutionFilter,
) -> Result<Page<Execution>, Fault> {
    let limit = limit_of(filter.limit);
    let search = Search {
        conn,
        statuses: status_mask(&filter.statuses),
        cause: filter.cause.map(cause_code),
        fetch: i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX),
    };
    let bounded = filter.planned_from.is_some() || filter.planned_to.is_some();
    match filter.job {
        Some(job) if bounded => search.of_job_by_time(filter, job, limit),
        Some(job) => search.of_job(filter, job, limit),
        None if bounded => Err(Fault::invalid(
            "executions planned within a span of time can be listed of one job only; name a job, \
             or leave the span out",
        )),
        None => search.of_all(filter, limit),
    }
}

/// A question about executions.
struct Search<'a> {
    conn: &'a Connection,
    /// A bit for each status wanted.
    statuses: i64,
    cause: Option<i64>,
    fetch: i64,
}

impl Search<'_> {
    /// Those of one job, by descending number.
    fn of_job(
        &self,
        filter: &ExecutionFilter,
        job: JobId,
        limit: usize,
    ) -> Result<Page<Execution>, Fault> {
        let before = self.before(filter, "n")?;
        let rest = "e.job = ?1 AND e.n < ?2 AND (?3 >> e.status) & 1 ORDER BY e.n DESC LIMIT ?4";
        let sql = match self.cause {
            None => format!("FROM executions e WHERE {rest}"),
            Some(0) => format!("FROM executions e WHERE e.cause = 0 AND {rest}"),
            Some(_) => format!(
                "FROM executions e INDEXED BY executions_manual WHERE e.cause = 1 AND {rest}"
            ),
        };
        let found = self.find(&sql, params![job.0, before, self.statuses, self.fetch])?;
        Ok(page(found, limit, |(execution, _)| format!("n{}", execution.id.n)))
    }

    /// Those of one job within a span, by descending planned time.
    fn of_job_by_time(
        &self,
        filter: &ExecutionFilter,
        job: JobId,
        limit: usize,
    ) -> Result<Page<Execution>, Fault> {
        let from = filter.planned_from.map_or(i64::MIN, |at| at.0);
        let to = filter.planned_to.map_or(i64::MAX, |at| at.0);
        let before = filter.cursor.as_deref().map(time_cursor).transpose()?;
        let (planned, n) = before.filter(|key| *key < (to, 0)).unwrap_or((to, 0));
        let sql = "FROM executions e INDEXED BY executions_planned
                   WHERE e.job = ?1 AND e.planned >= ?2 AND (e.planned, e.n) < (?3, ?4)
                     AND (?5 >> e.status) & 1 AND (?6 IS NULL OR e.cause = ?6)
                   ORDER BY e.planned DESC, e.n DESC LIMIT ?7";
        let values = params![job.0, from, planned, n, self.statuses, self.cause, self.fetch];
        Ok(page(self.find(sql, values)?, limit, |(execution, _)| {
            format!("p{}.{}", execution.planned.0, execution.id.n)
        }))
    }

    /// Those of all jobs, those recorded last first.
    fn of_all(&self, filter: &ExecutionFilter, limit: usize) -> Result<Page<Execution>, Fault> {
        let before = self.before(filter, "e")?;
        let mut found = Vec::new();
        if self.cause == Some(1) {
            let few = "FROM executions e INDEXED BY executions_manual
                       WHERE e.cause = 1 AND e.seq < ?1 AND (?2 >> e.status) & 1
                       ORDER BY e.seq DESC LIMIT ?3";
            found = self.find(few, params![before, self.statuses, self.fetch])?;
        } else if filter.statuses.is_empty() {
            let all = "FROM executions e NOT INDEXED
                       WHERE e.seq < ?1 AND (?2 IS NULL OR e.cause = ?2)
                       ORDER BY e.seq DESC LIMIT ?3";
            found = self.find(all, params![before, self.cause, self.fetch])?;
        } else {
            // Each status is an order of its own in the index; the newest of each are merged.
            for status in &filter.statuses {
                let one = "FROM executions e INDEXED BY executions_status
                           WHERE e.status = ?1 AND e.seq < ?2 AND (?3 IS NULL OR e.cause = ?3)
                           ORDER BY e.seq DESC LIMIT ?4";
                let values = params![status_code(*status), before, self.cause, self.fetch];
                found.extend(self.find(one, values)?);
            }
            found.sort_by_key(|(_, seq)| std::cmp::Reverse(*seq));
            found.dedup_by_key(|(_, seq)| *seq);
        }
        Ok(page(found, limit, |(_, seq)| format!("e{seq}")))
    }

    fn before(&self, filter: &ExecutionFilter, letter: &str) -> Result<i64, Fault> {
        match &filter.cursor {
            None => Ok(i64::MAX),
            Some(cursor) => only_number(cursor, letter),
        }
    }

    fn find(&self, from: &str, values: &[&dyn ToSql]) -> Result<Vec<(Execution, i64)>, Fault> {
        let mut statement =
            self.conn.prepare_cached(&format!("SELECT {EXECUTION}, e.seq {from}"))?;
        let mut found = statement.query(values)?;
        let mut executions = Vec::new();
        while let Some(row) = found.next()? {
            executions.push((rows::execution(row, 0)?, row.get(EXECUTION_WIDTH)?));
        }
        Ok(executions)
    }
}

/// The first `limit` of what was found, and a cursor after the last of them if there is more.
fn page<T>(
    mut found: Vec<(T, i64)>,
    limit: usize,
    cursor: impl FnOnce(&(T, i64)) -> String,
) -> Page<T> {
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = if more { found.last().map(cursor) } else { None };
    Page { items: found.into_iter().map(|(item, _)| item).collect(), next_cursor }
}

fn time_cursor(cursor: &str) -> Result<(i64, i64), Fault> {
    let parse = || {
        let (planned, n) = cursor.strip_prefix('p')?.split_once('.')?;
        Some((planned.parse().ok()?, n.parse().ok()?))
    };
    parse().ok_or_else(|| wrong_cursor(cursor))
}
