//! Octets as hexadecimal digits, and back.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Octets as lower-case hexadecimal digits.
#[must_use]
pub fn to_hex(octets: &[u8]) -> String {
    let digit = |n: u8| char::from(DIGITS.get(usize::from(n)).copied().unwrap_or(b'0'));
    octets.iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]).collect()
}

/// The octets that lower-case hexadecimal digits stand for; `None` when it is not so many of them.
#[must_use]
pub fn from_hex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let (mut octets, mut rest) = ([0_u8; N], digits.as_bytes());
    for octet in &mut octets {
        let (pair, after) = rest.split_first_chunk::<2>()?;
        *octet = (value(pair[0])? << 4) | value(pair[1])?;
        rest = after;
    }
    rest.is_empty().then_some(octets)
}

/// All octets that lower-case hexadecimal digits stand for; `None` when they are no such digits, or not
/// two for each.
#[must_use]
pub fn octets_of(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let octet = |[high, low]: &[u8; 2]| Some(value(*high)? << 4 | value(*low)?);
    if rest.is_empty() { pairs.iter().map(octet).collect() } else { None }
}

fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_come_back() {
        assert_eq!(to_hex(&[0, 0x9a, 0xff]), "009aff");
        assert_eq!(from_hex("009aff"), Some([0, 0x9a, 0xff]));
        for bad in ["", "009af", "009aff0", "009AFF", "00 aff", "009afg", "009aff00"] {
            assert_eq!(from_hex::<3>(bad), None, "{bad}");
        }
        assert_eq!(octets_of("009aff"), Some(vec![0, 0x9a, 0xff]));
        assert_eq!(octets_of(""), Some(vec![]));
        for bad in ["0", "009", "0G", "00 a"] {
            assert_eq!(octets_of(bad), None, "{bad}");
        }
    }
}
