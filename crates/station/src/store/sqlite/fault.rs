//! Faults: what SQLite, the disk or a row reports, as one sentence that names the file and the way out.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ffi;
use rustix::fs::{Access, Mode, OFlags};

use crate::port::{StoreError, StoreErrorKind};

/// What went wrong, before it is known where and is told to anybody.
#[derive(Debug)]
pub(super) enum Fault {
    /// SQLite reports it.
    Sql(rusqlite::Error),
    /// The system reports it.
    Disk(io::Error),
    /// What is stored makes no sense: a fragment that names the row.
    Row(String),
    /// It is told already.
    Told(StoreError),
}

impl Fault {
    /// A refusal of what was asked for, as a whole sentence.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        told(StoreErrorKind::Invalid, message)
    }
}

/// A fault that is a whole sentence already.
pub(super) fn told(kind: StoreErrorKind, message: impl Into<String>) -> Fault {
    Fault::Told(StoreError { kind, message: message.into() })
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

/// The file a store lives in.
#[derive(Clone, Debug)]
pub(super) struct Place(PathBuf);

impl Place {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The file beside it whose name ends in `suffix`.
    pub(super) fn beside(&self, suffix: &str) -> PathBuf {
        let mut name = self.0.clone().into_os_string();
        name.push(suffix);
        PathBuf::from(name)
    }

    /// The directory it lies in.
    pub(super) fn directory(&self) -> &Path {
        match self.0.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            Some(_) | None => Path::new("."),
        }
    }

    /// Tells a fault to people; `doing` completes "failed to …".
    pub(super) fn tell(&self, doing: &str, fault: Fault) -> StoreError {
        match fault {
            Fault::Told(error) => error,
            Fault::Row(what) => self.damaged(&what),
            Fault::Disk(error) => self.tell_disk(doing, &error),
            Fault::Sql(error) => self.tell_sql(doing, &error),
        }
    }

    /// The sentence for a damaged file.
    pub(super) fn damaged(&self, what: &dyn fmt::Display) -> StoreError {
        self.error(
            StoreErrorKind::Damaged,
            format!(
                "is damaged ({what}); stop the station, put the file aside and restore a copy made \
                 by `station backup`"
            ),
        )
    }

    /// The sentence for a file that cannot be written.
    pub(super) fn read_only(&self, why: &dyn fmt::Display) -> StoreError {
        self.error(
            StoreErrorKind::ReadOnly,
            format!(
                "cannot be written ({why}); make it and its directory writable for this user, or \
                 choose another directory with --data-dir"
            ),
        )
    }

    /// The sentence for a file that is not ours.
    pub(super) fn foreign(&self, why: &str) -> StoreError {
        self.error(
            StoreErrorKind::Foreign,
            format!(
                "is not a store of the station: {why}; move it away, or choose another directory \
                 with --data-dir"
            ),
        )
    }

    /// An error of this file: its name, and the rest of a sentence.
    pub(super) fn error(&self, kind: StoreErrorKind, rest: impl fmt::Display) -> StoreError {
        StoreError { kind, message: format!("{} {rest}", self.0.display()) }
    }

    fn full(&self) -> StoreError {
        StoreError {
            kind: StoreErrorKind::Full,
            message: format!(
                "no space is left on the disk that holds {}; free some and the station goes on \
                 (nothing acknowledged is lost)",
                self.0.display()
            ),
        }
    }

    fn io(&self, doing: &str, why: &dyn fmt::Display) -> StoreError {
        StoreError {
            kind: StoreErrorKind::Io,
            message: format!(
                "failed to {doing} {}: {why}; check the disk and the file's directory",
                self.0.display()
            ),
        }
    }

    fn tell_disk(&self, doing: &str, error: &io::Error) -> StoreError {
        use io::ErrorKind as Kind;
        let kind = error.kind();
        if matches!(kind, Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge) {
            self.full()
        } else if matches!(kind, Kind::PermissionDenied | Kind::ReadOnlyFilesystem) {
            self.read_only(error)
        } else {
            self.io(doing, error)
        }
    }

    fn tell_sql(&self, doing: &str, error: &rusqlite::Error) -> StoreError {
        let Some(code) = error.sqlite_extended_error_code() else {
            // A value of another type than the schema has: only damage puts it there.
            return self.damaged(error);
        };
        match code & 0xff {
            ffi::SQLITE_FULL => self.full(),
            ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB => self.damaged(error),
            ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => self.error(
                StoreErrorKind::Busy,
                "is held by another program; end that, or wait for it, and try again",
            ),
            ffi::SQLITE_READONLY if code == ffi::SQLITE_READONLY_DBMOVED => self.gone(),
            ffi::SQLITE_READONLY | ffi::SQLITE_PERM => self.read_only(error),
            ffi::SQLITE_IOERR if self.has_no_space() => self.full(),
            ffi::SQLITE_CANTOPEN if self.has_no_space() => self.full(),
            ffi::SQLITE_CANTOPEN | ffi::SQLITE_IOERR if !self.directory_is_writable() => {
                self.read_only(error)
            }
            _ => self.io(doing, error),
        }
    }

    /// The sentence for a file that was taken away under a running station.
    pub(super) fn gone(&self) -> StoreError {
        self.error(
            StoreErrorKind::Io,
            "was moved or deleted while the station was running; put it back with its -wal file, \
             or restart the station",
        )
    }

    fn directory_is_writable(&self) -> bool {
        rustix::fs::access(self.directory(), Access::WRITE_OK | Access::EXEC_OK).is_ok()
    }

    /// Whether the disk is full, or this user's quota. SQLite tells a failed write from a full
    /// disk only at its plainest (ENOSPC in write(2)), so this asks the file system itself.
    fn has_no_space(&self) -> bool {
        const LITTLE: u64 = 128 << 10;
        if let Ok(room) = rustix::fs::statvfs(self.directory())
            && (room.f_bavail.saturating_mul(room.f_frsize) < LITTLE
                || (room.f_files > 0 && room.f_favail == 0))
        {
            return true;
        }
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        match rustix::fs::open(self.directory(), flags, Mode::RUSR | Mode::WUSR) {
            Ok(probe) => rustix::io::write(&probe, &[0; 8192]).is_err_and(is_no_space),
            Err(error) => is_no_space(error),
        }
    }
}

fn is_no_space(error: rustix::io::Errno) -> bool {
    error == rustix::io::Errno::NOSPC || error == rustix::io::Errno::DQUOT
}
