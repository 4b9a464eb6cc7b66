//! Files of samples: written batch by batch so that each of them leaves a whole file, and read again.
//!
//! All forms are a head, rows, and a tail. A batch is written over the tail, with a tail after it; the
//! head of `npy`, which has the number of rows, is written again. What cannot be written (a full disk)
//! is cut off, so that the file ends after the last whole batch.

mod csv;
mod json;
mod medium;
mod npy;
mod reader;

/// A time without the noise of its last digits: to the picosecond, as far as it has them.
fn tidy(time: f64) -> f64 {
    const PICOSECONDS: f64 = 1e12;
    let whole = (time * PICOSECONDS).round();
    if whole.is_finite() { whole / PICOSECONDS } else { time }
}

#[cfg(test)]
mod tests;

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, SeekFrom};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use station_core::model::FileFormat;

use medium::Medium;
pub(super) use reader::Reader;

use super::SampleBatch;

/// A file of samples that is being written.
#[derive(Debug)]
pub(super) struct Writing<M = File> {
    medium: M,
    format: FileFormat,
    columns: Vec<String>,
    rows: u64,
    /// Where the rows end and the tail begins.
    end: u64,
    /// One batch, encoded.
    buffer: Vec<u8>,
}

impl Writing {
    /// Makes the file, and its directory where that is missing; only its owner may read it.
    pub(super) fn create(path: &Path, format: FileFormat, columns: &[String]) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        Self::begin(file, format, columns)
    }
}

impl<M: Medium> Writing<M> {
    fn begin(medium: M, format: FileFormat, columns: &[String]) -> io::Result<Self> {
        let columns = columns.to_vec();
        let mut writing = Self { medium, format, columns, rows: 0, end: 0, buffer: Vec::new() };
        let head = writing.head()?;
        writing.buffer.extend_from_slice(&head);
        writing.buffer.extend_from_slice(writing.tail());
        writing.medium.write_all(&writing.buffer)?;
        writing.end = length(&head);
        Ok(writing)
    }

    /// How many rows are in the file.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Appends rows. On an error the file is as it was before.
    pub(super) fn append(&mut self, batch: &SampleBatch) -> io::Result<()> {
        self.buffer.clear();
        let mut row_number = self.rows;
        for (time, row) in batch.rows() {
            match self.format {
                FileFormat::Csv => csv::row(&mut self.buffer, time, row),
                FileFormat::Json => json::row(&mut self.buffer, row_number, time, row),
                FileFormat::Npy => npy::row(&mut self.buffer, time, row),
            }
            row_number = row_number.saturating_add(1);
        }
        let end = self.end.saturating_add(length(&self.buffer));
        let tail = self.tail();
        self.buffer.extend_from_slice(tail);
        let before = (self.rows, self.end);
        self.rows = row_number;
        match self.put().and_then(|()| self.count()) {
            Ok(()) => {
                self.end = end;
                Ok(())
            }
            Err(error) => {
                (self.rows, self.end) = before;
                self.cut()?;
                Err(error)
            }
        }
    }

    /// Makes sure that all of it is on disk.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.medium.settle()
    }

    fn put(&mut self) -> io::Result<()> {
        self.medium.seek(SeekFrom::Start(self.end))?;
        self.medium.write_all(&self.buffer)
    }

    /// Writes the number of rows, where the head has it.
    fn count(&mut self) -> io::Result<()> {
        if self.format != FileFormat::Npy {
            return Ok(());
        }
        let head = self.head()?;
        self.medium.seek(SeekFrom::Start(0))?;
        self.medium.write_all(&head)
    }

    /// Takes away what was written after the rows, and writes the tail again.
    fn cut(&mut self) -> io::Result<()> {
        self.medium.cut(self.end)?;
        self.medium.seek(SeekFrom::Start(self.end))?;
        self.medium.write_all(self.tail())?;
        self.count()
    }

    fn head(&self) -> io::Result<Vec<u8>> {
        match self.format {
            FileFormat::Csv => Ok(csv::head(&self.columns)),
            FileFormat::Json => json::head(&self.columns),
            FileFormat::Npy => npy::head(&self.columns, self.rows),
        }
    }

    fn tail(&self) -> &'static [u8] {
        match self.format {
            FileFormat::Csv | FileFormat::Npy => b"",
            FileFormat::Json => json::TAIL,
        }
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// That a file of samples is not as it should be.
fn broken(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}
