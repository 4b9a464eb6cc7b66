//! Which changes are recorded: those that somebody asked for, and how attempts end that are made again.

use serde_json::Value;

use super::asked::{self, is_bookkeeping};
use super::detail::{clip, job, whole};
use super::effects::ended;
use super::{Asked, Draft};
use crate::audit::Actor;
use crate::engine::Change;
use crate::model::{Attempt, ExecutionId, ExecutionStatus, Record, Token};

/// What is recorded of a change.
pub(super) fn draft(change: &Change, asked: Option<&Asked>, by: &Actor) -> Option<Draft> {
    let draft = |subject: String, action: &str| Draft::done(by.clone(), subject, action);
    match change {
        Change::JobCreated(made) => Some(job(draft(format!("job {}", made.id), "create"), made)),
        // Without anybody having asked for it, it was planned anew.
        Change::JobReplaced(changed) => {
            let action = asked?.action;
            Some(job(draft(format!("job {}", changed.id), action), changed))
        }
        Change::JobDeleted { job, history } => {
            Some(draft(format!("job {job}"), "delete").with("history", *history))
        }
        Change::AttemptRecorded { execution, attempt } => Some(attempt_ended(*execution, attempt)),
        // It is raised, and told of, by the station itself.
        Change::AlarmRecorded(alarm) => {
            let asked = asked.filter(|asked| !asked.bookkeeping)?;
            let draft = draft(format!("alarm {}", alarm.id), asked.action);
            let draft = draft.with("message", clip(&alarm.message));
            Some(match &asked.note {
                Some(note) => draft.with("note", clip(note)),
                None => draft,
            })
        }
        Change::TokenRecorded(token) => Some(token_kept(token, by)),
        Change::NodeRecorded(node) => {
            let action = asked.map_or("create", |asked| asked.action);
            Some(whole(draft(format!("node {}", node.name), action), node))
        }
        Change::NodeRemoved { name } => Some(draft(format!("node {name}"), "delete")),
        Change::RecordKept(record) => kept(record, asked, by),
        Change::RecordRemoved { kind, key } => {
            let (subject, action) = asked::removed(*kind, key);
            Some(draft(subject, action))
        }
        // What follows from the above, and what the station sees and does by itself.
        Change::ContextStored { .. }
        | Change::JobUpdated { .. }
        | Change::ExecutionRecorded(_)
        | Change::OutputStored { .. }
        | Change::OutputDropped { .. }
        | Change::MailQueued { .. }
        | Change::MailDone { .. }
        | Change::ExecutionRemoved { .. }
        | Change::NoticeRecorded(_)
        | Change::NoticeDone { .. }
        | Change::NodeMarked { .. }
        | Change::ZonesKept { .. }
        | Change::BootKept { .. } => None,
    }
}

/// An attempt is over, and another one follows.
fn attempt_ended(execution: ExecutionId, attempt: &Attempt) -> Draft {
    let Attempt { number, end, error, .. } = attempt;
    ended(execution, *number, ExecutionStatus::Failed, *end, error.as_deref()).with("again", true)
}

fn token_kept(token: &Token, by: &Actor) -> Draft {
    let action = if token.revoked_at.is_some() { "revoke" } else { "create" };
    let expires = token.expires_at.map_or(Value::Null, |at| Value::from(at.to_string()));
    Draft::done(by.clone(), format!("token {}", token.name), action)
        .with("id", token.id.as_str())
        .with("role", token.role.name())
        .with("expires_at", expires)
}

fn kept(record: &Record, asked: Option<&Asked>, by: &Actor) -> Option<Draft> {
    // Acquisitions that somebody makes by hand are theirs.
    let by_hand = by.principal.is_some() && matches!(record, Record::Acquisition(_));
    if is_bookkeeping(record) && !by_hand {
        return None;
    }
    let there = asked.is_some_and(|asked| asked.action == "change");
    let (subject, action) = asked::kept(record, there);
    Some(whole(Draft::done(by.clone(), subject, action), record))
}
