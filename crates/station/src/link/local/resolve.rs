//! Finds the program a command names, as a shell would, against the captured PATH.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, FileType, access, stat};

/// Why a program was not found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// No file of that name.
    Nowhere,
    /// The only thing found is a directory.
    Directory(PathBuf),
    /// The only thing found may not be executed.
    NotExecutable(PathBuf),
}

/// The absolute path of the program; relative names and PATH entries are seen from `cwd`.
pub(super) fn resolve(name: &OsStr, path: &OsStr, cwd: Option<&Path>) -> Result<PathBuf, Missing> {
    if name.is_empty() {
        return Err(Missing::Nowhere);
    }
    if name.as_bytes().contains(&b'/') {
        return check(absolute(Path::new(name), cwd));
    }
    let mut worst = Missing::Nowhere;
    for folder in path.as_bytes().split(|byte| *byte == b':') {
        // An empty entry means the working directory.
        let folder = if folder.is_empty() { b"." } else { folder };
        match check(absolute(Path::new(OsStr::from_bytes(folder)), cwd).join(name)) {
            Ok(found) => return Ok(found),
            Err(Missing::Nowhere) => {}
            Err(found @ (Missing::Directory(_) | Missing::NotExecutable(_))) => worst = found,
        }
    }
    Err(worst)
}

fn absolute(path: &Path, cwd: Option<&Path>) -> PathBuf {
    if path.is_absolute() {
        return path.to_owned();
    }
    let cwd = cwd.map(Path::to_owned).or_else(|| std::env::current_dir().ok());
    cwd.unwrap_or_else(|| PathBuf::from("/")).join(path)
}

fn check(path: PathBuf) -> Result<PathBuf, Missing> {
    let Ok(found) = stat(&path) else { return Err(Missing::Nowhere) };
    if FileType::from_raw_mode(found.st_mode) == FileType::Directory {
        return Err(Missing::Directory(path));
    }
    match access(&path, Access::EXEC_OK) {
        Ok(()) => Ok(path),
        Err(_) => Err(Missing::NotExecutable(path)),
    }
}
