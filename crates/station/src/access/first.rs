//! Writes the first administrator's token to a file that its owner alone can read.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use station_core::model::{Micros, Principal, Role, Token};

use super::secret::{Secret, token_of};
use crate::port::StoreError;

/// What stands about the token in the file `token` of the data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstToken {
    /// The file.
    pub path: PathBuf,
    /// A token to be stored: the file's is not in the store yet. Until that is done nobody gets in
    /// with it; when the daemon is killed in between, the next call tells the same again.
    pub to_keep: Option<Token>,
}

/// Makes sure that `token` in the data directory holds a secret that lets an administrator in.
///
/// A file that is there stays, if its secret is good or was never stored; one whose token was
/// revoked or has expired is replaced. `find` looks up a token by its hash.
///
/// # Errors
/// A sentence that names the file.
pub fn first_token(
    dir: &Path,
    by: Principal,
    now: Micros,
    find: impl FnOnce(&str) -> Result<Option<Token>, StoreError>,
) -> Result<FirstToken, String> {
    let path = dir.join("token");
    let admin = |secret: &Secret| token_of(secret, "first", Role::Admin, by.clone(), now, None);
    let Some(secret) = read(&path)? else {
        let secret = Secret::new()?;
        write(&path, &secret)?;
        return Ok(FirstToken { to_keep: Some(admin(&secret)), path });
    };
    match find(&secret.hash()).map_err(|error| error.message)? {
        Some(token) if token.is_valid(now) => Ok(FirstToken { path, to_keep: None }),
        None => Ok(FirstToken { to_keep: Some(admin(&secret)), path }),
        Some(_) => {
            let secret = Secret::new()?;
            let fresh = dir.join("token.new");
            remove(&fresh)?;
            write(&fresh, &secret)?;
            std::fs::rename(&fresh, &path).map_err(|error| wrong(&path, "replaced", &error))?;
            sync(dir);
            Ok(FirstToken { to_keep: Some(admin(&secret)), path })
        }
    }
}

/// The secret in a file; `None` when there is no file, or an empty one that a crash has left.
fn read(path: &Path) -> Result<Option<Secret>, String> {
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(path);
    let mut file = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| wrong(path, "read", &error))?,
    };
    let mut text = String::new();
    let failed = |error| wrong(path, "read", &error);
    Read::by_ref(&mut file).take(4096).read_to_string(&mut text).map_err(failed)?;
    if text.is_empty() {
        remove(path)?;
        return Ok(None);
    }
    let Some(secret) = Secret::parse(text.trim_end()) else {
        return Err(format!(
            "{} does not hold a token of a station: move it away, and a new one is written",
            path.display()
        ));
    };
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "others could read the token; now they cannot");
        file.set_permissions(PermissionsExt::from_mode(0o600))
            .map_err(|error| wrong(path, "kept from others", &error))?;
    }
    Ok(Some(secret))
}

fn write(path: &Path, secret: &Secret) -> Result<(), String> {
    let put = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(format!("{}\n", secret.reveal()).as_bytes())?;
        file.sync_all()
    };
    put().map_err(|error| wrong(path, "written", &error))?;
    if let Some(dir) = path.parent() {
        sync(dir);
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), String> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(wrong(path, "removed", &error)),
        _ => Ok(()),
    }
}

/// Makes a new name durable. Where that cannot be had, a crash of the machine costs the file, and
/// the next start writes another.
fn sync(dir: &Path) {
    drop(File::open(dir).and_then(|dir| dir.sync_all()));
}

fn wrong(path: &Path, done: &str, error: &std::io::Error) -> String {
    format!("{} cannot be {done}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(dir: &Path, stored: &[Token]) -> Result<FirstToken, String> {
        first_token(dir, Principal::Anonymous, Micros(10), |hash| {
            Ok(stored.iter().find(|token| token.hash == hash).cloned())
        })
    }

    #[test]
    fn the_first_token_is_written_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let first = call(dir.path(), &[]).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(&path).unwrap();
        let mut token = first.to_keep.unwrap();
        assert_eq!(token.hash, Secret::parse(text.trim()).unwrap().hash());
        assert_eq!(token.role, Role::Admin);

        // Killed before the token was stored: the same one again.
        assert_eq!(call(dir.path(), &[]).unwrap().to_keep, Some(token.clone()));
        assert_eq!(call(dir.path(), &[token.clone()]).unwrap().to_keep, None);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);

        // Revoked: another one.
        token.revoked_at = Some(Micros(5));
        let next = call(dir.path(), &[token.clone()]).unwrap().to_keep.unwrap();
        assert_ne!(next.hash, token.hash);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!dir.path().join("token.new").exists());
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "hunter2\n").unwrap();
        let refused = call(dir.path(), &[]).unwrap_err();
        assert!(refused.contains("does not hold a token of a station"), "{refused}");
        std::fs::write(&path, "").unwrap();
        assert!(call(dir.path(), &[]).unwrap().to_keep.is_some());
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        assert!(call(dir.path(), &[]).is_ok());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        assert!(call(dir.path(), &[]).unwrap_err().contains("cannot be read"));
    }
}
