//! Arbitrary blocks: `#<n><length><bytes>`, and `#0<bytes>` to the end (IEEE 488.2 8.7.9, 8.7.10).

use super::scan::decimal;

/// Why a reply is not one block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// It does not begin as one.
    #[error("it begins with {0:?}, not with # and a length such as #15")]
    NotABlock(String),
    /// It ends too soon.
    #[error("it ends after {have} of the {want} bytes that its header announces")]
    Short {
        /// The bytes that are there.
        have: usize,
        /// The bytes that should be.
        want: usize,
    },
    /// More follows it.
    #[error("{0} bytes follow the block")]
    Trailing(usize),
}

/// Where the data of the one block in `reply` are, after an echoed header, if there is one.
fn span(reply: &[u8]) -> Result<std::ops::Range<usize>, BlockError> {
    let begin = hash(reply).ok_or_else(|| not_a_block(reply))?;
    let after = reply.get(begin + 1..).unwrap_or_default();
    let count = match after.first() {
        Some(b'0') => {
            // The line end before END belongs to the message, not to the data.
            let end = if reply.ends_with(b"\n") { reply.len() - 1 } else { reply.len() };
            return Ok(begin + 2..end.max(begin + 2));
        }
        Some(digit @ b'1'..=b'9') => usize::from(digit - b'0'),
        _ => return Err(not_a_block(reply)),
    };
    let length = after.get(1..1 + count).and_then(decimal);
    let length = length.ok_or_else(|| not_a_block(reply))?;
    let from = begin + 2 + count;
    let have = reply.len() - from;
    if have < length {
        return Err(BlockError::Short { have, want: length });
    }
    let rest = reply.get(from + length..).unwrap_or_default();
    if rest.iter().all(u8::is_ascii_whitespace) {
        Ok(from..from + length)
    } else {
        Err(BlockError::Trailing(rest.len()))
    }
}

/// Where the `#` of a block is: at the beginning, or after white space and a header.
fn hash(reply: &[u8]) -> Option<usize> {
    // A header is short; what stands beyond is data.
    let head = reply.get(..reply.len().min(64))?;
    let at = head.iter().position(|byte| *byte == b'#')?;
    let before = head.get(..at)?;
    let is_header = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'?' | b'*' | b' ' | b'\t')
    };
    let apart = before.last().is_none_or(|byte| byte.is_ascii_whitespace());
    (apart && before.iter().all(is_header)).then_some(at)
}

fn not_a_block(reply: &[u8]) -> BlockError {
    let head = reply.get(..reply.len().min(24)).unwrap_or_default();
    BlockError::NotABlock(String::from_utf8_lossy(head).into_owned())
}

/// The data of a reply that is one block.
///
/// # Errors
///
/// It is no block, is cut short, or more than white space follows it.
pub fn block(reply: &[u8]) -> Result<&[u8], BlockError> {
    span(reply).map(|span| reply.get(span).unwrap_or_default())
}

/// As [`block`], in place: the reply's own memory becomes the data.
///
/// # Errors
///
/// As for [`block`].
pub fn take_block(mut reply: Vec<u8>) -> Result<Vec<u8>, BlockError> {
    let span = span(&reply)?;
    reply.truncate(span.end);
    reply.drain(..span.start);
    Ok(reply)
}

/// Data as a definite block. None for a billion bytes and more, whose length has no room.
#[must_use]
pub fn encode_block(data: &[u8]) -> Option<Vec<u8>> {
    let length = data.len().to_string();
    let count = length.len();
    if count > 9 {
        return None;
    }
    let mut encoded = Vec::with_capacity(2 + count + data.len());
    encoded.extend_from_slice(format!("#{count}{length}").as_bytes());
    encoded.extend_from_slice(data);
    Some(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_of_a_block_are_found() {
        for (reply, data) in [
            (&b"#15a\nb;c"[..], &b"a\nb;c"[..]),
            (b"#15a\nb;c\r\n", b"a\nb;c"),
            (b":CURVE #205hello\n", b"hello"),
            (b"CURV? #10", b""),
            (b"#0abc\n", b"abc"),
            (b"#0", b""),
            (b"#0\n", b""),
        ] {
            assert_eq!(block(reply), Ok(data), "{reply:?}");
            assert_eq!(take_block(reply.to_vec()).as_deref(), Ok(data), "{reply:?}");
        }
    }

    #[test]
    fn what_is_no_block_says_why() {
        let said = |reply: &[u8]| block(reply).unwrap_err().to_string();
        assert_eq!(said(b"#15abc"), "it ends after 3 of the 5 bytes that its header announces");
        assert_eq!(said(b"#11ab"), "1 bytes follow the block");
        for reply in [&b"1.5"[..], b"", b"#", b"#H1F", b"#3x12", b"#9", b"1,2,#11a", b"a#11a"] {
            assert!(matches!(block(reply), Err(BlockError::NotABlock(_))), "{reply:?}");
        }
    }
}
