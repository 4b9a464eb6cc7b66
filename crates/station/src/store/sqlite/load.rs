//! Loading: what the engine reads, by index only, so that it costs the same in a store of any size.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};
use station_core::engine::Snapshot;
use station_core::model::{
    Alarm, AlarmId, ContextHash, Execution, ExecutionId, ExecutionStatus, Job, JobId, Micros,
    Notice, ShellContext,
};

use super::codec;
use super::fault::Fault;
use super::rows::{self, EXECUTION, EXECUTION_WIDTH, JOB, NOTICE, NOTICE_WIDTH};

/// How many of the newest executions are looked at for the newest instant.
const NEWEST: i64 = 256;

/// What the engine needs to start; `uncounted` output is in the open round.
pub(super) fn snapshot(
    conn: &Connection,
    window: usize,
    uncounted: i64,
) -> Result<Snapshot, Fault> {
    let (zones, boot) = (kept(conn, "zones")?, kept(conn, "boot")?);
    let counted: i64 = output_bytes(conn)?;
    let (due, more) = due_from(conn, (Micros(i64::MIN), JobId(i64::MIN)), window)?;
    Ok(Snapshot {
        zones,
        boot,
        last_job: last_number(conn, "jobs")?,
        output_bytes: u64::try_from(counted.saturating_add(uncounted)).unwrap_or(0),
        newest: newest(conn)?,
        live: pairs(
            conn,
            "executions e INDEXED BY executions_status LEFT JOIN jobs j ON j.id = e.job
             WHERE e.status IN (0, 1) ORDER BY e.seq",
        )?,
        due,
        more,
        mails: pairs(
            conn,
            "mails m INDEXED BY mails_owed
               LEFT JOIN executions e ON e.job = m.job AND e.n = m.n
               LEFT JOIN jobs j ON j.id = m.job
             WHERE m.done = 0 ORDER BY m.job, m.n",
        )?,
        last_alarm: last_number(conn, "alarms")?,
        alarms: open_alarms(conn)?,
        nodes: super::watch::nodes(conn)?,
        outstations: outstations(conn)?,
        notices: notices(conn)?,
    })
}

/// The highest number ever given to a row of a table; 0 for none.
fn last_number(conn: &Connection, table: &str) -> Result<i64, Fault> {
    Ok(conn
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = ?1")?
        .query_row([table], |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

/// The alarms that are not cleared.
fn open_alarms(conn: &Connection) -> Result<Vec<Alarm>, Fault> {
    let mut statement =
        conn.prepare_cached("SELECT body FROM alarms WHERE state IN (0, 1) ORDER BY id")?;
    let mut found = statement.query([])?;
    let mut alarms = Vec::new();
    while let Some(row) = found.next()? {
        alarms.push(rows::alarm(row, 0)?);
    }
    Ok(alarms)
}

/// The notices that are owed, with their alarms.
fn notices(conn: &Connection) -> Result<Vec<(Notice, Alarm)>, Fault> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {NOTICE}, a.body FROM notices o JOIN alarms a ON a.id = o.alarm
         ORDER BY o.alarm, o.channel"
    ))?;
    let mut found = statement.query([])?;
    let mut notices = Vec::new();
    while let Some(row) = found.next()? {
        notices.push((rows::notice(row)?, rows::alarm(row, NOTICE_WIDTH)?));
    }
    Ok(notices)
}

/// The outstations, and how many runs each may have at once.
fn outstations(conn: &Connection) -> Result<Vec<(String, u32)>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT key, json_extract(body, '$.settings.parallel') FROM records
         WHERE kind = 'outstation' ORDER BY key",
    )?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// One alarm.
pub(super) fn alarm(conn: &Connection, id: AlarmId) -> Result<Option<Alarm>, Fault> {
    let mut statement = conn.prepare_cached("SELECT body FROM alarms WHERE id = ?1")?;
    let mut found = statement.query([id.0])?;
    found.next()?.map(|row| rows::alarm(row, 0)).transpose()
}

