//! Writes records and checkpoints as messages of RFC 5424, which remote collectors take.

use jiff::Timestamp;
use station_core::audit::{Checkpoint, Entry, Kind, Sample, Status, Telecontrol, to_hex};
use station_core::model::{Micros, Principal};

use crate::store::AuditRecord;

/// Who the structured data is of: the number that RFC 5612 sets aside, since the station has none.
const ENTERPRISE: &str = "32473";

/// The most octets of a value: all of a message together stays under the 8192 that receivers take.
const LONGEST_VALUE: usize = 256;

/// The most octets of a host's name.
const LONGEST_HOST: usize = 255;

/// What a value that is not known is written as.
const UNKNOWN: &str = "unknown";

/// What stands before a checkpoint in the message that tells of it; the checkpoint ends the line.
pub(in crate::audit) const CHECKPOINT: &str = "audit checkpoint: ";

/// RFC 5424, 6.2.1.
#[derive(Clone, Copy)]
enum Severity {
    Warning = 4,
    Notice = 5,
    Informational = 6,
}

/// What all messages of a station have in common.
#[derive(Clone, Debug)]
pub struct Sender {
    facility: u8,
    host: String,
    pid: u32,
}

impl Sender {
    /// The sender of this facility, host and process.
    #[must_use]
    pub fn new(facility: u8, host: &str, pid: u32) -> Self {
        let printable = host.chars().filter(char::is_ascii_graphic).take(LONGEST_HOST);
        let host: String = printable.collect();
        Self { facility, host: if host.is_empty() { "-".to_owned() } else { host }, pid }
    }

    /// A record, in one message. One that cannot be read is told of as such.
    #[must_use]
    pub fn record(&self, record: &AuditRecord) -> String {
        match record.entry() {
            Ok(entry) => {
                let data = fields(record, &entry);
                self.message(
                    severity(&entry),
                    entry.at,
                    entry.kind.name(),
                    &data,
                    &sentence(&entry),
                )
            }
            Err(error) => {
                let mut data = Data::new("audit");
                data.add("seq", &record.seq.to_string());
                data.add("hash", &to_hex(&record.hash));
                let seq = record.seq;
                let said = format!("record {seq} of the audit trail cannot be read: {error}.");
                self.message(Severity::Warning, Micros(i64::MIN), "unreadable", &data, &said)
            }
        }
    }

    /// A checkpoint, in one message whose end is the line that a witness's file has of it.
    #[must_use]
    pub fn checkpoint(&self, checkpoint: &Checkpoint) -> String {
        let mut data = Data::new("audit");
        data.add("seq", &checkpoint.seq.to_string());
        data.add("hash", &to_hex(&checkpoint.hash));
        data.add("kind", "checkpoint");
        let said = format!("{CHECKPOINT}{}", checkpoint.line());
        self.message(Severity::Notice, checkpoint.at, "checkpoint", &data, &said)
    }

    fn message(&self, severity: Severity, at: Micros, id: &str, data: &Data, said: &str) -> String {
        let priority = u16::from(self.facility) * 8 + severity as u16;
        let at = timestamp(at);
        let Self { host, pid, .. } = self;
        let said = plain(said);
        // Without the mark a receiver must take it for some other encoding (RFC 5424, 6.4).
        let mark = if said.is_ascii() { "" } else { "\u{feff}" };
        format!("<{priority}>1 {at} {host} station {pid} {id} {data}] {mark}{said}", data = data.0)
    }
}

/// The severity of a record: what was not done, or is not known to have been, is a warning.
fn severity(entry: &Entry) -> Severity {
    let unknown = class(entry) == Some(UNKNOWN);
    if entry.status == Status::Failed || entry.kind == Kind::Refused || unknown {
        return Severity::Warning;
    }
    match entry.kind {
        Kind::Outcome | Kind::Late | Kind::Done | Kind::Refused | Kind::Config => Severity::Notice,
        Kind::Intent | Kind::Link | Kind::Login => Severity::Informational,
    }
}

