//! What an outcome tells, in the few words the checks need.

use station_core::engine::{Change, Outcome, Refusal, Reply};
use station_core::model::{Execution, ExecutionId, ExecutionStatus, Micros};

/// An answer in two words.
pub(crate) fn reply(reply: &Reply) -> String {
    match reply {
        Reply::Created(job) => format!("created {}", job.id),
        Reply::Cancelled => "cancelled".to_owned(),
        Reply::Ending(id) => format!("ending {id}"),
        Reply::Running(id) => format!("running {id}"),
        Reply::Updated(_)
        | Reply::Deleted
        | Reply::Alarm(_)
        | Reply::Forgotten(_)
        | Reply::NodesKept
        | Reply::RecordKept
        | Reply::TokenKept => panic!("not in these worlds: {reply:?}"),
        Reply::Refused(refusal) => match refusal {
            Refusal::NoSuchJob(_) => "no job".to_owned(),
            Refusal::NoSuchExecution(_) => "no execution".to_owned(),
            Refusal::AlreadyEnded { .. } => "already ended".to_owned(),
            Refusal::NotRunning(_) => "not running".to_owned(),
            Refusal::AlreadyRunning { execution, .. } => format!("running already {execution}"),
            Refusal::Past { .. } => "past".to_owned(),
            Refusal::ShuttingDown => "shutting down".to_owned(),
            Refusal::NoDaemon => "no daemon".to_owned(),
            Refusal::NoSuchAlarm(_)
            | Refusal::AlarmCleared(_)
            | Refusal::NothingRaised(_)
            | Refusal::Unschedulable(_)
            | Refusal::NeverFires { .. }
            | Refusal::StillRunning(_)
            | Refusal::KeyInUse { .. }
            | Refusal::NoSuchNode(_)
            | Refusal::NodeExists(_)
            | Refusal::NoSuchRecord(..)
            | Refusal::RecordExists(..)
            | Refusal::TargetInUse(_)
            | Refusal::CommandInUse(_)
            | Refusal::NoSuchTarget(_)
            | Refusal::LineFull(_) => panic!("not in these worlds: {refusal}"),
        },
    }
}

fn records(outcome: &Outcome) -> impl Iterator<Item = &Execution> {
    outcome.changes.iter().filter_map(|change| {
        if let Change::ExecutionRecorded(execution) = change { Some(&**execution) } else { None }
    })
}

/// The first instant a retry of the execution was planned for.
pub(crate) fn retry_at(outcome: &Outcome, id: ExecutionId) -> Option<Micros> {
    records(outcome).filter(|record| record.id == id).find_map(|record| record.retry_at)
}

/// Whether the attempt was recorded as ended.
pub(crate) fn attempt_recorded(outcome: &Outcome, id: ExecutionId, number: u32) -> bool {
    outcome.changes.iter().any(|change| {
        matches!(change, Change::AttemptRecorded { execution, attempt }
            if *execution == id && attempt.number == number && attempt.ended.is_some())
    })
}

/// Whether the execution was recorded as ended with this status.
pub(crate) fn ended_so(outcome: &Outcome, id: ExecutionId, status: ExecutionStatus) -> bool {
    records(outcome)
        .any(|record| record.id == id && record.status == status && record.ended.is_some())
}

/// Whether a mail about the execution is owed from now on.
pub(crate) fn mail_owed(outcome: &Outcome, id: ExecutionId) -> bool {
    outcome.changes.contains(&Change::MailQueued { execution: id })
}

/// The executions recorded as missed.
pub(crate) fn missed(outcome: &Outcome) -> Vec<ExecutionId> {
    let missed = records(outcome).filter(|record| record.status == ExecutionStatus::Missed);
    missed.map(|record| record.id).collect()
}

/// The executions recorded as waiting for their first attempt.
pub(crate) fn pending(outcome: &Outcome) -> Vec<ExecutionId> {
    let waits =
        |record: &&Execution| record.status == ExecutionStatus::Pending && record.attempt == 0;
    records(outcome).filter(waits).map(|record| record.id).collect()
}
