//! The reader's questions about figures, ledgers, alarms and tokens.

use station_core::model::{
    Alarm, AlarmId, Execution, ExecutionId, JobId, Micros, Node, NodeHealth, Record, RecordKind,
    Token,
};

use super::reader::Reader;
use super::{figures, ledger, load, records, watch};
use crate::port::StoreError;
use crate::store::{AlarmFilter, AlarmStatistics, History, Ledger, RecordFilter, Statistics};

impl Reader {
    /// What has become of a job's executions, over all that are stored; none for a deleted job.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn history(&self, job: JobId) -> Result<Option<History>, StoreError> {
        self.read(|conn| figures::history(conn, job))
    }

    /// What the station does. Today is from one instant up to another, both on quarters of an hour
    /// since 1970; at most `upcoming` jobs are named that fire next.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn statistics(
        &self,
        today_from: Micros,
        today_to: Micros,
        upcoming: usize,
    ) -> Result<Statistics, StoreError> {
        self.read(|conn| figures::statistics(conn, (today_from, today_to), upcoming))
    }

    /// The jobs of which something runs, by number.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn running_jobs(&self) -> Result<Vec<JobId>, StoreError> {
        self.read(figures::running_jobs)
    }

    /// The execution that stands for an instant of a job's schedule, from its first planned time to
    /// its last; or else the one planned last before it.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn execution_near(&self, job: JobId, at: Micros) -> Result<Option<Execution>, StoreError> {
        self.read(|conn| figures::execution_near(conn, job, at))
    }

    /// Ended executions that ended before an instant, the oldest first, each with the bytes of its
    /// stored output; and whether there are more.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn expired(
        &self,
        before: Micros,
        limit: usize,
    ) -> Result<(Vec<(ExecutionId, u64)>, bool), StoreError> {
        self.read(|conn| load::expired(conn, before, limit))
    }

    /// Executions of a job that have ended, each with the bytes of output it holds; at most so many.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn ended_of(
        &self,
        job: JobId,
        limit: usize,
    ) -> Result<Vec<(ExecutionId, u64)>, StoreError> {
        self.read(|conn| load::ended_of(conn, job, limit))
    }

    /// Where each firing of a job's schedule went; none for a deleted job.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn ledger(&self, job: JobId) -> Result<Option<Ledger>, StoreError> {
        self.read(|conn| ledger::ledger(conn, job))
    }

    /// The jobs whose planned firings are not all accounted for, each a sentence; nothing when all
    /// is well. Goes through all jobs.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn ledger_faults(&self) -> Result<Vec<String>, StoreError> {
        self.read(ledger::faults)
    }

    /// Alarms, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn alarms(&self, filter: &AlarmFilter) -> Result<Vec<Alarm>, StoreError> {
        self.read(|conn| watch::alarms(conn, filter))
    }

    /// One alarm.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn alarm(&self, id: AlarmId) -> Result<Option<Alarm>, StoreError> {
        self.read(|conn| load::alarm(conn, id))
    }

    /// How many alarms there are. Goes through an index of all alarms.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn alarm_statistics(&self) -> Result<AlarmStatistics, StoreError> {
        self.read(watch::statistics)
    }

    /// One record.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn record(&self, kind: RecordKind, key: &str) -> Result<Option<Record>, StoreError> {
        self.read(|conn| records::one(conn, kind, key))
    }

    /// Records of a kind: of all equipment by key, the last within the limit; or of one, the newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn records(&self, filter: &RecordFilter) -> Result<Vec<Record>, StoreError> {
        self.read(|conn| records::of(conn, filter))
    }

    /// All nodes by name, and what is known of them.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn nodes(&self) -> Result<Vec<(Node, Option<NodeHealth>)>, StoreError> {
        self.read(watch::nodes)
    }

    /// All tokens, the newest first; those expired or revoked too.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.read(watch::tokens)
    }

    /// The token of that id.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn token(&self, id: &str) -> Result<Option<Token>, StoreError> {
        self.read(|conn| watch::token(conn, id))
    }

    /// The token whose secret has this hash. Whether it is still valid is for the caller to see.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn token_by_hash(&self, hash: &str) -> Result<Option<Token>, StoreError> {
        self.read(|conn| watch::token_by_hash(conn, hash))
    }
}
