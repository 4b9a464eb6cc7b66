//! Stand-in: the reader side of the store, as another developer writes it (signatures are fixed).
use crate::port::StoreError;
use station_core::model::*;

/// Read-only access; blocking calls (use `tokio::task::spawn_blocking`).
#[derive(Clone)]
pub struct Reader;
/// A page.
pub struct Page<T> {
    /// Items.
    pub items: Vec<T>,
    /// Opaque cursor of the next page.
    pub next_cursor: Option<String>,
}
/// Which jobs.
#[derive(Default)]
pub struct JobFilter {
    /// Empty: all.
    pub statuses: Vec<ExecutionStatus>,
    /// Tag.
    pub tag: Option<String>,
    /// Order.
    pub order: JobOrder,
    /// Page size.
    pub limit: usize,
    /// Where to go on.
    pub cursor: Option<String>,
}
/// Order of jobs.
#[derive(Default)]
pub enum JobOrder {
    /// Not ended first, soonest first; then ended, latest first.
    #[default]
    Agenda,
    /// By id.
    Id,
}
/// Which executions; newest first.
#[derive(Default)]
pub struct ExecutionFilter {
    /// Of one job.
    pub job: Option<JobId>,
    /// Empty: all.
    pub statuses: Vec<ExecutionStatus>,
    /// Page size.
    pub limit: usize,
    /// Where to go on.
    pub cursor: Option<String>,
}
/// One stored batch of output.
pub struct StoredOutput {
    /// Position.
    pub seq: i64,
    /// Attempt.
    pub attempt: u32,
    /// Chunks.
    pub chunks: Vec<OutputChunk>,
}
/// Counts.
pub struct Counts {
    /// By job status.
    pub jobs: std::collections::BTreeMap<&'static str, u64>,
    /// Executions.
    pub executions: u64,
    /// Bytes.
    pub output_bytes: u64,
    /// Store id.
    pub store_id: String,
}
impl Reader {
    /// One job.
    pub fn job(&self, _id: JobId) -> Result<Option<Job>, StoreError> {
        todo!()
    }
    /// Jobs.
    pub fn jobs(&self, _filter: &JobFilter) -> Result<Page<Job>, StoreError> {
        todo!()
    }
    /// One execution.
    pub fn execution(&self, _id: ExecutionId) -> Result<Option<Execution>, StoreError> {
        todo!()
    }
    /// Earlier attempts (all but the last).
    pub fn attempts(&self, _id: ExecutionId) -> Result<Vec<Attempt>, StoreError> {
        todo!()
    }
    /// Executions, newest first.
    pub fn executions(&self, _filter: &ExecutionFilter) -> Result<Page<Execution>, StoreError> {
        todo!()
    }
    /// Output after a position.
    pub fn output(
        &self,
        _id: ExecutionId,
        _after_seq: i64,
        _max_bytes: usize,
    ) -> Result<Vec<StoredOutput>, StoreError> {
        todo!()
    }
    /// A context.
    pub fn context(&self, _hash: &ContextHash) -> Result<Option<ShellContext>, StoreError> {
        todo!()
    }
    /// Counts.
    pub fn counts(&self) -> Result<Counts, StoreError> {
        todo!()
    }
}
/// Opened.
pub struct Opened {
    /// s
    pub store: Box<dyn crate::port::Store>,
    /// r
    pub reader: Reader,
    /// i
    pub store_id: String,
}
/// open
pub fn open(_p: &std::path::Path) -> Result<Opened, StoreError> {
    todo!()
}
