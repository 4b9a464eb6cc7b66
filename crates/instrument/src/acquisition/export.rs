//! Reads the files of acquisitions, and writes them in other forms.

use std::path::{Path, PathBuf};

use station_core::model::{Acquisition, FileFormat};

use super::batch::Recent;
use super::file::{Reader, Writing};
use super::{SampleBatch, name};
use crate::{Error, ErrorKind};

/// The most samples that are read at once.
const MOST: usize = 1_000_000;

/// How many rows are converted at a time.
const AT_A_TIME: usize = 4096;

/// Reads the last samples of an acquisition that is over, or of what is written so far; a million at
/// most. Works on files: to be called where that may block.
///
/// # Errors
/// There is no file, or it cannot be read.
pub fn read_file(
    directory: &Path,
    acquisition: &Acquisition,
    last: usize,
) -> Result<SampleBatch, Error> {
    let path = path_of(directory, acquisition)?;
    let failed = |error| failed("read", acquisition, &error);
    let last = last.min(MOST);
    let mut reader = Reader::open(&path, acquisition.plan.format).map_err(failed)?;
    let skipped = reader.skip_to_last(u64::try_from(last).unwrap_or(u64::MAX)).map_err(failed)?;
    let mut recent = Recent::new(reader.columns(), last);
    while let Some([time, row @ ..]) = reader.next().map_err(failed)? {
        recent.push(*time, row.iter().copied());
    }
    let mut batch = recent.newest(last);
    batch.first = batch.first.saturating_add(skipped);
    Ok(batch)
}

/// Writes the samples of an acquisition that is over in another form, beside its file; where that is.
/// Works on files: to be called where that may block.
///
/// # Errors
/// There is no file, it cannot be read, or the other one cannot be written.
pub fn export(
    directory: &Path,
    acquisition: &Acquisition,
    to: FileFormat,
) -> Result<PathBuf, Error> {
    let path = path_of(directory, acquisition)?;
    if to == acquisition.plan.format {
        return Ok(path);
    }
    let exported = directory.join(name::file(&acquisition.id, to)?);
    // Whole, or not there.
    let partial = exported.with_extension(format!("{}.part", to.name()));
    let result = convert(&path, acquisition.plan.format, &partial, to)
        .and_then(|()| std::fs::rename(&partial, &exported));
    if let Err(error) = result {
        // What is not there need not be taken away.
        std::fs::remove_file(&partial).ok();
        return Err(failed("export", acquisition, &error));
    }
    Ok(exported)
}

fn convert(path: &Path, form: FileFormat, other: &Path, to: FileFormat) -> std::io::Result<()> {
    let mut reader = Reader::open(path, form)?;
    // A rest of an export that was cut off by a crash.
    std::fs::remove_file(other).ok();
    let columns = reader.columns().to_vec();
    let mut writing = Writing::create(other, to, &columns)?;
    let mut batch = SampleBatch::new(0, &columns);
    while let Some([time, row @ ..]) = reader.next()? {
        batch.push(*time, row.iter().copied());
        if batch.len() >= AT_A_TIME {
            writing.append(&batch)?;
            batch = SampleBatch::new(0, &columns);
        }
    }
    writing.append(&batch)?;
    writing.finish()
}

fn path_of(directory: &Path, acquisition: &Acquisition) -> Result<PathBuf, Error> {
    let Some(file) = &acquisition.file else {
        let message = format!("the acquisition {} has no file: it was not begun", acquisition.id);
        return Err(Error::new(ErrorKind::Invalid, message));
    };
    name::check_file(file)?;
    Ok(directory.join(file))
}

fn failed(what: &str, acquisition: &Acquisition, error: &std::io::Error) -> Error {
    let message =
        format!("failed to {what} the samples of acquisition {}: {error}", acquisition.id);
    Error::new(ErrorKind::Local, message)
}
