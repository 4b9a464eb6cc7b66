//! The key that checkpoints are signed with: Ed25519, in a file that its owner alone can read.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use station_core::audit::{Checkpoint, Head, from_hex, to_hex};
use station_core::model::Micros;

/// The file's name in the data directory.
const FILE: &str = "audit.key";

/// What its only line begins with.
const MARK: &str = "station-audit-key-1 ";

/// A key that signs.
#[derive(Debug)]
pub struct Key {
    pair: Ed25519KeyPair,
    /// It was made just now.
    pub is_new: bool,
}

impl Key {
    /// The key in a data directory; the first time, one is made.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn of(dir: &Path) -> Result<Self, String> {
        let path = dir.join(FILE);
        let (seed, is_new) = match read(&path)? {
            Some(seed) => (seed, false),
            None => (make(&path)?, true),
        };
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed)
            .map_err(|error| format!("{} is not a key: {error}", path.display()))?;
        Ok(Self { pair, is_new })
    }

    /// The public half of the key in a data directory; `None` when there is none yet.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn public_of(dir: &Path) -> Result<Option<[u8; 32]>, String> {
        let path = dir.join(FILE);
        Ok(if path.exists() { Some(Self::of(dir)?.public()) } else { None })
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> [u8; 32] {
        let mut key = [0; 32];
        // An Ed25519 key has so many octets.
        for (octet, given) in key.iter_mut().zip(self.pair.public_key().as_ref()) {
            *octet = *given;
        }
        key
    }

    /// Signs a head.
    #[must_use]
    pub fn sign(&self, head: &Head, at: Micros) -> Checkpoint {
        let signed = self.pair.sign(&Checkpoint::message(head, at));
        let mut signature = [0; 64];
        for (octet, given) in signature.iter_mut().zip(signed.as_ref()) {
            *octet = *given;
        }
        Checkpoint { seq: head.seq, hash: head.hash, at, key: self.public(), signature }
    }
}

/// Whether a signature of a message is by this public key.
#[must_use]
pub fn check(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
}

/// The seed in a file; `None` when there is no file, or an empty one that a crash has left.
fn read(path: &PathBuf) -> Result<Option<[u8; 32]>, String> {
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(path);
    let mut file = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| wrong(path, "read", &error))?,
    };
    let failed = |error| wrong(path, "read", &error);
    let mut text = String::new();
    Read::by_ref(&mut file).take(4096).read_to_string(&mut text).map_err(failed)?;
    if text.is_empty() {
        std::fs::remove_file(path).map_err(|error| wrong(path, "removed", &error))?;
        return Ok(None);
    }
    let seed = text.trim_end().strip_prefix(MARK).and_then(from_hex);
    let Some(seed) = seed else {
        return Err(format!(
            "{} does not hold a key of the audit trail: put the station's own back, or move it away \
             and a new one is made, which those who verify the trail must be told of",
            path.display()
        ));
    };
    if file.metadata().map_err(failed)?.permissions().mode() & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "others could read the key of the audit trail; now they cannot");
        file.set_permissions(PermissionsExt::from_mode(0o600))
            .map_err(|error| wrong(path, "kept from others", &error))?;
    }
    Ok(Some(seed))
}

fn make(path: &Path) -> Result<[u8; 32], String> {
    let mut seed = [0; 32];
    SystemRandom::new()
        .fill(&mut seed)
        .map_err(|error| format!("the system gives no random numbers for a key: {error}"))?;
    let put = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(format!("{MARK}{}\n", to_hex(&seed)).as_bytes())?;
        file.sync_all()?;
        path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    };
    put().map_err(|error| wrong(path, "written", &error))?;
    Ok(seed)
}

fn wrong(path: &Path, done: &str, error: &std::io::Error) -> String {
    format!("the key of the audit trail, {}, cannot be {done}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_signs() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Key::public_of(dir.path()), Ok(None));
        let key = Key::of(dir.path()).unwrap();
        let again = Key::of(dir.path()).unwrap();
        assert!(key.is_new && !again.is_new);
        assert_eq!(key.public(), again.public());
        assert_eq!(Key::public_of(dir.path()), Ok(Some(key.public())));
        let path = dir.path().join(FILE);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);

        let checkpoint = key.sign(&Head { seq: 7, hash: [3; 32] }, Micros(5));
        assert!(checkpoint.is_signed(&check));
        for wrong in [
            Checkpoint { seq: 8, ..checkpoint },
            Checkpoint { hash: [4; 32], ..checkpoint },
            Checkpoint { at: Micros(6), ..checkpoint },
            Checkpoint { key: [1; 32], ..checkpoint },
            Checkpoint { signature: [0; 64], ..checkpoint },
        ] {
            assert!(!wrong.is_signed(&check), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_not_a_key_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        std::fs::write(&path, "hunter2\n").unwrap();
        assert!(Key::of(dir.path()).unwrap_err().contains("does not hold a key"));
        assert_eq!(std::fs::read(&path).unwrap(), b"hunter2\n");
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        let key = Key::of(dir.path()).unwrap();
        assert!(key.is_new);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        assert_eq!(Key::of(dir.path()).unwrap().public(), key.public());
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
