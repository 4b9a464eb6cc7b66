//! Appending: entries are chained where the trail ends, in the open round.

use rusqlite::{Connection, OptionalExtension, params};
use station_core::audit::{Checkpoint, Entry, Head, Index, Kind, Outstanding, Record, append};

use super::reading;
use crate::store::sqlite::fault::Fault;

/// Where the trail ends, as far as the writer knows.
#[derive(Debug, Default)]
pub(in crate::store::sqlite) struct Trail {
    durable: Head,
    /// With the open round; `None` when it has to be looked up.
    open: Option<Head>,
}

impl Trail {
    /// That of a store that was just opened.
    pub(in crate::store::sqlite) fn load(conn: &Connection) -> Result<Self, Fault> {
        let head = reading::head(conn)?;
        Ok(Self { durable: head, open: Some(head) })
    }

    /// Where it ends, with the open round.
    pub(in crate::store::sqlite) fn head(&self) -> Head {
        self.open.unwrap_or(self.durable)
    }

    /// The open round is durable.
    pub(in crate::store::sqlite) fn committed(&mut self) {
        self.durable = self.head();
    }

    /// The open round is forgotten. What of it the disk has after all, the next look tells.
    pub(in crate::store::sqlite) fn forget(&mut self) {
        self.open = None;
    }

    /// Puts entries behind the last record.
    pub(in crate::store::sqlite) fn append(
        &mut self,
        conn: &Connection,
        entries: Vec<Entry>,
    ) -> Result<Head, Fault> {
        let mut head = match self.open {
            Some(head) => head,
            None => reading::head(conn)?,
        };
        for entry in entries {
            let record = append(&head, entry).map_err(|error| Fault::invalid(error.to_string()))?;
            put(conn, &record)?;
            head = record.head();
            // Also when a later one cannot be put: the round is rolled back then.
            self.open = Some(head);
        }
        Ok(head)
    }
}

fn put(conn: &Connection, record: &Record) -> Result<(), Fault> {
    let index = Index::of(&record.entry);
    let seq = number(record.seq)?;
    conn.prepare_cached(
        "INSERT INTO audit (seq, hash, at, kind, status, correlation, subject, action, operator,
           outstation, text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        seq,
        record.hash.as_slice(),
        index.at,
        index.kind.name(),
        index.status.name(),
        index.correlation,
        index.subject,
        index.action,
        index.operator,
        index.outstation,
        record.text
    ])?;
    match record.entry.kind {
        Kind::Intent => {
            conn.prepare_cached(
                "INSERT OR REPLACE INTO audit_open (correlation, seq) VALUES (?1, ?2)",
            )?
            .execute(params![index.correlation, seq])?;
        }
        Kind::Outcome => {
            conn.prepare_cached("DELETE FROM audit_open WHERE correlation = ?1")?
                .execute(params![index.correlation])?;
        }
        Kind::Late | Kind::Done | Kind::Refused | Kind::Link | Kind::Login | Kind::Config => {}
    }
    Ok(())
}

/// Stores a checkpoint; one of the same record is as good.
pub(in crate::store::sqlite) fn keep(
    conn: &Connection,
    checkpoint: &Checkpoint,
) -> Result<(), Fault> {
    conn.prepare_cached(
        "INSERT OR IGNORE INTO audit_checkpoints (seq, hash, at, key, signature)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        number(checkpoint.seq)?,
        checkpoint.hash.as_slice(),
        checkpoint.at.0,
        checkpoint.key.as_slice(),
        checkpoint.signature.as_slice()
    ])?;
    Ok(())
}

/// Whether an intent has no outcome.
pub(in crate::store::sqlite) fn is_open(
    conn: &Connection,
    correlation: &str,
) -> Result<bool, Fault> {
    let mut statement = conn.prepare_cached("SELECT 1 FROM audit_open WHERE correlation = ?1")?;
    Ok(statement.query_row([correlation], |_| Ok(())).optional()?.is_some())
}

/// The intents without an outcome.
pub(in crate::store::sqlite) fn outstanding(conn: &Connection) -> Result<Vec<Outstanding>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT o.seq, a.text FROM audit_open o JOIN audit a ON a.seq = o.seq ORDER BY o.seq",
    )?;
    let mut found = statement.query([])?;
    let mut outstanding = Vec::new();
    while let Some(row) = found.next()? {
        let seq: i64 = row.get(0)?;
        let text = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        let entry = serde_json::from_str(text)
            .map_err(|error| Fault::Row(format!("audit record {seq} cannot be read: {error}")))?;
        outstanding.push(Outstanding { seq: seq.cast_unsigned(), entry });
    }
    Ok(outstanding)
}

fn number(seq: u64) -> Result<i64, Fault> {
    i64::try_from(seq).map_err(|_| Fault::invalid("the audit trail has no number left"))
}
