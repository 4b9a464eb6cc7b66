//! Results: what a command has put out, head and tail, in bounded memory.

use std::borrow::Cow;

use station_core::model::OutputCap;

/// What a command has put out on both streams, in the order it arrived: the first and the last
/// bytes, with those between them counted.
///
/// ```
/// use station_core::model::OutputCap;
/// use station_remote::Results;
///
/// let mut results = Results::new(OutputCap { head: 2, tail: 3 });
/// results.push(b"abcdefgh");
/// assert_eq!((results.bytes(), results.cut()), (b"abfgh".to_vec(), 3));
/// ```
#[derive(Clone, Debug)]
pub struct Results {
    cap: OutputCap,
    head: Vec<u8>,
    /// A ring once it is full: its oldest byte stands at `oldest`.
    tail: Vec<u8>,
    oldest: usize,
    cut: u64,
}

impl Default for Results {
    /// At most 16 MiB, as much of the head as of the tail.
    fn default() -> Self {
        Self::new(OutputCap::default())
    }
}

impl Results {
    /// Nothing yet; so much is to be kept.
    #[must_use]
    pub fn new(cap: OutputCap) -> Self {
        Self { cap, head: Vec::new(), tail: Vec::new(), oldest: 0, cut: 0 }
    }

    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = self.cap.head.saturating_sub(self.head.len()).min(bytes.len());
        let Some((head, rest)) = bytes.split_at_checked(room) else { return };
        self.head.extend_from_slice(head);
        // Of more than a tail, only its end stays in any case.
        let beyond = rest.len().saturating_sub(self.cap.tail);
        let Some((passed, rest)) = rest.split_at_checked(beyond) else { return };
        self.cut = self.cut.saturating_add(count(passed));
        let room = self.cap.tail.saturating_sub(self.tail.len()).min(rest.len());
        let Some((fits, over)) = rest.split_at_checked(room) else { return };
        self.tail.extend_from_slice(fits);
        self.cut = self.cut.saturating_add(count(over));
        self.overwrite(over);
    }

    /// Writes over the oldest bytes of the full ring; never more than it holds.
    fn overwrite(&mut self, bytes: &[u8]) {
        let to_end = self.tail.len().saturating_sub(self.oldest).min(bytes.len());
        let Some((first, wrapped)) = bytes.split_at_checked(to_end) else { return };
        if let Some(place) = self.tail.get_mut(self.oldest..self.oldest + first.len()) {
            place.copy_from_slice(first);
        }
        if let Some(place) = self.tail.get_mut(..wrapped.len()) {
            place.copy_from_slice(wrapped);
        }
        self.oldest = match self.tail.len() {
            0 => 0,
            ring => (self.oldest + bytes.len()) % ring,
        };
    }

    /// The bytes that were kept: the head and, if bytes were cut, right after it the tail.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut all = self.head.clone();
        all.extend_from_slice(&self.tail());
        all
    }

    /// The first bytes.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// The last bytes, as far as they are not in the head.
    #[must_use]
    pub fn tail(&self) -> Cow<'_, [u8]> {
        match self.tail.split_at_checked(self.oldest) {
            Some((newer, older)) if !newer.is_empty() => Cow::Owned([older, newer].concat()),
            Some(_) | None => Cow::Borrowed(&self.tail),
        }
    }

    /// How many bytes between head and tail were not kept.
    #[must_use]
    pub fn cut(&self) -> u64 {
        self.cut
    }

    /// How many bytes there were, kept or not.
    #[must_use]
    pub fn total(&self) -> u64 {
        count(&self.head).saturating_add(count(&self.tail)).saturating_add(self.cut)
    }

    /// The bytes that were kept as text, with U+FFFD for what is not UTF-8, and a line that tells
    /// how much was cut where that is.
    #[must_use]
    pub fn text(&self) -> String {
        if self.cut == 0 {
            return String::from_utf8_lossy(&self.bytes()).into_owned();
        }
        let (head, tail) = (String::from_utf8_lossy(&self.head), self.tail());
        format!("{head}\n[{} bytes are missing here]\n{}", self.cut, String::from_utf8_lossy(&tail))
    }
}

fn count(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn head_and_tail_are_kept_and_the_rest_is_counted(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..20),
            head in 0usize..40,
            tail in 0usize..40,
        ) {
            let mut results = Results::new(OutputCap { head, tail });
            for chunk in &chunks {
                results.push(chunk);
            }
            let all = chunks.concat();
            let from = head.min(all.len()).max(all.len().saturating_sub(tail));
            let expected = [&all[..head.min(all.len())], &all[from..]].concat();
            let cut = all.len() - expected.len();
            prop_assert_eq!(results.bytes(), expected);
            prop_assert_eq!(results.cut(), u64::try_from(cut).unwrap());
            prop_assert_eq!(results.total(), u64::try_from(all.len()).unwrap());
        }
    }
}
