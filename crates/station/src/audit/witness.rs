//! The witness: a file, best on another machine, to which each checkpoint is appended as a line. Where
//! it stands is read from its own last line, so that nothing is left out after a failure.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use station_core::audit::Checkpoint;

use super::syslog::CHECKPOINT;
use crate::store::Reader;

/// How many checkpoints are read at once.
const PORTION: usize = 1000;

/// More than a line has, in octets.
const LINE: u64 = 512;

/// A file that checkpoints are appended to.
#[derive(Clone, Debug)]
pub struct Witness {
    path: PathBuf,
}

impl Witness {
    /// The one in this file, which is made when there is none.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The checkpoints in a witness's file, in its order; also in a log of what syslog was sent, each
    /// at the end of its line, with other lines between.
    ///
    /// # Errors
    /// A sentence that names the file, and the line.
    pub fn read(path: &Path) -> Result<Vec<Checkpoint>, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("the witness {} cannot be read: {error}", path.display()))?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty());
        let sent =
            lines.clone().filter_map(|(at, line)| Some((at, line.rsplit_once(CHECKPOINT)?.1)));
        let whole = |(at, line): (usize, &str)| {
            Checkpoint::parse(line.trim_end())
                .map_err(|error| format!("{}, line {}: {error}", path.display(), at + 1_usize))
        };
        if sent.clone().next().is_some() {
            return sent.map(whole).collect();
        }
        lines.map(whole).collect()
    }

    /// Compares the last checkpoint it has with the trail.
    ///
    /// # Errors
    /// A sentence that says how the trail is behind it, or another one.
    pub fn compare(&self, reader: &Reader) -> Result<(), String> {
        if !self.path.exists() {
            return Ok(());
        }
        let failed = |error: std::io::Error| self.wrong("read", &error);
        let mut file = File::open(&self.path).map_err(failed)?;
        let Some(last) = self.last(&mut file)? else { return Ok(()) };
        let there = reader.audit_record(last.seq).map_err(|error| error.message)?;
        match there {
            Some(record) if record.hash == last.hash => Ok(()),
            Some(_) => Err(format!(
                "record {} of the audit trail is not the one that the witness {} knows: it, or one \
                 before it, was replaced; `station audit verify --witness` tells more",
                last.seq,
                self.path.display()
            )),
            None => Err(format!(
                "the audit trail ends before record {}, which the witness {} knows: its end was cut, \
                 or an old copy of the store was put in its place",
                last.seq,
                self.path.display()
            )),
        }
    }

    /// Appends the checkpoints that it does not have, and makes them durable. Blocks.
    ///
    /// # Errors
    /// A sentence that names the file; what was not written is written the next time.
    pub fn catch_up(&self, reader: &Reader) -> Result<(), String> {
        let failed = |error: std::io::Error| self.wrong("written", &error);
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o640)
            .open(&self.path)
            .map_err(failed)?;
        let mut next = self.last(&mut file)?.map_or(0, |last| last.seq.saturating_add(1));
        loop {
            let checkpoints = reader.checkpoints(next, PORTION).map_err(|error| error.message)?;
            let Some(last) = checkpoints.last() else { return Ok(()) };
            next = last.seq.saturating_add(1);
            let lines: String = checkpoints.iter().map(|one| one.line() + "\n").collect();
            file.write_all(lines.as_bytes()).map_err(failed)?;
            file.sync_data().map_err(failed)?;
        }
    }

    /// The last whole line. What stands behind it is the beginning of one that a crash has cut: it is
    /// ended, so that the next is a line of its own.
    fn last(&self, file: &mut File) -> Result<Option<Checkpoint>, String> {
        let failed = |error: std::io::Error| self.wrong("read", &error);
        let length = file.metadata().map_err(failed)?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(2 * LINE))).map_err(failed)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        let whole = text.rfind('\n').and_then(|end| text.get(..end));
        if whole.map_or(0, |whole| whole.len().saturating_add(1)) < text.len() {
            return Err(format!(
                "the last line of the witness {} is not whole; remove that line",
                self.path.display()
            ));
        }
        let Some(line) = whole.and_then(|whole| whole.rsplit('\n').next()) else { return Ok(None) };
        let checkpoint = Checkpoint::parse(line).map_err(|error| {
            format!("the last line of the witness {} is wrong: {error}", self.path.display())
        })?;
        Ok(Some(checkpoint))
    }

    fn wrong(&self, done: &str, error: &std::io::Error) -> String {
        format!(
            "the witness of the audit trail, {}, cannot be {done}: {error}",
            self.path.display()
        )
    }
}
