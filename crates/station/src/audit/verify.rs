//! Verifies the audit trail, in its store or in an export of it, and says how far it is proven.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;
use station_core::audit::{
    Checkpoint, Fault, Hash, Head, Mark, Source, Verifier, Wrong, from_hex, to_hex,
};

use super::export::jsonl::{self, Line};
use super::{Key, Witness, check};
use crate::store::{self, Reader, Unread};

/// How many checkpoints are read at once.
const PORTION: usize = 1000;

/// The longest line of an export.
const LONGEST: u64 = 64 << 20;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many records were verified.
    pub records: u64,
    /// Where the trail ends, or the first record that is wrong stands.
    pub head: Head,
    /// How many checkpoints were verified.
    pub checkpoints: u64,
    /// The last record that a checkpoint signs.
    pub signed: u64,
    /// The last record that the witness knows; `None` without one.
    pub witnessed: Option<u64>,
    /// The public keys that the checkpoints were signed with.
    pub keys: Vec<String>,
    /// How many gaps there are in an export of some records alone.
    pub gaps: u64,
    /// What an export leaves out, as its first line says; empty: nothing.
    pub filter: String,
    /// The first that is wrong.
    pub fault: Option<Fault>,
}

/// Whom checkpoints may be signed by, and what the witness knows.
struct Trust {
    /// None: anybody.
    keys: Vec<Hash>,
    witness: Option<Vec<Checkpoint>>,
}

impl Trust {
    fn new(keys: &[Hash], witness: Option<&Path>) -> Result<Self, String> {
        let witness = witness.map(Witness::read).transpose()?;
        let mut all = keys.to_vec();
        all.extend(witness.iter().flatten().map(|checkpoint| checkpoint.key));
        all.sort_unstable();
        all.dedup();
        Ok(Self { keys: all, witness })
    }

    /// What the witness says of records up to this one.
    fn marks(&self, last: u64, report: &mut Report) -> Vec<Mark> {
        let lines = self.witness.iter().flatten();
        report.witnessed =
            self.witness.as_ref().map(|lines| lines.iter().map(|line| line.seq).max().unwrap_or(0));
        let mark = |line: &Checkpoint| self.mark(line, Source::Witness, report);
        lines.filter(|line| line.seq <= last).filter_map(mark).collect()
    }

    fn mark(&self, checkpoint: &Checkpoint, by: Source, report: &mut Report) -> Option<Mark> {
        match Mark::of(checkpoint, by, &self.keys, &check) {
            Ok(mark) => {
                if by == Source::Checkpoint {
                    report.checkpoints = report.checkpoints.saturating_add(1);
                    report.signed = report.signed.max(checkpoint.seq);
                }
                let key = to_hex(&checkpoint.key);
                if !report.keys.contains(&key) {
                    report.keys.push(key);
                }
                Some(mark)
            }
            Err(fault) => {
                report.wrong(fault);
                None
            }
        }
    }
}

impl Report {
    /// Keeps the first fault.
    fn wrong(&mut self, fault: Fault) {
        if self.fault.as_ref().is_none_or(|first| fault.seq < first.seq) {
            self.fault = Some(fault);
        }
    }
}

/// Verifies the trail in a data directory, also while a daemon appends to it. Checkpoints may be signed
/// with the station's own key, the witness's and these.
///
/// # Errors
/// A sentence that says what cannot be read.
pub fn verify_store(
    data_dir: &Path,
    witness: Option<&Path>,
    keys: &[Hash],
) -> Result<Report, String> {
    let mut keys = keys.to_vec();
    keys.extend(Key::public_of(data_dir)?);
    let trust = Trust::new(&keys, witness)?;
    let reader = store::reader(&data_dir.join("station.db"));
    let mut report = Report::default();
    let mut marks = trust.marks(u64::MAX, &mut report);
    marks.extend(signed(&reader, &trust, &mut report)?);
    match reader.verify_audit(marks) {
        Ok(head) => {
            report.head = head;
            report.records = head.seq;
        }
        Err(Unread::Store(error)) => return Err(error.message),
        Err(Unread::Broken(fault)) => {
            report.records = fault.seq.saturating_sub(1);
            report.wrong(fault);
        }
    }
    Ok(report)
}

/// What the checkpoints in the store say.
fn signed(reader: &Reader, trust: &Trust, report: &mut Report) -> Result<Vec<Mark>, String> {
    let (mut marks, mut next) = (Vec::new(), 0);
    loop {
        let read = reader.checkpoints(next, PORTION).map_err(|error| error.message)?;
        let Some(last) = read.last() else { return Ok(marks) };
        next = last.seq.saturating_add(1);
        let mark = |one: &Checkpoint| trust.mark(one, Source::Checkpoint, report);
        marks.extend(read.iter().filter_map(mark));
    }
}

