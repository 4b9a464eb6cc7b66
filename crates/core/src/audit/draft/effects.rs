//! Which effects are recorded: runs, before they begin and when they are over.

use super::Draft;
use super::detail::{action, clip};
use crate::audit::{Actor, Kind, Status};
use crate::engine::{Effect, Note};
use crate::model::{End, Execution, ExecutionId, ExecutionStatus, Job, JobId, Node};

/// What is recorded of an effect. `by_hand` is the run that somebody has just asked for, and who.
pub(super) fn draft(
    effect: &Effect,
    by_hand: Option<(ExecutionId, &Actor)>,
    jobs: &dyn Fn(JobId) -> Option<Job>,
) -> Option<Draft> {
    match effect {
        Effect::Start { execution, attempt, action: what, node, equipment, .. } => {
            let by = match by_hand {
                Some((asked, by)) if asked == *execution => {
                    Actor { execution: Some(*execution), ..by.clone() }
                }
                Some(_) | None => {
                    let principal = jobs(execution.job).map(|job| job.spec.created_by.clone());
                    Actor { principal, execution: Some(*execution), ..Actor::default() }
                }
            };
            let draft = Draft {
                kind: Kind::Intent,
                correlation: Some(run(*execution, *attempt)),
                status: Status::Pending,
                ..Draft::done(by, format!("execution {execution}"), "run")
            };
            let draft = draft.with("type", what.kind()).with("what", action(what));
            Some(at(draft, node.as_deref(), equipment))
        }
        Effect::MakeSafe { runs } => {
            let equipment: Vec<&str> =
                runs.iter().flat_map(|run| &run.equipment).map(String::as_str).collect();
            let subject = format!("equipment {}", equipment.join(","));
            let draft = Draft::done(Actor::station(), subject, "make_safe");
            Some(Draft { status: Status::Pending, ..draft })
        }
        Effect::Note(Note::Ended(execution)) => Some(over(execution)),
        // What follows from the above, what only looks, and what tells people.
        Effect::Stop { .. }
        | Effect::EndSurvivors { .. }
        | Effect::Load { .. }
        | Effect::LoadPlanned { .. }
        | Effect::FindExpired { .. }
        | Effect::Notify { .. }
        | Effect::SampleLoad
        | Effect::FindOldestOutputs { .. }
        | Effect::SendMail { .. }
        | Effect::Exit
        | Effect::Note(
            Note::ClockForward(_)
            | Note::ClockBackward(_)
            | Note::ClockHeld
            | Note::ClockReleased
            | Note::Retry(..)
            | Note::Unschedulable(..)
            | Note::Replanned(_)
            | Note::ZonesMoved(..)
            | Note::NoticeGivenUp(..),
        ) => None,
    }
}

/// What an attempt's intent and outcome have in common.
#[must_use]
pub fn run(execution: ExecutionId, attempt: u32) -> String {
    format!("run {execution}.{attempt}")
}

fn at(draft: Draft, node: Option<&Node>, equipment: &[String]) -> Draft {
    let draft = match node {
        Some(node) => draft.with("node", node.name.as_str()),
        None => draft,
    };
    if equipment.is_empty() { draft } else { draft.with("equipment", equipment.to_vec()) }
}

/// An execution has ended, or was not run.
fn over(execution: &Execution) -> Draft {
    let Execution { id, attempt, status, end, error, .. } = execution;
    let draft = ended(*id, *attempt, *status, *end, error.as_deref());
    match &execution.result {
        Some(result) => draft.with("result", clip(result)),
        None => draft,
    }
}

/// The end of an attempt; without one, of an execution that was not run.
pub(super) fn ended(
    execution: ExecutionId,
    attempt: u32,
    status: ExecutionStatus,
    end: Option<End>,
    error: Option<&str>,
) -> Draft {
    let by = Actor { execution: Some(execution), ..Actor::default() };
    let draft = Draft::done(by, format!("execution {execution}"), "run");
    let draft = draft.with("status", status.name());
    let draft = match error {
        Some(error) => draft.with("why", clip(error)),
        None => draft,
    };
    let done = status == ExecutionStatus::Completed;
    let draft = Draft { status: if done { Status::Confirmed } else { Status::Failed }, ..draft };
    if attempt == 0 {
        return draft;
    }
    let class = match end {
        Some(End::Exit(_) | End::Signal(_) | End::Failed | End::Done) => "completed",
        Some(End::NotStarted) => "not_sent",
        Some(End::Unknown) | None => "unknown",
    };
    let correlation = Some(run(execution, attempt));
    Draft { kind: Kind::Outcome, correlation, ..draft.with("class", class) }
}
