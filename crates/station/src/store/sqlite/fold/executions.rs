//! Executions as rows: with their attempts, output and mail they come, change and go.

use rusqlite::{Connection, OptionalExtension, params};
use station_core::model::{Attempt, End, Execution, ExecutionId, OutputChunk};

use super::super::codec::{self, cause_code, end_codes, reason_code, status_code};
use super::super::fault::Fault;
use super::super::rows::signed;

pub(super) fn record(conn: &Connection, execution: &Execution) -> Result<(), Fault> {
    let (kind, code) = split_end(execution.end);
    let process = execution.process.as_ref();
    // The tallies are moved by triggers of the schema.
    conn.prepare_cached(
        "INSERT INTO executions (job, n, cause, planned, status, started, ended, attempt, retry_at,
           stop, pid, start_ticks, boot_id, end_kind, end_code, error, user_micros, system_micros,
           max_rss_bytes, out_bytes, out_lines, out_dropped_bytes, out_dropped_lines, firings,
           first_planned)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
           ?19, ?20, ?21, ?22, ?23, ?24, ?25)
         ON CONFLICT (job, n) DO UPDATE SET cause = excluded.cause, planned = excluded.planned,
           status = excluded.status, started = excluded.started, ended = excluded.ended,
           attempt = excluded.attempt, retry_at = excluded.retry_at, stop = excluded.stop,
           pid = excluded.pid, start_ticks = excluded.start_ticks, boot_id = excluded.boot_id,
           end_kind = excluded.end_kind, end_code = excluded.end_code, error = excluded.error,
           user_micros = excluded.user_micros, system_micros = excluded.system_micros,
           max_rss_bytes = excluded.max_rss_bytes, out_bytes = excluded.out_bytes,
           out_lines = excluded.out_lines, out_dropped_bytes = excluded.out_dropped_bytes,
           out_dropped_lines = excluded.out_dropped_lines, firings = excluded.firings,
           first_planned = excluded.first_planned",
    )?
    .execute(params![
        execution.id.job.0,
        execution.id.n,
        cause_code(execution.cause),
        execution.planned.0,
        status_code(execution.status),
        execution.started.map(|at| at.0),
        execution.ended.map(|at| at.0),
        execution.attempt,
        execution.retry_at.map(|at| at.0),
        execution.stop.map(reason_code),
        process.map(|process| process.pid),
        process.map(|process| signed(process.start_ticks)),
        process.map(|process| process.boot_id.as_str()),
        kind,
        code,
        execution.error,
        signed(execution.usage.user_micros),
        signed(execution.usage.system_micros),
        signed(execution.usage.max_rss_bytes),
        signed(execution.output.bytes),
        signed(execution.output.lines),
        signed(execution.output.dropped_bytes),
        signed(execution.output.dropped_lines),
        execution.firings,
        execution.first_planned.map(|at| at.0),
    ])?;
    Ok(())
}

pub(super) fn record_attempt(
    conn: &Connection,
    of: ExecutionId,
    attempt: &Attempt,
) -> Result<(), Fault> {
    let (kind, code) = split_end(attempt.end);
    conn.prepare_cached(
        "INSERT OR REPLACE INTO attempts (job, n, number, started, ended, end_kind, end_code, error,
           user_micros, system_micros, max_rss_bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        of.job.0,
        of.n,
        attempt.number,
        attempt.started.0,
        attempt.ended.map(|at| at.0),
        kind,
        code,
        attempt.error,
        signed(attempt.usage.user_micros),
        signed(attempt.usage.system_micros),
        signed(attempt.usage.max_rss_bytes),
    ])?;
    Ok(())
}

fn split_end(end: Option<End>) -> (Option<i64>, Option<i32>) {
    match end.map(end_codes) {
        Some((kind, code)) => (Some(kind), code),
        None => (None, None),
    }
}

pub(super) fn store_output(
    conn: &Connection,
    of: ExecutionId,
    attempt: u32,
    chunks: &[OutputChunk],
) -> Result<i64, Fault> {
    if chunks.is_empty() {
        return Ok(0);
    }
    let bytes = signed(codec::payload(chunks));
    conn.prepare_cached(
        "INSERT INTO output (job, n, attempt, bytes, chunks) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![of.job.0, of.n, attempt, bytes, codec::pack(chunks)])?;
    Ok(bytes)
}

pub(super) fn drop_output(conn: &Connection, of: ExecutionId) -> Result<i64, Fault> {
    let bytes = conn
        .prepare_cached("SELECT coalesce(sum(bytes), 0) FROM output WHERE job = ?1 AND n = ?2")?
        .query_row(params![of.job.0, of.n], |row| row.get(0))?;
    conn.prepare_cached("DELETE FROM output WHERE job = ?1 AND n = ?2")?
        .execute(params![of.job.0, of.n])?;
    Ok(bytes)
}

/// Removes an execution with all that is its; answers the bytes of output that went with it.
pub(super) fn remove(conn: &Connection, id: ExecutionId) -> Result<i64, Fault> {
    let key = params![id.job.0, id.n];
    let firings: Option<i64> = conn
        .prepare_cached(
            "DELETE FROM executions WHERE job = ?1 AND n = ?2 RETURNING iif(cause = 0, firings, 0)",
        )?
        .query_row(key, |row| row.get(0))
        .optional()?;
    conn.prepare_cached("DELETE FROM attempts WHERE job = ?1 AND n = ?2")?.execute(key)?;
    conn.prepare_cached("DELETE FROM mails WHERE job = ?1 AND n = ?2")?.execute(key)?;
    if let Some(firings) = firings.filter(|firings| *firings > 0) {
        conn.prepare_cached("UPDATE jobs SET pruned = pruned + ?2 WHERE id = ?1")?
            .execute(params![id.job.0, firings])?;
    }
    drop_output(conn, id)
}
