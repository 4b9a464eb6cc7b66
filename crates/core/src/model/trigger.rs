//! What triggers say, as data; when they fire is `crate::trigger`'s business.

use serde::{Deserialize, Serialize};

use super::Micros;

/// A job's trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Trigger {
    /// Once, at an instant.
    Date(DateTrigger),
}

/// Fires once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DateTrigger {
    /// The instant it fires at.
    pub at: Micros,
    /// The zone its time is shown in: an IANA name or a POSIX TZ string.
    pub zone: String,
    /// What was asked for, so that the instant can be resolved anew when zone rules change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
}

/// What was written, and what it means independently of the time-zone database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The text as it was written.
    pub expression: String,
    /// What it means.
    pub kind: IntentKind,
}

/// Whether a point in time or a reading of the clock was meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentKind {
    /// An instant: the present plus so many hours, minutes or seconds, or a time with an offset.
    Elapsed,
    /// A reading of the clock in a zone.
    Civil {
        /// The reading as asked for (ISO 8601, without offset), even if the clocks skip it.
        datetime: String,
        /// The zone: an IANA name, a POSIX TZ string or an offset.
        zone: String,
    },
}
