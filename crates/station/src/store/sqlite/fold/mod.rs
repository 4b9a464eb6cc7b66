//! The fold: each change as the rows it leaves. Applying one twice is the same as once, output excepted.

mod alarms;
mod executions;
mod jobs;
mod nodes;
mod records;
mod tally;

use rusqlite::{Connection, params};
use station_core::engine::Change;
use station_core::model::{ContextHash, ExecutionId, ShellContext};

pub(super) use self::tally::{Moved, SLOT};
use super::codec;
use super::fault::Fault;

/// Folds one change; what it does to all that is counted is gathered in `moved`, which is written
/// when the round is committed.
pub(super) fn fold(conn: &Connection, change: &Change, moved: &mut Moved) -> Result<(), Fault> {
    match change {
        Change::ContextStored { hash, context } => store_context(conn, hash, context),
        Change::JobCreated(job) => jobs::create(conn, job, moved),
        Change::JobUpdated { job, state } => jobs::update(conn, *job, state, moved),
        Change::JobReplaced(job) => jobs::replace(conn, job, moved),
        Change::JobDeleted { job, history } => jobs::delete(conn, *job, *history, moved),
        Change::ExecutionRecorded(execution) => executions::record(conn, execution, moved),
        Change::AttemptRecorded { execution, attempt } => {
            executions::record_attempt(conn, *execution, attempt)
        }
        Change::OutputStored { execution, attempt, chunks } => {
            executions::store_output(conn, *execution, *attempt, chunks, moved)
        }
        Change::OutputDropped { execution } => executions::drop_output(conn, *execution, moved),
        Change::MailQueued { execution } => set_mail(conn, *execution, false, None),
        Change::MailDone { execution, error } => set_mail(conn, *execution, true, error.as_deref()),
        Change::ExecutionRemoved { execution } => {
            executions::remove(conn, *execution, moved)?;
            jobs::forget_if_bare(conn, execution.job, moved)
        }
        Change::AlarmRecorded(alarm) => alarms::record(conn, alarm),
        Change::NoticeRecorded(notice) => alarms::owe(conn, notice),
        Change::NoticeDone { alarm, channel } => alarms::done(conn, *alarm, channel),
        Change::TokenRecorded(token) => alarms::keep_token(conn, token),
        Change::NodeRecorded(node) => nodes::keep(conn, node),
        Change::NodeRemoved { name } => nodes::remove(conn, name),
        Change::NodeMarked { name, health } => nodes::mark(conn, name, health),
        Change::RecordKept(record) => records::keep(conn, record),
        Change::RecordRemoved { kind, key } => records::remove(conn, *kind, key),
        Change::ZonesKept { version } => keep(conn, "zones", version),
        Change::BootKept { boot } => keep(conn, "boot", boot),
    }
}

fn keep(conn: &Connection, key: &str, value: &str) -> Result<(), Fault> {
    conn.prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)")?
        .execute([key, value])?;
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
