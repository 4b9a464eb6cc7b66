//! Turns numbers of one kind into the other: Rust has no conversion of floats without a cast.

/// The nearest integer; what is too large becomes the largest, what is no number 0.
#[expect(clippy::cast_possible_truncation, reason = "such a cast saturates, which is wanted")]
pub(crate) fn nearest(value: f64) -> i64 {
    value.round() as i64
}

/// A count as a float; exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts of samples stay far below 2^53")]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}
