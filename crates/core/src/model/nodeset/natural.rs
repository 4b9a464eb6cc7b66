//! Natural order: numbers within names count as numbers, so that `rack2` comes before `rack10`.

use std::cmp::Ordering;

/// Compares two names piece by piece; names that differ only in leading zeros by their letters.
pub(super) fn order(a: &str, b: &str) -> Ordering {
    let (mut one, mut other) = (a.as_bytes(), b.as_bytes());
    loop {
        let ((number, left), (against, right)) = (take(one), take(other));
        let by_piece = match (number, against) {
            (Piece::End, Piece::End) => return a.cmp(b),
            (Piece::Digits(n), Piece::Digits(m)) => n.len().cmp(&m.len()).then_with(|| n.cmp(m)),
            (n, m) => n.letters().cmp(m.letters()),
        };
        if by_piece != Ordering::Equal {
            return by_piece;
        }
        (one, other) = (left, right);
    }
}

/// The first piece of a name: all of its digits without leading zeros, or one other byte.
enum Piece<'a> {
    End,
    Digits(&'a [u8]),
    Byte(&'a [u8]),
}

impl<'a> Piece<'a> {
    fn letters(self) -> &'a [u8] {
        match self {
            Self::End => &[],
            // Before any letter, as a digit is.
            Self::Digits(_) => b"0",
            Self::Byte(byte) => byte,
        }
    }
}

fn take(text: &[u8]) -> (Piece<'_>, &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    if end == 0 {
        return match text.split_at_checked(1) {
            Some((byte, rest)) => (Piece::Byte(byte), rest),
            None => (Piece::End, text),
        };
    }
    let (digits, rest) = text.split_at_checked(end).unwrap_or((text, &[]));
    let zeros = digits.iter().position(|byte| *byte != b'0').unwrap_or(digits.len());
    (Piece::Digits(digits.get(zeros..).unwrap_or(digits)), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_as_numbers() {
        let sorted = ["a-1", "n", "n1", "n01", "n2", "n2a", "n02b", "n10", "n10-2", "n10-10", "nb"];
        let mut names = sorted.to_vec();
        names.reverse();
        names.sort_by(|a, b| order(a, b));
        // Names alike but for zeros keep the order of their letters.
        assert_eq!(
            names,
            ["a-1", "n", "n01", "n1", "n2", "n2a", "n02b", "n10", "n10-2", "n10-10", "nb"]
        );
        assert_eq!(order("x", "x"), Ordering::Equal);
        assert_eq!(order("n99999999999999999999", "n100000000000000000000"), Ordering::Less);
    }
}
