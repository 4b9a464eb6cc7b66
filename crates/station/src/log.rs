//! The daemon's log: to standard error (the journal) and to a file beside the store, rotated.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// The size at which the file is put aside.
const LIMIT: u64 = 5 << 20;
/// How many files put aside are kept: `station.log.1` (the newest) to `station.log.3`.
const KEPT: u32 = 3;

/// Starts logging to standard error and, when it can be opened, to `station.log` in `dir`.
///
/// `STATION_LOG` filters, as `RUST_LOG` does elsewhere; the default is `info`.
pub fn start(dir: &Path) {
    let file = Rotating::open(dir.join("station.log"), LIMIT);
    let missing = file.as_ref().err().map(ToString::to_string);
    let filter = EnvFilter::try_from_env("STATION_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let writer = Both { file: file.ok().map(|file| Arc::new(Mutex::new(file))) };
    // A second start in one process keeps the first.
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_target(false)
        .with_writer(writer)
        .try_init();
    if let (Ok(()), Some(error)) = (started, missing) {
        tracing::warn!(%error, dir = %dir.display(), "no log file can be written");
    }
}

/// Writes each record to both places.
#[derive(Clone)]
struct Both {
    file: Option<Arc<Mutex<Rotating>>>,
}

impl<'a> MakeWriter<'a> for Both {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for Both {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        // Neither place may keep the other from its record.
        drop(io::stderr().write_all(record));
        if let Some(file) = &self.file {
            drop(file.lock().unwrap_or_else(PoisonError::into_inner).append(record));
        }
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that is put aside when it has grown to its limit.
#[derive(Debug)]
struct Rotating {
    path: PathBuf,
    file: File,
    size: u64,
    limit: u64,
}

impl Rotating {
    fn open(path: PathBuf, limit: u64) -> io::Result<Self> {
        let file = open(&path)?;
        let size = file.metadata()?.len();
        Ok(Self { path, file, size, limit })
    }

    fn append(&mut self, record: &[u8]) -> io::Result<()> {
        if self.size >= self.limit {
            self.rotate()?;
        }
        self.file.write_all(record)?;
        self.size = self.size.saturating_add(u64::try_from(record.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        for n in (1..KEPT).rev() {
            // The older ones need not exist yet.
            drop(std::fs::rename(self.aside(n), self.aside(n + 1)));
        }
        std::fs::rename(&self.path, self.aside(1))?;
        self.file = open(&self.path)?;
        self.size = 0;
        Ok(())
    }

    fn aside(&self, n: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{n}"));
        PathBuf::from(name)
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_full_files_aside_and_keeps_three() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("station.log");
        let mut log = Rotating::open(path.clone(), 20).unwrap();
        for n in 0..12 {
            log.append(format!("record {n:02}\n").as_bytes()).unwrap();
        }
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(read("station.log"), "record 10\nrecord 11\n");
        assert_eq!(read("station.log.1"), "record 08\nrecord 09\n");
        assert_eq!(read("station.log.3"), "record 04\nrecord 05\n");
        assert!(!dir.path().join("station.log.4").exists());
        assert_eq!(Rotating::open(path, 20).unwrap().size, 20);
    }
}
