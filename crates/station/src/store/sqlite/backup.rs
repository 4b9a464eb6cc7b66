//! Backup: a consistent copy while the writer goes on, there whole or not at all.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{ffi, params};
use rustix::fs::RenameFlags;

use super::fault::{Fault, Place, told};
use super::opening;
use crate::port::{StoreError, StoreErrorKind};

/// A file that is removed again unless it is kept.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, file = %self.0.display(), "removing an unfinished backup");
        }
    }
}

/// Writes a copy of the store to the new file `to`; answers its size.
pub(super) fn backup(from: &Place, to: &Path) -> Result<u64, StoreError> {
    let to = Place::new(&std::path::absolute(to).unwrap_or_else(|_| to.to_owned()));
    copy(from, &to).map_err(|fault| match fault {
        Fault::Disk(error) if error.kind() == io::ErrorKind::NotFound => to.error(
            StoreErrorKind::Invalid,
            "cannot be written: its directory does not exist; create that first",
        ),
        Fault::Disk(error) if error.kind() == io::ErrorKind::AlreadyExists => to.error(
            StoreErrorKind::Invalid,
            "is there already and is not overwritten; give another name, or remove it first",
        ),
        Fault::Disk(_) => to.tell("write", fault),
        // SQLite does not say which of the two files it means; these it means the new one by.
        Fault::Sql(ref error) if is_of_writing(error) => to.tell("write", fault),
        Fault::Sql(_) => from.tell("read", fault),
        Fault::Row(_) | Fault::Told(_) => from.tell("read", fault),
    })
}

fn is_of_writing(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_extended_error_code().map(|code| code & 0xff);
    matches!(
        code,
        Some(ffi::SQLITE_FULL | ffi::SQLITE_IOERR | ffi::SQLITE_READONLY | ffi::SQLITE_CANTOPEN)
    )
}

fn shown(place: &Place) -> String {
    place.path().display().to_string()
}

fn copy(from: &Place, to: &Place) -> Result<u64, Fault> {
    if std::fs::symlink_metadata(to.path()).is_ok() {
        return Err(Fault::Disk(io::ErrorKind::AlreadyExists.into()));
    }
    let draft = draft(to)?;
    // VACUUM INTO rather than the backup API: the copy holds nothing that was deleted, and a
    // damaged page is found now rather than when the copy is needed.
    let conn = opening::reader(from)?;
    let name = draft.0.to_str().ok_or_else(|| {
        told(StoreErrorKind::Invalid, format!("{} is not a name in UTF-8", shown(to)))
    })?;
    conn.execute("VACUUM INTO ?1", params![name])?;
    let file = File::open(&draft.0)?;
    file.sync_all()?;
    let size = file.metadata()?.len();
    publish(&draft.0, to.path())?;
    File::open(to.directory())?.sync_all()?;
    Ok(size)
}

/// An empty file beside the one wanted, for its owner only.
fn draft(to: &Place) -> Result<Draft, Fault> {
    let mut name = OsString::from(".");
    name.push(to.path().file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    let path = to.directory().join(name);
    let open = || OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let file = match open() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(told(
                StoreErrorKind::Invalid,
                format!("{} is being written already; wait for that, or remove it", path.display()),
            ));
        }
        opened => opened?,
    };
    let draft = Draft(path);
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(draft)
}

/// Gives the draft its name, never in place of another file.
fn publish(draft: &Path, to: &Path) -> io::Result<()> {
    let here = rustix::fs::CWD;
    match rustix::fs::renameat_with(here, draft, here, to, RenameFlags::NOREPLACE) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
            // The file system cannot promise it in one step; a second name can.
            std::fs::hard_link(draft, to)
        }
        renamed => Ok(renamed?),
    }
}
