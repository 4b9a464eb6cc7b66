//! The data directory and its lock: one station at a time works on it.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::Mode;

/// A data directory, locked for as long as the value lives.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    lock: File,
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another station works on it.
    #[error("{} is in use by {what} with pid {pid}", path.display())]
    Held {
        /// The directory.
        path: PathBuf,
        /// What holds it.
        what: &'static str,
        /// The holder's process id; 0 when it could not be read.
        pid: u32,
        /// Whether the holder is a command line that will be done soon.
        brief: bool,
    },
    /// It cannot be made or opened.
    #[error("cannot use {}: {why}", path.display())]
    Unusable {
        /// The directory.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

impl DataDir {
    /// Makes the directory (mode 0700) if needed.
    ///
    /// # Errors
    /// When it cannot be made, belongs to somebody else or is open to others.
    pub fn make(path: &Path) -> Result<(), LockError> {
        make_private(path).map_err(|why| LockError::Unusable { path: path.to_owned(), why })
    }

    /// Makes the directory (mode 0700) if needed and locks it.
    ///
    /// # Errors
    /// When another station holds it, it belongs to somebody else, or it cannot be made.
    pub fn lock(path: &Path, mode: Mode) -> Result<Self, LockError> {
        Self::make(path)?;
        Self::lock_with(path, &path.join("station.lock"), mode)
    }

    /// Locks a store that stands elsewhere, by a file beside it.
    ///
    /// # Errors
    /// When another station holds it, or the file cannot be made.
    pub fn lock_file(store: &Path, mode: Mode) -> Result<Self, LockError> {
        let mut file = store.as_os_str().to_owned();
        file.push(".lock");
        Self::lock_with(store, Path::new(&file), mode)
    }

    fn lock_with(path: &Path, file: &Path, mode: Mode) -> Result<Self, LockError> {
        let unusable = |why: String| LockError::Unusable { path: path.to_owned(), why };
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(file)
            .map_err(|error| unusable(format!("cannot open {}: {error}", file.display())))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(held(path, &mut lock)),
            Err(error) => return Err(unusable(format!("cannot lock {}: {error}", file.display()))),
        }
        let mut dir = Self { path: path.to_owned(), lock };
        dir.describe(mode);
        Ok(dir)
    }

    /// Writes into the lock who holds it.
    pub fn describe(&mut self, mode: Mode) {
        let text = format!("{} {}\n", std::process::id(), word(mode));
        let lock = &mut self.lock;
        // Only for people and messages: without room for it, the lock holds all the same.
        drop(
            lock.rewind()
                .and_then(|()| lock.set_len(0))
                .and_then(|()| lock.write_all(text.as_bytes())),
        );
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The store's file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.path.join("station.db")
    }

    /// The socket's file.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.path.join("station.sock")
    }
}

fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Daemon => "daemon",
        Mode::Embedded => "wait",
        Mode::Offline => "command",
    }
}

fn held(path: &Path, lock: &mut File) -> LockError {
    let mut text = String::new();
    let read = lock.rewind().and_then(|()| lock.read_to_string(&mut text));
    let mut words = text.split_whitespace();
    let pid = words.next().filter(|_| read.is_ok()).and_then(|word| word.parse().ok()).unwrap_or(0);
    let (what, brief) = match words.next() {
        Some("wait") => ("a `station … --wait`", false),
        Some("daemon") => ("a station daemon", false),
        // A holder that has not written who it is yet will have soon.
        _ => ("another `station` command", true),
    };
    LockError::Held { path: path.to_owned(), what, pid, brief }
}

/// Makes sure that the directory exists, is ours and closed to others.
fn make_private(path: &Path) -> Result<(), String> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| e.to_string())?;
    let meta = std::fs::metadata(path).map_err(|error| error.to_string())?;
    let uid = rustix::process::geteuid().as_raw();
    if meta.uid() != uid {
        return Err(format!("it belongs to uid {}, not to uid {uid}", meta.uid()));
    }
    let mode = meta.permissions().mode() & 0o7777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    // An empty directory is taken over; one in use by something else (/tmp!) is left as it is.
    let empty = std::fs::read_dir(path).map_err(|error| error.to_string())?.next().is_none();
    if !empty {
        return Err(format!(
            "it is open to others (mode {mode:04o}); close it with `chmod 700 {}`, or name another",
            path.display()
        ));
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
        .map_err(|error| format!("it is open to others and cannot be closed: {error}"))
}
