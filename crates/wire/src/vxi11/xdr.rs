//! External data representation (RFC 4506): everything in multiples of four bytes, big-endian.

/// Appends values to a message.
#[derive(Clone, Debug, Default)]
pub struct Writer(Vec<u8>);

/// Takes values off a message; nothing where it is too short.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'b>(&'b [u8]);

impl Writer {
    /// An empty message.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// An unsigned number.
    #[must_use]
    pub fn number(mut self, value: u32) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// A signed number.
    #[must_use]
    pub fn signed(mut self, value: i32) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// A truth value.
    #[must_use]
    pub fn truth(self, value: bool) -> Self {
        self.number(u32::from(value))
    }

    /// A string, or bytes: their number, they, and zeros up to the next multiple of four.
    #[must_use]
    pub fn opaque(self, bytes: &[u8]) -> Self {
        let mut it = self.number(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        it.0.extend_from_slice(bytes);
        it.0.extend_from_slice([0; 3].get(..padding(bytes.len())).unwrap_or_default());
        it
    }

    /// What was written.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

impl<'b> Reader<'b> {
    /// A reader at the beginning of a message.
    #[must_use]
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// An unsigned number.
    pub fn number(&mut self) -> Option<u32> {
        let (chunk, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*chunk))
    }

    /// A signed number.
    pub fn signed(&mut self) -> Option<i32> {
        self.number().map(u32::cast_signed)
    }

    /// A truth value. Whatever is not zero is true.
    pub fn truth(&mut self) -> Option<bool> {
        self.number().map(|value| value != 0)
    }

    /// A string, or bytes.
    pub fn opaque(&mut self) -> Option<&'b [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest.get(padding(length)..)?;
        Some(bytes)
    }

    /// What has not been read.
    #[must_use]
    pub const fn rest(&self) -> &'b [u8] {
        self.0
    }
}

/// How many zeros follow so many bytes.
const fn padding(length: usize) -> usize {
    length.wrapping_neg() & 3
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_are_padded_with_zeros() {
        assert_eq!(Writer::new().opaque(b"inst0").finish(), b"\0\0\0\x05inst0\0\0\0");
        assert_eq!(Writer::new().opaque(b"inst").finish(), b"\0\0\0\x04inst");
        assert_eq!(Reader::new(b"\0\0\0\x05inst0\0\0").opaque(), None, "too short");
        assert_eq!(Reader::new(b"\xff\xff\xff\xffinst").opaque(), None, "far too short");
    }

    proptest! {
        #[test]
        fn is_read_back_as_written(a: u32, b: i32, c: bool, d: Vec<u8>, more: Vec<u8>) {
            let mut bytes = Writer::new().number(a).signed(b).opaque(&d).truth(c).finish();
            prop_assert_eq!(bytes.len() % 4, 0);
            bytes.extend(&more);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.number(), Some(a));
            prop_assert_eq!(reader.signed(), Some(b));
            prop_assert_eq!(reader.opaque(), Some(d.as_slice()));
            prop_assert_eq!(reader.truth(), Some(c));
            prop_assert_eq!(reader.rest(), more.as_slice());
        }
    }
}
