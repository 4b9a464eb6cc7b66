//! Jobs as rows: they come, change, and go with their last execution.

use rusqlite::{Connection, OptionalExtension, params};
use station_core::model::{Job, JobId, JobState, Micros, Trigger};

use super::super::codec::{DELETED, filed_code, kind_code, status_code};
use super::super::fault::Fault;
use super::super::rows::signed;
use super::tally::{Moved, SLOT};

/// Stores a job.
pub(super) fn create(conn: &Connection, job: &Job, moved: &mut Moved) -> Result<(), Fault> {
    let spec = serde_json::to_string(&*job.spec)
        .map_err(|error| Fault::invalid(format!("job {} cannot be stored: {error}", job.id)))?;
    let write = |sql: &str| -> Result<usize, Fault> {
        Ok(conn.prepare_cached(sql)?.execute(params![
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
            job.state.fanned.map(|fanned| fanned.first),
            worst_code(&job.state),
        ])?)
    };
    let new = write(
        "INSERT INTO jobs (id, status, done, planned, next_due, executions, retries, created_at,
           spec, paused, fired, planned_count, nominal, deleted, recurs, kind, fan_first,
           fan_worst)
         VALUES (?1, ?2, ?3, coalesce(?4, ?8), ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,
           ?17, ?18)
         ON CONFLICT (id) DO NOTHING",
    )?;
    if new == 0 {
        unfile(conn, job.id, moved)?;
        // What was pruned of it stays as it is.
        write(
            "UPDATE jobs SET status = ?2, done = ?3, planned = coalesce(?4, planned), next_due = ?5,
               executions = ?6, retries = ?7, created_at = ?8, spec = ?9, paused = ?10, fired = ?11,
               planned_count = ?12, nominal = ?13, deleted = ?14, recurs = ?15, kind = ?16,
               fan_first = ?17, fan_worst = ?18
             WHERE id = ?1",
        )?;
    }
    moved.job(kind_code(&job.spec.action), filed_code(&job.state), 1);
    for tag in &job.spec.tags {
        conn.prepare_cached("INSERT OR IGNORE INTO job_tags (tag, job) VALUES (?1, ?2)")?
            .execute(params![tag, job.id.0])?;
    }
    Ok(())
}

/// The worst its latest firing on nodes has come to.
fn worst_code(state: &JobState) -> Option<i64> {
    state.fanned.and_then(|fanned| fanned.worst).map(status_code)
}

/// Takes a job from where it is counted; answers its kind, if it is there.
fn unfile(conn: &Connection, job: JobId, moved: &mut Moved) -> Result<Option<i64>, Fault> {
    let filed: Option<(i64, i64)> = conn
        .prepare_cached("SELECT kind, done FROM jobs WHERE id = ?1")?
        .query_row([job.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(filed.map(|(kind, filed)| {
        moved.job(kind, filed, -1);
        kind
    }))
}

/// Stores what a job is now, its tags in place of those it had.
pub(super) fn replace(conn: &Connection, job: &Job, moved: &mut Moved) -> Result<(), Fault> {
    drop_tags(conn, job.id)?;
    create(conn, job, moved)
}

/// Stores how far a job has come.
pub(super) fn update(
    conn: &Connection,
    job: JobId,
    state: &JobState,
    moved: &mut Moved,
) -> Result<(), Fault> {
    let write = |anywhere: bool| -> Result<usize, Fault> {
        Ok(conn
            .prepare_cached(
                "UPDATE jobs SET status = ?2, done = ?3, planned = coalesce(?4, planned),
                   next_due = ?4, executions = ?5, retries = ?6, paused = ?7, fired = ?8,
                   planned_count = ?9, nominal = ?10, deleted = ?11, fan_first = ?13,
                   fan_worst = ?14
                 WHERE id = ?1 AND (?12 OR done = ?3)",
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
                anywhere,
                state.fanned.map(|fanned| fanned.first),
                worst_code(state),
            ])?)
    };
    // As a rule it stays filed where it is, and no count moves.
    if write(false)? == 0 {
        let kind = unfile(conn, job, moved)?;
        let kind = kind.ok_or_else(|| Fault::Row(format!("job {job} is not there")))?;
        write(true)?;
        moved.job(kind, filed_code(state), 1);
    }
    Ok(())
}

/// Puts a job out of sight, or everything of it away with `history`.
pub(super) fn delete(
    conn: &Connection,
    job: JobId,
    history: bool,
    moved: &mut Moved,
) -> Result<(), Fault> {
    if let Some(kind) = unfile(conn, job, moved)? {
        moved.job(kind, DELETED, 1);
    }
    conn.prepare_cached(
        "UPDATE jobs SET deleted = 1, done = ?2, next_due = NULL, nominal = NULL WHERE id = ?1",
    )?
    .execute(params![job.0, DELETED])?;
    if history {
        delete_history(conn, job, moved)?;
    }
    forget_if_bare(conn, job, moved)
}

fn delete_history(conn: &Connection, job: JobId, moved: &mut Moved) -> Result<(), Fault> {
    let bytes = conn
        .prepare_cached("SELECT coalesce(sum(bytes), 0) FROM output WHERE job = ?1")?
        .query_row([job.0], |row| row.get(0))?;
    moved.output_bytes = moved.output_bytes.saturating_sub(bytes);
    let mut ended = conn.prepare_cached(
        "SELECT (planned - iif(planned < 0, ?2 - 1, 0)) / ?2 AS slot, status, count(*)
         FROM executions WHERE job = ?1 AND status > 1 GROUP BY slot, status",
    )?;
    let mut found = ended.query([job.0, SLOT])?;
    while let Some(row) = found.next()? {
        moved.slot(row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.saturating_neg());
    }
    moved.forget(job);
    for table in ["output", "attempts", "mails", "executions", "tallies"] {
        conn.prepare_cached(&format!("DELETE FROM {table} WHERE job = ?1"))?.execute([job.0])?;
    }
    Ok(())
}

/// Lets go of the row of a deleted job that has no executions (any more).
pub(super) fn forget_if_bare(
    conn: &Connection,
    job: JobId,
    moved: &mut Moved,
) -> Result<(), Fault> {
    let bare = conn
        .prepare_cached(
            "SELECT 1 FROM jobs WHERE id = ?1 AND deleted = 1
               AND NOT EXISTS (SELECT 1 FROM executions WHERE job = ?1)",
        )?
        .exists([job.0])?;
    if bare {
        unfile(conn, job, moved)?;
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
        | Trigger::Monthly(_)
        | Trigger::Boot(_) => None,
    }
}
