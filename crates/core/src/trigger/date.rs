//! The date trigger: once, at an instant, with what was meant kept beside it.

use serde::{Deserialize, Serialize};

use crate::model::Micros;
use crate::when::Intent;

/// Fires once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateTrigger {
    /// The instant it fires at.
    pub at: Micros,
    /// The zone its time is shown in: an IANA name.
    pub zone: String,
    /// What was asked for, so that the instant can be resolved anew when zone rules change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
}

impl DateTrigger {
    /// The instant, if it lies strictly after `after`.
    #[must_use]
    pub fn next(&self, after: Micros) -> Option<Micros> {
        (self.at > after).then_some(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fires_once() {
        let date = DateTrigger { at: Micros(5), zone: "UTC".into(), intent: None };
        assert_eq!(date.next(Micros(4)), Some(Micros(5)));
        assert_eq!(date.next(Micros(5)), None);
    }
}
