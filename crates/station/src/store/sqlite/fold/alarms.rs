//! Alarms, the notices owed about them, and tokens as rows.

use rusqlite::{Connection, params};
use serde::Serialize;
use station_core::model::{Alarm, AlarmId, Notice, Token};

use super::super::codec::{alarm_code, severity_code};
use super::super::fault::Fault;

/// Stores an alarm.
pub(super) fn record(conn: &Connection, alarm: &Alarm) -> Result<(), Fault> {
    let body = body("an alarm", alarm)?;
    conn.prepare_cached(
        "INSERT INTO alarms (id, job, state, severity, body) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (id) DO UPDATE SET job = excluded.job, state = excluded.state,
           severity = excluded.severity, body = excluded.body",
    )?
    .execute(params![
        alarm.id.0,
        // The station's own are of no job; jobs count from 1.
        alarm.job.map_or(0, |job| job.0),
        alarm_code(alarm.state),
        severity_code(alarm.severity),
        body,
    ])?;
    Ok(())
}

/// Stores a notice that is owed.
pub(super) fn owe(conn: &Connection, notice: &Notice) -> Result<(), Fault> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO notices (alarm, channel, since, attempts, next_at, error)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        notice.alarm.0,
        notice.channel,
        notice.since.0,
        notice.attempts,
        notice.next_at.0,
        notice.error,
    ])?;
    Ok(())
}

/// Lets go of a notice that is owed no longer.
pub(super) fn done(conn: &Connection, alarm: AlarmId, channel: &str) -> Result<(), Fault> {
    conn.prepare_cached("DELETE FROM notices WHERE alarm = ?1 AND channel = ?2")?
        .execute(params![alarm.0, channel])?;
    Ok(())
}

/// Stores a token.
pub(super) fn keep_token(conn: &Connection, token: &Token) -> Result<(), Fault> {
    let body = body("a token", token)?;
    conn.prepare_cached("INSERT OR REPLACE INTO tokens (id, hash, body) VALUES (?1, ?2, ?3)")?
        .execute(params![token.id, token.hash, body])?;
    Ok(())
}

fn body(what: &str, of: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(of)
        .map_err(|error| Fault::invalid(format!("{what} cannot be stored: {error}")))
}
