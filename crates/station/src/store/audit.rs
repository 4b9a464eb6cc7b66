//! Questions to the audit trail and their answers.

use station_core::audit::{Entry, Fault, Hash, Kind, Status};
use station_core::model::{JobId, Micros};

use crate::port::StoreError;

/// Which records of the audit trail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only those whose subject begins so, as `job 42` or `outstation SS1/`.
    pub subject: Option<String>,
    /// Only those about this outstation.
    pub outstation: Option<String>,
    /// Only those about points of this name; on this outstation alone when it is `SS1/breaker-7`.
    pub point: Option<String>,
    /// Only those that this job did, or that are about it.
    pub job: Option<JobId>,
    /// Only commands that ended so: `verified`, `unknown` …
    pub class: Option<String>,
    /// Only those of this operator, as people see them: `ann`, `token lab`.
    pub operator: Option<String>,
    /// Only those of this correlation.
    pub correlation: Option<String>,
    /// Only those of this action.
    pub action: Option<String>,
    /// Only those of these kinds; all when empty.
    pub kinds: Vec<Kind>,
    /// Only those in one of these; all when empty.
    pub statuses: Vec<Status>,
    /// Only those at or after this instant.
    pub since: Option<Micros>,
    /// Only those before this instant.
    pub until: Option<Micros>,
    /// At most so many; 0 means [`super::JobFilter::DEFAULT_LIMIT`].
    pub limit: usize,
    /// Go on where a page ended.
    pub cursor: Option<String>,
}

/// A record of the audit trail as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its number.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// All of it but its hash: a JSON document.
    pub text: String,
}

impl AuditRecord {
    /// What it records.
    ///
    /// # Errors
    /// When its text is not a record's.
    pub fn entry(&self) -> Result<Entry, serde_json::Error> {
        serde_json::from_str(&self.text)
    }
}

/// Why the audit trail cannot be said to be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is wrong.
    #[error(transparent)]
    Broken(#[from] Fault),
}
