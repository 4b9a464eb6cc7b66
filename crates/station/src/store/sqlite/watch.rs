//! Alarms and tokens as they are listed, counted and looked up.

use rusqlite::{Connection, ToSql, params};
use station_core::model::{Alarm, AlarmState, Node, NodeHealth, Severity, Token};

use super::codec::{self, alarm_code, severity_code};
use super::fault::Fault;
use super::rows;
use crate::store::{AlarmFilter, AlarmStatistics};

/// Alarms, newest first.
pub(super) fn alarms(conn: &Connection, filter: &AlarmFilter) -> Result<Vec<Alarm>, Fault> {
    let limit = i64::try_from(filter.most()).unwrap_or(i64::MAX);
    let severity = filter.severity.map(severity_code);
    let mut alarms = Vec::new();
    let mut find = |sql: &str, values: &[&dyn ToSql]| -> Result<(), Fault> {
        let mut statement = conn.prepare_cached(sql)?;
        let mut found = statement.query(values)?;
        while let Some(row) = found.next()? {
            alarms.push(rows::alarm(row, 0)?);
        }
        Ok(())
    };
    let states = filter.states.iter().fold(0, |mask, state| mask | (1 << alarm_code(*state)));
    let states: i64 = if states == 0 { i64::MAX } else { states };
    if let Some(equipment) = &filter.equipment {
        // Of these there are as many as things went wrong: no index is worth its upkeep.
        find(
            "SELECT body FROM alarms
             WHERE instr(',' || (body ->> '$.equipment_id') || ',', ',' || ?1 || ',')
               AND (?2 >> state) & 1 AND (?3 IS NULL OR severity = ?3)
               AND (?4 IS NULL OR job = ?4)
             ORDER BY id DESC LIMIT ?5",
            params![equipment, states, severity, filter.job.map(|job| job.0), limit],
        )?;
        return Ok(alarms);
    }
    if let Some(job) = filter.job {
        find(
            "SELECT body FROM alarms INDEXED BY alarms_job
             WHERE job = ?1 AND (?2 >> state) & 1 AND (?3 IS NULL OR severity = ?3)
             ORDER BY id DESC LIMIT ?4",
            params![job.0, states, severity, limit],
        )?;
        return Ok(alarms);
    }
    if filter.states.is_empty() && severity.is_none() {
        find("SELECT body FROM alarms ORDER BY id DESC LIMIT ?1", params![limit])?;
        return Ok(alarms);
    }
    // Each state and severity is an order of its own in the index; the newest of each are merged.
    for state in AlarmState::ALL {
        if !filter.states.is_empty() && !filter.states.contains(&state) {
            continue;
        }
        for one in Severity::ALL {
            if filter.severity.is_none_or(|wanted| wanted == one) {
                find(
                    "SELECT body FROM alarms INDEXED BY alarms_state
                     WHERE state = ?1 AND severity = ?2 ORDER BY id DESC LIMIT ?3",
                    params![alarm_code(state), severity_code(one), limit],
                )?;
            }
        }
    }
    alarms.sort_by_key(|alarm| std::cmp::Reverse(alarm.id));
    alarms.truncate(filter.most());
    Ok(alarms)
}

/// How many alarms there are.
pub(super) fn statistics(conn: &Connection) -> Result<AlarmStatistics, Fault> {
    let mut counted = AlarmStatistics {
        total: 0,
        by_state: AlarmState::ALL.map(|state| (state, 0)).into(),
        by_severity: Severity::ALL.map(|severity| (severity, 0)).into(),
        open_by_severity: Severity::ALL.map(|severity| (severity, 0)).into(),
        notices_owed: 0,
    };
    let mut statement = conn.prepare_cached(
        "SELECT state, severity, count(*) FROM alarms INDEXED BY alarms_state
         GROUP BY state, severity",
    )?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let state = codec::alarm_state_of(row.get(0)?);
        let severity = codec::severity_of(row.get(1)?);
        let (Some(state), Some(severity)) = (state, severity) else {
            return Err(Fault::Row("an alarm has an unknown state or severity".to_owned()));
        };
        let count = row.get::<_, i64>(2)?.cast_unsigned();
        counted.total = counted.total.saturating_add(count);
        *counted.by_state.entry(state).or_insert(0) += count;
        *counted.by_severity.entry(severity).or_insert(0) += count;
        if state != AlarmState::Cleared {
            *counted.open_by_severity.entry(severity).or_insert(0) += count;
        }
    }
    let owed: i64 =
        conn.prepare_cached("SELECT count(*) FROM notices")?.query_row([], |row| row.get(0))?;
    counted.notices_owed = owed.cast_unsigned();
    Ok(counted)
}

/// All tokens, the newest first.
pub(super) fn tokens(conn: &Connection) -> Result<Vec<Token>, Fault> {
    let mut statement = conn.prepare_cached("SELECT body FROM tokens")?;
    let mut found = statement.query([])?;
    let mut tokens = Vec::new();
    while let Some(row) = found.next()? {
        tokens.push(rows::token(row)?);
    }
    tokens.sort_by(|a: &Token, b| (b.created_at, &a.id).cmp(&(a.created_at, &b.id)));
    Ok(tokens)
}

/// All nodes by name, and what is known of them.
pub(super) fn nodes(conn: &Connection) -> Result<Vec<(Node, Option<NodeHealth>)>, Fault> {
    let mut statement = conn.prepare_cached("SELECT body, health FROM nodes ORDER BY name")?;
    let mut found = statement.query([])?;
    let mut nodes = Vec::new();
    while let Some(row) = found.next()? {
        nodes.push(rows::node(row)?);
    }
    Ok(nodes)
}

/// The token of that id.
pub(super) fn token(conn: &Connection, id: &str) -> Result<Option<Token>, Fault> {
    one_token(conn, "SELECT body FROM tokens WHERE id = ?1", id)
}

/// The token whose secret has this hash.
pub(super) fn token_by_hash(conn: &Connection, hash: &str) -> Result<Option<Token>, Fault> {
    one_token(conn, "SELECT body FROM tokens INDEXED BY tokens_hash WHERE hash = ?1", hash)
}

fn one_token(conn: &Connection, sql: &str, key: &str) -> Result<Option<Token>, Fault> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut found = statement.query([key])?;
    found.next()?.map(rows::token).transpose()
}
