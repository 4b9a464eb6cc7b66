//! Finds the token of a hash, in the store or among those found lately.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use station_core::model::Token;

use crate::port::StoreError;

/// Reads the token of a hash from the store. Blocks.
pub type Lookup = Arc<dyn Fn(&str) -> Result<Option<Token>, StoreError> + Send + Sync>;

/// Tells a number that is another one after each change of any token, at the latest when the change
/// is acknowledged.
pub type Generation = Arc<dyn Fn() -> u64 + Send + Sync>;

/// How many tokens are remembered; a station has a handful.
const REMEMBERED: usize = 1024;

/// The tokens of the store; those found are remembered until any token changes.
#[derive(Clone)]
pub struct Tokens {
    lookup: Lookup,
    generation: Generation,
    known: Arc<Mutex<Known>>,
}

#[derive(Default)]
struct Known {
    generation: u64,
    by_hash: BTreeMap<String, Arc<Token>>,
}

impl Tokens {
    /// Those that `lookup` finds.
    #[must_use]
    pub fn new(lookup: Lookup, generation: Generation) -> Self {
        Self { lookup, generation, known: Arc::default() }
    }

    /// The token of a hash, if it was found since the last change.
    #[must_use]
    pub fn remembered(&self, hash: &str) -> Option<Arc<Token>> {
        let generation = (self.generation)();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.by_hash.get(hash).filter(|_| known.generation == generation).cloned()
    }

    /// The token of a hash. Blocks.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn find(&self, hash: &str) -> Result<Option<Arc<Token>>, StoreError> {
        // Read before the store is: what changes meanwhile makes what was found old at once.
        let generation = (self.generation)();
        let Some(token) = (self.lookup)(hash)?.map(Arc::new) else { return Ok(None) };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.generation != generation || known.by_hash.len() >= REMEMBERED {
            known.by_hash.clear();
            known.generation = generation;
        }
        known.by_hash.insert(hash.to_owned(), Arc::clone(&token));
        Ok(Some(token))
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::super::secret::issue;
    use super::*;
    use station_core::model::{Micros, Principal, Role};

    #[test]
    fn what_was_found_is_remembered_until_a_token_changes() {
        let (secret, token) =
            issue("t", Role::Viewer, Principal::Anonymous, Micros(0), None).unwrap();
        let stored = Arc::new(Mutex::new(token));
        let (reads, generation) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (rows, counted, number) =
            (Arc::clone(&stored), Arc::clone(&reads), Arc::clone(&generation));
        let tokens = Tokens::new(
            Arc::new(move |hash| {
                counted.fetch_add(1, Ordering::Relaxed);
                let token = rows.lock().unwrap().clone();
                Ok((token.hash == hash).then_some(token))
            }),
            Arc::new(move || number.load(Ordering::Acquire)),
        );
        let hash = secret.hash();
        assert_eq!(tokens.remembered(&hash), None);
        assert!(tokens.find(&hash).unwrap().is_some());
        assert!(tokens.remembered(&hash).is_some());
        assert_eq!(reads.load(Ordering::Relaxed), 1);

        stored.lock().unwrap().revoked_at = Some(Micros(1));
        generation.fetch_add(1, Ordering::Release);
        assert_eq!(tokens.remembered(&hash), None);
        let found = tokens.find(&hash).unwrap().unwrap();
        assert!(!found.is_valid(Micros(2)));

        assert_eq!(tokens.find("none").unwrap(), None);
        assert_eq!(tokens.remembered("none"), None);
    }
}
