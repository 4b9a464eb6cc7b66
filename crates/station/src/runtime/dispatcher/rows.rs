//! Rows that requests name, read on the dispatcher's own connection: as the round so far has left them.

use station_core::engine::Request;
use station_core::model::JobId;

use super::Dispatcher;
use crate::port::StoreError;

impl Dispatcher {
    /// Gives a request the row it names.
    pub(super) fn add_rows(&mut self, request: &mut Request) -> Result<(), StoreError> {
        let (id, row): (JobId, _) = match request {
            Request::Create { .. }
            | Request::Forget { .. }
            | Request::KeepNodes { .. }
            | Request::RemoveNodes { .. }
            | Request::RaiseAlarm { .. }
            | Request::ClearTopic { .. }
            | Request::KeepToken(_) => {
                return Ok(());
            }
            Request::Keep { record, there, .. } => {
                *there = self.store.record(record.kind(), &record.key())?.is_some();
                return Ok(());
            }
            Request::Remove { kind, key, there } => {
                *there = self.store.record(*kind, key)?.is_some();
                return Ok(());
            }
            Request::Acknowledge { alarm, row, .. } | Request::Clear { alarm, row } => {
                *row = self.store.alarm(*alarm)?.map(Box::new);
                return Ok(());
            }
            Request::Cancel { job, row }
            | Request::RunNow { job, row }
            | Request::Update { job, row, .. }
            | Request::Delete { job, row, .. }
            | Request::Pause { job, row }
            | Request::Resume { job, row } => (*job, row),
            Request::CancelExecution { execution, row } => (execution.job, row),
        };
        *row = self.store.job(id)?.map(Box::new);
        Ok(())
    }
}
