//! The answers about the audit trail.

#![expect(dead_code, reason = "described here, never made: the handlers write the JSON themselves")]

use utoipa::ToSchema;

use super::answers::success;

/// A page of records, the newest first.
#[derive(ToSchema)]
pub(in crate::api) struct AuditPage {
    #[schema(schema_with = success)]
    success: bool,
    count: u64,
    records: Vec<AuditRecord>,
    /// Where the next page begins; null on the last.
    next_cursor: Option<String>,
}

/// A record.
#[derive(ToSchema)]
pub(in crate::api) struct OneAuditRecord {
    #[schema(schema_with = success)]
    success: bool,
    record: AuditRecord,
}

/// A record of the audit trail. What its fields mean is in docs/audit.md.
#[derive(ToSchema)]
pub(in crate::api) struct AuditRecord {
    /// Its number, from 1 without gaps.
    seq: u64,
    /// The hash of the one before it.
    previous: String,
    /// Its own.
    hash: String,
    /// `intent`, `outcome`, `late`, `done`, `refused`, `link`, `login` or `config`.
    kind: String,
    /// When, in microseconds since 1970-01-01 UTC.
    at: i64,
    /// When, in the station's zone.
    local: String,
    /// When, by the monotonic clock, in nanoseconds.
    mono_ns: u64,
    #[schema(value_type = Object)]
    clock: (),
    /// Who.
    #[schema(value_type = Object)]
    by: (),
    /// What belongs together.
    correlation: String,
    subject: String,
    action: String,
    /// `pending`, `confirmed` or `failed`.
    status: String,
    /// What else there is to say of such a subject.
    #[schema(value_type = Object, nullable = false, required = false)]
    detail: Option<()>,
    /// What there is to say of a command to an outstation; in lists with `frame_count` for `frames`.
    #[schema(value_type = Object, nullable = false, required = false)]
    telecontrol: Option<()>,
}

/// Where the trail ends.
#[derive(ToSchema)]
pub(in crate::api) struct AuditHead {
    #[schema(schema_with = success)]
    success: bool,
    /// The number of the last record; 0 when there is none.
    seq: u64,
    /// Its hash.
    hash: String,
    /// How many records have no checkpoint behind them.
    unsigned: u64,
    /// The key that the latest checkpoint was signed with.
    public_key: Option<String>,
    /// The latest checkpoint.
    checkpoint: Option<AuditCheckpoint>,
}

/// A signed head.
#[derive(ToSchema)]
pub(in crate::api) struct AuditCheckpoint {
    seq: u64,
    hash: String,
    /// When it was signed.
    at: String,
    signature: String,
    /// All of it, as a witness has it.
    line: String,
}
