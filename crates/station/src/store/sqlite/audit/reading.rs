//! Reading the trail in its order: its end, its records one after the other, what was signed of it.

use rusqlite::{Connection, OptionalExtension, Row, params};
use station_core::audit::{Checkpoint, Fault as Broken, Head, Index, Mark, Verifier, Wrong};
use station_core::model::Micros;

use crate::port::StoreError;
use crate::store::sqlite::fault::Fault;
use crate::store::sqlite::reader::Reader;
use crate::store::{AuditRecord, Unread};

/// How many records are verified in one moment of the store: in between, its log can be emptied.
const BATCH: i64 = 20_000;

/// Where the trail ends.
pub(super) fn head(conn: &Connection) -> Result<Head, Fault> {
    let mut statement =
        conn.prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?;
    let found = statement.query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?)));
    Ok(found
        .optional()?
        .map_or(Head::default(), |(seq, hash)| Head { seq: seq.cast_unsigned(), hash }))
}

/// A record, from its number, its hash and its text.
pub(super) fn record(row: &Row<'_>) -> Result<AuditRecord, Fault> {
    let seq: i64 = row.get(0)?;
    Ok(AuditRecord { seq: seq.cast_unsigned(), hash: row.get(1)?, text: row.get(2)? })
}

impl Reader {
    /// Where the audit trail ends.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn audit_head(&self) -> Result<Head, StoreError> {
        self.read(head)
    }

    /// A record of the audit trail.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn audit_record(&self, seq: u64) -> Result<Option<AuditRecord>, StoreError> {
        Ok(self.audit_from(seq, 1)?.into_iter().find(|record| record.seq == seq))
    }

    /// Records of the audit trail in its order, from this number on, at most so many.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn audit_from(&self, seq: u64, limit: usize) -> Result<Vec<AuditRecord>, StoreError> {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT seq, hash, text FROM audit WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
            )?;
            let mut found = statement.query(params![seq, limit])?;
            let mut records = Vec::new();
            while let Some(row) = found.next()? {
                records.push(record(row)?);
            }
            Ok(records)
        })
    }

    /// Checkpoints of the audit trail from this record on, in its order, at most so many.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn checkpoints(&self, seq: u64, limit: usize) -> Result<Vec<Checkpoint>, StoreError> {
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT seq, hash, at, key, signature FROM audit_checkpoints
                 WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
            )?;
            let mut found = statement.query(params![seq, limit])?;
            let mut checkpoints = Vec::new();
            while let Some(row) = found.next()? {
                checkpoints.push(checkpoint(row)?);
            }
            Ok(checkpoints)
        })
    }

    /// The latest checkpoint of the audit trail.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn last_checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        self.read(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT seq, hash, at, key, signature FROM audit_checkpoints
                 ORDER BY seq DESC LIMIT 1",
            )?;
            let mut found = statement.query([])?;
            found.next()?.map(checkpoint).transpose()
        })
    }

    /// Verifies the audit trail from its beginning, and what its records are filed under; answers
    /// where it ends. `marks` are what is known of it.
    ///
    /// # Errors
    /// When the store cannot be read, or the first record that is wrong.
    pub fn verify_audit(&self, marks: Vec<Mark>) -> Result<Head, Unread> {
        let mut verifier = Verifier::new(marks);
        loop {
            let before = verifier.head().seq;
            // A fault of the trail is an answer, not trouble with the store.
            let told = self.read(|conn| verify_batch(conn, &mut verifier))?;
            told?;
            if verifier.head().seq == before {
                return Ok(verifier.finish()?);
            }
        }
    }
}

fn checkpoint(row: &Row<'_>) -> Result<Checkpoint, Fault> {
    let seq: i64 = row.get(0)?;
    Ok(Checkpoint {
        seq: seq.cast_unsigned(),
        hash: row.get(1)?,
        at: Micros(row.get(2)?),
        key: row.get(3)?,
        signature: row.get(4)?,
    })
}

/// Verifies the next records.
fn verify_batch(conn: &Connection, verifier: &mut Verifier) -> Result<Result<(), Broken>, Fault> {
    let mut statement = conn.prepare_cached(
        "SELECT seq, hash, text, at, kind, status, correlation, subject, action, operator, outstation
         FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    let from = i64::try_from(verifier.head().seq).unwrap_or(i64::MAX);
    // Numbers below 1 are none of the trail's.
    let from = if from == 0 { i64::MIN } else { from };
    let mut found = statement.query(params![from, BATCH])?;
    while let Some(row) = found.next()? {
        let seq: i64 = row.get(0)?;
        let seq = u64::try_from(seq).unwrap_or(0);
        let hash = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        let text = row.get_ref(2)?.as_bytes().map_err(rusqlite::Error::from)?;
        let Ok(text) = std::str::from_utf8(text) else {
            return Ok(Err(Broken { seq, wrong: Wrong::Altered }));
        };
        let index = match verifier.push(seq, hash, text) {
            Ok(index) => index,
            Err(fault) => return Ok(Err(fault)),
        };
        if let Some(field) = misfiled(row, &index)? {
            return Ok(Err(Broken { seq, wrong: Wrong::Index(field) }));
        }
    }
    Ok(Ok(()))
}

/// The first field that a record is filed under, and that is not what its text says.
fn misfiled(row: &Row<'_>, index: &Index<'_>) -> Result<Option<&'static str>, Fault> {
    if row.get::<_, i64>(3)? != index.at {
        return Ok(Some("time"));
    }
    let texts = [
        (4, "kind", Some(index.kind.name())),
        (5, "status", Some(index.status.name())),
        (6, "correlation", Some(index.correlation.as_ref())),
        (7, "subject", Some(index.subject.as_ref())),
        (8, "action", Some(index.action.as_ref())),
        (9, "operator", index.operator.as_deref()),
        (10, "outstation", index.outstation.as_deref()),
    ];
    for (column, name, says) in texts {
        let stored = row.get_ref(column)?.as_bytes_or_null().map_err(rusqlite::Error::from)?;
        if stored != says.map(str::as_bytes) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
