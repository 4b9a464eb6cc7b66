//! Finding records by what they are filed under: the newest first in pages, or in their order.

use rusqlite::ToSql;
use rusqlite::params_from_iter;

use super::reading::record;
use crate::port::StoreError;
use crate::store::sqlite::fault::Fault;
use crate::store::sqlite::reader::Reader;
use crate::store::{AuditFilter, AuditRecord, JobFilter, Page};

impl Reader {
    /// A page of records of the audit trail, the newest first.
    ///
    /// # Errors
    /// When the store cannot be read, or the cursor is none of the trail's.
    pub fn audit(&self, filter: &AuditFilter) -> Result<Page<AuditRecord>, StoreError> {
        let limit = if filter.limit == 0 { JobFilter::DEFAULT_LIMIT } else { filter.limit };
        let fetch = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
        self.read(|conn| {
            let (conditions, mut values) = conditions(filter)?;
            values.push(Box::new(fetch));
            let mut statement = conn.prepare_cached(&format!(
                "SELECT seq, hash, text FROM audit WHERE {conditions} ORDER BY seq DESC LIMIT ?"
            ))?;
            let mut found = statement.query(params_from_iter(&values))?;
            let mut items = Vec::new();
            while let Some(row) = found.next()? {
                items.push(record(row)?);
            }
            let more = items.len() > limit;
            items.truncate(limit);
            let last = items.last().filter(|_| more);
            Ok(Page { next_cursor: last.map(|last| format!("r{}", last.seq)), items })
        })
    }

    /// Records of the audit trail in its order, from a number up to another one, at most as many as the
    /// filter says; its cursor does not count.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn audit_in_order(
        &self,
        filter: &AuditFilter,
        (from, to): (u64, u64),
    ) -> Result<Vec<AuditRecord>, StoreError> {
        let number = |seq: u64| i64::try_from(seq).unwrap_or(i64::MAX);
        let limit = i64::try_from(filter.limit).unwrap_or(i64::MAX);
        self.read(|conn| {
            let of_all = AuditFilter { cursor: None, ..filter.clone() };
            let (conditions, mut values) = conditions(&of_all)?;
            for value in [number(from), number(to), limit] {
                values.push(Box::new(value));
            }
            let mut statement = conn.prepare_cached(&format!(
                "SELECT seq, hash, text FROM audit WHERE {conditions} AND seq BETWEEN ? AND ?
                 ORDER BY seq LIMIT ?"
            ))?;
            let mut found = statement.query(params_from_iter(&values))?;
            let mut records = Vec::new();
            while let Some(row) = found.next()? {
                records.push(record(row)?);
            }
            Ok(records)
        })
    }
}

type Values = Vec<Box<dyn ToSql>>;

/// What is asked for as SQL; a list of nothing asks for everything.
fn conditions(filter: &AuditFilter) -> Result<(String, Values), Fault> {
    let mut all = vec!["1".to_owned()];
    let mut values: Values = Vec::new();
    if let Some(cursor) = &filter.cursor {
        let seq = cursor.strip_prefix('r').and_then(|seq| seq.parse::<i64>().ok());
        let seq = seq.ok_or_else(|| Fault::invalid("the cursor is none of the audit trail's"))?;
        all.push("seq < ?".to_owned());
        values.push(Box::new(seq));
    }
    if let Some(subject) = &filter.subject {
        // Names that begin so, by the order of their octets; U+10FFFF is behind all others.
        all.push("subject >= ? AND subject < ?".to_owned());
        values.push(Box::new(subject.clone()));
        values.push(Box::new(format!("{subject}\u{10ffff}")));
    }
    let equal = [
        ("outstation", &filter.outstation),
        ("operator", &filter.operator),
        ("correlation", &filter.correlation),
        ("action", &filter.action),
    ];
    for (column, wanted) in equal {
        if let Some(wanted) = wanted {
            all.push(format!("{column} = ?"));
            values.push(Box::new(wanted.clone()));
        }
    }
    if let Some(point) = &filter.point {
        let whole = point.contains('/');
        all.push(
            if whole { "subject IN (?, ?)" } else { "subject GLOB ? OR subject GLOB ?" }.to_owned(),
        );
        let of = if whole { point.clone() } else { format!("*/{}", literally(point)) };
        values.push(Box::new(format!("outstation {of}")));
        values.push(Box::new(format!("tag {of}")));
    }
    if let Some(job) = filter.job {
        // What was done to it and to its runs, and what it did by itself.
        all.push(
            "subject = ? OR subject GLOB ? OR json_extract(text, '$.by.execution') GLOB ?"
                .to_owned(),
        );
        values.push(Box::new(format!("job {job}")));
        values.push(Box::new(format!("execution {job}.*")));
        values.push(Box::new(format!("{job}.*")));
    }
    if let Some(class) = &filter.class {
        all.push(
            "coalesce(json_extract(text, '$.telecontrol.class'), json_extract(text, '$.detail.class')) = ?"
                .to_owned(),
        );
        values.push(Box::new(class.clone()));
    }
    let kinds: Vec<_> = filter.kinds.iter().map(|kind| kind.name()).collect();
    let statuses: Vec<_> = filter.statuses.iter().map(|status| status.name()).collect();
    for (column, names) in [("kind", kinds), ("status", statuses)] {
        if !names.is_empty() {
            all.push(format!("{column} IN ({})", vec!["?"; names.len()].join(", ")));
            values.extend(names.into_iter().map(|name| Box::new(name) as Box<dyn ToSql>));
        }
    }
    if let Some(since) = filter.since {
        all.push("at >= ?".to_owned());
        values.push(Box::new(since.0));
    }
    if let Some(until) = filter.until {
        all.push("at < ?".to_owned());
        values.push(Box::new(until.0));
    }
    Ok((format!("({})", all.join(") AND (")), values))
}

/// A pattern of GLOB that is this text.
fn literally(text: &str) -> String {
    let one = |c| match c {
        '*' | '?' | '[' => format!("[{c}]"),
        c => c.to_string(),
    };
    text.chars().map(one).collect()
}