fn timestamp(at: Micros) -> String {
    let read = Timestamp::from_microsecond(at.0);
    read.map_or_else(|_| "-".to_owned(), |at| at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string())
}

fn fields(record: &AuditRecord, entry: &Entry) -> Data {
    let mut data = Data::new("audit");
    data.add("seq", &record.seq.to_string());
    data.add("hash", &to_hex(&record.hash));
    data.add("kind", entry.kind.name());
    data.add("subject", &entry.subject);
    data.add("action", &entry.action);
    data.add("status", entry.status.name());
    data.add("operator", &operator(entry));
    data.add_known("source", entry.by.source.as_deref());
    if let Some(told) = &entry.telecontrol {
        telecontrol(&mut data, told);
    }
    data.add_known("class", class(entry));
    data.add_known("reason", reason(entry));
    data.add("correlation", &entry.correlation);
    data
}

fn telecontrol(data: &mut Data, told: &Telecontrol) {
    data.add("outstation", &told.outstation);
    data.add_known("point", told.point.as_deref());
    data.add("ca", &told.ca.to_string());
    data.add("ioa", &told.ioa.to_string());
    data.add("type", &told.type_id);
    data.add_known("previous", told.previous.as_ref().map(value));
    data.add_known("new", told.new.as_ref().map(value));
}

fn value(sample: &Sample) -> &str {
    sample.value.as_deref().unwrap_or(UNKNOWN)
}

fn operator(entry: &Entry) -> String {
    entry.by.principal.as_ref().map_or_else(|| "station".to_owned(), Principal::label)
}

/// What came of it: of a command its class, of others what is recorded as such.
fn class(entry: &Entry) -> Option<&str> {
    let told = entry.telecontrol.as_ref().and_then(|told| told.class.as_deref());
    told.or_else(|| entry.detail.get("class")?.as_str())
}

/// Why it came so; else why it was asked for.
fn reason(entry: &Entry) -> Option<&str> {
    let told = entry.telecontrol.as_ref().and_then(|told| told.reason.as_deref());
    let told = told.or_else(|| entry.detail.get("reason")?.as_str());
    told.or(entry.by.reason.as_deref())
}

/// What people read. It ends with a full stop, so that nothing in it can pass for a checkpoint.
fn sentence(entry: &Entry) -> String {
    let (kind, status) = (entry.kind.name(), entry.status.name());
    let mut said = format!(
        "{kind}: {} {} by {}",
        entry.action,
        shortened(&entry.subject),
        shortened(&operator(entry))
    );
    if let Some(execution) = entry.by.execution {
        said += &format!(", execution {execution}");
    }
    let new = entry.telecontrol.as_ref().and_then(|told| told.new.as_ref());
    if let Some(new) = new {
        said += &format!(", value {}", shortened(value(new)));
    }
    said += &format!(": {status}");
    if let Some(class) = class(entry).filter(|class| *class != status) {
        said += &format!(" ({})", shortened(class));
    }
    said.push('.');
    said
}

/// Structured data, without its closing bracket.
struct Data(String);

impl Data {
    fn new(name: &str) -> Self {
        Self(format!("[{name}@{ENTERPRISE}"))
    }

    fn add(&mut self, name: &str, value: &str) {
        self.0.push(' ');
        self.0.push_str(name);
        self.0.push_str("=\"");
        for c in shortened(&plain(value)).chars() {
            if matches!(c, '"' | '\\' | ']') {
                self.0.push('\\');
            }
            self.0.push(c);
        }
        self.0.push('"');
    }

    fn add_known(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }
}

/// As much of a text as a value may have.
fn shortened(text: &str) -> &str {
    let fits = (0..=LONGEST_VALUE.min(text.len())).rev().find_map(|end| text.get(..end));
    fits.unwrap_or(text)
}

/// Control characters as `#` and three octal digits, as receivers write them: a message is one line.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            plain += &format!("#{:03o}", u32::from(c));
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
