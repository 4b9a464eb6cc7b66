//! Events: what happened, for those who listen; derived from durable changes and from nothing else.

use station_core::engine::Change;
use station_core::model::{Alarm, AlarmState, Execution, ExecutionStatus, Job, JobId};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its place among the events of this process: ascending by one.
    pub id: u64,
    /// What it was.
    pub what: Happening,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A job was accepted.
    JobCreated(Box<Job>),
    /// A job was changed, paused or resumed.
    JobUpdated(Box<Job>),
    /// A job was deleted.
    JobDeleted(JobId),
    /// The first attempt of an execution has begun.
    Started(Box<Execution>),
    /// An execution is over, or was recorded as not run.
    Ended(Box<Execution>),
    /// There is a new alarm.
    AlarmRaised(Box<Alarm>),
    /// A failure was added to an alarm, or somebody acknowledged or cleared it.
    AlarmUpdated(Box<Alarm>),
}

impl Happening {
    /// What a change tells listeners, if anything.
    pub(super) fn of(change: &Change) -> Option<Self> {
        match change {
            Change::JobCreated(job) => Some(Self::JobCreated(job.clone())),
            Change::JobReplaced(job) => Some(Self::JobUpdated(job.clone())),
            Change::JobDeleted { job, .. } => Some(Self::JobDeleted(*job)),
            Change::ExecutionRecorded(execution) if is_start(execution) => {
                Some(Self::Started(execution.clone()))
            }
            Change::ExecutionRecorded(execution) if execution.status.is_final() => {
                Some(Self::Ended(execution.clone()))
            }
            Change::AlarmRecorded(alarm) if is_new(alarm) => Some(Self::AlarmRaised(alarm.clone())),
            Change::AlarmRecorded(alarm) => Some(Self::AlarmUpdated(alarm.clone())),
            Change::ExecutionRecorded(_)
            | Change::ContextStored { .. }
            | Change::JobUpdated { .. }
            | Change::AttemptRecorded { .. }
            | Change::OutputStored { .. }
            | Change::OutputDropped { .. }
            | Change::MailQueued { .. }
            | Change::MailDone { .. }
            | Change::ExecutionRemoved { .. }
            | Change::NoticeRecorded(_)
            | Change::NoticeDone { .. }
            | Change::NodeRecorded(_)
            | Change::NodeRemoved { .. }
            | Change::NodeMarked { .. }
            | Change::RecordKept(_)
            | Change::RecordRemoved { .. }
            | Change::TokenRecorded(_)
            | Change::ZonesKept { .. }
            | Change::BootKept { .. } => None,
        }
    }
}

/// Whether the record says that the first attempt begins: later ones know the process, or why the
/// run is being stopped.
pub(super) fn is_start(execution: &Execution) -> bool {
    execution.status == ExecutionStatus::Running
        && execution.attempt == 1
        && execution.process.is_none()
        && execution.stop.is_none()
}

fn is_new(alarm: &Alarm) -> bool {
    alarm.state == AlarmState::Active && alarm.occurrences == 1
}
