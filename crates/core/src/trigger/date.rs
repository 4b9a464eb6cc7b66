//! The date trigger: once, at an instant.

use super::Timing;
use crate::model::DateTrigger;

pub(super) fn timing(date: &DateTrigger) -> Timing {
    Timing::Once(date.at.0)
}

/// The instant, if it lies strictly after `after`.
pub(super) fn next(at: i64, after: i64) -> Option<i64> {
    (at > after).then_some(at)
}
