//! Rows: jobs, executions and attempts as they stand in their tables.

use std::sync::Arc;

use rusqlite::{Row, types::FromSql};
use station_core::model::{
    Alarm, AlarmId, Attempt, End, Execution, ExecutionId, Fanned, Job, JobId, JobSpec, JobState,
    Micros, Node, NodeHealth, Notice, OutputSummary, ProcessRecord, Token, Usage,
};

use super::codec;
use super::fault::Fault;

/// The columns [`job`] reads, of the table `jobs` named `j`.
pub(super) const JOB: &str = "j.id, j.status, j.next_due, j.executions, j.retries, j.paused, \
    j.fired, j.planned_count, j.nominal, j.deleted, j.fan_first, j.fan_worst, j.spec";

/// The columns [`execution`] reads, of the table `executions` named `e`.
pub(super) const EXECUTION: &str = "e.job, e.n, e.cause, e.planned, e.status, e.started, e.ended, \
    e.attempt, e.retry_at, e.stop, e.pid, e.start_ticks, e.boot_id, e.end_kind, e.end_code, \
    e.error, e.user_micros, e.system_micros, e.max_rss_bytes, e.out_bytes, e.out_lines, \
    e.out_dropped_bytes, e.out_dropped_lines, e.firings, e.first_planned, e.node, e.mark, e.kill, \
    e.result";

/// How many columns [`EXECUTION`] has.
pub(super) const EXECUTION_WIDTH: usize = 29;

/// The columns [`attempt`] reads, of the table `attempts`.
pub(super) const ATTEMPT: &str =
    "number, started, ended, end_kind, end_code, error, user_micros, system_micros, max_rss_bytes";

/// Reads the columns of a row one after the other.
struct Columns<'a, 'stmt> {
    row: &'a Row<'stmt>,
    next: usize,
}

impl Columns<'_, '_> {
    fn take<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        let value = self.row.get(self.next)?;
        self.next = self.next.saturating_add(1);
        Ok(value)
    }

    fn count(&mut self) -> rusqlite::Result<u64> {
        Ok(self.take::<i64>()?.cast_unsigned())
    }

    fn micros(&mut self) -> rusqlite::Result<Option<Micros>> {
        Ok(self.take::<Option<i64>>()?.map(Micros))
    }

    fn end(&mut self, what: impl FnOnce() -> String) -> Result<Option<End>, Fault> {
        let kind: Option<i64> = self.take()?;
        let code: Option<i32> = self.take()?;
        let Some(kind) = kind else { return Ok(None) };
        match codec::end_of(kind, code) {
            Some(end) => Ok(Some(end)),
            None => Err(Fault::Row(format!("{} has no valid end", what()))),
        }
    }

    fn fanned(&mut self, job: JobId) -> Result<Option<Fanned>, Fault> {
        let first: Option<u32> = self.take()?;
        let worst = match self.take()? {
            None => None,
            Some(code) => Some(codec::status_of(code).ok_or_else(|| {
                Fault::Row(format!("job {job} has come to the unknown status {code} on nodes"))
            })?),
        };
        Ok(first.map(|first| Fanned { first, worst }))
    }

    fn usage(&mut self) -> rusqlite::Result<Usage> {
        Ok(Usage {
            user_micros: self.count()?,
            system_micros: self.count()?,
            max_rss_bytes: self.count()?,
        })
    }
}

/// A count as SQLite keeps it; the bits of one over `i64::MAX` come back as they were.
pub(super) fn signed(count: u64) -> i64 {
    count.cast_signed()
}

/// The job whose columns begin at `at`.
pub(super) fn job(row: &Row<'_>, at: usize) -> Result<Job, Fault> {
    let mut columns = Columns { row, next: at };
    let id = JobId(columns.take()?);
    let status = columns.take()?;
    let status = codec::status_of(status)
        .ok_or_else(|| Fault::Row(format!("job {id} has the unknown status {status}")))?;
    let state = JobState {
        status,
        next_due: columns.micros()?,
        executions: columns.take()?,
        retries: columns.take()?,
        paused: columns.take()?,
        fired: columns.take()?,
        planned: columns.count()?,
        nominal: columns.micros()?,
        deleted: columns.take()?,
        fanned: columns.fanned(id)?,
    };
    let text = row.get_ref(columns.next)?.as_str().map_err(rusqlite::Error::from)?;
    let spec: JobSpec = serde_json::from_str(text)
        .map_err(|error| Fault::Row(format!("job {id} cannot be read: {error}")))?;
    Ok(Job { id, spec: Arc::new(spec), state })
}

