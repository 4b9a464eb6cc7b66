//! The trail as a table (RFC 4180), one row for each record, its frames in one cell.

use station_core::audit::{Entry, Frame, FrameDirection, Sample, Telecontrol, to_hex};
use station_core::model::Principal;

use crate::store::AuditRecord;

/// The columns.
const COLUMNS: [&str; 37] = [
    "seq",
    "timestamp",
    "kind",
    "subject",
    "action",
    "operator",
    "authentication",
    "source",
    "execution",
    "approver",
    "ticket",
    "operator_reason",
    "station_address",
    "outstation_address",
    "outstation",
    "point",
    "common_address",
    "object_address",
    "type",
    "select",
    "qualifier",
    "previous_value",
    "previous_raw",
    "previous_quality",
    "previous_source",
    "previous_age_ms",
    "new_value",
    "new_raw",
    "feedback_value",
    "status",
    "class",
    "reason",
    "grade",
    "clock_synchronised",
    "correlation",
    "hash",
    "frames",
];

/// The names of the columns.
pub(super) fn begin(out: &mut Vec<u8>) {
    line(COLUMNS.iter().map(|name| (*name).to_owned()), out);
}

/// The row of a record.
pub(super) fn row(record: &AuditRecord, entry: &Entry, out: &mut Vec<u8>) {
    let by = &entry.by;
    let principal = |who: &Option<Principal>| who.as_ref().map(Principal::label);
    let some = |text: &Option<String>| text.clone().unwrap_or_default();
    let detail = |key: &str| {
        let told = entry.detail.get(key).and_then(serde_json::Value::as_str);
        told.unwrap_or_default().to_owned()
    };
    let mut cells = vec![
        record.seq.to_string(),
        entry.local.clone(),
        entry.kind.name().to_owned(),
        entry.subject.clone(),
        entry.action.clone(),
        principal(&by.principal).unwrap_or_else(|| "station".to_owned()),
        some(&by.method),
        some(&by.source),
        by.execution.map(|id| id.to_string()).unwrap_or_default(),
        principal(&by.approver).unwrap_or_default(),
        some(&by.ticket),
        some(&by.reason),
    ];
    let told = entry.telecontrol.as_deref();
    match told {
        Some(told) => command(told, &mut cells),
        None => cells.extend(std::iter::repeat_n(String::new(), 17)),
    }
    let of = |field: fn(&Telecontrol) -> &Option<String>| told.and_then(|told| field(told).clone());
    cells.extend([
        entry.status.name().to_owned(),
        of(|told| &told.class).unwrap_or_else(|| detail("class")),
        of(|told| &told.reason).unwrap_or_else(|| detail("why")),
        of(|told| &told.grade).unwrap_or_default(),
        entry.clock.synchronised.to_string(),
        entry.correlation.clone(),
        to_hex(&record.hash),
        told.map(|told| frames(&told.frames)).unwrap_or_default(),
    ]);
    line(cells.into_iter(), out);
}

/// What there is of a command: as many cells as there are columns from the stations' addresses to the
/// feedback.
fn command(told: &Telecontrol, cells: &mut Vec<String>) {
    let some = |text: &Option<String>| text.clone().unwrap_or_default();
    let value = |sample: &Option<Sample>| sample.as_ref().and_then(|sample| sample.value.clone());
    let raw = |sample: &Option<Sample>| sample.as_ref().and_then(|sample| sample.raw.clone());
    let previous = told.previous.as_ref();
    let known = value(&told.previous).or_else(|| previous.map(|_| "unknown".to_owned()));
    cells.extend([
        some(&told.local),
        some(&told.peer),
        told.outstation.clone(),
        some(&told.point),
        told.ca.to_string(),
        told.ioa.to_string(),
        told.type_id.clone(),
        told.select.to_string(),
        told.qualifier.to_string(),
        known.unwrap_or_default(),
        raw(&told.previous).unwrap_or_default(),
        previous.map(|sample| sample.quality.join(" ")).unwrap_or_default(),
        previous.and_then(|sample| sample.source.clone()).unwrap_or_default(),
        previous.and_then(|sample| sample.age_ms).map(|age| age.to_string()).unwrap_or_default(),
        value(&told.new).unwrap_or_default(),
        raw(&told.new).unwrap_or_default(),
        value(&told.feedback).unwrap_or_default(),
    ]);
}

/// The octets of each frame behind its direction: `>` from us, `<` to us.
fn frames(frames: &[Frame]) -> String {
    let shown = frames.iter().map(|frame| {
        let direction = match frame.dir {
            FrameDirection::Sent => '>',
            FrameDirection::Received => '<',
        };
        format!("{direction}{}", frame.hex)
    });
    shown.collect::<Vec<_>>().join(" ")
}

fn line(cells: impl Iterator<Item = String>, out: &mut Vec<u8>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        if cell.contains([',', '"', '\r', '\n']) || cell.starts_with(' ') || cell.ends_with(' ') {
            out.push(b'"');
            out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(cell.as_bytes());
        }
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
#[path = "csv_tests.rs"]
mod tests;
