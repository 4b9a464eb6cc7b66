//! Records, read back.

use rusqlite::{Connection, Row, params};
use station_core::model::{Record, RecordKind};

use super::fault::Fault;
use crate::store::RecordFilter;

/// One record.
pub(super) fn one(conn: &Connection, kind: RecordKind, key: &str) -> Result<Option<Record>, Fault> {
    let mut statement =
        conn.prepare_cached("SELECT body FROM records WHERE kind = ?1 AND key = ?2")?;
    let mut found = statement.query(params![kind.name(), key])?;
    found.next()?.map(record).transpose()
}

/// Records of a kind.
pub(super) fn of(conn: &Connection, filter: &RecordFilter) -> Result<Vec<Record>, Fault> {
    let limit = i64::try_from(filter.limit).unwrap_or(i64::MAX);
    let (kind, mut records) = (filter.kind.name(), Vec::new());
    if let Some(equipment) = &filter.equipment {
        let mut statement = conn.prepare_cached(
            "SELECT body FROM records WHERE kind = ?1 AND equipment = ?2
             ORDER BY at DESC, key LIMIT ?3",
        )?;
        let mut found = statement.query(params![kind, equipment, limit])?;
        while let Some(row) = found.next()? {
            records.push(record(row)?);
        }
        return Ok(records);
    }
    let mut statement =
        conn.prepare_cached("SELECT body FROM records WHERE kind = ?1 ORDER BY key DESC LIMIT ?2")?;
    let mut found = statement.query(params![kind, limit])?;
    while let Some(row) = found.next()? {
        records.push(record(row)?);
    }
    // Where there are more than the limit, the last are wanted: keys made from times grow with them.
    records.reverse();
    Ok(records)
}

fn record(row: &Row<'_>) -> Result<Record, Fault> {
    let text = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
    serde_json::from_str(text)
        .map_err(|error| Fault::Row(format!("a record cannot be read: {error}")))
}
