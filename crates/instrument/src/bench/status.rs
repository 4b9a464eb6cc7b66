//! What is known of an equipment without asking it.

use station_core::model::{Identity, Micros};

/// What is known of an equipment without asking it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EquipmentStatus {
    /// A connection to it is open.
    pub connected: bool,
    /// Why it could not be reached last, if that is still so.
    pub error: Option<String>,
    /// What it answered to `*IDN?` last.
    pub identity: Option<Identity>,
    /// How much of the last operations went well, in percent; 0 while it cannot be reached.
    pub health_score: u8,
    /// Its last ten errors, the newest first.
    pub last_errors: Vec<(Micros, String)>,
    /// How often unasked bytes had to be thrown away, or the session was brought in step again.
    pub desyncs: u64,
    /// Who holds it, and since when.
    pub holder: Option<(String, Micros)>,
    /// Until when it is not tried again, after it could not be reached.
    pub skipped_until: Option<Micros>,
    /// How often its non-volatile memory was written within the last hour, as far as is known here.
    pub writes_last_hour: u32,
}
