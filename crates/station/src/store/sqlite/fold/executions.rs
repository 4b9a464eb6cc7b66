//! Executions as rows: with their attempts, output and mail they come, change and go.

use rusqlite::{Connection, OptionalExtension, params};
use station_core::model::{Attempt, End, Execution, ExecutionId, OutputChunk};

use super::super::codec::{self, cause_code, end_codes, reason_code, status_code};
use super::super::fault::Fault;
use super::super::rows::signed;
use super::tally::{Counted, Moved};

/// What is set of an execution that is there already, besides what its indexes hold.
const CHANGED: &str = "status = ?5, started = ?6, ended = ?7, attempt = ?8, retry_at = ?9, \
    stop = ?10, pid = ?11, start_ticks = ?12, boot_id = ?13, end_kind = ?14, end_code = ?15, \
    error = ?16, user_micros = ?17, system_micros = ?18, max_rss_bytes = ?19, out_bytes = ?20, \
    out_lines = ?21, out_dropped_bytes = ?22, out_dropped_lines = ?23, firings = ?24, \
    first_planned = ?25, node = ?26, mark = ?27, kill = ?28, result = ?29";

/// Stores what an execution is now.
pub(super) fn record(
    conn: &Connection,
    execution: &Execution,
    moved: &mut Moved,
) -> Result<(), Fault> {
    let now = Counted::of(execution);
    // Most that have neither a process nor an end are new; a wrong guess costs a look only.
    let looks_new = execution.process.is_none() && execution.ended.is_none();
    if looks_new && write(conn, execution, INSERT)? {
        moved.execution(&now, 1);
        return Ok(());
    }
    let before = conn
        .prepare_cached(&format!(
            "SELECT {} FROM executions WHERE job = ?1 AND n = ?2",
            Counted::COLUMNS
        ))?
        .query_row(params![execution.id.job.0, execution.id.n], |row| {
            Counted::of_row(row, execution.id)
        })
        .optional()?;
    match &before {
        None => write(conn, execution, INSERT)?,
        // An index is left alone when none of its columns is named.
        Some(before) if (before.cause, before.planned) == (now.cause, now.planned) => {
            let sql = format!("UPDATE executions SET {CHANGED} WHERE job = ?1 AND n = ?2");
            write(conn, execution, &sql)?
        }
        Some(_) => {
            let sql = format!(
                "UPDATE executions SET cause = ?3, planned = ?4, {CHANGED}
                 WHERE job = ?1 AND n = ?2"
            );
            write(conn, execution, &sql)?
        }
    };
    if let Some(before) = before {
        moved.execution(&before, -1);
    }
    moved.execution(&now, 1);
    Ok(())
}

const INSERT: &str = "INSERT INTO executions (job, n, cause, planned, status, started, ended, \
    attempt, retry_at, stop, pid, start_ticks, boot_id, end_kind, end_code, error, user_micros, \
    system_micros, max_rss_bytes, out_bytes, out_lines, out_dropped_bytes, out_dropped_lines, \
    firings, first_planned, node, mark, kill, result) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, \
    ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29) ON CONFLICT (job, n) DO NOTHING";

/// Writes an execution with a statement; whether there was a row to write.
fn write(conn: &Connection, execution: &Execution, sql: &str) -> Result<bool, Fault> {
    let (kind, code) = split_end(execution.end);
    let process = execution.process.as_ref();
    let written = conn.prepare_cached(sql)?.execute(params![
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
        execution.node,
        process.and_then(|process| process.mark.as_deref()),
        execution.kill.map(codec::kill_code),
        execution.result,
    ])?;
    Ok(written > 0)
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
    moved: &mut Moved,
) -> Result<(), Fault> {
    if chunks.is_empty() {
        return Ok(());
    }
    let bytes = signed(codec::payload(chunks));
    conn.prepare_cached(
        "INSERT INTO output (job, n, attempt, bytes, chunks) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![of.job.0, of.n, attempt, bytes, codec::pack(chunks)])?;
    moved.output_bytes = moved.output_bytes.saturating_add(bytes);
    Ok(())
}

pub(super) fn drop_output(
    conn: &Connection,
    of: ExecutionId,
    moved: &mut Moved,
) -> Result<(), Fault> {
    let bytes = conn
        .prepare_cached("SELECT coalesce(sum(bytes), 0) FROM output WHERE job = ?1 AND n = ?2")?
        .query_row(params![of.job.0, of.n], |row| row.get(0))?;
    conn.prepare_cached("DELETE FROM output WHERE job = ?1 AND n = ?2")?
        .execute(params![of.job.0, of.n])?;
    moved.output_bytes = moved.output_bytes.saturating_sub(bytes);
    Ok(())
}

/// Removes an execution with all that is its; its firings stay counted with its job.
pub(super) fn remove(conn: &Connection, id: ExecutionId, moved: &mut Moved) -> Result<(), Fault> {
    let key = params![id.job.0, id.n];
    let gone = conn
        .prepare_cached(&format!(
            "DELETE FROM executions WHERE job = ?1 AND n = ?2 RETURNING {}",
            Counted::COLUMNS
        ))?
        .query_row(key, |row| Counted::of_row(row, id))
        .optional()?;
    if let Some(gone) = gone {
        moved.execution(&gone, -1);
        let firings = gone.scheduled_firings();
        if firings > 0 {
            conn.prepare_cached("UPDATE jobs SET pruned = pruned + ?2 WHERE id = ?1")?
                .execute(params![id.job.0, firings])?;
        }
    }
    conn.prepare_cached("DELETE FROM attempts WHERE job = ?1 AND n = ?2")?.execute(key)?;
    conn.prepare_cached("DELETE FROM mails WHERE job = ?1 AND n = ?2")?.execute(key)?;
    drop_output(conn, id, moved)
}