/// Verifies an export as lines of JSON. Checkpoints may be signed with the witness's keys and these;
/// without any, with the key that the export names.
///
/// # Errors
/// A sentence that says what cannot be read, and where.
pub fn verify_file(path: &Path, witness: Option<&Path>, keys: &[Hash]) -> Result<Report, String> {
    let wrong = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
    let mut file = BufReader::with_capacity(1 << 20, File::open(path).map_err(wrong)?);
    let mut trust = Trust::new(keys, witness)?;
    let mut export: Option<Lines> = None;
    let mut report = Report::default();
    let mut bytes = Vec::new();
    for number in 1_u64.. {
        bytes.clear();
        let read = Read::by_ref(&mut file).take(LONGEST).read_until(b'\n', &mut bytes);
        if read.map_err(wrong)? == 0 {
            break;
        }
        // A line that lost its end is none.
        let line = bytes.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok());
        let line = line.and_then(jsonl::read);
        match (line, &mut export) {
            (Some(Line::First(first)), None) => {
                if let (true, Some(key)) = (trust.keys.is_empty(), &first.key) {
                    trust.keys.extend(from_hex::<32>(key));
                }
                export = Some(Lines::new(&first, &trust, &mut report));
            }
            (Some(Line::Record(hash, text)), Some(export)) => {
                if !export.record(hash, text, &mut report) {
                    return Ok(report);
                }
            }
            (Some(Line::Checkpoint(checkpoint)), Some(export)) => {
                export.checkpoint(&checkpoint, &trust, &mut report);
            }
            (Some(Line::First(_)) | None, Some(export)) => {
                let seq = export.verifier.head().seq.saturating_add(1);
                let says = format!("line {number} of the file is no line of an export");
                report.wrong(Fault { seq, wrong: Wrong::Unreadable(says) });
                return Ok(report);
            }
            (_, None) => return Err(foreign(path)),
        }
        if report.fault.is_some() {
            return Ok(report);
        }
    }
    let export = export.ok_or_else(|| foreign(path))?;
    export.finish(&mut report);
    Ok(report)
}

fn foreign(path: &Path) -> String {
    format!(
        "{} is no export of an audit trail that can be verified: `station audit export --jsonl` \
         writes one",
        path.display()
    )
}

/// An export as it is read.
struct Lines {
    verifier: Verifier,
    marks: Vec<Mark>,
    /// The last record of the trail when it was exported.
    last: u64,
    whole: bool,
}

/// Where a record says it belongs.
#[derive(Deserialize)]
struct Place {
    seq: u64,
    previous: String,
}

impl Lines {
    fn new(first: &jsonl::First, trust: &Trust, report: &mut Report) -> Self {
        let last = first.head.seq;
        let marks = trust.marks(last, report);
        let whole = first.filter.is_empty();
        if !whole {
            report.filter = serde_json::Value::Object(first.filter.clone()).to_string();
        }
        Self { verifier: Verifier::new(marks.clone()), marks, last, whole }
    }

    /// Takes a record; false when it is wrong.
    fn record(&mut self, hash: Hash, text: &str, report: &mut Report) -> bool {
        let before = self.verifier.head();
        let place: Option<Place> = serde_json::from_str(text).ok();
        let due = before.seq.saturating_add(1);
        let seq = place.as_ref().map_or(due, |place| place.seq);
        if !self.whole && seq > due {
            // What the filter left out.
            let previous = place.and_then(|place| from_hex(&place.previous)).unwrap_or_default();
            let behind = Head { seq: seq.saturating_sub(1), hash: previous };
            self.verifier = Verifier::behind(behind, self.marks.clone());
            report.gaps = report.gaps.saturating_add(1);
        }
        let pushed = self.verifier.push(seq, &hash, text).map(drop);
        match pushed {
            Ok(()) => {
                report.records = report.records.saturating_add(1);
                report.head = self.verifier.head();
                true
            }
            Err(fault) => {
                report.wrong(fault);
                false
            }
        }
    }

    /// Takes a checkpoint, which stands behind its record.
    fn checkpoint(&self, checkpoint: &Checkpoint, trust: &Trust, report: &mut Report) {
        let Some(mark) = trust.mark(checkpoint, Source::Checkpoint, report) else { return };
        let head = self.verifier.head();
        if mark.head != head {
            let hash = checkpoint.hash;
            let wrong = if checkpoint.seq == head.seq {
                Wrong::Replaced { by: Source::Checkpoint, hash }
            } else if checkpoint.seq > head.seq {
                Wrong::Missing
            } else {
                Wrong::OutOfOrder
            };
            report.wrong(Fault { seq: checkpoint.seq, wrong });
        }
    }

    fn finish(self, report: &mut Report) {
        let head = self.verifier.head();
        if self.whole && head.seq < self.last {
            let seq = head.seq.saturating_add(1);
            report.wrong(Fault { seq, wrong: Wrong::Missing });
        } else if self.whole
            && let Err(fault) = self.verifier.finish()
        {
            report.wrong(fault);
        }
    }
}
