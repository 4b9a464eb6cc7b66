//! Checkpoints: the head of the chain, signed; kept in the store and written down by witnesses.

use super::chain::{Hash, Head};
use super::hex::{from_hex, to_hex};
use crate::model::Micros;

/// Tells whether a signature (Ed25519) of a message is by this key.
pub type Check<'c> = &'c dyn Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool;

/// A signed head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The number of the last record then.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// When it was signed.
    pub at: Micros,
    /// The public key that it was signed for.
    pub key: [u8; 32],
    /// The signature of [`Checkpoint::message`].
    pub signature: [u8; 64],
}

impl Checkpoint {
    /// What is signed.
    #[must_use]
    pub fn message(head: &Head, at: Micros) -> Vec<u8> {
        let (seq, hash) = (head.seq, to_hex(&head.hash));
        format!("station audit checkpoint 1\n{seq}\n{hash}\n{}\n", at.0).into_bytes()
    }

    /// The head it says there was.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }

    /// Whether it was signed with its key.
    #[must_use]
    pub fn is_signed(&self, check: Check<'_>) -> bool {
        check(&self.key, &Self::message(&self.head(), self.at), &self.signature)
    }

    /// One line of a witness, without its end: number, hash, time, key and signature.
    #[must_use]
    pub fn line(&self) -> String {
        let (hash, key, signature) =
            (to_hex(&self.hash), to_hex(&self.key), to_hex(&self.signature));
        format!("{} {hash} {} {key} {signature}", self.seq, self.at.0)
    }

    /// Reads a line of a witness.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(line: &str) -> Result<Self, NotACheckpoint> {
        let mut words = line.split(' ');
        let mut word = || words.next().ok_or(NotACheckpoint);
        let seq = word()?.parse().map_err(|_| NotACheckpoint)?;
        let hash = from_hex(word()?).ok_or(NotACheckpoint)?;
        let at = Micros(word()?.parse().map_err(|_| NotACheckpoint)?);
        let key = from_hex(word()?).ok_or(NotACheckpoint)?;
        let signature = from_hex(word()?).ok_or(NotACheckpoint)?;
        if word().is_ok() {
            return Err(NotACheckpoint);
        }
        Ok(Self { seq, hash, at, key, signature })
    }
}

/// A line that is not a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is not a checkpoint: number, hash, time, key and signature are needed, with one space between"
)]
pub struct NotACheckpoint;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_back_and_others_are_refused() {
        let checkpoint = Checkpoint {
            seq: 12,
            hash: [0xab; 32],
            at: Micros(1_700_000_000_000_001),
            key: [1; 32],
            signature: [0xfe; 64],
        };
        let line = checkpoint.line();
        assert_eq!(Checkpoint::parse(&line), Ok(checkpoint));
        let changed = line.replacen("ab", "ac", 1);
        assert_ne!(Checkpoint::parse(&changed), Ok(checkpoint));
        let (before, after) = line.split_once(" 17").unwrap();
        for bad in ["", "12", before, after, &format!("{line} 1"), &format!("{line}f")] {
            assert_eq!(Checkpoint::parse(bad), Err(NotACheckpoint), "{bad}");
        }
        // What is signed has the number, the hash and the time in it.
        let message = |seq, hash, at| Checkpoint::message(&Head { seq, hash }, Micros(at));
        let all = [message(1, [0; 32], 5), message(2, [0; 32], 5), message(1, [1; 32], 5)];
        assert!(all.iter().all(|other| *other != message(1, [0; 32], 6)));
        assert!(all[0] != all[1] && all[0] != all[2]);
    }
}