/// The execution whose columns begin at `at`.
pub(super) fn execution(row: &Row<'_>, at: usize) -> Result<Execution, Fault> {
    let mut columns = Columns { row, next: at };
    let id = ExecutionId { job: JobId(columns.take()?), n: columns.take()? };
    let wrong = |what: &str| Fault::Row(format!("execution {id} has no valid {what}"));
    let cause = codec::cause_of(columns.take()?).ok_or_else(|| wrong("cause"))?;
    let planned = Micros(columns.take()?);
    let status = codec::status_of(columns.take()?).ok_or_else(|| wrong("status"))?;
    let started = columns.micros()?;
    let ended = columns.micros()?;
    let attempt = columns.take()?;
    let retry_at = columns.micros()?;
    let stop = match columns.take()? {
        None => None,
        Some(code) => Some(codec::reason_of(code).ok_or_else(|| wrong("reason"))?),
    };
    let (pid, ticks) = (columns.take::<Option<i32>>()?, columns.take::<Option<i64>>()?);
    let boot: Option<String> = columns.take()?;
    let mut process = match (pid, ticks, boot) {
        (None, None, None) => None,
        (Some(pid), Some(ticks), Some(boot_id)) => {
            Some(ProcessRecord { pid, start_ticks: ticks.cast_unsigned(), boot_id, mark: None })
        }
        _ => return Err(wrong("process")),
    };
    let end = columns.end(|| format!("execution {id}"))?;
    let error = columns.take()?;
    let usage = columns.usage()?;
    let output = OutputSummary {
        bytes: columns.count()?,
        lines: columns.count()?,
        dropped_bytes: columns.count()?,
        dropped_lines: columns.count()?,
    };
    let firings = columns.take()?;
    let first_planned = columns.micros()?;
    let node = columns.take()?;
    let mark = columns.take()?;
    if let Some(process) = &mut process {
        process.mark = mark;
    }
    let kill = match columns.take()? {
        None => None,
        Some(code) => Some(codec::kill_of(code).ok_or_else(|| wrong("kill"))?),
    };
    let result = columns.take()?;
    Ok(Execution {
        id,
        cause,
        planned,
        firings,
        first_planned,
        node,
        status,
        started,
        ended,
        attempt,
        retry_at,
        stop,
        process,
        end,
        kill,
        error,
        result,
        usage,
        output,
    })
}

/// The alarm of a row whose column `at` is its body.
pub(super) fn alarm(row: &Row<'_>, at: usize) -> Result<Alarm, Fault> {
    let text = row.get_ref(at)?.as_str().map_err(rusqlite::Error::from)?;
    serde_json::from_str(text)
        .map_err(|error| Fault::Row(format!("an alarm cannot be read: {error}")))
}

/// The node of a row whose columns are its body and its health's.
pub(super) fn node(row: &Row<'_>) -> Result<(Node, Option<NodeHealth>), Fault> {
    let wrong = |error| Fault::Row(format!("a node cannot be read: {error}"));
    let text = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
    let node = serde_json::from_str(text).map_err(wrong)?;
    let health: Option<String> = row.get(1)?;
    let health = health.map(|text| serde_json::from_str(&text)).transpose().map_err(wrong)?;
    Ok((node, health))
}

/// The token of a row whose only column is its body.
pub(super) fn token(row: &Row<'_>) -> Result<Token, Fault> {
    let text = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
    serde_json::from_str(text)
        .map_err(|error| Fault::Row(format!("a token cannot be read: {error}")))
}

/// The columns [`notice`] reads, of the table `notices` named `o`.
pub(super) const NOTICE: &str = "o.alarm, o.channel, o.since, o.attempts, o.next_at, o.error";

/// How many columns [`NOTICE`] has.
pub(super) const NOTICE_WIDTH: usize = 6;

/// The notice whose columns come first.
pub(super) fn notice(row: &Row<'_>) -> Result<Notice, Fault> {
    let mut columns = Columns { row, next: 0 };
    Ok(Notice {
        alarm: AlarmId(columns.take()?),
        channel: columns.take()?,
        since: Micros(columns.take()?),
        attempts: columns.take()?,
        next_at: Micros(columns.take()?),
        error: columns.take()?,
    })
}

/// The attempt of a row that holds nothing else.
pub(super) fn attempt(row: &Row<'_>, of: ExecutionId) -> Result<Attempt, Fault> {
    let mut columns = Columns { row, next: 0 };
    Ok(Attempt {
        number: columns.take()?,
        started: Micros(columns.take()?),
        ended: columns.micros()?,
        end: columns.end(|| format!("an attempt of execution {of}"))?,
        error: columns.take()?,
        usage: columns.usage()?,
    })
}
