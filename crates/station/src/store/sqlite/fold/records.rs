//! Records as rows.

use rusqlite::{Connection, params};
use station_core::model::{Record, RecordKind};

use super::super::fault::Fault;

/// Stores a record, in place of the one of its kind and key.
pub(super) fn keep(conn: &Connection, record: &Record) -> Result<(), Fault> {
    let body = serde_json::to_string(record)
        .map_err(|error| Fault::Row(format!("a record cannot be stored: {error}")))?;
    conn.prepare_cached(
        "INSERT OR REPLACE INTO records (kind, key, equipment, at, body)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![record.kind().name(), record.key(), record.of(), record.at().0, body])?;
    Ok(())
}

/// Removes a record.
pub(super) fn remove(conn: &Connection, kind: RecordKind, key: &str) -> Result<(), Fault> {
    conn.prepare_cached("DELETE FROM records WHERE kind = ?1 AND key = ?2")?
        .execute(params![kind.name(), key])?;
    Ok(())
}
