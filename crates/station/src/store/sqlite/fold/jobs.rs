//! Jobs as rows: they come, change, and go with their last execution.

use rusqlite::{Connection, params};
use station_core::model::Trigger;
use station_core::model::{Job, JobId, JobState, Micros};

use super::super::codec::{DELETED, filed_code, kind_code, status_code};
use super::super::fault::Fault;
use super::super::rows::signed;

/// Stores a job.
pub(super) fn create(conn: &Connection, job: &Job) -> Result<(), Fault> {
    let spec = serde_json::to_string(&*job.spec)
        .map_err(|error| Fault::invalid(format!("job {} cannot be stored: {error}", job.id)))?;
    // What was pruned of it is not the job's own affair, so that stays as it is.
    conn.prepare_cached(
        "INSERT INTO jobs (id, status, done, planned, next_due, executions, retries, created_at,
           spec, paused, fired, planned_count, nominal, deleted, recurs, kind)
         VALUES (?1, ?2, ?3, coalesce(?4, ?8), ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
         ON CONFLICT (id) DO UPDATE SET status = excluded.status, done = excluded.done,
           planned = coalesce(?4, planned), next_due = excluded.next_due,
           executions = excluded.executions, retries = excluded.retries,
           created_at = excluded.created_at, spec = excluded.spec, paused = excluded.paused,
           fired = excluded.fired, planned_count = excluded.planned_count,
           nominal = excluded.nominal, deleted = excluded.deleted, recurs = excluded.recurs,
           kind = excluded.kind",
    )?
    .execute(params![
        job.id.0,
        status_code(job.state.status),
        filed_code(&job.state),
        job.state.next_due.or(only_time(&job.spec.trigger)).map(|at| at.0),
        job.state.next_due.map(|at| at.0),
        job.state.executions,
        job.state.retries,
        job.spec.created_at.0,
        spec,
        job.state.paused,
        job.state.fired,
        signed(job.state.planned),
        job.state.nominal.map(|at| at.0),
        job.state.deleted,
        only_time(&job.spec.trigger).is_none(),
        kind_code(&job.spec.action),
    ])?;
    for tag in &job.spec.tags {
        conn.prepare_cached("INSERT OR IGNORE INTO job_tags (tag, job) VALUES (?1, ?2)")?
            .execute(params![tag, job.id.0])?;
    }
    Ok(())
}

/// Stores what a job is now, its tags in place of those it had.
pub(super) fn replace(conn: &Connection, job: &Job) -> Result<(), Fault> {
    drop_tags(conn, job.id)?;
    create(conn, job)
}

/// Stores how far a job has come.
pub(super) fn update(conn: &Connection, job: JobId, state: &JobState) -> Result<(), Fault> {
    let found = conn
        .prepare_cached(
            "UPDATE jobs SET status = ?2, done = ?3, planned = coalesce(?4, planned), next_due = ?4,
               executions = ?5, retries = ?6, paused = ?7, fired = ?8, planned_count = ?9,
               nominal = ?10, deleted = ?11 WHERE id = ?1",
        )?
        .execute(params![
            job.0,
            status_code(state.status),
            filed_code(state),
            state.next_due.map(|at| at.0),
            state.executions,
            state.retries,
            state.paused,
            state.fired,
            signed(state.planned),
            state.nominal.map(|at| at.0),
            state.deleted,
        ])?;
    if found == 0 {
        return Err(Fault::Row(format!("job {job} is not there")));
    }
    Ok(())
}

/// Puts a job out of sight, or everything of it away with `history`; answers the bytes of output
/// that went with it.
pub(super) fn delete(conn: &Connection, job: JobId, history: bool) -> Result<i64, Fault> {
    conn.prepare_cached(
        "UPDATE jobs SET deleted = 1, done = ?2, next_due = NULL, nominal = NULL WHERE id = ?1",
    )?
    .execute(params![job.0, DELETED])?;
    let bytes = if history { delete_history(conn, job)? } else { 0 };
    forget_if_bare(conn, job)?;
    Ok(bytes)
}

fn delete_history(conn: &Connection, job: JobId) -> Result<i64, Fault> {
    let bytes = conn
        .prepare_cached("SELECT coalesce(sum(bytes), 0) FROM output WHERE job = ?1")?
        .query_row([job.0], |row| row.get(0))?;
    for table in ["output", "attempts", "mails", "executions"] {
        conn.prepare_cached(&format!("DELETE FROM {table} WHERE job = ?1"))?.execute([job.0])?;
    }
    Ok(bytes)
}

/// Lets go of the row of a deleted job that has no executions (any more).
pub(super) fn forget_if_bare(conn: &Connection, job: JobId) -> Result<(), Fault> {
    let bare = conn
        .prepare_cached(
            "SELECT 1 FROM jobs WHERE id = ?1 AND deleted = 1
               AND NOT EXISTS (SELECT 1 FROM executions WHERE job = ?1)",
        )?
        .exists([job.0])?;
    if bare {
        drop_tags(conn, job)?;
        conn.prepare_cached("DELETE FROM jobs WHERE id = ?1")?.execute([job.0])?;
    }
    Ok(())
}

/// Tags are found by their names alone, so the stored job tells which there are.
fn drop_tags(conn: &Connection, job: JobId) -> Result<(), Fault> {
    conn.prepare_cached(
        "DELETE FROM job_tags WHERE job = ?1 AND tag IN (SELECT tags.value FROM
           (SELECT spec FROM jobs WHERE id = ?1) AS stored, json_each(stored.spec, '$.tags') AS tags)",
    )?
    .execute([job.0])?;
    Ok(())
}

/// When a job fires that fires once: there it stands in the agenda also when it does not wait.
fn only_time(trigger: &Trigger) -> Option<Micros> {
    match trigger {
        Trigger::Date(date) => Some(date.at),
        Trigger::Interval(_)
        | Trigger::Cron(_)
        | Trigger::Daily(_)
        | Trigger::Weekly(_)
        | Trigger::Monthly(_) => None,
    }
}
