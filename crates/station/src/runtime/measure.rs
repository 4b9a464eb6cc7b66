//! Counts what the changes of a round say, once they are durable.

use station_core::engine::Change;
use station_core::model::Cause;

use super::event;
use crate::metrics::Metrics;

/// Counts starts, ends and notices.
pub(super) fn measure(metrics: &Metrics, changes: &[Change]) {
    metrics.changes.add(u64::try_from(changes.len()).unwrap_or(u64::MAX));
    for change in changes {
        match change {
            Change::ExecutionRecorded(execution) if execution.status.is_final() => {
                metrics.ended(execution.status);
            }
            Change::ExecutionRecorded(execution)
                if execution.cause == Cause::Scheduled && event::is_start(execution) =>
            {
                let started = execution.started.unwrap_or(execution.planned);
                metrics.lateness.observe(started.since(execution.planned));
            }
            Change::NoticeRecorded(notice) if notice.error.is_some() => {
                metrics.notice_failures.add(1);
            }
            Change::ExecutionRecorded(_)
            | Change::ContextStored { .. }
            | Change::JobCreated(_)
            | Change::JobUpdated { .. }
            | Change::JobReplaced(_)
            | Change::JobDeleted { .. }
            | Change::AttemptRecorded { .. }
            | Change::OutputStored { .. }
            | Change::OutputDropped { .. }
            | Change::MailQueued { .. }
            | Change::MailDone { .. }
            | Change::ExecutionRemoved { .. }
            | Change::AlarmRecorded(_)
            | Change::NoticeRecorded(_)
            | Change::NoticeDone { .. }
            | Change::NodeRecorded(_)
            | Change::NodeRemoved { .. }
            | Change::NodeMarked { .. }
            | Change::RecordKept(_)
            | Change::RecordRemoved { .. }
            | Change::TokenRecorded(_)
            | Change::ZonesKept { .. }
            | Change::BootKept { .. } => {}
        }
    }
}
