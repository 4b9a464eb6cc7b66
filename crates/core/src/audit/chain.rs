//! The chain: each record holds its number and the hash of the one before it, and has a hash itself.
//!
//! The text of a record is JSON with its keys in order and no spaces; its hash is the SHA-256 of the
//! hash before and of that text. What is stored is the text, never written anew from its parts.

use serde::ser::{Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::entry::Entry;
use super::hex::to_hex;

/// A SHA-256.
pub type Hash = [u8; 32];

/// The last record of a chain; of an empty one, what the first record is chained to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Its number: 0 when there is none.
    pub seq: u64,
    /// Its hash: zeros when there is none.
    pub hash: Hash,
}

/// An entry in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number, from 1, without gaps.
    pub seq: u64,
    /// The hash of the record before it.
    pub previous: Hash,
    /// Its own.
    pub hash: Hash,
    /// What it records.
    pub entry: Entry,
    /// All of it but its own hash, as it is stored.
    pub text: String,
}

impl Record {
    /// Where the chain ends when this record is its last.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash }
    }
}

/// An entry that has no text: a number in it is none that JSON knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an entry of the audit trail cannot be written: {0}")]
pub struct Unwritable(String);

/// Puts an entry behind the last record.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn append(head: &Head, entry: Entry) -> Result<Record, Unwritable> {
    let wrong = |error: serde_json::Error| Unwritable(error.to_string());
    let (seq, previous) = (head.seq.saturating_add(1), head.hash);
    let mut value = serde_json::to_value(&entry).map_err(wrong)?;
    if let Value::Object(fields) = &mut value {
        fields.insert("seq".to_owned(), Value::from(seq));
        fields.insert("previous".to_owned(), Value::from(to_hex(&previous)));
    }
    let text = serde_json::to_string(&Ordered(&value)).map_err(wrong)?;
    let hash = hash_of(&previous, &text);
    Ok(Record { seq, previous, hash, entry, text })
}

/// The hash of a record with this text.
#[must_use]
pub fn hash_of(previous: &Hash, text: &str) -> Hash {
    Sha256::new().chain_update(previous).chain_update(text).finalize().into()
}

/// JSON with the keys of its objects in order, whatever order serde_json keeps them in.
struct Ordered<'v>(&'v Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(fields) => {
                let mut fields: Vec<_> = fields.iter().collect();
                fields.sort_unstable_by_key(|(key, _)| key.as_str());
                serializer.collect_map(fields.into_iter().map(|(key, part)| (key, Ordered(part))))
            }
            Value::Array(parts) => serializer.collect_seq(parts.iter().map(Ordered)),
            plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                plain.serialize(serializer)
            }
        }
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
pub(super) mod tests;
