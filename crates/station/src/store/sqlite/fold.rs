//! The fold: each change as the rows it leaves. Applying one twice is the same as once, output excepted.

use rusqlite::{Connection, params};
use station_core::engine::Change;
use station_core::model::{
    Attempt, ContextHash, End, Execution, ExecutionId, Job, JobId, JobState, Micros, OutputChunk,
    ShellContext,
};
use station_core::trigger::Trigger;

use super::codec::{self, cause_code, end_codes, reason_code, status_code};
use super::fault::Fault;
use super::rows::signed;

/// Folds one change; `output_bytes` is moved by what it does to the stored output.
pub(super) fn fold(
    conn: &Connection,
    change: &Change,
    output_bytes: &mut i64,
) -> Result<(), Fault> {
    match change {
        Change::ContextStored { hash, context } => store_context(conn, hash, context),
        Change::JobCreated(job) => create_job(conn, job),
        Change::JobUpdated { job, state } => update_job(conn, *job, state),
        Change::ExecutionRecorded(execution) => record_execution(conn, execution),
        Change::AttemptRecorded { execution, attempt } => record_attempt(conn, *execution, attempt),
        Change::OutputStored { execution, attempt, chunks } => {
            let bytes = store_output(conn, *execution, *attempt, chunks)?;
            *output_bytes = output_bytes.saturating_add(bytes);
            Ok(())
        }
        Change::OutputDropped { execution } => {
            let bytes = drop_output(conn, *execution)?;
            *output_bytes = output_bytes.saturating_sub(bytes);
            Ok(())
        }
        Change::MailQueued { execution } => set_mail(conn, *execution, false, None),
        Change::MailDone { execution, error } => set_mail(conn, *execution, true, error.as_deref()),
    }
}

/// Moves the count of stored output by what a round did to it.
pub(super) fn count_output(conn: &Connection, by: i64) -> Result<(), Fault> {
    if by != 0 {
        conn.prepare_cached("UPDATE meta SET value = value + ?1 WHERE key = 'output_bytes'")?
            .execute([by])?;
    }
    Ok(())
}

fn store_context(
    conn: &Connection,
    hash: &ContextHash,
    context: &ShellContext,
) -> Result<(), Fault> {
    // Most jobs come with a context that is there already: look before writing it out.
    let known =
        conn.prepare_cached("SELECT 1 FROM contexts WHERE hash = ?1")?.exists(params![hash.0])?;
    if !known {
        conn.prepare_cached("INSERT INTO contexts (hash, body) VALUES (?1, ?2)")?
            .execute(params![hash.0, codec::context_text(context)?])?;
    }
    Ok(())
}

fn create_job(conn: &Connection, job: &Job) -> Result<(), Fault> {
    let spec = serde_json::to_string(&*job.spec)
        .map_err(|error| Fault::invalid(format!("job {} cannot be stored: {error}", job.id)))?;
    let planned = job.state.next_due.unwrap_or_else(|| first_planned(&job.spec.trigger));
    conn.prepare_cached(
        "INSERT INTO jobs (id, status, done, planned, next_due, executions, retries, created_at, spec)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (id) DO UPDATE SET status = excluded.status, done = excluded.done,
           planned = excluded.planned, next_due = excluded.next_due,
           executions = excluded.executions, retries = excluded.retries,
           created_at = excluded.created_at, spec = excluded.spec",
    )?
    .execute(params![
        job.id.0,
        status_code(job.state.status),
        is_done(&job.state),
        planned.0,
        job.state.next_due.map(|at| at.0),
        job.state.executions,
        job.state.retries,
        job.spec.created_at.0,
        spec,
    ])?;
    for tag in &job.spec.tags {
        conn.prepare_cached("INSERT OR IGNORE INTO job_tags (tag, job) VALUES (?1, ?2)")?
            .execute(params![tag, job.id.0])?;
    }
    Ok(())
}

fn update_job(conn: &Connection, job: JobId, state: &JobState) -> Result<(), Fault> {
    let found = conn
        .prepare_cached(
            "UPDATE jobs SET status = ?2, done = ?3, planned = coalesce(?4, planned), next_due = ?4,
               executions = ?5, retries = ?6 WHERE id = ?1",
        )?
        .execute(params![
            job.0,
            status_code(state.status),
            is_done(state),
            state.next_due.map(|at| at.0),
            state.executions,
            state.retries,
        ])?;
    if found == 0 {
        return Err(Fault::Row(format!("job {job} is not there")));
    }
    Ok(())
}

/// Whether a job has ended and will not fire again.
fn is_done(state: &JobState) -> bool {
    state.status.is_final() && state.next_due.is_none()
}

/// Where a job stands in the agenda that was never going to fire by itself.
fn first_planned(trigger: &Trigger) -> Micros {
    match trigger {
        Trigger::Date(date) => date.at,
    }
}

fn record_execution(conn: &Connection, execution: &Execution) -> Result<(), Fault> {
    let (kind, code) = split_end(execution.end);
    let process = execution.process.as_ref();
    conn.prepare_cached(
        "INSERT INTO executions (job, n, cause, planned, status, started, ended, attempt, retry_at,
           stop, pid, start_ticks, boot_id, end_kind, end_code, error, user_micros, system_micros,
           max_rss_bytes, out_bytes, out_lines, out_dropped_bytes, out_dropped_lines)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,
           ?19, ?20, ?21, ?22, ?23)
         ON CONFLICT (job, n) DO UPDATE SET cause = excluded.cause, planned = excluded.planned,
           status = excluded.status, started = excluded.started, ended = excluded.ended,
           attempt = excluded.attempt, retry_at = excluded.retry_at, stop = excluded.stop,
           pid = excluded.pid, start_ticks = excluded.start_ticks, boot_id = excluded.boot_id,
           end_kind = excluded.end_kind, end_code = excluded.end_code, error = excluded.error,
           user_micros = excluded.user_micros, system_micros = excluded.system_micros,
           max_rss_bytes = excluded.max_rss_bytes, out_bytes = excluded.out_bytes,
           out_lines = excluded.out_lines, out_dropped_bytes = excluded.out_dropped_bytes,
           out_dropped_lines = excluded.out_dropped_lines",
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
    ])?;
    Ok(())
}

fn record_attempt(conn: &Connection, of: ExecutionId, attempt: &Attempt) -> Result<(), Fault> {
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

fn store_output(
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

fn drop_output(conn: &Connection, of: ExecutionId) -> Result<i64, Fault> {
    let bytes = conn
        .prepare_cached("SELECT coalesce(sum(bytes), 0) FROM output WHERE job = ?1 AND n = ?2")?
        .query_row(params![of.job.0, of.n], |row| row.get(0))?;
    conn.prepare_cached("DELETE FROM output WHERE job = ?1 AND n = ?2")?
        .execute(params![of.job.0, of.n])?;
    Ok(bytes)
}

fn set_mail(
    conn: &Connection,
    of: ExecutionId,
    done: bool,
    error: Option<&str>,
) -> Result<(), Fault> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO mails (job, n, done, error) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![of.job.0, of.n, done, error])?;
    Ok(())
}
