//! Questions to a store and their answers: filters, pages, stored output and counts.

use std::collections::BTreeMap;

use station_core::model::{
    Cause, Execution, ExecutionId, ExecutionStatus, JobId, JobStatus, Micros, OutputChunk,
    RecordKind,
};

/// Which records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordFilter {
    /// Of this kind.
    pub kind: RecordKind,
    /// Only those of this equipment, the newest first.
    pub equipment: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// Which jobs, in which order, from where on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// Only jobs in one of these; all when empty.
    pub statuses: Vec<JobStatus>,
    /// Only jobs that carry this tag.
    pub tag: Option<String>,
    /// Only these jobs; all when empty.
    pub ids: Vec<JobId>,
    /// Only jobs that are not paused, or (`false`) only those that are.
    pub enabled: Option<bool>,
    /// The order.
    pub order: JobOrder,
    /// At most so many; 0 means [`JobFilter::DEFAULT_LIMIT`].
    pub limit: usize,
    /// Go on where a page ended.
    pub cursor: Option<String>,
}

impl JobFilter {
    /// The size of a page nobody gave one for.
    pub const DEFAULT_LIMIT: usize = 100;
}

/// In which order jobs come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JobOrder {
    /// Those that have not ended by planned time, then those that have, newest planned first.
    #[default]
    Agenda,
    /// By ascending number.
    Id,
}

/// Which executions; they come newest first: by number those of one job, in the order of recording
/// those of all. With bounds on the planned time the latest planned comes first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecutionFilter {
    /// Only those of this job.
    pub job: Option<JobId>,
    /// Only those in one of these; all when empty.
    pub statuses: Vec<ExecutionStatus>,
    /// Only those that exist for this reason.
    pub cause: Option<Cause>,
    /// Only those planned at or after this instant; needs a job.
    pub planned_from: Option<Micros>,
    /// Only those planned before this instant; needs a job.
    pub planned_to: Option<Micros>,
    /// At most so many; 0 means [`JobFilter::DEFAULT_LIMIT`].
    pub limit: usize,
    /// Go on where a page ended.
    pub cursor: Option<String>,
}

/// Part of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The part.
    pub items: Vec<T>,
    /// Where the next part begins; `None` when this is the last.
    pub next_cursor: Option<String>,
}

/// Output as it was stored: one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredOutput {
    /// Its place in the order of storing; ascending, never reused.
    pub seq: i64,
    /// The attempt it came from.
    pub attempt: u32,
    /// The chunks, in order.
    pub chunks: Vec<OutputChunk>,
}

/// One firing of a job on nodes: its executions share these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Firing {
    /// The job.
    pub job: JobId,
    /// The instant they are planned for.
    pub planned: Micros,
    /// Why they exist.
    pub cause: Cause,
}

impl Firing {
    /// The firing of an execution on a node; `None` for one that has none.
    #[must_use]
    pub fn of(execution: &Execution) -> Option<Self> {
        execution.node.as_ref()?;
        let Execution { id, planned, cause, .. } = execution;
        Some(Self { job: id.job, planned: *planned, cause: *cause })
    }
}

/// Where one execution of a firing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeRun {
    /// Its number.
    pub n: u32,
    /// Its status.
    pub status: ExecutionStatus,
    /// The number of its attempt.
    pub attempt: u32,
    /// When the next one is due.
    pub retry_at: Option<Micros>,
}

/// Output of several executions, in the order of storing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiringOutput {
    /// What was found.
    pub rows: Vec<(ExecutionId, StoredOutput)>,
    /// The place up to which all is found.
    pub seen: i64,
    /// Whether there are places beyond it.
    pub more: bool,
}

/// How much a store holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Jobs by status, without those that are deleted; a status nobody is in is there with 0.
    pub jobs: BTreeMap<JobStatus, u64>,
    /// Executions recorded.
    pub executions: u64,
    /// Bytes of output stored.
    pub output_bytes: u64,
    /// The schema's number.
    pub schema_version: u32,
    /// Which store it is: 16 random bytes in hex, given at its creation.
    pub store_id: String,
    /// Bytes of the file and of its write-ahead log.
    pub file_bytes: u64,
}
