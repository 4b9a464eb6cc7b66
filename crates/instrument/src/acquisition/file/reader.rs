//! Reads files of samples row by row, also one that is cut off in its last row.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use station_core::model::FileFormat;

use super::{broken, csv, json, npy};

/// The longest line, in bytes.
const LONGEST_LINE: u64 = 1 << 20;

/// A file of samples that is being read.
#[derive(Debug)]
pub(in crate::acquisition) struct Reader<R = BufReader<File>> {
    read: R,
    format: FileFormat,
    columns: Vec<String>,
    /// Rows left, where the head says how many there are.
    left: u64,
    line: Vec<u8>,
    row: Vec<f64>,
}

impl Reader {
    /// Opens a file.
    pub(in crate::acquisition) fn open(path: &Path, format: FileFormat) -> io::Result<Self> {
        Self::of(BufReader::new(File::open(path)?), format)
    }
}

impl<R: BufRead + Seek> Reader<R> {
    pub(super) fn of(read: R, format: FileFormat) -> io::Result<Self> {
        let mut reader = Self {
            read,
            format,
            columns: Vec::new(),
            left: u64::MAX,
            line: Vec::new(),
            row: Vec::new(),
        };
        match format {
            FileFormat::Csv => reader.columns = csv::columns(reader.line()?.unwrap_or_default())?,
            FileFormat::Json => reader.columns = json::columns(reader.line()?.unwrap_or_default())?,
            FileFormat::Npy => (reader.columns, reader.left, _) = npy::read_head(&mut reader.read)?,
        }
        Ok(reader)
    }

    /// The names of the channels.
    pub(in crate::acquisition) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Skips rows to leave only so many, where that is possible without reading; how many.
    pub(in crate::acquisition) fn skip_to_last(&mut self, n: u64) -> io::Result<u64> {
        if self.format != FileFormat::Npy {
            return Ok(0);
        }
        let skip = self.left.saturating_sub(n);
        let bytes = skip.checked_mul(self.width()).and_then(|bytes| i64::try_from(bytes).ok());
        let bytes = bytes.ok_or_else(|| broken("it claims more rows than a file can have"))?;
        self.read.seek(SeekFrom::Current(bytes))?;
        self.left = self.left.min(n);
        Ok(skip)
    }

    /// The next row: the time, then the values. `None` at the end.
    pub(in crate::acquisition) fn next(&mut self) -> io::Result<Option<&[f64]>> {
        let found = match self.format {
            FileFormat::Npy => self.next_doubles()?,
            FileFormat::Csv | FileFormat::Json => self.next_line()?,
        };
        Ok(found.then_some(self.row.as_slice()))
    }

    fn width(&self) -> u64 {
        u64::try_from(self.columns.len()).unwrap_or(u64::MAX).saturating_add(1).saturating_mul(8)
    }

    fn next_doubles(&mut self) -> io::Result<bool> {
        if self.left == 0 {
            return Ok(false);
        }
        self.left = self.left.saturating_sub(1);
        self.row.clear();
        for _ in 0..=self.columns.len() {
            let mut bytes = [0_u8; 8];
            match self.read.read_exact(&mut bytes) {
                Ok(()) => self.row.push(f64::from_le_bytes(bytes)),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn next_line(&mut self) -> io::Result<bool> {
        let mut row = std::mem::take(&mut self.row);
        let (format, width) = (self.format, self.columns.len().saturating_add(1));
        // Before the tail of a document without rows there is an empty line.
        let line = loop {
            match self.line()? {
                None => return Ok(false),
                Some(line) if format == FileFormat::Json && line.trim_end() == "]}" => {
                    return Ok(false);
                }
                Some("\n") if format == FileFormat::Json => {}
                Some(_) => break std::str::from_utf8(&self.line).unwrap_or_default(),
            }
        };
        let read = match format {
            FileFormat::Csv => csv::numbers(line, &mut row),
            FileFormat::Json => json::numbers(line, &mut row),
            FileFormat::Npy => None,
        };
        let ends = line.ends_with('\n');
        let is_row = read.is_some() && row.len() == width;
        // The last row of one file is cut off, and of another just without the end of its line.
        if is_row && (ends || format == FileFormat::Json) {
            self.row = row;
            return Ok(true);
        }
        if !ends {
            return Ok(false);
        }
        let shown: String = line.chars().take(40).flat_map(char::escape_debug).collect();
        Err(broken(format!("'{shown}' in it is not a row of {width} numbers")))
    }

    fn line(&mut self) -> io::Result<Option<&str>> {
        self.line.clear();
        let mut part = self.read.by_ref().take(LONGEST_LINE);
        if part.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(None);
        }
        std::str::from_utf8(&self.line).map(Some).map_err(|_| broken("it is not text"))
    }
}
