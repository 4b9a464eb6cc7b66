//! The private directory of a client: its masters' sockets, and the logs of `ssh`.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::rand::{GetRandomFlags, getrandom};
use sha2::{Digest as _, Sha256};

use crate::failure::{Failure, FailureKind};
use crate::route::Route;

/// `ssh` binds a name 17 bytes longer than a socket's, of which a kernel takes 107 bytes.
const LONGEST_SOCKET: usize = 89;
/// How long the names are that [`Directory::socket`] makes, with the slash before them.
const NAME: usize = 1 + 16 + 5;

/// A directory that only we may enter. Dropped, it is removed with all that is in it.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
}

impl Directory {
    /// Makes a new one below the given one, which must be ours alone; else below
    /// `$XDG_RUNTIME_DIR` or `/tmp`.
    pub(super) fn make(given: Option<&Path>) -> Result<Self, Failure> {
        let parent = match given {
            Some(given) => {
                own(given)?;
                given.to_owned()
            }
            None => runtime_directory(),
        };
        fits(&parent)?;
        create(&parent).map(|path| Self { path }).map_err(|error| {
            local(format!("no directory for ssh can be made in {}: {error}", parent.display()))
        })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The socket of the so-manieth master, which is for this route.
    pub(super) fn socket(&self, route: &Route, number: u64) -> PathBuf {
        let digest = Sha256::digest(format!("{number} {route:?}"));
        let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        self.path.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.path)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::debug!(path = %self.path.display(), %error, "directory of ssh not removed");
        }
    }
}

/// The log that lies beside a socket.
pub(super) fn log_of(socket: &Path) -> PathBuf {
    socket.with_extension("log")
}

/// A new file that is written at its end.
pub(super) fn create_log(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create_new(true).mode(0o600).open(path)
}

/// The socket's path as `ssh -S` wants it.
pub(super) fn as_argument(socket: &Path) -> std::ffi::OsString {
    let bytes = socket.as_os_str().as_bytes();
    let mut argument = Vec::with_capacity(bytes.len());
    for byte in bytes {
        argument.extend((*byte == b'%').then_some(b'%'));
        argument.push(*byte);
    }
    OsStr::from_bytes(&argument).to_owned()
}

/// Whether `ssh` can bind a socket in a directory below it.
fn fits(parent: &Path) -> Result<(), Failure> {
    let path = parent.join("station-ssh-xxxxxxxx");
    let length = path.as_os_str().len() + NAME;
    if length > LONGEST_SOCKET {
        return Err(local(format!(
            "{} is too long a path for the sockets of ssh: they would have {length} bytes, \
             {LONGEST_SOCKET} are possible; choose a shorter directory",
            parent.display()
        )));
    }
    if path.as_os_str().as_bytes().windows(2).any(|pair| pair == b"${") {
        let message = format!("{} must not hold '${{', which ssh would replace", parent.display());
        return Err(local(message));
    }
    Ok(())
}

fn runtime_directory() -> PathBuf {
    let set = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let usable = |path: &PathBuf| path.is_absolute() && fits(path).is_ok() && own(path).is_ok();
    set.filter(usable).unwrap_or_else(|| "/tmp".into())
}

/// Makes it if it is missing; it must be a directory of ours that nobody else may enter.
fn own(path: &Path) -> Result<(), Failure> {
    let told = |error| local(format!("{} cannot be used for ssh: {error}", path.display()));
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(told(error)),
        Ok(()) | Err(_) => {}
    }
    let found = fs::symlink_metadata(path).map_err(told)?;
    let mode = found.mode() & 0o7777;
    let why = if !path.is_absolute() {
        "it must be an absolute path".to_owned()
    } else if !found.is_dir() {
        "it is no directory".to_owned()
    } else if found.uid() != rustix::process::geteuid().as_raw() {
        format!("it belongs to user {}, not to us", found.uid())
    } else if mode & 0o077 != 0 {
        format!("others may enter it (mode {mode:o}): it must have mode 700")
    } else {
        return Ok(());
    };
    Err(local(format!("{} cannot be used for ssh: {why}", path.display())))
}

fn create(parent: &Path) -> io::Result<PathBuf> {
    loop {
        let mut random = [0; 4];
        getrandom(&mut random, GetRandomFlags::empty())?;
        let path = parent.join(format!("station-ssh-{:08x}", u32::from_ne_bytes(random)));
        match DirBuilder::new().mode(0o700).create(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(path),
        }
    }
}

fn local(message: String) -> Failure {
    Failure::new(FailureKind::Local, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn refusal(path: &Path) -> String {
        Directory::make(Some(path)).unwrap_err().message
    }

    #[test]
    fn it_is_private_and_goes_with_its_value() {
        let parent = tempfile::tempdir().unwrap();
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let directory = Directory::make(Some(parent.path())).unwrap();
        assert_eq!(fs::metadata(directory.path()).unwrap().mode() & 0o777, 0o700);
        let socket = directory.socket(&Route::ssh("rack1"), u64::MAX);
        assert!(log_of(&socket).as_os_str().len() <= LONGEST_SOCKET);
        fs::write(socket, "").unwrap();
        drop(directory);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_directory_others_may_enter_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o755)).unwrap();
        assert!(refusal(parent.path()).ends_with("(mode 755): it must have mode 700"));
    }

    #[test]
    fn a_link_to_a_directory_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let link = parent.path().join("link");
        std::os::unix::fs::symlink(parent.path(), &link).unwrap();
        assert!(refusal(&link).ends_with("it is no directory"));
    }

    #[test]
    fn a_path_too_long_for_sockets_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let long = parent.path().join("x".repeat(60));
        assert!(refusal(&long).contains("89 are possible; choose a shorter directory"));
    }

    #[test]
    fn what_ssh_would_replace_in_a_path_is_escaped() {
        assert_eq!(as_argument(Path::new("/tmp/50%/s")), "/tmp/50%%/s");
    }
}
