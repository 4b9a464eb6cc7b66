//! The trail as lines of JSON, each record beside its hash as the very text that was hashed.
//!
//! ```text
//! {"audit":"station","version":1,"head":{…},"key":"…","filter":{…}}     the first line
//! {"hash":"…","record":TEXT}                                           hash = SHA-256(hash before, TEXT)
//! {"checkpoint":"NUMBER HASH TIME KEY SIGNATURE"}                       behind the record it signs
//! ```

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use station_core::audit::{Checkpoint, Hash, Head, from_hex, to_hex};

use crate::store::{AuditFilter, AuditRecord};

/// What the first line says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::audit) struct First {
    audit: String,
    version: u32,
    pub(in crate::audit) head: At,
    /// The public key of the latest checkpoint.
    pub(in crate::audit) key: Option<String>,
    /// Which records are in it; empty: all.
    #[serde(default)]
    pub(in crate::audit) filter: Map<String, Value>,
}

/// Where the trail ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::audit) struct At {
    pub(in crate::audit) seq: u64,
    hash: String,
}

/// A line of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::audit) enum Line<'l> {
    /// The first.
    First(First),
    /// A record: its hash, and its text.
    Record(Hash, &'l str),
    /// A checkpoint.
    Checkpoint(Checkpoint),
}

const RECORD: (&str, &str) = ("{\"hash\":\"", "\",\"record\":");
const CHECKPOINT: &str = "{\"checkpoint\":\"";

/// The first line.
pub(super) fn begin(head: &Head, key: Option<&[u8; 32]>, filter: &AuditFilter, out: &mut Vec<u8>) {
    let first = First {
        audit: "station".to_owned(),
        version: 1,
        head: At { seq: head.seq, hash: to_hex(&head.hash) },
        key: key.map(|key| to_hex(key)),
        filter: told(filter),
    };
    let line = serde_json::to_string(&first).unwrap_or_default();
    out.extend_from_slice(line.as_bytes());
    out.push(b'\n');
}

/// A record.
pub(super) fn record(record: &AuditRecord, out: &mut Vec<u8>) {
    for part in [RECORD.0, &to_hex(&record.hash), RECORD.1, &record.text, "}\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

/// A checkpoint.
pub(super) fn checkpoint(checkpoint: &Checkpoint, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{CHECKPOINT}{}\"}}\n", checkpoint.line()).as_bytes());
}

/// Reads a line; `None` when it is none of an export.
pub(in crate::audit) fn read(line: &str) -> Option<Line<'_>> {
    if let Some(rest) = line.strip_prefix(RECORD.0) {
        let (hash, rest) = rest.split_at_checked(64)?;
        let text = rest.strip_prefix(RECORD.1)?.strip_suffix('}')?;
        return Some(Line::Record(from_hex(hash)?, text));
    }
    if let Some(rest) = line.strip_prefix(CHECKPOINT) {
        return Checkpoint::parse(rest.strip_suffix("\"}")?).ok().map(Line::Checkpoint);
    }
    let first: First = serde_json::from_str(line).ok()?;
    (first.audit == "station" && first.version == 1).then_some(Line::First(first))
}

/// What a filter leaves out, in words of its own.
fn told(filter: &AuditFilter) -> Map<String, Value> {
    let AuditFilter {
        subject,
        outstation,
        point,
        job,
        class,
        operator,
        correlation,
        action,
        kinds,
        statuses,
        since,
        until,
        limit: _,
        cursor: _,
    } = filter;
    let texts = [
        ("subject", subject),
        ("outstation", outstation),
        ("point", point),
        ("class", class),
        ("operator", operator),
        ("correlation", correlation),
        ("action", action),
    ];
    let named = |(name, text): (&str, &Option<String>)| {
        text.as_ref().map(|text| (name.to_owned(), Value::from(text.as_str())))
    };
    let mut told: Map<String, Value> = texts.into_iter().filter_map(named).collect();
    if let Some(job) = job {
        told.insert("job".to_owned(), job.to_string().into());
    }
    for (name, at) in [("since", since), ("until", until)] {
        if let Some(at) = at {
            told.insert(name.to_owned(), at.to_string().into());
        }
    }
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    let statuses: Vec<&str> = statuses.iter().map(|status| status.name()).collect();
    for (name, words) in [("kind", kinds), ("status", statuses)] {
        if !words.is_empty() {
            told.insert(name.to_owned(), words.into());
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        let text = String::from_utf8(out).unwrap();
        text.strip_suffix('\n').unwrap().to_owned()
    }

    #[test]
    fn lines_come_back() {
        let text = r#"{"seq":1,"subject":"job \"}"}"#.to_owned();
        let stored = AuditRecord { seq: 1, hash: [0xab; 32], text: text.clone() };
        let written = line(|out| record(&stored, out));
        assert_eq!(read(&written), Some(Line::Record([0xab; 32], &text)));
        assert!(serde_json::from_str::<Value>(&written).is_ok(), "{written}");

        let (seq, hash, key) = (7, [1; 32], [2; 32]);
        let signed =
            Checkpoint { seq, hash, at: station_core::model::Micros(5), key, signature: [3; 64] };
        let written = line(|out| checkpoint(&signed, out));
        assert_eq!(read(&written), Some(Line::Checkpoint(signed)));
        assert!(serde_json::from_str::<Value>(&written).is_ok(), "{written}");

        let filter = AuditFilter { outstation: Some("SS1".into()), ..AuditFilter::default() };
        let written = line(|out| begin(&Head { seq, hash }, Some(&key), &filter, out));
        let Some(Line::First(first)) = read(&written) else { panic!("{written}") };
        assert_eq!((first.head.seq, first.key), (7, Some("02".repeat(32))));
        assert_eq!(Value::from(first.filter), serde_json::json!({ "outstation": "SS1" }));
    }

    #[test]
    fn what_is_no_line_of_an_export_is_none() {
        for bad in [
            "",
            "{}",
            r#"{"hash":"ab","record":{}}"#,
            r#"{"checkpoint":"1 2 3"}"#,
            r#"{"audit":"station","version":2,"head":{"seq":1,"hash":""},"key":null}"#,
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        let cut = format!(r#"{{"hash":"{}","record":{{"seq":1"#, "ab".repeat(32));
        assert_eq!(read(&cut), None);
    }
}
