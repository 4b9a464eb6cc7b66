//! Writes the audit trail down in another form, in its order, portion by portion.

mod csv;
pub(super) mod jsonl;

use station_core::audit::{Checkpoint, Entry};

use super::pcap::Capture;
use crate::port::{StoreError, StoreErrorKind};
use crate::store::{AuditFilter, AuditRecord, Reader};

/// How many records are read at once: a record with many frames has some ten thousand octets.
const PORTION: usize = 200;

/// A form that the trail can be written down in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines of JSON with the very texts that are hashed, and the checkpoints: it can be verified.
    Jsonl,
    /// A table, one row for each record.
    Csv,
    /// The frames of commands, as packets of the connections they went over.
    Pcap,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Jsonl, Self::Csv, Self::Pcap];

    /// Its name, which is also how its files' names end.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Pcap => "pcap",
        }
    }

    /// Its media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jsonl => "application/jsonl",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Pcap => "application/vnd.tcpdump.pcap",
        }
    }
}

/// An export under way.
#[derive(Debug)]
pub struct Export {
    reader: Reader,
    filter: AuditFilter,
    form: Form,
    /// The record to go on with, and the last one there was when it began; `None` before it did.
    range: Option<(u64, u64)>,
}

#[derive(Debug)]
enum Form {
    Jsonl(Checkpoints),
    Csv,
    Pcap(Capture),
}

/// The checkpoints that are still to be written, in their order.
#[derive(Debug, Default)]
struct Checkpoints {
    read: std::collections::VecDeque<Checkpoint>,
    next: u64,
}

impl Export {
    /// Of the records that a filter lets through; its limit and its cursor do not count.
    #[must_use]
    pub fn new(reader: Reader, filter: AuditFilter, format: Format) -> Self {
        let form = match format {
            Format::Jsonl => Form::Jsonl(Checkpoints::default()),
            Format::Csv => Form::Csv,
            Format::Pcap => Form::Pcap(Capture::default()),
        };
        let filter = AuditFilter { limit: PORTION, cursor: None, ..filter };
        Self { reader, filter, form, range: None }
    }

    /// What comes next; `None` when that was all. Blocks.
    ///
    /// # Errors
    /// When the store cannot be read, or a record in it is none.
    pub fn portion(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let mut out = Vec::new();
        let Some((next, last)) = self.range else {
            self.begin(&mut out)?;
            return Ok(Some(out));
        };
        if next > last {
            return Ok(None);
        }
        let records = self.reader.audit_in_order(&self.filter, (next, last))?;
        let through = match records.last() {
            Some(record) if records.len() == PORTION => record.seq,
            Some(_) | None => last,
        };
        for record in &records {
            self.put(record, &mut out)?;
        }
        self.range = Some((through.saturating_add(1), last));
        if let Form::Pcap(capture) = &mut self.form
            && through == last
        {
            capture.finish(&mut out);
        }
        Ok(Some(out))
    }

    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let head = self.reader.audit_head()?;
        match &self.form {
            Form::Jsonl(_) => {
                let key = self.reader.last_checkpoint()?.map(|checkpoint| checkpoint.key);
                jsonl::begin(&head, key.as_ref(), &self.filter, out);
            }
            Form::Csv => csv::begin(out),
            Form::Pcap(_) => Capture::begin(out),
        }
        self.range = Some((1, head.seq));
        Ok(())
    }

    fn put(&mut self, record: &AuditRecord, out: &mut Vec<u8>) -> Result<(), StoreError> {
        match &mut self.form {
            Form::Jsonl(checkpoints) => {
                jsonl::record(record, out);
                if let Some(checkpoint) = checkpoints.of(record.seq, &self.reader)? {
                    jsonl::checkpoint(&checkpoint, out);
                }
            }
            Form::Csv => csv::row(record, &entry(record)?, out),
            Form::Pcap(capture) => {
                let entry = entry(record)?;
                if let Some(told) = &entry.telecontrol {
                    capture.put(told, entry.at, out);
                }
            }
        }
        Ok(())
    }
}

impl Checkpoints {
    /// The one whose head this record is.
    fn of(&mut self, seq: u64, reader: &Reader) -> Result<Option<Checkpoint>, StoreError> {
        loop {
            match self.read.front() {
                Some(first) if first.seq < seq => drop(self.read.pop_front()),
                Some(first) if first.seq == seq => return Ok(self.read.pop_front()),
                Some(_) => return Ok(None),
                None if self.next > seq => return Ok(None),
                None => {
                    let read = reader.checkpoints(seq, PORTION)?;
                    // Behind the last there are none for now: those to come are of later records.
                    let last = read.last().filter(|_| read.len() == PORTION);
                    self.next = last.map_or(u64::MAX, |last| last.seq.saturating_add(1));
                    self.read = read.into();
                }
            }
        }
    }
}

fn entry(record: &AuditRecord) -> Result<Entry, StoreError> {
    record.entry().map_err(|error| {
        let message = format!(
            "record {} of the audit trail is not a record ({error}): `station audit verify` tells more",
            record.seq
        );
        StoreError { kind: StoreErrorKind::Damaged, message }
    })
}
