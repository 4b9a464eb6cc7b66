//! The fold: each change as the rows it leaves. Applying one twice is the same as once, output excepted.

mod alarms;
mod executions;
mod jobs;

use rusqlite::{Connection, params};
use station_core::engine::Change;
use station_core::model::{ContextHash, ExecutionId, ShellContext};

use super::codec;
use super::fault::Fault;

/// Folds one change; `output_bytes` is moved by what it does to the stored output.
pub(super) fn fold(
    conn: &Connection,
    change: &Change,
    output_bytes: &mut i64,
) -> Result<(), Fault> {
    match change {
        Change::ContextStored { hash, context } => store_context(conn, hash, context),
        Change::JobCreated(job) => jobs::create(conn, job),
        Change::JobUpdated { job, state } => jobs::update(conn, *job, state),
        Change::JobReplaced(job) => jobs::replace(conn, job),
        Change::JobDeleted { job, history } => {
            let bytes = jobs::delete(conn, *job, *history)?;
            *output_bytes = output_bytes.saturating_sub(bytes);
            Ok(())
        }
        Change::ExecutionRecorded(execution) => executions::record(conn, execution),
        Change::AttemptRecorded { execution, attempt } => {
            executions::record_attempt(conn, *execution, attempt)
        }
        Change::OutputStored { execution, attempt, chunks } => {
            let bytes = executions::store_output(conn, *execution, *attempt, chunks)?;
            *output_bytes = output_bytes.saturating_add(bytes);
            Ok(())
        }
        Change::OutputDropped { execution } => {
            let bytes = executions::drop_output(conn, *execution)?;
            *output_bytes = output_bytes.saturating_sub(bytes);
            Ok(())
        }
        Change::MailQueued { execution } => set_mail(conn, *execution, false, None),
        Change::MailDone { execution, error } => set_mail(conn, *execution, true, error.as_deref()),
        Change::ExecutionRemoved { execution } => {
            let bytes = executions::remove(conn, *execution)?;
            *output_bytes = output_bytes.saturating_sub(bytes);
            jobs::forget_if_bare(conn, execution.job)
        }
        Change::AlarmRecorded(alarm) => alarms::record(conn, alarm),
        Change::NoticeRecorded(notice) => alarms::owe(conn, notice),
        Change::NoticeDone { alarm, channel } => alarms::done(conn, *alarm, channel),
        Change::TokenRecorded(token) => alarms::keep_token(conn, token),
        Change::ZonesKept { version } => keep_zones(conn, version),
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

fn keep_zones(conn: &Connection, version: &str) -> Result<(), Fault> {
    conn.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES ('zones', ?1)")?
        .execute([version])?;
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