/// What is kept under this name.
fn kept(conn: &Connection, key: &str) -> Result<Option<String>, Fault> {
    let mut statement = conn.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

/// The bytes of output stored, as the last durable round left them.
pub(super) fn output_bytes(conn: &Connection) -> Result<i64, Fault> {
    Ok(conn
        .prepare_cached("SELECT value FROM meta WHERE key = 'output_bytes'")?
        .query_row([], |row| row.get(0))?)
}

/// One job.
pub(super) fn job(conn: &Connection, id: JobId) -> Result<Option<Job>, Fault> {
    let mut statement =
        conn.prepare_cached(&format!("SELECT {JOB} FROM jobs j WHERE j.id = ?1"))?;
    let mut found = statement.query([id.0])?;
    found.next()?.map(|row| rows::job(row, 0)).transpose()
}

/// Jobs that fire by themselves, from a position on, and whether there are more.
pub(super) fn due_from(
    conn: &Connection,
    (at, id): (Micros, JobId),
    limit: usize,
) -> Result<(Vec<Job>, bool), Fault> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {JOB} FROM jobs j INDEXED BY jobs_agenda
         WHERE j.done = 0 AND j.status = ?1 AND (j.planned, j.id) >= (?2, ?3)
           AND j.next_due IS NOT NULL
         ORDER BY j.planned, j.id LIMIT ?4"
    ))?;
    let fetch = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
    let mut jobs = Vec::new();
    // As a rule they are pending; but a job can also be due again while a run of it goes on.
    for status in ExecutionStatus::ALL {
        let status = codec::status_code(status);
        let mut found = statement.query(params![status, at.0, id.0, fetch])?;
        while let Some(row) = found.next()? {
            jobs.push(rows::job(row, 0)?);
        }
    }
    jobs.sort_by_key(|job| (job.state.next_due, job.id));
    let more = jobs.len() > limit;
    jobs.truncate(limit);
    Ok((jobs, more))
}

/// Jobs that will fire, by number, and whether there are more.
pub(super) fn planned_from(
    conn: &Connection,
    after: JobId,
    recurring: bool,
    limit: usize,
) -> Result<(Vec<Job>, bool), Fault> {
    let which =
        if recurring { "INDEXED BY jobs_recurring WHERE j.recurs = 1 AND" } else { "WHERE" };
    let mut statement = conn.prepare_cached(&format!(
        "SELECT {JOB} FROM jobs j {which} j.next_due IS NOT NULL AND j.id > ?1
         ORDER BY j.id LIMIT ?2"
    ))?;
    let fetch = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
    let mut found = statement.query(params![after.0, fetch])?;
    let mut jobs = Vec::new();
    while let Some(row) = found.next()? {
        jobs.push(rows::job(row, 0)?);
    }
    let more = jobs.len() > limit;
    jobs.truncate(limit);
    Ok((jobs, more))
}

/// Executions that ended before a time, the oldest first, and whether there are more.
pub(super) fn expired(
    conn: &Connection,
    before: Micros,
    limit: usize,
) -> Result<(Vec<(ExecutionId, u64)>, bool), Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT job, n,
           (SELECT coalesce(sum(bytes), 0) FROM output o WHERE o.job = e.job AND o.n = e.n)
         FROM executions e INDEXED BY executions_ended
         WHERE ended IS NOT NULL AND ended < ?1 AND status > 1 ORDER BY ended, seq LIMIT ?2",
    )?;
    let fetch = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
    let mut found = statement.query(params![before.0, fetch])?;
    let mut expired = Vec::new();
    while let Some(row) = found.next()? {
        let id = ExecutionId { job: JobId(row.get(0)?), n: row.get(1)? };
        expired.push((id, row.get::<_, i64>(2)?.cast_unsigned()));
    }
    let more = expired.len() > limit;
    expired.truncate(limit);
    Ok((expired, more))
}

