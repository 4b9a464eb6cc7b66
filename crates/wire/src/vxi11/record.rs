//! Record marking (RFC 5531, 11): where in a stream of bytes a call or an answer begins and ends.

/// The longest record that is believed, in bytes: nobody here asks for more than 1 MiB at once, and
/// there is room for what stands around it.
pub const LONGEST_RECORD: usize = (1 << 20) + 4096;

/// Set in a fragment's mark when it is its record's last.
const LAST: u32 = 1 << 31;

/// A record longer than anything that is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record of at least {length} bytes is announced; at most {longest} are accepted")]
pub struct Malformed {
    /// How long it would be.
    pub length: usize,
    /// What would have been accepted.
    pub longest: usize,
}

/// The record as one fragment.
#[must_use]
pub fn mark(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut out = Vec::with_capacity(body.len().saturating_add(4));
    out.extend_from_slice(&(length | LAST).to_be_bytes());
    out.extend_from_slice(body);
    out
}

/// The record at the beginning of `bytes` and how many of them it took; nothing while it is not whole.
///
/// # Errors
///
/// It has more than `longest` bytes, or so many fragments that they cannot be meant.
pub fn record(bytes: &[u8], longest: usize) -> Result<Option<(Vec<u8>, usize)>, Malformed> {
    // Where the fragments are comes first, so that nothing is copied before the record is whole.
    let mut total = 0_usize;
    let mut rest = bytes;
    let mut fragments = Vec::new();
    loop {
        let Some((mark, after)) = rest.split_first_chunk() else { return Ok(None) };
        let mark = u32::from_be_bytes(*mark);
        let length = usize::try_from(mark & !LAST).unwrap_or(usize::MAX);
        // An empty fragment counts too, or there could be any number of them.
        total = total.saturating_add(length.max(1));
        if total > longest.max(1) {
            return Err(Malformed { length: total, longest });
        }
        let Some((fragment, after)) = after.split_at_checked(length) else { return Ok(None) };
        fragments.push(fragment);
        rest = after;
        if mark & LAST != 0 {
            return Ok(Some((fragments.concat(), bytes.len() - rest.len())));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_record_beyond_belief_is_refused_before_it_comes() {
        let error = record(b"\xff\xff\xff\xff", LONGEST_RECORD).unwrap_err();
        assert!(error.to_string().contains("2147483647 bytes"), "{error}");
        assert!(record(&[0; 400], 90).is_err(), "empty fragments have an end too");
    }

    proptest! {
        #[test]
        fn fragments_are_joined(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..5),
            last: Vec<u8>,
            more: Vec<u8>,
        ) {
            let mut bytes = Vec::new();
            for part in &parts {
                bytes.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
                bytes.extend(part);
            }
            bytes.extend(mark(&last));
            let length = bytes.len();
            for end in 0..length {
                prop_assert_eq!(record(&bytes[..end], 10_000), Ok(None));
            }
            bytes.extend(more);
            let body = [parts.concat(), last].concat();
            prop_assert_eq!(record(&bytes, 10_000), Ok(Some((body, length))));
        }

        #[test]
        fn any_bytes_are_a_record_or_not(bytes: Vec<u8>) {
            if let Ok(Some((body, used))) = record(&bytes, 100) {
                prop_assert!(body.len() + 4 <= used && used <= bytes.len());
            }
        }
    }
}