/// Executions of a job that have ended, each with the bytes of output it holds; at most so many.
pub(super) fn ended_of(
    conn: &Connection,
    job: JobId,
    limit: usize,
) -> Result<Vec<(ExecutionId, u64)>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT n, (SELECT coalesce(sum(bytes), 0) FROM output o WHERE o.job = e.job AND o.n = e.n)
         FROM executions e WHERE job = ?1 AND status > 1 ORDER BY n LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut found = statement.query(params![job.0, limit])?;
    let mut ended = Vec::new();
    while let Some(row) = found.next()? {
        let id = ExecutionId { job, n: row.get(0)? };
        ended.push((id, row.get::<_, i64>(1)?.cast_unsigned()));
    }
    Ok(ended)
}

/// A stored context.
pub(super) fn context(
    conn: &Connection,
    hash: &ContextHash,
) -> Result<Option<ShellContext>, Fault> {
    let text: Option<String> = conn
        .prepare_cached("SELECT body FROM contexts WHERE hash = ?1")?
        .query_row([&hash.0], |row| row.get(0))
        .optional()?;
    text.map(|text| codec::context_of(&text))
        .transpose()
        .map_err(|error| Fault::Row(format!("context {} cannot be read: {error}", hash.0)))
}

/// The oldest executions that have stored output and have ended, until `bytes` are reached.
pub(super) fn oldest_outputs(
    conn: &Connection,
    bytes: u64,
) -> Result<Vec<(ExecutionId, u64)>, Fault> {
    let mut outputs = Vec::new();
    let mut seen = BTreeSet::new();
    let mut sum = 0_u64;
    let mut by_age = conn.prepare_cached("SELECT job, n FROM output ORDER BY seq")?;
    let mut ended = conn.prepare_cached(
        "SELECT (SELECT sum(bytes) FROM output o WHERE o.job = e.job AND o.n = e.n)
         FROM executions e WHERE e.job = ?1 AND e.n = ?2 AND e.status > 1",
    )?;
    let mut found = by_age.query([])?;
    while sum < bytes
        && let Some(row) = found.next()?
    {
        let id = ExecutionId { job: JobId(row.get(0)?), n: row.get(1)? };
        if !seen.insert(id) {
            continue;
        }
        let held: Option<i64> =
            ended.query_row(params![id.job.0, id.n], |row| row.get(0)).optional()?;
        if let Some(held) = held {
            let held = u64::try_from(held).unwrap_or(0);
            sum = sum.saturating_add(held);
            outputs.push((id, held));
        }
    }
    Ok(outputs)
}

/// Executions with their jobs, of what follows FROM.
fn pairs(conn: &Connection, from: &str) -> Result<Vec<(Job, Execution)>, Fault> {
    let mut statement = conn.prepare_cached(&format!("SELECT {EXECUTION}, {JOB} FROM {from}"))?;
    let mut found = statement.query([])?;
    let mut pairs = Vec::new();
    while let Some(row) = found.next()? {
        let execution = rows::execution(row, 0)?;
        pairs.push((rows::job(row, EXECUTION_WIDTH)?, execution));
    }
    Ok(pairs)
}

/// The newest instant among the newest rows. Not the newest of all when a long run ended after
/// many later ones had begun: a lower bound is enough to see a clock that is far behind.
fn newest(conn: &Connection) -> Result<Option<Micros>, Fault> {
    let newest: Option<i64> = conn
        .prepare_cached(
            "SELECT max(at) FROM (
               SELECT created_at AS at FROM (SELECT created_at FROM jobs ORDER BY id DESC LIMIT 1)
               UNION ALL SELECT max(coalesce(started, ended), coalesce(ended, started)) FROM
                 (SELECT started, ended FROM executions ORDER BY seq DESC LIMIT ?1))",
        )?
        .query_row([NEWEST], |row| row.get(0))?;
    Ok(newest.map(Micros))
}
